"""A little archive: answers what a test tells it to, over real HTTP, and remembers what it was asked."""

import threading
from collections.abc import Callable
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit


class Asked(NamedTuple):
    path: str
    params: dict[str, str]
    headers: Message


class Answer(NamedTuple):
    body: str | bytes = ""
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012 - read only


class Archive:
    """Serves on a free port until closed."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.asked: list[Asked] = []
        archive = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                asked = Asked(url.path, dict(parse_qsl(url.query)), self.headers)
                archive.asked.append(asked)
                found = archive.answer(asked)
                body = found.body if isinstance(found.body, bytes) else found.body.encode()
                self.send_response(found.status)
                for name, value in found.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.answer = answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def params(self, name: str) -> list[str]:
        return [asked.params.get(name, "") for asked in self.asked]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
