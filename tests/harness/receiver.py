"""A receiver of webhooks that answers as a test tells it to."""

from __future__ import annotations

import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Request:
    def __init__(self, headers, body):
        self.headers, self.body = headers, body
        text = body.decode()
        lines = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
        self.records = lines
        # A change's last record has its sequence.
        self.seqs = [record["seq"] for record in lines if "seq" in record]


class Receiver:
    """`behave(request)` decides: a status, (status, headers), or "reset", "cut", "silent". What was answered with 2xx, in
    full or not, is in `taken`."""

    def __init__(self, behave=None, port=0):
        self.behave = behave or (lambda request: 200)
        self.requests, self.taken = [], []
        self.lock = threading.Lock()
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver.take(self)

            def log_message(self, *arguments):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass  # a client that was killed

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/in"

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        request = Request(dict(handler.headers), body)
        with self.lock:
            self.requests.append(request)
        answer = self.behave(request)
        if answer == "silent":
            self.released.wait(60)
            handler.close_connection = True
            return
        if answer == "reset":
            self.reset(handler)
            return
        status, headers = answer if isinstance(answer, tuple) else (200 if answer == "cut" else answer, {})
        if 200 <= status < 300:
            with self.lock:
                self.taken.append(request)
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "100" if answer == "cut" else "0")
        handler.end_headers()
        if answer == "cut":
            handler.wfile.write(b"half an ans")
            handler.wfile.flush()
            self.reset(handler)

    @staticmethod
    def reset(handler):
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        handler.close_connection = True

    def seqs(self):
        with self.lock:
            return [seq for request in self.taken for seq in request.seqs]

    def records(self):
        with self.lock:
            return [record for request in self.taken for record in request.records]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
