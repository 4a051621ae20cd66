"""`python -m data_access …`."""

import io
import sys

from data_access.cli import main

for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
        # JSON is UTF-8, whatever the terminal or the pipe is set to.
        stream.reconfigure(encoding="utf-8", errors="strict" if stream is sys.stdout else "backslashreplace")
sys.exit(main())
