"""Worked examples, published or measured on AWS: what the rules say of each must be what its source says.

The cases are those of data/cost_cases.json beside this file, or of the file that the environment variable COST_CASES names: a JSON
list of objects with id, kind, input, expected, and optionally tolerance (absolute) and note. A kind that nobody knows fails.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.data_access.costs.case_kinds import KINDS

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

Case = Mapping[str, Any]
NEEDED = {"id", "kind", "input", "expected"}
FILE = Path(os.environ.get("COST_CASES") or Path(__file__).with_name("data") / "cost_cases.json").expanduser()


class BrokenCases(Exception):
    """The file of cases is missing, or is not a list of cases."""


def load(path: Path) -> list[Case]:
    try:
        cases = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BrokenCases(f"The cases cannot be read from {path}: {error.strerror}.") from None
    except ValueError as error:
        raise BrokenCases(f"{path} is not JSON: {error}.") from None
    cases = cases["cases"] if isinstance(cases, dict) and "cases" in cases else cases
    if not isinstance(cases, list) or not cases:
        raise BrokenCases(f"{path} is not a list of cases.")
    for number, case in enumerate(cases, start=1):
        if not isinstance(case, dict) or not case.keys() >= NEEDED:
            raise BrokenCases(f"{path}: case {number} lacks one of {', '.join(sorted(NEEDED))}.")
    return cases


def complaint(case: Case) -> str | None:
    """What is wrong with what the rules say of a case; None where they say what is expected."""
    if case["kind"] not in KINDS:
        return f"{case['kind']} is a kind of case that is not known here."
    try:
        answer = KINDS[case["kind"]](case["input"], case)
    except Exception as error:
        return f"The case could not be worked out: {type(error).__name__}: {error}"
    return _difference(case["expected"], answer, case.get("tolerance"))


def _difference(expected: Any, answer: Any, tolerance: float | None) -> str | None:
    if not isinstance(expected, Mapping):
        # A plain number is the first thing that the kind of case asks for.
        said = next(iter(answer.values())) if isinstance(answer, Mapping) else answer
        return None if _equal(expected, said, tolerance) else f"expected {expected}, got {said}"
    if not isinstance(answer, Mapping):
        answer = dict.fromkeys(expected, answer) if len(expected) == 1 else {}
    for name, value in expected.items():
        if name not in answer:
            return f"nothing is said of {name}, but of {', '.join(map(str, answer))}"
        if wrong := _difference(value, answer[name], tolerance):
            return f"{name}: {wrong}"
    return None


def _equal(expected: Any, said: Any, tolerance: float | None) -> bool:
    if isinstance(expected, bool) or not isinstance(expected, int | float) or not isinstance(said, int | float):
        return expected == said
    if tolerance is None:
        # A published figure of two decimals or more was rounded to its last one; all others are exact.
        decimals = -int(Decimal(str(expected)).normalize().as_tuple().exponent)
        tolerance = 0.5 * 10.0**-decimals if decimals >= 2 else 0.0
    return math.isclose(expected, said, rel_tol=1e-9, abs_tol=tolerance * (1 + 1e-9))


try:
    CASES, BROKEN = load(FILE), ""
except BrokenCases as error:
    CASES, BROKEN = [], str(error)


class Summary:
    """Printed at the end of the run: how many cases passed and failed, by kind, and the kinds that are not known."""

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        bad = Counter(case["kind"] for case in CASES if complaint(case))
        every = Counter(case["kind"] for case in CASES)
        unknown = sorted(every.keys() - KINDS.keys())
        failed = bad.total()
        terminalreporter.section("cost cases")
        terminalreporter.write_line(str(FILE))
        for kind, count in sorted(every.items()):
            terminalreporter.write_line(f"  {kind:<32} {count - bad[kind]:>4} passed {bad[kind]:>4} failed", red=bool(bad[kind]))
        terminalreporter.write_line(
            BROKEN or f"{len(CASES) - failed} passed, {failed} failed, unknown kinds: {', '.join(unknown) or 'none'}",
            red=bool(BROKEN or failed),
            green=not (BROKEN or failed),
            bold=True,
        )


@pytest.fixture(scope="module", autouse=True)
def _summary(request: pytest.FixtureRequest) -> None:
    if not request.config.pluginmanager.has_plugin("cost cases"):
        request.config.pluginmanager.register(Summary(), "cost cases")


def test_there_are_cases() -> None:
    if BROKEN:
        pytest.fail(BROKEN, pytrace=False)


@pytest.mark.parametrize("case", CASES, ids=[str(case["id"]) for case in CASES])
def test_case(case: Case) -> None:
    if wrong := complaint(case):
        pytest.fail(f"{case['id']}: {wrong}\n{json.dumps(case, ensure_ascii=False)[:1_000]}", pytrace=False)


def test_an_unknown_kind_is_said() -> None:
    case = {"id": "x-1", "kind": "phase_of_the_moon", "input": {}, "expected": 1}
    assert complaint(case) == "phase_of_the_moon is a kind of case that is not known here."


def test_a_wrong_figure_is_said() -> None:
    case = {"id": "x-1", "kind": "rcu", "input": {"op": "GetItem", "item_sizes_bytes": [4_097], "consistency": "strong"}, "expected": 1}
    assert complaint(case) == "expected 1, got 2.0"
    assert complaint({**case, "expected": {"units": 2, "dollars": 1}}) is not None
    assert complaint({**case, "input": {}}) is not None


@pytest.mark.parametrize(
    "text, said",
    [(None, "cannot be read"), ("{", "is not JSON"), ("{}", "is not a list"), ("[]", "is not a list"), ('[{"id": 1}]', "lacks")],
)
def test_a_broken_file_is_said(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "cases.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(BrokenCases, match=said):
        load(path)
