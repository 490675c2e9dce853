"""`#assign NAME`: whose ticket it is."""

from maildesk.core.commands.command import Command, Effect
from maildesk.core.fields import BY_NAME
from maildesk.core.policy import Policy


def _parse(argument: str, line: str, policy: Policy) -> Effect:
    return Effect(line, "assignee", BY_NAME["assignee"].parse(argument, policy))


COMMANDS = (Command(("assign",), "#assign NAME", "give the ticket to an agent, or to none", _parse),)
