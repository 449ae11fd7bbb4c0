"""Measures leat against what reads the same data and does less. docs/performance.md says how to read the figures.

The table goes to stdout, what is going on meanwhile to stderr.
"""

import argparse
import contextlib
import datetime
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
tempfile.tempdir = "/var/tmp"  # /tmp may be in memory

import conditions  # noqa: E402
import formats  # noqa: E402
import impact  # noqa: E402
import latency  # noqa: E402
import machine  # noqa: E402
import scale  # noqa: E402
import snapshot  # noqa: E402
import stream  # noqa: E402
import stuck  # noqa: E402
import subscribers  # noqa: E402
from harness.leat import BINARY  # noqa: E402
from harness.postgres import Server  # noqa: E402
from measured import Child  # noqa: E402
from report import table  # noqa: E402
from workloads import Bulk, Large, Rows, Small, client  # noqa: E402

CONF = """
shared_buffers = 256MB
max_wal_size = 64GB
checkpoint_timeout = 1h
max_wal_senders = 60
max_replication_slots = 100
max_connections = 200
max_locks_per_transaction = 512
logical_decoding_work_mem = 64MB
"""

MEASUREMENTS = {
    "bulk": lambda context: stream.measure(context, Bulk(context.size(2_000_000)), goal=1.25),
    "small": lambda context: stream.measure(context, Small(context.size(800_000)), goal=2.0),
    "large": lambda context: stream.measure(context, Large(context.size(3_000_000)), goal=1.4),
    "snapshot": lambda context: snapshot.measure(context, Rows(context.size(5_000_000)), goal=1.3),
    "latency": lambda context: latency.measure(context, 5 if context.quick else 20, goal=1.5),
    "impact": lambda context: impact.measure(context, 5 if context.quick else 20, goal=1.0),
    "widths": scale.widths,
    "tables": scale.tables,
    "sources": scale.sources,
    "subscribers": lambda context: subscribers.measure(context, 5 if context.quick else 20),
    "stuck": lambda context: stuck.measure(context, Bulk(context.size(2_000_000))),
    "conditions": lambda context: conditions.measure(context, Rows(context.size(5_000_000))),
    "formats": lambda context: formats.measure(context, Rows(context.size(5_000_000))),
}

TOOLS = {"latency": "leat_reference_reader", "subscribers": "leat_subscriber_load"}  # what they need built


class Context:
    """What every measurement needs."""

    def __init__(self, options, folder, server):
        self.quick, self.repetitions, self.keep = options.quick, options.repetitions, options.keep
        self.profile, self.debezium = options.profile, options.debezium
        self.folder, self.server = folder, server
        self.began = time.monotonic()

    def size(self, full):
        return full // 10 if self.quick else full

    def say(self, text):
        print(f"[{time.monotonic() - self.began:5.0f} s] {text}", file=sys.stderr, flush=True)

    def tool(self, name):
        return ROOT / "build" / "bench" / name

    def discard(self, folder):
        if not self.keep:
            shutil.rmtree(folder)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, once: to see that it works")
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, metavar="NAME",
                        help=f"one of {', '.join(MEASUREMENTS)} (repeatable)")
    parser.add_argument("--repetitions", type=int, metavar="N", help="how often each pair is measured (default 3)")
    parser.add_argument("--server", type=int, choices=(15, 18), default=15, help="PostgreSQL's version (default 15)")
    parser.add_argument("--debezium", action="store_true",
                        help="Debezium too, on bulk, small and large (scripts/setup.sh conformance brings it)")
    parser.add_argument("--keep", action="store_true", help="keep the logs and the server's directory, and say where")
    parser.add_argument("--profile", type=Path, metavar="DIR", help="perf record of leat into DIR; figures are then worse")
    options = parser.parse_args()
    options.repetitions = options.repetitions or (1 if options.quick else 3)
    if options.profile:
        options.profile = options.profile.resolve()
        options.profile.mkdir(parents=True, exist_ok=True)
    return options


def build_tools(names):
    """Only these targets: nothing of leat is built a second time."""
    done = subprocess.run([ROOT / "scripts" / "compile.sh", "bench", *names], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])


def header(options, folder, server, load):
    now = datetime.datetime.now(datetime.timezone.utc)
    size = "a tenth of the full size" if options.quick else "full size"
    return "\n".join([
        f"- {now:%Y-%m-%d %H:%M} UTC, {machine.output(BINARY, '--version')} ({machine.revision(ROOT)}), {size}, "
        f"repetitions: {options.repetitions}",
        f"- {machine.processor()}, {os.cpu_count()} cores, {machine.memory_gib():.0f} GiB, "
        f"Linux {os.uname().release}; {machine.file_system(folder)}, fdatasync of a small append {machine.sync_ms(folder):.2f} ms",
        f"- server: {server.query('SHOW server_version')[0][0]}; {machine.output(client('pg_recvlogical'), '--version')}",
        f"- load average before the start: {load} (whatever else runs disturbs the figures; the ratios less)",
    ])


def main():
    options = arguments()
    load = machine.load()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    if wanted := [TOOLS[name] for name in options.only or MEASUREMENTS if name in TOOLS]:
        build_tools(wanted)
    with contextlib.ExitStack() as cleaning:
        folder = Path(tempfile.mkdtemp(prefix="leat-bench-"))
        server = Server(options.server, CONF)
        if options.keep:
            cleaning.callback(print, f"kept: {folder} {server.dir}", file=sys.stderr)
            cleaning.callback(server.stop)
        else:
            cleaning.callback(shutil.rmtree, folder, ignore_errors=True)
            cleaning.callback(server.destroy)
        cleaning.callback(Child.end_all)
        server.start()
        context = Context(options, folder, server)
        context.say(f"load average {load}")
        head = header(options, folder, server, load)
        rows = [row for name in options.only or MEASUREMENTS for row in MEASUREMENTS[name](context)]
        print(f"{head}\n\n{table(rows)}\n\nMedian (lowest–highest). A ratio is the median of the pairs' ratios.")


if __name__ == "__main__":
    main()
