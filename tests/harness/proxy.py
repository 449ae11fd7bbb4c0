"""A TCP proxy that behaves as badly as networks do."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time


class Proxy:
    """Forwards to a port on loopback. Set the fields at any time; they count for connections that are open, too.

    cut_after     server-to-client bytes of a connection after which it is cut, once: the last message is incomplete
    cut_hard      cut with a reset instead of an orderly end
    frozen        nothing is forwarded, nothing is closed: half-open
    rate          server-to-client bytes per second
    refuse_tls    answers a request for TLS with "no", as somebody in between would
    """

    def __init__(self, port):
        self.target = port
        self.cut_after, self.cut_hard, self.rate, self.refuse_tls = None, False, None, False
        self.frozen = threading.Event()
        self.cuts = 0
        self.connections = 0
        self.received = []  # per connection: the first bytes that the client sent
        self._open = set()
        self._lock = threading.Lock()
        self._closing = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._closing = True
        self._listener.close()
        self.frozen.clear()
        self.cut_all()

    def cut_all(self, hard=True):
        with self._lock:
            pairs, self._open = list(self._open), set()
        for client, server in pairs:
            self._end(client, server, hard)

    @staticmethod
    def _end(client, server, hard):
        for one in (client, server):
            with contextlib.suppress(OSError):
                if hard:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # Ends the other thread's recv(), which else keeps the socket open; alone it sends nothing.
                one.shutdown(socket.SHUT_RD if hard else socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                one.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self.received.append(bytearray())
            threading.Thread(target=self._serve, args=(client, self.received[-1]), daemon=True).start()

    def _serve(self, client, received):
        if self.refuse_tls:
            with contextlib.suppress(OSError):
                client.settimeout(10)
                received += client.recv(8)
                client.sendall(b"N")
                while chunk := client.recv(4096):
                    received += chunk
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            client.close()
            return
        pair = (client, server)
        with self._lock:
            self._open.add(pair)
        threading.Thread(target=self._pump, args=(client, server, pair, None), daemon=True).start()
        self._pump(server, client, pair, self)

    def _pump(self, source, target, pair, limits):
        passed = 0
        try:
            while chunk := source.recv(1024 if limits and limits.rate else 65536):
                while self.frozen.is_set() and not self._closing:
                    time.sleep(0.02)
                if limits and limits.cut_after is not None and passed + len(chunk) >= limits.cut_after:
                    target.sendall(chunk[: limits.cut_after - passed])
                    limits.cut_after = None
                    limits.cuts += 1
                    break
                target.sendall(chunk)
                passed += len(chunk)
                if limits and limits.rate:
                    time.sleep(len(chunk) / limits.rate)
        except OSError:
            pass
        with self._lock:
            self._open.discard(pair)
        self._end(*pair, self.cut_hard)
