"""Parts: the attachments of the mail that is being sent, decoded. The same file to twenty people is read once."""

from __future__ import annotations

from maildesk.core.material import PartRef
from maildesk.store import skeleton, views
from maildesk.store.store import Store


class Parts:
    """Keeps what one mail needs, until the next mail needs something else. One thread uses it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[PartRef, bytes] = {}

    def load(self, data: bytes) -> None:
        """Gets what a composed mail refers to, and lets go of all else. Raises skeleton.Changed where it is gone."""
        refs = skeleton.refs(data)
        self._kept = {ref: content for ref, content in self._kept.items() if ref in refs}
        missing: dict[str, list[PartRef]] = {}
        for ref in refs:
            if ref not in self._kept:
                missing.setdefault(ref.entry, []).append(ref)
        for entry, wanted in missing.items():
            with self._store.db.reading() as conn:
                self._kept |= views.parts(conn, entry, wanted)

    def __call__(self, ref: PartRef) -> bytes:
        """The content of an attachment of the mail that was loaded."""
        return self._kept[ref]

    def drop(self) -> None:
        """Lets go of everything."""
        self._kept = {}
