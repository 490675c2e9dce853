"""Each thing that must not reach a customer is found, and an honest mail passes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from maildesk.core import gate, identity
from maildesk.core.identity import Keys, TokenKind, person_of_address, person_of_agent
from maildesk.core.material import Material
from maildesk.edges import samples, templates

KEYS = Keys("desk1", b"r" * 32, ((1, b"old" * 10), (2, b"new" * 10)))
JANE, TOM, ALICE = (
    person_of_address("jane@customer.example"),
    person_of_address("tom@customer.example"),
    person_of_agent("alice"),
)
NOTICE = samples.notice("answer", "row-3")
MATERIAL = Material(samples.TICKET, samples.ANSWER, samples.THREAD)
CONTEXT = next(shown for name, shown in samples.contexts() if name == "new_ticket")
SECRET = "Error 17 is the load balancer again, see the log of Monday."


def token(person: str, kind: TokenKind = "public", generation: int = 0, keys: Keys = KEYS) -> str:
    return identity.token(keys, 482913, person, kind, generation)


def found(_material: Material = MATERIAL, _template: str = "", /, **parts: str) -> tuple[str, ...]:
    return gate.findings(parts, NOTICE, _material, samples.POLICY, KEYS, _template)


def test_an_honest_mail_passes() -> None:
    own = f"Reply-To: <support+{token(JANE)}@bank.example>"
    text = "Dear Jane,\nplease write to support@bank.example or mailto:support@bank.example?subject=x"
    assert found(headers=own, text=text, HTML=f"<p>{text}</p>") == ()


@pytest.mark.parametrize(
    "letters",
    [
        token(TOM),
        token(ALICE),
        token(ALICE, "internal"),
        token(JANE, "internal"),
        token(TOM, generation=3),
        token(TOM, keys=replace(KEYS, tokens=KEYS.tokens[:1])),
    ],
)
@pytest.mark.parametrize("shape", ["support+{}@bank.example", "({})", "abc{}xyz", "{}"])
@pytest.mark.parametrize("part", ["text", "HTML", "headers", "subject"])
def test_anothers_token(letters: str, shape: str, part: str) -> None:
    for written in (letters, letters.upper()):
        (one,) = found(**{part: shape.format(written)})
        assert "reply address" in one
        assert f"out of the {part.lower()}" in one.replace("the text or signature", f"the {part.lower()}")
        assert letters not in one.lower()


def test_own_older_token_and_foreign_letters_pass() -> None:
    assert found(text=token(JANE, generation=7) + " " + "a" * 40 + " " + "abcdefgh" * 40_000) == ()


@pytest.mark.parametrize(
    "text",
    [
        "write to bob@private.example.",
        "BOB@Private.Example",
        "<bob@private.example>",
        "bob+desk@private.example",
        "mailto:bob@private.example",
    ],
)
def test_private_address(text: str) -> None:
    for part, place in (
        ("text", "the text or signature"),
        ("HTML", "the text or signature"),
        ("file names", "the names of the files"),
        ("From", "the department's name"),
    ):
        (one,) = found(**{part: text})
        assert one == (
            "It contains bob@private.example, the private address of Bob Stone, which customers are not shown. "
            f"Take it out of {place} and reply again."
        )


@pytest.mark.parametrize(
    "text", ["jbob@private.example", "bob@private.example.org", "x.bob@private.example", "bob@private"]
)
def test_other_addresses_pass(text: str) -> None:
    assert found(text=text) == ()


def test_address_hidden_in_html() -> None:
    assert len(found(HTML="<a href='x'>bob&#64;private.example</a>")) == 1


def test_agent_who_is_the_customer_may_see_their_own_address() -> None:
    notice = replace(NOTICE, to="bob@private.example")
    assert gate.findings({"text": "bob@private.example"}, notice, MATERIAL, samples.POLICY, KEYS) == ()
    assert len(gate.findings({"text": "alice@private.example"}, notice, MATERIAL, samples.POLICY, KEYS)) == 1


@pytest.mark.parametrize(
    "link",
    [
        "mailto:support@bank.example?body=%23close",
        "mailto:support@bank.example?subject=x&body=ok%0A%23note",
        "MAILTO:support@bank.example?body=#close",
        "mailto:support@bank.example?body=%23%20close",
        "mailto:support@bank.example?body=&#35;close",
    ],
)
def test_command_link(link: str) -> None:
    (one,) = found(HTML=f'<a href="{link}">ok</a>')
    assert one.startswith("It contains a mailto link that writes a #command")


@pytest.mark.parametrize("mark", ["", "> ", ">> ", "  "])
def test_card_of_a_mail_to_an_agent(mark: str) -> None:
    """A quote between two passages of an answer stays in it; the card in that quote must not."""
    shown = templates.load(Path(__file__).parents[2] / "templates", "en").render("new_ticket", "txt", CONTEXT)
    quoted = "".join(f"{mark}{line}\n" for line in shown.splitlines())
    (one,) = found(text=f"See below.\n\n{quoted}\nRegards")
    assert one.startswith("It contains the lines about the ticket that maildesk writes for agents")
    assert found(text="We run maildesk.\n==========\nmaildesk #482913") == ()


def test_other_links_pass() -> None:
    assert (
        found(
            HTML='<a href="mailto:a@b.example?subject=%5B%23482913%5D">x</a> <a href="https://x/#top">y</a>'
        )
        == ()
    )


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"> {SECRET.upper()}",
        f"As Bob says: {SECRET} So it goes.",
        "Error 17 is the load\nbalancer again,   see the\n> log of Monday.",
    ],
)
def test_line_of_a_note(text: str) -> None:
    (one,) = found(text=text)
    assert one == (
        "It contains a line of an internal note by Bob Stone, which customers are not shown. "
        "Take it out of the text or signature and reply again."
    )


def test_line_of_a_note_in_markup() -> None:
    assert (
        len(found(HTML="<p>Error 17 is the load <b>balancer</b> again, see the log of&nbsp;Monday.</p>")) == 1
    )


def test_public_lines_may_stand_in_notes() -> None:
    public = replace(samples.FIRST, text=f"They told me:\n{SECRET}")
    assert found(replace(MATERIAL, thread=(public, samples.NOTE)), text=SECRET) == ()


def test_template_lines_may_stand_in_notes() -> None:
    assert found(MATERIAL, SECRET, text=SECRET) == ()


def test_the_mails_own_entry_does_not_excuse_itself() -> None:
    answer = replace(samples.ANSWER, text=SECRET, new_text=SECRET)
    material = replace(MATERIAL, entry=answer, thread=(samples.FIRST, samples.NOTE, answer))
    assert len(found(material, text=SECRET)) == 1


def test_short_lines_of_notes_pass() -> None:
    note = replace(samples.NOTE, text="Thanks, looks good to me", new_text="")
    assert found(replace(MATERIAL, thread=(note,)), text="Thanks, looks good to me") == ()
