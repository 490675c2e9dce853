"""What `maildesk parse` prints."""

import json
import subprocess
import sys
from pathlib import Path

from maildesk.core.parsed import to_json

RAW = (
    b"From: Jane <jane@shop.example>\r\nTo: b@desk.example, a@desk.example\r\nSubject: Printer\r\n"
    b"List-Id: <talk.shop.example>\r\nMessage-ID: <m1@shop.example>\r\nX-Original-To: c@desk.example\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/html\r\n\r\n<p>Yes <a href='https://x.example'>it</a></p>"
    b"<blockquote>no</blockquote>\r\n"
    b"--b\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--b--\r\n"
)
KEYS = """
    from_addr from_name reply_to_addr to cc subject message_id in_reply_to references date text reply_text
    html attachments kind may_autorespond bounce list_id language defects
"""


def test_keys_and_values() -> None:
    seen = to_json(RAW)
    assert list(seen) == KEYS.split()
    assert json.loads(json.dumps(seen)) == seen
    assert (seen["from_addr"], seen["from_name"]) == ("jane@shop.example", "Jane")
    assert seen["to"] == ["b@desk.example", "a@desk.example"]
    assert seen["text"] == "Yes it <https://x.example>\n\n> no"
    assert seen["reply_text"] == "Yes it <https://x.example>"
    assert (seen["html"], seen["kind"], seen["may_autorespond"]) == (True, "message", False)
    assert (seen["bounce"], seen["reply_to_addr"], seen["date"]) == (None, None, None)


def test_bounce_keys() -> None:
    raw = (
        b"From: mailer-daemon@mx.example\r\nSubject: failure notice\r\n\r\n<a@x.example>:\n550 no such user\n"
    )
    seen = to_json(raw)
    assert seen["kind"] == "bounce"
    assert isinstance(seen["bounce"], dict)
    assert list(seen["bounce"]) == ["recipient", "recipients", "status", "action", "reason", "diagnostic"]


def test_vacation_is_auto_reply() -> None:
    assert to_json(b"From: j@x.example\r\nAuto-Submitted: auto-replied\r\n\r\n")["kind"] == "auto_reply"


def test_same_answer_under_any_hash_seed() -> None:
    code = "import json, sys; from maildesk.core.parsed import to_json\n"
    code += "print(json.dumps(to_json(sys.stdin.buffer.read())))"
    root = Path(__file__).resolve().parents[2]
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            input=RAW,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("0", "1")
    }
    assert answers == {json.dumps(to_json(RAW)).encode() + b"\n"}
