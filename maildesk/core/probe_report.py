"""What became of the desk's probes on their way out and back, and which settings follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from maildesk.core.bounce import Bounce
from maildesk.core.finding import Finding, fault, fine, warning
from maildesk.core.message import Message
from maildesk.core.model import SECOND
from maildesk.core.policy import Policy
from maildesk.core.probe import HEADER, Kind, Probe
from maildesk.core.reading import Envelope

CHECK = "probe"


@dataclass(frozen=True, slots=True)
class Came:
    """A probe, or a report on one, as it came back: through which `door`, after how many microseconds. `parked` says
    that it lay in a junk folder; `disposition` is "" while it is not decided."""

    door: str
    after: int
    message: Message
    envelope: Envelope
    parked: str
    disposition: str
    report: Bounce | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One probe: what the relay answered (`outcome` as in `retry.Attempt`), and how it came back, if it did."""

    probe: Probe
    outcome: str
    answer: str
    came: Came | None = None

    @property
    def back(self) -> Came | None:
        """The probe itself, come back."""
        return None if self.came is None or self.came.report else self.came

    @property
    def trouble(self) -> str:
        """Why it did not come back; "" where it did."""
        if self.outcome != "sent":
            return f"the relay did not take it ({self._short(self.answer)})"
        if self.came is None:
            return "the relay took it, and it did not come back in time"
        if self.came.report:
            told = self.came.report.diagnostic or self.came.report.reason or self.came.report.status
            return f"it came back as undeliverable ({self._short(told)})"
        return ""

    def _short(self, answer: str) -> str:
        return " ".join(answer.split())[:300].replace(self.probe.token, "TOKEN").rstrip(".")


def judge(trials: Mapping[Kind, Trial], policy: Policy, waited: int) -> Iterator[Finding]:
    """What the way out and back does to the desk's mail. `waited` are seconds."""
    plain = trials["plain"]
    if plain.back is None:
        yield _nothing(plain, policy, waited)
        return
    yield from _plain(plain, plain.back, policy)
    yield _reply(trials["reply"], policy)
    yield _return(trials["return"], trials["reply"], policy)
    yield _wide(trials["wide"])


def _nothing(trial: Trial, policy: Policy, waited: int) -> Finding:
    told = f"a mail from {policy.address} to itself: {trial.trouble}"
    if trial.outcome != "sent":
        return fault(CHECK, told, "Mend that; `maildesk check --online` tries the login at the relay alone.")
    if trial.came:
        return fault(CHECK, told, f"Have your mail server deliver {policy.address} to the desk.")
    return fault(
        CHECK,
        f"{told}, {waited} s",
        f"Look for {trial.probe.message_id} in the relay's log, and see that mail to {policy.address} gets to a"
        " mailbox or a listener of the desk; --wait waits longer.",
    )


def _plain(trial: Trial, came: Came, policy: Policy) -> Iterator[Finding]:
    probe, message = trial.probe, came.message
    yield fine(CHECK, f"a mail to {policy.address} came back {came.door} after {came.after / SECOND:.1f} s")
    if came.parked:
        do = "Mark it as no junk there, and look at the SPF record with `maildesk doctor`."
        yield warning(CHECK, "it lay in the junk folder", do)
    bare = policy.reply_address == "none"
    yield _message_id(probe, message, bare)
    if not set(probe.references) <= {*message.references, *message.in_reply_to}:
        do = "Let the relay keep the headers In-Reply-To and References."
        yield (fault if bare else warning)(CHECK, "References and In-Reply-To were taken away", do)
    elif not message.in_reply_to:
        yield warning(CHECK, "In-Reply-To was taken away", "Let the relay keep the header In-Reply-To.")
    else:
        yield fine(CHECK, "References and In-Reply-To are kept")
    yield _subject(probe, message)
    yield _own_headers(probe, message)
    replies = [one.address for one in message.reply_to]
    if not bare and replies != [probe.reply_to]:
        told = f"the Reply-To was replaced by {replies[0]}" if replies else "the Reply-To was taken away"
        do = 'Let the relay keep it, or write reply_address = "none" below [desk].'
        yield fault(CHECK, f"{told}, so answers prove nothing", do)
    yield from _signatures(message, policy)


def _message_id(probe: Probe, message: Message, bare: bool) -> Finding:
    if message.message_id == probe.message_id:
        return fine(CHECK, "the Message-ID is kept")
    told = f"the Message-ID was replaced by <{message.message_id}>"
    if bare:
        do = 'Let the relay keep Message-IDs, or write reply_address = "plus" below [desk] if it works.'
        return fault(CHECK, f"{told}, and without reply addresses the desk needs it", do)
    return fine(CHECK, f"{told}; the desk learns the new ones")


def _subject(probe: Probe, message: Message) -> Finding:
    tag = probe.subject.rpartition(" ")[2]
    if message.subject == probe.subject:
        return fine(CHECK, "the subject and its tag are kept")
    if tag in message.subject:
        return fine(CHECK, f"the subject was changed, its tag is kept: {message.subject[:120]}")
    do = "Let the relay keep subjects: the tag brings home what is answered without a reply address."
    return warning(CHECK, f"the tag was taken out of the subject: {message.subject[:120]}", do)


def _own_headers(probe: Probe, message: Message) -> Finding:
    lost = [name for name in ("Auto-Submitted", "X-Auto-Response-Suppress") if not message.header(name)]
    if lost:
        do = "Let the relay keep them: without them machines answer the desk's automatic mail."
        return warning(CHECK, f"headers were taken away: {', '.join(lost)}", do)
    if message.header(HEADER) != probe.token or not message.header("X-Maildesk-Trace"):
        do = "Let the relay keep X-Maildesk-Trace: by it the desk knows its own mail."
        return warning(CHECK, "headers that begin with X-Maildesk were taken away", do)
    return fine(CHECK, "Auto-Submitted and the desk's own headers are kept")


def _signatures(message: Message, policy: Policy) -> Iterator[Finding]:
    domain = policy.address.rpartition("@")[2]
    if message.header("dkim-signature"):
        yield fine(CHECK, "it has a DKIM signature")
    else:
        do = f"Let your relay sign the mail of {domain}; large providers distrust mail without."
        yield warning(CHECK, "it has no DKIM signature", do)
    said = message.header("authentication-results")
    failed = [
        word for word in ("spf=fail", "spf=softfail", "dkim=fail", "dmarc=fail") if word in said.lower()
    ]
    if failed:
        do = "Look at the SPF, DKIM and DMARC records with `maildesk doctor`."
        yield fault(CHECK, f"the server that took it says {', '.join(failed)} ({said[:200]})", do)
    elif said:
        yield fine(CHECK, f"Authentication-Results: {said[:200]}")
    else:
        yield fine(CHECK, "the server that took it says nothing on SPF, DKIM and DMARC")


def _reply(trial: Trial, policy: Policy) -> Finding:
    used, address = policy.reply_address, trial.probe.route.recipient
    trouble, back = trial.trouble, trial.back
    if back and address not in (*back.envelope.recipients, *back.message.delivered_to, *_to(back.message)):
        trouble = "it came back under another address"
    shown = address.replace(trial.probe.token, "TOKEN")
    if not trouble and used == "none":
        do = 'You may write reply_address = "plus" below [desk]: then answers prove who wrote them.'
        return fine(CHECK, f"mail to {shown} comes back, too", do)
    if not trouble:
        return fine(CHECK, f"mail to the reply address {shown} comes back")
    if used == "none":
        return fine(CHECK, f'mail to {shown}: {trouble}; reply_address = "none" is right')
    lines = ['reply_address = "none"']
    if policy.return_path == "verp":
        lines.append('return_path = "fixed"')
    what = f"mail to the reply address {shown}: {trouble}"
    server = "bring all addresses of reply_pattern to the desk"
    if used == "plus":
        server = "take addresses with + (Postfix: recipient_delimiter = +)"
    do = f"Have your mail server {server}, or write {' and '.join(lines)} below [desk]."
    return fault(CHECK, what, do)


def _to(message: Message) -> tuple[str, ...]:
    return tuple(one.address for one in message.to)


def _return(trial: Trial, reply: Trial, policy: Policy) -> Finding:
    path, back = trial.probe.route.return_path, trial.back
    shown = path.replace(trial.probe.token, "TOKEN")
    trouble = trial.trouble
    if back and back.envelope.sender is not None and back.envelope.sender != path:
        trouble = f"it came back from <{back.envelope.sender}>"
    if policy.return_path == "verp" and trouble:
        do = 'Write return_path = "fixed" below [desk], or let the relay take such addresses in MAIL FROM.'
        return fault(CHECK, f"mail with the return path {shown}: {trouble}", do)
    if trouble:
        return fine(
            CHECK, f'mail with the return path {shown}: {trouble}; leave return_path = "{policy.return_path}"'
        )
    if policy.return_path != "verp" and reply.back:
        do = 'You may write return_path = "verp" below [desk]: then each bounce names its mail.'
        return fine(CHECK, f"the return path {shown} is taken", do)
    return fine(CHECK, f"the return path {shown} is taken")


def _wide(trial: Trial) -> Finding:
    what = "8-bit text and long lines"
    if trial.back is None:
        return fine(CHECK, f"{what}: {trial.trouble}; the desk's own mails have neither")
    if trial.probe.text.split() == trial.back.message.text.split():
        return fine(CHECK, f"{what} come through")
    do = "Look for a filter that changes texts: customers' letters and lines are lost on this way."
    return warning(CHECK, f"{what} do not come through whole", do)
