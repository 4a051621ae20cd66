"""Cases of sizes, units and index writes, turned into arguments of the rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from data_access.costs import size, units
from data_access.costs.index_writes import IndexShape, TableShape, WriteUnits, entry_bytes, sum_units, write_units
from tests.data_access.costs.case_words import Answer, Input, pick, read_how, unfold


def item_size(given: Input, _: Input) -> Answer:
    if "value_only" in given:
        return size.value_bytes(unfold(given["value_only"]))
    item = unfold(pick(given, "item", "attributes"))
    if table := given.get("table"):
        return entry_bytes(_shape(table), given["index"], item)
    return size.item_bytes(item) + given.get("overhead_bytes", 0)


def number_size(given: Input, _: Input) -> Answer:
    digits = pick(given, "N", "number", "value")
    return size.number_bytes(digits if isinstance(digits, str) else str(digits))


_BINARY = {"B": 1, "KB": size.KB, "MB": size.KB**2, "GB": size.KB**3}


def max_item_size(given: Input, _: Input) -> Answer:
    if "update" in f"{given.get('op', '')} {given.get('quota', '')}".lower():
        # Without a word on the key it is the measured one: "pk" with one letter.
        key = size.item_bytes(unfold(given.get("key", {"pk": {"S": "k"}})))
        return size.most_updated_bytes(given.get("key_bytes", key), sets=given.get("sets", 1))
    # The quota is the product's; a case that names another size says what it is in.
    number, unit = re.findall(r"([\d.,]+)\s*([KMG]?i?B)", str(given.get("quota", "400 KB")))[0]
    asked = float(number.replace(",", "")) * _BINARY[unit.replace("i", "")]
    return size.MOST_ITEM_BYTES if asked == 400 * size.KB else asked


def rcu(given: Input, _: Input) -> Answer:
    operation, how = str(given.get("op", "Query")).lower(), read_how(given)
    if "write" in operation or _replayed(given):
        return sum(units.replayed_units(*_images(item)) for item in given.get("items", [given]))
    entries, fetched = _evaluated(given)
    if "get" in operation:
        return units.batch_get_units(entries, **how)
    sizes, consistent = [entry or 0 for entry in entries], how["consistent"]
    if fetched:
        return units.local_index_units(sum(sizes), fetched, consistent=consistent)
    if "scan" in operation and given.get("segments"):
        return units.scan_units(sum(sizes), consistent=consistent, segments=given["segments"])
    return units.paged_units(sizes, consistent=consistent) if len(sizes) > 1 else units.query_units(sum(sizes), consistent=consistent)


def _evaluated(given: Input) -> tuple[list[float | None], list[float]]:
    """Sizes of what is evaluated, and of the table's items that a local index fetches besides."""
    sizes = given.get("item_sizes_bytes")
    flat = (
        {**{name: value for name, value in given.items() if name != "item_sizes_bytes"}, **sizes} if isinstance(sizes, Mapping) else given
    )
    counted = {
        name: value
        for name, value in flat.items()
        if not isinstance(value, str | bool) and not re.match("returned|limit|page|segment|filter|matched", name)
    }
    fetched = {name: value for name, value in counted.items() if re.search("fetch|base|non_?proj", name)}
    entries = {name: value for name, value in counted.items() if name not in fetched}
    ours = [name for name in entries if re.search("index|entr|proj", name)]
    if not fetched and ours and "lsi" in str(given.get("index", "")).lower():
        # Two sizes, of which one is the index's: the other one is what it fetches.
        fetched = {name: value for name, value in entries.items() if name not in ours and re.search("byte|size", name)}
        entries = {name: value for name, value in entries.items() if name not in fetched}
    sizes = _sizes(entries, 1)
    return sizes, [size or 0 for size in _sizes(fetched, len(sizes))] if fetched else []


def _sizes(fields: Input, count: int) -> list[float | None]:
    each: float | None = None
    for name, value in fields.items():
        if isinstance(value, Sequence):
            return list(value)
        if isinstance(value, Mapping):
            return _sizes(value, count)
        if re.search("byte|size", name):
            if "total" in name:
                return [value]
            each = value
        elif value is not None:
            count = int(value)
    return [each] * count


def _replayed(given: Input) -> bool:
    return any("replay" in name and value for name, value in given.items()) or "replay" in str(given.get("op", "")).lower()


def _images(given: Input) -> tuple[float | None, float | None]:
    old = pick(given, "old_size_bytes", "before_size_bytes", "old_bytes", "existing_size_bytes", "existing_bytes", default=None)
    new = pick(given, "new_size_bytes", "after_size_bytes", "new_bytes", "item_size_bytes", "size_bytes", "item_bytes", default=None)
    return old, new


def wcu(given: Input, case: Input) -> Answer:
    if _replayed(given):
        return rcu(given, case)
    transactional = read_how(given)["transactional"]
    if "items" in given:
        whole = {name: value for name, value in given.items() if name not in {"items", "op"}}
        return sum(_written({**whole, "transactional": transactional, **item}, case) for item in given["items"])
    return _written({**given, "transactional": transactional}, case)


def _written(given: Input, case: Input) -> int:
    (old, new), transactional = _images(given), bool(given["transactional"])
    operation = str(given.get("op", "")).lower()
    if "check" in operation or any("check" in name and value for name, value in given.items()):
        return units.condition_check_units(new if old is None else old)
    if given.get("condition_failed"):
        return units.failed_condition_units(_existing(old, new, given, case), transactional=transactional)
    if "delete" in operation or given.get("delete") or new is None:
        return units.delete_units(old, transactional=transactional)
    if "update" in operation:
        return units.update_units(old, new, transactional=transactional)
    return units.put_units(new, old, transactional=transactional)


def _existing(old: float | None, new: float | None, given: Input, case: Input) -> float | None:
    """The item that a failed condition looked at. Where a case gives one size alone, its note says whether that is of the item there."""
    there = pick(given, "item_exists", "existing", "exists", default=None)
    if there is None and "existing item" in str(case.get("note", "")).lower():
        there = True
    return new if old is None and there else old if there is not False else None


# Indexes


def _shape(table: Input) -> TableShape:
    def indexes(name: str) -> dict[str, IndexShape]:
        return {
            index: IndexShape(
                tuple(shape["key"]),
                str(shape.get("projection", "ALL")).upper(),  # pyright: ignore[reportArgumentType]
                tuple(pick(shape, "non_key", "included", "NonKeyAttributes", default=())),
            )
            for index, shape in (table.get(name) or {}).items()
        }

    return TableShape(tuple(table["key"]), indexes("gsis"), indexes("lsis"))


def _change(given: Input) -> WriteUnits:
    shape, before, after = _shape(given["table"]), unfold(given.get("before")), unfold(given.get("after"))
    operation, transactional = (
        str(given.get("op", "")).lower(),
        bool(given.get("transactional")) or "transact" in str(given.get("op", "")).lower(),
    )
    if "check" in operation or given.get("condition_check") or given.get("condition_failed"):
        # Nothing is written, so no index is; the item that is there is charged.
        after, transactional = before, transactional or not given.get("condition_failed")
    return write_units(shape, before, after, transactional)


def _parts(write: WriteUnits) -> Answer:
    by_index = {**write.gsis, **write.lsis}
    sums = {"total": write.total, "table": write.table, "gsi": sum(write.gsis.values()), "lsi": sum(write.lsis.values())}
    return {**sums, "gsis": write.gsis, "lsis": write.lsis, "indexes": by_index, **by_index}


def index_write(given: Input, _: Input) -> Answer:
    return _parts(_change(given))


def index_write_batch(given: Input, _: Input) -> Answer:
    whole = {name: value for name, value in given.items() if name != "items"}
    return _parts(sum_units(_change({**whole, **item}) for item in given["items"]))
