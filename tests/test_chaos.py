"""Killed at random, over and over, while several sessions write: the log ends up exact.

LEAT_CHAOS_KILLS (default 100) is the number of kills over both versions; LEAT_SEED makes a run repeat its choices. The
moment of a kill is the machine's, so a seed narrows a failure down rather than repeating it.
"""

import os
import random
import signal
import time

import pytest

from harness.leat import Leat
from harness.postgres import MAJORS
from harness.workload import Workload, verify

KILLS = int(os.environ.get("LEAT_CHAOS_KILLS", "100"))
SEED = int(os.environ.get("LEAT_SEED") or random.randrange(10**6))
EPISODE = 10  # kills in one database, from its snapshot on
ON_16 = True
EPISODES = max(1, -(-KILLS // (EPISODE * len(MAJORS))))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("episode", range(EPISODES))
def test_kills(database, leat, episode):
    print(f"LEAT_SEED={SEED}")
    r = random.Random(f"{SEED}/{database.server.major}/{episode}")
    # What was not read before a kill is read beside the stream. TRUNCATE and DDL during a snapshot change what it reads:
    # the outcome is exact, the way to it is less strict.
    disruptive_from_start = episode % 2 == 1
    workload = Workload(database, r.random(), preload=r.choice([2000, 20000, 60000]))
    if disruptive_from_start:
        workload.disruptive.set()
    workload.start()
    options = {"segment.bytes": r.choice([65536, 1 << 20, 128 << 20]), "fsync": r.choice(["always", "interval", "never"])}
    more = {"status.update.interval.ms": r.choice([100, 10000]), "snapshot.max.threads": r.choice([1, 3]),
            "incremental.snapshot.chunk.size": r.choice([20, 500, 10240]), "signal.data.collection": "public.signals"}

    def configure(tables):
        leat.configure(sources={"shop": {"url": database.url(), "tables": tables, **more}}, log=options)

    # Some tables are added later, and read beside the stream.
    configure(["public.ledger", "public.docs", "public.scratch*", "public.clicks"] if episode % 3 == 1 else ["public.*"])
    try:
        for kill in range(EPISODE // 2):  # from the start of the snapshot
            process = leat.run()
            time.sleep(r.uniform(0.0, 0.5))
            assert process.running, f"it ended by itself\n{process.describe()}"
            process.kill()
        process = leat.run()
        leat.wait_for_marker(process, database, 120)
        configure(["public.*"])
        if r.random() < 0.5:
            process.popen.send_signal(signal.SIGHUP)
            process.wait_stderr("configuration taken")
        else:
            process.kill()
            process = leat.run()
        leat.wait_for_marker(process, database, 120)
        whole_after = database.lsn()
        workload.disruptive.set()
        for kill in range(EPISODE - EPISODE // 2):  # while it streams
            if r.random() < 0.7:
                tables = r.sample(["customers", "lines", "docs", "accounts", "evolving", "scratch.*"], 2)
                data = '{"data-collections": ["public\\\\.(%s)"]}' % "|".join(tables)
                database.execute("INSERT INTO signals VALUES (%s, 'execute-snapshot', %s)", [str(kill), data])
            time.sleep(r.uniform(0.0, 0.6))
            assert process.running, f"it ended by itself\n{process.describe()}"
            process.kill()
            if r.random() < 0.3:
                time.sleep(r.uniform(0, 0.5))  # something to catch up with
            process = leat.run()
        time.sleep(0.3)
        workload.stop()
        leat.wait_for_marker(process, database, 120)
        leat.wait_for_incremental(process)
        before = len(leat.log_command().stdout)
        process.stop()
        records = leat.log()
        assert len(records) == before, "the end of the process added something"
        committed, whole = verify(workload, records, "inserts" if not disruptive_from_start else False, whole_after)
        print(f"episode {episode}: {committed} transactions, {whole} checked whole, {len(records)} records")
    finally:
        workload.stopping.set()


def test_crashes_of_the_server(make_server, binary, tmp_path):
    """The server is killed instead, under a running leat that has to find its way back by itself."""
    print(f"LEAT_SEED={SEED}")
    server = make_server("fsync = on\nsynchronous_commit = on")
    database = server.new_database()
    leat = Leat(tmp_path / "leat")
    leat.folder.mkdir()
    r = random.Random(f"{SEED}/server")
    try:
        database.execute("CREATE TABLE items (id int PRIMARY KEY, v text)")
        leat.configure(database.url())
        process = leat.run()
        number = 0
        for _ in range(4):
            for _ in range(r.randrange(10, 60)):
                number += 1
                database.execute(f"INSERT INTO items VALUES ({number}, 'x')")
            server.stop(signal.SIGQUIT)
            assert process.running, process.describe()
            server.start()
        records = leat.wait_count(process, number, 120)
        assert sorted(rec.after["id"] for rec in records) == list(range(1, number + 1))
        process.stop()
    finally:
        leat.close()
