"""What templates get to see: plain data, bounded, and the right files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maildesk.core import showing
from maildesk.core.changes import Notice
from maildesk.core.material import Material
from maildesk.core.message import Attachment
from maildesk.edges import samples


def of(kind: str) -> tuple[Notice, Material]:
    return next((n, m) for n, m in samples.all_notices() if n.kind == kind)


def test_files_go_with_a_mail_up_to_the_limit() -> None:
    def file(name: str, size: int) -> Attachment:
        return Attachment(name, name, "application/pdf", size, "0" * 64, "", False)

    many = (file("a", 9_000_000), file("b", 2_000_000), file("c", 1_000_000))
    entry = replace(samples.FIRST, attachments=many)
    notice, material = of("new_ticket")
    found = showing.files(notice, replace(material, entry=entry))
    assert [a.name for a in found.attached] == ["a", "c"]
    assert [a.name for a in found.named] == ["b"]
    answer, material = of("answer")
    assert len(showing.files(answer, replace(material, entry=entry)).attached) == 3
    ack, material = of("acknowledgment")
    assert showing.files(ack, replace(material, entry=entry)).attached == ()


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (48_213, "48 KB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (14_200_000, "14.2 MB"),
    ],
)
def test_sizes(octets: int, shown: str) -> None:
    assert showing.size(octets) == shown


def test_context_is_plain_data() -> None:
    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(type(key) is str and plain(one) for key, one in value.items())
        if isinstance(value, list):
            return all(map(plain, value))
        return value is None or type(value) in (str, int, bool)

    for name, context in samples.contexts():
        assert plain(context), name


def test_long_text_is_cut_for_agents_and_whole_for_customers() -> None:
    long = "x" * (showing.TEXT + 1)
    for kind, length in (("new_ticket", showing.TEXT + 4), ("answer", showing.TEXT + 1)):
        notice, material = of(kind)
        assert material.entry
        entry = replace(material.entry, text=long, new_text=long)
        shown = showing.context(notice, replace(material, entry=entry), samples.POLICY, "x")
        assert len(str(shown["text"])) == length


def test_a_handoff_shows_the_customers_last_mail_and_the_notes() -> None:
    notice, material = of("handoff")
    assert showing.shown_entry(notice, material) == samples.AGAIN
    shown = showing.context(notice, material, samples.POLICY, "x")
    assert shown["notes"] == [{"author": "Bob Stone", "text": samples.NOTE.text, "kind": "note"}]


def test_a_bounce_shows_the_answer_that_came_back() -> None:
    notice, material = of("bounced")
    before = showing.context(notice, material, samples.POLICY, "x")["before"]
    assert isinstance(before, dict)
    assert before["author"] == "Alice Moore"
