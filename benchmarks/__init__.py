"""`make bench`: what Dynascope costs, each figure beside a peer that was measured in the same run."""

import os

# Pages run here outside a server, which Streamlit mentions at every call. It reads this when it is imported.
os.environ.setdefault("STREAMLIT_LOGGER_LEVEL", "error")
