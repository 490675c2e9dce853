"""Thanks are told from replies; in doubt it is a reply."""

import time

import pytest

from maildesk.core.thanks import thanks


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!", "Thank you very much for your quick help.", "thx", "Vielen Dank!", "Danke für die schnelle Antwort!",
        "Merci beaucoup", "Muchas gracias", "Grazie mille!", "Hartelijk bedankt", "Спасибо!", "ありがとうございます",
        "谢谢", "👍", "Hi team,\n\nthanks a lot!\n\nBest regards", "Perfect, thank you.", "❤️",
    ],
)  # fmt: skip
def test_only_thanks(text: str) -> None:
    assert thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "Thanks, but it still does not work.", "Thanks. Can you send the invoice, too?", "Thanks?",
        "Thank you, the printer now smokes.", "No thanks", "It works.", "ok", "Hello", "Danke, aber nein",
        "Thanks " * 40, "Best regards", "thanksgiving is over",
    ],
)  # fmt: skip
def test_everything_else_is_a_reply(text: str) -> None:
    assert not thanks(text)


def test_it_takes_no_time() -> None:
    start = time.process_time()
    assert not thanks("thanks so much " * 7 + "x")
    assert time.process_time() - start < 0.5
