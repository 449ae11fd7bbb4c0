"""The snapshot of a table: `leat run` into a durable log, and psql's COPY into /dev/null."""

import os

from capture import Capture
from measured import Child
from report import compared, resources
from verify import verify
from workloads import client, connect_arguments


def copy(context, database):
    command = [client("psql"), *connect_arguments(database), "-d", database.name, "-X", "-c", "COPY orders TO STDOUT"]
    return Child(command, context.folder / "psql.err").succeed(1800)


def measure(context, workload, goal):
    database = context.server.new_database("snapshot")
    context.say(f"snapshot: writing {workload.changes:,} rows")
    workload.create(database)
    database.execute("CHECKPOINT")
    expectations = workload.expected(database)
    captures, ended, printed, reference = [], [], [], []
    for i in range(context.repetitions):
        capture = Capture(context.folder / f"snapshot_{i}", database, context.profile, snapshot__mode="initial_only",
                          snapshot__max__threads=2)
        os.sync()
        capture.start()
        capture.wait_for_tail()
        capture.start_reader(limit=workload.changes)
        seconds = capture.wait_for(workload.changes)
        capture.run.succeed(60)
        ended.append(workload.changes / capture.run.seconds)
        printed.append(workload.changes / seconds[1])
        os.sync()
        reference.append(workload.changes / copy(context, database).seconds)
        context.say(f"snapshot {i + 1}: {ended[-1]:,.0f} rows/s until the end, {printed[-1]:,.0f} printed; "
                    f"COPY {reference[-1]:,.0f}")
        verify(capture.records(), expectations, "snapshot")
        context.discard(capture.folder)
        captures.append(capture)
    context.say("snapshot: every log has what the table has")
    database.drop()
    return [
        compared("snapshot: rows/s, from start to exit", ended, reference, ",.0f", f"≥ {goal}", lambda ratio: ratio >= goal),
        compared("snapshot: rows/s printed as JSON", printed, reference, ",.0f"),
        *resources("snapshot", captures, workload.changes),
    ]
