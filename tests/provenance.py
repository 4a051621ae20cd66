"""Where the text comes from that a page hands to Streamlit: read from the source, nothing is run.

A value is described by the set of its sources. The empty set is text of the program itself. `Escaped` went through the one
module that renders stored text. A `Parameter` is decided where the function is called. Everything else is `Unknown`, whatever it
may hold. Branches and assignments are joined, so a name is as bad as the worst that was ever put into it.

Numbers are known by their format (`{count:,}`, which raises for text), by their annotation, or by `len` and its like.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

# Format specifications that raise for text: a thousands separator, a sign, a type of number, a part of a date.
_NUMERIC = re.compile(r"\+?0?\d*[,_](\.\d+)?[dfeg%]?|\+?0?\d*(\.\d+)?[dfeg%]|(?=.*%[YmdHMSbBaAjyfzZ])[^{}]*")
_NUMBERS = {"int", "float", "bool", "None", "Decimal", "date", "datetime", "timedelta", "ZoneInfo"}
_COUNTING = {"len", "round", "int", "float", "sum", "abs", "bool", "any", "all", "range", "isinstance", "divmod", "ord", "hash", "id"}
_PASSING = {
    *("str", "min", "max", "sorted", "list", "tuple", "set", "frozenset", "dict", "reversed", "enumerate", "zip", "filter", "iter"),
    *("next", "print", "chr", "map", "partial", "cast", "deepcopy", "chain", "fromkeys"),
}
# Methods that give text which an escape cannot have been torn out of.
_WHOLE = {
    "join",
    "strip",
    "format",
    "append",
    "extend",
    "items",
    "keys",
    "values",
    "get",
    "setdefault",
    "replace",
    "capitalize",
    "copy",
    "pop",
    "fromkeys",
}
_GROWING = {"append", "extend", "insert", "add", "setdefault", "update", "appendleft"}


@dataclass(frozen=True, slots=True)
class Unknown:
    """Text that anybody may have written. `words` are the source's own, for the message and the allow-list."""

    words: str


@dataclass(frozen=True, slots=True)
class Escaped:
    """Made harmless: as Markdown, or (`plain`) only for where text is shown as it is."""

    plain: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """What the caller of this function hands over: all of it, or the keys or values of a mapping."""

    function: tuple[str, str]
    name: str
    part: str = ""


Source = Unknown | Escaped | Parameter
Sources = frozenset[Source]
NOTHING: Sources = frozenset()


class Part(ast.expr):
    """One place of each of the tuples that an expression goes through: what `b` is in `for a, b in pairs`."""

    _fields = ("value", "place", "count")
    value: ast.expr
    place: int
    count: int

    @classmethod
    def of(cls, value: ast.expr, place: int, count: int) -> Part:
        fields: dict[str, Any] = {"value": value, "place": place, "count": count}
        return cls(**fields)


@dataclass(slots=True)
class Module:
    """A module's names: what it imports, defines and assigns."""

    name: str
    path: str
    tree: ast.Module
    imports: dict[str, str] = field(default_factory=dict[str, str])
    functions: dict[str, FunctionNode] = field(default_factory=dict[str, FunctionNode])
    classes: dict[str, ast.ClassDef] = field(default_factory=dict[str, ast.ClassDef])


@dataclass(slots=True)
class Scope:
    """A function, or a module's own level: who it is, its parameters, every value that each of its names was ever given."""

    module: Module
    name: str
    node: ast.AST
    outer: Scope | None
    parameters: dict[str, ast.arg] = field(default_factory=dict[str, ast.arg])
    values: dict[str, list[ast.expr]] = field(default_factory=dict[str, list[ast.expr]])
    functions: dict[str, Scope] = field(default_factory=dict[str, "Scope"])


def load(root: Path, files: Iterable[Path]) -> dict[str, Module]:
    """The modules of a project by their dotted names."""
    made: dict[str, Module] = {}
    for path in files:
        short = path.relative_to(root)
        name = ".".join(short.with_suffix("").parts).removesuffix(".__init__")
        made[name] = read(name, str(short), path.read_text(encoding="utf-8"))
    return made


def read(name: str, path: str, source: str) -> Module:
    module = Module(name, path, ast.parse(source, path))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                module.imports[alias.asname or alias.name.split(".")[0]] = alias.name if alias.asname else alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                module.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            module.functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            module.classes[node.name] = node
    return module


class Project:
    """Answers where a value comes from. `allowed` are `(path, words)` that are known to be harmless, `escapes` dotted names."""

    def __init__(self, modules: Mapping[str, Module], *, escapes: Mapping[str, bool], allowed: Iterable[tuple[str, str]] = ()) -> None:
        self.modules = modules
        # Of data_access, amounts of money and counts alone: what its other functions say may repeat what is stored.
        amounts = {"data_access.costs.amounts", "data_access.costs.advice.wording", "data_access.counts"}
        self.followed = {name for name in modules if name.split(".")[0] != "data_access"} | amounts
        self.escapes = escapes
        self.allowed = set(allowed)
        self.used: set[tuple[str, str]] = set()
        self.scopes: dict[str, Scope] = {}
        self._returns: dict[tuple[str, str], Sources] = {}
        self._busy: set[object] = set()
        for module in modules.values():
            scope = self.scopes[module.name] = Scope(module, "", module.tree, None)
            _fill(scope)
        self.methods: dict[str, list[Scope]] = {}
        for scope in self.scopes.values():
            for name, function in scope.functions.items():
                if "." in name and not name.startswith("<"):
                    self.methods.setdefault(name.split(".")[-1], []).append(function)

    def every_scope(self, module: Module) -> Iterator[Scope]:
        waiting = [self.scopes[module.name]]
        while waiting:
            scope = waiting.pop()
            yield scope
            waiting += scope.functions.values()

    # Names

    def dotted(self, node: ast.expr, scope: Scope) -> str | None:
        """The full name of what an expression names, if it is imported or of the module itself."""
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value, scope)
            return None if base is None else f"{base}.{node.attr}"
        if not isinstance(node, ast.Name) or self._local(node.id, scope):
            return None
        module = scope.module
        if node.id in module.imports:
            return module.imports[node.id]
        if node.id in module.functions or node.id in module.classes or node.id in self.scopes[module.name].values:
            return f"{module.name}.{node.id}"
        return None

    @staticmethod
    def _local(name: str, scope: Scope) -> bool:
        while scope.outer is not None:
            if name in scope.parameters or name in scope.values or name in scope.functions:
                return True
            scope = scope.outer
        return False

    def _place(self, dotted: str) -> tuple[Module, str] | None:
        """The module and the rest of a full name."""
        parts = dotted.split(".")
        for count in range(len(parts) - 1, 0, -1):
            module = self.modules.get(".".join(parts[:count]))
            if module is not None:
                rest = ".".join(parts[count:])
                again = module.imports.get(parts[count])
                if again is not None and parts[count] not in module.functions:
                    return self._place(".".join([again, *parts[count + 1 :]]))
                return module, rest
        return None

    def function(self, node: ast.expr, scope: Scope) -> Scope | None:
        """The function of this project that an expression names."""
        if isinstance(node, ast.Name):
            inner: Scope | None = scope
            while inner is not None:
                if node.id in inner.functions:
                    return inner.functions[node.id]
                if inner.outer is not None and (node.id in inner.parameters or node.id in inner.values):
                    return None
                inner = inner.outer
        dotted = self.dotted(node, scope)
        found = self._place(dotted) if dotted else None
        return self.scopes[found[0].name].functions.get(found[1]) if found else None

    # Values

    def sources(self, node: ast.expr | None, scope: Scope) -> Sources:
        if node is None:
            return NOTHING
        if isinstance(node, Part):
            return self._sources(node, scope)
        key = (scope.module.path, ast.unparse(node))
        if key in self.allowed:
            self.used.add(key)
            return NOTHING
        return self._sources(node, scope)

    def _union(self, nodes: Iterable[ast.expr | None], scope: Scope) -> Sources:
        return NOTHING.union(*(self.sources(node, scope) for node in nodes))

    def _sources(self, node: ast.expr, scope: Scope) -> Sources:
        match node:
            case ast.Constant() | ast.Compare() | ast.UnaryOp():
                return NOTHING
            case ast.JoinedStr():
                return self._union(node.values, scope)
            case ast.FormattedValue():
                return self._formatted(node, scope)
            case ast.BinOp(op=ast.Add() | ast.Mod() | ast.Mult() | ast.BitOr()):
                return self._union((node.left, node.right), scope)
            case ast.BinOp():
                return NOTHING  # numbers, or not text
            case ast.BoolOp():
                return self._union(node.values, scope)
            case ast.IfExp():
                return self._union((node.body, node.orelse), scope)
            case ast.List() | ast.Tuple() | ast.Set():
                return self._union(node.elts, scope)
            case ast.Dict():
                return self._union((*node.keys, *node.values), scope)
            case ast.Starred() | ast.NamedExpr() | ast.Await():
                return self.sources(node.value, scope)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self.sources(node.elt, scope)
            case ast.DictComp():
                return self._union((node.key, node.value), scope)
            case ast.Subscript():
                sliced = isinstance(node.slice, ast.Slice)
                found = self.sources(node.value, scope) if sliced else self.half(node.value, "values", scope)
                torn = sliced and any(isinstance(one, Escaped) and not one.plain for one in found)
                return found | ({Unknown(ast.unparse(node))} if torn else NOTHING)
            case Part():
                return self._part(node.value, node.place, node.count, scope)
            case ast.Lambda():
                return self.sources(node.body, scope.functions.get(_lambda_name(node), scope))
            case ast.Name():
                return self._name(node, scope)
            case ast.Attribute():
                return self._attribute(node, scope)
            case ast.Call():
                return self._call(node, scope)
            case _:
                return _unknown(node)

    def _part(self, node: ast.expr, place: int, count: int, scope: Scope) -> Sources:
        """One place of the tuples of a list, one of the values that stand side by side, the keys or the values of a mapping."""
        match node:
            case ast.List() | ast.Tuple() | ast.Set() if node.elts and all(
                isinstance(one, ast.Tuple) and len(one.elts) == count and not any(isinstance(part, ast.Starred) for part in one.elts)
                for one in node.elts
            ):
                return self._union((one.elts[place] for one in node.elts), scope)  # pyright: ignore[reportAttributeAccessIssue]
            case ast.Tuple() | ast.List() if len(node.elts) == count and not any(isinstance(one, ast.Starred) for one in node.elts):
                return self.sources(node.elts[place], scope)
            case ast.List() | ast.Tuple() if not node.elts:
                return NOTHING
            case ast.ListComp() | ast.GeneratorExp() if isinstance(node.elt, ast.Tuple) and len(node.elt.elts) == count:
                return self.sources(node.elt.elts[place], scope)
            case ast.Call(func=ast.Name(id="zip")) if len(node.args) == count:
                return self.sources(node.args[place], scope)
            case ast.Call(func=ast.Name(id="enumerate")) if count == 2:
                return self.sources(node.args[0], scope) if place else NOTHING
            case ast.Call(func=ast.Name(id="sorted" | "list" | "tuple" | "reversed" | "iter")) if node.args:
                return self._part(node.args[0], place, count, scope)
            case ast.Call(func=ast.Name(id="dict")) if node.args:
                return self._part(node.args[0], place, count, scope)
            case ast.Call(func=ast.Attribute(attr="items")) if count == 2 and not node.args:
                return self.half(node.func.value, "values" if place else "keys", scope)  # pyright: ignore[reportAttributeAccessIssue]
            case ast.Call() if (target := self.function(node.func, scope)) is not None and target.module.name in self.followed:
                key = ("part", id(target), place)
                if key in self._busy:
                    return NOTHING
                self._busy.add(key)
                try:
                    parts = NOTHING.union(*(self._part(one, place, count, target) for one in _returned(target.node)))
                finally:
                    self._busy.discard(key)
                return self._bind(parts, target, node, scope)
            case ast.IfExp():
                return self._part(node.body, place, count, scope) | self._part(node.orelse, place, count, scope)
            case ast.Name() | Part():
                if (found := self._given(node, scope)) is not None:
                    key = (id(found[1]), node.id if isinstance(node, ast.Name) else id(node), place)
                    if key in self._busy:
                        return NOTHING
                    self._busy.add(key)
                    try:
                        return NOTHING.union(*(self._part(one, place, count, found[1]) for one in found[0]))
                    finally:
                        self._busy.discard(key)
                return self.sources(node, scope)
            case _:
                return self.sources(node, scope)

    def half(self, node: ast.expr, part: str, scope: Scope) -> Sources:
        """The keys or the values of a mapping."""
        match node:
            case ast.Dict():
                given = list(zip(node.keys, node.values, strict=True))
                spread = NOTHING.union(*(self.half(value, part, scope) for key, value in given if key is None))
                return spread | self._union((key if part == "keys" else value for key, value in given if key is not None), scope)
            case ast.DictComp():
                return self.sources(node.key if part == "keys" else node.value, scope)
            case ast.Call(func=ast.Name(id="dict" | "sorted" | "reversed")) if len(node.args) == 1:
                if isinstance(items := node.args[0], ast.Call) and isinstance(items.func, ast.Name):
                    items = items.args[0]
                return self._part(items, int(part == "values"), 2, scope)
            case ast.BinOp(op=ast.BitOr()):
                return self.half(node.left, part, scope) | self.half(node.right, part, scope)
            case ast.Name() if (found := self._given(node, scope)) is not None:
                key = (id(found[1]), node.id, part)
                if key in self._busy:
                    return NOTHING
                self._busy.add(key)
                try:
                    return NOTHING.union(*(self.half(one, part, found[1]) for one in found[0]))
                finally:
                    self._busy.discard(key)
            case _:
                return frozenset(
                    Parameter(one.function, one.name, one.part or part) if isinstance(one, Parameter) else one
                    for one in self.sources(node, scope)
                )

    def _given(self, node: ast.expr, scope: Scope) -> tuple[list[ast.expr], Scope] | None:
        """Everything that a name was given, if it is known here; None for a parameter and for what comes from elsewhere."""
        if not isinstance(node, ast.Name):
            return None
        inner: Scope | None = scope
        while inner is not None:
            if node.id in inner.parameters or node.id in inner.functions:
                return None
            if node.id in inner.values:
                return inner.values[node.id], inner
            inner = inner.outer
        return None

    def _formatted(self, node: ast.FormattedValue, scope: Scope) -> Sources:
        spec = ast.unparse(node.format_spec)[2:-1] if node.format_spec is not None else ""
        if spec and _NUMERIC.fullmatch(spec):
            return NOTHING
        return self.sources(node.value, scope)

    def _name(self, node: ast.Name, scope: Scope) -> Sources:
        inner: Scope | None = scope
        while inner is not None:
            if node.id in inner.functions:
                return self.returns(inner.functions[node.id])
            given: Sources = NOTHING
            if node.id in inner.parameters:
                given = self._parameter(inner, inner.parameters[node.id])
            if node.id in inner.values:
                return given | self._guarded((inner.module.name, inner.name, node.id), inner.values[node.id], inner)
            if node.id in inner.parameters:
                return given
            inner = inner.outer
        dotted = self.dotted(node, scope)
        if dotted is not None:
            return self._named(dotted, node)
        return NOTHING if node.id in dir(builtins) else frozenset({Unknown(node.id)})

    def _parameter(self, scope: Scope, argument: ast.arg) -> Sources:
        if _is_number(argument.annotation):
            return NOTHING
        return frozenset({Parameter((scope.module.name, scope.name), argument.arg)})

    def _guarded(self, key: object, nodes: Iterable[ast.expr], scope: Scope) -> Sources:
        """A name that is made of itself (`text = text + …`) adds nothing by that."""
        if key in self._busy:
            return NOTHING
        self._busy.add(key)
        try:
            return self._union(nodes, scope)
        finally:
            self._busy.discard(key)

    def _named(self, dotted: str, node: ast.expr) -> Sources:
        if dotted in self.modules:
            return NOTHING
        found = self._place(dotted)
        if found is None:
            return _unknown(node)
        module, rest = found
        if (full := f"{module.name}.{rest}") in self.escapes:
            return frozenset({Escaped(self.escapes[full])})
        first = rest.split(".")[0]
        scope = self.scopes[module.name]
        if first in module.classes:
            return NOTHING  # a constant of the class, or a member of an enumeration
        if first in scope.functions:
            return self.returns(scope.functions[first])
        if first in scope.values:
            return self._guarded((module.name, "", first), scope.values[first], scope)
        return _unknown(node)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Sources:
        dotted = self.dotted(node, scope)
        if dotted is not None and self._place(dotted) is not None:
            return self._named(dotted, node)
        found = self.sources(node.value, scope)
        # What is known to be harmless has nothing but harmless parts; of everything else, the part is named.
        return _unknown(node) if any(not isinstance(one, Escaped) for one in found) else found

    def _call(self, node: ast.Call, scope: Scope) -> Sources:
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        dotted = self.dotted(node.func, scope)
        if dotted is not None:
            place = self._place(dotted)
            full = f"{place[0].name}.{place[1]}" if place else dotted
            if full in self.escapes and not (full == "json.dumps" and node.keywords):
                return frozenset({Escaped(self.escapes[full])})
            if place and place[1] in place[0].classes:
                return self._union(given, scope)
            if dotted == "functools.partial" and node.args and (target := self.function(node.args[0], scope)) is not None:
                return self.bound(target, ast.Call(node.args[0], node.args[1:], node.keywords), scope)
            if dotted == "dataclasses.replace" or dotted.split(".")[-1] in _PASSING:
                return self._union(given, scope)
        target = self.function(node.func, scope)
        if target is not None:
            return self.bound(target, node, scope) if target.module.name in self.followed else self._outside(target, node)
        if dotted is not None and dotted.startswith("streamlit."):
            # A choice is one of its options; what is typed may be anything.
            chosen = {keyword.arg: keyword.value for keyword in node.keywords}.get("options", node.args[1] if len(node.args) > 1 else None)
            if dotted.split(".")[-1] in {"selectbox", "radio", "segmented_control", "pills"}:
                return self.sources(chosen, scope)
            return NOTHING if dotted.split(".")[-1] in {"toggle", "number_input", "date_input", "pagination", "button"} else _unknown(node)
        if isinstance(node.func, ast.Name) and not self._local(node.func.id, scope):
            if node.func.id in _COUNTING:
                return NOTHING
            if node.func.id in _PASSING:
                return self._union(given, scope)
        if isinstance(node.func, ast.Attribute) and (dotted is None or self._is_value(node.func.value, scope)):
            return self._method(node, node.func, given, scope)
        return _unknown(node)

    def _only_method(self, name: str) -> Scope | None:
        """The method of that name, if one class alone has one."""
        found = [one for one in self.methods.get(name, ()) if not name.startswith("__")]
        return found[0] if len(found) == 1 and found[0].module.name in self.followed and name not in _WHOLE else None

    def _is_value(self, node: ast.expr, scope: Scope) -> bool:
        """Whether a full name is something assigned at a module's own level, not a module or a class."""
        dotted = self.dotted(node, scope)
        found = self._place(dotted) if dotted else None
        return found is not None and found[1].split(".")[0] in self.scopes[found[0].name].values

    @staticmethod
    def _outside(target: Scope, node: ast.Call) -> Sources:
        return NOTHING if _is_number(getattr(target.node, "returns", None)) else _unknown(node)

    def _method(self, node: ast.Call, called: ast.Attribute, given: list[ast.expr], scope: Scope) -> Sources:
        if called.attr in {"isoformat", "strftime", "total_seconds", "count", "index", "timestamp", "startswith", "endswith", "bit_length"}:
            return NOTHING
        if called.attr == "get":
            return self.half(called.value, "values", scope) | self._union(given[1:], scope)
        if called.attr in {"keys", "values"} and not given:
            return self.half(called.value, called.attr, scope)
        if (known := self._only_method(called.attr)) is not None:
            return self.bound(known, ast.Call(called, [called.value, *node.args], node.keywords), scope)
        found = self.sources(called.value, scope) | self._union(given, scope)
        if any(isinstance(one, Unknown | Parameter) for one in found):
            text = called.attr in _WHOLE | {
                "split",
                "lower",
                "upper",
                "title",
                "removesuffix",
                "removeprefix",
                "rstrip",
                "lstrip",
                "splitlines",
            }
            return found if text else _unknown(node)
        if any(isinstance(one, Escaped) and not one.plain for one in found):
            torn = called.attr not in _WHOLE or (called.attr == "strip" and node.args)
            # An escape must not be taken away again.
            torn = torn or (called.attr == "replace" and any(sign in ast.unparse(node.args[0]) for sign in "\\`"))
            return found | ({Unknown(ast.unparse(node))} if torn else NOTHING)
        return found

    def returns(self, target: Scope) -> Sources:
        """The sources of what a function returns or yields."""
        key = (target.module.name, target.name)
        if key in self._returns:
            return self._returns[key]
        if ("returns", key) in self._busy:
            return NOTHING
        if _is_number(getattr(target.node, "returns", None)):
            return NOTHING
        self._busy.add(("returns", key))
        outermost = sum(isinstance(one, tuple) and one[:1] == ("returns",) for one in self._busy) == 1
        made = self._union(_returned(target.node), target)
        self._busy.discard(("returns", key))
        if outermost:
            self._returns[key] = made
        return made

    def bound(self, target: Scope, call: ast.Call, scope: Scope) -> Sources:
        """What a call gives back: the function's own sources, with its parameters as this call fills them."""
        return self._bind(self.returns(target), target, call, scope)

    def _bind(self, sources: Sources, target: Scope, call: ast.Call, scope: Scope) -> Sources:
        made: set[Source] = set()
        for one in sources:
            if isinstance(one, Parameter) and one.function == (target.module.name, target.name):
                given = handed(target, call, one.name)
                made |= NOTHING.union(*(self.half(value, one.part, scope) if one.part else self.sources(value, scope) for value in given))
            else:
                made.add(one)
        return frozenset(made)


def handed(target: Scope, call: ast.Call, name: str, inert: Collection[str] = ()) -> list[ast.expr]:
    """What a call hands to one parameter; its default where it hands nothing. Everything, where `*` or `**` hides it.

    Of a parameter that takes all other keywords, those that are not `inert`.
    """
    arguments = target.node.args  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType, reportUnknownMemberType]
    assert isinstance(arguments, ast.arguments)
    places = [*arguments.posonlyargs, *arguments.args]
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in keywords or any(isinstance(one, ast.Starred) for one in call.args):
        return [*call.args, *(value for word, value in keywords.items() if word not in inert)]
    if arguments.vararg is not None and arguments.vararg.arg == name:
        return call.args[len(places) :]
    if arguments.kwarg is not None and arguments.kwarg.arg == name:
        declared = {one.arg for one in (*places, *arguments.kwonlyargs)}
        return [value for word, value in keywords.items() if word not in declared and word not in inert]
    if name in keywords:
        return [keywords[name]]
    for place, one in enumerate(places):
        if one.arg == name:
            if place < len(call.args):
                return [call.args[place]]
            behind = len(places) - place
            return [arguments.defaults[-behind]] if behind <= len(arguments.defaults) else []
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if one.arg == name and default is not None:
            return [default]
    return []


def _is_number(annotation: ast.expr | None) -> bool:
    """An annotation that no text has: a number, a time, a set choice of words."""
    if annotation is None:
        return False
    words = ast.unparse(annotation).strip("'")
    return words.startswith("Literal[") or {part.strip().split(".")[-1] for part in words.split("|")} <= _NUMBERS


def _unknown(node: ast.expr) -> Sources:
    return frozenset({Unknown(ast.unparse(node))})


def _lambda_name(node: ast.Lambda) -> str:
    return f"<lambda {node.lineno}:{node.col_offset}>"


def _returned(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Lambda):
        return [node.body]
    return [one.value for one in own(node) if isinstance(one, ast.Return | ast.Yield | ast.YieldFrom) and one.value is not None]


def own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function or module, without those of the functions and classes inside it."""
    waiting: list[ast.AST] = list(ast.iter_child_nodes(node))
    if isinstance(node, FunctionNode):
        waiting = [*node.body] if isinstance(node.body, list) else [node.body]
    while waiting:
        one = waiting.pop(0)
        yield one
        if isinstance(one, ast.ClassDef):
            waiting += one.decorator_list
        elif not isinstance(one, FunctionNode):
            waiting += ast.iter_child_nodes(one)
        else:
            # Decorators and defaults belong to the outside.
            waiting += [*one.args.defaults, *filter(None, one.args.kw_defaults), *getattr(one, "decorator_list", [])]


def _fill(scope: Scope) -> None:
    for node in own(scope.node):
        if isinstance(node, FunctionNode):
            _enter(scope, node)
        elif isinstance(node, ast.ClassDef):
            for one in own(node):
                if isinstance(one, FunctionNode):
                    _enter(scope, one, f"{node.name}.")
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                _assign(scope, target, node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign):
            _assign(scope, node.target, node.value)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            _assign(scope, node.target, node.iter)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            _assign(scope, node.optional_vars, node.context_expr)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            scope.values.setdefault(node.name, []).append(ast.Name(f"caught {node.name}", ast.Load()))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _GROWING:
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if node.func.attr == "setdefault" and len(given) == 2:
                _assign(scope, node.func.value, ast.Dict([given[0]], given[1:]))
            elif node.func.attr in {"append", "add", "insert", "appendleft"} and given:
                _assign(scope, node.func.value, ast.List(given[-1:], ast.Load()))
            else:
                for one in given:
                    _assign(scope, node.func.value, one)
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            scope.values.setdefault(node.name, []).append(ast.Name(f"matched {node.name}", ast.Load()))


def _enter(scope: Scope, node: FunctionNode, prefix: str = "") -> None:
    own_name = _lambda_name(node) if isinstance(node, ast.Lambda) else f"{prefix}{node.name}"
    inner = Scope(scope.module, f"{scope.name}.{own_name}".lstrip("."), node, scope)
    given = node.args
    for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))):
        inner.parameters[one.arg] = one
    if own_name in scope.functions:
        own_name = f"{own_name} at {node.lineno}"
    scope.functions[own_name] = inner
    _fill(inner)


def _assign(scope: Scope, target: ast.expr, value: ast.expr | None) -> None:
    if value is None:
        return
    match target:
        case ast.Name():
            scope.values.setdefault(target.id, []).append(value)
        case ast.Tuple() | ast.List():
            whole = any(isinstance(one, ast.Starred) for one in target.elts)
            for place, one in enumerate(target.elts):
                _assign(scope, one, value if whole else Part.of(value, place, len(target.elts)))
        case ast.Subscript():
            _assign(scope, target.value, ast.Dict([target.slice], [value]))
        case ast.Attribute() | ast.Starred():
            _assign(scope, target.value, value)
        case ast.Call():  # found.setdefault(key, []).append(value)
            if isinstance(target.func, ast.Attribute):
                _assign(scope, target.func.value, ast.Dict([target.args[0] if target.args else ast.Constant(None)], [value]))
        case _:
            pass
