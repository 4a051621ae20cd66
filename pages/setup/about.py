"""About: the version, where the data is, what is read and what never leaves this machine."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from data_access.costs.prices import PRICE_DATE
from data_access.errors import DataAccessError
from pages.ui import access, load, notices, registry, times, untrusted

VERSION = "0.1.0"

access.require(registry.ABOUT.action)

st.title("Dynascope")
st.caption(
    f"Version {VERSION}. See, measure, cost and erase the conversations that chatbots keep in DynamoDB, where they are: "
    "no SDK in the chatbot, no ingestion, no second home for the data."
)
settings = None
try:
    settings = load.settings()
    engine = load.engine()
except DataAccessError as error:
    notices.show(error, again=load.reopen)
else:
    st.subheader("Where the data is")
    facts: dict[str, str] = {"Mode": "Local: an embedded DynamoDB on this machine" if settings.mode == "local" else "AWS"}
    if engine is not None:
        facts |= {"Engine": f"{engine.name} at {engine.endpoint}", "Kept": "On disk" if engine.persistent else "In memory only"}
    facts |= {
        "State folder": str(Path(settings.state).resolve()),
        "Scan budget": f"{settings.scan_budget:,.0f} read units; a Scan above it is refused until confirmed",
        "Scan rate": "No limit" if settings.scan_rate is None else f"{settings.scan_rate:,.0f} read units a second",
        "Time zone": f"{times.zone().key}; the browser's is {times.browser_zone().key}",
    }
    untrusted.table(
        {"Setting": list(facts), "Value": list(facts.values())},
        hide_index=True,
        column_config={"Setting": st.column_config.TextColumn(width=140), "Value": st.column_config.TextColumn(width="large")},
        alt="Where the data is",
    )
    notices.engine(engine)
    places = list(load.places().values())
    untrusted.table(
        {
            "System": [place.system.title for place in places for _ in place.tables],
            "Table": [name for place in places for name in place.tables.values()],
            "Region": [place.region if settings.mode == "aws" else "local" for place in places for _ in place.tables],
        },
        hide_index=True,
        alt="Systems and their tables",
    )

st.subheader("What is read, and what is never sent")
snapshot = (
    "The snapshot is off: nothing of a conversation is kept outside the tables."
    if settings is not None and not settings.snapshot.on
    else "The snapshot, once it is made, keeps a copy of the messages in the state folder or in a bucket of yours. "
    "Who is erased is erased there too."
)
st.markdown(
    f"""
- Dynascope reads the tables above: GetItem, BatchGetItem, Query, Scan when it is allowed, and DescribeTable and its like. Two things
  write to them: "Create the missing tables" in local mode, and an erasure that somebody planned and confirmed. An erasure
  deletes what its plan lists, and keeps its own state in a control table.
- What is on a page comes from DynamoDB to this server to your browser. Nothing is sent anywhere else: no telemetry, no
  fonts, no images, and none of a message's own links or pictures are loaded.
- Lists are kept in this server's memory for a few minutes, for your session alone. User ids and searches are not in the URL.
- {snapshot}
- Prices are those of each table's Region and class. With AWS, the AWS Price List is asked for them once a day and the answer is kept in the
  state folder; where it cannot be read, and in local mode, they are the built-in prices of {PRICE_DATE}, from an AWS cost template. Each
  page says which. They are estimates, not your bill.
"""
)
st.subheader("Made with")
st.markdown(
    "Streamlit (Apache 2.0), boto3 (Apache 2.0), pandas (BSD 3-clause), Plotly (MIT), Delta Lake (Apache 2.0), DuckDB (MIT), "
    "Apache Arrow (Apache 2.0), NumPy (BSD 3-clause), pydantic (MIT), orjson (MPL 2.0, and Apache 2.0 or MIT), simplejson (MIT), "
    "cryptography (Apache 2.0 or BSD 3-clause), Authlib (BSD 3-clause), markdown-it-py (MIT), Pygments (BSD 2-clause), "
    "phonenumbers (Apache 2.0), python-stdnum (LGPL 2.1 or later), limits (MIT), filelock (MIT) "
    "and, in local mode, dynoxide (MIT or Apache 2.0) or moto (Apache 2.0)."
)
st.caption("Each other page asks for a role that may do what it does; this one for none.")
