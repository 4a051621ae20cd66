"""Stored text reaches the screen through pages/ui/untrusted.py and in no other way: read from the source of every page.

Streamlit takes labels, titles, tooltips and messages as Markdown: an image in them is fetched by the browser of whoever looks. So
what is handed to such a place is text of the program, a number with its format, or comes from the one module that escapes.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import streamlit as st

from tests.provenance import Escaped, Module, Parameter, Project, Scope, Sources, Unknown, handed, load, own, read

ROOT = Path(__file__).resolve().parents[1]
RENDERER = "pages.ui.untrusted"
# The functions that make text harmless: False for Markdown, True for where text is shown as it is.
ESCAPES = {
    "pages.ui.rewrite.escape": False,
    "pages.ui.rewrite.code": False,
    f"{RENDERER}.title": False,
    "pages.ui.marked.snippet": False,
    "pages.ui.hidden.reveal": True,
    "pages.ui.hidden.reveal_json": True,
    "data_access.file_names.safe_name": True,
    "data_access.export.file_name": True,  # of safe_name's
    "json.dumps": True,  # ASCII, as long as nobody asks for anything else
}
# What is not text of the program and harmless all the same: the file, the expression, and why.
ALLOWED: Mapping[tuple[str, str], str] = {
    ("pages/ui/cost_talks.py", "found.how"): "sentences of data_access itself, kept beside its numbers",
    ("pages/ui/view_menu.py", "name('md')"): "the replay hands over export.file_name",
    ("pages/ui/view_menu.py", "name('json')"): "the replay hands over export.file_name",
    ("pages/ui/person_export.py", "made.token"): "made by the vault: random letters and digits",
    ("pages/ui/behind_words.py", "wanted.zone"): "ZoneInfo has taken it: a name of the tz database",
    ("pages/ui/at.py", "listed.page.title"): "a page of the registry",
    (
        "pages/ui/transcript.py",
        "urlencode({**view.link, 'message': message.position}, quote_via=quote, safe='')",
    ): "letters, digits, - . _ ~ and % alone; nothing of them ends a link",
}

# Parameters that Streamlit reads as Markdown, and those whose text it shows as it is.
MARKDOWN = {
    "body",
    "label",
    "help",
    "text",
    "title",
    "name",
    "avatar",
    "icon",
    "delta",
    "captions",
    "tabs",
    "delta_description",
    "validate",
    "url",
}
PLAIN = {"placeholder", "alt", "page_title", "file_name"}
BARE = {"text", "code"}  # functions whose body is shown as it is
CHOICES = {"radio", "pills", "segmented_control"}  # their options are Markdown, those of other choices are text
OPTIONS = {"options", "format_func"}
INERT = {
    # The cells of a table go through `table`, its columns are looked at where they are made.
    *("column_config", "column_order", "hide_index", "selection_default"),
    *("key", "width", "height", "gap", "border", "type", "disabled", "expanded", "horizontal", "vertical_alignment", "wrap", "step"),
    *("horizontal_alignment", "on_click", "on_change", "on_select", "args", "kwargs", "value", "default", "index", "max_chars", "anchors"),
    *("autocomplete", "bind", "persist_state", "required", "label_visibility", "shortcut", "color", "text_alignment", "wrap_lines"),
    *("language", "anchor", "divider", "icon_position", "min_value", "max_value", "format", "clear_on_submit", "enter_to_submit", "state"),
    *("delta_color", "delta_arrow", "chart_data", "chart_type", "filter_mode", "accept_new_options", "max_selections", "selection_mode"),
    *("show_time", "columns", "spec", "min_column_width", "dense", "row_height", "num_pages", "max_visible_pages", "page", "query_params"),
    *("data", "mime", "config", "theme", "figure_or_data", "pinned", "alignment", "options", "run_every", "scope"),
    *("autoscroll", "use_container_width", "dismissible", "position", "on_dismiss", "line_numbers", "select_all", "column_span"),
    *(
        "timezone",
        "image",
        "size",
        "link",
        "icon_image",
        "layout",
        "page_icon",
        "pages",
        "url_path",
        "visibility",
        "func",
        "parallel",
        "live",
        "provider",
    ),
}
# What a page may call at all. Not among them: write, table, html, image, json, toast and the rest that take whatever they get.
CALLED = {
    *("badge", "bottom", "button", "caption", "chat_message", "code", "columns", "container", "date_input", "dialog", "divider", "error"),
    *("expander", "form", "form_submit_button", "fragment", "grid", "header", "info", "link_button", "logo", "markdown", "metric", "login"),
    *(
        "multiselect",
        "navigation",
        "number_input",
        "Page",
        "page_link",
        "pagination",
        "plotly_chart",
        "popover",
        "progress",
        "radio",
        "logout",
    ),
    *("rerun", "segmented_control", "selectbox", "set_page_config", "skeleton", "spinner", "status", "stop", "subheader", "success"),
    *("switch_page", "tabs", "text", "text_area", "text_input", "title", "toggle", "warning", "download_button", "empty"),
    *("get_option", "sidebar", "checkbox", "pills"),
}
HELD = {"session_state", "query_params", "context", "user", "secrets", "bottom", "sidebar", "column_config"}
COLUMNS = {
    *("BarChartColumn", "ButtonColumn", "CheckboxColumn", "Column", "DateColumn", "DatetimeColumn", "LineChartColumn", "ListColumn"),
    *("MultiselectColumn", "NumberColumn", "ProgressColumn", "TextColumn", "AreaChartColumn", "SelectboxColumn", "TimeColumn"),
}
# Names of elements that other objects have methods of, too.
AMBIGUOUS = {
    "header",
    "title",
    "text",
    "code",
    "write",
    "table",
    "status",
    "json",
    "image",
    "error",
    "warning",
    "info",
    "success",
    "form",
    "empty",
}
ELEMENTS = {name for name in dir(st) if callable(getattr(st, name)) and not name.startswith("_")} - {
    "Page",
    "stop",
    "rerun",
    "switch_page",
    "get_option",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A place where text reaches the screen on another way."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


@dataclass(frozen=True, slots=True)
class Sink:
    """An argument that is shown. `plain`: as it is, not as Markdown."""

    value: ast.expr
    plain: bool
    options: ast.expr | None = None  # what a format_func is given


class Reader:
    """Looks at every call of a project."""

    def __init__(self, project: Project, watched: list[Module]) -> None:
        self.project = project
        self.watched = watched
        self.found: dict[Finding, None] = {}
        self.derived: dict[tuple[tuple[str, str], str, str], bool] = {}

    def all(self) -> list[Finding]:
        """Once over the calls of Streamlit; then over the calls of those functions that hand a parameter on to it, as often as needed."""
        for module in self.watched:
            self._names(module)
        for scope, call in self._calls():
            for sink in self._sinks(call, scope):
                self._look(sink, call, scope)
        seen: object = None
        while seen != self.derived:
            seen = dict(self.derived)
            for scope, call in self._calls():
                self._handed_on(call, scope)
        self._values()
        return list(self.found)

    def _calls(self) -> Iterator[tuple[Scope, ast.Call]]:
        for module in self.watched:
            for scope in self.project.every_scope(module):
                yield from ((scope, node) for node in own(scope.node) if isinstance(node, ast.Call))

    def _say(self, scope: Scope, node: ast.AST, what: str) -> None:
        self.found[Finding(scope.module.path, getattr(node, "lineno", 0), what)] = None

    # Which calls show something

    def _sinks(self, call: ast.Call, scope: Scope) -> Iterator[Sink]:
        named = self.project.dotted(call.func, scope) or ""
        if named in {f"{RENDERER}.table", f"{RENDERER}.text"}:
            for keyword in call.keywords:
                if keyword.arg not in INERT:
                    yield Sink(keyword.value, plain=keyword.arg in {*PLAIN, "words"})
        elif named.startswith("streamlit.column_config.") or self._column(call, scope):
            yield from self._of_column(call)
        elif named.startswith(("streamlit.sidebar.", "streamlit.bottom.")) or (
            named.startswith("streamlit.") and named.count(".") == 1 and not named.startswith("streamlit.cache_")
        ):
            yield from self._of_element(named.split(".")[-1], call, scope)
        elif isinstance(call.func, ast.Attribute) and not named and call.func.attr in ELEMENTS:
            container = self._is_container(call.func.value, scope)
            if container or call.func.attr in CALLED - AMBIGUOUS:
                yield from self._of_element(call.func.attr, call, scope)

    def _is_container(self, node: ast.expr, scope: Scope) -> bool:
        if isinstance(node, ast.Name):
            inner: Scope | None = scope
            while inner is not None:
                if node.id in inner.parameters:
                    annotation = inner.parameters[node.id].annotation
                    return annotation is not None and "DeltaGenerator" in ast.unparse(annotation)
                if node.id in inner.values:
                    return any(self._makes_container(value, inner) for value in inner.values[node.id])
                inner = inner.outer
            return False
        return self._makes_container(node, scope)

    def _makes_container(self, node: ast.expr, scope: Scope) -> bool:
        return any(
            (self.project.dotted(one, scope) or "").startswith("streamlit.")
            or (isinstance(one, ast.Attribute) and one.attr in {"container", "cell"})
            for one in ast.walk(node)
            if isinstance(one, ast.Attribute)
        )

    def _column(self, call: ast.Call, scope: Scope) -> bool:
        """A call of `number = partial(st.column_config.NumberColumn, …)`."""
        if not isinstance(call.func, ast.Name):
            return False
        if call.func.id == "partial" and call.args:
            return (self.project.dotted(call.args[0], scope) or "").startswith("streamlit.column_config.")
        inner: Scope | None = scope
        while inner is not None:
            if call.func.id in inner.values:
                return any(isinstance(one, ast.Call) and self._column(one, inner) for one in inner.values[call.func.id])
            inner = inner.outer
        return False

    @staticmethod
    def _of_column(call: ast.Call) -> Iterator[Sink]:
        for keyword in call.keywords:
            if keyword.arg in {"help", None}:
                yield Sink(keyword.value, plain=False)
            elif keyword.arg == "label":
                yield Sink(keyword.value, plain=True)
        first = call.args[1:2] if isinstance(call.func, ast.Name) and call.func.id == "partial" else call.args[:1]
        yield from (Sink(one, plain=True) for one in first)

    def _of_element(self, name: str, call: ast.Call, scope: Scope) -> Iterator[Sink]:
        if name not in CALLED:
            self._say(scope, call, f"no page calls st.{name}")
            return
        made = getattr(st, name)
        names = list(inspect.signature(made).parameters) if callable(made) else []
        given: dict[str, ast.expr] = {}
        for place, one in enumerate(call.args):
            if isinstance(one, ast.Starred) or place >= len(names):
                self._say(scope, call, f"st.{name} gets arguments that cannot be told apart")
                return
            given[names[place]] = one
        for keyword in call.keywords:
            if keyword.arg is None:
                yield Sink(keyword.value, plain=False)
            else:
                given[keyword.arg] = keyword.value
        for one, value in given.items():
            if one in OPTIONS and name in {*CHOICES, "selectbox", "multiselect"}:
                if one == "format_func" or "format_func" not in given:
                    yield Sink(value, name not in CHOICES, given.get("options") if one == "format_func" else None)
            elif one in MARKDOWN or (name == "metric" and one == "value"):
                yield Sink(value, plain=name in BARE and one == "body")
            elif one in PLAIN:
                yield Sink(value, plain=True)
            elif one not in INERT:
                self._say(scope, call, f"what is st.{name}({one}=…)? Say in this test whether it is shown")

    # What they are given

    def _look(self, sink: Sink, call: ast.Call, scope: Scope) -> None:
        sources = self.project.sources(sink.value, scope)
        if sink.options is not None:
            target = self.project.function(sink.value, scope)
            lambdas = scope.functions.get(f"<lambda {sink.value.lineno}:{sink.value.col_offset}>")
            own_name = target or lambdas
            if own_name is not None:
                mine = (own_name.module.name, own_name.name)
                if any(isinstance(one, Parameter) and one.function == mine for one in sources):
                    rest = {one for one in sources if not (isinstance(one, Parameter) and one.function == mine)}
                    sources = frozenset(rest) | self.project.sources(sink.options, scope)
        self._judge(sources, sink, call, scope)

    def _judge(self, sources: Sources, sink: Sink, call: ast.Call, scope: Scope) -> None:
        for one in sources:
            match one:
                case Parameter():
                    key = (one.function, one.name, one.part)
                    self.derived[key] = self.derived.get(key, True) and sink.plain
                case Escaped(plain=True) if not sink.plain:
                    self._say(scope, call, f"{_short(sink.value)}: only its invisible characters are escaped, and this is Markdown")
                case Unknown():
                    self._say(scope, call, f"{_short(sink.value)}: {one.words}")
                case _:
                    pass

    def _handed_on(self, call: ast.Call, scope: Scope) -> None:
        function, real = call.func, call
        if isinstance(function, ast.Name) and function.id == "partial" and call.args:
            real = ast.Call(call.args[0], call.args[1:], call.keywords)
        for target, made in self._targets(real, scope):
            for (owner, name, part), plain in list(self.derived.items()):
                if owner == (target.module.name, target.name):
                    for value in handed(target, made, name, INERT):
                        sources = self.project.half(value, part, scope) if part else self.project.sources(value, scope)
                        self._judge(sources, Sink(value, plain), call, scope)

    def _targets(self, call: ast.Call, scope: Scope) -> Iterator[tuple[Scope, ast.Call]]:
        """What a call may call: a function, or each method of that name, whosever it is."""
        target = self.project.function(call.func, scope)
        if target is not None:
            yield target, call
        elif isinstance(call.func, ast.Attribute) and self.project.dotted(call.func, scope) is None:
            for method in self.project.methods.get(call.func.attr, ()):
                yield method, ast.Call(call.func, [call.func.value, *call.args], call.keywords)

    def _values(self) -> None:
        """A function that shows what it is given is called by its name: passed on, nobody sees what it is called with."""
        showing = {owner for owner, _, _ in self.derived}
        for module in self.watched:
            called: set[int] = set()
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    called.add(id(node.func))
                    if isinstance(node.func, ast.Name) and node.func.id == "partial" and node.args:
                        called.add(id(node.args[0]))
                    # Of a choice, it is called with the options: `_look` has seen to that.
                    called |= {id(keyword.value) for keyword in node.keywords if keyword.arg == "format_func"}
            for scope in self.project.every_scope(module):
                for node in own(scope.node):
                    if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in called:
                        target = self.project.function(node, scope)
                        if target is not None and (target.module.name, target.name) in showing:
                            self._say(scope, node, f"{ast.unparse(node)} shows what it is given, and is handed on as a value")

    # Other ways around

    def _names(self, module: Module) -> None:
        scope = self.project.scopes[module.name]
        called = {id(node.func) for node in ast.walk(module.tree) if isinstance(node, ast.Call)}
        inside = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)}
        decorators = {id(one) for node in ast.walk(module.tree) for one in getattr(node, "decorator_list", [])}
        partials = {
            id(node.args[0])
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "partial" and node.args
        }
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and node.module == "streamlit" and {alias.name for alias in node.names} & ELEMENTS:
                self._say(scope, node, "elements are called as st.…, so that this test sees them")
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "getattr"
                and ast.unparse(node.args[0]) == "st"
            ):
                self._say(scope, node, "elements are called by their name")
            if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name | ast.Attribute):
                continue
            named = ast.unparse(node)
            if named.startswith("st.column_config.") and node.attr not in COLUMNS:
                self._say(scope, node, f"no data in a {node.attr}")
            free = id(node) not in called | inside | decorators
            element = named == f"st.{node.attr}" and node.attr in ELEMENTS and node.attr not in HELD
            if element and free and id(node) not in partials:
                self._say(scope, node, f"{named} is handed on as a value: nobody sees what it is called with")


def _short(node: ast.expr) -> str:
    words = ast.unparse(node)
    return words if len(words) <= 100 else f"{words[:99]}…"


@cache
def modules() -> dict[str, Module]:
    files = [path for folder in ("pages", "data_access", "server") for path in sorted((ROOT / folder).rglob("*.py"))]
    return load(ROOT, [*files, ROOT / "app.py"])


def shown(extra: Module | None = None, *, allowed: Mapping[tuple[str, str], str] = ALLOWED) -> tuple[list[Finding], set[tuple[str, str]]]:
    """The findings in all pages, or in one planted module beside them; and what of the allow-list was needed."""
    every = modules() if extra is None else {**modules(), extra.name: extra}
    project = Project(every, escapes=ESCAPES, allowed=allowed)
    watched = [module for name, module in every.items() if (name.startswith("pages") or name == "app") and name != RENDERER]
    return Reader(project, watched if extra is None else [extra]).all(), project.used


def test_stored_text_reaches_the_screen_on_one_way() -> None:
    found, used = shown()
    assert not found, "\n".join(map(str, found))
    assert used == set(ALLOWED), "the allow-list names what is no longer there"


def of(source: str) -> list[Finding]:
    """What is found in a page of these lines, beside the renderer and a few others."""
    beside = {
        name: module for name, module in modules().items() if name in {RENDERER, "pages.ui.rewrite", "pages.ui.hidden", "pages.ui.times"}
    }
    head = "import streamlit as st\nfrom functools import partial\nfrom pages.ui import times, untrusted\n"
    head += "from pages.ui.untrusted import code, escape, reveal\n"
    planted = read("pages.ui.planted", "pages/ui/planted.py", head + source)
    return Reader(Project({**beside, planted.name: planted}, escapes=ESCAPES), [planted]).all()


@pytest.mark.parametrize(
    "source",
    [
        "def show(one):\n    st.markdown(one.title)",
        "def show(one):\n    st.markdown(f'**{one.title}**')",
        "def show(one):\n    st.markdown('a %s' % one.title)",
        "def show(one):\n    st.markdown('{}'.format(one.title))",
        "def show(one):\n    st.markdown('a' + one.title)",
        "def show(one):\n    st.markdown(', '.join(one.tools))",
        "def show(one):\n    st.markdown(', '.join(escape(a) + b for a, b in one.pairs))",
        "def show(one):\n    st.caption('x', help=one.title)",
        "def show(one):\n    st.error(one.title)",
        "def show(one):\n    st.title(one.title)\n    st.header('x')",
        "def show(one):\n    st.metric('Messages', one.title)",
        "def show(one):\n    st.metric('Messages', 1, delta=one.title)",
        "def show(one):\n    st.button(one.title)",
        "def show(one):\n    st.button('Open', icon=one.icon)",
        "def show(one):\n    st.expander(one.title)",
        "def show(one):\n    st.tabs([one.title])",
        "def show(one):\n    st.radio('Which', [one.title])",
        "def show(one):\n    st.radio('Which', one.all, format_func=lambda x: x)",
        "def show(one):\n    st.pills('Which', ['a'], format_func=one.names.get)",
        "def show(one):\n    st.selectbox('Which', one.all)",
        "def show(one):\n    st.selectbox(one.title, ['a'])",
        "def show(one):\n    st.multiselect('Which', [one.title])",
        "def show(one):\n    st.text(one.title)",
        "def show(one):\n    st.code(one.title)",
        "def show(one):\n    st.markdown(reveal(one.title))",
        "def show(one):\n    st.markdown(escape(one.title)[:10])",
        "def show(one):\n    st.markdown(escape(one.title).replace('\\\\', ''))",
        "def show(one):\n    st.markdown(escape(one.title).split('x')[0])",
        "def show(one):\n    st.markdown(escape(one.title).encode().decode())",
        "def show(one):\n    st.page_link('a.py', label=one.title)",
        "def show(one):\n    st.link_button('a', 'b', help=one.title)",
        "def show(one):\n    st.link_button('a', one.url)",
        "def show(one):\n    st.chat_message(one.role)",
        "def show(one):\n    st.chat_message('user', avatar=one.url)",
        "def show(one):\n    st.popover(one.title)",
        "def show(one):\n    st.spinner(one.title)",
        "def show(one):\n    st.status(one.title)",
        "def show(one):\n    st.badge(one.title)",
        "def show(one):\n    st.progress(1, text=one.title)",
        "def show(one):\n    st.dialog(one.title)(print)()",
        "def show(one):\n    st.write(1)",
        "def show(one):\n    st.table({})",
        "def show(one):\n    st.html('x')",
        "def show(one):\n    st.image('x')",
        "def show(one):\n    st.toast('x')",
        "def show(one):\n    st.json({})",
        "def show(one):\n    st.dataframe({})",
        "def show(one):\n    st.exception(one)",
        "def show(one):\n    st.column_config.LinkColumn()",
        "def show(one):\n    st.column_config.ImageColumn()",
        "def show(one):\n    st.column_config.MarkdownColumn()",
        "def show(one):\n    st.column_config.TextColumn('a', help=one.title)",
        "def show(one):\n    st.column_config.TextColumn(one.title)",
        "def show(one):\n    number = partial(st.column_config.NumberColumn, width=3)\n    number('a', help=one.title)",
        "def show(one):\n    left, right = st.columns(2)\n    right.markdown(one.title)",
        "def show(one):\n    slot = st.container()\n    slot.title(one.title)",
        "def show(one):\n    slot = st.container()\n    slot.write('x')",
        "def show(one):\n    st.sidebar.caption(one.title)",
        "def show(one):\n    draw = st.caption if one else st.markdown\n    draw(one.title)",
        "def show(one):\n    for draw in (st.caption,):\n        draw(one.title)",
        "from streamlit import caption",
        "def show(one):\n    getattr(st, 'caption')(one.title)",
        "def show(one):\n    st.markdown(st.text_input('a'))",
        "def show(one):\n    st.markdown(st.query_params.get('a'))",
        "def show(one):\n    st.markdown(st.session_state['a'])",
        "def show(one):\n    try:\n        one()\n    except ValueError as error:\n        st.error(str(error))",
        "def show(one):\n    st.markdown(f'{one.title:>10}')",
        "def show(one):\n    st.markdown(f'{one.title:02}')",
        "def show(one):\n    st.markdown(f'{one.title!r}')",
        "def show(title: str):\n    st.markdown(title)\ndef page(one):\n    show(one.title)",
        "def show(*titles: str):\n    st.markdown(titles[0])\ndef page(one):\n    show('a', one.title)",
        "def show(title='x'):\n    st.markdown(title)\ndef page(one):\n    show(**one.all)",
        "def words(one):\n    return one.title\ndef show(one):\n    st.markdown(words(one))",
        "def words(text):\n    return f'**{text}**'\ndef show(one):\n    st.markdown(words(one.title))",
        "def words(one):\n    yield one.title\ndef show(one):\n    st.markdown(' '.join(words(one)))",
        "def show(one):\n    lines = ['a']\n    lines.append(one.title)\n    st.markdown(' '.join(lines))",
        "def show(one):\n    lines = ['a']\n    lines += [one.title]\n    st.markdown(' '.join(lines))",
        "def show(one):\n    lines = {}\n    lines[one.title] = 'a'\n    st.markdown(' '.join(lines))",
        "def show(one):\n    lines = {}\n    lines.setdefault('a', []).append(one.title)\n    st.markdown(' '.join(lines['a']))",
        "def show(one):\n    text = 'a'\n    if one:\n        text = one.title\n    st.markdown(text)",
        "def show(one):\n    st.markdown(one.title if one else 'x')",
        "def show(one):\n    st.markdown(one.title or 'x')",
        "def show(one):\n    st.markdown((text := one.title))",
        "def show(one):\n    for a, b in [('x', 'y'), ('z', one.title)]:\n        st.markdown(b)",
        "def show(one):\n    match one:\n        case {'a': text}:\n            st.markdown(text)",
        "def show(one):\n    def inner():\n        st.markdown(one.title)\n    inner()",
        "def show(one):\n    (lambda: st.markdown(one.title))()",
        "class View:\n    def show(self, one):\n        st.markdown(one.title)",
        "class View:\n    def show(self):\n        st.markdown(self.title)",
        "async def show(one):\n    st.markdown(one.title)",
        "def show(title):\n    st.markdown(title)\ndef page(one):\n    st.button('x', on_click=partial(show, one.title))",
        "def show(look, one):\n    st.caption(*one)",
        "def show(one):\n    st.caption(**one.all)",
        "def show(one):\n    st.caption('a', brand_new=one.title)",
        "TITLE = open('x').read()\ndef show():\n    st.markdown(TITLE)",
        "import os\ndef show():\n    st.markdown(os.environ['X'])",
        "from elsewhere import TITLE\ndef show():\n    st.markdown(TITLE)",
        "def show(title):\n    st.markdown(title)\ndef page(one):\n    draw = show\n    draw(one.title)",
        "def show(title):\n    st.markdown(title)\ndef page(one):\n    list(map(show, one.titles))",
        "def show(title):\n    st.markdown(title)\ndef page(one):\n    st.button('x', on_click=show, args=(one.title,))",
        "class View:\n    def show(self, title: str):\n        st.markdown(title)\ndef page(view, one):\n    view.show(one.title)",
        "class View:\n def show(self, x):\n  st.title(x)\nclass B:\n def show(self):\n  pass\ndef page(v, one):\n v.show(one.title)",
        "def choice(label, **look):\n    st.selectbox(label, ['a'], **look)\ndef page(one):\n    choice('a', key=one.key, help=one.title)",
        "def page(one):\n    untrusted.text('a', help=one.title)",
        "def page(one):\n    untrusted.table({}, alt=one.title)",
        "import streamlit\ndef show(one):\n    streamlit.caption(one.title)",
        "import streamlit as other\ndef show(one):\n    other.caption(one.title)",
        "from streamlit import caption as small\ndef show(one):\n    small(one.title)",
    ],
)
def test_what_is_planted_is_found(source: str) -> None:
    assert of(source)


@pytest.mark.parametrize(
    "source",
    [
        "def show(one):\n    st.markdown('a **b**')",
        "def show(one):\n    st.markdown(escape(one.title))",
        "def show(one):\n    st.markdown(f'**{escape(one.title)}** {code(one.id)} {untrusted.title(one.words)}')",
        "def show(one):\n    st.markdown(f'{one.count:,} of {one.share:.1%} at {one.at:%H:%M} {len(one.all)}')",
        "def show(one):\n    st.code(reveal(one.title))",
        "def show(one):\n    untrusted.text(one.title)",
        "def show(one):\n    st.selectbox('Which', one.all, format_func=reveal)",
        "def show(one):\n    st.selectbox('Which', one.all, format_func=lambda x: reveal(one.names[x]))",
        "def show(one):\n    st.radio('Which', ['a', 'b'], format_func=lambda x: x.capitalize())",
        "def show(one):\n    st.caption(times.moment(one.at, times.zone()))",
        "WORDS = {'a': 'A'}\ndef show(one):\n    st.markdown(WORDS[one.kind] + WORDS.get(one.kind, 'none'))",
        "def show(title, count: int):\n    st.markdown(title)\n    st.caption(f'{count} of it')\ndef page(one):\n    show('x', one.count)",
        "def choice(label, **look):\n    st.selectbox(label, ['a'], **look)\ndef page(one):\n    choice('a', key=one.key, help='x')",
        "def show(one):\n    lines = [escape(x) for x in one.all]\n    lines.append('x')\n    st.markdown('  \\n'.join(lines))",
        "def show(one):\n    for a, b in (('x', one.title), ('y', one.name)):\n        st.markdown(a)\n        untrusted.text(b)",
        "def show(one):\n    found = {'x': one.title}\n    for a, b in found.items():\n        st.markdown(a)",
        "def show(one):\n    one.log.error(one.title)\n    one.title.title()",
    ],
)
def test_what_is_rendered_as_it_should_be_is_not(source: str) -> None:
    assert not of(source), "\n".join(map(str, of(source)))
