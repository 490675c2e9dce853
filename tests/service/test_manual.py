"""The manual is what the code says, and the manual pages are sound."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest

from maildesk.cli import manual as commands
from maildesk.cli.tree import tree
from maildesk.config import manual as configuration
from maildesk.config.roff import escaped, prose
from tests.cli.conftest import ROOT

PAGES = {
    "docs/commands.md": (commands.page, "maildesk.cli.manual page"),
    "man/maildesk.1": (commands.man, "maildesk.cli.manual man"),
    "man/maildesk.toml.5": (configuration.man, "maildesk.config.manual man"),
}
MAN = [name for name in PAGES if name.startswith("man/")]


@pytest.mark.parametrize("name", PAGES)
def test_it_is_current(name: str) -> None:
    make, module = PAGES[name]
    assert (ROOT / name).read_text("utf-8") == make(), f"run: python -m {module} > {name}"


def plain(text: str) -> str:
    """A page without its marks."""
    for mark, meant in (("\\-", "-"), ("\\|", "|"), ("\\(ti", "~"), ("\\fB", ""), ("\\fP", ""), ("`", "")):
        text = text.replace(mark, meant)
    return text


@pytest.mark.parametrize("make", [commands.page, commands.man])
def test_every_command_and_option_is_there(make: Callable[[], str]) -> None:
    assert len(tree()) > 30
    text = plain(make())
    for one in tree()[1:]:
        assert one.name in text
        assert one.group or (one.usage in text and one.example in text)
        for term, meaning in one.parameters:
            assert term in text
            assert plain(meaning) in text


@pytest.mark.parametrize("name", MAN)
def test_it_is_shown_without_a_warning(name: str) -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed")
    done = subprocess.run(
        [groff, "-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=80n", ROOT / name],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == b""
    lines = done.stdout.decode().splitlines()
    # Lines to be typed are not broken; all others fit a terminal.
    assert not [line for line in lines if len(line) > 80 and not line.startswith("           ")]
    assert len(lines) > 200


@pytest.mark.parametrize("write", [escaped, prose])
def test_a_text_means_itself(write: Callable[[str], str]) -> None:
    for text in (".SH", "'br", r"\fBold\fP", "a-b", "~/x^y"):
        assert not write(text).startswith((".", "'"))
    assert write(r"\n") == r"\en"
    assert write("--json") == r"\-\-json"
