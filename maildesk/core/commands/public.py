"""`#public`: the mail is for the customer, although it answers one for colleagues."""

from maildesk.core.commands.command import Command, Effect
from maildesk.core.policy import Policy


def _parse(argument: str, line: str, policy: Policy) -> Effect:
    if argument:
        raise ValueError("write #public alone on its line. (Write ##public if it is meant as text.)")
    return Effect(line, public=True)


COMMANDS = (Command(("public",), "#public", "send an answer to a note or handoff to the customer", _parse),)
