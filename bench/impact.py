"""What Leat costs the source: pgbench at half of what the server can do, with `leat run` attached and without."""

import os
import re
import subprocess
from statistics import median

from capture import Capture
from report import Row, spread
from workloads import Small, client, connect_arguments

CLIENTS = 4


def tps(database, seconds, rate=None):
    """Transactions per second, and their mean latency in ms."""
    command = [client("pgbench"), *connect_arguments(database), "-n", "-M", "prepared", "-c", CLIENTS, "-T", seconds,
               *(["-R", rate] if rate else []), database.name]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"pgbench: {done.stderr[-3000:]}")
    return (float(re.search(r"^tps = ([\d.]+)", done.stdout, re.M).group(1)),
            float(re.search(r"latency average = ([\d.]+)", done.stdout).group(1)))


def measure(context, seconds, goal):
    database = context.server.new_database("impact")
    Small(0).create(database)
    most = tps(database, seconds)[0]
    rate = int(most / 2)
    context.say(f"impact: {most:,.0f} transactions/s at most; half of it is {rate:,}")
    with_leat, without, slower = [], [], []
    for i in range(context.repetitions):
        os.sync()
        alone = tps(database, seconds, rate)
        capture = Capture(context.folder / f"impact_{i}", database, context.profile, snapshot__mode="no_data",
                          slot__drop__on__stop=True)
        capture.start()
        capture.wait_said("RUNNING")
        attached = tps(database, seconds, rate)
        capture.run.terminate()
        context.discard(capture.folder)
        without.append(alone[0])
        with_leat.append(attached[0])
        slower.append((attached[1], alone[1]))
        context.say(f"impact {i + 1}: {attached[0]:,.1f} transactions/s with leat, {alone[0]:,.1f} without; "
                    f"mean latency {attached[1]:.2f} and {alone[1]:.2f} ms")
    database.drop()
    falls = [100 * (1 - ours / theirs) for ours, theirs in zip(with_leat, without, strict=True)]
    met = ", met" if median(falls) <= goal else ", NOT met"
    return [
        Row("impact: the source's transactions/s at half load", spread(with_leat, ",.0f"), spread(without, ",.0f"),
            f"{spread(falls, '.2f')} % fewer", f"≤ {goal} %{met}"),
        Row("impact: mean latency of its transactions", spread([a for a, _ in slower], ".2f") + " ms",
            spread([b for _, b in slower], ".2f") + " ms"),
    ]
