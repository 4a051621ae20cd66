"""`python -m data_access.usage`: the README's table of metrics, between its marks."""

from data_access.usage.described import table

print(table(), end="")
