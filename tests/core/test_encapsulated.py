"""Internet addresses inside addresses of Exchange and X.400."""

import pytest

from maildesk.core.encapsulated import attribute, plain

DIRECTORY = "imceaex-_o=shop_ou=first+20group_cn=recipients_cn=jane@mx.example"


@pytest.mark.parametrize(
    ("wrapped", "address"),
    [
        ("imceasmtp-jane+40shop+2eexample@mx.example", "jane@shop.example"),
        ("IMCEASMTP-jane+2Bx+40shop+2Eexample@mx.example", "jane+x@shop.example"),
        ("imceasmtp-jane+5fdoe+40shop+2eexample@mx.example", "jane_doe@shop.example"),
        ("imceax400-_c+3dus_dda+3asmtp+3djane+28a+29shop+2eexample_@mx.example", "jane@shop.example"),
        (DIRECTORY, DIRECTORY),
        ("imceasmtp-jane@mx.example", "imceasmtp-jane@mx.example"),
        ("jane@shop.example", "jane@shop.example"),
        ("", ""),
    ],
)
def test_plain(wrapped: str, address: str) -> None:
    assert plain(wrapped) == address


@pytest.mark.parametrize(
    ("attributes", "address"),
    [
        ("/DD.RFC-822=jane(a)shop.example/O=shop/C=us/", "jane@shop.example"),
        ("c=us;a= ;p=shop;dda:SMTP=Jane@Shop.Example;", "jane@shop.example"),
        ("/S=jane/O=shop/C=us/", ""),
        ("/DD.RFC-822=jane/", ""),
    ],
)
def test_attribute(attributes: str, address: str) -> None:
    assert attribute(attributes) == address
