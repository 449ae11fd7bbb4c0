"""One data directory, and leat on it: `leat run`, and `leat log` beside it."""

import io
import struct
import subprocess
import time
from pathlib import Path

from harness.leat import BINARY, Leat, environment
from measured import Child

SOURCE = "bench"
POLL = 0.005
RATE_MIN = 3000  # changes per second; what is slower is given up


class Capture:
    """Options are the source's; `__` in a keyword stands for a dot."""

    def __init__(self, folder, database, profile=None, **options):
        self.folder = Path(folder)
        self.folder.mkdir()
        self.leat = Leat(self.folder)
        source = {"url": database.url(), **{name.replace("__", "."): value for name, value in options.items()}}
        self.leat.configure(sources={SOURCE: source})
        self.profile = profile
        self.run = self.reader = None

    def prepare(self):
        """From now on the slot keeps what is committed."""
        try:
            process = self.leat.run()
            process.wait_stderr(r"\bRUNNING\b", 60)
            process.stop()
        finally:
            self.leat.close()

    def start(self):
        self.run = Child([BINARY, "run", "-c", self.leat.config], self.folder / "run.err", env=environment())
        self._profile(self.run, "run")
        return self.run

    def start_reader(self, limit=None, output=subprocess.DEVNULL):
        command = [BINARY, "log", "--data-dir", self.leat.data, "--source", SOURCE, "--follow", "--format", "debezium"]
        command += ["--limit", limit] if limit else []
        self.reader = Child(command, self.folder / "log.err", output=output, env=environment())
        self._profile(self.reader, "log")
        return self.reader

    def records(self):
        """The log's lines, as bytes, from first to last; decimals as text, so that SQL can say the same."""
        command = [BINARY, "log", "--data-dir", self.leat.data, "--source", SOURCE, "--format", "debezium"]
        command += ["--set", "decimal.handling.mode=string"]
        reader = Child(command, self.folder / "verify.err", output=subprocess.PIPE, env=environment())
        yield from io.BufferedReader(reader.popen.stdout, 1 << 20)
        reader.succeed(60)

    # -- how far it is

    @property
    def tail(self):
        return self.leat.data / "sources" / SOURCE / "tail"

    def durable_changes(self):
        """What an fdatasync has covered: with log.fsync always, nothing else is visible. docs/format/segment.md."""
        try:
            page = self.tail.read_bytes()
        except FileNotFoundError:
            return 0
        return max(0, struct.unpack_from("<Q", page, 40)[0] - 1) if len(page) >= 48 else 0

    def wait_for_tail(self):
        while not (self.tail.exists() and struct.unpack_from("<Q", self.tail.read_bytes().ljust(24, b"\0"), 16)[0]):
            if self.run.poll() is not None:
                self.run.fail("ended too early")
            time.sleep(POLL)

    def wait_for(self, changes):
        """Seconds since the start until so many changes were durable, and until the reader had printed them."""
        deadline = time.monotonic() + 60 + changes / RATE_MIN
        durable = None
        while durable is None or self.reader.poll() is None:
            if durable is None and self.durable_changes() >= changes:
                durable = time.monotonic() - self.run.began
            # A snapshot ends by itself, which is no reason to stop looking.
            if self.run.poll() not in (None, 0):
                self.run.fail("ended too early")
            if self.reader.poll() not in (None, 0):
                self.reader.fail("ended too early")
            if time.monotonic() > deadline:
                self.run.fail(f"only {self.durable_changes()} of {changes} changes are in the log")
            time.sleep(POLL)
        return durable, self.reader.began + self.reader.seconds - self.run.began

    def _profile(self, child, name):
        if self.profile is None:
            return
        data = self.profile / f"{self.folder.name}-{name}.data"
        Child(["perf", "record", "-q", "-e", "cpu-clock", "-F", "499", "-g", "-o", data, "-p", child.pid],
              self.folder / "perf.err")
