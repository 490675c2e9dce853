"""Arms: one question put for many at once, with a limit of its own for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Row, Select, select, union_all

# Parts of one statement; SQLite takes 500.
ARMS = 8

Arm = Callable[[int], Select[Any]]


@lru_cache
def _arms(arm: Arm, count: int) -> CompoundSelect[Any]:
    """One statement of so many arms; kept, as building it takes longer than asking."""
    return union_all(*(select(arm(n).subquery()) for n in range(count)))


def newest(conn: Connection, arm: Arm, asked: list[dict[str, Any]]) -> Iterator[Row[Any]]:
    """The rows of an arm for each of its values, those of the last ones perhaps more than once."""
    for at in range(0, len(asked), ARMS):
        some = asked[at : at + ARMS]
        # Few sizes, so that few statements are kept: the last one is asked for again.
        some = [*some, *some[-1:] * ((1 << (len(some) - 1).bit_length()) - len(some))]
        values = {f"{name}{n}": value for n, one in enumerate(some) for name, value in one.items()}
        yield from conn.execute(_arms(arm, len(some)), values)
