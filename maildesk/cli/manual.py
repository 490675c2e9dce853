"""The manual of the command line, made from the commands themselves: docs/commands.md and man/maildesk.1."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from maildesk import __version__
from maildesk.cli.tree import Described, tree
from maildesk.config import roff

_PAGE = "python -m maildesk.cli.manual"
_HEAD = f"""\
# Commands

What `maildesk --help` and `maildesk COMMAND --help` say. Every command but `init`, `parse` and `password` is for one
desk: the one in this folder, or the one that `maildesk --config` or MAILDESK_CONFIG names.

This page is made from the code: `{_PAGE} page > docs/commands.md`.
"""
_ABOUT = (
    "maildesk is a help desk that lives in e-mail. Customers write to an address; agents answer from their own mail "
    "client; admins edit a few TOML files. A daemon turns mail into tickets, routes them by rules, and tells the "
    "people who need to know.",
    "`maildesk init` makes a desk in a folder, `maildesk check` says what is wrong with its configuration, `maildesk "
    "run` is the daemon. Everything else looks at a desk or changes something in it, and may be used while the daemon "
    "runs.",
)
STATUS = (
    ("0", "All is well."),
    (
        "1",
        'The answer is "no": not found, not allowed, not right. One sentence on standard error says what to do.',
    ),
    ("2", "The command was written wrongly."),
    ("75", "Try again later, and keep what you have until then: a mail server keeps the mail."),
)
ENVIRONMENT = (
    ("MAILDESK_CONFIG", "The desk's maildesk.toml, or its folder, unless `--config` says it."),
    ("MAILDESK_TRACEBACK", "Where it is not empty, an error also says where in maildesk it happened."),
    ("NOTIFY_SOCKET, WATCHDOG_USEC", "Set by systemd(1): `maildesk run` tells it how it stands."),
)
SIGNALS = (
    ("SIGTERM, SIGINT", "The daemon closes its listeners, finishes what it has begun, and ends."),
    ("SIGHUP", "The daemon reads its configuration anew; one that cannot be used changes nothing."),
)
FILES = (
    ("maildesk.toml", "The configuration, see maildesk.toml(5)."),
    ("config/", "Agents, departments, topics, rules and what else is a list."),
    ("templates/", "The mails, one folder for each language."),
    ("var/maildesk.db", "Tickets and mails, unless `store.url` names a PostgreSQL database."),
)


def page() -> str:
    """The text of docs/commands.md."""
    return "\n".join(_markdown())


def _markdown() -> Iterator[str]:
    yield _HEAD
    for one in tree():
        yield f"{'###' if len(one.path) > 1 else '##'} {one.name}\n"
        yield from (f"{paragraph}\n" for paragraph in one.paragraphs)
        yield f"```sh\n{one.usage}\n```\n"
        if one.parameters:
            yield "| Argument or option | Meaning |\n|---|---|"
            yield from (f"| `{_cell(term)}` | {_cell(meaning)} |" for term, meaning in one.parameters)
            yield ""
        if not one.group:
            yield f"Example: `{one.example}`\n"
    yield "## Exit status\n"
    yield "| Status | Meaning |\n|---|---|"
    yield from (f"| {status} | {meaning} |" for status, meaning in STATUS)
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def man() -> str:
    """The text of man/maildesk.1."""
    return "\n".join(_roff()) + "\n"


def _roff() -> Iterator[str]:
    root, *rest = tree()
    yield from roff.head("maildesk", 1, __version__, "a help desk that lives in e-mail")
    yield ".SH SYNOPSIS"
    yield r"\fBmaildesk\fP [\fB\-\-config\fP \fIPATH\fP] \fICOMMAND\fP [\fIARGUMENTS\fP]"
    yield ".SH DESCRIPTION"
    for paragraph in _ABOUT:
        yield from (".PP", roff.prose(paragraph))
    yield ".SH OPTIONS"
    yield from roff.items(root.parameters)
    yield from roff.items([("-h, --help", "Say how a command is written.")])
    yield ".SH COMMANDS"
    for one in rest:
        yield from _command(one)
    for title, found in (
        ("EXIT STATUS", STATUS),
        ("ENVIRONMENT", ENVIRONMENT),
        ("SIGNALS", SIGNALS),
        ("FILES", FILES),
    ):
        yield f".SH {title}"
        yield from roff.items(found)
    yield ".SH EXAMPLES"
    yield "A desk to try, which listens on this machine alone and sends nothing:"
    yield from roff.example(root.example)
    yield ".SH SEE ALSO"
    yield r"\fBmaildesk.toml\fP(5), \fBsystemd.service\fP(5), \fBpostfix\fP(1)"


def _command(one: Described) -> Iterator[str]:
    yield f".SS {roff.escaped(one.name)}"
    for number, paragraph in enumerate(one.paragraphs):
        yield from ((".PP",) if number else ())
        yield roff.prose(paragraph)
    if not one.group:
        yield from roff.example(one.usage)
    yield from roff.items(one.parameters)
    if not one.group:
        yield from (".PP", "Example:")
        yield from roff.example(one.example)


if __name__ == "__main__":
    print({"page": page, "man": man}[sys.argv[1]](), end="")
