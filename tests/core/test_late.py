"""Mail that is decided late, because it was fetched late or held: it counts as of when it came."""

from __future__ import annotations

from maildesk.core import identity
from maildesk.core.changes import Append, Decision
from maildesk.core.decide import Arrival, decide
from maildesk.core.model import DAY, HOUR, MINUTE, Entry, Status
from tests.core.given import JANE, KEY, NUMBER, POLICY, RE, a_reading, a_snapshot, a_ticket, a_token, decided
from tests.desk import START, a_mail


def written(decision: Decision) -> Entry:
    """The entry that a decision adds."""
    (entry,) = [change.entry for change in decision.changes if isinstance(change, Append)]
    return entry


def test_an_entry_is_of_when_its_mail_came() -> None:
    late = decided(now=START + DAY, to=a_token(JANE), subject=RE)
    assert written(late).at == START
    assert late.after.tickets[NUMBER].last_customer == START


def test_a_ticket_is_of_when_its_mail_came() -> None:
    late = decided(a_snapshot(), now=START + DAY)
    assert late.ticket is not None
    assert late.after.tickets[late.ticket].created == written(late).at == START


def test_nothing_is_of_the_future() -> None:
    """Another machine's clock may be ahead of the one that decides."""
    early = decided(now=START - HOUR, to=a_token(JANE), subject=RE)
    assert written(early).at == START - HOUR


def test_a_late_reply_reopens_if_it_came_in_time() -> None:
    closed = a_snapshot(a_ticket(status=Status.CLOSED, closed=START - 13 * DAY))
    late = decided(closed, now=START + 30 * DAY, to=a_token(JANE), subject=RE)
    assert late.after.tickets[NUMBER].status is Status.REOPENED
    closed = a_snapshot(a_ticket(status=Status.CLOSED, closed=START - 15 * DAY))
    late = decided(closed, now=START + 30 * DAY, to=a_token(JANE), subject=RE)
    assert late.ticket != NUMBER


def test_a_late_reply_is_not_the_last_word() -> None:
    answered = a_snapshot(a_ticket(answered=True, last_agent=START + HOUR, last_customer=START - HOUR))
    late = decided(answered, now=START + DAY, to=a_token(JANE), subject=RE).after.tickets[NUMBER]
    assert (late.answered, late.last_customer) == (True, START)
    later = a_snapshot(a_ticket(answered=True, last_agent=START - 1, last_customer=START + HOUR))
    late = decided(later, now=START + DAY, to=a_token(JANE), subject=RE).after.tickets[NUMBER]
    assert (late.answered, late.last_customer) == (False, START + HOUR)


def test_a_mail_fetched_late_waits_for_the_one_that_it_answers() -> None:
    """Ten minutes from when both may have come here; the server had them for a day."""
    pending = a_snapshot(pending={identity.mid_hash("j1@customer.example"): "other row"})
    answer = a_reading(a_mail(headers={"In-Reply-To": "<j1@customer.example>"}))
    arrival = Arrival(KEY, START, answer, accepted=START + DAY)

    def waits(minutes: int) -> bool:
        now = START + DAY + minutes * MINUTE
        return decide(arrival, pending, POLICY, now).waits_for == "other row"

    assert [waits(0), waits(9), waits(10)] == [True, True, False]
