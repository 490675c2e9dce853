"""Markup: HTML from strangers, rendered to text that a person can read. Nothing in it is ever executed."""

import html
import re
from collections import Counter
from itertools import islice

from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from lxml.etree import LxmlError, iterwalk
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from maildesk.core import quotes

MAX_CHARACTERS = 1024 * 1024
_MAX_TAGS = 30_000
_CONFIG = ParserConfig(css=CSS_PROFILES["strict"].copy())
_OPEN, _CLOSE = "\ue000", "\ue001"  # where a quotation begins and ends, while the tree is rendered
_RULE = "_" * 32
_BOMB = re.compile(r"<[^<>]{4096,}>?")
_BLOCK_TAG = re.compile(
    r"<\s{0,9}/?\s{0,9}(?:p|div|br|tr|li|h[1-6]|table|blockquote)\b[^<>]*>", re.IGNORECASE
)
_SILENT = re.compile(r"<(style|script|title)\b[^<>]*>|<!--", re.IGNORECASE)
_TAG = re.compile(r"<[!/?a-zA-Z][^<>]*>")
_MAX_TABLE_DEPTH = 6
_MAX_PADDING = 16_000_000
_MAX_STRUCTURE = 200
_TABLE = frozenset({"table", "tr", "td", "th"})
_CELL = re.compile(r"<t[dh]\b", re.IGNORECASE)
_KEEPS_LINES = re.compile(r"<pre\b|white-space", re.IGNORECASE)
_BREAKS = frozenset({"br", *(tag for tag, one in _CONFIG.css.items() if one.display is Display.block)})
_BLANKS = re.compile(r"\n(?:[ \t]*\n){2,}")
_SPACES = re.compile(r"[ \t]{40,}")
_LINK = re.compile(r"(?:https?|ftp)://\S+", re.IGNORECASE)
_REPLY_BORDER = re.compile(r"border-top\s*:\s*solid|border\s*:\s*none\s*;\s*border-top", re.IGNORECASE)
# Outlook's element for the signature is left out: people write their answers into it.
_SIGNATURES = frozenset(
    {
        "gmail_signature", "moz-signature", "protonmail_signature_block", "front-signature",
        "messagesignaturesection",
    }
)  # fmt: skip
_QUOTES = frozenset({"gmail_quote", "yahoo_quoted", "protonmail_quote", "zmail_extra", "messagereplysection"})
# An indentation of a million letters is one of text, too.
_INDENT = re.compile(r"\b(?:padding|margin)[\w-]{0,20}\s{0,9}:[^;]{0,999}", re.IGNORECASE)
_PARSER_OPTIONS = {"huge_tree": True, "encoding": "utf-8", "remove_pis": True}


def text_of(markup: str) -> str:
    """The readable text of an HTML body: tables and lists kept, links shown, quotations marked with "> ".

    Never raises, bounded in time: very large or very deep HTML is stripped of its tags instead.
    """
    markup = _BOMB.sub("<p>", markup[:MAX_CHARACTERS])
    text = ""
    if markup.count("<") <= _MAX_TAGS:
        try:
            text = _rendered(markup)
        except (LxmlError, ValueError, RecursionError, AssertionError, IndexError, AttributeError, TypeError):
            # Inscriptis and lxml fail in many ways on trees that browsers show: the words are what matters.
            text = ""
    if not text.strip():
        text = _stripped(markup)
    lines = [_SPACES.sub("    ", line).rstrip() for line in text.replace("\xa0", " ").split("\n")]
    return _BLANKS.sub("\n\n", "\n".join(lines)).strip("\n")


def _rendered(markup: str) -> str:
    parser = HTMLParser(**_PARSER_OPTIONS)
    source = markup.replace(_OPEN, "").replace(_CLOSE, "").encode("utf-8", "replace")
    if not source.strip():
        return ""
    tree = document_fromstring(source, parser=parser)
    if (markup.count("<") + markup.count("\n")) * len(markup) > _MAX_PADDING and _CELL.search(markup):
        _flatten(tree, markup)
    said = 0
    for element in list(tree.iter("a", "blockquote", "div", "hr", "pre", "table", "tr", "td", "th")):
        if element.tag in ("table", "tr", "td", "th"):
            if len(list(islice(element.iterancestors("table"), _MAX_TABLE_DEPTH))) == _MAX_TABLE_DEPTH:
                element.tag = "div"  # each level of tables costs its whole content once more
        elif element.tag == "a":
            _show_link(element)
        elif element.tag == "blockquote":
            _mark(parser, element)
        elif element.tag == "hr":
            element.tag = "div"
            element.attrib.clear()  # Outlook styles it to stand in the line
            element.text = _RULE
        elif said < _MAX_STRUCTURE:
            said += _show_structure(parser, element)
    for element in tree.iterfind(".//*[@style]"):
        element.set("style", _INDENT.sub("", element.get("style")))
    lines: list[str] = []
    depth = 0
    for line in Inscriptis(tree, _CONFIG).get_text().split("\n"):
        depth += line.count(_OPEN)
        bare = line.replace(_OPEN, "").replace(_CLOSE, "")
        if bare.strip() or bare == line:
            lines.append("> " * min(depth, 9) + (bare.strip() if depth else bare))
        depth = max(0, depth - line.count(_CLOSE))
    return "\n".join(lines)


def _show_link(element: HtmlElement) -> None:
    target = (element.get("href") or "").strip()
    shown = "".join(element.itertext()).strip()
    if not shown or not _LINK.fullmatch(target) or target.rstrip("/") in shown or shown in target:
        return
    if len(element):
        element[-1].tail = f"{element[-1].tail or ''} <{target}>"
    else:
        element.text = f"{element.text or ''} <{target}>"


def _flatten(tree: HtmlElement, markup: str) -> None:
    """Takes all tables apart if they could become huge: each line in a table is padded to the width of its columns."""
    above: dict[HtmlElement, HtmlElement] = {}
    run: Counter[HtmlElement] = Counter()
    width: Counter[HtmlElement] = Counter()
    inside = [tree]
    lines = markup.count("\n") if _KEEPS_LINES.search(markup) else 0
    for event, element in iterwalk(tree, events=("start", "end")):
        table = element.tag in _TABLE
        breaks = table or (element.tag in _BREAKS and "display" not in element.get("style", "").lower())
        lines += breaks
        if table and event == "end":
            inside.pop()
        if breaks:
            run[inside[-1]] = 0
        if table and event == "start":
            above[element] = inside[-1]
            inside.append(element)
        run[inside[-1]] += len((element.text if event == "start" else element.tail) or "")
        width[inside[-1]] = max(width[inside[-1]], run[inside[-1]])
    widest: Counter[HtmlElement] = Counter()
    for element, outer in reversed(above.items()):
        whole = width[element] + widest[element]
        # Cells stand side by side; rows, and the tables in a cell, below each other.
        widest[outer] = widest[outer] + whole if element.tag in ("td", "th") else max(widest[outer], whole)
    if lines * widest[tree] > _MAX_PADDING:
        for element in above:
            element.tag = "div"


def _show_structure(parser: HTMLParser, element: HtmlElement) -> bool:
    """What a client says with a class, an id or a border about a signature or an earlier mail is said in the text.

    True if it says such a thing.
    """
    name = element.get("id", "").removeprefix("x_")
    named = f"{element.get('class', '')} {element.get('name', '')}".lower()
    classes = {one.removeprefix("x_") for one in named.split()}
    if name == "divRplyFwdMsg" or _REPLY_BORDER.search(element.get("style", "")):
        _prepend(parser, element, _RULE)
    elif not classes.isdisjoint(_SIGNATURES) and _stands_alone(element):
        _prepend(parser, element, "-- ")
    elif not classes.isdisjoint(_QUOTES) and next(element.iter("blockquote"), None) is None:
        # Answers between quotes stand in the same element, beside the blockquotes: it is no quote as a whole.
        shown = (line.strip() for line in islice(element.itertext(), 20))
        if not quotes.is_forward(next((line for line in shown if line), "")):
            _mark(parser, element)
    elif "moz-cite-prefix" in classes:
        if not quotes.attribution(["".join(element.itertext()).strip()], 0):
            _mark(parser, element)  # in a language that is not known here
    else:
        return not classes.isdisjoint(_QUOTES | _SIGNATURES)
    return True


def _stands_alone(element: HtmlElement) -> bool:
    """The signature says something, and no "-- " stands above it already."""
    text = "".join(islice(element.itertext(), 50)).strip()
    above = element.getprevious()
    while above is not None and above.tag == "br" and not (above.tail or "").strip():
        above = above.getprevious()
    before = f"{''.join(islice(above.itertext(), 50))}{above.tail or ''}" if above is not None else ""
    return bool(text) and not text.startswith("--") and not before.rstrip().endswith("--")


def _mark(parser: HTMLParser, element: HtmlElement) -> None:
    _prepend(parser, element, _OPEN)
    last = parser.makeelement("div")
    last.text = _CLOSE
    element.append(last)


def _prepend(parser: HTMLParser, element: HtmlElement, text: str) -> None:
    first = parser.makeelement("div")
    first.text = text
    first.tail, element.text = element.text, None
    element.insert(0, first)


def _stripped(markup: str) -> str:
    text = _BLOCK_TAG.sub("\n", _without_silent(markup))
    return html.unescape(_TAG.sub("", text))


def _without_silent(markup: str) -> str:
    """The markup without comments, styles and scripts; one that never ends takes the rest with it."""
    lower = markup.lower() if len(markup.lower()) == len(markup) else markup
    out: list[str] = []
    at = 0
    while (found := _SILENT.search(markup, at)) is not None:
        out.append(markup[at : found.start()])
        closing = f"</{found[1].lower()}" if found[1] else "-->"
        end = lower.find(closing, found.end())
        if end < 0:
            return "".join(out)
        at = end + len(closing)
    return "".join([*out, markup[at:]])
