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
        "Danke schön", "ありがとうございました。", "Merci beaucoup pour votre aide", "Muchas gracias por su ayuda",
        "Got it, thanks",
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


@pytest.mark.parametrize(
    "text",
    [
        "Thank you very much!\n\nCarla",
        "Many thanks, Bob!",
        "Perfect, thank you!\n\nBest regards\nCarla Díaz-Müller",
    ],
)
def test_thanks_are_signed_and_addressed(text: str) -> None:
    assert not thanks(text)
    assert thanks(text, ["Carla Díaz-Müller", "Bob Brown"])


@pytest.mark.parametrize("text", ["Thanks, no.", "Thanks Bob, but no.", "Bob", "Carla", "Thank you, Dora"])
def test_a_name_is_no_thanks(text: str) -> None:
    assert not thanks(text, ["Carla No", "Bob But"])


def test_it_takes_no_time() -> None:
    start = time.process_time()
    assert not thanks("thanks so much " * 7 + "x")
    assert time.process_time() - start < 5
