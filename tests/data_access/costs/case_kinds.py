"""Every kind of case, and what works it out: only words of cases are turned into arguments there, the rules are the product's."""

from __future__ import annotations

from collections.abc import Callable

from tests.data_access.costs import case_amounts, case_prices, case_units
from tests.data_access.costs.case_words import Answer, Input

KINDS: dict[str, Callable[[Input, Input], Answer]] = {
    "alarm_threshold": case_amounts.alarm_threshold,
    "autoscaling_target": case_amounts.autoscaling_target,
    "breakeven_utilisation": case_amounts.breakeven_utilisation,
    "contributor_insights_cost": case_amounts.contributor_insights_cost,
    "contributor_insights_events": case_amounts.contributor_insights_events,
    "global_table_rwcu": case_amounts.global_table_rwcu,
    "hourly_cost": case_amounts.hourly_cost,
    "index_write": case_units.index_write,
    "index_write_batch": case_units.index_write_batch,
    "item_size": case_units.item_size,
    "max_item_size": case_units.max_item_size,
    "metric_math": case_amounts.metric_math,
    "monthly_cost": case_amounts.monthly_cost,
    "number_size": case_units.number_size,
    "price_list_parse": case_prices.price_list_parse,
    "provisioned_capacity": case_amounts.provisioned_capacity,
    "rcu": case_units.rcu,
    "request_units": case_amounts.request_units,
    "reserved_discount": case_amounts.reserved_discount,
    "scan_duration": case_amounts.scan_duration,
    "storage_gb": case_amounts.storage_gb,
    "table_class": case_amounts.table_class,
    "table_class_delta": case_amounts.table_class_delta,
    "throughput": case_amounts.bytes_a_second,
    "wcu": case_units.wcu,
}
