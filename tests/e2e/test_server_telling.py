"""What the server tells when something fails, and what its log keeps of a whole run: references, types and places."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from textwrap import dedent
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, expect

from data_access.local.sample import LANDMARKS
from pages.ui.registry import PAGES
from server.headers import HEADERS
from tests.e2e.conftest import REPOSITORY, Server, snapshot_of_its_own, sync
from tests.e2e.watching import open_first_row, settled, turn

Serve = Callable[..., Server]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
UVICORN = ("uvicorn", "served:app", "--host", "127.0.0.1", "--port")
SECRET = "ana@example.com wrote 4711"
REFERENCE = r"[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}"


def carries_the_headers(headers: dict[str, str]) -> bool:
    return all(headers.get(name.lower()) == value for name, value in HEADERS.items())


def served(folder: Path, source: str) -> str:
    """A module that an ASGI server imports as `served`; its folder."""
    (folder / "served.py").write_text(dedent(source))
    return os.pathsep.join((str(folder), str(REPOSITORY)))


def test_every_page_that_fails_tells_a_reference_alone(page: Page, serve: Serve, filled: Path, tmp_path: Path) -> None:
    found = served(
        tmp_path,
        f"""
        from asgi import app
        from pages.ui import access

        def broken(_action: object) -> None:
            raise KeyError({SECRET!r})

        access.require = broken
        """,
    )
    server = serve(filled, run=UVICORN, PYTHONPATH=found)
    references: list[str] = []
    for spec in PAGES:
        page.goto(f"{server.url}/{spec.url_path}?user={SECRET}")
        expect(page.get_by_text("Something went wrong here")).to_be_visible()
        settled(page)
        body = page.locator("body").inner_text()
        references += re.findall(rf"Reference: ({REFERENCE})", body)
        assert SECRET not in page.content()
        assert "KeyError" not in body
        assert "Traceback" not in body
    assert len(set(references)) == len(PAGES)
    log = server.log.read_text()
    for spec, reference in zip(PAGES, references, strict=True):
        assert re.search(rf"Reference {reference}: KeyError at \S*served\.py:\d+|Reference {reference}: KeyError at {spec.path}:\d+", log)
    assert SECRET not in log
    assert "ana%40example.com" not in log
    assert "4711" not in log


def test_callbacks_and_fragments_tell_a_reference_too_and_media_carries_the_headers(page: Page, serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        dedent(
            f"""
            from base64 import b64decode

            import streamlit as st

            def broken() -> None:
                raise ValueError({SECRET!r})

            @st.fragment
            def part() -> None:
                if st.button("In a fragment"):
                    broken()

            @st.dialog("Dialog")
            def dialog() -> None:
                if st.button("In a dialog"):
                    broken()

            st.image(b64decode({PIXEL!r}))
            st.button("In a callback", on_click=broken)
            part()
            if st.button("Open"):
                dialog()
            """
        )
    )
    found = served(
        tmp_path,
        """
        from pathlib import Path

        import streamlit as st
        from starlette.middleware import Middleware

        from asgi import AROUND
        from server.life import lifespan
        from server.trouble import script_failed

        app = st.App(
            Path(__file__).parent / "script.py",
            lifespan=lifespan,
            middleware=[Middleware(piece) for piece in AROUND],
            on_script_error=script_failed,
        )
        """,
    )
    server = serve(run=UVICORN, PYTHONPATH=found)
    files: list[Response] = []
    page.on("response", partial(list.append, files))
    for way in (["In a callback"], ["In a fragment"], ["Open", "In a dialog"]):
        page.goto(server.url)
        for name in way:
            button = page.get_by_role("button", name=name, exact=True)
            expect(button).to_be_visible()
            settled(page)
            button.click()
        shown = page.get_by_text(re.compile(rf"Reference: {REFERENCE}"))
        expect(shown).to_be_visible()
        assert SECRET not in page.content()
        reference = shown.inner_text().removeprefix("Reference: ")
        assert re.search(rf"Reference {reference}: ValueError at \S*script\.py:\d+ in broken", server.log.read_text())
    assert SECRET not in server.log.read_text()
    media = [one for one in files if urlsplit(one.url).path.startswith("/media/")]
    assert media
    assert all(carries_the_headers(one.all_headers()) for one in media)


# What does not exist, and would be found in the log under these words.
TYPED = ("usr_typed_by_nobody_4711", "Zanzibar typed words", "system-typed-4711")


@pytest.mark.parametrize(
    "run", [("streamlit", "run", "asgi.py", "--logger.level", "debug", "--server.port"), (*UVICORN[:-1], "--log-level", "debug", "--port")]
)
def test_the_log_of_a_whole_run_has_no_id_and_no_text(page: Page, serve: Serve, filled: Path, tmp_path: Path, run: tuple[str, ...]) -> None:
    config = snapshot_of_its_own(tmp_path)
    server = serve(filled, run=run, DYNASCOPE_CONFIG=str(config), PYTHONPATH=served(tmp_path, "from asgi import app\n"))
    sync(server, config)

    page.goto(f"{server.url}/find?system=ai_agent")
    settled(page)
    field = page.get_by_label("User", exact=True)
    for typed, count in ((TYPED[0], "0 conversations|No conversation"), (LANDMARKS.hostile_user, "^1 conversation ")):
        field.fill(typed)
        page.keyboard.press("Enter")
        expect(page.get_by_text(re.compile(count)).first).to_be_visible()
    open_first_row(page)
    expect(turn(page, 1)).to_be_visible()
    settled(page)
    for address in (
        f"/replay?system=ai_agent&conversation={LANDMARKS.long_session}&message=1957",
        f"/replay?system={TYPED[2]}&conversation={LANDMARKS.hostile_cg_conversation}",
        f"/find?system=ai_agent&tenant={TYPED[2]}",
    ):
        page.goto(f"{server.url}{address}")
        expect(page.get_by_text("Local mode: nobody signs in")).to_be_visible()
        settled(page)

    page.goto(f"{server.url}/search")
    box = page.get_by_placeholder(re.compile("refund"))
    expect(box).to_be_visible()
    settled(page)
    for words in (TYPED[1], "refund"):
        box.fill(words)
        box.press("Enter")
        settled(page)

    page.goto(f"{server.url}/user")
    for user in (TYPED[0], LANDMARKS.two_tenant_users[0]):
        expect(page.get_by_role("button", name="Look up", exact=True)).to_be_visible()
        settled(page)
        page.get_by_label("User id", exact=True).fill(user)
        page.get_by_role("button", name="Look up", exact=True).click()
        settled(page)

    log = server.log.read_text()
    own = [one for value in asdict(LANDMARKS).values() for one in (value if isinstance(value, tuple | list) else (value,))]
    told = [word for word in (*TYPED, *own) if len(word) > 6 and word in log]
    assert told == []
    assert not re.search(r"[?&](system|conversation|tenant|message)=", log)
    assert "Session ID" not in log
    assert "Traceback" not in log
