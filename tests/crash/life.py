"""One life of a desk's process, its death at a point, the life after it, and the judgement of both."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from maildesk.core.reading import Evidence
from maildesk.edges.senders.maildir import MaildirSender
from maildesk.store import keys as store_keys
from maildesk.store.db import operational
from maildesk.store.store import Store
from maildesk.work.inbound import Inbound
from maildesk.work.outbound import Outbound, Sender
from tests.crash import picture
from tests.crash.killpoints import KILLED, SECONDS, Journal, Points, WatchedSender, forked
from tests.crash.place import NODE, Place, Rows
from tests.crash.story import Mail, no_poison
from tests.desk import Desk
from tests.waiting import until

Hook = Callable[[bytes], None]
Change = Callable[[Desk], None]


def unchanged(_desk: Desk) -> None:
    """Stands where tests of the test break the desk."""


@dataclass(frozen=True)
class Step:
    """A part of the story: mails that are delivered, and the loops that then run until they are idle."""

    name: str
    mails: Sequence[Mail] = ()
    loops: tuple[str, ...] = ("inbound", "outbound")
    delivered: bool = False
    """Whether the mails have been delivered before."""
    together: bool = False
    """Whether the mails come at the same time and are accepted by one COMMIT."""
    from_the_start: bool = False
    """Whether opening the store belongs to it."""


@dataclass(frozen=True)
class Scene:
    """A step with the state before it, its points, and the state after it when nobody disturbs."""

    step: Step
    before: Rows
    points: Sequence[str]
    after: Rows


def into_maildir(place: Place) -> Sender:
    """The usual way out."""
    return MaildirSender(place.outgoing)


def a_life(
    place: Place,
    step: Step,
    points: Points | None = None,
    hook: Hook = no_poison,
    change: Change = unchanged,
    way: Callable[[Place], Sender] = into_maildir,
) -> None:
    """Opens the desk, gets the step done as far as it is not yet, and closes.

    The client delivers what has not been acknowledged to it, and keeps what it was told in the journal.
    """
    if points and step.from_the_start:
        points.watch_statements()
    store = Store(place.db, NODE)
    store.open()
    store.node.lock()
    desk = Desk(place.folder, store, place.live)
    desk.inbound = Inbound(store, lambda: place.live, testing_before_read=hook)
    sender = WatchedSender(way(place), points or Points(), place.journal)
    desk.outbound = Outbound(store, lambda: place.live, sender, testing_around_send=sender.around)
    change(desk)
    store.beat(desk.now)
    if points and not step.from_the_start:
        points.watch_statements()
    _until_idle(desk, step)
    if not step.delivered:
        deliver(place, desk, step)
    _until_idle(desk, step)
    store.close()


def deliver(place: Place, desk: Desk, step: Step) -> None:
    """What clients do: they deliver what nobody has acknowledged to them, and note what is."""
    acknowledged = {name for (name,) in place.journal.told("acknowledged")}
    waiting = [mail for mail in step.mails if mail.name not in acknowledged]
    if step.together:
        desk.store.start()
    with one_commit(desk.store) if step.together else nullcontext():
        answers = [desk.accept(mail.raw, mail.envelope, Evidence()) for mail in waiting]
        for mail, answer in zip(waiting, answers, strict=True):
            answer.add_done_callback(partial(_hear, place.journal, mail))
    for answer in answers:
        error = answer.exception(SECONDS)
        if error and not operational(error):
            raise error


def _hear(journal: Journal, mail: Mail, answer: Future[str]) -> None:
    """A client hears that its mail is stored, or that it must keep it."""
    if not answer.exception():
        journal.note("acknowledged", mail.name)


@contextmanager
def one_commit(store: Store) -> Iterator[None]:
    """What is handed to the store's writing thread in here is written in one transaction."""
    waiting, gate = threading.Event(), threading.Event()

    def hold_up(_conn: Connection) -> None:
        waiting.set()
        assert gate.wait(SECONDS)

    held_up = store.submit("accept", hold_up)
    until(lambda: waiting.is_set() or held_up.done())
    yield
    gate.set()


def _until_idle(desk: Desk, step: Step) -> None:
    while sum(getattr(desk, loop).step(desk.now) for loop in step.loops):
        pass


def dry_run(place: Place, step: Step, before: Rows, change: Change = unchanged) -> Scene:
    """The step undisturbed, from the state before it."""
    place.restore(before)
    listing = place.folder / "points"

    def work() -> None:
        points = Points()
        a_life(place, step, points, change=change)
        listing.write_text(json.dumps(points.seen), "utf-8")

    assert forked(work) == 0, f"{step.name} failed although nobody disturbed it"
    scene = Scene(step, before, json.loads(listing.read_text("utf-8")), place.rows())
    assert not (problems := judged(place, scene, set())), problems
    return scene


def killed_at(place: Place, scene: Scene, point: int, change: Change = unchanged) -> list[str]:
    """Kills the step at a point, lets a new process go on, and says what is wrong then."""
    place.restore(scene.before)
    step = scene.step
    died = forked(lambda: a_life(place, step, Points(point), change=change))
    if died != KILLED:
        return [f"the process ended with {died} before it came to this point"]
    acknowledged = {name for (name,) in place.journal.told("acknowledged")}
    place.settle()
    reborn = forked(partial(a_life, place, step, change=change))
    if reborn:
        return [f"the process after it ended with {reborn}"]
    return judged(place, scene, {mail.name for mail in step.mails} - acknowledged)


def judged(place: Place, scene: Scene, unacknowledged: set[str]) -> list[str]:
    """Everything in the database and in the Maildir that is not as it should be."""
    rows, step = place.rows(), scene.step
    with place.connection() as conn:
        keys = store_keys.read(conn, 2**62)
    named, expected = picture.names(rows, step.mails), picture.names(scene.after, step.mails)
    problems = picture.differences(picture.picture(rows, named), picture.picture(scene.after, expected))
    problems += picture.broken_chains(rows, keys)
    problems += picture.wrong_files(rows, scene.before, place.outgoing, place.journal)
    problems += picture.wrong_copies(
        picture.dispositions(rows, named),
        picture.dispositions(scene.after, expected),
        unacknowledged,
        step.together,
    )
    if "inbound" in step.loops:
        problems += picture.undecided(rows)
    if "outbound" in step.loops:
        problems += picture.unsent(rows)
    return problems
