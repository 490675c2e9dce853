"""One LMTP connection (RFC 2033): SMTP's session, greeted by LHLO, with one answer to a mail for each recipient."""

from __future__ import annotations

from typing import Any

from aiosmtpd.smtp import syntax

from maildesk.edges.intakes.smtp_session import TOO_MUCH, Mail, Service, Session


class LmtpSession(Session):
    """A mail server of one's own hands mail over."""

    name = greeting = "LMTP"

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self._answers = 0

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802
        await super().smtp_EHLO(arg)

    async def smtp_HELO(self, _hostname: str) -> None:  # noqa: N802
        await self.push("500 5.5.1 This is LMTP: say LHLO")

    smtp_EHLO = smtp_HELO  # noqa: N815

    async def push(self, status: Any) -> None:
        if isinstance(status, str) and status.startswith("354 "):
            await super().push(status)
            self._expect()
            return
        await super().push(status)
        self._answers = 0

    def _expect(self) -> None:
        """What is said next is the answer to a mail."""
        assert isinstance(self.envelope, Mail)
        self._answers = self.envelope.answers

    def _final(self, reply: str) -> str:
        # Each accepted recipient waits for an answer of its own, whatever that is (RFC 2033 section 4.2).
        return "\r\n".join([reply] * max(1, self._answers))


class PipeSession(LmtpSession):
    """`maildesk deliver` hands over what it got by a pipe, byte by byte (BDAT, RFC 3030).

    It takes any recipient, as the mail server has decided already who gets it, and `<>` where none was told.
    """

    name = "maildesk deliver"
    setting = "`socket` below [deliver]"

    def takes(self, address: str) -> bool:
        """Whether a recipient is taken whatever addresses are known."""
        return True

    @syntax("BDAT size LAST")
    async def smtp_BDAT(self, arg: str | None) -> None:  # noqa: N802
        """A whole mail as one chunk. Lines may end as they like, and nothing in it needs a mark."""
        size, _, last = (arg or "").partition(" ")
        if not (size.isascii() and size.isdigit() and len(size) < 16 and last.upper() == "LAST"):
            await self.push("501 5.5.4 Syntax: BDAT size LAST")
            self.cut()  # the bytes that follow are no commands
            return
        await self._receiving(self._chunk(int(size)))

    async def _chunk(self, size: int) -> None:
        assert isinstance(self.envelope, Mail)
        if not self.envelope.answers:
            await self.push("503 5.5.1 Say RCPT before BDAT")
            self.cut()
            return
        self._expect()
        if self.data_size_limit and size > self.data_size_limit:
            await self.push(TOO_MUCH)
            self.cut()
            return
        self.envelope.original_content = await self._reader.readexactly(size)
        reply = await self._call_handler_hook("DATA")
        self.envelope = self._create_envelope()
        await self.push(reply)
