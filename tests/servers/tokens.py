"""A token endpoint (RFC 6749) on loopback that may replace the refresh token with each use."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from urllib.parse import parse_qs


class TokenServer:
    """Gives one access token to whoever shows the right refresh token, or asks for a client's own.

    With `rotate` a refresh token is good once, and the answer has the next. `asked` are the forms that came.
    """

    def __init__(self, access_token: str, rotate: bool = False) -> None:
        self.asked: list[dict[str, str]] = []
        self.refresh_token = "refresh-0"
        self._access_token = access_token
        self._rotate = rotate
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = owner._answer({key: values[0] for key, values in parse_qs(body).items()})
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.02), daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_port}/token"

    def revoke(self) -> None:
        """Takes the refresh token back."""
        self.refresh_token = "another"

    def _answer(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        self.asked.append(form)
        answer: dict[str, object] = {"access_token": self._access_token, "expires_in": 3600}
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] != self.refresh_token:
                return 400, {"error": "invalid_grant", "error_description": "it was used or revoked"}
            if self._rotate:
                self.refresh_token = f"refresh-{len(self.asked)}"
                answer["refresh_token"] = self.refresh_token
        return 200, answer

    def __enter__(self) -> TokenServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
