"""A seeded mix of mails as a desk gets them: every way to be new, an answer, a copy, a machine, or wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from maildesk.core.reading import Envelope
from maildesk.store import views
from tests.desk import DESK, Desk, a_mail, an_answer

CUSTOMERS = [
    "jane@customer.example",
    "tom@customer.example",
    "ida@client.example",
    "Zoë <zoe@client.example>",
]
AGENTS = ["Alice Ames <alice@desk.example>", "bob@desk.example"]
SUBJECTS = [
    "My printer is broken", "An invoice is wrong", "Größe 42?", "", "Re: Fwd: hello", "[office] Meeting",
    "x" * 400, "日本語の件名", "It is on fire", "Your invoice, our printer",
]  # fmt: skip
TEXTS = [
    "Hello,\n\nit prints blank pages.\n", "There is a fire in the printer room!\n", "", "Thanks!\n",
    "Grüße aus Köln, 5 € bitte.\n", "a\n" * 300, "One line only", "Please help\n\n-- \nJane\nCustomer Ltd\n",
    "#resolve\nI wrote this in the portal.\n", "See https://customer.example/x?y=1 and ring +49 221 1234.\n",
]  # fmt: skip
COMMANDS = [
    "#priority high", "#resolve", "#wait", "#close", "#assign bob", "#assign none", "#topic invoices",
    "#note", "#status in-progress", "#hold", "#priority low\n#topic printing", "#reopen",
]  # fmt: skip
WRONG = ["#priorty high", "#topic nonsense", "Hello\n#close\nBye", "#assign nobody", "#resolve it"]
ANSWERS = ["Turn it off and on.", "Please send the serial number.\n\nAlice", "It is #1 on our list."]


class Mix:
    """Makes the next mail for a desk from what it has sent and got so far. The same seed, the same mails."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk = desk
        self.random = random.Random(seed)
        self.got: list[tuple[bytes, Envelope]] = []
        self._count = 0
        self._deck: list[tuple[str, Make]] = []

    def next(self) -> tuple[str, bytes, Envelope]:
        """The name of the kind, the mail, and how it comes. Moves the desk's clock on."""
        self.desk.now += self.random.choice([1_000_000, 60_000_000, 3_600_000_000, 30_000_000_000])
        if self.random.random() < 0.03:
            self.desk.now += 20 * 86_400_000_000
        made = None
        while made is None:
            # Dealt like cards, so that every kind comes up again and again.
            if not self._deck:
                self._deck = self.random.sample(KINDS, len(KINDS))
            name, make = self._deck.pop()
            made = make(self)
        if isinstance(made, tuple):
            raw, envelope = made
        else:
            raw = made if isinstance(made, bytes) else made.as_bytes(policy=policy.SMTP)
            envelope = self.envelope(raw)
        self.got.append((raw, envelope))
        return name, raw, envelope

    def id(self) -> str:
        """A Message-ID that no mail had before."""
        self._count += 1
        return f"<mix{self._count}@customer.example>"

    def pick(self, values: list[Any]) -> Any:
        """One of them."""
        return self.random.choice(values)

    def envelope(self, raw: bytes) -> Envelope:
        """How a mail of these bytes comes: sometimes by pipe, sometimes without a return path."""
        to = message_from_bytes(raw)["To"] or DESK
        address = str(to).partition("<")[2].partition(">")[0] or str(to).strip()
        channel = self.pick(["smtp", "smtp", "pipe"])
        sender = None if channel == "pipe" else self.pick(["jane@customer.example", "x@y.example"])
        ours = (address,) if address.endswith("@desk.example") and "," not in address else (DESK,)
        return Envelope(channel, sender, ours, "127.0.0.1")

    def sent(self, to: str = "", ticket: bool = True) -> EmailMessage | None:
        """One of the desk's mails, to anyone or to addresses that contain `to`."""
        with self.desk.store.db.reading() as conn:
            rows = views.outbox_list(conn, state="sent", limit=10_000)
        rows = [row for row in rows if to in row["to"] and (row["ticket"] is not None or not ticket)]
        if not rows:
            return None
        row = self.pick(rows[:40])
        raw = (self.desk.folder / "outgoing" / "new" / f"{row['once']}.maildesk").read_bytes()
        mail = message_from_bytes(raw, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        return mail

    def number(self) -> int | None:
        """The number of a ticket."""
        found = [one["number"] for one in self.desk.tickets()]
        return self.pick(sorted(found)) if found else None


def _new(mix: Mix, **values: Any) -> EmailMessage:
    given: dict[str, Any] = {
        "sender": mix.pick(CUSTOMERS), "subject": mix.pick(SUBJECTS), "text": mix.pick(TEXTS),
        "message_id": mix.id(),
    }  # fmt: skip
    return a_mail(**{**given, **values})


def _departments(mix: Mix) -> EmailMessage:
    to = mix.pick(
        ["billing@desk.example", "billing@desk.example, support@desk.example", "list@elsewhere.example"]
    )
    return _new(
        mix,
        to=to,
        headers={"Cc": mix.pick(["tim@elsewhere.example", "support@desk.example", "bob@desk.example"])},
    )


def _html(mix: Mix) -> EmailMessage:
    mail = _new(mix)
    mail.set_content(
        "<p>My <b>printer</b> is on fire.</p><script>x()</script><blockquote>old</blockquote>", subtype="html"
    )
    return mail


def _files(mix: Mix) -> EmailMessage:
    mail = _new(mix)
    for i in range(mix.random.randrange(1, 4)):
        content = mix.random.randbytes(300)
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=f"größe {i}.pdf")
    return mail


def _charset(mix: Mix) -> bytes:
    head = f"From: {mix.pick(CUSTOMERS[:3])}\r\nTo: {DESK}\r\nMessage-ID: {mix.id()}\r\n"
    subject, declared, body = mix.pick(
        [
            ("Gr\xfc\xdfe".encode("latin-1"), "text/plain; charset=nonsense", "Grüße".encode("latin-1")),
            ("Grüße".encode(), "text/plain; charset=us-ascii", "Grüße".encode()),
            (b"=?gb2312?B?xOO6ww==?=", "text/plain; charset=gb2312", "你好".encode("gb2312")),
            (b"=?utf-8?Q?broken=ZZ?= =?x?B?!!!?=", "text/plain; charset=utf-8", b"\xff\xfe\x00 broken \x80"),
            (b"plain", "text/plain; charset=utf-16", "Grüße".encode("utf-16")),
            (b"tabs\tand\r\n folds", "multipart/mixed; boundary=nowhere", b"no part at all"),
        ]
    )
    fields = b"Subject: " + subject + b"\r\nContent-Type: " + declared.encode()
    return head.encode() + bytes(fields) + b"\r\n\r\n" + bytes(body) + b"\r\n"


def _no_from(mix: Mix) -> bytes:
    field = mix.pick(
        [
            b"",
            b"From:\r\n",
            b"From: nobody\r\n",
            b"Sender: jane@customer.example\r\n",
            b"From: undisclosed:;\r\n",
        ]
    )
    head = (
        f"To: {DESK}\r\nSubject: From nobody {mix._count}\r\nMessage-ID: {mix.id()}\r\n\r\nHello\r\n".encode()
    )
    found: bytes = field + head
    return found


def _two_from(mix: Mix) -> EmailMessage:
    number = mix.number()
    subject = f"Re: [#{number}]" if number and mix.random.random() < 0.5 else "Two of us"
    return _new(mix, sender=f"jane@customer.example, {mix.pick(AGENTS)}", subject=subject)


def _answer(mix: Mix, to: str, sender: str, text: str, **headers: str) -> EmailMessage | None:
    mail = mix.sent(to)
    return (
        an_answer(mail, sender, text, mix.id(), {k.replace("_", "-"): v for k, v in headers.items()})
        if mail
        else None
    )


def _reply(mix: Mix) -> EmailMessage | None:
    cc = {"Cc": "tim@elsewhere.example"} if mix.random.random() < 0.2 else {}
    return _answer(mix, "jane@", "Jane Doe <jane@customer.example>", mix.pick(TEXTS) or "Hm.", **cc)


def _weak_reply(mix: Mix) -> EmailMessage | None:
    mail = mix.sent("@c")
    if mail is None:
        return None
    values: dict[str, Any] = mix.pick(
        [
            {"subject": f"Re: {mail['Subject']}"},
            {"headers": {"In-Reply-To": str(mail["Message-ID"])}},
            {"headers": {"References": str(mail["References"])}},
            {"headers": {"In-Reply-To": str(mail["In-Reply-To"] or mail["Message-ID"])}},
            {"to": str(mail["Reply-To"]), "subject": "Another matter"},
        ]
    )
    return _new(mix, sender=mix.pick([str(mail["To"]), *CUSTOMERS]), **values)


def _stranger(mix: Mix) -> EmailMessage | None:
    return _answer(
        mix, "@c", mix.pick(["Tim <tim@elsewhere.example>", *CUSTOMERS, *AGENTS]), "I only got this."
    )


def _agent(mix: Mix) -> EmailMessage | None:
    who, address = mix.pick([("alice@", AGENTS[0]), ("bob@", AGENTS[1])])
    text = mix.pick(
        [
            *ANSWERS, *ANSWERS, *WRONG, "", "\u200b#note\nFor us.", "Write to alice@desk.example.",
            *(f"{c}\n{mix.pick(ANSWERS)}" for c in COMMANDS), *COMMANDS,
        ]
    )  # fmt: skip
    headers = (
        {"Cc": mix.pick(["vendor@parts.example", "jane@customer.example"])}
        if mix.random.random() < 0.2
        else {}
    )
    return _answer(mix, who, address, text, **headers)


def _passed_on(mix: Mix) -> EmailMessage | None:
    return _answer(mix, "jane@", "Tim <tim@elsewhere.example>", "She gave me this.")


def _note(mix: Mix) -> EmailMessage | None:
    return _answer(mix, "bob@", AGENTS[1], f"#note\nNumber {mix._count} is for us.")


def _private(mix: Mix) -> EmailMessage | None:
    return _answer(mix, "bob@", AGENTS[1], f"Write to alice@desk.example, number {mix._count}.")


def _unmarked(mix: Mix) -> EmailMessage | None:
    """The mail that is answered stands in the answer without any mark: only we know that it is a quote."""
    mail = mix.sent("alice@")
    body = mail.get_body(("plain",)) if mail else None
    if mail is None or body is None:
        return None
    answer = an_answer(mail, AGENTS[0], "x", mix.id())
    answer.set_content(mix.pick(["", "Turn it off.\n\n"]) + body.get_content())
    return answer


def _spoof(mix: Mix) -> EmailMessage | None:
    number = mix.number()
    subject = f"Re: [#{number}]" if number and mix.random.random() < 0.6 else "Hello"
    return _new(mix, sender=mix.pick(AGENTS), subject=subject, text=mix.pick([*ANSWERS, *COMMANDS, *WRONG]))


def _again(mix: Mix) -> tuple[bytes, Envelope] | None:
    return mix.pick(mix.got) if mix.got else None


def _variant(mix: Mix) -> bytes | None:
    plain = [raw for raw, _ in mix.got if b"Content-Type: text/plain" in raw and b"base64" not in raw]
    if not plain:
        return None
    raw = mix.pick(plain)
    footer = b"".join(b"_____ footer %d of a list\r\n" % i for i in range(mix.pick([1, 5, 15, 16, 30])))
    changed: bytes = mix.pick(
        [raw + footer, raw.replace(b"\r\n\r\n", b"\r\nX-Relay: 1\r\n\r\n", 1), raw + b"and more\r\n"]
    )
    return changed


def _reused_id(mix: Mix) -> EmailMessage:
    return _new(mix, message_id="<always-the-same@customer.example>", text=f"Report {mix._count}\n")


def _machine(mix: Mix) -> EmailMessage | None:
    headers = mix.pick(
        [
            {"Auto-Submitted": "auto-replied"}, {"Auto-Submitted": "auto-generated"},
            {"List-Id": "<a.example>"}, {"X-Maildesk-Trace": "other abc", "Auto-Submitted": "auto-generated"},
            {"Precedence": "bulk"}, {"X-Auto-Response-Suppress": "All"},
        ]
    )  # fmt: skip
    if mix.random.random() < 0.5:
        return _new(mix, headers=headers)
    return _answer(
        mix,
        "",
        mix.pick([*CUSTOMERS, *AGENTS]),
        "I am away.",
        **{k.replace("-", "_"): v for k, v in headers.items()},
    )


def _ours(mix: Mix) -> bytes | None:
    mail = mix.sent()
    return mail.as_bytes(policy=policy.SMTP) if mail else None


def _bounce(mix: Mix) -> tuple[bytes, Envelope] | None:
    mail = mix.sent()
    if mail is None:
        return None
    original = mix.pick([str(mail["Message-ID"]), "<unknown@elsewhere.example>"])
    to = mail["To"].addresses[0].addr_spec
    raw = (
        f"From: MAILER-DAEMON@relay.example\r\nTo: {DESK}\r\nSubject: Undelivered Mail\r\n"
        f"Message-ID: {mix.id()}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        f"Final-Recipient: rfc822; {to}\r\nAction: failed\r\n"
        f"Status: {mix.pick(['5.1.1', '4.4.7', '5.2.2'])}\r\n"
        f"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {original}\r\n"
        "Subject: x\r\n\r\nx\r\n--b--\r\n"
    ).encode()
    return raw, Envelope("smtp", "", (DESK,), "127.0.0.1")


Make = Callable[[Mix], EmailMessage | bytes | tuple[bytes, Envelope] | None]

KINDS: list[tuple[str, Make]] = [
    ("new", _new), ("new", _new), ("departments", _departments), ("html", _html), ("files", _files),
    ("charset", _charset), ("no from", _no_from), ("two from", _two_from),
    ("no message-id", lambda mix: _new(mix, message_id=None)),
    ("reply", _reply), ("reply", _reply), ("weak reply", _weak_reply), ("weak reply", _weak_reply),
    ("stranger", _stranger), ("agent", _agent), ("agent", _agent), ("agent", _agent), ("agent", _agent),
    ("unmarked", _unmarked),
    ("passed on", _passed_on),
    ("note", _note),
    ("private", _private),
    ("spoof", _spoof), ("again", _again), ("variant", _variant), ("reused id", _reused_id),
    ("machine", _machine), ("machine", _machine), ("ours", _ours), ("bounce", _bounce),
]  # fmt: skip
