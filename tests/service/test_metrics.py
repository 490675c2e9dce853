"""Metrics: what they say of a desk, that asking does no harm, and how they get out."""

from __future__ import annotations

import os
import re
import socket
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, update

from maildesk.app import App
from maildesk.configured import read
from maildesk.core.metric import METRICS, page
from maildesk.core.model import HOUR, Disposition, Status
from maildesk.daemon import Daemon
from maildesk.edges.exporter import Exporter
from maildesk.edges.intakes.smtp import CannotListen
from maildesk.store import alarms, control, figures, inbox, outbox
from maildesk.store import mailboxes as boxes
from maildesk.store.schema import ticket
from maildesk.work.metrics import KEPT_SECONDS, Figures
from tests.cli.conftest import MAIL, ROOT, Desk
from tests.cli.test_run import running, wait_for
from tests.desk import a_desk, a_mail
from tests.servers.ports import free_port
from tests.work.authority import spoofed

PACKAGE = ROOT / "maildesk"
PAGE = ROOT / "docs/metrics.md"
Found = dict[str, dict[tuple[tuple[str, str], ...], float]]


def parsed(text: bytes) -> Found:
    """Values by name and labels."""
    found: Found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def of(found: Mapping[str, Any], name: str, *labels: str) -> float:
    value = found[name][labels]
    return float(value)


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m maildesk.edges.exporter > docs/metrics.md"


def test_the_page_asks_for_what_there_is() -> None:
    named = set(re.findall(r"\bmaildesk_[a-z_]+", page()))
    assert named == {one.name for one in METRICS}


def test_each_is_named_and_explained_as_prometheus_wants_it() -> None:
    assert len({one.name for one in METRICS}) == len(METRICS)
    for one in METRICS:
        assert re.fullmatch(r"maildesk_[a-z_]+", one.name)
        assert one.name.endswith("_total") == (one.kind == "counter")
        assert one.help.endswith(".")


def test_the_figures_of_a_desk(tmp_path: Path, database_url: str) -> None:
    with a_desk(tmp_path, database_url) as desk:
        store = desk.store

        def found() -> Mapping[str, Any]:
            with store.db.reading() as conn:
                return figures.read(conn, store.db, ["support"], desk.now)

        empty = found()
        assert empty.keys() == {one.name for one in METRICS if one.desk} - {
            "maildesk_store_up",
            "maildesk_store_read_seconds",
        }
        assert empty["maildesk_last_mail_seconds"] == {}
        assert of(empty, "maildesk_tickets", "closed") == 0
        desk.handle(a_mail())
        desk.deliver(a_mail(message_id="<b@customer.example>", subject="Another"))
        desk.now += HOUR
        store.beat(desk.now)
        waits = found()
        assert of(waits, "maildesk_inbox_mails", "new") == 1
        assert of(waits, "maildesk_inbox_oldest_seconds") == of(waits, "maildesk_last_mail_seconds") == 3_600
        assert of(waits, "maildesk_outbox_due_mails") == 0
        assert of(waits, "maildesk_nodes", "alive") == 1
        desk.inbound.step(desk.now)
        desk.deliver(spoofed(desk.tickets()[0]["number"], "#resolve"))
        desk.inbound.step(desk.now)
        desk.now += HOUR
        numbers = [one["number"] for one in desk.tickets()]

        def change(conn: Any) -> None:
            conn.execute(update(ticket).where(ticket.c.number == numbers[0]).values(status="closed"))
            control.pause(conn, "acknowledgments", desk.now, "admin")
            alarms.report(conn, {"relay:main": "No.", "held:20": "Many."}, "main", desk.now)
            boxes.hold(conn, store.db, "support", store.node.id, desk.now)
            boxes.polled(conn, "support", store.node.id, desk.now - HOUR, complete=True)
            boxes.hold(conn, store.db, "another@customer.example", store.node.id, desk.now)
            boxes.failed(conn, "support", "no answer", desk.now)

        store.write("work", change)
        with store.db.reading() as conn:
            came, going = inbox.counts(conn), outbox.counts(conn)
        late = found()
        assert of(late, "maildesk_outbox_mails", "todo") == going["todo"] > 2
        assert of(late, "maildesk_outbox_due_mails") == going["todo"]
        assert of(late, "maildesk_outbox_oldest_seconds") == 3_600
        assert of(late, "maildesk_inbox_mails", "held") == came["held"] == 1
        assert late["maildesk_tickets"] == {
            (s.value,): {"closed": 1, "assigned": 0, "new": len(numbers) - 1}.get(s.value, 0) for s in Status
        }
        assert of(late, "maildesk_alarms", "relay") == of(late, "maildesk_alarms", "held") == 1
        assert of(late, "maildesk_alarms", "inbox") == 0
        assert of(late, "maildesk_paused", "acknowledgments") == 1
        # Only what is configured: names cannot grow without end.
        assert late["maildesk_mailbox_poll_seconds"] == {("support",): 3_600}
        assert late["maildesk_mailbox_failing"] == {("support",): True}


GROWING = re.compile(r"^SCAN (inbox|outbox|ticket|entry|raw|event|attempt)\b(?! USING)")


def test_the_figures_are_found_by_index(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        desk.handle(a_mail())
        seen: dict[str, Any] = {}
        with desk.store.db.reading() as conn:

            @event.listens_for(conn, "before_cursor_execute")
            def note(conn: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
                seen[statement] = values

            figures.read(conn, desk.store.db, [], desk.now)
            event.remove(conn, "before_cursor_execute", note)
            assert len(seen) > 10
            for statement, values in seen.items():
                if statement.endswith("ORDER BY inbox.id DESC\n LIMIT ? OFFSET ?"):
                    continue  # the newest of all: it begins there
                plan = [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
                assert not [step for step in plan if GROWING.search(step)], (statement, plan)


def test_asking_often_reads_seldom(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        timer = [100.0]
        ask = Figures(desk.store, [], lambda: timer[0])
        first = ask(desk.now)
        desk.deliver(a_mail())
        timer[0] += KEPT_SECONDS - 0.1
        assert ask(desk.now) is first
        timer[0] += 0.1
        assert of(ask(desk.now), "maildesk_inbox_mails", "new") == 1


def test_a_store_that_cannot_be_read_is_a_figure(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        ask = Figures(desk.store, [])
        desk.store.close()
        (tmp_path / "maildesk.db").unlink()
        (tmp_path / "maildesk.db").mkdir()
        assert ask(desk.now) == {"maildesk_store_up": {(): 0}}


def test_a_daemon_counts_what_it_does(fresh: Desk) -> None:
    fresh.edit(r'^#textfile = ""', 'textfile = "maildesk.prom"')
    app = App(read(fresh.config), "main", fresh.config)
    app.store.open()
    try:
        daemon = Daemon(app)
        app.enter()
        fresh.ok("deliver", given=MAIL)
        app.until_idle()
        [write] = [loop for loop in daemon.loops if loop.name == "metrics"]
        mask = os.umask(0o077)
        try:
            write.step(app.clock())
        finally:
            os.umask(mask)
    finally:
        app.store.close()
    file = fresh.folder / "maildesk.prom"
    # node_exporter is another user.
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in fresh.folder.glob("*prom*")] == ["maildesk.prom"]
    found = parsed(file.read_bytes())
    assert found["maildesk_decided_total"] == {(("disposition", Disposition.NEW_TICKET.value),): 1}
    assert found["maildesk_attempts_total"] == {(("outcome", "sent"),): 3}
    assert found["maildesk_store_up"] == {(): 1}
    assert found["process_open_fds"][()] > 0
    assert not re.search(r"@|jane|alice", file.read_text())
    # What is exported is documented, and the other way round.
    names = {
        re.sub(r"_(bucket|count|sum|created)$", "", name) for name in found if name.startswith("maildesk_")
    }
    assert names | {"maildesk_last_mail_seconds"} == {one.name for one in METRICS} - {
        "maildesk_mailbox_poll_seconds",
        "maildesk_mailbox_failing",
    }


def test_prometheus_fetches_them_from_a_daemon(fresh: Desk, tmp_path: Path) -> None:
    port = free_port()
    fresh.edit(r'^#listen = ""', f'listen = "127.0.0.1:{port}"')

    def fetched() -> Found:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
            return parsed(answer.read())

    with running(fresh, tmp_path / "log") as daemon:
        assert f"  metrics   for Prometheus on 127.0.0.1:{port}\n" in (tmp_path / "log").read_text()
        fresh.ok("deliver", given=MAIL)
        decided = {(("disposition", "new-ticket"),): 1.0}
        wait_for(lambda: fetched().get("maildesk_decided_total") == decided, daemon)
        found = fetched()
        assert found["maildesk_accept_seconds_count"] == {(): 1}
        assert found["maildesk_accept_seconds_bucket"][(("le", "+Inf"),)] == 1
        assert found["maildesk_loop_steps_total"][(("loop", "inbound"),)] >= 1


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            CannotListen, match=f"^cannot give metrics on 127.0.0.1:{port}: address already in use"
        ):
            Exporter(dict).start(f"127.0.0.1:{port}")


def test_a_client_that_asks_nothing_holds_up_nobody(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        figures_ = Figures(desk.store, [])
        exporter = Exporter(lambda: figures_(desk.now))
        port = exporter.start("127.0.0.1:0")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=30):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
                    assert b"maildesk_store_up 1.0" in answer.read()
                began = time.monotonic()
        finally:
            exporter.stop()
            exporter.stop()
        assert time.monotonic() - began < 20
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), timeout=30)


def test_nobody_pays_for_metrics_that_nobody_wants(fresh: Desk) -> None:
    app = App(read(fresh.config), "main", fresh.config)
    assert Daemon(app).exporter is None
    at_once = [line for path in PACKAGE.rglob("*.py") for line in path.read_text().splitlines()]
    assert not [line for line in at_once if line.startswith(("import prometheus", "from prometheus"))]
