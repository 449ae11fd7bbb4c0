"""Killed at random, over and over, while several sessions write: the log ends up exact.

LEAT_CHAOS_KILLS (default 90) is the number of kills over all versions; LEAT_SEED makes a run repeat its choices. The
moment of a kill is the machine's, so a seed narrows a failure down rather than repeating it.
"""

import itertools
import os
import random
import signal
import time

import pytest

from harness.fold import fold
from harness.leat import Leat
from harness.postgres import MAJORS
from harness.workload import Workload, compare_table, verify

KILLS = int(os.environ.get("LEAT_CHAOS_KILLS", "90"))
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
    workload.start()
    options = {"segment.bytes": r.choice([65536, 1 << 20, 128 << 20]), "fsync": r.choice(["always", "interval", "never"])}
    more = {"status.update.interval.ms": r.choice([100, 10000]), "snapshot.max.threads": r.choice([1, 3]),
            "incremental.snapshot.chunk.size": r.choice([20, 500, 10240]), "signal.data.collection": "public.signals",
            "two.phase": r.random() < 0.5, "streaming": r.random() < 0.8}
    top = {"memory.bytes": r.choice(["4MB", "64MB"])}  # a sixteenth of it before something is spilled

    def configure(tables):
        leat.configure(sources={"shop": {"url": database.url(), "tables": tables, **more}}, log=options, top=top)

    # Some tables are added later, and read beside the stream.
    configure(["public.ledger", "public.docs", "public.scratch*", "public.clicks"] if episode % 3 == 1 else ["public.*"])
    try:
        for kill in range(EPISODE // 2):  # from the start of the snapshot
            process = leat.run()
            if kill == 0 and disruptive_from_start:
                # Not while the slot is made: then PostgreSQL loses track of DDL (docs/adr/0007).
                leat.wait_log(process, lambda seen: seen, "the slot is there, and a first row", 120, "--limit", 1)
                workload.disruptive.set()
            time.sleep(r.uniform(0.0, 0.5))
            assert process.running, f"it ended by itself\n{process.describe()}"
            process.kill()
        process = leat.run()
        leat.wait_for_marker(process, database, 240)  # a table that is truncated all the time is long in coming
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
        # What was made in the end is found at a start.
        process.kill()
        process = leat.run()
        leat.wait_for_marker(process, database, 120)
        leat.wait_for_incremental(process)
        leat.wait_for_marker(process, database)  # it is told of a snapshot's end a moment before it can be read
        before = len(leat.log_command().stdout)
        process.stop()
        records = leat.log()
        assert len(records) == before, "the end of the process added something"
        committed, whole = verify(workload, records, "inserts" if not disruptive_from_start else False, whole_after)
        print(f"episode {episode}: {committed} transactions, {whole} checked whole, {len(records)} records")
    except BaseException:
        print("\n".join(process.describe() for process in leat.started))
        raise
    finally:
        workload.stopping.set()


# -- killed in the middle of what takes long


@pytest.fixture
def items(database):
    database.execute(f'ALTER DATABASE "{database.name}" SET logical_decoding_work_mem = \'64kB\'')
    database.execute("CREATE TABLE items (id int PRIMARY KEY, n int, v text)")
    database.execute("CREATE TABLE signals (id text PRIMARY KEY, type text, data text)")
    return database


ROW = "(SELECT string_agg(md5(i || '/' || j), '') FROM generate_series(1, 20) j)"  # nothing makes it shorter


def insert(connection, first, count):
    connection.execute(f"INSERT INTO items SELECT i, 0, {ROW} FROM generate_series({first}, {first + count - 1}) i")


def start(leat, database, **options):
    leat.configure(database.url(), top={"memory.bytes": options.pop("memory", "4MB")}, **options)
    process = leat.run()
    leat.wait_for_marker(process, database)
    return process


def assert_whole(records, transactions):
    """Each of these transactions, given by its rows' ids, is in the log once and in one piece."""
    found = [[r.after["id"] for r in group if r.table == "items"] for _, group in itertools.groupby(
        [r for r in records if r.op == "c"], lambda r: r.source["txId"])]
    assert sorted(map(tuple, found)) == sorted(map(tuple, transactions))


def test_killed_while_it_spills(items, leat):
    print(f"LEAT_SEED={SEED}")
    r = random.Random(SEED)
    process = start(leat, items)
    spilled = 0
    with items.connect(autocommit=False) as one, items.connect(autocommit=False) as two:
        for step in range(5):
            insert(one, 100_000 + step * 2000, 2000)
            two.execute("SAVEPOINT a")
            insert(two, 200_000 + step * 2000, 2000)
            if step % 2:
                two.execute("ROLLBACK TO a")
            items.execute(f"INSERT INTO items VALUES ({step})")
            limit = r.uniform(0.01, 1.5) * 1e6  # of the megabyte or so that a step adds
            spilled += process.kill_when(lambda: process.spilled() >= limit, 5)  # noqa: B023
            process = leat.run()
        two.commit()
    assert spilled >= 2, "nothing was spilled"
    records = leat.wait_marker(process, items)
    assert_whole(records, [*([step] for step in range(5)), range(100_000, 110_000),
                           [i for step in (0, 2, 4) for i in range(200_000 + step * 2000, 202_000 + step * 2000)]])
    process.stop()


def test_killed_while_it_replays(items, leat):
    print(f"LEAT_SEED={SEED}")
    r = random.Random(SEED)
    process = start(leat, items, log={"segment.bytes": 1 << 20})
    killed, transactions = 0, []
    while killed < 4:
        assert len(transactions) < 12, "no kill was in the middle"
        first = 100_000 * (len(transactions) + 1)
        with items.connect(autocommit=False) as connection:
            insert(connection, first, 6000)
            connection.execute("SAVEPOINT a")
            insert(connection, first + 6000, 1000)
            connection.execute("ROLLBACK TO a")
            insert(connection, first + 7000, 6000)
            process.wait_for(lambda: process.spilled() > 2e6, "most of it is spilled")
            before, spilled = process.read_and_written()[0], process.spilled()
        transactions.append([*range(first, first + 6000), *range(first + 7000, first + 13000)])
        part = r.uniform(0.05, 0.9) * spilled

        def rows_there():
            return sum(record.op == "c" and record.after["id"] >= first for record in leat.log("--op", "c"))  # noqa: B023

        for _ in range(2):  # the second time from the beginning of the transaction on
            held = process.kill_when(lambda: process.read_and_written()[0] - before >= part, 30)  # noqa: B023
            there = rows_there()
            assert there in (0, 12000), f"a part of a transaction: {there} rows"
            killed += held and there == 0
            process = leat.run()
            # On a fast machine it may have passed before anybody looks.
            process.wait_for(lambda: process.spilled() > 0 or rows_there(), "it is sent again")
            if rows_there():
                break
            before = process.read_and_written()[0]
        leat.wait_for_marker(process, items)
    assert_whole(leat.log(), transactions)
    process.stop()


def test_killed_while_it_merges(items, leat):
    """A chunk of a snapshot beside the stream is a unit of several blocks: in the log whole, or read again."""
    print(f"LEAT_SEED={SEED}")
    r = random.Random(SEED)
    rows, readers = 40_000, 2
    insert(items, 1, rows)
    options = {"signal__data__collection": "public.signals", "snapshot__max__threads": readers, "memory": "64MB",
               "snapshot__mode": "no_data", "log": {"segment.bytes": 1 << 20}}
    process = start(leat, items, **options)
    items.execute("INSERT INTO signals VALUES ('s', 'execute-snapshot', '{\"data-collections\": [\"public.items\"]}')")
    sizes = []  # how many rows were read until each kill
    for kill in range(5):
        before = process.read_and_written()[1]
        part = r.uniform(0.1, 2.5) * 2e6
        assert process.kill_when(lambda: process.read_and_written()[1] - before >= part), process.describe()  # noqa: B023
        items.execute(f"UPDATE items SET n = n + 1 WHERE id % 1000 = {kill}")
        items.execute(f"DELETE FROM items WHERE id % 1000 = {kill + 500}")
        sizes.append(len(leat.log_command("--op", "r").stdout))
        process = leat.run()
    leat.wait_for_marker(process, items)
    leat.wait_for_incremental(process)
    process.stop()
    records = [record for record in leat.log() if record.table == "items"]
    reads = [record.after["id"] for record in records if record.op == "r"]
    assert len(reads) == len(set(reads)), "what is in the log is not read again"
    assert sizes == sorted(sizes)
    compare_table(items, "items", fold(records, strict=False))


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
