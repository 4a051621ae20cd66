"""Tables page: nothing there, as the layouts say, one that differs, AWS in the way, no role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data_access import errors
from data_access.access.permissions import Role
from data_access.access.viewer import NOBODY
from data_access.actions import setup
from data_access.dynamo.aws import Source
from data_access.systems.check import Difference, TableHealth
from pages.ui import access, load
from tests.pages.conftest import APP
from tests.pages.signed_in import AUTH, of, to_aws

Run = Callable[..., AppTest]
PAGE = "pages/setup/tables.py"
FILE = Path(__file__).resolve().parents[3] / PAGE


def badges(app: AppTest) -> str:
    return "\n".join(str(element.value) for element in app.markdown)


def test_empty_offers_to_create(sources: Mapping[str, Source], run: Run) -> None:
    app = run(PAGE)
    assert not app.exception
    assert [header.value for header in app.subheader] == [source.title for source in sources.values()]
    assert "Missing" in badges(app)
    app.button(key="tables_create_ai_agent").click().run()
    assert not app.exception
    assert "As its layout says" in badges(app)
    assert "tables_create_ai_agent" not in [button.key for button in app.button]
    assert "tables_create_cg" in [button.key for button in app.button]


def test_seeded(seeded: Mapping[str, Source], run: Run) -> None:
    app = run(PAGE)
    assert not app.exception
    assert badges(app).count("As its layout says") == 3
    assert "expiry (TTL\\) is off" in badges(app) or "expiry \\(TTL\\) is off" in badges(app)
    names = [name for table in app.dataframe for name in table.value.get("Table", ())]
    assert sorted(names) == sorted(name for source in seeded.values() for name in source.place.tables.values())
    assert "every six hours" in app.caption[0].value


def test_elsewhere_the_command_is_shown(sources: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    to_aws(monkeypatch)
    monkeypatch.setattr(load, "open_sources", lambda *_: sources)
    app = AppTest.from_file(APP, default_timeout=120)
    app.user, app.secrets = of(Role.ADMIN), AUTH
    app.run().switch_page(PAGE).run()
    assert not app.exception
    assert "python -m data_access tables create --system cg" in [code.value for code in app.code]
    assert not [button for button in app.button if (button.key or "").startswith("tables_create")]


def test_one_table_that_aws_hides_takes_nothing_with_it(empty: Mapping[str, Source], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = load.health
    hidden = TableHealth("user_data", "remo-user-data", None, differences=(Difference("AWS did not permit DescribeTable."),))
    monkeypatch.setattr(load, "health", lambda system: (hidden,) if system == "remo" else real(system))
    app = run(PAGE)
    assert not app.exception
    assert "Not known" in badges(app)
    assert "AWS did not permit DescribeTable." in badges(app)
    assert badges(app).count("As its layout says") == 3


def test_a_creation_that_fails(sources: Mapping[str, Source], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: Source) -> None:
        raise errors.AccessDenied("AWS did not permit CreateTable.", "Give this identity dynamodb:CreateTable.")

    monkeypatch.setattr(setup, "create_tables", fail)
    app = run(PAGE)
    app.button(key="tables_create_cg").click().run()
    assert not app.exception
    assert "AWS did not permit CreateTable." in [text.value for text in app.text]


def test_a_start_that_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise errors.EngineError("The local engine was not ready.", "Its log is engine.log.")

    monkeypatch.setattr(load, "prepare", fail)
    app = run(PAGE)
    assert not app.exception
    assert "The local engine was not ready." in [text.value for text in app.text]


def test_without_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "viewer", lambda: NOBODY)
    app = AppTest.from_file(FILE, default_timeout=120).run()
    assert not app.exception
    assert "Your role does not open this page" in app.warning[0].value
    assert not app.title
