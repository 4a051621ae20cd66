"""A server that must not start says why in one sentence and ends, however it was told; what it is, it asks of the configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import streamlit

from data_access.settings import load_settings
from server import start

REPOSITORY = Path(__file__).resolve().parents[2]
WEAK = '[auth]\nredirect_uri = "https://dash.example.com/oauth2callback"\ncookie_secret = "{}"\n'
STREAMLIT = ("-m", "streamlit", "run", "asgi.py", "--server.port", "0")
AWS = {"DYNASCOPE_MODE": "aws"}
SERVED = ("--server.address", "127.0.0.1", "--server.allowedHosts", "dash.example.com")


def ended(arguments: tuple[str, ...], environment: Mapping[str, str], state: Path) -> tuple[int, str]:
    """Its exit code and what it said on stderr."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "DYNASCOPE_STATE": str(state), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "arguments, environment, word",
    [
        ((*STREAMLIT, "--server.address", "0.0.0.0"), {}, "server.address must be 127.0.0.1, not 0.0.0.0"),
        (STREAMLIT, {"STREAMLIT_SERVER_ADDRESS": "::"}, "server.address must be 127.0.0.1, not ::"),
        ((*STREAMLIT, "--server.enableXsrfProtection", "false"), {}, "server.enableXsrfProtection must be true"),
        ((*STREAMLIT, "--server.enableAgentApi", "true"), {}, "server.enableAgentApi must be false"),
        (STREAMLIT, AWS, "secrets.toml has no [auth]"),
        (("-m", "uvicorn", "asgi:app", "--port", "0"), AWS, "secrets.toml has no [auth]"),
        (STREAMLIT, {"DYNASCOPE_CONFIG": "nowhere.toml"}, "The configuration file nowhere.toml does not exist."),
    ],
)
def test_a_refusal_is_one_sentence(arguments: tuple[str, ...], environment: dict[str, str], word: str, tmp_path: Path) -> None:
    code, said = ended(arguments, environment, tmp_path / "state")
    assert code == 1
    assert word in said
    assert "Traceback" not in said
    assert not (tmp_path / "state").exists()


def test_a_weak_secret_is_refused_and_not_repeated(tmp_path: Path) -> None:
    secret = "change-me-change-me-change-me-change-me"
    (tmp_path / "secrets.toml").write_text(WEAK.format(secret))
    code, said = ended((*STREAMLIT, *SERVED, "--secrets.files", str(tmp_path / "secrets.toml")), AWS, tmp_path / "state")
    assert code == 1
    assert "cookie_secret is an example's" in said
    assert secret not in said


class Secrets(dict[str, Any]):
    """Stands for st.secrets."""

    def load_if_toml_exists(self) -> bool:
        return bool(self)


@pytest.mark.parametrize(
    "mode, secrets, https",
    [
        ("aws", {"auth": {"redirect_uri": "https://dash.example.com/oauth2callback"}}, True),
        ("aws", {"auth": {"redirect_uri": "http://localhost:8501/oauth2callback"}}, False),
        ("aws", {"other": 1}, False),
        ("aws", {}, False),
        ("local", {"auth": {"redirect_uri": "https://dash.example.com/oauth2callback"}}, False),
    ],
)
def test_people_come_by_https_where_the_sign_in_leads(
    mode: str, secrets: dict[str, Any], https: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings({"DYNASCOPE_MODE": mode}, tmp_path)
    monkeypatch.setattr(start, "settings", lambda: settings)
    monkeypatch.setattr(streamlit, "secrets", Secrets(secrets))
    assert start.is_reached_by_https() is https


def test_as_it_is_shipped_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings({}, tmp_path)
    monkeypatch.setattr(start, "settings", lambda: settings)
    assert start.refused() == []
    assert start.hosts() == ("localhost", "127.0.0.1", "::1")
