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
    """Options are the source's; `__` in a keyword stands for a dot. top: other sections of leat.yaml. Several databases are
    as many sources, called bench, bench1, bench2, …"""

    def __init__(self, folder, database, profile=None, top=None, **options):
        self.folder = Path(folder)
        self.folder.mkdir()
        self.leat = Leat(self.folder)
        databases = database if isinstance(database, list) else [database]
        options = {name.replace("__", "."): value for name, value in options.items()}
        self.sources = [SOURCE, *(f"{SOURCE}{i}" for i in range(1, len(databases)))]
        self.leat.configure(sources={source: {"url": one.url(), **options} for source, one in zip(self.sources, databases)},
                            top=top)
        self.profile = profile
        self.run = self.reader = None

    def prepare(self):
        """From now on the slot keeps what is committed."""
        try:
            process = self.leat.run()
            for source in self.sources:
                process.wait_stderr(rf"\b{source}: RUNNING\b", 600)
            process.stop()
        finally:
            self.leat.close()

    def start(self):
        self.run = Child([BINARY, "run", "-c", self.leat.config, "--listen", "off"], self.folder / "run.err", env=environment())
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
        return self.tail_of(SOURCE)

    def tail_of(self, source):
        return self.leat.data / "sources" / source / "tail"

    def durable_changes(self, source=SOURCE):
        """What an fdatasync has covered: with log.fsync always, nothing else is visible. docs/format/segment.md."""
        try:
            page = self.tail_of(source).read_bytes()
        except FileNotFoundError:
            return 0
        return max(0, struct.unpack_from("<Q", page, 40)[0] - 1) if len(page) >= 48 else 0

    def wait_for_all(self, changes, timeout=600):
        """Seconds since the start until every source has so many changes, durably."""
        deadline = time.monotonic() + timeout
        waiting = list(self.sources)
        while waiting:
            waiting = [source for source in waiting if self.durable_changes(source) < changes]
            if self.run.poll() is not None or time.monotonic() > deadline:
                self.run.fail(f"{waiting} did not get to {changes} changes")
            time.sleep(POLL)
        return time.monotonic() - self.run.began

    def wait_said(self, text, timeout=600):
        """Seconds since the start until `leat run` said it."""
        deadline = time.monotonic() + timeout
        while text not in self.run.errors.read_text(errors="replace"):
            if self.run.poll() is not None or time.monotonic() > deadline:
                self.run.fail(f"did not say {text!r}")
            time.sleep(POLL)
        return time.monotonic() - self.run.began

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
