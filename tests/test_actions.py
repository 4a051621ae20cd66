"""Who may do what: every cell of the table of permissions, asked of every function that a page can call; and no way around them."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import logging
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from data_access import actions
from data_access.access.permissions import DESTRUCTIVE, PERMISSIONS, PERSONAL, WHOLE_TABLES, Action, Role
from data_access.access.refusals import Refusals
from data_access.access.viewer import COMMAND_LINE, LOCAL, NOBODY, Limits, Origin, Viewer
from data_access.actions import asking
from data_access.actions.asking import ACTIONS, Asking, Guarded
from data_access.audit import events
from data_access.audit.events import checked
from data_access.errors import AuditError, Denied, SignInAgain

ROOT = Path(__file__).resolve().parents[1]
MODULES = [importlib.import_module(f"data_access.actions.{one.name}") for one in pkgutil.iter_modules(actions.__path__)]
PAGES = sorted((ROOT / "pages").rglob("*.py"))
ORIGINS: tuple[Origin, ...] = ("signed_in", "anonymous", "local", "command_line", "nobody")
ROLES: tuple[Role | None, ...] = (*Role, None)
CELLS = list(itertools.product(Action, ROLES, ORIGINS))


class Book:
    """An audit that takes what the real one takes."""

    def __init__(self) -> None:
        self.written: list[Any] = []

    def write(self, event: Any) -> None:
        checked(event)
        self.written.append(event)


def somebody(role: Role | None, origin: Origin = "signed_in", *, minutes: float = 0, limits: Limits | None = None) -> Viewer:
    """Who signed in so many minutes ago."""
    return Viewer(
        "Ana Ünal",
        frozenset() if role is None else frozenset({role}),
        limits or Limits(),
        origin,
        datetime.now(UTC) - timedelta(minutes=minutes) if origin == "signed_in" else None,
        person="0123456789abcdef" if origin == "signed_in" else "",
    )


def allowed(action: Action, role: Role | None, origin: Origin) -> bool:
    if role not in PERMISSIONS[action] or origin == "nobody":
        return False
    return not (origin == "anonymous" and action in PERSONAL)


def without_bodies(action: Action, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What each function of an action would do, replaced: the names of those that were reached."""
    reached: list[str] = []
    for one in ACTIONS[action]:

        def stub(_by: Asking, *, name: str = one.body.__qualname__) -> None:
            reached.append(name)

        monkeypatch.setattr(one, "body", stub)
    return reached


def cell(value: object) -> str:
    return "no role" if value is None else str(value)


# The matrix


@pytest.mark.parametrize("action, role, origin", CELLS, ids=cell)
def test_each_cell(action: Action, role: Role | None, origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused one is refused before anything else is looked at, even what it is asked about, and is audited exactly once."""
    viewer = somebody(role, origin)
    assert ACTIONS[action], "no function asks for this action"
    if allowed(action, role, origin):
        reached, book = without_bodies(action, monkeypatch), Book()
        for one in ACTIONS[action]:
            one(Asking(viewer, book.write))
        assert len(reached) == len(ACTIONS[action])
        assert not book.written
        return
    for one in ACTIONS[action]:
        book = Book()
        with pytest.raises(Denied) as refused:
            one(Asking(viewer, book.write))
        assert refused.value.action == action.value
        assert book.written == [events.Denied(viewer.actor, action.value)]


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_a_destructive_step_needs_a_fresh_sign_in(action: Action, role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = without_bodies(action, monkeypatch)
    for one in ACTIONS[action]:
        book = Book()
        by = Asking(somebody(role, minutes=11), book.write)
        if not allowed(action, role, "signed_in"):
            with pytest.raises(Denied) as refused:
                one(by)
            assert not isinstance(refused.value, SignInAgain)
        elif action in DESTRUCTIVE:
            with pytest.raises(SignInAgain):
                one(by)
        else:
            one(by)
            continue
        assert book.written == [events.Denied(by.viewer.actor, action.value)]
    assert not (reached and action in DESTRUCTIVE)


@pytest.mark.parametrize("action", Action)
def test_who_sees_some_tenants_only_reads_no_whole_table(action: Action, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = without_bodies(action, monkeypatch)
    for one in ACTIONS[action]:
        by = Asking(somebody(Role.ADMIN, limits=Limits(tenants=frozenset({"acme"}))), Book().write)
        if action in WHOLE_TABLES:
            with pytest.raises(Denied):
                one(by)
        else:
            one(by)
    assert bool(reached) != (action in WHOLE_TABLES)


def test_the_table_itself() -> None:
    """What must stay so, whoever edits the table."""
    assert set(PERMISSIONS) == set(Action)
    assert all(Role.ADMIN in roles for roles in PERMISSIONS.values())
    assert DESTRUCTIVE <= PERSONAL
    about_a_person = {Action.LOOK_UP, Action.EXPORT, Action.PLAN, Action.CONFIRM, Action.REVEAL}
    for action in about_a_person:
        assert PERMISSIONS[action] == {Role.SUPPORT, Role.ADMIN}
        assert action in PERSONAL
    assert PERMISSIONS[Action.APPROVE] == {Role.APPROVER, Role.ADMIN}
    assert PERMISSIONS[Action.TABLES] == PERMISSIONS[Action.AUDIT] == PERMISSIONS[Action.SEED] == {Role.ADMIN}
    assert not any(NOBODY.may(action) for action in Action)
    assert all(LOCAL.may(action) and COMMAND_LINE.may(action) for action in Action)


def test_names_of_actions_are_ones_that_the_audit_takes() -> None:
    for action in Action:
        checked(events.Denied("somebody", action.value))


# Refusals


def test_a_refusal_in_a_refusal_is_audited_once() -> None:
    book = Book()
    inner = Guarded(Action.USAGE, lambda _by: None)
    outer = Guarded(Action.LIST, inner)
    with pytest.raises(Denied):
        outer(Asking(somebody(Role.REVIEWER), book.write))
    assert [event.action for event in book.written] == [Action.USAGE.value]


def test_a_refusal_by_the_body_is_audited() -> None:
    def refuse(_by: Asking) -> None:
        raise Denied("Not this one.")

    book = Book()
    with pytest.raises(Denied):
        Guarded(Action.LIST, refuse)(Asking(somebody(Role.REVIEWER), book.write))
    assert [event.action for event in book.written] == [Action.LIST.value]


def test_the_same_refusal_again_and_again_is_one_row_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may not sign in cannot make the audit long; each call is refused all the same."""
    now = [0.0]
    monkeypatch.setattr(asking, "REFUSALS", Refusals(clock=lambda: now[0]))
    book = Book()
    strangers = [somebody(None, "nobody"), somebody(None)]
    for seconds in range(61):
        now[0] = float(seconds)
        for viewer, action in itertools.product(strangers, (Action.SEARCH, Action.USAGE)):
            with pytest.raises(Denied):
                ACTIONS[action][0](Asking(viewer, book.write))
    once = [events.Denied(viewer.actor, action.value) for viewer in strangers for action in (Action.SEARCH, Action.USAGE)]
    assert book.written == [*once, *(replace(event, times=60) for event in once)]


def test_refusals_that_could_not_be_audited_are_counted_in_the_next_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "REFUSALS", Refusals())
    viewer, book = somebody(Role.ANALYST), Book()

    def full(_event: object) -> None:
        raise AuditError("It is full.")

    for write in (full, full, book.write, book.write):
        with pytest.raises(Denied):
            ACTIONS[Action.LOOK_UP][0](Asking(viewer, write))
    assert book.written == [events.Denied(viewer.actor, Action.LOOK_UP.value, 3)]


def test_what_cannot_be_audited_is_refused_all_the_same_and_logged_without_a_name(caplog: pytest.LogCaptureFixture) -> None:
    def full(_event: object) -> None:
        raise AuditError("Ana did it.")

    with caplog.at_level(logging.WARNING, "dynascope.access"), pytest.raises(Denied):
        ACTIONS[Action.LOOK_UP][0](Asking(somebody(Role.ANALYST), full))
    assert [record.message for record in caplog.records] == ["A refusal of look_up_user could not be written to the audit (audit)."]


def test_somebody_is_named_by_what_the_sign_in_proves_not_by_what_they_are_called() -> None:
    assert somebody(Role.ADMIN).actor == "Ana--nal|0123456789abcdef"
    assert somebody(Role.ADMIN, "local").actor == "Ana--nal"
    forged = Viewer("kim|fedcba9876543210", person="0123456789abcdef")
    assert forged.actor == "kim-fedcba9876543210|0123456789abcdef"
    assert len(Viewer("x" * 999, person="0123456789abcdef").actor) < 256
    for viewer in (forged, Viewer("", origin="local"), Viewer("\u202e\n")):
        checked(events.Denied(viewer.actor, "search"))


# No way around


def used(path: Path, *, called: bool) -> Iterator[tuple[str, FunctionType]]:
    """Functions of data_access that a file imports, or takes from a module that it imports; with `called`, those alone that it calls."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("data_access"):
            for alias in node.names:
                names[alias.asname or alias.name] = _named(node.module, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("data_access") and alias.asname:
                    names[alias.asname] = importlib.import_module(alias.name)
                assert alias.asname or not alias.name.startswith("data_access."), f"{path}: import {alias.name} as a name"
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for name, value in names.items():
        if isinstance(value, FunctionType) and (not called or name in calls):
            yield name, value
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and isinstance(names.get(node.value.id), ModuleType):
            value = getattr(names[node.value.id], node.attr, None)
            if isinstance(value, FunctionType) and (not called or ast.unparse(node) in calls):
                yield ast.unparse(node), value


def _named(module: str, name: str) -> Any:
    found = importlib.import_module(module)
    return getattr(found, name) if hasattr(found, name) else importlib.import_module(f"{module}.{name}")


# What actions call and pages may call, too: it reads nothing of anybody.
HARMLESS = {
    "data_access.access",
    "data_access.actions",
    "data_access.masking",
    "data_access.erasure.model",
}
# What no action calls by this name, and reads all the same.
READERS = (
    ("data_access.erasure.plan", "make_plan"),
    ("data_access.erasure.discovery", "discover"),
    ("data_access.erasure.worker", "follow"),
    ("data_access.handover.archive", "write_archive"),
    ("data_access.snapshot.sync", "sync"),
)


def guarded() -> dict[FunctionType, str]:
    """Functions that must be asked for through an action: those that actions call."""
    found = {
        function: f"{function.__module__}.{function.__name__}"
        for module in MODULES
        for _, function in used(Path(inspect.getfile(module)), called=True)
        if not any(f"{function.__module__}.".startswith(f"{harmless}.") for harmless in HARMLESS)
    }
    for module, name in READERS:
        if hasattr(importlib.import_module(module), name):
            found[getattr(importlib.import_module(module), name)] = f"{module}.{name}"
    return found


GUARDED = guarded()


def test_the_readers_are_known() -> None:
    """Of each kind one, so that the list is not empty by mistake."""
    names = set(GUARDED.values())
    for name in (
        "data_access.people.looking.everything",
        "data_access.handover.archive.write_archive",
        "data_access.conversations.replay",
        "data_access.snapshot.search.search",
        "data_access.audit.checking.verify",
        "data_access.systems.create.create_tables",
    ):
        assert name in names


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_read_through_actions_alone(path: Path) -> None:
    found = {f"{name}: {GUARDED[function]}" for name, function in used(path, called=False) if function in GUARDED}
    assert not {one for one in found if one.partition(": ")[2] not in OPENED_HERE.get(path.name, ())}


# Where a page opens what it hands to actions, and reads nothing from it.
OPENED_HERE = {
    "load_people.py": ("data_access.snapshot.store.open_store",),
    "load_snapshot.py": ("data_access.snapshot.store.open_store",),
    "erasure_desk.py": ("data_access.snapshot.store.open_store",),
}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_take_nothing_from_the_desk(path: Path) -> None:
    """It holds the jobs, the control table and the audit; a page hands it to an action, whole."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    taken = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in {"jobs", "control"}]
    used = [ast.unparse(node) for node in taken if ast.unparse(node.value).split(".")[-1] in {"desk", "desk()"}]
    assert not used


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_an_action_that_changes_or_reads_is_guarded(module: ModuleType) -> None:
    """A public function of an action's module that takes who asks is guarded, or hands on to one that is."""
    for name, value in vars(module).items():
        if isinstance(value, FunctionType) and value.__module__ == module.__name__ and not name.startswith("_"):
            first = next(iter(inspect.signature(value).parameters.values()), None)
            if first is not None and first.annotation in (Asking, "Asking"):
                assert (module.__name__.rpartition(".")[2], name) in NOT_ACTIONS | OF_ACTIONS, name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_take_no_part_of_an_action(path: Path) -> None:
    taken = {(value.__module__.rpartition(".")[2], value.__name__) for _, value in used(path, called=False) if value.__module__ in NAMES}
    assert not taken & OF_ACTIONS


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_system_is_for_loaders_alone(path: Path) -> None:
    """`load.opened()` has the systems that are closed to the viewer, too: it is for what hands them to actions."""
    asks = "load.opened(" in path.read_text(encoding="utf-8")
    assert not asks or path.name.startswith("load") or path.name in ("erasure_desk.py", "person_export.py")


NAMES = {module.__name__ for module in MODULES}
# What several actions share, each with its own guard.
OF_ACTIONS = {("conversations", "read_replay")}
# These ask nothing of anybody's data by themselves: limits of a viewer, or what another action answers.
NOT_ACTIONS = {
    ("asking", "check_system"),
    ("asking", "check_systems"),
    ("asking", "check_tenant"),
    ("asking", "open_to"),
    ("erasures", "actor"),
    ("limits", "sight"),
    ("limits", "masker"),
    ("limits", "source_of"),
    ("limits", "tenants_of"),
    ("limits", "places_of"),
    ("limits", "within"),
    ("setup", "cover"),
    ("setup", "last_sync"),
}
