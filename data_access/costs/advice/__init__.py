"""What could be done about costs and risks: see model.py for the answer and judging.py for the rules."""

from data_access.costs.advice.here import Advised, advise_here
from data_access.costs.advice.judging import advise, advise_from, window
from data_access.costs.advice.model import Advice, Share, Skipped, possible_usd

__all__ = ["Advice", "Advised", "Share", "Skipped", "advise", "advise_from", "advise_here", "possible_usd", "window"]
