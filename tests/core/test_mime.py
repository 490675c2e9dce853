"""MIME as mailers get it wrong: what was written is read all the same."""

import pytest

from maildesk.core import message


def read(raw: str) -> message.Message:
    return message.parse(f"From: jane@shop.example\n{raw}".replace("\n", "\r\n").encode())


@pytest.mark.parametrize(
    ("boundary", "used"),
    [('"cut "', "cut"), ("cut (made by us)", "cut"), ('" cut"', "cut"), ("other", "cut"), ('""', "cut")],
)
@pytest.mark.parametrize("head", ["", "Content-Type: text/plain\n"])
def test_the_boundary_is_not_as_declared(boundary: str, used: str, head: str) -> None:
    parts = (
        f"--{used}\n{head}\nHello\n--{used}\nContent-Type: application/pdf; name=a.pdf\n\nPDF\n--{used}--\n"
    )
    seen = read(f"Content-Type: multipart/mixed; boundary={boundary}\n\n{parts}")
    assert seen.text == "Hello"
    assert [one.name for one in seen.attachments] == ["a.pdf"]


def test_dashes_in_a_text_are_no_boundary() -> None:
    text = "-- \nJane\n--the end--\n"
    assert read(f"Content-Type: multipart/mixed; boundary=cut\n\n{text}").text == text


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("quotedprintable", "He=6Clo"),
        ("Quoted_Printable", "He=6Clo"),
        ("quoted-printable", "Hel= \nlo"),
        ("quoted-printable", "Hel=\t \nlo"),
        ("base-64", "SGVsbG8="),
        ("BASE64;", "SGVsbG8="),
    ],
)
def test_encodings(encoding: str, body: str) -> None:
    assert read(f"Content-Transfer-Encoding: {encoding}\n\n{body}").text == "Hello"


@pytest.mark.parametrize(
    "kind", ["plain/text", "text/markdown; charset=utf-8", "text/x-markdown", "text/ascii"]
)
def test_types_that_are_text(kind: str) -> None:
    seen = read(f"Content-Type: {kind}\n\nHello")
    assert (seen.text, seen.attachments) == ("Hello", ())


@pytest.mark.parametrize(
    ("parameter", "name"),
    [("filename*=utf-8'%c3%bc.txt", "ü.txt"), ("filename*=it's%20me.txt", "it's me.txt")],
)
def test_a_file_name_without_its_language(parameter: str, name: str) -> None:
    seen = read(f"Content-Type: application/pdf\nContent-Disposition: attachment; {parameter}\n\nPDF")
    assert [one.name for one in seen.attachments] == [name]
