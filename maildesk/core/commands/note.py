"""`#note`: the mail is for colleagues."""

from maildesk.core.commands.command import Command, Effect
from maildesk.core.policy import Policy


def _parse(argument: str, line: str, policy: Policy) -> Effect:
    return Effect(line, internal=True)


COMMANDS = (Command(("note",), "#note", "keep this mail internal; no customer gets it", _parse),)
