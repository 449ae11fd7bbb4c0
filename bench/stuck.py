"""What a consumer that is stuck costs the capture: the same WAL, with and without a webhook whose receiver never answers."""

import os
import socket

from capture import SOURCE, Capture
from report import compared

SHARE = 0.95  # of the rate, that has to be left


def measure(context, workload):
    database = context.server.new_database("stuck")
    workload.create(database)
    with socket.create_server(("127.0.0.1", 0), backlog=16) as receiver:  # takes connections, and says nothing
        webhook = {"source": SOURCE, "type": "webhook", "webhook.url": f"http://127.0.0.1:{receiver.getsockname()[1]}/", "start": "earliest",
                   "webhook.allow.private": True, "webhook.allow.http": True}
        captures = {"beside": [], "alone": []}
        for i in range(context.repetitions):
            for kind, made in captures.items():
                name = f"stuck_{kind}_{i}"
                top = {"consumers": {"hook": webhook}} if kind == "beside" else None
                made.append(Capture(context.folder / name, database, context.profile, top, snapshot__mode="no_data", slot__name=f"leat_{name}",
                                    publication__name=f"leat_{name}"))
                made[-1].prepare()
        context.say(f"stuck: writing {workload.changes:,} changes")
        workload.write(database)
        rates = {"beside": [], "alone": []}
        for i in range(context.repetitions):
            for kind, made in captures.items():
                os.sync()
                capture = made[i]
                capture.start()
                rates[kind].append(workload.changes / capture.wait_for_all(workload.changes))
                if kind == "beside":
                    capture.wait_said("hook: RUNNING")
                capture.run.terminate()
                context.discard(capture.folder)
            context.say(f"stuck {i + 1}: {rates['beside'][-1]:,.0f} changes/s beside it, {rates['alone'][-1]:,.0f} alone")
    database.drop()
    return [compared("stuck: changes/s captured beside a consumer that is stuck", rates["beside"],
                     rates["alone"], ",.0f", f"≥ {SHARE}", lambda ratio: ratio >= SHARE)]
