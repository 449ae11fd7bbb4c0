"""What a way of reading the log costs: CPU of `leat log` with it, less that of reading all changes and writing none."""

import os

from capture import SOURCE, Capture
from harness.leat import BINARY, environment
from measured import Child
from report import alone


def measure(context, name, workload, ways):
    """ways: name of each → arguments of `leat log`."""
    database = context.server.new_database(name)
    context.say(f"{name}: writing {workload.changes:,} rows")
    workload.create(database)
    capture = Capture(context.folder / name, database, context.profile, snapshot__mode="initial_only")
    os.sync()
    capture.start().succeed(1800)

    def cpu(*arguments):
        command = [BINARY, "log", "--data-dir", capture.leat.data, "--source", SOURCE, *arguments]
        return Child(command, context.folder / f"{name}.err", env=environment()).succeed(600).cpu

    costs = {way: [] for way in ways}
    for i in range(context.repetitions):
        plain = cpu("--format", "debezium", "--op", "d")  # every row is a read: this passes none
        for way, arguments in ways.items():
            costs[way].append((cpu(*arguments) - plain) / (workload.changes / 1e6))
        context.say(f"{name} {i + 1}: {', '.join(f'{values[-1]:.3f}' for values in costs.values())} CPU s per million")
    context.discard(capture.folder)
    database.drop()
    return [alone(f"{name}: {way}, CPU s per million changes", values, ",.3f") for way, values in costs.items()]
