"""`search` and `usage` on the command line: what they print, and one clear sentence for what is wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from data_access import cli, questions
from data_access.usage import METRICS, SERIES, UsageFilter, describe, table, usage
from tests.data_access.asked import BEGIN, NOW, conversation, hot, invented, message

ROWS = invented(11)
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DYNASCOPE_STATE", str(tmp_path / "state"))


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands find this snapshot."""
    rows = [
        message(1, "user", BEGIN, content="Straße nach Genève"),
        message(2, "assistant", BEGIN + timedelta(minutes=1), content="ok", arguments='route {"to": "Genève"}'),
        message(
            1, "user", BEGIN + timedelta(hours=1), content="strasse", conversation_id="c2", user_id="u2", system="ai_agent", tenant_id="t"
        ),
    ]
    everything = {"messages": rows, "conversations": [conversation(rows[:2]), conversation(rows[2:])]}
    monkeypatch.setattr(questions, "load", lambda store, texts=True: hot(everything, texts=texts, synced={"cg": NOW, "ai_agent": NOW}))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[Any], str]:
    code = cli.main(arguments)
    said = capsys.readouterr()
    return code, [json.loads(line) for line in said.out.splitlines()], said.err


@pytest.mark.usefixtures("loaded")
def test_search_prints_a_line_a_conversation(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, said = run(capsys, "search", "STRASSE")
    assert code == 0
    assert [(line["system"], line["conversation_id"], line["tenant_id"], line["user_id"]) for line in lines] == [
        ("ai_agent", "c2", "t", "u2"),
        ("cg", "c1", None, "u1"),
    ]
    assert lines[1]["matching"] == 1
    assert lines[1]["turns"][0] == {
        "position": 1,
        "role": "user",
        "sent_at": "2026-02-16T00:00:00Z",
        "snippet": "Straße nach Genève",
        "marks": [[0, 6]],
        "in_tools": False,
        "cut": [False, False],
    }
    assert "3 messages of 2 conversations were searched" in said


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["--system", "cg"], ["c1"]),
        (["--tenant", "t"], ["c2"]),
        (["--user", "u1"], ["c1"]),
        (["--role", "assistant"], []),
        (["--since", "2026-02-16T00:30:00Z"], ["c2"]),
        (["--until", "2026-02-16T00:30:00Z"], ["c1"]),
        (["--limit", "1"], ["c2"]),
        (["--order", "best"], ["c2", "c1"]),
    ],
)
def test_search_takes_filters(capsys: pytest.CaptureFixture[str], arguments: list[str], expected: list[str]) -> None:
    code, lines, _ = run(capsys, "search", "strasse", *arguments)
    assert (code, [line["conversation_id"] for line in lines]) == (0, expected)


@pytest.mark.usefixtures("loaded")
def test_usage_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    code, (found,), _ = run(capsys, "usage", "--since", "2026-02-16", "--until", "2026-02-18", "--zone", "America/New_York")
    assert code == 0
    assert found["as_of"] == "2026-04-02T10:07:30Z"
    assert (set(found["metrics"]), set(found["series"])) == (set(METRICS), set(SERIES))
    assert found["metrics"]["messages"] == 3
    assert found["previous"]["messages"] == 0
    assert [(row["day"], row["messages"]) for row in found["series"]["days"]] == [("2026-02-15", 3), ("2026-02-16", 0), ("2026-02-17", 0)]
    _, (cg,), _ = run(capsys, "usage", "--system", "cg", "--user", "u1")
    assert (cg["metrics"]["messages"], cg["previous"], cg["window"]) == (2, {}, {"since": None, "until": None})


def test_describe_says_every_metric_and_needs_no_snapshot(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = run(capsys, "usage", "--describe")
    assert code == 0
    assert lines == describe()
    assert [line["name"] for line in lines] == list(METRICS)
    assert all(line["definition"] and line["formula"] and line["unit"] for line in lines)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["usage", "--zone", "Mars/Phobos"], "There is no time zone 'Mars/Phobos'"),
        (["usage", "--since", "2026-03-01", "--until", "2026-03-01"], "The window has no length"),
        (["usage", "--since", "2026-03-02", "--until", "2026-03-01"], "The window begins after it ends"),
        (["usage", "--system", "nothing"], "There is no system 'nothing'"),
        (["search", "x", "--since", "2026-03-01", "--until", "2026-03-01"], "The window has no length"),
        (["search", "x", "--system", "nothing"], "There is no system 'nothing'"),
        (["search", "x", "--role", "boss"], "invalid choice: 'boss'"),
        (["search", "x", "--limit", "0"], "not a whole number above zero"),
        (["search", ""], "names no word"),
        (["search", "--", "-word"], "names no word"),
    ],
)
def test_a_wrong_question_is_one_sentence_and_exit_2(capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    code, lines, said = run(capsys, *arguments)
    assert (code, lines) == (2, [])
    assert sentence in json.loads(said)["error"]["message"]


@pytest.mark.parametrize("arguments", [["usage"], ["search", "x"]])
def test_without_a_snapshot_the_way_to_one_is_said(capsys: pytest.CaptureFixture[str], arguments: list[str], tmp_path: Path) -> None:
    code, _, said = run(capsys, *arguments)
    assert (code, json.loads(said)["error"]["code"]) == (1, "snapshot")
    assert "There is no snapshot yet. Run a sync first" in said
    (tmp_path / "dynascope.toml").write_text("snapshot = false\n")
    code, _, said = run(capsys, *arguments)
    assert (code, json.loads(said)["error"]["code"]) == (1, "snapshot_off")


def test_the_readme_has_the_table_of_metrics() -> None:
    """To bring it up to date: python -m data_access.usage prints the table."""
    text = README.read_text(encoding="utf-8")
    _, _, behind = text.partition("<!-- metrics -->\n")
    assert behind.partition("<!-- /metrics -->")[0] == table()


def test_every_answer_is_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "load", lambda store, texts=True: hot(ROWS, texts=texts))
    code, (found,), _ = run(capsys, "usage")
    assert code == 0
    assert found["metrics"]["messages"] == usage(hot(ROWS), UsageFilter()).metrics["messages"]
    assert run(capsys, "search", "user")[0] == 0
