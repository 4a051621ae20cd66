"""A receipt: on the page, as a signed file, in words for printing; and the check of one that somebody brings."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.erasure.clearing import SecondStage, second_stage
from data_access.erasure.receipt import Receipt
from data_access.erasure.receipt_check import verify_receipt
from data_access.erasure.receipt_words import COPIES, Section, sections
from data_access.erasure.signing import known_keys
from data_access.file_names import safe_name
from data_access.settings import Settings
from pages.ui import erasure_plan, load_people, untrusted
from pages.ui.asking import asking
from pages.ui.erasure_words import WORDS
from pages.ui.untrusted import code, escape, reveal

CHECK = "python -m data_access erase receipt --verify FILE"
_TEXT = "erasure_check_text"
_FACT, _FACTS, _WIDEST, _ROW = 210, 620, 420, 35  # pixels


def show(kept: bytes, settings: Settings, zone: ZoneInfo, *, key: str) -> None:
    """What the signed file says, and beside it whether the copies that it names are over by now."""
    checked = verify_receipt(kept, known=known_keys(settings))
    if checked.receipt is None or not checked.ok:
        with st.container(border=True, gap="xsmall"):
            st.markdown(":red[:material/gpp_bad:] **The receipt that is kept here is not what was signed**")
            untrusted.text(checked.reason)
        return
    receipt = checked.receipt
    with st.spinner("Asking about the copies"):
        stage = second_stage(receipt.content, load_people.copies_now(asking(), receipt.content.scope.systems))
    with st.container(border=True, gap="small"):
        icon = ":green[:material/verified:]" if checked.known else ":orange[:material/verified:]"
        st.markdown(f"{icon} **Receipt**, signed with key {code(receipt.key_id)}  \n:gray[:small[{escape(checked.reason)}]]")
        with st.container(horizontal=True):
            # A callable: nothing lies under an address of its own before somebody clicks.
            st.download_button(
                "JSON, signed", partial(_file, receipt.json), safe_name(f"erasure-{receipt.content.plan_id}", "json"), "application/json",
                key=f"{key}_json", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "Markdown, to print", partial(_file, receipt.told(stage).encode()), safe_name(f"erasure-{receipt.content.plan_id}", "md"),
                "text/markdown",
                key=f"{key}_markdown", icon=":material/print:", on_click="ignore",
            )  # fmt: skip
    _paper(receipt, stage, zone)


def _file(content: bytes) -> bytes:
    return content


def _paper(receipt: Receipt, stage: SecondStage, zone: ZoneInfo) -> None:
    for section in sections(receipt.content, receipt.public_key, receipt.digest, stage):
        if section.title == COPIES:
            erasure_plan.copies(receipt.content.copies, zone)
        elif section.listed:
            erasure_plan.sentences(section.sentences, escape(section.title))
        else:
            _section(section)


def _section(section: Section) -> None:
    st.subheader(escape(section.title), anchor=False)
    for sentence in section.sentences:
        untrusted.text(sentence)
    if not section.rows:
        return
    # Stored names are cells of a canvas: nothing of them is fetched or followed.
    columns = [column or " " for column in section.columns]
    longest = [max(len(row[place]) for row in section.rows) for place in range(len(columns))]
    facts = len(columns) == 2
    untrusted.table(
        {column: [row[place] for row in section.rows] for place, column in enumerate(columns)},
        column_config={
            column: st.column_config.TextColumn(width=_FACT if facts and not place else min(_WIDEST, 24 + 8 * max(long, len(column))))
            for place, (column, long) in enumerate(zip(columns, longest, strict=True))
        },
        hide_index=True,
        width=_FACTS if facts else "stretch",
        row_height=_ROW,
        height=_ROW * (len(section.rows) + 1) + 3,
        alt=reveal(section.title),
    )


def check(settings: Settings) -> None:
    """A receipt that somebody brings. Nothing is uploaded and nothing is kept: the text goes when the page is left."""
    st.caption(
        "A receipt is checked without a network, and without the tables: whether the file is what was signed, byte for byte, and "
        "whether this installation knows the key. Paste the JSON file as it is."
    )
    given: str = st.text_area("Receipt", key=_TEXT, height=180, placeholder='{\n  "receipt": {', max_chars=2_000_000)
    st.button("Check it", icon=":material/fact_check:", key="erasure_check")
    if given.strip():
        # A paste can lose the file's last line end, and nothing else may differ.
        checked = verify_receipt(f"{given.strip()}\n".encode("utf-8", "surrogatepass"), known=known_keys(settings))
        colour, icon = ("red", "gpp_bad") if not checked.ok else ("green", "verified") if checked.known else ("orange", "verified")
        with st.container(border=True, gap="xsmall"):
            title = "It is what was signed" if checked.ok else "It is not a receipt as it was signed"
            st.markdown(f":{colour}[:material/{icon}:] **{title}**")
            untrusted.text(checked.reason)
            if checked.receipt is not None and checked.ok:
                content = checked.receipt.content
                st.caption(
                    f"Erasure {code(content.plan_id)}, {WORDS[content.state].label}, ended {content.ended_at:%Y-%m-%d %H:%M} UTC: "
                    f"{content.planned:,} planned, {content.total('deleted'):,} deleted. Public key {code(checked.receipt.public_key)}."
                )
    st.caption("On the command line:")
    st.code(CHECK, language=None)
