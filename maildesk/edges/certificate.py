"""Certificate: what a listener shows of itself by TLS, read anew when its files change."""

from __future__ import annotations

import logging
import socket
import ssl
from pathlib import Path

log = logging.getLogger("maildesk.smtp")


class BadCertificate(OSError):
    """The certificate cannot be used; the text says why and what to do."""


class Certificate:
    """A certificate with its chain, and its private key, both in PEM files. Used by one thread."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._stamp: tuple[tuple[int, int, int], ...] = ()
        self._context: ssl.SSLContext | None = None

    def load(self) -> ssl.SSLContext:
        """Reads both files. Raises BadCertificate."""
        certificate, key = self._files
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            stamp = self._stamps()
            # An encrypted key would ask for its password at the terminal, and nobody is there.
            context.load_cert_chain(certificate, key, password=_no_password)
        except ssl.SSLError as error:
            reason = (error.reason or str(error)).lower().replace("_", " ")
            raise BadCertificate(f"{certificate} and {key} are no certificate and key: {reason}") from error
        except OSError as error:
            raise BadCertificate(
                f"{error.filename or key} cannot be read: {error.strerror or error}"
            ) from error
        except ValueError as error:
            raise BadCertificate(f"{key} cannot be used: {error}") from error
        self._context, self._stamp = context, stamp
        return context

    def refused_as(self, name: str) -> str:
        """Why who connects to this name would not take the certificate, apart from who vouches for it and how long;
        "" if they would. Raises BadCertificate."""
        # Only OpenSSL knows all the forms of names: it talks to itself here.
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # The certificate itself is trusted, whoever signed it.
        client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = self.load().wrap_bio(there, back, server_side=True)
        client.load_verify_locations(cafile=self._files[0])
        caller = client.wrap_bio(back, there, server_hostname=name)
        for side in (caller, server, caller):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return _no_name(error)
        return ""

    def context(self) -> ssl.SSLContext | None:
        """What new connections show. A renewed certificate that cannot be used leaves the one before."""
        try:
            if self._context is None or self._stamps_or_none() != self._stamp:
                self.load()
        except BadCertificate as error:
            stamp = self._stamps_or_none()
            if self._stamp != stamp:
                log.warning("the certificate stays the old one: %s", error)
                self._stamp = stamp
        return self._context

    def _stamps(self) -> tuple[tuple[int, int, int], ...]:
        found = [path.stat() for path in self._files]
        return tuple((state.st_mtime_ns, state.st_size, state.st_ino) for state in found)

    def _stamps_or_none(self) -> tuple[tuple[int, int, int], ...]:
        try:
            return self._stamps()
        except OSError:
            return ()


def server_end(connection: socket.socket) -> int:
    """When the certificate of the server at the other end ends, microseconds UTC; 0 where nothing is encrypted."""
    found = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    end = found.get("notAfter") if found else None
    return int(ssl.cert_time_to_seconds(end)) * 1_000_000 if isinstance(end, str) else 0


def _no_name(error: ssl.SSLCertVerificationError) -> str:
    # X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL.
    return error.verify_message.rstrip(".") if error.verify_code in (62, 64) else ""


def _no_password() -> str:
    raise ValueError("the key needs a password; take one without")
