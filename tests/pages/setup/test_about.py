"""About: what runs here, and the one page that opens when the configuration is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from streamlit.testing.v1 import AppTest

from data_access import errors
from data_access.dynamo.aws import Source
from pages.ui import load

Run = Callable[..., AppTest]
PAGE = "pages/setup/about.py"


def test_says_where_the_data_is(sources: Mapping[str, Source], run: Run) -> None:
    app = run(PAGE)
    assert not app.exception
    values = list(app.dataframe[0].value["Value"])
    assert any("embedded DynamoDB" in value for value in values)
    assert any(value.startswith("moto at http://127.0.0.1") for value in values)
    assert "What is here ends with the engine." in [text.value for text in app.text]
    assert "remo-user-data" in list(app.dataframe[1].value["Table"])


def test_a_wrong_configuration_is_said_and_opens_no_page(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise errors.SettingsError("dynascope.toml: scan_budgt: there is no such key.")

    monkeypatch.setattr(load, "load_settings", fail)
    app = run()
    assert not app.exception
    assert "The configuration is wrong" in "\n".join(str(element.value) for element in app.markdown)
    assert "dynascope.toml: scan_budgt: there is no such key." in [text.value for text in app.text]
    assert not app.sidebar.selectbox
    for page in ("pages/conversations/find.py", PAGE):
        with pytest.raises(ValueError, match="navigation"):
            app.switch_page(page)
