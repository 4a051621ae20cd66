"""After an erasure every open session forgets whom it looked at, on whatever page its next step is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from streamlit.testing.v1 import AppTest

from data_access.dynamo.aws import Source
from pages.ui import load
from pages.ui.registry import ABOUT, ERASURES, FIND, PAGES, USER, PageSpec

Run = Callable[..., AppTest]


def held(app: AppTest) -> str:
    """Everything that the session remembers, as text."""
    return str(app.session_state)


def test_two_sessions_that_looked_at_a_person_forget_them(seeded: Mapping[str, Source], run: Run) -> None:
    assert seeded
    first, second = run(FIND.path), run(USER.path)
    first.text_input(key="find_user").set_value("alice").run()
    first.session_state["opened"] = ("alice", "conversation-0")
    first.session_state["usage_people"] = {"ab12": ("alice", None)}
    second.text_input(key="person_id").set_value("alice")
    second.button(key="FormSubmitter:person_form-Look up").click().run()
    assert not second.exception
    assert "alice" in held(first)
    assert "alice" in held(second)

    load.forget_everybody()
    first.switch_page(ABOUT.path).run()
    second.run()
    for app in (first, second):
        assert not app.exception
        assert "alice" not in held(app)
        assert "alice" not in str(app.main)
    assert second.text_input(key="person_id").value == ""

    # Once: what is looked at afterwards stays.
    second.text_input(key="person_id").set_value("bob")
    second.button(key="FormSubmitter:person_form-Look up").click().run()
    second.run()
    assert "bob" in held(second)


def test_a_field_that_is_on_the_page_is_emptied_in_the_browser_too(seeded: Mapping[str, Source], run: Run) -> None:
    assert seeded
    app = run(FIND.path)
    app.text_input(key="find_user").set_value("alice").run()
    load.forget_everybody()
    app.run()
    assert not app.exception
    assert app.text_input(key="find_user").value == ""
    assert app.text_input(key="find_user").proto.set_value, "what the browser shows is replaced"


@pytest.mark.parametrize("spec", PAGES, ids=lambda spec: spec.url_path)
def test_every_page_settles(empty: Mapping[str, Source], run: Run, spec: PageSpec) -> None:
    assert empty
    app = run(spec.path)
    app.session_state["opened"] = "a person"
    app.session_state["person_plan"] = "01M7W19NRHHJSJSD2A7YP0XX6J"
    load.forget_everybody()
    app.run()
    assert "opened" not in app.session_state
    # The session that began an erasure sees how it ended.
    assert ("person_plan" in app.session_state) or spec in (USER, ERASURES)
