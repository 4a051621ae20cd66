"""A server in aws mode on the local engine's tables, an OpenID provider, and people who sign in: for the tests of who may see what."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from data_access.access.permissions import Role
from data_access.handover.vault import Vault
from data_access.local import prepare
from data_access.settings import load_settings
from tests.e2e.conftest import Server, free_port
from tests.e2e.watching import settled

WAIT_SECONDS = 60.0
COOKIE_SECRET = "vK3x8Qm1ZrT6wYb0Hs9LcN4pJd7fGa2EuIo5"
REFUSED = "Your role does not open this page"
WAY_IN = "Sign in to see the conversations of your chatbots"
# A table of its own: the local engine's belongs to local mode, which signs with other keys.
CONTROL = "dynascope-control-of-staff"
# Everything of AWS but DynamoDB: nobody listens there, and says so at once.
NOWHERE = "http://127.0.0.1:9"

# A group for each role, and what else the tests change while the server runs.
GROUPS = {f"{role.value}-team": [role.value] for role in Role}


@dataclass(frozen=True, slots=True)
class Provider:
    """oidc-provider-mock. It is reached as localhost and the dashboard as 127.0.0.1, so that a browser takes them for two sites."""

    url: str

    def user(self, subject: str, **claims: Any) -> None:
        """Make somebody, or change them. A claim can be any, those of the token itself too (`iat`, `exp`, `auth_time`)."""
        body = json.dumps(claims).encode()
        request = urllib.request.Request(f"{self.url}/users/{subject}", body, {"Content-Type": "application/json"}, method="PUT")
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
            answer.read()

    def staff(self) -> None:
        """Somebody for each role, called as the role is, and one without a group."""
        for role in Role:
            self.user(role.value, groups=[f"{role.value}-team"], preferred_username=f"{role.value}.person")
        self.user("nobody", email="admin@example.com", groups=["elsewhere"])


@contextmanager
def provider() -> Iterator[Provider]:
    port = free_port()
    found = Provider(f"http://localhost:{port}")
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                found.staff()
                break
            except OSError:
                assert process.poll() is None, "the provider ended"
                assert time.monotonic() < deadline, "the provider does not answer"
                time.sleep(0.1)
        yield found
    finally:
        process.terminate()
        process.wait()


@contextmanager
def engine(state: Path) -> Iterator[str]:
    """The local engine of a state folder, with the sample data in it."""
    attachment = prepare(load_settings({"DYNASCOPE_STATE": str(state)}, state.parent))
    assert attachment is not None
    with attachment:
        yield attachment.engine.endpoint


def write_config(path: Path, groups: Mapping[str, list[str]] = GROUPS, *, top: str = "", **access: float) -> None:
    """dynascope.toml in one step, so that nobody reads half of it."""
    lines = [top, 'mode = "aws"', "[erasure]", "enabled = true", "approval = true", f'control_table = "{CONTROL}"', "[access]"]
    lines += [f"{name} = {value}" for name, value in access.items()]
    lines += ["[access.groups]", *(f"{json.dumps(name)} = {json.dumps(roles)}" for name, roles in groups.items())]
    new = path.with_suffix(".new")
    new.write_text("\n".join(lines), encoding="utf-8")
    new.replace(path)


def serve_aws(
    serve: Callable[..., Server], folder: Path, endpoint: str, found: Provider | None, *, secret: str = COOKIE_SECRET, **environment: str
) -> Server:
    """A dashboard in aws mode whose configuration is `folder`/dynascope.toml, which is made where there is none."""
    port = free_port()
    config, secrets = folder / "dynascope.toml", folder / f"secrets-{port}.toml"
    if not config.exists():
        write_config(config)
    secrets.write_text("" if found is None else _secrets(port, found, secret), encoding="utf-8")
    return serve(
        folder / "state",
        port,
        STREAMLIT_SECRETS_FILES=str(secrets),
        STREAMLIT_SERVER_ALLOWED_HOSTS="127.0.0.1",
        **aws(folder, endpoint),
        **environment,
    )


def aws(folder: Path, endpoint: str) -> dict[str, str]:
    """The environment of aws mode: for the server, and for the command line beside it."""
    return {
        "DYNASCOPE_CONFIG": str(folder / "dynascope.toml"),
        "DYNASCOPE_STATE": str(folder / "state"),
        "AWS_ENDPOINT_URL": NOWHERE,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_MAX_ATTEMPTS": "1",
    }


def command(folder: Path, endpoint: str, *words: str) -> str:
    """What `python -m data_access …` prints, whether it ends well or not."""
    done = subprocess.run(
        [sys.executable, "-m", "data_access", *words],
        env=os.environ | aws(folder, endpoint) | {"DYNASCOPE_ERASURE": "on"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout or done.stderr


def _secrets(port: int, found: Provider, secret: str) -> str:
    return f"""
[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "{secret}"
client_id = "dynascope"
client_secret = "of-this-test"
server_metadata_url = "{found.url}/.well-known/openid-configuration"
"""


def sign_in(page: Page, subject: str, *, label: str = "Sign in") -> None:
    """From a page that offers it, through the provider, back to where it began."""
    settled(page)
    page.get_by_role("button", name=label, exact=True).first.click()
    page.wait_for_url("http://localhost:*/**")
    page.locator("input[name=sub]").fill(subject)
    page.get_by_role("button", name="Authorize", exact=True).click()
    page.wait_for_url("http://127.0.0.1:*/**")
    expect(page.get_by_role("button", name="Sign out").first).to_be_visible()
    settled(page)


def waiting_export(server: Server, identity: str) -> str:
    """The address of an export that waits for this browser."""
    with Vault(server.state).put(identity) as deposit:
        deposit.file.write(b"zipped")
    return f"{server.url}/download/{deposit.token}"


def sees(page: Page) -> str:
    """What a page that is still shows: "page", "refusal" or "sign-in"."""
    settled(page)
    if page.get_by_text(WAY_IN).count():
        return "sign-in"
    return "refusal" if page.get_by_text(REFUSED).count() else "page"
