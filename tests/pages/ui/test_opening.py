"""What pages begin with: each way in which there is nothing to show ends the page, with what to do; a link to a system of elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data_access.dynamo.aws import Source
from data_access.errors import EngineError, SettingsError
from pages.ui import load, snapshot_line


def page() -> None:
    import streamlit as st

    from pages.ui import opening

    found = opening.sources() if st.query_params.get("open") else opening.titles()
    opening.look_at_link({name: one if isinstance(one, str) else one.title for name, one in found.items()}, others=("all",))
    st.title("Goes on")


def run(**address: str) -> AppTest:
    app = AppTest.from_function(page, default_timeout=120)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return "\n".join(str(element.value) for kind in (app.markdown, app.text, app.caption) for element in kind)


@pytest.mark.parametrize("tables", [{"open": "yes"}, {}])
def test_a_link_to_a_system(empty: Mapping[str, Source], tables: dict[str, str]) -> None:
    for system in ("cg", "all", ""):
        app = run(**tables, system=system)
        assert "The link names" not in said(app)
        assert app.title[0].value == "Goes on"
    app = run(**tables, system="elsewhere")
    assert "There is no system 'elsewhere'. The systems are AI4AI" in said(app)
    assert app.title[0].value == "Goes on"


def test_a_start_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(error: Exception) -> Any:
        def raised() -> None:
            raise error

        return raised

    monkeypatch.setattr(load, "sources", fail(EngineError("The local engine did not start.", "Look at its log.")))
    monkeypatch.setattr(snapshot_line, "titles", fail(SettingsError("The file is wrong.", "Put it right.")))
    for app, sentence in ((run(open="yes"), "The local engine did not start."), (run(), "The file is wrong.")):
        assert sentence in said(app)
        assert [button.label for button in app.button] == ["Try again"]
        assert not app.title


def test_no_system_is_enabled(sources: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "sources", dict)
    monkeypatch.setattr(snapshot_line, "titles", dict)
    for app in (run(open="yes"), run()):
        assert "No system is enabled." in said(app)
        assert not app.title
