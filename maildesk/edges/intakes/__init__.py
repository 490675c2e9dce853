"""Channels in. Each hands every mail to `accept` and tells the other side only after the commit."""
