"""`maildesk mailbox`: the mailboxes that are read by IMAP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from maildesk.cli import desk
from maildesk.cli.errors import No
from maildesk.cli.listing import Json
from maildesk.cli.screen import age, as_json, count, note, pairs, plain, say
from maildesk.cli.usage import Commands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from maildesk.config.settings import Settings

app = Commands(
    help="The mailboxes that are read by IMAP.",
    epilog="Example: maildesk mailbox list",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The mailbox's name in maildesk.toml.")]


@app.command("list", epilog="Example: maildesk mailbox list --json")
def list_(ctx: typer.Context, json: Json = False) -> None:
    """Say how each mailbox stands."""
    with desk.reading(ctx) as (loaded, _store, conn):
        shown = stand(conn, [box.name for box in loaded.settings.imap])
    if json:
        as_json(shown)
        return
    if not shown:
        note("There are none; [[imap]] in maildesk.toml names one.")
    for name, box in shown.items():
        say(plain(name))
        pairs([(folder, _folder(state)) for folder, state in box.get("folders", {}).items()], indent=2)
        pairs([("", sentence) for sentence in standing(box, desk.now())], indent=2)


def stand(conn: Connection, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """How these mailboxes stand, by name; after a restore also how far they have been read again."""
    from maildesk.store import mailboxes, restores

    known, replays = mailboxes.overview(conn), restores.overview(conn, names)
    found = {name: dict(known.get(name, {})) for name in names}
    for name, how_far in replays.items():
        found[name]["replay"] = {"mails": how_far.mails, "done": how_far.done}
    return found


def _folder(state: dict[str, Any]) -> str:
    return f"{count(state['messages'], 'mail')}, read up to UID {state['last_uid']}" + (
        ", being read again" if state["rescan"] else ""
    )


def standing(box: dict[str, Any], now: int) -> list[str]:
    """How a mailbox stands, in sentences: when all of it was last taken, and what hinders it."""
    replay = box.get("replay")
    told = [_replay(replay)] if replay else []
    if "polled" not in box:
        return [*told, "not read yet"]
    polled = box["polled"]
    told.append(f"read {age(now - polled)} ago" if polled else "never read completely")
    if box["error"]:
        told.append(f"failing for {age(now - box['error_since'])}: {plain(box['error'])}")
    told += [f"stopped: {plain(one['stopped'])}" for one in box["folders"].values() if one["stopped"]]
    if box["not_filed"]:
        told.append(
            f"{count(box['not_filed'], 'stored mail')} not yet moved or marked: {plain(box['not_filed_why'])}"
        )
    if box["left_unread"]:
        told.append(f"{box['left_unread']} unread from before the start are left in it")
    return told


def _replay(replay: dict[str, int]) -> str:
    if not replay["mails"]:
        return "after the restore it is to be read again since the backup"
    return f"being read again since the backup, {replay['done']:,} of {count(replay['mails'], 'mail')}"


@app.command(epilog="Example: maildesk mailbox resume support --held")
def resume(
    ctx: typer.Context,
    name: Name,
    held: Annotated[
        bool, typer.Option("--held", help="Hold the mails that stopped it, so that nobody is answered.")
    ] = False,
) -> None:
    """Let a stopped mailbox go on.

    It stops where too many mails come at once, or where all of them have vanished.
    """
    from maildesk.store import mailboxes

    with desk.opened(ctx, create=False) as opened:
        _known(opened.loaded.settings, name)
        if not opened.store.write("work", lambda conn: mailboxes.resume(conn, name, held)):
            raise No(f"the mailbox {plain(name)} has not stopped; `maildesk status` says how it stands.")
        say(f"The mailbox {plain(name)} goes on with {desk.who_decides(opened.store)}.")


@app.command(epilog="Example: maildesk mailbox release support")
def release(
    ctx: typer.Context,
    name: Name,
    junk: Annotated[bool, typer.Option("--junk", help="Also those that lay in the junk folder.")] = False,
) -> None:
    """Let in its held mails.

    These are mails that came up when the mailbox was built anew, or in a flood.
    """
    from maildesk.store import inbox as rows

    with desk.opened(ctx, create=False) as opened:
        _known(opened.loaded.settings, name)
        by = desk.admin()
        with opened.store.db.reading() as conn:
            keys = [
                key
                for reason in ("restored", "flood", *(["junk"] if junk else []))
                for key in rows.parked(conn, name, reason)
            ]
        for key in keys:
            opened.store.write("decide", lambda conn, key=key: rows.release(conn, key, by))  # type: ignore[misc]
        if not keys:
            raise No(f"no such mails of the mailbox {plain(name)} are held; see `maildesk held list`.")
        say(f"{count(len(keys), 'mail')} will be decided by {desk.who_decides(opened.store)}.")


def _known(settings: Settings, name: str) -> None:
    names = [box.name for box in settings.imap]
    if name not in names:
        raise No(f"there is no mailbox {plain(name)}; known: {', '.join(names) or 'none'}.")
