"""The snapshot of a table: `leat run` into a durable log, and psql's COPY into /dev/null, over two connections each."""

import os
import time

from capture import Capture
from measured import Child
from report import compared, resources
from verify import verify
from workloads import client, connect_arguments


def copy(context, database, condition=None):
    what = f"(SELECT * FROM orders WHERE {condition})" if condition else "orders"
    command = [client("psql"), *connect_arguments(database), "-d", database.name, "-X", "-c", f"COPY {what} TO STDOUT"]
    return Child(command, context.folder / "psql.err")


def copy_seconds(context, database):
    """psql over one connection, and over two that take half of the table's pages each."""
    one = copy(context, database).succeed(1800).seconds
    half = database.value("SELECT relpages / 2 FROM pg_class WHERE relname = 'orders'")
    began = time.monotonic()
    both = [copy(context, database, f"ctid < '({half},0)'"), copy(context, database, f"ctid >= '({half},0)'")]
    for each in both:
        each.succeed(1800)
    return one, time.monotonic() - began


def take(context, name, database):
    os.sync()
    return Capture(context.folder / name, database, context.profile, snapshot__mode="initial_only", snapshot__max__threads=2)


def measure(context, workload, goal):
    database = context.server.new_database("snapshot")
    context.say(f"snapshot: writing {workload.changes:,} rows")
    workload.create(database)
    database.execute("CHECKPOINT")
    expectations = workload.expected(database)
    captures, alone, ended, printed, one, two = [], [], [], [], [], []
    for i in range(context.repetitions):
        # By itself, as psql is; then with a reader that prints it meanwhile.
        capture = take(context, f"alone_{i}", database)
        capture.start()
        capture.run.succeed(1800)
        alone.append(workload.changes / capture.run.seconds)
        verify(capture.records(), expectations, "snapshot")
        context.discard(capture.folder)
        capture = take(context, f"snapshot_{i}", database)
        capture.start()
        capture.wait_for_tail()
        capture.start_reader(limit=workload.changes)
        seconds = capture.wait_for(workload.changes)
        capture.run.succeed(60)
        ended.append(workload.changes / capture.run.seconds)
        printed.append(workload.changes / seconds[1])
        os.sync()
        seconds = copy_seconds(context, database)
        one.append(workload.changes / seconds[0])
        two.append(workload.changes / seconds[1])
        context.say(f"snapshot {i + 1}: {alone[-1]:,.0f} rows/s; with a reader {ended[-1]:,.0f}, {printed[-1]:,.0f} printed; "
                    f"COPY {one[-1]:,.0f}, of two {two[-1]:,.0f}")
        verify(capture.records(), expectations, "snapshot")
        context.discard(capture.folder)
        captures.append(capture)
    context.say("snapshot: every log has what the table has")
    database.drop()
    return [
        compared("snapshot: rows/s; two psql", alone, two, ",.0f", f"≥ {goal}", lambda ratio: ratio >= goal),
        compared("snapshot: rows/s; one psql", alone, one, ",.0f"),
        compared("snapshot: rows/s with a reader beside it; two psql", ended, two, ",.0f"),
        compared("snapshot: rows/s printed as JSON; two psql", printed, two, ",.0f"),
        *resources("snapshot", captures, workload.changes),
    ]
