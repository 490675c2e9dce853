"""A TCP proxy on loopback that cuts connections on order."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

Cut = Callable[[bytes], bool]


def never(_data: bytes) -> bool:
    """Cuts nothing."""
    return False


class Proxy:
    """Forwards to a port. `on_request` and `on_reply` see each piece before it is passed on; True cuts instead.

    `refusing` closes new connections at once; `silent` takes them and says nothing. `connections` counts them.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.on_request: Cut = never
        self.on_reply: Cut = never
        self.refusing = False
        self.silent = False
        self.connections = 0
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.refusing:
                    client.close()
                    continue
                self.connections += 1
                self._sockets.append(client)
                if self.silent:
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets.append(server)
                self._start(self._pump, client, server, lambda data: self.on_request(data))
                self._start(self._pump, server, client, lambda data: self.on_reply(data))

    def _pump(self, source: socket.socket, target: socket.socket, cut: Cut) -> None:
        with contextlib.suppress(OSError):
            while (data := source.recv(65536)) and not cut(data):
                target.sendall(data)
        for one in (source, target):
            _close(one)

    def cut(self) -> None:
        """Cuts all connections now."""
        for one in self._sockets:
            _close(one)

    def close(self) -> None:
        """Ends."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)
        for one in self._sockets:
            one.close()


def _close(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
