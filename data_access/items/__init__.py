"""From stored items to the model: tolerant of what live tables hold, and saying what it met.

Nothing here raises on bad data. What cannot be understood is kept, and named as a problem beside the result.
"""
