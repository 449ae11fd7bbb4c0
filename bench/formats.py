"""What a format costs: CPU of `leat log` writing all changes in it, less that of reading them and writing none."""

import os

from capture import SOURCE, Capture
from harness.leat import BINARY, environment
from measured import Child
from report import alone

FORMATS = ("debezium", "flat", "event", "cloudevents", "cloudevents-binary")


def read(context, capture, *arguments):
    command = [BINARY, "log", "--data-dir", capture.leat.data, "--source", SOURCE, *arguments]
    return Child(command, context.folder / "formats.err", env=environment()).succeed(600).cpu


def measure(context, workload):
    database = context.server.new_database("formats")
    context.say(f"formats: writing {workload.changes:,} rows")
    workload.create(database)
    capture = Capture(context.folder / "formats", database, context.profile, snapshot__mode="initial_only")
    os.sync()
    capture.start().succeed(1800)
    costs = {name: [] for name in FORMATS}
    for i in range(context.repetitions):
        # Every row is a read: this passes none.
        plain = read(context, capture, "--format", "debezium", "--op", "d")
        for name in FORMATS:
            costs[name].append((read(context, capture, "--format", name) - plain) / (workload.changes / 1e6))
        context.say(f"formats {i + 1}: {', '.join(f'{values[-1]:.3f}' for values in costs.values())} CPU s per million")
    context.discard(capture.folder)
    database.drop()
    return [alone(f"formats: {name}, CPU s per million changes", values, ",.3f") for name, values in costs.items()]
