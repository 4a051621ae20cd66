"""No delete without a guard anywhere in the source, read from the source: what is allowed is named here.

A delete of a chatbot's item goes through statements.py, which makes no request without a Guard. Everything else that could delete
an item is refused, unless it is one of the few that delete what is Dynascope's own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [path for folder in ("data_access", "pages", "server") for path in sorted((ROOT / folder).rglob("*.py"))] + [
    ROOT / "app.py",
    ROOT / "asgi.py",
]
STATEMENTS = "data_access/erasure/statements.py"
# What may name an operation that can delete without a condition, and why.
ALLOWED: Mapping[str, str] = {
    "data_access/local/sample/store.py": "fills the local tables: puts only",
    "data_access/erasure/records.py": "the control table's own rows, each with a condition that `remove` and the moves give",
    "data_access/erasure/deleter.py": "sends what statements.py made",
    STATEMENTS: "makes every guarded delete",
}
# Names by which a client, a resource or a transaction deletes items. delete_table and delete_item of anything else have no business here.
DELETING = {"delete_item", "batch_write_item", "batch_writer", "transact_write_items", "batch_execute_statement", "execute_statement"}
DELETING |= {"execute_transaction", "delete_table", "DeleteRequest"}
FREE = {"delete_table", "DeleteRequest", "batch_writer", "execute_statement", "execute_transaction"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def words(source: str) -> Iterator[tuple[int, str]]:
    """Every attribute, name, argument and text of a module, docstrings aside."""
    tree = ast.parse(source)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def problems(source: str, file: str) -> list[str]:
    """Why this source could delete an item that no guard speaks for."""
    found: list[str] = []
    for line, word in words(source):
        if word in FREE or (word in DELETING and file not in ALLOWED):
            found.append(f"{file}:{line}: {word}")
        if word.strip().upper().startswith("DELETE FROM") and file not in {STATEMENTS, *DUCKDB}:
            found.append(f"{file}:{line}: a PartiQL delete")
        if word == "Delete" and file not in {STATEMENTS, *CONTROL, ADVICE}:
            found.append(f"{file}:{line}: a Delete of a transaction")
    return found


# Prints a command that deletes an index; it sends nothing.
ADVICE = "data_access/costs/advice/commands.py"
# Statements of DuckDB, on tables of its own that are being put together.
DUCKDB = ("data_access/snapshot/finish.py", "data_access/snapshot/weave.py")
# Where the control table's rows are deleted: as Action("Delete", …), which records.py sends.
CONTROL = ("data_access/erasure/records.py", "data_access/erasure/control_moves.py")


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_nothing_deletes_but_what_is_allowed(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8"), name(path)) == []


def test_the_sample_only_puts() -> None:
    text = (ROOT / "data_access/local/sample/store.py").read_text(encoding="utf-8")
    assert "PutRequest" in text
    assert "DeleteRequest" not in text


def test_every_delete_of_the_control_table_has_a_condition() -> None:
    """Action("Delete", pk, sk) without `condition=` would be one."""
    for file in (ROOT / "data_access").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) != "Action" or not node.args:
                continue
            operation = node.args[0]
            is_delete = isinstance(operation, ast.Constant) and operation.value == "Delete"
            if not is_delete:
                continue
            given = {keyword.arg for keyword in node.keywords}
            assert "condition" in given or _is_of_the_list(node), f"{name(file)}:{node.lineno}"


def _is_of_the_list(node: ast.Call) -> bool:
    """The list of open jobs, in a transaction whose first action has the job's own condition."""
    return ast.unparse(node.args[1]) == "OPEN"


def functions() -> Mapping[str, ast.FunctionDef]:
    tree = ast.parse((ROOT / STATEMENTS).read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_statement_names_the_conditions_of_a_guard() -> None:
    """The one text of a PartiQL delete is made of the key and of the guard's conditions, in a WHERE."""
    made = functions()
    texts = {name(file) for file in SOURCES for _, word in words(file.read_text(encoding="utf-8")) if word.startswith("DELETE FROM")}
    assert texts - set(DUCKDB) == {STATEMENTS}
    for file in DUCKDB:
        assert not {word for _, word in words((ROOT / file).read_text(encoding="utf-8"))} & DELETING
    assert " WHERE " in ast.unparse(made["_text"])
    assert "_conditions(key)" in ast.unparse(made["statement"])
    assert "conditions" in ast.unparse(made["_text"].args)
    assert any(isinstance(node, ast.Raise) for node in ast.walk(made["_conditions"]))


def test_every_single_delete_has_a_condition_and_every_transaction_a_check() -> None:
    made = functions()
    single = ast.unparse(made["single"])
    assert "_conditions(key)" in single
    assert "asked.request(" in single
    assert "'ReturnValuesOnConditionCheckFailure': 'ALL_OLD'" in single
    transaction = ast.unparse(made["transaction"])
    assert transaction.index("'ConditionCheck'") < transaction.index("'Delete'")
    assert "parent_check" in transaction
    assert "raise _unguarded()" in transaction


@pytest.mark.parametrize("call", ["delete_item", "transact_write_items", "batch_execute_statement"])
def test_what_is_sent_comes_from_statements(call: str) -> None:
    """deleter.py names the operations and takes every request from the functions above."""
    tree = ast.parse((ROOT / "data_access/erasure/deleter.py").read_text(encoding="utf-8"))
    asked = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "self._sending.ask"]
    mine = [node for node in asked if isinstance(node.args[0], ast.Constant) and node.args[0].value == call]
    assert len(mine) == 1
    maker = {"delete_item": "single(", "transact_write_items": "transaction(", "batch_execute_statement": "statement("}[call]
    function = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and mine[0] in list(ast.walk(node)))
    assert maker in ast.unparse(function)


@pytest.mark.parametrize(
    "source",
    [
        "client.delete_item(TableName='t', Key=key)",
        "with table.batch_writer() as writer:\n    writer.delete_item(Key=key)",
        "client.batch_write_item(RequestItems={'t': [{'DeleteRequest': {'Key': key}}]})",
        "client.execute_statement(Statement='DELETE FROM \"t\" WHERE id = ?')",
        "text = f'delete from {table} where id = ?'",
        "client.transact_write_items(TransactItems=[{'Delete': {'TableName': 't', 'Key': key}}])",
        "getattr(client, 'delete_item')(TableName='t', Key=key)",
        "client.delete_table(TableName='t')",
    ],
)
def test_the_test_itself_finds_each_way(source: str) -> None:
    assert problems(source, "data_access/somewhere.py")
