"""Reports in words: for each kind of mail software, whom it names, with what status."""

import pytest

from maildesk.core.bounce import bounce
from maildesk.core.message import parse
from tests.core.reports import REPORTS
from tests.core.reports_more import MORE
from tests.core.reports_others import OTHERS
from tests.core.reports_providers import PROVIDERS
from tests.core.reports_servers import SERVERS

ALL = {**REPORTS, **MORE, **SERVERS, **PROVIDERS, **OTHERS}


@pytest.mark.parametrize("software", ALL)
def test_report(software: str) -> None:
    sender, subject, text, recipients, status, action = ALL[software]
    raw = f"From: {sender}\nTo: support@desk.example\nSubject: {subject}\n\n{text}".encode()
    found = bounce(parse(raw), raw)
    assert found is not None
    assert (" ".join(found.recipients), found.status, found.action) == (recipients, status, action)
    assert found.original_message_id == ("m1@desk.example" if "<m1@desk.example>" in text else "")
