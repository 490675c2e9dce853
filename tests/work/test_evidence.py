"""What a mail may do by what our mail server found out about it: real mails with all headers through a running desk."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from typing import Any

import pytest

from maildesk.core.reading import Evidence
from maildesk.edges.verify import Trust, stated
from tests.desk import Desk, a_mail, an_answer
from tests.work import authority
from tests.work.authority import ALICE, BOB, JANE, TIM, is_token, spoofed, state

MX = "mx.desk.example"
RECEIVED = f"from somewhere ([192.0.2.1]) by {MX} with ESMTPS id 4711; Mon, 21 Sep 2026 12:00:00 +0000"
ELSEWHERE = "from laptop by relay.elsewhere.example with ESMTPSA; Mon, 21 Sep 2026 11:59:00 +0000"
TRUST = Trust(MX, 1, "X-Spam-Flag: YES")


def passes(domain: str) -> str:
    return (
        f"{MX}; dkim=pass header.d={domain}; spf=pass smtp.mailfrom={domain}; dmarc=pass header.from={domain}"
    )


def fails(domain: str) -> str:
    return f"{MX}; dkim=none; spf=fail smtp.mailfrom=evil.example; dmarc=fail (p=reject) header.from={domain}"


def came(mail: EmailMessage, *headers: str) -> bytes:
    """A mail as it lies there with what servers put above it, in this order: "Name: value"."""
    top = "".join(f"{line}\r\n" for line in headers)
    return top.encode() + mail.as_bytes(policy=policy.SMTP)


def through_our_server(mail: EmailMessage, found: str, *below: str) -> bytes:
    """A mail of which our server says what it found; `below` is what it brought along."""
    return came(
        mail, f"Received: {RECEIVED}", *([f"Authentication-Results: {found}"] if found else []), *below
    )


def handled(desk: Desk, raw: bytes, trust: Trust = TRUST) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What became of a mail, and the mails that followed."""
    return authority.handled(desk, raw, evidence=stated(raw, trust))


def from_alice(number: int | None, text: str = "Turn it off and on.", **values: Any) -> EmailMessage:
    """Alice writes without a reply address, as from another mail program."""
    mail = spoofed(number, text, **values)
    mail.replace_header("Message-ID", "<alice@desk.example>")
    return mail


# An authenticated agent


def test_an_authenticated_agents_mail_goes_to_the_customer(desk: Desk, number: int) -> None:
    row, mails = handled(desk, through_our_server(from_alice(number), passes("desk.example")))
    assert (row["disposition"], row["ticket"], row["proof"]) == ("agent-reply", number, "authenticated")
    assert mails == [("answer", JANE)]
    assert row["why"][1] == f"DMARC passes for desk.example, as {MX} found."


def test_an_authenticated_agents_commands_are_carried_out(desk: Desk, number: int) -> None:
    row, mails = handled(
        desk, through_our_server(from_alice(number, "#priority high"), passes("desk.example"))
    )
    assert (row["disposition"], mails) == ("command", [])
    assert state(desk, number)["priority"] == "high"


def test_an_authenticated_agent_may_answer_by_references_alone(desk: Desk, number: int) -> None:
    notice = desk.mails(to=BOB)[0]
    mail = from_alice(None, "Turn it off.", headers={"In-Reply-To": str(notice["Message-ID"])})
    row, _ = handled(desk, through_our_server(mail, passes("desk.example")))
    assert (row["ticket"], row["proof"]) == (number, "authenticated")


def test_an_authenticated_agent_may_use_no_colleagues_reply_address(desk: Desk, number: int) -> None:
    notice = desk.mails(to=BOB)[0]
    reply = an_answer(notice, ALICE, "Turn it off.", "<alice@desk.example>")
    row, mails = handled(desk, through_our_server(reply, passes("desk.example")))
    assert (row["disposition"], row["proof"], mails) == ("agent-reply", "authenticated", [("answer", JANE)])
    assert desk.ticket(number)["entries"][-1]["author"] == ALICE


# What proves the domain of From


@pytest.mark.parametrize(
    ("found", "disposition"),
    [
        (f"{MX}; dkim=pass header.d=desk.example; spf=fail smtp.mailfrom=forwarder.example", "agent-reply"),
        (f"{MX}; spf=pass smtp.mailfrom=alice@desk.example", "agent-reply"),
        (f"{MX}; dmarc=none header.from=desk.example; dkim=pass header.d=desk.example", "agent-reply"),
        (f"{MX}; dkim=pass header.i=@desk.example; dmarc=pass header.from=desk.example", "agent-reply"),
        # Somebody else's domain, a domain below, a list that broke the signature, errors.
        (f"{MX}; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=evil.example", "held"),
        (f"{MX}; dkim=pass header.d=guest.desk.example", "held"),
        (f"{MX}; dkim=fail header.d=desk.example; dkim=pass header.d=lists.example", "held"),
        (f"{MX}; dkim=temperror header.d=desk.example; spf=permerror smtp.mailfrom=desk.example", "held"),
        (f"{MX}; dmarc=pass header.from=evil.example", "held"),
        (f"{MX}; none", "held"),
        ("", "held"),
    ],
)
def test_what_an_agents_mail_needs(desk: Desk, number: int, found: str, disposition: str) -> None:
    before = desk.ticket(number)
    row, mails = handled(desk, through_our_server(from_alice(number), found))
    assert row["disposition"] == disposition
    if disposition == "held":
        assert mails == [("held", ALICE)]
        assert desk.ticket(number) == before


@pytest.mark.parametrize(
    "raw",
    [
        # Not one of them is our server's word.
        lambda mail: came(mail, f"Received: {RECEIVED}", f"Received: {ELSEWHERE}",
                          f"Authentication-Results: {passes('desk.example')}"),
        lambda mail: through_our_server(mail, f"{MX}; dmarc=none header.from=desk.example",
                                        f"Authentication-Results: {passes('desk.example')}"),
        lambda mail: through_our_server(mail, passes("desk.example").replace(MX, "mx.evil.example")),
        lambda mail: through_our_server(mail, "", f"ARC-Authentication-Results: i=1; {passes('desk.example')}"),
        lambda mail: through_our_server(mail, f"{MX}; spf=pass smtp.mailfrom=evil.example (dmarc=pass"
                                              " header.from=desk.example)"),
    ],
)  # fmt: skip
def test_a_forged_result_proves_nothing(desk: Desk, number: int, raw: Any) -> None:
    before = desk.ticket(number)
    row, mails = handled(desk, raw(from_alice(number, "#close")))
    assert (row["disposition"], row["proof"], mails) == ("held", "claimed", [("held", ALICE)])
    assert desk.ticket(number) == before


def test_nobody_is_believed_where_nobody_was_named(desk: Desk, number: int) -> None:
    row, _ = handled(desk, through_our_server(from_alice(number), passes("desk.example")), Trust())
    assert (row["disposition"], row["evidence"]) == ("held", [])


@pytest.mark.parametrize(
    "sender",
    [f"{ALICE}, eve@desk.example", f"eve@evil.example, {ALICE}", f"{ALICE}\r\nFrom: eve@evil.example"],
)
def test_two_from_addresses_prove_nothing(desk: Desk, number: int, sender: str) -> None:
    first, _, second = sender.partition("\r\nFrom: ")
    mail = from_alice(number)
    mail.replace_header("From", first)
    raw = through_our_server(mail, passes("desk.example"), *([f"From: {second}"] if second else []))
    row, _ = handled(desk, raw)
    assert (row["disposition"], row["proof"]) == ("held", "claimed")


def test_reply_to_and_sender_prove_nothing(desk: Desk, number: int) -> None:
    mail = a_mail(
        "eve@evil.example",
        subject=f"[#{number}]",
        text="#close",
        message_id="<e@evil.example>",
        headers={"Reply-To": ALICE, "Sender": ALICE},
    )
    row, _ = handled(desk, through_our_server(mail, passes("desk.example")))
    assert (row["disposition"], row["proof"]) == ("new-ticket", "claimed")
    assert state(desk, number)["status"] == "new"


def test_an_agent_at_a_public_provider(desk: Desk) -> None:
    """The provider proves its domain, and that alone: another of its users is somebody else."""
    with_provider = [
        {"id": "carol", "name": "Carol", "addresses": ["carol@mail.example"], "departments": ["support"]},
        {"id": "bob", "name": "Bob", "addresses": [BOB], "departments": ["billing"]},
    ]
    desk.live = type(desk.live)(
        desk.policy.model_validate(
            {**desk.policy.model_dump(by_alias=True), "agents": with_provider, "rules": []}
        ),
        desk.live.templates,
        "test",
    )
    number = handled(desk, through_our_server(a_mail(), ""))[0]["ticket"]
    for sender, expected in (("carol@mail.example", "agent-reply"), ("eve@mail.example", "new-ticket")):
        mail = a_mail(sender, subject=f"[#{number}]", text="Turn it off.", message_id=f"<{sender}>")
        row, _ = handled(desk, through_our_server(mail, passes("mail.example")))
        assert (row["disposition"], row["proof"]) == (expected, "authenticated")


@pytest.mark.parametrize(
    "added",
    [
        "Subject: Re: [#{number}]",
        "SUBJECT:Re: [#{number}]",
        "In-Reply-To: {anchor}\r\nIn-Reply-To: <old@desk.example>",
        "Content-Type: multipart/mixed; boundary=x",
        "MIME-Version: 1.0\r\nDate: Mon, 21 Sep 2026 10:00:00 +0000",
        "To: bob@desk.example",
    ],
)
def test_an_agents_signed_mail_with_other_fields_above_it_proves_nothing(
    desk: Desk, number: int, added: str
) -> None:
    # A signature covers the undermost field of a name, and a mail is read by the topmost.
    before = desk.ticket(number)
    mail = from_alice(number if "subject" not in added.lower() else None)
    anchor = str(desk.mails(to=JANE)[0]["Message-ID"])
    raw = through_our_server(mail, passes("desk.example"), added.format(number=number, anchor=anchor))
    row, _ = handled(desk, raw)
    assert (row["disposition"], row["proof"]) == ("held", "claimed")
    assert "so what mx.desk.example found proves nothing" in " ".join(row["why"])
    assert desk.ticket(number) == before


@pytest.mark.parametrize("fields", ["X-A: a\r\n" * 500, "no field at all"])
def test_nor_does_one_with_a_header_that_others_may_read_differently(
    desk: Desk, number: int, fields: str
) -> None:
    raw = came(from_alice(number))
    at = raw.index(b"Content-T")
    found = f"Received: {RECEIVED}\r\nAuthentication-Results: {passes('desk.example')}\r\n".encode()
    raw = found + raw[:at] + f"{fields.strip()}\r\n".encode() + raw[at:]
    row, _ = handled(desk, raw)
    assert (row["disposition"], row["proof"]) == ("held", "claimed")


def test_below_a_statement_that_cannot_be_read_nobody_is_believed(desk: Desk, number: int) -> None:
    # Eve chose the address, and our server writes it into its statement as it is.
    found = f"{MX}; spf=pass smtp.mailfrom=a(b@evil.example"
    raw = through_our_server(from_alice(number), found, f"Authentication-Results: {passes('desk.example')}")
    row, _ = handled(desk, raw)
    assert (row["disposition"], row["proof"]) == ("held", "claimed")


# Customers


def test_an_authenticated_customers_copies_join_and_answers_go_to_reply_to(desk: Desk) -> None:
    mail = a_mail(headers={"Cc": f"Tim <{TIM}>", "Reply-To": "jane@home.example"})
    row, _ = handled(desk, through_our_server(mail, passes("customer.example")))
    assert row["proof"] == "authenticated"
    number = row["ticket"]
    assert state(desk, number)["participants"] == [JANE, TIM]
    notice = desk.mails(to=ALICE)[0]
    _, mails = handled(desk, came(an_answer(notice, ALICE, "Turn it off.", "<a@desk.example>")))
    assert mails == [("answer", "jane@home.example"), ("answer", TIM)]


def test_an_authenticated_stranger_is_still_a_stranger(desk: Desk, number: int) -> None:
    mail = a_mail(TIM, subject=f"[#{number}]", message_id="<t@elsewhere.example>")
    row, _ = handled(desk, through_our_server(mail, passes("elsewhere.example")))
    assert (row["disposition"], row["proof"]) == ("new-ticket", "authenticated")
    assert state(desk, row["ticket"])["links"] == [["possibly", number]]


def test_an_authenticated_stranger_with_anothers_reply_address(desk: Desk, number: int) -> None:
    reply = an_answer(desk.mails(to=JANE)[0], TIM, "It works for me.", "<t@elsewhere.example>")
    row, _ = handled(desk, through_our_server(reply, passes("elsewhere.example")))
    assert (row["disposition"], row["ticket"]) == ("third-party", number)
    assert state(desk, number)["participants"] == [JANE]


def test_a_leaked_address_proves_nothing_and_authentication_still_does(desk: Desk, number: int) -> None:
    acknowledgment = desk.mails(to=JANE)[0]
    shown = an_answer(acknowledgment, JANE, "See below.", "<b@customer.example>", {"Cc": f"Tim <{TIM}>"})
    assert handled(desk, came(shown))[0]["proof"] == "token"
    again = an_answer(acknowledgment, JANE, "Once more.", "<c@customer.example>", {"Cc": "eve@evil.example"})
    row, _ = handled(desk, through_our_server(again, passes("customer.example")))
    assert (row["ticket"], row["proof"]) == (number, "authenticated")


# Mail that fails DMARC


def test_a_spoofed_agent_that_fails_dmarc_is_held_and_nobody_is_asked(desk: Desk, number: int) -> None:
    before = desk.ticket(number)
    row, mails = handled(desk, through_our_server(from_alice(number), fails("desk.example")))
    assert (row["disposition"], row["proof"], mails) == ("held", "claimed", [])
    assert desk.ticket(number) == before
    assert any("fails DMARC" in sentence for sentence in row["why"])


def test_an_agents_reply_address_does_not_help_a_mail_that_fails_dmarc(desk: Desk, number: int) -> None:
    reply = an_answer(desk.mails(to=ALICE)[0], ALICE, "Send your password.", "<e@evil.example>")
    assert is_token(str(reply["To"]))
    row, mails = handled(desk, through_our_server(reply, fails("desk.example")))
    assert (row["disposition"], row["proof"], mails) == ("held", "claimed", [])
    row, mails = handled(desk, through_our_server(reply, "", "X-Copy: 1"))
    assert (row["disposition"], row["proof"], mails) == ("agent-reply", "token", [("answer", JANE)])


def test_a_customers_reply_that_fails_dmarc_is_shown_as_such(desk: Desk, number: int) -> None:
    reply = an_answer(desk.mails(to=JANE)[0], JANE, "More.", "<b@customer.example>", {"Cc": f"Tim <{TIM}>"})
    row, mails = handled(desk, through_our_server(reply, fails("customer.example")))
    assert (row["disposition"], row["ticket"], row["proof"]) == ("reply", number, "claimed")
    assert mails == [("customer_reply", ALICE), ("customer_reply", BOB)]
    assert state(desk, number)["participants"] == [JANE]
    assert "fails DMARC" in desk.ticket(number)["entries"][-1]["remark"]


@pytest.mark.parametrize("sender", [JANE, ALICE])
def test_no_acknowledgment_to_who_may_not_use_the_from(desk: Desk, sender: str) -> None:
    mail = a_mail(sender)
    row, mails = handled(desk, through_our_server(mail, fails(sender.rpartition("@")[2])))
    assert row["disposition"] == "new-ticket"
    assert [kind for kind, _ in mails] == ["new_ticket"] * (1 if sender == ALICE else 2)


def test_a_failure_of_another_domain_is_none(desk: Desk) -> None:
    _, mails = handled(desk, through_our_server(a_mail(), fails("desk.example")))
    assert mails[0] == ("acknowledgment", JANE)


def test_a_login_counts_more_than_dmarc(desk: Desk, number: int) -> None:
    raw = through_our_server(from_alice(number), fails("desk.example"))
    evidence = stated(raw, TRUST, Evidence(login="alice", proven=(ALICE,)))
    row = desk.handle(raw, evidence=evidence)
    assert (row["disposition"], row["proof"]) == ("agent-reply", "authenticated")


# Mail that our filter calls spam


@pytest.mark.parametrize(
    ("header", "answered"),
    [
        ("X-Spam-Flag: YES", False),
        ("x-spam-flag: yes, very", False),
        ("X-Spam-Flag: NO", True),
        ("X-Spam: YES", True),
    ],
)
def test_no_acknowledgment_of_spam(desk: Desk, header: str, answered: bool) -> None:
    row, mails = handled(desk, through_our_server(a_mail(), passes("customer.example"), header))
    assert row["disposition"] == "new-ticket"
    assert (("acknowledgment", JANE) in mails) is answered


def test_no_notice_of_a_held_mail_that_is_spam(desk: Desk, number: int) -> None:
    row, mails = handled(desk, through_our_server(from_alice(number), "", "X-Spam-Flag: YES"))
    assert (row["disposition"], mails) == ("held", [])


# What is kept of it


def test_the_store_keeps_the_facts_and_they_decide_again(desk: Desk, number: int) -> None:
    raw = through_our_server(from_alice(number), passes("desk.example"), "Authentication-Results: x")
    row, _ = handled(desk, raw)
    assert row["evidence"] == [
        f"{MX} found: dkim=pass (desk.example), spf=pass (desk.example), dmarc=pass (desk.example)."
    ]


def test_a_field_below_the_trusted_hops_is_told(desk: Desk, number: int) -> None:
    forged = came(
        from_alice(number), f"Received: {RECEIVED}", f"Received: {ELSEWHERE}",
        f"Authentication-Results: {passes('desk.example')}",
    )  # fmt: skip
    row, _ = handled(desk, forged)
    assert row["evidence"] == [
        "One Authentication-Results in the trusted server's name stood below the trusted hops and counted for nothing:"
        " strangers can write there."
    ]


def test_a_better_proved_copy_is_decided(desk: Desk, number: int) -> None:
    mail = from_alice(number)
    row, _ = handled(desk, came(mail))
    assert row["disposition"] == "held"
    row, mails = handled(desk, through_our_server(mail, passes("desk.example")))
    assert (row["disposition"], mails) == ("agent-reply", [("answer", JANE)])
