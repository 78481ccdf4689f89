"""HTTP services on loopback that run beside the code under test: a tenant's customer system, and Twilio's REST API."""

import base64
import json
import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs

from switchboard.adapters.crm.webhook import signature


class Answer(NamedTuple):
    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def serve(answer: Callable[[Asked], Answer]) -> Iterator[str]:
    """Serve `answer` in threads; yields the origin."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            return

        def _serve(self):
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            given = answer(Asked(self.command, self.path, headers, body))
            self.send_response(given.status)
            for name, value in given.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the base class looks for these names

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class FakeCustomerSystem:
    """Takes signed notes, keeps one per id. `failures` are answered first, after taking the note if `takes_anyway`."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.notes: dict[str, bytes] = {}
        self.deliveries: Counter[str] = Counter()
        self.failures: deque[Answer] = deque()
        self.takes_anyway = False

    def __call__(self, asked: Asked) -> Answer:
        message_id, timestamp = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
        assert (
            asked.headers["webhook-signature"]
            == f"v1,{signature(self.key, message_id, timestamp, asked.body)}"
        )
        failure = self.failures.popleft() if self.failures else None
        if failure is None or self.takes_anyway:
            self.deliveries[message_id] += 1
            assert self.notes.setdefault(message_id, asked.body) == asked.body
        return failure or Answer(204)


class FakeTwilio:
    """Calls and recordings of one account. `fail_after_placing` answers 500 to a call that is placed all the same."""

    def __init__(self, account_sid: str, auth_token: str) -> None:
        self._authorization = "Basic " + base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._root = f"/2010-04-01/Accounts/{account_sid}"
        self.recordings: dict[str, bytes] = {}
        self.calls: dict[str, dict[str, str]] = {}
        self.placed: list[dict[str, list[str]]] = []
        self.failures: deque[Answer] = deque()
        self.fail_after_placing = False
        self.on_call: Callable[[str, dict[str, list[str]]], None] = lambda _sid, _form: None

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != self._authorization:
            return Answer(401, b'{"code": 20003}')
        if self.failures:
            return self.failures.popleft()
        path = asked.path.removeprefix(self._root)
        if asked.method == "POST" and path == "/Calls.json":
            return self._place(parse_qs(asked.body.decode()))
        if match := re.fullmatch(r"/Calls/(\w+)\.json", path):
            call = self.calls.get(match[1])
            return Answer(200, json.dumps(call).encode()) if call else Answer(404, b'{"code": 20404}')
        if match := re.fullmatch(r"/Recordings/(\w+)\.(wav|json)", path):
            return self._recording(asked.method, match[1])
        return Answer(404, b'{"code": 20404}')

    def _place(self, form: dict[str, list[str]]) -> Answer:
        self.placed.append(form)
        sid = f"CA{len(self.placed):032x}"
        if self.fail_after_placing:
            return Answer(500)
        self.on_call(sid, form)
        return Answer(201, json.dumps({"sid": sid}).encode())

    def _recording(self, method: str, sid: str) -> Answer:
        if sid not in self.recordings:
            return Answer(404, b'{"code": 20404}')
        if method == "DELETE":
            del self.recordings[sid]
            return Answer(204)
        return Answer(200, self.recordings[sid], (("content-type", "audio/wav"),))
