"""From commit to output at a steady 1,000 transactions per second.

Both readers stamp the same clock against the commit time that PostgreSQL put into the WAL: `leat log --follow` when its line
comes out of the pipe, the reference reader after the fdatasync of what it wrote.
"""

import os
import re
import selectors
import signal
import subprocess
import threading
import time

from capture import Capture
from harness.leat import environment
from harness.postgres import wait_until
from measured import Child
from report import alone, compared
from workloads import TICK, TICKS, pgbench

RATE = 1000
CLIENTS = 4
WARM_UP = 1.0  # seconds, left out
COMMIT_TIME = re.compile(rb'"source":\{[^{}]*"ts_us":(\d+)')


class Lines:
    """Stamps what comes out of a pipe, and looks into it only later."""

    def __init__(self, pipe):
        self.pipe = pipe
        self.chunks = []
        self.count = 0
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while data := os.read(self.pipe.fileno(), 1 << 16):
            self.chunks.append((time.time_ns(), data))
            self.count += data.count(b"\n")

    def samples(self):
        """(commit, seen) in microseconds. A line has been seen when its last byte has."""
        rest, result = b"", []
        for stamp, data in self.chunks:
            *lines, rest = (rest + data).split(b"\n")
            result += [(int(COMMIT_TIME.search(line).group(1)), stamp // 1000) for line in lines]
        return result


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Latencies:
    """In milliseconds, without the warm-up."""

    def __init__(self, samples, transactions, who):
        if len(samples) != transactions or len({commit for commit, _ in samples}) < transactions * 0.9:
            raise SystemExit(f"latency: {who} saw {len(samples)} commits of {transactions}")
        first = min(commit for commit, _ in samples) + WARM_UP * 1e6
        values = [(seen - commit) / 1000 for commit, seen in samples if commit >= first]
        self.p50, self.p99, self.max = percentile(values, 0.5), percentile(values, 0.99), max(values)


def tick(context, database, seconds):
    """Commits at the rate and returns how many."""
    script = context.folder / "tick.sql"
    script.write_text(TICK)
    each = RATE * seconds // CLIENTS
    pgbench(database, "-n", "-M", "prepared", "-c", CLIENTS, "-t", each, "-R", RATE, "-f", script)
    return each * CLIENTS


def leat_round(context, database, number, seconds):
    name = f"latency_{number}"
    capture = Capture(context.folder / name, database, context.profile, snapshot__mode="no_data", slot__name=f"leat_{name}",
                      publication__name=f"leat_{name}", slot__drop__on__stop=True)
    capture.start()
    capture.wait_for_tail()
    database.wait_streaming(60)
    reader = capture.start_reader(output=subprocess.PIPE)
    lines = Lines(reader.popen.stdout)
    count = tick(context, database, seconds)
    wait_until(lambda: lines.count >= count, f"{count} lines ({lines.count})", 60)
    reader.terminate((0, -signal.SIGTERM))
    lines.thread.join(10)
    capture.run.terminate()
    context.discard(capture.folder)
    return Latencies(lines.samples(), count, "leat"), capture.run.cpu / count * 1e6


def reference_round(context, database, seconds):
    file = context.folder / "reference.wal"
    command = [context.tool("leat_reference_reader"), database.url(), "reference", file]
    reader = Child(command, context.folder / "reference.err", output=subprocess.PIPE, env=environment())
    with selectors.DefaultSelector() as selector:
        selector.register(reader.popen.stdout, selectors.EVENT_READ)
        if not selector.select(60) or os.read(reader.popen.stdout.fileno(), 100) != b"READY\n":
            reader.fail("is not ready")
    count = tick(context, database, seconds)
    time.sleep(0.5)
    output = []
    collector = threading.Thread(target=lambda: output.append(reader.popen.stdout.read()))
    reader.signal(signal.SIGTERM)
    collector.start()
    collector.join(60)
    reader.succeed(60)
    file.unlink()
    samples = [tuple(map(int, line.split())) for line in output[0].splitlines()]
    return Latencies(samples, count, "the reference reader")


def measure(context, seconds, goal):
    database = context.server.new_database("latency")
    database.execute(TICKS)
    database.execute("CREATE PUBLICATION reference FOR ALL TABLES")
    leat, cpu, reference = [], [], []
    for i in range(context.repetitions):
        os.sync()
        latencies, used = leat_round(context, database, i, seconds)
        leat.append(latencies)
        cpu.append(used)
        os.sync()
        reference.append(reference_round(context, database, seconds))
        context.say(f"latency {i + 1}: p50 {leat[-1].p50:.2f} ms, p99 {leat[-1].p99:.2f} ms; "
                    f"reference p50 {reference[-1].p50:.2f} ms, p99 {reference[-1].p99:.2f} ms")
    database.drop()
    return [
        compared(f"latency: p{share}, commit to output", [getattr(one, f"p{share}") for one in leat],
                 [getattr(one, f"p{share}") for one in reference], ".2f", f"≤ {goal}", lambda ratio: ratio <= goal, " ms")
        for share in (50, 99)
    ] + [alone("latency: `leat run`, CPU s per million changes", cpu, ".1f")]
