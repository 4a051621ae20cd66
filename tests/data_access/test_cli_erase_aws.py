"""`erase …` in aws mode, on moto: who acts is the caller as AWS knows it, in the job, in the audit and against the second person."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from data_access.audit import Audit
from data_access.cli import main
from data_access.dynamo.aws import open_sources
from data_access.erasure import commands
from data_access.erasure.control import Control
from data_access.settings import load_settings
from data_access.systems.create import create_tables
from tests.data_access import layouts

USER = "demo"
ACCOUNT = "123456789012"


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moto_endpoint: str) -> str:
    """The folder of a dashboard in aws mode whose AWS is moto, with cg's conversations in it."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DYNASCOPE_MODE": "aws",
        "DYNASCOPE_ERASURE": "on",
        "AWS_ENDPOINT_URL": moto_endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }.items():
        monkeypatch.setenv(name, value)
    off = "".join(f"[systems.{name}]\nenabled = false\n" for name in ("remo", "ai_agent", "ai4ai"))
    (tmp_path / "dynascope.toml").write_text(f"[erasure]\napproval = true\n{off}")
    source = open_sources(load_settings())["cg"]
    create_tables(source)
    layouts.put(source.client, [row for talk in layouts.talks("cg") for row in layouts.items(talk)])
    source.client.close()
    assert main(["tables", "create", "--control"]) == 0
    return moto_endpoint


def line(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(words)
    wrote = capsys.readouterr()
    said = [line for line in (*wrote.out.splitlines(), *wrote.err.splitlines()) if line.startswith("{")]
    assert said, (wrote.out[:500], wrote.err[-500:])
    return code, json.loads(said[0])


def assume(endpoint: str, monkeypatch: pytest.MonkeyPatch, session: str) -> str:
    """Become a role's session, as a person does who signs in; returns its ARN."""
    said = boto3.client("sts", endpoint_url=endpoint, region_name="us-east-1").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/Support", RoleSessionName=session
    )
    own = said["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", own["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", own["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", own["SessionToken"])
    return said["AssumedRoleUser"]["Arn"]


def test_the_caller_is_who_aws_says(aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    sam = assume(aws, monkeypatch, "sam@example.org")
    assert sam == f"arn:aws:sts::{ACCOUNT}:assumed-role/Support/sam@example.org"
    assert getpass.getuser() not in sam
    _, plan = line(capsys, "erase", "plan", "--user", USER)
    _, job = line(capsys, "erase", "status", plan["plan_id"])
    assert job["requested_by"] == sam
    assert line(capsys, "erase", "run", plan["plan_id"], "--confirm", USER)[1]["state"] == "awaiting_approval"
    assert line(capsys, "erase", "approve", plan["plan_id"], "--digest", plan["digest"])[1]["error"]["code"] == "not_confirmed"
    kim = assume(aws, monkeypatch, "kim@example.org")
    assert line(capsys, "erase", "approve", plan["plan_id"], "--digest", plan["digest"])[1]["approved_by"] == kim
    control = Control.open(load_settings())
    actors = [(entry.event, entry.fields.get("actor")) for entry in Audit(control).entries(plan_id=plan["plan_id"])]
    control.close()
    assert actors == [("planned", sam), ("submitted", sam), ("refused", sam), ("approved", kim)]


def test_a_session_that_nobody_named_is_the_role(aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """botocore makes up another name for each command of a profile with a role: that is not another person."""
    assume(aws, monkeypatch, "botocore-session-1763650001")
    _, plan = line(capsys, "erase", "plan", "--user", USER)
    assert line(capsys, "erase", "run", plan["plan_id"], "--confirm", USER)[1]["state"] == "awaiting_approval"
    assume(aws, monkeypatch, "botocore-session-1763650002")
    refused = line(capsys, "erase", "approve", plan["plan_id"], "--digest", plan["digest"])[1]
    assert refused["error"]["code"] == "not_confirmed"
    assert commands.actor(load_settings()).name == f"arn:aws:sts::{ACCOUNT}:assumed-role/Support"


def test_one_whom_aws_does_not_tell_is_the_systems_user(aws: str, monkeypatch: pytest.MonkeyPatch, closed_port: str) -> None:
    assert aws
    monkeypatch.setattr(getpass, "getuser", lambda: "ops")
    assert commands.actor(load_settings()).name != "ops"
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", closed_port)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert commands.actor(load_settings()).name == "ops"


def test_in_local_mode_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, closed_port: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", closed_port)
    monkeypatch.setattr(getpass, "getuser", lambda: "ops")
    assert commands.actor(load_settings({}, tmp_path)).name == "ops"
