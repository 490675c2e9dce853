"""Plain data of what a running desk says of itself: its log and its metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field

from maildesk.config.listeners import split_listen
from maildesk.core.policy import Frozen


def _listen(value: str) -> str:
    if value:
        split_listen(value)
    return value


def _textfile(value: str) -> str:
    if value and not value.endswith(".prom"):
        raise ValueError(f"{value!r} is read by no node_exporter; write a name that ends with .prom")
    return value


class Log(Frozen):
    """What is logged, how and where."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least important level shown."
    )
    format: Literal["text", "json"] = Field(
        "text", description="Lines for people, or one JSON object a line for programs."
    )
    file: str = Field(
        "",
        description="File to log to; standard error if left out. It may be renamed at any time (logrotate).",
    )

    def below(self, root: Path) -> Self:
        """The same with an absolute path."""
        return self.model_copy(update={"file": str(root / self.file) if self.file else ""})


class Metrics(Frozen):
    """Figures for Prometheus, `docs/metrics.md`; none unless one of the two is written."""

    listen: Annotated[str, AfterValidator(_listen)] = Field(
        "",
        description="Address and port where Prometheus gets them, like 127.0.0.1:9109. Whoever reaches it reads them.",
    )
    textfile: Annotated[str, AfterValidator(_textfile)] = Field(
        "",
        description="File for node_exporter's textfile collector, written every 15 seconds; it ends with .prom.",
    )

    def below(self, root: Path) -> Self:
        """The same with an absolute path."""
        return self.model_copy(update={"textfile": str(root / self.textfile) if self.textfile else ""})
