"""How cost grows: with the width of a row, the number of tables, and the number of sources in one process."""

import os
from dataclasses import dataclass

import stream
from capture import Capture
from report import Row
from workloads import Bulk, Spread, Wide

MEGA = 1e6


def widths(context):
    """Rows of 100 bytes to 100 MB through the stream, beside pg_recvlogical."""
    rows = []
    for name, size, count in (("100 B", 100, 1_000_000), ("1 KB", 1_000, 400_000), ("100 KB", 100_000, 5_000),
                              ("100 MB", 100_000_000, 5)):
        workload = Wide(max(3, context.size(count)), size, f"rows of {name}")
        top = {"memory.bytes": "1GB"} if size >= 1_000_000 else None
        rows += stream.measure(context, workload, goal=None, top=top)
    return rows


@dataclass
class Cost:
    start: float  # seconds until it streams
    memory: float  # peak, in bytes
    rate: float  # changes per second


def row(what, costs):
    costs = sorted(costs, key=lambda cost: cost.rate)
    middle = costs[len(costs) // 2]
    text = f"{middle.rate:,.0f} changes/s, start {middle.start:.2f} s, peak {middle.memory / MEGA:.0f} MB"
    return Row(f"scale: {what}", text)


def tables(context):
    """The same number of changes, spread over ever more tables."""
    rows = []
    changes = context.size(500_000)
    for count in (1, 100, 5_000):
        database = context.server.new_database(f"tables{count}")
        workload = Spread(changes, count)
        workload.create(database)
        captures = []
        for i in range(context.repetitions):
            name = f"tables{count}_{i}"
            captures.append(Capture(context.folder / name, database, context.profile, snapshot__mode="no_data",
                                    slot__name=f"leat_{name}", publication__name=f"leat_{name}"))
            captures[-1].prepare()
        context.say(f"{count:,} tables: writing {changes:,} changes")
        workload.write(database)
        costs = []
        for capture in captures:
            os.sync()
            capture.start()
            started = capture.wait_said("RUNNING")
            done = capture.wait_for_all(changes)
            capture.run.terminate()
            costs.append(Cost(started, capture.run.peak_bytes, changes / (done - started)))
            context.discard(capture.folder)
        rows.append(row(f"{count:,} tables", costs))
        context.say(rows[-1].measure + " " + rows[-1].leat)
        database.drop()
    return rows


def sources(context):
    """One process with 1 to 20 sources, each a database with the same changes; all are read at once."""
    rows = []
    for count in (1, 5, 20):
        changes = context.size(1_000_000) // count
        costs = []
        for i in range(context.repetitions):
            databases = [context.server.new_database(f"source{count}x{i}x{j}") for j in range(count)]
            workload = Bulk(changes)
            name = f"sources{count}_{i}"
            capture = Capture(context.folder / name, databases, context.profile, snapshot__mode="no_data")
            for database in databases:
                workload.create(database)
            capture.prepare()
            for database in databases:
                workload.write(database)
            os.sync()
            capture.start()
            started = max(capture.wait_said(f"{source}: RUNNING") for source in capture.sources)
            done = capture.wait_for_all(changes)
            capture.run.terminate()
            costs.append(Cost(started, capture.run.peak_bytes, changes * count / done))
            context.discard(capture.folder)
            for database in databases:
                database.drop()
        rows.append(row(f"{count} source{'s' if count > 1 else ''} in one process", costs))
        context.say(rows[-1].measure + " " + rows[-1].leat)
    return rows
