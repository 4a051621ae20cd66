"""Markdown of strangers, rewritten as Markdown that can do nothing but be read.

Streamlit's Markdown fetches images, makes links of bare addresses, and takes `:red[…]`, `:material/home:`, `:smile:` and
`$…$` as commands, some of them after escapes were removed. So nothing of a stored text is passed on. It is parsed, and
Markdown is written anew from what was found: emphasis, lists, quotations, tables and code. All other ASCII punctuation is
escaped but that of a plain sentence; what would still be taken for a link, an emoji or an arrow is written as code; a link or an
image is its text and its address, as code. No word of the source is lost, not even a link's title.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from pages.ui.hidden import reveal

# Deeper than this, the parser gives up and drops what it holds: such a text is shown as it is.
DEPTH_LIMIT = 12
_PARSER_DEPTH = 60
# Longer texts, and texts of little else than brackets, would hold up the page while they are parsed.
LENGTH_LIMIT = 20_000
_BRACKETS_LIMIT = 1_500
# A message of code, words, code, words … is shown in few elements after this many.
CODE_BLOCKS_LIMIT = 8

_PARSER = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False, "maxNesting": _PARSER_DEPTH})
# Definitions of link targets would vanish from the page: they stay as text.
_PARSER.enable(["table", "strikethrough"]).disable(["reference", "html_block", "html_inline"])

# All of ASCII's but that of a plain sentence. A hyphen or a full stop begins a list at the beginning of a line alone.
_PUNCTUATION = re.compile(r"""([!#$&()*+/:<=>@\[\\\]^_`{|}~])""")
_BEGINNING = re.compile(r"^(\s*\d*)([-.])")
_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,24}")
_CJK = "\u3000-\u30ff\u3400-\u9fff\uff00-\uffef"
# What Streamlit changes in plain text, after escapes: addresses (GFM), shortcodes, arrows and signs between spaces.
_COMMANDS = re.compile(
    rf"(?P<url>(?:https?://|www\.)[^\s\"<>{_CJK}]*)"
    r"|(?P<email>(?<![-.\w+])[-.\w+]+@[-\w]+(?:\.[-\w]+)+)"
    r"|(?P<code>:(?=[\w+-]*[A-Za-z]|\+1:|-1:|100:|1234:)[\w+-]+:)",
    re.IGNORECASE,
)
# Half of what people write is one line without any markup: there is nothing to parse.
_ONE_PLAIN_LINE = re.compile(r"[^\W\d_][^\n\r`*_~\[\]<>#|&\\]*")
_SIGNS = re.compile(r"(?<!\S)(<->|->|<-|--|>=|<=|~=)(?!\S)")
_AFTER_URL = ".,;:!?)']*_"
_PIPE = "\\|"
_SPACES = re.compile(r"[ \t\n\r\v\f]+")


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a message that is one element on the page. A `text` is shown as it is, a `code` with its language."""

    kind: Literal["markdown", "code", "text"]
    body: str
    language: str | None = None


class _Unfaithful(Exception):
    """This text would not be shown as it was written."""


def rewrite(text: str, *, mark: str = "") -> tuple[Block, ...]:
    """Safe blocks for a stored text. `mark` is text to be highlighted where it occurs in the words."""
    if len(text) > LENGTH_LIMIT or text.count("[") > _BRACKETS_LIMIT:
        return (Block("text", reveal(text)),)
    if _ONE_PLAIN_LINE.fullmatch(text):
        return (Block("markdown", "".join(_joined(_words(_SPACES.sub(" ", reveal(text)).rstrip(), _pattern(mark))))),)
    tree = SyntaxTreeNode(_PARSER.parse(reveal(text)))
    try:
        return tuple(_Writer(mark).blocks(tree.children))
    except _Unfaithful:
        return (Block("text", reveal(text)),)


def escape(text: str, *, mark: str = "") -> str:
    """One line of stored text for a label or a sentence of Markdown: exactly its characters, no markup."""
    return "".join(_joined(_words(_SPACES.sub(" ", reveal(text)), _pattern(mark)))).strip()


def code(text: str) -> str:
    """One line of stored text as inline code."""
    content = _SPACES.sub(" ", reveal(text)).strip()
    return _code_span(content, cell=False) if content else ""


@dataclass(frozen=True, slots=True)
class _Piece:
    kind: Literal["raw", "code"]
    text: str


def _pattern(mark: str) -> re.Pattern[str] | None:
    return re.compile(re.escape(mark), re.IGNORECASE) if mark.strip() else None


def _literal(text: str) -> str:
    return _BEGINNING.sub(r"\1\\\2", _PUNCTUATION.sub(r"\\\1", text))


def _escaped(text: str, mark: re.Pattern[str] | None) -> str:
    if mark is None:
        return _literal(text)
    parts: list[str] = []
    end = 0
    for match in mark.finditer(text):
        parts += [_literal(text[end : match.start()]), f":orange-background[{_literal(match.group())}]"]
        end = match.end()
    return "".join((*parts, _literal(text[end:])))


def _words(text: str, mark: re.Pattern[str] | None) -> Iterator[_Piece]:
    """Plain text: commands as code, the rest escaped."""
    end = 0
    for match in _COMMANDS.finditer(text):
        found = match.group()
        if match.lastgroup == "url":
            core = found.rstrip(_AFTER_URL)
            found = core if re.search(r"(?://|\.)[-.\w]*\w", core) else found
        yield from _between(text[end : match.start()], mark)
        yield _Piece("code", found)
        end = match.start() + len(found)
    yield from _between(text[end:], mark)


def _between(text: str, mark: re.Pattern[str] | None) -> Iterator[_Piece]:
    """What is left between commands: signs as code, the rest escaped."""
    for place, part in enumerate(_SIGNS.split(text)):
        if part:
            yield _Piece("code", part) if place % 2 else _Piece("raw", _escaped(part, mark))


def _joined(pieces: Iterable[_Piece], *, cell: bool = False) -> Iterator[str]:
    """Pieces as Markdown. Two codes side by side become one: their backticks would run together."""
    waiting = ""
    for piece in pieces:
        if piece.kind == "code":
            waiting += piece.text
        elif piece.text:
            if waiting:
                yield _code_span(waiting, cell=cell)
                waiting = ""
            yield piece.text
    if waiting:
        yield _code_span(waiting, cell=cell)


def _code_span(content: str, *, cell: bool) -> str:
    content = _SPACES.sub(" ", reveal(content))
    first, *others = content.split(":material/")
    if others:
        # Streamlit replaces this in the source, even inside code: the colon is written outside.
        return "\\:".join((_code_span(first, cell=cell), *(_code_span(f"material/{rest}", cell=cell) for rest in others)))
    if not content.strip():
        return content
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", content)), default=0) + 1)
    ends = content[0] + content[-1]
    pad = " " if "`" in ends or ends == "  " else ""
    # A pipe ends a table's cell, even inside code.
    return f"{ticks}{pad}{content.replace('|', _PIPE) if cell else content}{pad}{ticks}"


class _Writer:
    """Writes the Markdown of one text."""

    def __init__(self, mark: str) -> None:
        self._mark = _pattern(mark)
        self._bold = False
        self._cell = False

    def blocks(self, nodes: Sequence[SyntaxTreeNode]) -> Iterator[Block]:
        apart = sum(node.type in ("fence", "code_block") for node in nodes) <= CODE_BLOCKS_LIMIT
        waiting: list[str] = []
        for node in nodes:
            if not (apart and node.type in ("fence", "code_block")):
                waiting += ["", *self._block(node, 0)] if waiting else self._block(node, 0)
                continue
            language, rest = _language(node)
            if rest:
                waiting += ["", self._text(rest)] if waiting else [self._text(rest)]
            if any(waiting):
                yield Block("markdown", "\n".join(waiting))
            waiting = []
            yield Block("code", reveal(node.content.removesuffix("\n")), language)
        if any(waiting):
            yield Block("markdown", "\n".join(waiting))

    def _text(self, text: str) -> str:
        return "".join(_joined(_words(_SPACES.sub(" ", reveal(text)), self._mark)))

    def _block(self, node: SyntaxTreeNode, depth: int) -> list[str]:
        if depth > DEPTH_LIMIT:
            raise _Unfaithful
        match node.type:
            case "paragraph" | "inline":
                return self._lines(node)
            case "heading":
                self._bold = True
                line = " ".join(self._lines(node))
                self._bold = False
                return [f"**{line}**"] if line else []
            case "hr":
                return ["___"]
            case "fence" | "code_block":
                return self._fence(node)
            case "blockquote":
                return [f"> {line}".rstrip() for line in self._children(node, depth, tight=False)] or [">"]
            case "bullet_list" | "ordered_list":
                return self._list(node, depth)
            case "table":
                return self._table(node)
            case _:
                raise _Unfaithful

    def _children(self, node: SyntaxTreeNode, depth: int, *, tight: bool) -> list[str]:
        lines: list[str] = []
        for place, child in enumerate(node.children):
            if place and not (tight and child.type in ("bullet_list", "ordered_list")):
                lines.append("")
            lines += self._block(child, depth + 1)
        return lines

    def _list(self, node: SyntaxTreeNode, depth: int) -> list[str]:
        lines: list[str] = []
        number = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
        tight = all(child.hidden for item in node.children for child in item.children if child.type == "paragraph")
        for place, item in enumerate(node.children):
            marker = item.markup if number is None else f"{number + place}{item.markup}"
            if place and not tight:
                lines.append("")
            inner = self._children(item, depth + 1, tight=tight) or [""]
            lines.append(f"{marker} {inner[0]}".rstrip())
            lines += [f"{' ' * (len(marker) + 1)}{line}".rstrip() for line in inner[1:]]
        return lines

    def _table(self, node: SyntaxTreeNode) -> list[str]:
        self._cell = True
        rows = [row for part in node.children for row in part.children]
        lines = [f"| {' | '.join(' '.join(self._lines(cell)) for cell in row.children)} |" for row in rows]
        signs = {"text-align:left": ":---", "text-align:right": "---:", "text-align:center": ":---:"}
        lines.insert(1, f"| {' | '.join(signs.get(str(cell.attrs.get('style', '')), '---') for cell in rows[0].children)} |")
        self._cell = False
        return lines

    def _fence(self, node: SyntaxTreeNode) -> list[str]:
        content = reveal(node.content.removesuffix("\n"))
        if ":material/" in content:
            raise _Unfaithful
        language, rest = _language(node)
        ticks = "`" * max(3, max((len(run) for run in re.findall(r"`+", content)), default=0) + 1)
        shown = language if language and language.lower() != "mermaid" else "text"
        return [*([self._text(rest), ""] if rest else []), f"{ticks}{shown}", *content.split("\n"), ticks]

    def _lines(self, node: SyntaxTreeNode) -> list[str]:
        """The lines of a paragraph. A line that was broken in the source is broken here: chats are written so."""
        written = "".join(_joined(self._inline(node), cell=self._cell))
        if self._bold or self._cell:
            return [_SPACES.sub(" ", written.replace("\\\n", " ")).strip()]
        return [line.strip(" \t") for line in written.split("\n")]

    def _inline(self, node: SyntaxTreeNode) -> Iterator[_Piece]:
        for child in node.children:
            match child.type:
                case "inline":
                    yield from self._inline(child)
                case "text":
                    yield from _words(_SPACES.sub(" ", reveal(child.content)), self._mark)
                case "softbreak" | "hardbreak":
                    yield _Piece("raw", "\\\n")
                case "code_inline":
                    yield _Piece("code", child.content)
                case "em" | "strong" | "s":
                    sign = "" if child.type == "strong" and self._bold else "~~" if child.type == "s" else child.markup
                    yield from (_Piece("raw", sign), *self._inline(child), _Piece("raw", sign))
                case "link" | "image":
                    yield from self._link(child)
                case _:
                    raise _Unfaithful

    def _link(self, node: SyntaxTreeNode) -> Iterator[_Piece]:
        image = node.type == "image"
        address = str(node.attrs.get("src" if image else "href", ""))
        title = str(node.attrs.get("title", ""))
        target = f'{address} "{title}"' if title else address
        words = [_Piece("raw", self._text(node.content))] if image else list(self._inline(node))
        shown = "".join(piece.text for piece in words)
        if image:
            yield _Piece("raw", "\\[image" + (": " if shown else ""))
            yield from (*words, _Piece("raw", "\\] "), _Piece("code", target))
        elif shown in (address, f"mailto:{address}") or f"mailto:{shown}" == address:
            yield _Piece("code", shown)
        else:
            yield from (*words, _Piece("raw", " \\("), _Piece("code", target), _Piece("raw", "\\)"))


def _language(node: SyntaxTreeNode) -> tuple[str | None, str]:
    """The language of a code block, and what else its first line says."""
    words = node.info.strip().split(maxsplit=1)
    if not words:
        return None, ""
    if _LANGUAGE.fullmatch(words[0]):
        return words[0].lower(), words[1] if len(words) > 1 else ""
    return None, node.info.strip()
