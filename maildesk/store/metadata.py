"""What all tables share: the registry that they are made from, and how they number rows and name partial indexes."""

from __future__ import annotations

import re

from sqlalchemy import BigInteger, Integer, MetaData, TextClause, text

# SQLite numbers rows by itself only where the type is exactly INTEGER.
Serial = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()


def bare(condition: TextClause) -> TextClause:
    """The condition as an index states it: without the name of the table."""
    return text(re.sub(r"\b\w+\.", "", condition.text))
