"""Encapsulated: Internet addresses as other mail systems carry them, inside addresses of their own."""

import re

from maildesk.core import address

# Exchange ([MS-OXCMAIL]): IMCEA, the kind of address, "-", the address with _ for / and +XX for other signs, "@", and
# the domain of the server.
_IMCEA = re.compile(r"imcea(?:[a-z0-9]{2,8})-([^@]{1,600})@[^@]{1,253}", re.IGNORECASE)
_ESCAPED = re.compile(r"\+([0-9a-f]{2})", re.IGNORECASE)
# X.400 (RFC 2156 4.2): a domain-defined attribute, in which (a) stands for the sign @.
_ATTRIBUTE = re.compile(r"(?:^|[/;:.])(?:rfc-?822|smtp)[=:]([^/;\s]{3,320})", re.IGNORECASE)


def plain(text: str) -> str:
    """The Internet address that an address of Exchange or X.400 carries; the text itself, if it carries none."""
    wrapped = _IMCEA.fullmatch(text)
    if wrapped:
        inner = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), wrapped[1].replace("_", "/"))
        if not text[5:].lower().startswith("smtp-"):
            inner = attribute(inner)
        return address.normal(inner) or text
    return text


def attribute(text: str) -> str:
    """The Internet address in the attributes of an X.400 address, "" if there is none."""
    found = _ATTRIBUTE.search(text)
    if found is None:
        return ""
    return address.normal(found[1].replace("(a)", "@").replace("(A)", "@"))
