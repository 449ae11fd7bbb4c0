"""What a row condition costs: CPU of `leat log` over changes none of which pass, with and without it."""

import os

from capture import SOURCE, Capture
from harness.leat import BINARY, environment
from measured import Child
from report import alone

CONDITIONS = {
    "two comparisons": "status = 'lost' AND amount > 100",
    "nine of IN, LIKE and arithmetic":
        "customer_id IN (-1, -2, -3, -4, -5, -6, -7, -8, -9) OR note LIKE '%no such word%' OR amount * 2 < weight - 1e9",
}


def read(context, capture, *arguments):
    command = [BINARY, "log", "--data-dir", capture.leat.data, "--source", SOURCE, "--format", "debezium", *arguments]
    return Child(command, context.folder / "conditions.err", env=environment()).succeed(600).cpu


def measure(context, workload):
    database = context.server.new_database("conditions")
    context.say(f"conditions: writing {workload.changes:,} rows")
    workload.create(database)
    capture = Capture(context.folder / "conditions", database, context.profile, snapshot__mode="initial_only")
    os.sync()
    capture.start().succeed(1800)
    costs = {name: [] for name in CONDITIONS}
    for i in range(context.repetitions):
        # Every row is a read: this one filter passes none either.
        plain = read(context, capture, "--op", "d")
        for name, condition in CONDITIONS.items():
            costs[name].append((read(context, capture, "--where", condition) - plain) / (workload.changes / 1e6))
        context.say(f"conditions {i + 1}: {', '.join(f'{values[-1]:.3f}' for values in costs.values())} CPU s per million")
    context.discard(capture.folder)
    database.drop()
    return [alone(f"conditions: {name}, CPU s per million changes", values, ",.3f") for name, values in costs.items()]
