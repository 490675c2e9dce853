"""Charsets: what mailers call them, and what they mean; bytes that nobody declared."""

import pytest

from maildesk.core import charset


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("windows-949", "cp949", "안녕"),
        ("x-windows-949", "cp949", "안녕"),
        ("iso-ir-149", "cp949", "안녕"),
        ("windows-874", "cp874", "สวัสดี"),
        ("x-euc-jp", "euc_jp", "日本"),
        ("cp51932", "euc_jp", "日本"),
        ("x-ms-cp932", "cp932", "①"),
        ("cp50220", "iso2022_jp", "日本"),
        ("iso-2022-jp-ms", "iso2022_jp", "日本"),
        ("mac", "mac_roman", "ü"),
        ("x-mac-ce", "mac_latin2", "č"),
        ("x-mac-romanian", "mac_romanian", "ț"),
        ("x-iso-8859-5", "iso8859_5", "Привет"),
        ("dos-862", "cp862", "שלום"),
        ("ibm850", "cp850", "ü"),
        ("logical", "iso8859_8", "שלום"),
    ],
)
def test_labels(label: str, codec: str, text: str) -> None:
    assert charset.decode(text.encode(codec), label) == text


@pytest.mark.parametrize("label", ["x-rot13", "x-idna", "windows-", "dos-1", "x-"])
def test_labels_of_nothing(label: str) -> None:
    assert charset.codec(label) == ""


KABU = b"\x1b$B!!-j%F%9%H\x1b(B 1 \x1b$B-!\x1b(B"  # a space, the sign for a company, "test", "1", a 1 in a circle


@pytest.mark.parametrize("label", ["iso-2022-jp", "", "us-ascii", "utf-8"])
def test_japanese_with_the_signs_of_windows(label: str) -> None:
    assert charset.decode(KABU, label) == "　㈱テスト 1 ①"
    assert charset.decode("日本語ｶﾅ".encode("iso2022_jp_ext"), label) == "日本語ｶﾅ"


def test_japanese_whose_lines_do_not_end_in_ascii() -> None:
    assert charset.decode(b"\x1b$B-j%F\n%9%H\x1b(Jx\x1b(I6E\x1b(B", "iso-2022-jp") == "㈱テ\nストxｶﾅ"


def test_a_raw_subject_in_japanese() -> None:
    assert charset.decode_raw(KABU, "") == "　㈱テスト 1 ①"


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("koi8_r", "Добрый день, у меня сломался принтер"),
        ("cp1251", "Добрый день, у меня сломался принтер"),
        ("cp1255", "שלום, המדפסת שלי התקלקלה"),
        ("cp1256", "مرحبا، طابعتي معطلة وأحتاج المساعدة"),
        ("cp874", "สวัสดีครับ เครื่องพิมพ์ของผมเสีย"),
        ("iso8859_2", "Zażółć gęślą jaźń, drukarka nie działa"),
        ("cp1250", "Zażółć gęślą jaźń, drukarka nie działa"),
        ("gb18030", "您好，我的打印机坏了，请帮忙修理一下"),
        ("cp932", "プリンタが壊れましたので、修理をお願いします"),
        ("cp949", "안녕하세요 프린터가 고장났습니다 도와주세요"),
        ("cp1252", "“Hello” - it’s 5 €"),
    ],
)
def test_undeclared(codec: str, text: str) -> None:
    assert charset.decode(text.encode(codec)) == text
