"""Templates: the texts of mails, read from a folder per language and compiled once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from css_inline import CSSInliner, InlineError
from jinja2 import BaseLoader, Environment, StrictUndefined, Template, TemplateNotFound, TemplateSyntaxError
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from markupsafe import Markup, escape

from maildesk.core import notices
from maildesk.edges import samples

Kind = Literal["txt", "html"]
KINDS: tuple[Kind, ...] = ("txt", "html")

_SPACES = re.compile(r"^ +| {2,}", re.MULTILINE)
# In escaped text, where &lt; &gt; and quotes end a link; a full stop or bracket at its end belongs to the sentence.
_LINK = re.compile(r"https?://(?:(?!&(?:lt|gt|quot|#34|#39);)[^\s\u00a0]){1,2000}(?<![.,:;!?)\]}*_])")
_RUNTIME = (JinjaError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


class TemplateError(Exception):
    """Templates that cannot be used, with every problem as a sentence that begins with file:line."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Templates:
    """The compiled templates of one language. Nothing is read from disk after loading."""

    def __init__(self, compiled: Mapping[tuple[str, str], Template], folder: Path) -> None:
        self._compiled = compiled
        self._folder = folder
        self._inliner = CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)

    def render(self, name: str, kind: Literal["txt", "html"], context: Mapping[str, object]) -> str:
        """The text of the template `name`; HTML is complete, with its CSS inlined.

        Raises TemplateError where the template asks for what is not there or does what it must not.
        """
        template = self._compiled[name, kind]
        try:
            text = template.render(context)
            return text.strip("\n") + "\n" if kind == "txt" else self._inliner.inline(text)
        except InlineError as error:
            raise TemplateError((f"{self._folder / f'{name}.{kind}'}: the CSS is wrong: {error}",)) from error
        except _RUNTIME as error:
            place = _place(error, self._folder) or str(self._folder / f"{name}.{kind}")
            raise TemplateError((f"{place}: {_sentence(error)}",)) from error


class _Missing(StrictUndefined):
    """What a template asks for and nobody gives it: the error names the nearest that there is."""

    @property
    def _undefined_message(self) -> str:
        name, owner = str(self._undefined_name), self._undefined_obj
        if self._undefined_hint or not (isinstance(owner, Mapping) or owner is missing):
            return str(super()._undefined_message)
        known = [str(key) for key in owner] if isinstance(owner, Mapping) else []
        meant = difflib.get_close_matches(name, known, n=1)
        return f"there is no {name} here" + (f"; did you mean {meant[0]}?" if meant else "")


class _Loader(BaseLoader):
    """Reads the files of one folder, with their names kept for error sentences."""

    def __init__(self, folder: Path, instead: Path | None) -> None:
        self.folder = folder
        self.instead = instead

    def get_source(self, _: Environment, template: str) -> tuple[str, str, None]:
        path = self.folder / template
        if self.instead and not path.is_file():
            path = self.instead / template
        if "/" in template or "\\" in template or not path.is_file():
            raise TemplateNotFound(template)
        return path.read_text("utf-8"), str(path), None


def load(folder: Path, language: str, shipped: Path | None = None) -> Templates:
    """The templates of a language, from its folder. Raises TemplateError with all problems at once.

    A kind of mail that is newer than the folder is taken from the `shipped` ones, in English where it must be: an
    upgrade stops no desk.
    """
    compiled, problems = _compile(folder / language, _instead(shipped, language))
    if problems:
        raise TemplateError(tuple(problems))
    return Templates(compiled, folder / language)


def _instead(shipped: Path | None, language: str) -> Path | None:
    if shipped is None:
        return None
    return shipped / language if (shipped / language).is_dir() else shipped / "en"


def check(folder: Path, language: str, shipped: Path | None = None) -> list[str]:
    """Every problem of a language's templates: each is rendered with sample data. Empty if there is none."""
    compiled, problems = _compile(folder / language, _instead(shipped, language))
    templates = Templates(compiled, folder / language)
    for name, context in samples.contexts():
        for kind in KINDS:
            if (name, kind) not in compiled:
                continue
            try:
                templates.render(name, kind, context)
            except TemplateError as error:
                problems += error.problems
    return list(dict.fromkeys(problems))


def _compile(folder: Path, instead: Path | None) -> tuple[dict[tuple[str, str], Template], list[str]]:
    if not folder.is_dir():
        return {}, [f"{folder}: there is no such folder; `language` names a folder of templates"]
    environment = ImmutableSandboxedEnvironment(
        loader=_Loader(folder, instead),
        undefined=_Missing,
        autoescape=lambda name: name is not None and name.endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["br"] = _br
    environment.filters["quoted"] = _quoted
    compiled: dict[tuple[str, str], Template] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*")):
        if path.suffix in (".txt", ".html"):
            _compile_one(environment, path, compiled, problems)
    for notice in notices.KINDS:
        for kind in KINDS:
            path = folder / f"{notice.name}.{kind}"
            if instead and not path.is_file() and (instead / path.name).is_file():
                _compile_one(environment, instead / path.name, compiled, problems)
            elif not path.is_file():
                problems.append(f"{path}: this template is missing; it is sent when {notice.help}")
    return compiled, problems


def _compile_one(
    environment: Environment, path: Path, compiled: dict[tuple[str, str], Template], problems: list[str]
) -> None:
    try:
        compiled[path.stem, path.suffix[1:]] = environment.get_template(path.name)
    except TemplateSyntaxError as error:
        problems.append(f"{path}:{error.lineno}: {error.message}")
    except UnicodeDecodeError:
        problems.append(f"{path}: this file is not UTF-8 text")
    except OSError as error:
        problems.append(f"{path}: cannot be read: {error.strerror}")


def _place(error: BaseException, folder: Path) -> str:
    """file:line of the template code that raised; Jinja keeps both in the traceback."""
    place = ""
    frame = error.__traceback__
    while frame is not None:
        name = frame.tb_frame.f_code.co_filename
        if name.startswith(str(folder)):
            place = f"{name}:{frame.tb_lineno}"
        frame = frame.tb_next
    return place


def _sentence(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return f"it includes {error.name!r}, which is not in this folder"
    return str(error) or type(error).__name__


def _br(text: str) -> Markup:
    """A text for HTML: escaped, lines and leading spaces kept (Outlook does not know `white-space`), links to click.

    A link shows where it leads: its text is its target.
    """
    safe = _SPACES.sub(lambda run: "\u00a0" * len(run[0]), text).replace("\t", "\u00a0" * 4)
    linked = _LINK.sub(r'<a href="\g<0>">\g<0></a>', str(escape(safe)))
    return Markup(linked.replace("\n", "<br>\n"))


def _quoted(text: str) -> str:
    """A text with "> " before each line."""
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))
