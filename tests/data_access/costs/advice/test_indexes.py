"""Indexes that nobody reads, that are written more than read, that hold everything."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest

from data_access.costs.advice import Advice, Skipped
from data_access.costs.advice.model import possible_usd
from tests.data_access.costs.advice.subjects import INDEX, UNPRICED, counted, flow, judge, of, resource, seen


def indexed(reads: list[float], writes: list[float], **more: Any) -> Any:
    return counted(
        flow("read", [5.0] * 50),
        flow("write", [5.0] * 50),
        {INDEX: (flow("read", reads, index=INDEX, **more), flow("write", writes, index=INDEX))},
    )


def test_an_index_that_nobody_read_costs_all_that_it_costs() -> None:
    found = judge(seen(resource(), resource(INDEX, storage=3, reads=0, writes=4)), indexed([], [2.0] * 10))
    advice = of("unused index", found, INDEX)
    assert isinstance(advice, Advice)
    assert advice.saving_usd == pytest.approx(7)
    words = shlex.split(advice.command or "")
    assert words[:7] == ["aws", "dynamodb", "update-table", "--region", "us-east-1", "--table-name", "ai-agent-sessions"]
    assert json.loads(words[-1]) == [{"Delete": {"IndexName": INDEX}}]
    assert "1,200 write units" in advice.why
    assert advice.confidence == pytest.approx(0.9 * 0.8)  # the guide names it
    assert possible_usd(found[0]) == pytest.approx(7)


def test_one_that_was_read_stays() -> None:
    said = of("unused index", judge(seen(resource(), resource(INDEX)), indexed([0.5], [2.0])), INDEX)
    assert isinstance(said, Skipped)
    assert said.fine


def test_costs_that_know_of_a_read_are_believed() -> None:
    read = replace(resource(INDEX), reads=3.0)
    said = of("unused index", judge(seen(resource(), read), indexed([], [2.0])), INDEX)
    assert isinstance(said, Skipped)
    assert said.fine


@pytest.mark.parametrize("status", ["denied", "failed", "throttled"])
def test_reads_that_are_not_known_are_not_zero(status: Any) -> None:
    said = of("unused index", judge(seen(resource(), resource(INDEX)), indexed([], [2.0], status=status)), INDEX)
    assert isinstance(said, Skipped)
    assert not said.fine


def test_of_a_table_that_nobody_used_nothing_follows_for_its_index() -> None:
    still = counted(
        flow("read", provisioned=1), flow("write", provisioned=1), {INDEX: (flow("read", index=INDEX), flow("write", index=INDEX))}
    )
    said = of("unused index", judge(seen(resource(), resource(INDEX)), still), INDEX)
    assert isinstance(said, Skipped)
    assert not said.fine
    assert "nothing follows" in said.reason


def test_an_unused_index_whose_price_is_not_known_is_not_judged() -> None:
    index = resource(INDEX, storage=None, reads=None, writes=None)
    said = of("unused index", judge(seen(resource(), index, prices=UNPRICED), indexed([], [2.0])), INDEX)
    assert isinstance(said, Skipped)
    assert not said.fine


def test_a_write_heavy_index_has_no_saving_and_says_at_most_what() -> None:
    advice = of("write-heavy index", judge(seen(resource(), resource(INDEX, storage=1, writes=8)), indexed([1.0], [30.0])), INDEX)
    assert isinstance(advice, Advice)
    assert (advice.saving_usd, advice.command) == (None, None)
    assert "30 times" in advice.why
    assert "At most $9.00" in advice.risk
    said = of("write-heavy index", judge(seen(resource(), resource(INDEX)), indexed([1.0], [9.0])), INDEX)
    assert isinstance(said, Skipped)


def test_what_readers_need_of_an_index_is_never_guessed() -> None:
    said = of("projection", judge(seen(resource(), resource(INDEX, storage=1, writes=8)), indexed([1.0], [1.0])), INDEX)
    assert isinstance(said, Skipped)
    assert not said.fine
    assert "This dashboard needs all of them" in said.reason
    keys = of("projection", judge(seen(resource(), resource(INDEX, projection="KEYS_ONLY")), indexed([1.0], [1.0])), INDEX)
    assert isinstance(keys, Skipped)
    assert keys.fine


def test_twenty_indexes_are_each_judged() -> None:
    names = [f"index-{number:02}" for number in range(20)]
    flows = {
        name: (flow("read", [1.0] if number % 2 else [], index=name), flow("write", [1.0], index=name)) for number, name in enumerate(names)
    }
    found = judge(
        seen(resource(), *(resource(name, storage=1, writes=1) for name in names)),
        counted(flow("read", [1.0]), flow("write", [1.0]), flows),
    )
    unused = [one for one in found[0] if one.rule == "unused index"]
    assert len(unused) == 10
    assert possible_usd(found[0]) == pytest.approx(20)
