"""The import rules and the few others that keep the house in order (design.md): read from the source, run nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "pages").rglob("*.py"))
SCRIPTS = [path for path in PAGES if path.parent.name != "ui" and path.name != "__init__.py"]
DATA_ACCESS = sorted((ROOT / "data_access").rglob("*.py"))
SERVER = sorted((ROOT / "server").rglob("*.py"))
ENTRIES = [ROOT / "app.py", ROOT / "asgi.py"]
# What reaches AWS or opens the snapshot: for data_access alone.
BELOW = {"boto3", "botocore", "duckdb", "deltalake", "s3transfer"}
HTML = {"html", "iframe", "components"}
CACHES = {"cache_data", "cache_resource"}
# Also those of functools: what they keep belongs to the whole process.
KEEPERS = {"cache", "lru_cache", "cached_property"}
GROWING = {"append", "add", "update", "setdefault", "extend", "insert", "pop", "popitem", "remove", "discard", "clear", "appendleft"}
LOADERS = sorted((ROOT / "pages" / "ui").glob("load*.py"))
# What the server needs of the pages: the list of them, whether anybody may be served, the worker of erasures, how a failure is shown.
SERVED = {"pages.ui", "pages.ui.registry", "pages.ui.rules", "pages.ui.erasure_desk", "pages.ui.notices", "pages.ui.unexpected"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), path.name)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it, with the names of `from package import module`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def starts(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("path", [*PAGES, *SERVER, *ENTRIES], ids=name)
def test_pages_reach_aws_through_data_access_only(path: Path) -> None:
    assert not {module for module in imports(path) if module.split(".")[0] in BELOW}


@pytest.mark.parametrize("path", DATA_ACCESS, ids=name)
def test_data_access_knows_no_page(path: Path) -> None:
    assert not {module for module in imports(path) if module.split(".")[0] in {"streamlit", "starlette", "pages", "server", "app", "asgi"}}


@pytest.mark.parametrize("path", [*PAGES, ROOT / "app.py"], ids=name)
def test_no_page_knows_the_server(path: Path) -> None:
    """The pages run without it, too."""
    assert not {module for module in imports(path) if module.split(".")[0] in {"server", "asgi", "starlette"}}


@pytest.mark.parametrize("path", SERVER, ids=name)
def test_the_server_knows_little_of_the_pages(path: Path) -> None:
    assert {
        module for module in imports(path) if module.split(".")[0] in {"pages", "app", "asgi"} and not starts(module, "pages.ui.registry")
    } <= SERVED


def test_the_server_is_put_together_in_one_short_file() -> None:
    text = (ROOT / "asgi.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 70
    assert not [
        node for node in ast.walk(tree(ROOT / "asgi.py")) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]


@pytest.mark.parametrize("path", [*PAGES, *ENTRIES], ids=name)
def test_no_page_imports_another(path: Path) -> None:
    sections = {folder.name for folder in (ROOT / "pages").iterdir() if folder.is_dir()} - {"ui", "__pycache__"}
    assert not {module for module in imports(path) for section in sections if starts(module, f"pages.{section}")}


@pytest.mark.parametrize("path", [*PAGES, *DATA_ACCESS, *SERVER, *ENTRIES], ids=name)
def test_nothing_imports_the_command_line(path: Path) -> None:
    if path != ROOT / "data_access" / "__main__.py":
        assert not {module for module in imports(path) if starts(module, "data_access.cli")}


def test_no_script_lies_directly_under_pages() -> None:
    """Streamlit's old router would serve it without app.py, and so without asking who is there, on a cold process."""
    assert [path.name for path in (ROOT / "pages").glob("*.py")] == ["__init__.py"]


def test_the_entry_script_is_short_and_always_navigates() -> None:
    text = (ROOT / "app.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    assert "st.navigation(" in text
    assert "st.stop(" not in text
    calls = [
        node.func.attr for node in ast.walk(tree(ROOT / "app.py")) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    assert "html" not in calls


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_page_asks_who_is_there_before_it_reads(path: Path) -> None:
    first = next(node for node in tree(path).body if isinstance(node, ast.Expr | ast.Assign) and isinstance(node.value, ast.Call))
    assert ast.unparse(first.value).startswith("access.require(")


@pytest.mark.parametrize("path", [*PAGES, *SERVER, *ENTRIES], ids=name)
def test_only_the_loaders_cache(path: Path) -> None:
    used = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute) and node.attr in CACHES}
    assert bool(used) == (path in LOADERS)


@pytest.mark.parametrize("path", LOADERS, ids=name)
def test_what_is_cached_is_of_one_session(path: Path) -> None:
    """Rows of people are kept for one session, for a time, in small number. What everybody shares is named here, with its type."""
    of_the_process = {
        "settings": "Settings",
        "_open": "_Opened",
        "keeper": "Keeper",
        "price_book": "PriceBook",
        "generation": "str",
        "_control": "Control",
    }
    # Sizes, counts and dollars of tables: nothing of anybody.
    of_everybody = {
        "_health": "tuple[TableHealth, ...]",
        "_observed": "Observed",
        "_growth": "Growth",
        "_advice": "Advised",
        "_capacity": "CapacityReport",
        "_prefilled": "Prefilled | None",
    }
    decorators: list[ast.expr] = []
    nodes = list(ast.walk(tree(path)))
    for node in nodes:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if not (isinstance(called, ast.Attribute) and called.attr in CACHES):
                continue
            decorators.append(called)
            assert node.returns is not None, node.name
            returned = ast.unparse(node.returns)
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in decorator.keywords} if isinstance(decorator, ast.Call) else {}
            assert "persist" not in given, node.name
            assert None not in given, f"{node.name}: what is not written here cannot be checked"
            if of_the_process.get(node.name) == returned:
                continue
            assert {"ttl", "max_entries"} <= given.keys(), node.name
            assert of_everybody.get(node.name) == returned or given.get("scope") == "'session'", node.name
    cleared = [node.value for node in nodes if isinstance(node, ast.Attribute) and node.attr == "clear"]
    used = [node for node in nodes if isinstance(node, ast.Attribute) and node.attr in CACHES and node not in cleared]
    assert len(used) == len(decorators), "a cache that is no decorator escapes this rule"


@pytest.mark.parametrize("path", [*PAGES, *SERVER, *ENTRIES], ids=name)
def test_nothing_is_kept_for_everybody_by_another_way(path: Path) -> None:
    """No cache of functools but of what is the same for everybody, no cache by another name, and no list or table that grows."""
    module = tree(path)
    assert not {one for one in imports(path) if one.startswith("streamlit") and one.split(".")[-1] in CACHES}
    keeping = {
        node.name
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(word in KEEPERS for decorator in node.decorator_list for word in re.findall(r"\w+", ast.unparse(decorator)))
    }
    assert keeping <= {"_zones", "_renderer", "settings"} or path in LOADERS
    # A script's own names begin anew at every run, and tasks are found again by an id that only their session has.
    shared = (
        set()
        if path in [*SCRIPTS, ROOT / "app.py"]
        else {
            target.id
            for node in module.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict | ast.List | ast.Set | ast.Call)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name) and (path.stem, target.id) != ("person_tasks", "_tasks")
        }
    )
    for node in ast.walk(module):
        assert not isinstance(node, ast.Global), f"line {node.lineno}"
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del) and isinstance(node.value, ast.Name):
            assert node.value.id not in shared, f"line {node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            assert node.func.value.id not in shared or node.func.attr not in GROWING, f"line {node.lineno}"


@pytest.mark.parametrize("path", [*PAGES, *SERVER, *ENTRIES], ids=name)
def test_no_raw_html(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.keyword):
            assert node.arg not in {"unsafe_allow_html", "unsafe_allow_javascript"}
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "st":
            assert node.attr not in HTML, f"line {node.lineno}"


@pytest.mark.parametrize("path", [*PAGES, *DATA_ACCESS, *SERVER, *ENTRIES], ids=name)
def test_modules_say_what_they_are_and_stay_short(path: Path) -> None:
    module = tree(path)
    if module.body:
        assert ast.get_docstring(module)
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 330
    assert path.stem not in {"utils", "helpers", "common", "misc"}
