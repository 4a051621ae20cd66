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


def _case(kind: str, expected: Any, note: str = "", **given: Any) -> Case:
    return {"id": f"{kind}-{expected}", "kind": kind, "input": given, "expected": expected, "note": note}


@pytest.mark.parametrize(
    "case",
    [
        # The same kinds in other words than those of the file: its ids have gaps, and another file may fill them.
        _case(
            "rcu",
            5,
            op="Query",
            item_sizes_bytes={"count": 4, "each_bytes": 200},
            index="LSI",
            fetched_item_sizes_bytes=[300] * 4,
            consistency="strong",
        ),
        _case("rcu", 2.5, op="Query", index="LSI", index_entries=4, index_entry_bytes=200, fetch_base_items=True, base_item_bytes=300),
        _case(
            "rcu",
            2.5,
            op="Query",
            item_sizes_bytes={"count": 4, "each_bytes": 200},
            index="LSI",
            base_items={"count": 4, "each_bytes": 300},
        ),
        _case("rcu", 5, op="Query", index="LSI", entries={"total_bytes": 800}, fetched=[300] * 4, consistency="strong"),
        _case("rcu", 5, op="Query", index="LSI", items=4, projected_bytes=200, item_bytes=300, fetch=True, consistency="strong"),
        _case("rcu", 1, op="Query", index="LSI", index_entry_bytes=200, count=4, consistency="strong"),
        _case("rcu", 12, op="TransactGetItems", item_sizes_bytes=[5_120] * 3),
        _case("rcu", 6, op="TransactWriteItems", replay=True, items=[{"old_size_bytes": 9_000, "new_size_bytes": 6}]),
        _case("rcu", 128, op="Scan", item_sizes_bytes={"total_bytes": 1_048_576}, consistency="eventual", projection="keys"),
        _case("wcu", 6, op="ConditionCheck", old_size_bytes=3_013, new_size_bytes=None, transactional=True),
        _case(
            "wcu",
            8,
            op="TransactWriteItems",
            items=[{"op": "ConditionCheck", "old_size_bytes": 3_013}, {"new_size_bytes": 5, "old_size_bytes": None}],
        ),
        _case("wcu", 3, op="UpdateItem", old_size_bytes=3_000, new_size_bytes=500),
        _case("wcu", 1, op="UpdateItem", old_size_bytes=None, new_size_bytes=500),
        _case("wcu", 2, op="PutItem", old_size_bytes=2_048, new_size_bytes=9_000, condition_failed=True),
        _case("wcu", 1, op="PutItem", old_size_bytes=None, new_size_bytes=9_000, condition_failed=True),
        _case("wcu", 2, op="PutItem", old_size_bytes=None, new_size_bytes=2_048, condition_failed=True, note="existing item case"),
        _case("max_item_size", 409_581, op="UpdateItem", key={"pk": {"S": "k"}}),
        _case("max_item_size", 1_048_576, quota="1 MB"),
        _case("item_size", 6, value_only={"L": [{"S": "ab"}]}),
        _case("throughput", {"bytes_per_second": 3_072}, wcu=6, consistency="transactional"),
        _case("throughput", {"bytes_per_second": 24_576}, rcu=6, consistency="strong"),
        _case("provisioned_capacity", {"wcu": 200}, writes_per_s=100, item_bytes=512, utilisation_percent=50),
        _case(
            "provisioned_capacity", {"rcu": 160, "wcu": 40}, reads_per_s=80, writes_per_s=20, item_bytes=1_000, consistency="transactional"
        ),
        _case("request_units", {"wru": 259_200_000}, writes_per_s=100, item_bytes=500, hours=720),
        _case(
            "metric_math",
            {"per_second": 60, "utilisation_percent": 60},
            metric="m",
            stat="Sum",
            value=18_000,
            period_s=300,
            provisioned=100,
        ),
        _case("contributor_insights_events", {"events": 1}, calls=[["Query", 40]], has_sort_key=True),
        _case("storage_gb", {"gb": 10}, item_count=0, total_bytes=10**10, gib=False),
        _case(
            "table_class",
            {"ia_throughput": 125, "ia_storage": 400, "ia_total": 525, "saving": 575},
            current="STANDARD",
            throughput_usd=100,
            storage_usd=1_000,
        ),
        _case("hourly_cost", 0.00078, wcu=1, rcu=1, wcu_hour_usd=0.00065, rcu_hour_usd=0.00013),
        _case("monthly_cost", 1.25, lines=[{"what": "storage", "quantity": 30, "free_quantity": 25, "unit_price_usd": 0.25}]),
    ],
    ids=lambda case: case["id"],
)
def test_other_words(case: Case) -> None:
    assert complaint(case) is None


_SEOUL = [
    {"usagetype": f"APN2-{usage}", "priceDimensions": [{"beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": usd}}]}
    for usage, usd in [
        ("ReadRequestUnits", "0.0000001355"),
        ("IA-ReadRequestUnits", "0.0000001695"),
        ("WriteRequestUnits", "0.00000068"),
        ("IA-WriteRequestUnits", "0.000000845"),
        ("ReplWriteRequestUnits", "0.00000067"),
        ("IA-ReadCapacityUnit-Hrs", "0.0001762"),
        ("IA-WriteCapacityUnit-Hrs", "0.0008811"),
        ("ReplWriteCapacityUnit-Hrs", "0.0007048"),
        ("TimedStorage-ByteHrs", "0.27075"),
        ("IA-TimedStorage-ByteHrs", "0.1083"),
        ("TimedPITRStorage-ByteHrs", "0.2166"),
    ]
]


@pytest.mark.parametrize(
    "want, usd",
    [
        ("RRU IA per million", 0.1695),
        ("WRU Standard-IA per million", 0.845),
        ("rWRU Standard per million", 0.67),
        ("replicated WRU per million", 0.67),
        ("RCU-hour IA", 0.0001762),
        ("WCU-hour Standard-IA", 0.0008811),
        ("rWCU-hour", 0.0007048),
        ("storage IA per GB-month", 0.1083),
        ("PITR per GB-month", 0.2166),
        ("WCU-hour Standard", None),
    ],
)
def test_other_prices_are_wanted(want: str, usd: float | None) -> None:
    assert complaint(_case("price_list_parse", {"usd": usd}, products=_SEOUL, want=want)) is None
