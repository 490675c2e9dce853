"""What the reading of any bytes promises."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Sequence

from maildesk.core import message
from maildesk.core.body import new_text
from maildesk.core.parsed import to_json
from maildesk.core.subject import passes_on

SECONDS = 5.0
"""Of CPU for one mail. The worst takes well under one; what has no bound takes minutes."""
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def kept(raw: bytes, twice: bool = False) -> None:
    """Fails where a promise is broken: an exception, no end in sight, text that no database takes, a lost file.

    `twice` reads it again, to see the same.
    """
    started = time.process_time()
    shown = json.dumps(to_json(raw), ensure_ascii=False)
    shown.encode("utf-8")
    assert time.process_time() - started < SECONDS
    assert "\x00" not in shown
    assert "\\u0000" not in shown
    if twice:
        assert json.dumps(to_json(raw), ensure_ascii=False) == shown
    mail = message.parse(raw)
    for value in (
        mail.subject,
        mail.message_id,
        *mail.references,
        *mail.defects,
        *(v for _, v in mail.headers),
    ):
        assert not _CONTROL.search(value), value
    for one in (*mail.from_, *mail.to, *mail.cc, *mail.reply_to):
        assert not _CONTROL.search(one.address + one.name)
        assert one.address
    assert "\r" not in mail.text
    for file in mail.attachments:
        data = message.part_bytes(raw, file.part)
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size, file.sha256)
        assert file.name
        assert not _CONTROL.search(file.name)
        assert "/" not in file.name
    parted(mail.text, mail.html, passes_on(mail.subject))


def parted(text: str, html: str = "", passed_on: bool = False, sent: Sequence[Sequence[str]] = ()) -> None:
    """The spans cover the text once, in order, and the new text holds nothing that the text does not.

    But for the marks that quotes get there which have none.
    """
    found = new_text(text, sent, html, passed_on)
    end = 0
    for span in found.spans:
        assert span.start == end
        assert span.end > span.start
        end = span.end
    assert end == len(text)
    lines = {line.strip() for line in text.split("\n")}
    bare = (line.removeprefix("> ").strip() for line in found.text.split("\n"))
    assert all(line in lines or line in text for line in bare)
