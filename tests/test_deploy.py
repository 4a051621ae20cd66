"""The examples of deploy/ and the Dockerfile: nginx runs the shipped file before a server that sets cookies as Streamlit does."""

from __future__ import annotations

import contextlib
import http.client
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parents[1]
NAME = "dash.example.org"
SECONDS = 30.0
INSTRUCTION = re.compile(r"(FROM|RUN|COPY|WORKDIR|ENV|USER|VOLUME|EXPOSE|HEALTHCHECK|CMD)\s+\S")


# The image


def instructions() -> list[str]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip()]


def test_the_dockerfile_is_made_of_instructions_and_ends_as_nobody() -> None:
    lines = instructions()
    assert all(INSTRUCTION.match(line) for line in lines), lines
    stages = [number for number, line in enumerate(lines) if line.startswith("FROM")]
    last = lines[stages[-1] :]
    (user,) = [line.split()[1] for line in last if line.startswith("USER")]
    assert all(part.isdigit() and int(part) >= 1_000 for part in user.split(":"))
    assert any(line.startswith("HEALTHCHECK") and "/healthz" in line for line in last)
    # Nothing is run or copied with other rights after that.
    assert not [line for line in last[last.index(f"USER {user}") :] if line.startswith(("RUN", "COPY"))]


def test_what_the_image_takes_is_there_and_nothing_else_is_sent() -> None:
    taken = {source for line in instructions() if line.startswith("COPY") and "--from" not in line for source in shlex.split(line)[1:-1]}
    assert all((ROOT / source).exists() for source in taken)
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")}
    assert let_in == taken


def test_compose_takes_every_right_away_that_is_not_needed() -> None:
    services: Mapping[str, Mapping[str, Any]] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"]
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
    own = services["dynascope"]
    assert "ports" not in own  # through the proxy alone
    (user,) = [line.split()[1] for line in instructions() if line.startswith("USER")]
    assert own["user"] == user
    for volume in (*own["volumes"], *services["proxy"]["volumes"]):
        assert volume.startswith("state:") or volume.endswith(":ro"), volume


# The proxy


class Behind(BaseHTTPRequestHandler):
    """What Streamlit does that matters here: cookies without Secure, and pages for every path."""

    heard: list[tuple[str, Mapping[str, str]]]

    def do_GET(self) -> None:
        self.heard.append((self.path, dict(self.headers.items())))
        self.send_response(200)
        self.send_header("Set-Cookie", "_streamlit_user=signed; HttpOnly; Path=/; SameSite=Lax")
        self.send_header("Set-Cookie", "_streamlit_xsrf=token; Path=/; SameSite=Lax")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        return


class Proxy:
    """A running nginx: `get` asks it over TLS as a browser does that was given `host`."""

    def __init__(self, plain: int, secure: int, certificate: Path, heard: list[tuple[str, Mapping[str, str]]], log: Path) -> None:
        self.plain, self.secure, self.heard, self.log = plain, secure, heard, log
        self._context = ssl.create_default_context(cafile=str(certificate))

    def get(self, path: str, *, host: str = NAME, headers: Mapping[str, str] | None = None) -> http.client.HTTPResponse:
        connection = socket.create_connection(("127.0.0.1", self.secure), timeout=SECONDS)
        client = http.client.HTTPConnection("127.0.0.1", self.secure, timeout=SECONDS)
        client.sock = self._context.wrap_socket(connection, server_hostname=host)
        client.request("GET", path, headers={"Host": host, "Connection": "close", **(headers or {})})
        return client.getresponse()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def certified(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(pem)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], NoReturn]) -> Iterator[Proxy]:
    """nginx with deploy/nginx.conf, of which only ports and places are changed: they are this machine's."""
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if binary is None:
        missing("PROXY TESTS SKIPPED: no nginx on PATH")
    folder = tmp_path_factory.mktemp("proxy")
    certified(folder)
    heard: list[tuple[str, Mapping[str, str]]] = []
    behind = ThreadingHTTPServer(("127.0.0.1", 0), type("_Behind", (Behind,), {"heard": heard}))
    threading.Thread(target=behind.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    plain, secure = free_port(), free_port()
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    for old, new in (
        ("listen 80", f"listen 127.0.0.1:{plain}"),
        ("listen 443", f"listen 127.0.0.1:{secure}"),
        ("/etc/nginx/tls", str(folder)),
        ("http://dynascope:8501", f"http://127.0.0.1:{behind.server_port}"),
        ("/run/nginx.pid", str(folder / "pid")),
        ("/dev/stdout", str(folder / "access.log")),
        ("/dev/stderr", str(folder / "error.log")),
        ("worker_processes auto;", "worker_processes 1;\ndaemon off;"),
        (
            "http {",
            "http {\n" + "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
        ),
    ):
        assert old in text, old
        text = text.replace(old, new)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [binary, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "start.log")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", secure), timeout=1):
                break
            assert process.poll() is None and time.monotonic() < until, (folder / "start.log").read_text()  # noqa: PT018
            time.sleep(0.05)
        yield Proxy(plain, secure, folder / "fullchain.pem", heard, folder / "access.log")
    finally:
        process.terminate()
        process.wait(SECONDS)
        behind.shutdown()
        behind.server_close()


def test_every_cookie_is_secure_behind_the_proxy(proxy: Proxy) -> None:
    answer = proxy.get("/usage")
    cookies = answer.headers.get_all("Set-Cookie") or []
    assert len(cookies) == 2
    assert all("secure" in cookie.lower() for cookie in cookies)
    # A script reads this one, to send it back.
    assert "httponly" not in next(cookie for cookie in cookies if "xsrf" in cookie).lower()
    assert "max-age" in (answer.headers["Strict-Transport-Security"] or "")


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/openapi.json", "/_stcore/script-health-check", "/readyz", "/healthz"])
def test_doors_for_this_machine_alone_are_closed(proxy: Proxy, path: str) -> None:
    before = len(proxy.heard)
    assert proxy.get(path).status == 404
    assert len(proxy.heard) == before


def test_another_name_gets_nothing(proxy: Proxy) -> None:
    before = len(proxy.heard)
    with pytest.raises((OSError, http.client.HTTPException)):
        proxy.get("/", host="attacker.example")
    assert len(proxy.heard) == before


def test_what_comes_in_the_clear_is_led_to_tls(proxy: Proxy) -> None:
    client = http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=SECONDS)
    client.request("GET", "/usage?tab=people", headers={"Host": NAME})
    answer = client.getresponse()
    assert (answer.status, answer.headers["Location"]) == (308, f"https://{NAME}/usage?tab=people")
    client.close()


def test_what_a_client_says_of_itself_is_not_handed_on(proxy: Proxy) -> None:
    proxy.get("/find", headers={"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Host": "attacker.example", "Forwarded": "for=10.0.0.1"})
    path, headers = proxy.heard[-1]
    assert path == "/find"
    said = {name.lower(): value for name, value in headers.items()}
    assert said["host"] == NAME
    assert said["x-forwarded-for"] == "127.0.0.1"
    assert said["x-forwarded-proto"] == "https"
    assert not {"x-forwarded-host", "forwarded"} & set(said)


def test_the_access_log_has_no_query(proxy: Proxy) -> None:
    proxy.get("/replay?conversation=somebodys-life")
    until = time.monotonic() + SECONDS
    while "/replay" not in proxy.log.read_text() and time.monotonic() < until:
        time.sleep(0.05)
    assert "/replay" in proxy.log.read_text()
    assert "somebodys-life" not in proxy.log.read_text()
