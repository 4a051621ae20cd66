"""What the tables cost, as it was measured: see model.py for the answer and reading.py for where it comes from."""

from data_access.costs.observed.attribution import Attribution, SystemAttribution, TenantCosts, UnusedIndex, attribute, unused_indexes
from data_access.costs.observed.clock import this_time
from data_access.costs.observed.growth import Growth, Saving, TableGrowth, grow
from data_access.costs.observed.here import observe_here
from data_access.costs.observed.model import Billing, Line, Observed, ResourceCosts, SystemTotal, What
from data_access.costs.observed.reading import observe

__all__ = [
    "Attribution",
    "Billing",
    "Growth",
    "Line",
    "Observed",
    "ResourceCosts",
    "Saving",
    "SystemAttribution",
    "SystemTotal",
    "TableGrowth",
    "TenantCosts",
    "UnusedIndex",
    "What",
    "attribute",
    "grow",
    "observe",
    "observe_here",
    "this_time",
    "unused_indexes",
]
