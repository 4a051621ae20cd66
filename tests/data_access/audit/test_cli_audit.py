"""`tables create --control` and `audit verify`, as scripts meet them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_access.audit import Audit
from data_access.cli import main
from data_access.erasure.control import Control
from data_access.settings import load_settings
from tests.data_access.audit.test_chain import edit, filled


@pytest.fixture
def there(endpoint: str, tmp_path: Path) -> Iterator[Path]:
    """The command line in aws mode, with the test's DynamoDB for AWS, in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        for name, value in {
            "DYNASCOPE_MODE": "aws",
            "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
            "AWS_ACCESS_KEY_ID": "A",
            "AWS_SECRET_ACCESS_KEY": "s",
            "AWS_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        yield tmp_path


def test_made_verified_and_found_broken(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify"]) == 1
    assert json.loads(capsys.readouterr().err)["error"] == {
        "code": "no_table",
        "message": "The table dynascope-control does not exist. Make it: python -m data_access tables create --control.",
    }
    for created in (True, False):
        assert main(["tables", "create", "--control"]) == 0
        assert json.loads(capsys.readouterr().out) == {"key": "control", "name": "dynascope-control", "created": created}
    assert main(["audit", "verify"]) == 0
    assert json.loads(capsys.readouterr().out) == {"state": "unwitnessed", "rows": 0, "head": None, "first_problem": None}
    (there / "dynascope.toml").write_text('[erasure]\nanchor = "anchor.log"\n')
    control = Control.open(load_settings())
    filled(Audit(control))
    assert main(["audit", "verify"]) == 0
    assert json.loads(capsys.readouterr().out) == {"state": "valid", "rows": 5, "head": Audit(control).head().hash, "first_problem": None}
    edit(Audit(control))
    assert main(["audit", "verify"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["first_problem"] == "Row 3 was edited."
    assert json.loads(said.out)["state"] == "broken"
    assert said.err == ""
    control.close()


@pytest.mark.parametrize("words", [["tables", "create"], ["tables", "create", "--control", "--system", "cg"], ["audit"]])
def test_wrong_usage(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "usage"
