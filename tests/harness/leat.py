"""The leat binary as a user runs it: arguments, a configuration file, a process to wait for, its records."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from .postgres import ROOT, wait_until

BINARY = Path(os.environ.get("LEAT_BIN") or ROOT / "build" / "release" / "leat")
SOURCE = "shop"
SLOT = f"leat_{SOURCE}"


@dataclass
class Record:
    """One line of NDJSON."""

    topic: str
    key: object
    headers: dict
    value: dict | None
    line: str = field(repr=False)

    @classmethod
    def parse(cls, line):
        data = json.loads(line)
        assert list(data) == ["topic", "key", "headers", "value"], f"not a record: {line}"
        return cls(data["topic"], data["key"], data["headers"] or {}, data["value"], line)

    @property
    def tombstone(self):
        return self.value is None

    @property
    def op(self):
        """None: a tombstone, or a record that is no change (the begin or end of a transaction)."""
        return None if self.value is None else self.value.get("op")

    @property
    def table(self):
        return self.topic.split(".")[-1]

    def __getattr__(self, name):
        if name in ("before", "after", "source", "transaction", "ts_ms", "message"):
            if self.value is None:
                raise AssertionError(f"a tombstone has no {name}: {self.line}")
            return self.value[name]
        raise AttributeError(name)

    def brief(self):
        return (self.table, "tombstone" if self.tombstone else self.op)


def parse(lines):
    return [Record.parse(line) for line in lines if line.strip()]


def environment():
    env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    env.pop("NO_COLOR", None)
    env.update(TZ="UTC", LC_ALL="C.UTF-8")
    return env


class Process:
    """A running leat. Its output is collected by threads, so it never blocks on a pipe."""

    def __init__(self, *arguments, terminal=False, cwd=None, env=None):
        self.command = [str(BINARY), *map(str, arguments)]
        self.stdout, self.stderr = [], []
        self.chunks = []
        environ = environment() | {name: str(value) for name, value in (env or {}).items()}
        if terminal:
            environ["TERM"] = "xterm-256color"
            master, slave = pty.openpty()
            out, to = os.fdopen(master, "rb", buffering=0), slave
        else:
            out, to = None, subprocess.PIPE
        self.popen = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=to, stderr=subprocess.PIPE, cwd=cwd, env=environ
        )
        if terminal:
            os.close(slave)
        else:
            out = self.popen.stdout
        self.threads = [
            threading.Thread(target=self._collect, args=(out, self.stdout), daemon=True),
            threading.Thread(target=self._collect, args=(self.popen.stderr, self.stderr), daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def _collect(stream, lines):
        try:
            for line in stream:
                lines.append(line.decode(errors="replace").rstrip("\r\n"))
        except OSError:
            pass  # the other side of a terminal is gone

    @property
    def pid(self):
        return self.popen.pid

    @property
    def running(self):
        return self.popen.poll() is None

    def error_text(self):
        return "\n".join(self.stderr[-40:])

    def describe(self):
        state = "running" if self.running else f"ended with status {self.popen.returncode}"
        return f"{' '.join(self.command)}\n{state}; stderr:\n{self.error_text()}"

    def records(self):
        return parse(list(self.stdout))

    def wait_for(self, condition, what, timeout=30):
        """Waits for condition(), while the process runs (or once more after its end)."""

        def look():
            ended = not self.running
            value = condition()
            if not value and ended:
                raise AssertionError(f"leat ended before: {what}\n{self.describe()}")
            return value

        return wait_until(look, what, timeout, self.describe)

    def wait_records(self, count, timeout=30):
        self.wait_for(lambda: len(self.stdout) >= count, f"{count} records on stdout", timeout)
        return self.records()

    def wait_stderr(self, pattern, timeout=30):
        return self.wait_for(
            lambda: next((m for m in map(re.compile(pattern).search, list(self.stderr)) if m), None),
            f"stderr has {pattern!r}", timeout)

    def wait(self, timeout=60):
        try:
            status = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"leat did not end within {timeout} s\n{self.describe()}") from None
        for thread in self.threads:
            thread.join(10)
        return status

    def stop(self, timeout=60):
        """SIGTERM, as a service manager does; status must be 0."""
        self.popen.send_signal(signal.SIGTERM)
        status = self.wait(timeout)
        assert status == 0, f"status {status} after SIGTERM\n{self.describe()}"
        return self

    def kill(self):
        if self.running:
            self.popen.kill()
        self.popen.wait(30)
        for thread in self.threads:
            thread.join(10)
        return self

    def peak_rss(self):
        """Bytes, while it runs."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", text).group(1)) * 1024

    def read_and_written(self):
        """Bytes that it read from files, and wrote to them, since its start; what sockets brought does not count."""
        text = Path(f"/proc/{self.pid}/io").read_text()
        return tuple(int(re.search(name + r": (\d+)", text).group(1)) for name in ("rchar", "wchar"))

    def spilled(self):
        """Bytes in its spill files, which have no names."""
        total = 0
        for fd in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if "/spill/" in os.readlink(fd):
                    total += fd.stat().st_size
        return total

    def kill_when(self, condition, timeout=60):
        """Kills it where condition() holds, or at least while that is not long ago: it runs in small steps. False: it did not hold."""
        deadline = time.monotonic() + timeout
        try:
            while time.monotonic() < deadline:
                assert self.running, f"it ended by itself\n{self.describe()}"
                self.popen.send_signal(signal.SIGSTOP)
                if condition():
                    return True
                self.popen.send_signal(signal.SIGCONT)
                time.sleep(0.002)
            return False
        finally:
            self.kill()


CODE = re.compile(r"\b([A-Z]+(?:_[A-Z]+)+|INTERNAL|USAGE|IO|STOPPED)\b")


def assert_refused(process, code, *words, timeout=60):
    """leat ended by itself with a status that is not 0, and stderr's last message begins with the code."""
    status = process.wait(timeout)
    assert status not in (0, None) and status > 0, f"status {status}, expected an error\n{process.describe()}"
    text = "\n".join(process.stderr)
    lines = [line for line in process.stderr if code in line]
    assert lines, f"{code} is not in stderr\n{process.describe()}"
    found = CODE.search(lines[-1])
    assert found and found.group(1) == code, f"the message does not begin with {code}: {lines[-1]}"
    for word in words:
        assert word in text, f"{word!r} is not in the message\n{process.describe()}"
    assert "terminate called" not in text and "Sanitizer" not in text, text


def yaml(value, indent=0):
    """A plain YAML writer for what leat.yaml needs."""
    pad = "  " * indent
    if isinstance(value, dict):
        lines = []
        for key, item in value.items():
            if isinstance(item, dict):
                lines.append(f"{pad}{key}:")
                lines.append(yaml(item, indent + 1))
            else:
                lines.append(f"{pad}{key}: {yaml(item)}")
        return "\n".join(lines)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(yaml(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, str) else str(value)


class Leat:
    """A configuration and a data directory; run() as often as wanted. Ends what it started."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.config = self.folder / "leat.yaml"
        self.started = []
        self.chosen_listen = False

    # -- commands

    def start(self, *arguments, **more):
        # Many run at a time: each takes a port that is free, unless a test has chosen one.
        if arguments[:1] == ("run",) and "--listen" not in arguments and not self.chosen_listen:
            arguments += ("--listen", "127.0.0.1:0")
        process = Process(*arguments, cwd=self.folder, **more)
        self.started.append(process)
        return process

    def tail(self, url, *arguments, **more):
        return self.start("tail", url, *arguments, **more)

    def check(self, url, **more):
        return self.start("check", url, **more)

    def configure(self, url=None, sources=None, log=None, top=None, **options):
        """Writes leat.yaml. Options are the source's; `__` in a keyword stands for a dot. top: other sections."""
        if sources is None:
            sources = {SOURCE: {"url": url, **{name.replace("__", "."): value for name, value in options.items()}}}
        self.chosen_listen = "server" in (top or {})
        document = {"sources": sources, "log": {"dir": str(self.data), **(log or {})}, **(top or {})}
        self.config.write_text(yaml(document) + "\n")
        return self

    def run(self, *arguments, **more):
        return self.start("run", "-c", self.config, *arguments, **more)

    def log_command(self, *arguments, source=SOURCE, format="debezium", data=None, timeout=120, **more):
        command = ["log", "--data-dir", data or self.data]
        if source:
            command += ["--source", source]
        if format:
            command += ["--format", format]
        process = self.start(*command, *arguments, **more)
        process.wait(timeout)
        return process

    def log(self, *arguments, **more):
        """The records of the change log, from first to last."""
        process = self.log_command(*arguments, **more)
        assert process.popen.returncode == 0, process.describe()
        self.started.remove(process)
        return process.records()

    def log_lines(self, *arguments):
        """The lines of the change log one by one, where they are too many to be kept."""
        command = [str(BINARY), "log", "--data-dir", str(self.data), "--source", SOURCE, "--format", "debezium", *arguments]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment()) as process:
            yield from process.stdout
        assert process.returncode == 0, f"{' '.join(command)}: status {process.returncode}"

    # -- waiting

    def log_or_nothing(self, *arguments, **more):
        """As log(), while there may be no log yet."""
        process = self.log_command(*arguments, **more)
        self.started.remove(process)
        if process.popen.returncode != 0:
            assert re.search(r"LOG_NO_SOURCE|LOG_FOREIGN_DIRECTORY|\bIO\b", process.error_text()), process.describe()
            return []
        return process.records()

    def wait_log(self, process, condition, what, timeout=60, *arguments, **more):
        """Waits until condition(records of the log) while `process` runs; returns the records."""
        seen = []

        def look():
            seen[:] = self.log_or_nothing(*arguments, **more)
            return condition(seen)

        try:
            process.wait_for(look, what, timeout)
        except AssertionError as error:
            last = "\n".join(record.line[:300] for record in seen[-5:])
            raise AssertionError(f"{error}\nthe log has {len(seen)} records; the last:\n{last}") from None
        return list(seen)

    def wait_count(self, process, count, timeout=60, **more):
        records = self.wait_log(process, lambda seen: len(seen) >= count, f"{count} records in the log", timeout, **more)
        assert len(records) == count, "more records than expected:\n" + "\n".join(r.line[:200] for r in records[count:])
        return records

    def wait_marker(self, process, database, timeout=60, **more):
        """wait_for_marker(); returns the records of the log."""
        self.wait_for_marker(process, database, timeout, **more)
        return self.log(**more)

    def wait_for_marker(self, process, database, timeout=60, **more):
        """Commits a marker message and waits until it is in the log: so is everything committed before it. Messages are
        captured from the slot's beginning on, so it must be there."""
        database.wait_streaming(timeout, detail=process.describe)
        marker = f"marker-{time.monotonic_ns()}"
        database.execute("SELECT pg_logical_emit_message(true, %s, 'x')", [marker])
        self.wait_log(process, lambda seen: any(marker in r.line for r in seen), f"the message {marker} in the log", timeout,
                      "--op", "m", **more)

    @staticmethod
    def wait_for_incremental(process, timeout=120):
        """Waits until nothing is left of the snapshots that are taken beside the stream."""

        def done():
            begun = complete = -1
            for number, line in enumerate(list(process.stderr)):
                if "while the stream goes on" in line or ": an incremental snapshot of public" in line:
                    begun = number
                if "incremental snapshots are complete" in line:
                    complete = number
            return complete > begun or begun < 0

        process.wait_for(done, "the incremental snapshots are complete", timeout)

    def close(self):
        for process in self.started:
            if process.running:
                process.popen.kill()
            process.popen.wait(30)
