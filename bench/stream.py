"""Streaming: the same WAL, read by `leat run` into a durable log, and by pg_recvlogical into /dev/null."""

import os
from statistics import median

import debezium
from capture import Capture
from measured import Child
from report import compared, resources
from verify import verify
from workloads import Wide, client, connect_arguments

PUBLICATION = "reference"


def recvlogical(context, database, slot, end):
    command = [client("pg_recvlogical"), *connect_arguments(database), "-d", database.name, "--slot", slot, "--start",
               "--endpos", end, "--no-loop", "-o", "proto_version=1", "-o", f"publication_names={PUBLICATION}", "-f", "/dev/null"]
    return Child(command, context.folder / "recvlogical.err").succeed(1800)


def measure(context, workload, goal=None, top=None):
    """Returns the rows of the table. top: other sections of leat.yaml."""
    database = context.server.new_database(workload.name)
    workload.create(database)
    database.execute(f"CREATE PUBLICATION {PUBLICATION} FOR ALL TABLES")
    captures = []
    for i in range(context.repetitions):
        name = f"{workload.name}_{i}".lower().replace(" ", "_")
        captures.append(Capture(context.folder / name, database, context.profile, top, snapshot__mode="no_data",
                                slot__name=f"leat_{name}", publication__name=f"leat_{name}"))
        captures[-1].prepare()
        database.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [f"reference_{i}"])
    if context.debezium and goal:
        database.execute("SELECT pg_create_logical_replication_slot('debezium', 'pgoutput')")
    context.say(f"{workload.name}: writing {workload.changes:,} changes")
    workload.write(database)
    end = database.value("SELECT pg_current_wal_lsn()")
    expectations = workload.expected(database)

    durable, printed, reference = [], [], []
    for i, capture in enumerate(captures):
        os.sync()
        capture.start()
        capture.start_reader(limit=workload.changes)
        seconds = capture.wait_for(workload.changes)
        capture.run.terminate()
        durable.append(workload.changes / seconds[0])
        printed.append(workload.changes / seconds[1])
        os.sync()
        reference.append(workload.changes / recvlogical(context, database, f"reference_{i}", end).seconds)
        context.say(f"{workload.name} {i + 1}: {durable[-1]:,.0f} changes/s durable, {printed[-1]:,.0f} printed; "
                    f"pg_recvlogical {reference[-1]:,.0f}")
    for capture in captures:
        verify(capture.records(), expectations, workload.name)
        context.discard(capture.folder)
    context.say(f"{workload.name}: every log has what the tables have")
    beside = []
    if context.debezium and goal:
        beside = debezium.measure(context, database, workload, "debezium", PUBLICATION, median(durable))
    database.drop()
    unit, factor = ("MB/s", workload.bytes / 1e6) if isinstance(workload, Wide) else ("changes/s", 1)
    durable, printed, reference = ([rate * factor for rate in rates] for rates in (durable, printed, reference))
    return [
        compared(f"{workload.name}: {unit} into the durable log", durable, reference, ",.0f",
                 *((f"≥ {goal}", lambda ratio: ratio >= goal) if goal else ())),
        compared(f"{workload.name}: {unit} printed as JSON", printed, reference, ",.0f"),
        *resources(workload.name, captures, workload.changes, judged=goal is not None),
        *beside,
    ]
