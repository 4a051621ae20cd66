"""Sample data for all four chatbots: 90 days, about 20,000 messages, the same for the same end time and seed."""

from data_access.local.sample.oddities import LANDMARKS, Landmarks
from data_access.local.sample.store import fill, items
from data_access.local.sample.traffic import traffic

__all__ = ["LANDMARKS", "Landmarks", "fill", "items", "traffic"]
