"""`#priority X`: how urgent a ticket is."""

from maildesk.core.commands.command import Command, Effect
from maildesk.core.fields import BY_NAME
from maildesk.core.policy import Policy


def _parse(argument: str, line: str, policy: Policy) -> Effect:
    return Effect(line, "priority", BY_NAME["priority"].parse(argument, policy))


COMMANDS = (
    Command(("priority",), "#priority high", "set how urgent it is: low, normal, high, emergency", _parse),
)
