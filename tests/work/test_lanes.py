"""Lanes: mails go out at one time, each from one lane alone."""

from __future__ import annotations

import threading
from pathlib import Path

from maildesk.store import outbox
from maildesk.work.lanes import Lanes
from maildesk.work.outbound import Outbound
from tests.desk import a_desk, a_mail
from tests.servers.relay import FakeRelay
from tests.work.sending import rows, sender_for


def test_two_lanes_never_have_the_same_mail(tmp_path: Path) -> None:
    """One lane has tried a mail and is still busy with others when the second takes it; it stays the second's."""
    with a_desk(tmp_path) as desk:
        lanes = Lanes(desk.store)
        first, second, third = object(), object(), object()
        with lanes.taking(first) as keep:
            assert keep == set()
            lanes.claim(first, [1, 2])
        with lanes.taking(second) as keep:
            assert keep == {1, 2}
            lanes.claim(second, [1])
        lanes.busy(first, [])
        with lanes.taking(third) as keep:
            assert keep == {1}


def test_lanes_send_at_one_time_and_each_mail_once(relay: FakeRelay, tmp_path: Path) -> None:
    with a_desk(tmp_path, limits={"acks_per_domain_hour": 1_000}) as desk:
        for n in range(30):
            desk.deliver(
                a_mail(f"C{n} <c{n}@customer{n}.example>", message_id=f"<{n}@c.example>", subject=f"Q {n}")
            )
        while desk.inbound.step(desk.now):
            pass
        desk.store.start()
        lanes = Lanes(desk.store)
        together = threading.Barrier(2, timeout=30)
        met: list[int] = []

        def meet(_row: outbox.Row) -> None:
            if not met:
                together.wait()
                met.append(1)

        def work() -> None:
            sender = sender_for(relay)
            lane = Outbound(desk.store, lambda: desk.live, sender, 5, testing_around_send=meet, lanes=lanes)
            while lane.step(desk.now):
                pass
            lane.close()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert met, "two mails were on their way at one time"
        assert {(row.state, row._mapping["try"]) for row in rows(desk)} == {("sent", 1)}
        assert len(relay.taken) == len(rows(desk)) == len({mail.data for mail in relay.taken})


def test_a_stop_waits_for_the_mail_that_is_being_sent_and_leaves_the_rest(
    relay: FakeRelay, tmp_path: Path
) -> None:
    with a_desk(tmp_path) as desk:
        desk.deliver(a_mail())
        desk.inbound.step(desk.now)
        lanes = Lanes(desk.store)
        lane = Outbound(
            desk.store,
            lambda: desk.live,
            sender_for(relay),
            testing_around_send=lambda _: lanes.stop(),
            lanes=lanes,
        )
        lane.step(desk.now)
        lane.close()
        assert len(relay.taken) == 1
        assert sorted((r.state, r._mapping["try"], r.holder) for r in rows(desk)) == [
            ("ready", 0, None), ("ready", 0, None), ("sent", 1, None),
        ]  # fmt: skip
