"""The import rules and the few others that keep the house in order (design.md): read from the source, run nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "pages").rglob("*.py"))
SCRIPTS = [path for path in PAGES if path.parent.name != "ui" and path.name != "__init__.py"]
DATA_ACCESS = sorted((ROOT / "data_access").rglob("*.py"))
ENTRIES = [ROOT / "app.py", ROOT / "asgi.py"]
# What reaches AWS or opens the snapshot: for data_access alone.
BELOW = {"boto3", "botocore", "duckdb", "deltalake", "s3transfer"}
HTML = {"html", "iframe", "components"}
CACHES = {"cache_data", "cache_resource"}
LOADERS = [ROOT / "pages" / "ui" / f"{module}.py" for module in ("load", "load_snapshot", "load_costs", "load_people")]


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


@pytest.mark.parametrize("path", [*PAGES, ROOT / "app.py"], ids=name)
def test_pages_reach_aws_through_data_access_only(path: Path) -> None:
    assert not {module for module in imports(path) if module.split(".")[0] in BELOW}


@pytest.mark.parametrize("path", DATA_ACCESS, ids=name)
def test_data_access_knows_no_page(path: Path) -> None:
    assert not {module for module in imports(path) if module.split(".")[0] in {"streamlit", "pages", "app"}}


@pytest.mark.parametrize("path", [*PAGES, *ENTRIES], ids=name)
def test_no_page_imports_another(path: Path) -> None:
    sections = {folder.name for folder in (ROOT / "pages").iterdir() if folder.is_dir()} - {"ui", "__pycache__"}
    assert not {module for module in imports(path) for section in sections if starts(module, f"pages.{section}")}


@pytest.mark.parametrize("path", [*PAGES, *DATA_ACCESS, *ENTRIES], ids=name)
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


@pytest.mark.parametrize("path", [*PAGES, *ENTRIES], ids=name)
def test_only_the_loaders_cache(path: Path) -> None:
    used = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute) and node.attr in CACHES}
    assert bool(used) == (path in LOADERS)


@pytest.mark.parametrize("path", LOADERS, ids=name)
def test_what_is_cached_has_an_end(path: Path) -> None:
    """What belongs to people: of one session, for a time, in small number. What belongs to the process is named here."""
    of_the_process = {"settings", "_open", "keeper", "price_book", "generation", "_control"}
    # Sizes, counts and dollars of tables: nothing of anybody.
    of_everybody = {"health", "_observed", "_growth", "_advice", "_capacity"}
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.FunctionDef) or node.name in of_the_process:
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and decorator.func.attr in CACHES:
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in decorator.keywords}
                assert {"ttl", "max_entries"} <= given.keys(), node.name
                assert given.get("scope") == "'session'" or node.name in of_everybody, node.name
                assert "persist" not in given, node.name


@pytest.mark.parametrize("path", [*PAGES, *ENTRIES], ids=name)
def test_no_raw_html(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.keyword):
            assert node.arg not in {"unsafe_allow_html", "unsafe_allow_javascript"}
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "st":
            assert node.attr not in HTML, f"line {node.lineno}"


@pytest.mark.parametrize("path", [*PAGES, *DATA_ACCESS, *ENTRIES], ids=name)
def test_modules_say_what_they_are_and_stay_short(path: Path) -> None:
    module = tree(path)
    if module.body:
        assert ast.get_docstring(module)
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 330
    assert path.stem not in {"utils", "helpers", "common", "misc"}
