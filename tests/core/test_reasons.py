"""What mail servers say, and the status of RFC 3463 that it stands for."""

import pytest

from maildesk.core.reasons import kind, reason, status

SAID = {
    "5.1.1": (
        "550 user jane does not exist",
        "550 Requested action not taken: mailbox unavailable",
        "550 No such user here",
        "550 <jane@shop.example>: Recipient address rejected: User unknown in virtual mailbox table",
        "550 unknown or illegal alias: jane@shop.example",
        "550 jane@shop.example not found",
        "550 Addressee unknown",
        "554 delivery error: dd This user doesn't have a yahoo.example account",
        "User not known",
        "There is no such account",
        "Empfänger unbekannt",
        "No mailbox by that name is currently available",
        "Not our Customer",
        "Recipient unknown",
        "Invalid recipient: <a@b.example>",
        "Recipient not found. <http://x/>",
        "550 bad address jane@shop.example",
    ),
    "5.1.10": (
        "Domain shop.example does not accept mail (nullMX)",
        "554 No SMTP service here",
    ),
    "5.1.2": (
        "550 domain shop.example does not exist",
        "554 Domain not found",
        "Host or domain name not found. Name service error for name=shop.example type=MX: Host not found",
        "Unrouteable address",
    ),
    "5.1.6": (
        "551 User not local; please try <j@x.example>",
        "550 Mailbox has moved",
        "no longer valid",
    ),
    "5.1.8": (
        "550 Domain of sender address support@desk.example does not exist",
        "553 sorry, your envelope sender domain must exist",
        "550 sender address rejected: domain not found",
        "cannot resolve your domain",
    ),
    "5.2.1": (
        "550 This account is no longer active",
        "550 User's mailbox is disabled",
        "550 Account jane@shop.example is disabled",
        "550 extended mailbox is inactive",
        "554 delivery error: dd Sorry your message to jane@shop.example cannot be delivered. "
        "This account has been disabled or discontinued [#102].",
        "account has been deactivated",
        "This address no longer accepts mail.",
        "mailbox temporarily disabled",
        "450 4.2.1 mailbox is currently unable to accept messages",
        "email address is administratively disabled",
    ),
    "5.2.2": (
        "552 Requested mail action aborted: exceeded storage allocation",
        "452 mailbox full",
        "550 The email account that you tried to reach is over quota",
        "552 user has exceeded their mail quota",
        "554 Mailbox is over limit",
        "422 recipient storage full",
        "550 Mailbox size limit exceeded",
    ),
    "5.3.0": (
        "451 Temporary local problem - please try later",
        'Command time limit exceeded: "/usr/bin/procmail"',
        "Command died with status 1",
    ),
    "5.3.1": (
        "452 Insufficient system storage",
        "No space left on device",
    ),
    "5.3.4": (
        "552 Message size exceeds fixed maximum message size (10000000)",
        "552 Message size exceeds maximum permitted",
        "552 5 message too large",
        "mail size limit exceeded",
    ),
    "5.4.1": (
        "connect to mx[192.0.2.7]:25: No route to host",
        "connect: Connection refused",
    ),
    "5.4.2": ("lost connection with mx while sending RCPT TO",),
    "5.4.5": (
        "450 The user you are trying to contact is receiving mail too quickly",
        "421 Too many concurrent connections",
    ),
    "5.4.6": (
        "mail forwarding loop for jane@shop.example",
        "too many hops",
    ),
    "5.4.7": ("Connection timed out",),
    "5.5.3": ("554 sorry, message has too many recipients",),
    "5.6.0": (
        "550 Message contains bare LF",
        "552 attachment type not allowed",
    ),
    "5.7.0": (
        "550 Administrative prohibition",
        "550 rejected due to policy reasons",
    ),
    "5.7.1": (
        "550 Sender verify failed",
        "550 Sender address rejected: User unknown in relay recipient table",
        "554 Message refused by spam filter",
        "550 This message was classified as SPAM and may not be delivered",
        "550 Your message was rejected because it appears to be junk",
        "554 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org",
        "550 Access denied...a1b2",
        "550 relay not permitted",
        "554 Relay access denied",
        "550 We do not relay",
        "553 sorry, that domain isn't in my list of allowed rcpthosts",
        "550 5-SPF check failed",
        "550 DMARC policy reject",
        "554 virus found",
        "450 Greylisting in action, please come back later",
        "550 mail not accepted from blacklisted IP address",
        "Mail rejected. Please consult ofr_xxx",
        "recipient refused to accept your mail",
        "550 Blocked by the recipient",
    ),
    "5.7.10": ("TLS is required, but was not offered by host",),
    "5.7.25": ("Mails from this IP temporarily refused: PTR record not found",),
}


@pytest.mark.parametrize(("code", "said"), [(code, said) for code in SAID for said in SAID[code]])
def test_status(code: str, said: str) -> None:
    assert status(said, "5") == code


def test_what_says_nothing() -> None:
    assert (status("Sorry.", "4"), reason("", "Sorry."), reason("5.2.2", "Sorry.")) == (
        "4.0.0",
        "",
        "mailboxfull",
    )
    assert (kind("550 no", False), kind("550 no", True), kind("no", False)) == ("5", "4", "")


@pytest.mark.parametrize("said", ["Sender address rejected: User unknown", "Domain of sender does not exist"])
def test_the_sender_s_faults_are_not_the_recipient_s(said: str) -> None:
    assert reason("", said) == "rejected"
    assert status(said, "5") in ("5.1.8", "5.7.1")
