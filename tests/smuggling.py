"""Smuggling: what some servers take for the end of a mail. Only CR LF dot CR LF is one (RFC 5321, 4.1.1.4)."""

# A dot between line ends of which one is none.
BARE = (
    b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n.\r", b"\r.\n", b"\r\r\n.\r\r\n",
)  # fmt: skip
ENDS = (
    *BARE, b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\n.\r\r\n", b"\r\n. \r\n", b"\r\n..\r\n", b"\x85.\x85",
    b"\xe2\x80\xa8.\xe2\x80\xa8",
)  # fmt: skip
