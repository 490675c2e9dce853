"""Markup: HTML from strangers, rendered to text that a person can read. Nothing in it is ever executed."""

import html
import re
from collections import Counter
from itertools import islice

from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement
from lxml.etree import LxmlError, iterwalk
from lxml.html import HtmlElement as Element
from lxml.html import HTMLParser, document_fromstring

from maildesk.core import quotes

MAX_CHARACTERS = 1024 * 1024
_MAX_TAGS = 30_000
_BLOCK = HtmlElement(display=Display.block)
_MORE_BLOCKS = ("section", "details", "summary", "fieldset", "legend", "dl", "dt", "caption")
_MORE_CSS = {
    "dd": HtmlElement(display=Display.block, padding_inline=4),
    "template": HtmlElement(display=Display.none),
}
_CONFIG = ParserConfig(css=CSS_PROFILES["strict"] | dict.fromkeys(_MORE_BLOCKS, _BLOCK) | _MORE_CSS)
_OPEN, _CLOSE = "\ue000", "\ue001"  # where a quotation begins and ends, while the tree is rendered
_RULE = "_" * 32
_BOMB = re.compile(r"<(?=[!/?a-zA-Z])[^<>]{4096,}>?")
# What stands behind the end is shown by all programs: feet that servers add, a second page.
_END = re.compile(r"</\s{0,9}(?:body|html)\s{0,9}>", re.IGNORECASE)
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
_MAILTO = re.compile(r"mailto:([^\s?<>@]{1,64}@[^\s?<>@]{1,253})", re.IGNORECASE)
# What nobody sees: the line that newsletters put before their first one, for the list of mails.
_HIDDEN = re.compile(
    r"(?:^|[;\s])(?:display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|opacity\s{0,9}:\s{0,9}0(?![.\d])"
    r"|max-height\s{0,9}:\s{0,9}0(?![.\d]))",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?:^|[;\s])font(?:-size)?\s{0,9}:\s{0,9}([^;]{1,100})", re.IGNORECASE)
_NO_SIZE = re.compile(r"0(?:\.0+)?(?:px|pt|em|rem|%)?\s{0,9}(?:!important)?\s{0,9}$", re.IGNORECASE)
_INDENTED = re.compile(
    r"(?=.{0,200}\bborder\s{0,9}:\s{0,9}(?:none|0))(?=.{0,200}\bmargin(?:-left)?\s{0,9}:[^;]{0,40}\b40px)",
    re.IGNORECASE,
)
_MAX_INSIDE = 50
_EMOJI = re.compile(
    "[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\ufe0f\u200d\U0001f3fb-\U0001f3ff]{1,8}"
)
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
    source = _END.sub("<p>", markup.replace(_OPEN, "").replace(_CLOSE, "")).encode("utf-8", "replace")
    if not source.strip():
        return ""
    tree = document_fromstring(source, parser=parser)
    if (markup.count("<") + markup.count("\n")) * len(markup) > _MAX_PADDING and _CELL.search(markup):
        _flatten(tree, markup)
    if next(tree.iter("table"), None) is None:
        for element in tree.iter("tr", "td", "th"):
            element.tag = "div"  # a piece of a table that somebody pasted
    said = 0
    for element in list(
        tree.iter("a", "blockquote", "div", "hr", "img", "ol", "pre", "table", "tr", "td", "th")
    ):
        if element.tag in ("table", "tr", "td", "th"):
            if len(list(islice(element.iterancestors("table"), _MAX_TABLE_DEPTH))) == _MAX_TABLE_DEPTH:
                element.tag = "div"  # each level of tables costs its whole content once more
        elif element.tag == "a":
            _show_link(element)
        elif element.tag == "img":
            _show_emoji(element)
        elif element.tag == "ol":
            _show_start(element)
        elif element.tag == "blockquote":
            if _is_indented(element):
                element.tag = "div"
            else:
                _mark(parser, element)
        elif element.tag == "hr":
            element.tag = "div"
            element.attrib.clear()  # Outlook styles it to stand in the line
            element.text = _RULE
        elif said < _MAX_STRUCTURE:
            said += _show_structure(parser, element)
    for element in tree.iterfind(".//*[@style]"):
        hidden = _is_hidden(element)
        element.set("style", "display:none" if hidden else _INDENT.sub("", element.get("style")))
    for element in tree.iterfind(".//*[@hidden]"):
        element.set("style", "display:none")
    lines: list[str] = []
    depth = 0
    for line in Inscriptis(tree, _CONFIG).get_text().split("\n"):
        depth += line.count(_OPEN)
        bare = line.replace(_OPEN, "").replace(_CLOSE, "")
        if bare.strip() or bare == line:
            lines.append("> " * min(depth, 9) + (bare.strip() if depth else bare))
        depth = max(0, depth - line.count(_CLOSE))
    return "\n".join(lines)


def _show_link(element: Element) -> None:
    target = (element.get("href") or "").strip()
    shown = "".join(element.itertext()).strip()
    if (found := _MAILTO.fullmatch(target)) and found[1].lower() not in shown.lower():
        target = found[1]
    elif not _LINK.fullmatch(target):
        return
    if not shown or target.rstrip("/") in shown or shown in target:
        return
    if len(element):
        element[-1].tail = f"{element[-1].tail or ''} <{target}>"
    else:
        element.text = f"{element.text or ''} <{target}>"


def _show_emoji(element: Element) -> None:
    """Gmail and Outlook send what people pick from their table of emojis as pictures."""
    alt = (element.get("alt") or "").strip()
    if _EMOJI.fullmatch(alt):
        element.tail = f"{alt}{element.tail or ''}"


def _show_start(element: Element) -> None:
    """A list that goes on keeps its numbers: Outlook begins a new one below each paragraph between them."""
    start = (element.get("start") or "").strip()
    first = next(element.iterchildren("li"), None)
    if first is not None and start.isdecimal() and len(start) < 7 and "value" not in first.attrib:
        first.set("value", start)


def _is_indented(element: Element) -> bool:
    """The button for "more indentation" makes a blockquote, too, without a border; what stands in it is new."""
    named = any(element.get(name) for name in ("type", "cite", "class", "id"))
    return not named and _INDENTED.match(element.get("style", "")) is not None


def _is_hidden(element: Element) -> bool:
    """Not where only the space between pictures is hidden, and the texts inside have a size of their own."""
    style = element.get("style")
    if _HIDDEN.search(style):
        return True
    size = _SIZE.search(style)
    if size is None or not _NO_SIZE.match(size[1]):
        return False
    inside = islice(element.iterfind(".//*[@style]"), _MAX_INSIDE)
    return not any((own := _SIZE.search(one.get("style"))) and not _NO_SIZE.match(own[1]) for one in inside)


def _flatten(tree: Element, markup: str) -> None:
    """Takes all tables apart if they could become huge: each line in a table is padded to the width of its columns."""
    above: dict[Element, Element] = {}
    run: Counter[Element] = Counter()
    width: Counter[Element] = Counter()
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
    widest: Counter[Element] = Counter()
    for element, outer in reversed(above.items()):
        whole = width[element] + widest[element]
        # Cells stand side by side; rows, and the tables in a cell, below each other.
        widest[outer] = widest[outer] + whole if element.tag in ("td", "th") else max(widest[outer], whole)
    if lines * widest[tree] > _MAX_PADDING:
        for element in above:
            element.tag = "div"


def _show_structure(parser: HTMLParser, element: Element) -> bool:
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


def _stands_alone(element: Element) -> bool:
    """The signature says something, and no "-- " stands above it already."""
    text = "".join(islice(element.itertext(), 50)).strip()
    above = element.getprevious()
    while above is not None and above.tag == "br" and not (above.tail or "").strip():
        above = above.getprevious()
    before = f"{''.join(islice(above.itertext(), 50))}{above.tail or ''}" if above is not None else ""
    return bool(text) and not text.startswith("--") and not before.rstrip().endswith("--")


def _mark(parser: HTMLParser, element: Element) -> None:
    _prepend(parser, element, _OPEN)
    last = parser.makeelement("div")
    last.text = _CLOSE
    element.append(last)


def _prepend(parser: HTMLParser, element: Element, text: str) -> None:
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
