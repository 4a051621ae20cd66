"""What is installed: pinned, complete, with hashes, and not older than the versions in which known holes were closed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")
# The first version without each known hole that concerns us:
#   streamlit 1.54.0   CVE-2026-33682; caches whose keys could collide: CVE-2026-10804, seen fixed in 1.59.0
#   starlette 1.1.0    CVE-2026-48710 (Host header, 1.0.1), CVE-2026-48818
#   authlib 1.7.3      CVE-2026-41425 (1.6.11), CVE-2025-61920 (1.6.5), CVE-2026-104056 (up to 1.7.2)
FLOORS = {"streamlit": "1.67.0", "starlette": "1.1.0", "authlib": "1.7.3"}
# A module and the package that brings it, where the names differ.
PACKAGES = {
    "yaml": "pyyaml",
    "stdnum": "python-stdnum",
    "markdown_it": "markdown-it-py",
    "botocore": "botocore",
    "flask_cors": "flask-cors",
}


def locked(name: str) -> Mapping[str, tuple[Requirement, int]]:
    """Each package of a lock with its requirement and the number of its hashes."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, tuple[Requirement, int]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            wanted = Requirement(line.split(" --hash")[0].strip())
            found[canonicalize_name(wanted.name)] = (wanted, line.count("--hash=sha256:"))
    return found


def asked(name: str) -> list[Requirement]:
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-r")]


def exact(wanted: Requirement) -> Version:
    """Raises ValueError for anything but one version."""
    (only,) = wanted.specifier
    if only.operator != "==" or only.version.endswith("*"):
        raise ValueError(f"{wanted} is not pinned")
    return Version(only.version)


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_has_one_version_and_its_hashes(name: str) -> None:
    packages = locked(name)
    assert len(packages) > 50
    for wanted, hashes in packages.values():
        exact(wanted)
        assert hashes, wanted.name


@pytest.mark.parametrize("name, lock", [("requirements.in", "requirements.txt"), ("requirements-dev.in", "requirements-dev.txt")])
def test_a_lock_is_of_what_is_asked_for(name: str, lock: str) -> None:
    packages = locked(lock)
    for wanted in asked(name):
        assert exact(packages[canonicalize_name(wanted.name)][0]) == exact(wanted), wanted.name


def test_tests_run_with_what_is_served() -> None:
    served, developed = (locked(name) for name in LOCKS)
    assert {name: exact(wanted) for name, (wanted, _) in served.items()}.items() <= {
        name: exact(wanted) for name, (wanted, _) in developed.items()
    }.items()


@pytest.mark.parametrize("name, floor", FLOORS.items())
def test_known_holes_are_closed(name: str, floor: str) -> None:
    assert exact(locked("requirements.txt")[name][0]) >= Version(floor)


def test_everything_that_is_imported_is_asked_for() -> None:
    own = {"data_access", "pages", "server", "app", "asgi"}
    wanted = {canonicalize_name(one.name) for one in asked("requirements.in")}

    missing: dict[str, str] = {}
    for path in [
        ROOT / "app.py",
        ROOT / "asgi.py",
        *(file for room in ("data_access", "pages", "server") for file in (ROOT / room).rglob("*.py")),
    ]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for top in {name.split(".")[0] for name in names} - own - set(sys.stdlib_module_names):
                package = canonicalize_name(PACKAGES.get(top, top))
                if package not in wanted and package != "mypy-boto3-dynamodb" and not top.startswith(("mypy_boto3", "types_")):
                    missing[top] = path.name
    assert not missing


def test_nothing_is_installed_without_its_hash() -> None:
    """Not by make, and not in the image."""
    for name in ("Makefile", "Dockerfile"):
        text = (ROOT / name).read_text(encoding="utf-8")
        installs = [line for line in text.splitlines() if re.search(r"pip install\b", line)]
        assert installs
        assert all("--require-hashes" in line for line in installs), name
