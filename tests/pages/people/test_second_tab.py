"""A plan that is open in one session while somebody erases the same user in another one."""

from __future__ import annotations

from collections.abc import Mapping

from data_access.dynamo.aws import Source
from data_access.erasure.model import State
from pages.ui import load, load_people
from tests.pages.people.test_user import Run, keys, look_up, people, planned, words, work

__all__ = ["look_up", "people"]  # fixtures


def test_whose_plan_is_gone_with_the_user_can_look_somebody_else_up(people: Mapping[str, Source], look_up: Run) -> None:
    assert people
    second = planned(look_up("alice", "Erase"))
    waiting = second.session_state["person_plan"]
    first = planned(look_up("alice", "Erase"))
    first.text_input(key="person_typed").set_value("alice").run()
    first.button(key="person_erase").click().run()
    assert work(first) is State.COMPLETED
    assert load_people.control().job(waiting).state is State.CANCELLED, "it had the id and the keys in it"
    load.forget_everybody()
    second.run()
    assert not second.exception
    assert "person_plan" not in second.session_state
    assert [button.label for button in second.button] == ["Look up"], words(second)
    assert "person_erase" not in keys(second)
    assert "alice" not in words(second)
