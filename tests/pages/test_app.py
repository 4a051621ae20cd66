"""The entry script: every page is registered once, described, and guarded by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from streamlit.testing.v1 import AppTest

from data_access.access.permissions import Action, Role
from data_access.dynamo.aws import Source
from pages.ui import access
from pages.ui.registry import PAGES, ROOT, PageSpec
from tests.pages.signed_in import to_aws


def test_every_page_file_is_registered_once() -> None:
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "pages").glob("*/*.py") if path.parent.name != "ui"}
    assert {spec.path for spec in PAGES} == files - {path for path in files if path.endswith("__init__.py")}
    assert len({spec.url_path for spec in PAGES}) == len(PAGES)


@pytest.mark.parametrize("spec", PAGES, ids=lambda spec: spec.url_path)
def test_every_page_is_described_and_asks_for_its_role(spec: PageSpec) -> None:
    assert spec.help.endswith(".")
    assert len(spec.help) <= 200
    text = spec.file.read_text(encoding="utf-8")
    assert "access.require(" in text


@pytest.mark.parametrize("spec", PAGES, ids=lambda spec: spec.url_path)
def test_every_page_runs_without_an_item(empty: Mapping[str, Source], run: Callable[..., AppTest], spec: PageSpec) -> None:
    assert not run(spec.path).exception


def test_local_mode_opens_everything(sources: Mapping[str, Source]) -> None:
    assert access.viewer().roles == frozenset(Role)


def test_aws_mode_is_closed_without_a_sign_in(sources: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    to_aws(monkeypatch)
    assert not any(access.viewer().may(action) for action in Action)


def test_a_time_zone_that_does_not_exist_is_said(empty: Mapping[str, Source], run: Callable[..., AppTest]) -> None:
    app = run(zone="Mars/Olympus")
    assert not app.exception
    assert any("a time zone that does not exist" in caption.value for caption in app.caption)
    app.selectbox(key="zone").set_value("Europe/Madrid").run()
    assert not any("a time zone that does not exist" in caption.value for caption in app.caption)
