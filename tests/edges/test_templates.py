"""Templates: loaded once, strict, sandboxed; every problem is a sentence with its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from maildesk.core import notices
from maildesk.edges import samples, templates
from maildesk.edges.templates import TemplateError

SHIPPED = Path(__file__).parents[2] / "templates"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED, tmp_path / "templates")
    return tmp_path / "templates"


def context(kind: str = "acknowledgment") -> dict[str, object]:
    return next(shown for name, shown in samples.contexts() if name == kind)


def test_the_shipped_templates_are_sound() -> None:
    assert templates.check(SHIPPED, "en") == []


def test_samples_show_every_kind() -> None:
    assert {name for name, _ in samples.contexts()} == set(notices.BY_NAME)


@pytest.mark.parametrize("kind", sorted(notices.BY_NAME))
def test_html_has_its_css_inlined_and_fetches_nothing(kind: str) -> None:
    html = templates.load(SHIPPED, "en").render(kind, "html", context(kind))
    assert '<body style="' in html
    assert "prefers-color-scheme: dark" in html
    assert "width=device-width" in html
    for forbidden in ("<img", "<script", "<link", "url(", "@import", "src="):
        assert forbidden not in html


def test_all_problems_at_once(folder: Path) -> None:
    (folder / "en" / "answer.txt").write_text("Hello\n{% if text %}\nno end\n")
    (folder / "en" / "note.html").unlink()
    (folder / "en" / "held.txt").write_bytes(b"caf\xe9")
    with pytest.raises(TemplateError) as caught:
        templates.load(folder, "en")
    problems = "\n".join(caught.value.problems)
    assert f"{folder}/en/answer.txt:3: Unexpected end of template" in problems
    assert (
        f"{folder}/en/note.html: this template is missing; it is sent when a colleague wrote a note"
        in problems
    )
    assert f"{folder}/en/held.txt: this file is not UTF-8 text" in problems
    assert str(caught.value) == problems


def test_missing_language(folder: Path) -> None:
    with pytest.raises(TemplateError, match="there is no such folder"):
        templates.load(folder, "xx")


@pytest.mark.parametrize(
    ("source", "place", "sentence"),
    [
        ("Hello\n\n{{ tickt.number }}", ":3:", "there is no tickt here"),
        ("Hello\n{{ ticket.nmber }}", ":2:", "there is no nmber here; did you mean number?"),
        ("{{ ''.__class__.__mro__ }}", ":1:", "unsafe"),
        ("{{ text.append(1) }}", ":1:", "no attribute 'append'"),
        ("{% include 'nothing.txt' %}", ":1:", "includes 'nothing.txt', which is not in this folder"),
        ("{% include '../../secret.txt' %}", ":1:", "which is not in this folder"),
        ("{{ 1 / 0 }}", ":1:", "division by zero"),
    ],
)
def test_check_renders_and_names_the_line(folder: Path, source: str, place: str, sentence: str) -> None:
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "en" / "acknowledgment.txt").write_text(source)
    problems = templates.check(folder, "en")
    assert problems
    assert all(sentence in one for one in problems), problems
    assert problems[0].startswith(f"{folder}/en/acknowledgment.txt{place}")
    with pytest.raises(TemplateError, match=r"acknowledgment\.txt"):
        templates.load(folder, "en").render("acknowledgment", "txt", context())


def test_wrong_part_that_only_some_mails_reach(folder: Path) -> None:
    card = folder / "en" / "card.txt"
    card.write_text(card.read_text().replace("{{ file.name }} ({{", "{{ file.nme }} ({{"))
    (one, *_) = templates.check(folder, "en")
    assert one.startswith(f"{card}:")
    assert "nme" in one


def test_lists_cannot_be_changed(folder: Path) -> None:
    (folder / "en" / "acknowledgment.txt").write_text("{{ others.append('x') }}")
    assert "unsafe" in templates.check(folder, "en")[0]


def test_nothing_is_read_after_loading(folder: Path) -> None:
    loaded = templates.load(folder, "en")
    before = loaded.render("new_ticket", "html", context("new_ticket"))
    shutil.rmtree(folder)
    assert loaded.render("new_ticket", "html", context("new_ticket")) == before


def test_lines_and_indents_survive_in_html() -> None:
    shown = context("customer_reply") | {"text": "a\n    b  c\n<d> & \tg"}
    html = templates.load(SHIPPED, "en").render("customer_reply", "html", shown)
    assert (
        "a<br>\n&nbsp;&nbsp;&nbsp;&nbsp;b&nbsp;&nbsp;c<br>\n&lt;d&gt; &amp; &nbsp;&nbsp;&nbsp;&nbsp;g" in html
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://x.example/a?b=1&c=2.", 'See <a href="https://x.example/a?b=1&amp;c=2">https://x.example/a?b=1&amp;c=2</a>.'),
        ("(http://x.example/a)", '(<a href="http://x.example/a">http://x.example/a</a>)'),
        ("<https://x.example>", '&lt;<a href="https://x.example">https://x.example</a>&gt;'),
        ('https://x.example/"onclick=x', '<a href="https://x.example/">https://x.example/</a>&#34;onclick=x'),
        ("javascript:alert(1) data:x", "javascript:alert(1) data:x"),
        ("https://x.example\nnext", '<a href="https://x.example">https://x.example</a><br>\nnext'),
    ],
)  # fmt: skip
def test_links_can_be_clicked(text: str, expected: str) -> None:
    assert str(templates._br(text)) == expected
