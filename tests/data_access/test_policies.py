"""The three policies in docs/ are what is asked of AWS, action by action and table by table: none too few, and none too many."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.client
import pytest

from data_access import cli
from data_access.audit import Audit
from data_access.audit.events import Denied
from data_access.capacity.cloudwatch import open_cloudwatch
from data_access.capacity.report import report
from data_access.dynamo.aws import Source, open_sources
from data_access.erasure.control import Control
from data_access.erasure.jobs import Actor, Jobs
from data_access.erasure.model import Scope, State
from data_access.erasure.watching import Watcher
from data_access.erasure.working import Workshop
from data_access.settings import Settings, load_settings
from data_access.systems.create import create_tables

DOCS = Path(__file__).resolve().parents[2] / "docs"
CONTROL = "dynascope-control"
SHOWING = "ShowErasuresAndSayWhoLookedAtWhat"
# Asked of oneself: it needs no permission.
FREE = {"sts:GetCallerIdentity"}
TABLES = "arn:aws:dynamodb:us-east-1:123456789012:table/"


class Asked(set[tuple[str, str]]):
    """(service:action, the ARN that it was asked of); "*" where it is the account's."""

    def of(self, *places: str) -> set[str]:
        """The actions on "control", "tables" or "account"."""
        return {action for action, arn in self if _place(arn) in places and action not in FREE}

    def beyond(self, *policies: str) -> set[tuple[str, str]]:
        """What none of these policies allows: a file, or one statement of it as file:Sid."""
        rules = [rule for name in policies for rule in _rules(*name.partition(":")[::2])]

        def is_allowed(asked: str, of: str) -> bool:
            return any(asked == action and fnmatchcase(of, arn) for action, arn in rules)

        return {(action, arn) for action, arn in self if action not in FREE and not is_allowed(action, arn)}


def _place(arn: str) -> str:
    return "account" if arn == "*" else "control" if arn == TABLES + CONTROL else "tables"


def _rules(name: str, sid: str) -> Iterator[tuple[str, str]]:
    for statement in json.loads((DOCS / name).read_text(encoding="utf-8"))["Statement"]:
        if sid in ("", statement["Sid"]):
            yield from ((action, arn) for action in _listed(statement["Action"]) for arn in _listed(statement["Resource"]))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _needed(service: str, operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """As https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html has them."""
    if operation == "TransactWriteItems":
        for action in params["TransactItems"]:
            ((kind, inner),) = action.items()
            yield f"dynamodb:{'ConditionCheckItem' if kind == 'ConditionCheck' else f'{kind}Item'}", TABLES + inner["TableName"]
    elif operation == "BatchExecuteStatement":
        for one in params["Statements"]:
            verb, table = re.fullmatch(r'(\w+) FROM "([^"]+)" .*', one["Statement"], re.DOTALL).groups()  # pyright: ignore[reportOptionalMemberAccess]
            yield f"dynamodb:PartiQL{verb.title()}", TABLES + table
    elif service == "dynamodb" and "RequestItems" in params:
        yield from ((f"dynamodb:{operation}", TABLES + table) for table in params["RequestItems"])
    elif "TableArn" in params:
        yield f"dynamodb:{operation}", TABLES + params["TableArn"].rpartition("/")[2]
    elif service == "dynamodb" and "TableName" in params:
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        yield f"dynamodb:{operation}", TABLES + params["TableName"] + index
    else:
        yield f"{service}:{operation}", "*"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Every call of every client from here on."""
    found = Asked()
    call: Callable[..., Any] = botocore.client.BaseClient._make_api_call  # pyright: ignore[reportAttributeAccessIssue]

    def heard(self: Any, operation: str, params: Mapping[str, Any]) -> Any:
        found.update(_needed(self.meta.service_model.service_name, operation, params))
        return call(self, operation, params)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", heard)
    return found


@pytest.fixture
def settings(moto_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """An account that answers on loopback, in aws mode. What it does not know it answers as a fault of its own: nobody waits for it
    to pass."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))
    for name, value in {
        "DYNASCOPE_MODE": "aws",
        "DYNASCOPE_STATE": str(tmp_path / "state"),
        "AWS_ENDPOINT_URL": moto_endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    # Below every Scan: what can be had without one is.
    (tmp_path / "dynascope.toml").write_text("scan_budget = 0.1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return load_settings()


@pytest.fixture
def sources(settings: Settings) -> Iterator[Mapping[str, Source]]:
    found = open_sources(settings)
    yield found
    for source in found.values():
        source.client.close()


def allowed(name: str) -> Mapping[str, set[str]]:
    """The actions of a policy by the name of its statement."""
    policy = json.loads((DOCS / name).read_text(encoding="utf-8"))
    assert all(statement["Effect"] == "Allow" for statement in policy["Statement"])
    return {
        statement["Sid"]: set([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        for statement in policy["Statement"]
    }


def run(*words: str) -> None:
    """A command, whatever it ends with: what counts is what it asked for."""
    with pytest.raises(SystemExit):
        raise SystemExit(cli.main(list(words)))


def message(id_: str, at: str) -> dict[str, Any]:
    own = {"tenantId": "t", "userId": "u", "id": id_, "sessionId": "s", "timestamp": at, "role": "user", "content": "Hi"}
    return {name: {"S": text} for name, text in own.items()}


def fill(sources: Mapping[str, Source]) -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    for source in sources.values():
        create_tables(source)
    own = {"tenantId": {"S": "t"}, "userId": {"S": "u"}, "createdAt": {"S": "2026-11-01T00:00:00Z"}}
    put = {
        "remo-user-data": {"user_id": {"S": "u"}, "data_type": {"S": "user_preferences"}, "data": {"M": {}}},
        "ai-agent-sessions": own | {"id": {"S": "s"}},
        "ai-agent-messages": message("m-1", "2026-11-01T00:00:00Z"),
        "ai4ai-chat-sessions": {"user_id": {"S": "u"}, "session_id": {"S": "s"}, "created_at": {"S": "2026-11-01T00:00:00Z"}},
        "ai4ai-chat-messages": {"session_id": {"S": "s"}, "timestamp": {"N": str(int(at.timestamp() * 1000))}, "content": {"S": "Hi"}},
    }
    client = next(iter(sources.values())).client
    for table, item in put.items():
        client.put_item(TableName=table, Item=item)  # pyright: ignore[reportArgumentType]


def test_reading(settings: Settings, sources: Mapping[str, Source], asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """What every page and every command reads, with a look at erasures and at the audit, and a line in it."""
    fill(sources)
    # One that no index has: only the snapshot says where it lies.
    hidden = {name: value for name, value in message("m-0", "").items() if name != "timestamp"}
    sources["ai_agent"].client.put_item(TableName="ai-agent-messages", Item=hidden)
    create_control(settings)
    with monkeypatch.context() as worker:
        worker.setenv("DYNASCOPE_ERASURE", "on")
        run("erase", "plan", "--user", "u")
    asked.clear()
    run("systems")
    for system in sources:
        run("conversations", "--system", system, "--allow-scan")
        run("conversations", "--system", system, "--user", "u")
    run("messages", "--system", "ai4ai", "--conversation", "s", "--user", "u")
    run("messages", "--system", "ai_agent", "--conversation", "s")
    run("messages", "--system", "ai_agent", "--conversation", "s", "--tenant", "t")
    run("sync")
    run("user", "--user", "u")
    run("usage")
    run("costs")
    until = datetime.now(UTC)
    for source in sources.values():
        report(source, open_cloudwatch(settings, source.place), until - timedelta(hours=3), until)
    control = Control.open(settings)
    audit = Audit(control)
    audit.write(Denied("somebody", "see_audit"))
    list(audit.entries(newest=True))
    assert len(control.jobs()) == 1
    control.close()
    run("erase", "status")
    run("audit", "verify")
    policy = allowed("iam-read.json")
    assert asked.of("control") == policy[SHOWING]
    assert asked.of("tables", "account") == set().union(*(actions for sid, actions in policy.items() if sid != SHOWING))
    assert not asked.beyond("iam-read.json")


def test_erasing(settings: Settings, sources: Mapping[str, Source], asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker by itself, with no other right: plan, deletes, check, receipt, audit, the looks afterwards, and what is cancelled."""
    monkeypatch.setenv("DYNASCOPE_ERASURE", "on")
    fill(sources)
    at = "2026-11-01T00:00:00Z"
    chat = {"conversation_id": {"S": "c"}, "user_id": {"S": "u"}, "created_at": {"S": at}}
    sources["cg"].client.put_item(TableName="cg-chatbot-conversations", Item=chat)  # pyright: ignore[reportArgumentType]
    create_control(settings)
    asked.clear()
    control = Control.open(settings)
    run("erase", "plan", "--user", "u")
    (plan,) = control.jobs()
    run("erase", "run", plan.plan_id, "--confirm", "u")
    job = control.job(plan.plan_id)
    assert (job.state, sum(row.deleted for row in job.progress)) == (State.COMPLETED, 6)
    run("erase", "status")
    run("erase", "receipt", plan.plan_id)
    monkeypatch.setattr(Watcher, "due", lambda _: (plan.plan_id,))
    run("erase", "resume")
    assert len(control.job(plan.plan_id).looks) == 1
    run("erase", "plan", "--user", "nobody")
    run("erase", "cancel", control.jobs(1)[0].plan_id)
    control.sweep()
    run("audit", "verify")
    control.close()
    assert not asked.beyond("iam-erase.json")
    policy = allowed("iam-erase.json")
    assert asked.of("control") == policy["KeepJobsAndTheAudit"]
    assert asked.of("tables", "account") == set().union(*(actions for sid, actions in policy.items() if sid != "KeepJobsAndTheAudit"))


def test_planning_and_confirming_need_no_right_to_delete(
    settings: Settings, sources: Mapping[str, Source], asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dashboard with `worker = false`, as the README gives it its rights: what it starts is another process's to do."""
    monkeypatch.setenv("DYNASCOPE_ERASURE", "on")
    fill(sources)
    create_control(settings)
    asked.clear()
    control = Control.open(load_settings())
    jobs = Jobs(Workshop(control.settings, sources, control, Audit(control)))
    for user in ("u", "nobody"):
        plan = jobs.plan(Scope(user, tuple(sources)), Actor("sam"))
        assert jobs.confirm(plan.plan_id, user, Actor("sam")).state is State.APPROVED
    assert jobs.cancel(plan.plan_id, Actor("sam")).state is State.CANCELLED
    control.close()
    assert not asked.beyond("iam-read.json", "iam-erase.json:KeepJobsAndTheAudit", "iam-erase.json:FindCopiesOfTheTables")


def create_control(settings: Settings) -> None:
    with pytest.raises(SystemExit):
        raise SystemExit(cli.main(["tables", "create", "--control"]))
    assert settings.erasure.control_table == CONTROL


def test_setting_up(settings: Settings, asked: Asked) -> None:
    """Once, by whoever may make tables: the chatbots' own where they are missing, and the control table."""
    for system in settings.places:
        run("tables", "create", "--system", system)
    create_control(settings)
    policy = allowed("iam-setup.json")
    tagging = {"dynamodb:TagResource"}  # asked for by CreateTable when it comes with tags
    assert asked.of("tables", "control", "account") | tagging == set().union(*policy.values())
    assert not asked.beyond("iam-setup.json")


def test_reading_cannot_change_a_chatbots_tables() -> None:
    writes = ("Put", "Update", "Delete", "BatchWrite", "PartiQL", "Create", "Restore", "Import", "Tag")
    for sid, actions in allowed("iam-read.json").items():
        if sid != SHOWING:
            assert not [action for action in actions if action.partition(":")[2].startswith(writes)], sid


def test_nothing_may_drop_a_table_or_write_without_a_guard() -> None:
    for name in ("iam-read.json", "iam-erase.json", "iam-setup.json"):
        actions = set[str]().union(*allowed(name).values())
        assert not actions & {"dynamodb:DeleteTable", "dynamodb:BatchWriteItem", "dynamodb:UpdateTable", "dynamodb:*", "*"}, name
    for sid, actions in allowed("iam-erase.json").items():
        if sid != "KeepJobsAndTheAudit":
            assert not actions & {"dynamodb:PutItem", "dynamodb:UpdateItem"}, sid
