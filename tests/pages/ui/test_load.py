"""Several people in one process at the same time, with other roles and limits: nothing of one appears with another.

All AppTests share one session of Streamlit, and so its caches: whatever were remembered for a name, or for nobody, would be shown.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data_access.access.permissions import Role
from data_access.access.settings import AccessSettings
from data_access.access.viewer import Limits
from data_access.dynamo.aws import Source
from data_access.snapshot.sync import sync
from pages.ui import load, load_snapshot, rules
from tests.data_access.layouts import Talk, Turn, items, put
from tests.pages.conftest import APP
from tests.pages.signed_in import AUTH, claims, to_aws

ROOT = Path(__file__).resolve().parents[3]
SECRET = "anna.example@example.org"
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=3)
# Of each: system, tenant, the word that is in every text and every id of it.
WORDS = {"acmeword": ("ai_agent", "acme"), "euword": ("ai_agent", "acme-eu"), "cgword": ("cg", None)}
CLOSED = "does not open this page"


@dataclass(frozen=True)
class Person:
    """Somebody with roles and limits, and the words that there are for them."""

    name: str
    roles: frozenset[Role]
    limits: Limits | None
    words: frozenset[str]
    masked: bool = True

    @property
    def claims(self) -> dict[str, Any]:
        return claims(self.name, f"{self.name}-team")


BOTH = frozenset({Role.REVIEWER, Role.ANALYST})
ACME = Person("acme-reader", BOTH, Limits(None, frozenset({"acme"})), frozenset({"acmeword"}))
EU = Person("eu-reader", BOTH, Limits(frozenset({"ai_agent"}), frozenset({"acme-eu"})), frozenset({"euword"}))
CG = Person("cg-admin", frozenset({Role.ADMIN}), Limits(frozenset({"cg"})), frozenset({"cgword"}))
ALL = Person("everything", frozenset({Role.ADMIN}), None, frozenset(WORDS))
PEOPLE = (ACME, EU, CG, ALL)
ACCESS = AccessSettings(
    groups={f"{one.name}-team": one.roles for one in PEOPLE},
    limits={f"{one.name}-team": one.limits for one in PEOPLE if one.limits is not None},
)


def talk(word: str) -> Talk:
    system, tenant = WORDS[word]
    said = (Turn("user", f"common {word}, write to {SECRET}", NOON), Turn("assistant", f"{word} answer", NOON + timedelta(seconds=9)))
    return Talk(system, f"talk-{word}", f"user-{word}", said, tenant, f"Title {word}" if system == "cg" else None)


@pytest.fixture
def many(empty: Mapping[str, Source], moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words in their tables and in the snapshot; everybody signs in, in aws mode."""
    for word, (system, _) in WORDS.items():
        put(empty[system].client, list(items(talk(word))))
    for source in empty.values():
        sync(source, load_snapshot.store())
    for name, value in (
        ("AWS_ENDPOINT_URL_DYNAMODB", moto_endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ):
        monkeypatch.setenv(name, value)
    to_aws(monkeypatch, ACCESS)


def come(person: Person, page: str, address: Mapping[str, str]) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120)
    app.user, app.secrets = person.claims, AUTH
    app.run()
    for name, value in address.items():
        app.query_params[name] = value
    return app.switch_page(page).run()


def everything(app: AppTest) -> str:
    """All that went to the browser, tables included, but for what they wrote into fields themselves."""
    assert not app.exception
    found: list[str] = []

    def walk(block: Any) -> None:
        for child in block.children.values():
            if hasattr(child, "children"):
                found.append(str(child.proto))
                walk(child)
                continue
            value = getattr(child, "value", None)
            found.append(str(value.to_dict()) if isinstance(value, pd.DataFrame) else str(child.proto))

    walk(app._tree)
    return "\n".join(found)


Look = Callable[[Person], str]


def find(person: Person) -> str:
    return "".join(
        everything(come(person, "pages/conversations/find.py", {"system": system, "range": "all"})) for system in ("ai_agent", "cg")
    )


def search(person: Person) -> str:
    app = come(person, "pages/conversations/search.py", {})
    app.text_input(key="search_text").set_value("common").run()
    return everything(app)


def usage(person: Person) -> str:
    app = come(person, "pages/insights/usage.py", {"range": "all"})
    app.session_state["usage_part"] = "Leaders"
    return everything(app) + everything(app.run())


def behind(person: Person) -> str:
    return everything(come(person, "pages/conversations/behind.py", {"clock": "UTC"}))


def replay(person: Person) -> str:
    """The address of each conversation, whoever's it is."""
    return "".join(
        everything(
            come(person, "pages/conversations/replay.py", {"system": system, "conversation": f"talk-{word}", "message": "1"})
        ).replace(f"talk-{word}", "")
        for word, (system, _) in WORDS.items()
    )


def snapshot(person: Person) -> str:
    return everything(come(person, "pages/setup/snapshot.py", {}))


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("order", [PEOPLE, PEOPLE[::-1], (ALL, ACME, ALL, EU, ACME)], ids=["narrow first", "wide first", "in between"])
@pytest.mark.parametrize("look", [find, search, usage, behind, replay])
def test_nothing_of_one_appears_with_another(look: Look, order: tuple[Person, ...]) -> None:
    for person in order:
        shown = look(person)
        if CLOSED in shown:
            assert person is CG
            continue
        for word in WORDS:
            assert (word in shown) == (word in person.words), (person.name, word)
        for word in set(WORDS) - person.words:
            assert f"user-{word}" not in shown
        assert SECRET not in shown, "nobody has revealed anything"


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("order", [(ACME, ALL), (ALL, ACME)], ids=["narrow first", "wide first"])
def test_numbers_are_of_what_there_is_for_each(order: tuple[Person, ...]) -> None:
    """Counts, also those of the line that says how old the snapshot is; and nothing of whole tables for who sees a part of them."""
    for person in order:
        count = len(person.words)
        for page in ("pages/conversations/search.py", "pages/insights/usage.py", "pages/setup/snapshot.py"):
            app = come(person, page, {"range": "all"})
            said = "\n".join(str(one.value) for one in (*app.caption, *app.markdown))
            assert f"{count:,} conversations, {2 * count:,} messages" in said, (person.name, page)
        assert ("read units" in said or "units, " in said) == (person is ALL)
        assert ("Read by" in said) == (person is ALL)
        assert [button.label for button in app.button if "Read" in button.label or "Refresh" in button.label] == [] or person is ALL
        app = come(person, "pages/insights/usage.py", {"range": "all"})
        assert str(count) in [metric.value for metric in app.metric]


@pytest.mark.usefixtures("many")
def test_what_was_taken_away_is_gone_at_the_next_click(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the session open, and what it read still in the cache."""
    app = come(ALL, "pages/conversations/find.py", {"system": "ai_agent", "range": "all"})
    assert "acmeword" in everything(app)
    assert "euword" in everything(app)
    narrowed = replace(ACCESS, limits={**ACCESS.limits, f"{ALL.name}-team": Limits(None, frozenset({"acme"}))})
    monkeypatch.setattr(rules.RULES, "check", lambda _: narrowed)
    shown = everything(app.run())
    assert "acmeword" in shown
    assert "euword" not in shown
    monkeypatch.setattr(rules.RULES, "check", lambda _: replace(ACCESS, groups={}))
    shown = everything(app.run())
    assert not any(word in shown for word in WORDS)


@pytest.mark.usefixtures("many")
def test_a_system_that_is_not_open_is_named_nowhere() -> None:
    for page in ("pages/conversations/find.py", "pages/conversations/search.py", "pages/insights/usage.py", "pages/setup/about.py"):
        shown = everything(come(CG, page, {}))
        for title in (source.title for name, source in load.opened().items() if name != "cg"):
            assert title not in shown, (page, title)
        assert load.opened()["cg"].title in shown


def names(path: Path, module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == module:
            yield node.attr
        if isinstance(node, ast.ImportFrom) and node.module == f"pages.ui.{module}":
            yield from (alias.name for alias in node.names)


PAGES = [path for path in sorted((ROOT / "pages").rglob("*.py")) if not path.name.startswith("load")]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_holds_rows_of_everybody_is_for_the_loaders(path: Path) -> None:
    # These hand every system to actions, which narrow them.
    assert path.name in ("erasure_desk.py", "person_export.py") or not {"opened", "asked"} & set(names(path, "load"))
    assert not {"store", "hot", "keeper", "runner"} & set(names(path, "load_snapshot"))


def test_the_key_of_what_is_remembered_has_what_can_be_seen() -> None:
    """Every cached function that takes who asks leaves them out of the key, and takes what they can see or open instead."""
    checked = 0
    # load_people keeps a person for one viewer alone: who asks is its key.
    for path in sorted(set((ROOT / "pages/ui").glob("load*.py")) - {ROOT / "pages/ui/load_people.py"}):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or not any("cache_resource" in ast.unparse(one) for one in node.decorator_list):
                continue
            given = {one.arg: ast.unparse(one.annotation) for one in node.args.args if one.annotation is not None}
            if "Asking" not in given.values():
                continue
            checked += 1
            assert given.get("_by") == "Asking", node.name
            assert "by" not in given, node.name
            assert given.get("seen") == "Sight" or "systems" in given or "system" in given, node.name
    assert checked > 12
