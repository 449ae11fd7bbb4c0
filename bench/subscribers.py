"""Subscribers of one source over HTTP: how many deliveries, what they cost the server, and how late they are.

Every subscriber gets every change. The load generator runs on the same cores as the server and PostgreSQL: what it takes is
missing there.
"""

import re
import signal
import subprocess
import threading
import time

from capture import SOURCE, Capture
from harness.leat import BINARY, environment
from measured import Child, cpu_seconds
from report import Row
from workloads import TICK, TICKS, pgbench

CLIENTS = 4
RUNS = ((1, 200), (10, 200), (100, 200), (1000, 200), (100, 1000))
JUDGED = (1000, 200)
P99_MAX, MEMORY_MAX = 100, 200  # ms, MB


class Subscribers:
    def __init__(self, context, port, count, folder):
        path = f"/api/v1/sources/{SOURCE}/changes"
        self.child = Child([context.tool("leat_subscriber_load"), port, path, count], folder / "load.err", output=subprocess.PIPE)
        if self.child.popen.stdout.readline() != b"READY\n":
            self.child.fail("is not ready")

    def stop(self):
        lines = []
        reader = threading.Thread(target=lambda: lines.append(self.child.popen.stdout.read()))
        reader.start()
        self.child.signal(signal.SIGTERM)
        reader.join(60)
        self.child.succeed(60)
        names = ("deliveries", "bytes", "first", "last", "p50", "p99", "max", "least", "most")
        return dict(zip(names, map(int, lines[0].split()), strict=True))


def read_bytes(pid):
    with open(f"/proc/{pid}/io") as io:
        return int(re.search(r"rchar: (\d+)", io.read()).group(1))


def wait_until_still(pid):
    """Until the subscribers have got nothing for a second."""
    before = -1
    while before != (before := read_bytes(pid)):
        time.sleep(1)


def one(context, database, count, rate, seconds, number):
    name = f"subscribers_{count}_{rate}_{number}"
    capture = Capture(context.folder / name, database, context.profile, snapshot__mode="no_data", slot__name=f"leat_{name}",
                      publication__name=f"leat_{name}", slot__drop__on__stop=True)
    capture.run = Child([BINARY, "run", "-c", capture.leat.config, "--listen", "127.0.0.1:0"], capture.folder / "run.err",
                        env=environment())
    capture.wait_said("RUNNING")
    port = re.search(r"listening at http://[\d.]+:(\d+)", capture.run.errors.read_text()).group(1)
    load = Subscribers(context, port, count, capture.folder)
    script = context.folder / "tick.sql"
    script.write_text(TICK)
    each = rate * seconds // CLIENTS
    before, began = cpu_seconds(capture.run.pid), time.monotonic()
    pgbench(database, "-n", "-M", "prepared", "-c", CLIENTS, "-t", each, "-R", rate, "-f", script)
    took = time.monotonic() - began
    used = cpu_seconds(capture.run.pid) - before
    wait_until_still(load.child.pid)
    seen = load.stop()
    capture.run.terminate()
    context.discard(capture.folder)
    changes = each * CLIENTS
    if (seen["least"], seen["most"]) != (changes, changes):
        raise SystemExit(f"{name}: a subscriber saw {seen['least']} to {seen['most']} of {changes} changes")
    return {"rate": seen["deliveries"] * 1e6 / (seen["last"] - seen["first"]), "cpu": used / took, "memory": capture.run.peak_bytes / 1e6,
            "p50": seen["p50"] / 1e3, "p99": seen["p99"] / 1e3, "load": load.child.cpu / took}


def measure(context, seconds):
    database = context.server.new_database("subscribers")
    database.execute(TICKS)
    rows = []
    for count, rate in RUNS:
        runs = [one(context, database, count, rate, seconds, i) for i in range(context.repetitions)]
        middle = sorted(runs, key=lambda run: run["p99"])[len(runs) // 2]
        goal = ""
        if (count, rate) == JUDGED:
            met = middle["p99"] <= P99_MAX and middle["memory"] <= MEMORY_MAX
            goal = f"p99 ≤ {P99_MAX} ms, ≤ {MEMORY_MAX} MB, {'met' if met else 'NOT met'}"
        text = (f"{middle['rate']:,.0f} deliveries/s, p50 {middle['p50']:.1f} ms, p99 {middle['p99']:.1f} ms, "
                f"CPU {middle['cpu']:.2f} of a core, peak {middle['memory']:.0f} MB (load generator: {middle['load']:.2f} of a core)")
        rows.append(Row(f"subscribers: {count:,} at {rate:,} changes/s", text, goal=goal))
        context.say(rows[-1].measure + ": " + text)
    database.drop()
    return rows
