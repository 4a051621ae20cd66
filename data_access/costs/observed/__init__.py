"""What the tables cost, as it was measured: see model.py for the answer and reading.py for where it comes from."""

from data_access.costs.observed.model import Billing, Line, Observed, ResourceCosts, SystemTotal, What

__all__ = ["Billing", "Line", "Observed", "ResourceCosts", "SystemTotal", "What"]
