"""The columnar copy that answers questions about everything: Delta Lake tables, filled by sync, read with DuckDB."""
