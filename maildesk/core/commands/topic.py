"""`#topic X`: what a ticket is about."""

from maildesk.core.commands.command import Command, Effect
from maildesk.core.fields import BY_NAME
from maildesk.core.policy import Policy


def _parse(argument: str, line: str, policy: Policy) -> Effect:
    return Effect(line, "topic", BY_NAME["topic"].parse(argument, policy))


COMMANDS = (Command(("topic",), "#topic NAME", "set the help topic, or none", _parse),)
