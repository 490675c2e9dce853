"""`#status X` and its words: where a ticket stands."""

from maildesk.core.commands.command import Command, Effect
from maildesk.core.fields import BY_NAME
from maildesk.core.model import Status
from maildesk.core.policy import Policy


def _parse(argument: str, line: str, policy: Policy) -> Effect:
    return Effect(line, "status", BY_NAME["status"].parse(argument, policy))


def _word(names: tuple[str, ...], status: Status, help_: str) -> Command:
    def parse(argument: str, line: str, policy: Policy) -> Effect:
        if argument:
            raise ValueError(
                f"write #{names[0]} alone on its line; '{argument}' stands behind it. "
                f"(Write ##{names[0]} if it is meant as text.)"
            )
        return Effect(line, "status", status)

    return Command(names, f"#{names[0]}", help_, parse)


COMMANDS = (
    Command(("status",), "#status in-progress", "move the ticket to any status", _parse),
    _word(("wait", "pending"), Status.WAITING_CUSTOMER, "the customer has to answer"),
    _word(("hold",), Status.WAITING_THIRD_PARTY, "a vendor or partner has to answer"),
    _word(("progress", "open"), Status.IN_PROGRESS, "it is being worked on"),
    _word(("resolve", "solved"), Status.RESOLVED, "the solution has been given"),
    _word(("close",), Status.CLOSED, "nothing more will be done"),
    _word(("reopen",), Status.REOPENED, "it is not solved after all"),
)
