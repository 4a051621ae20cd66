"""What a person sees of a failure that nobody foresaw: a reference to the log, and nothing of the failure itself."""

from __future__ import annotations

import streamlit as st


def show(reference: str) -> None:
    """`reference` was drawn at random: it says nothing of what failed."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(":red[:material/error:] **Something went wrong here**")
        st.text(f"Reference: {reference}")
        st.caption("Whoever runs Dynascope finds the cause in the log under this reference. Load the page again to go on.")
