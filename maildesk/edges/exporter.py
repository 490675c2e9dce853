"""The metrics' way out: by HTTP to Prometheus, or into a file for node_exporter."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from maildesk.config.listeners import split_listen
from maildesk.core.metric import METRICS, SECONDS, Samples, page
from maildesk.edges.intakes.smtp import CannotListen

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

    from prometheus_client.core import Metric as Family

_BY_NAME = {one.name: one for one in METRICS}


class Exporter:
    """Gives out what `samples` finds, and how long mails took to be accepted. It may be asked from any thread."""

    def __init__(self, samples: Callable[[], Samples]) -> None:
        # Late: only a desk that is watched pays for it.
        from prometheus_client import CollectorRegistry, Histogram, ProcessCollector

        self._samples = samples
        self._registry = CollectorRegistry()
        accept = _BY_NAME["maildesk_accept_seconds"]
        self._accept = Histogram(accept.name, accept.help, buckets=SECONDS, registry=self._registry)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        self._server: WSGIServer | None = None
        self._thread: threading.Thread | None = None

    def accepted(self, seconds: float) -> None:
        """A mail took so long from its last byte to its commit."""
        self._accept.observe(seconds)

    def describe(self) -> list[Family]:
        """Nothing: what there is, is known when it is asked for."""
        return []

    def collect(self) -> Iterator[Family]:
        """All but the histogram, for prometheus_client."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        kinds = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}
        for name, values in self._samples().items():
            one = _BY_NAME[name]
            family = kinds[one.kind](name, one.help, labels=one.labels)
            for labels, value in values.items():
                family.add_metric(labels, float(value))
            yield family

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)

    def start(self, listen: str) -> int:
        """Answers at an address and port; the real port. Raises CannotListen."""
        from prometheus_client import start_http_server

        host, port = split_listen(listen)
        try:
            self._server, self._thread = start_http_server(port, host, self._registry)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise CannotListen(
                f"cannot give metrics on {listen}: {reason}; end the program that uses this port, or set another "
                "listen in [metrics]"
            ) from error
        return int(self._server.server_port)

    def stop(self) -> None:
        """Answers no more; may be repeated."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def write(self, path: Path) -> None:
        """Writes everything to a file, whole or not at all. Raises OSError."""
        part = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            part.write_bytes(self.text())
            # node_exporter runs as a user of its own; nothing in it is secret.
            part.chmod(0o644)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


if __name__ == "__main__":
    print(page(), end="")
