"""Planted faults in the configuration and at the servers that it names: `check` and `check --online` find them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import RUN
from tests.doctor.conftest import Healthy
from tests.servers import certificates, dovecot
from tests.servers.relay import a_relay, certificate

BOX = """
[[imap]]
name = "support"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "{user}"
password_file = "imap-password"
address = "support@desk.example"
after = "seen"
"""


@dataclass(frozen=True)
class Plant:
    """A fault, what `check` says of it, and what it says is to be done."""

    name: str
    plant: Callable[[Healthy], object]
    what: str
    do: str


def other_key(desk: Healthy) -> None:
    for name in ("a", "b"):
        (desk.folder / name).mkdir()
        certificates.make(desk.folder / name)
    lines = 'certificate = "a/certificate.pem"\nkey = "b/key.pem"'
    desk.edit("^#certificate = .*", lines, heed=False)


def template(desk: Healthy) -> None:
    path = desk.folder / "templates/en/acknowledgment.txt"
    path.write_text("{{ ticket.numbr }}\n")


def unheeded(pattern: str, replacement: str, file: str = "maildesk.toml") -> Callable[[Healthy], None]:
    return lambda desk: desk.edit(pattern, replacement, file, heed=False)


PLANTS = (
    Plant("a template that does not render", template, "acknowledgment.txt", "numbr"),
    Plant(
        "an unknown topic",
        unheeded('topic = "outage"', 'topic = "outrage"', "config/rules.toml"),
        "there is no topic 'outrage'",
        "known: ",
    ),
    Plant("a key of another certificate", other_key, "a/certificate.pem", "name a certificate with its chain"),
    Plant("a key that is none", unheeded("^#level = .*", 'levle = "info"'), "levle", "did you mean 'level'"),
    Plant(
        "a password that is not there",
        lambda desk: (desk.folder / "relay-password").unlink(),
        "relay-password cannot be read (no such file",
        "send",
    ),
    Plant("a zone that is none", unheeded('^zone = "UTC"', 'zone = "Mars"'), "'Mars'", "write it like Europe/Berlin"),
    Plant(
        "a rule that compares nothing",
        unheeded(r'when.subject.contains = \["invoice.*', "when.subject = {}", "config/rules.toml"),
        "compares nothing",
        "write is, contains",
    ),
)  # fmt: skip


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_check_finds_it(healthy: Healthy, plant: Plant) -> None:
    plant.plant(healthy)
    done = healthy.run("check")
    assert done.exit_code == 1, done.output
    assert plant.what in done.stderr
    assert plant.do in done.stderr
    assert "1 problem; mend it and check again." in done.stderr


@pytest.fixture
def mailbox(healthy: Healthy) -> Healthy:
    """The same desk with a mailbox on a real Dovecot."""
    if dovecot.program() is None:
        pytest.skip("Dovecot is not installed (Debian: apt-get install dovecot-imapd)")
    server = dovecot.shared(Path(os.environ[RUN]))
    secret = healthy.folder / "imap-password"
    secret.write_text(f"{dovecot.PASSWORD}\n")
    secret.chmod(0o600)
    healthy.append(BOX.format(port=server.port, user=f"doctor-{os.getpid()}"))
    return healthy


def online(desk: Healthy) -> list[str]:
    """The problems that both `check --online` and `doctor --online` find, which must be the same."""
    done = desk.run("check", "--online")
    found = desk.findings("--online")
    told = done.stderr.splitlines()[:-1]
    assert done.exit_code == (1 if told else 0), done.output
    assert [one["what"] for one in found] == [line.rstrip(".") for line in told]
    assert all(one["do"].startswith("Mend that") for one in found)
    return told


def test_a_healthy_desk_is_let_in_everywhere(mailbox: Healthy) -> None:
    assert online(mailbox) == []


def test_a_mailbox_with_a_wrong_password(mailbox: Healthy) -> None:
    (mailbox.folder / "imap-password").write_text("wrong\n")
    [told] = online(mailbox)
    assert "mailbox support: 127.0.0.1 refused the login" in told
    assert "check user and password" in told


def test_a_relay_that_lets_nobody_in(healthy: Healthy) -> None:
    (healthy.folder / "relay-password").write_text("wrong\n")
    [told] = online(healthy)
    assert "does not let in desk (535 5.7.8 wrong user or password): check user and password" in told


def test_a_relay_without_tls(healthy: Healthy) -> None:
    healthy.edit('^tls = "none"', 'tls = "starttls"')
    [told] = online(healthy)
    assert "offers no STARTTLS" in told
    assert 'write tls = "implicit"' in told


def test_a_relay_whose_certificate_ends(healthy: Healthy) -> None:
    path, context = certificate(healthy.folder, days=1)
    with a_relay(users={"desk": "right"}, tls=context) as relay:
        healthy.edit('^host = "127.*', f'host = "localhost"\nca_file = "{path}"')
        healthy.edit("^port = .*", f"port = {relay.port}")
        healthy.edit('^tls = "none"', 'tls = "starttls"')
        [told] = online(healthy)
        assert f"the certificate of localhost:{relay.port} ends in 0 days" in told
        assert "renew it" in told
        healthy.edit("^certificate_days = 1", "certificate_days = 0")
        assert online(healthy) == []
