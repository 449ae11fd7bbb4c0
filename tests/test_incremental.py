"""Snapshots while the stream goes on: what comes out, folded, is what the tables hold."""

import json
import os
import random
import signal
import threading

import psycopg
import pytest

from harness.fold import fold
from harness.leat import Leat
from harness.oracle import UNAVAILABLE
from harness.postgres import wait_until
from harness.workload import TABLES, Workload, compare_table

# Chosen for what differs between versions, and for time.
ON_16 = ("test_tables_added_under_load", "test_kills_while_tables_are_read_under_load", "test_signals_read_tables_again",
         "test_rows_that_are_changed_all_the_time_keep_their_large_values", "test_sighup_starts_and_stops_sources")
HUGE_ROWS = min(int(os.environ.get("LEAT_LARGE_ROWS", "300000")) // 3, 1_000_000)
SEED = int(os.environ.get("LEAT_SEED") or random.randrange(10**6))
COMPLETE = r"incremental snapshot of public\.{} complete: (\d+) rows"


def start_with(leat, database, tables=("public.first",), **options):
    """A source that streams one table already."""
    database.execute("CREATE TABLE IF NOT EXISTS first (id int PRIMARY KEY)")
    leat.configure(database.url(), tables=list(tables), **options)
    process = leat.run()
    leat.wait_for_marker(process, database)
    return process


def add_tables(leat, process, database, tables, **options):
    process.stop()
    leat.configure(database.url(), tables=["public.first", *tables], **options)
    return leat.run()


def test_a_table_that_is_added_is_read_while_the_stream_goes_on(database, leat):
    database.execute("CREATE TABLE added (id int PRIMARY KEY, v text)")
    database.execute("INSERT INTO added SELECT i, 'row ' || i FROM generate_series(1, 5000) i")
    process = start_with(leat, database)
    process = add_tables(leat, process, database, ["public.added"])
    process.wait_stderr(COMPLETE.format("added"))
    database.execute("INSERT INTO added VALUES (6000, 'new'); UPDATE added SET v = 'changed' WHERE id = 1")
    records = [r for r in leat.wait_marker(process, database) if r.table == "added"]
    process.stop()
    assert [r.op for r in records] == ["r"] * 5000 + ["c", "u"]
    assert {r.source["snapshot"] for r in records[:5000]} == {"incremental"}
    assert sorted(r.after["id"] for r in records[:5000]) == list(range(1, 5001))
    assert records[-1].after == {"id": 1, "v": "changed"}


KEYS = {
    "uuid": ("id uuid", "md5(i::text)::uuid"),
    "text_of_a_locale": ('id text COLLATE "{collation}"', "chr(65 + i % 26 + 32 * (i % 2)) || '_' || i || ' é'"),
    "text_c": ('id text COLLATE "C"', "chr(33 + i % 90) || '''\\' || i"),
    "composite": ("a int, b text, c date", "i % 7, 'b' || i % 11, date '2020-01-01' + i"),
    "numeric": ("id numeric", "(5000 - i) / 7.0"),
    "timestamptz": ("id timestamptz", "timestamptz '2020-01-01 00:00:00.123456+02' + i * interval '1.000001 s'"),
    "float": ("id float8", "(i - 2500) * 1.1e-7"),
    "bytea": ("id bytea", "decode(md5(i::text), 'hex')"),
    "enum": ("id letter, n int", "(ARRAY['b', 'a', 'c']::letter[])[1 + i % 3], i"),
    "array": ("id int[]", "ARRAY[i % 10, i]"),
    "domain": ("id positive", "i"),
    "char": ("id char(12)", "'x' || i"),
}


@pytest.mark.parametrize("kind", KEYS)
def test_keys_of_any_type_and_order(database, leat, kind):
    columns, values = KEYS[kind]
    database.execute("CREATE TYPE letter AS ENUM ('b', 'c', 'a'); CREATE DOMAIN positive AS int CHECK (VALUE > 0)")
    names = ", ".join(part.split()[0] for part in columns.split(", "))
    # What a server has of locales is the machine's and the build's; ucs_basic is always there.
    collation = database.value("SELECT collname FROM pg_collation WHERE collname IN ('en_US.utf8', 'en-x-icu', 'unicode', 'ucs_basic') "
                               "AND collencoding IN (-1, 6) ORDER BY array_position("
                               "ARRAY['en_US.utf8', 'en-x-icu', 'unicode', 'ucs_basic'], collname::text) LIMIT 1")
    columns = columns.replace("{collation}", collation)
    database.execute(f'CREATE TABLE added ({columns}, v int, PRIMARY KEY ({names}))')
    database.execute(f"INSERT INTO added SELECT {values}, i FROM generate_series(1, 3000) i")
    process = start_with(leat, database)
    process = add_tables(leat, process, database, ["public.added"], incremental__snapshot__chunk__size=250)
    assert process.wait_stderr(COMPLETE.format("added")).group(1) == "3000"
    process.stop()
    records = [r for r in leat.log() if r.table == "added"]
    assert sorted(r.after["v"] for r in records) == list(range(1, 3001))
    assert [r.op for r in records] == ["r"] * 3000


@pytest.mark.timeout(300)
@pytest.mark.parametrize("disruptive", [False, True], ids=["changes", "truncate-and-ddl"])
def test_tables_added_under_load(database, leat, disruptive):
    print(f"LEAT_SEED={SEED}")
    workload = Workload(database, SEED, preload=20000, pause=0.002)
    workload.start()
    try:
        options = {"snapshot__max__threads": 3, "incremental__snapshot__chunk__size": 200}
        process = start_with(leat, database, ["public.first", "public.ledger"], **options)
        if disruptive:  # not while the slot is made: PostgreSQL may make one that it cannot decode then (ADR 0007)
            workload.disruptive.set()
        process = add_tables(leat, process, database, ["public.*"], **options)
        for table in TABLES:
            if table not in ("ledger", "clicks"):  # clicks has no key: it is read before the stream goes on
                process.wait_stderr(COMPLETE.format(table), 120)
        workload.stop()
        leat.wait_for_marker(process, database, 120)
        process.stop()
        folded = fold(leat.log(), strict=False)
        for table in TABLES:
            compare_table(database, table, folded)
    finally:
        workload.stopping.set()


@pytest.mark.timeout(300)
def test_kills_while_tables_are_read_under_load(database, leat):
    print(f"LEAT_SEED={SEED}")
    r = random.Random(SEED)
    workload = Workload(database, SEED, preload=30000, pause=0.002)
    workload.start()
    options = {"snapshot__max__threads": 2, "incremental__snapshot__chunk__size": 100}
    try:
        process = start_with(leat, database, ["public.first", "public.ledger"], **options)
        process = add_tables(leat, process, database, ["public.*"], **options)
        for _ in range(8):
            workload.stopping.wait(r.uniform(0.1, 0.8))
            assert process.running, process.describe()
            process.kill()
            process = leat.run()
        workload.disruptive.set()
        workload.stopping.wait(0.3)
        workload.stop()
        leat.wait_for_marker(process, database, 120)
        leat.wait_for_incremental(process)
        process.stop()
        folded = fold(leat.log(), strict=False)
        for table in TABLES:
            compare_table(database, table, folded)
    finally:
        workload.stopping.set()


@pytest.mark.timeout(600)
def test_an_initial_snapshot_that_was_killed_goes_on(database, leat):
    """At most one chunk a connection is read again, whatever was written meanwhile."""
    print(f"LEAT_SEED={SEED}")
    r = random.Random(SEED)
    database.execute("CREATE TABLE big (id int PRIMARY KEY, n int, big text, pad text)")
    database.execute("ALTER TABLE big ALTER big SET STORAGE EXTERNAL")
    rows = 400000
    database.execute("INSERT INTO big SELECT i, 0, CASE WHEN i % 50 = 0 THEN repeat(md5(i::text), 90) END, repeat('x', 120)"
                     f" FROM generate_series(1, {rows}) i")
    database.execute("VACUUM big")  # rows that move find room in pages that were read
    leat.configure(database.url(), snapshot__max__threads=2)
    process = leat.run()
    leat.wait_log(process, lambda seen: seen, "the first rows", 60, "--limit", 1)
    process.kill()
    read = len(leat.log())
    assert read < rows, "the snapshot was over before the kill"
    for _ in range(200):
        i = r.randint(1, rows // 50) * 50
        database.execute(f"UPDATE big SET n = n + 1 WHERE id = {i}")
        database.execute(f"UPDATE big SET id = -id WHERE id = {i - 50 * r.randint(0, 1)} AND id > 0")
        database.execute(f"DELETE FROM big WHERE id = {r.randint(1, rows)}")
        database.execute(f"INSERT INTO big VALUES ({rows + r.randint(1, 10**8)}, 1, repeat('new', 2000), '') ON CONFLICT DO NOTHING")
    process = leat.run()
    process.wait_stderr(COMPLETE.format("big"), 180)
    leat.wait_for_marker(process, database, 120)
    process.stop()
    records = [record for record in leat.log() if record.table == "big"]
    seen, again = set(), 0
    for record in records:
        if record.op == "r":
            key = record.after["id"]
            again += key in seen and record.after["n"] == 0
            seen.add(key)
    chunk = database.value("SELECT pg_relation_size('big') / 8192") // 8  # chunks are at least 4 MiB, and 4 a connection
    per_page = rows / database.value("SELECT pg_relation_size('big') / 8192")
    limit = 2 * max(chunk, 512) * per_page + 1000
    assert again <= limit, f"{again} rows were read again, of {read} that were there; a chunk has about {limit / 2}"
    compare_table(database, "big", fold(records, strict=False))


def test_rows_that_are_changed_all_the_time_keep_their_large_values(database, leat):
    """An update that leaves a large value alone does not bring it: the row is read again until nothing came between."""
    database.execute("CREATE TABLE added (id int PRIMARY KEY, n int, big text)")
    database.execute("ALTER TABLE added ALTER big SET STORAGE EXTERNAL")
    database.execute("INSERT INTO added SELECT i, 0, repeat(md5(i::text), 100) FROM generate_series(1, 2000) i")
    process = start_with(leat, database)
    stop, failures = threading.Event(), []

    def write(number):
        try:
            with database.connect() as connection:
                i = 0
                while not stop.is_set():
                    i += 1
                    connection.execute("UPDATE added SET n = n + 1 WHERE id = %s", [number * 500 + i % 3 + 1])
                    # Back and forth between what was read and what was not.
                    connection.execute("UPDATE added SET id = 10000 - id WHERE id IN (%s, %s)", [number * 500 + 7, 9993 - number * 500])
        except psycopg.Error as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    try:
        for writer in writers:
            writer.start()
        process = add_tables(leat, process, database, ["public.added"], incremental__snapshot__chunk__size=100)
        process.wait_stderr(COMPLETE.format("added"), 120)
    finally:
        stop.set()
        for writer in writers:
            writer.join(60)
    assert not failures
    leat.wait_for_marker(process, database)
    process.stop()
    compare_table(database, "added", fold(leat.log(), strict=False))


def test_what_is_streamed_before_a_snapshot_can_see_it(make_server, binary, tmp_path):
    """Under synchronous replication a commit is in the WAL, and streamed, long before other transactions see it."""
    server = make_server("synchronous_standby_names = 'nobody'\nsynchronous_commit = local")
    database = server.new_database()
    leat = Leat(tmp_path / "leat")
    leat.folder.mkdir()
    sessions = []

    def hang(sql):
        """Commits, and waits for a standby that never comes."""

        def run():
            with database.connect() as connection:
                connection.execute("SET synchronous_commit = on")
                connection.execute(sql)

        thread = threading.Thread(target=run)
        thread.start()
        sessions.append(thread)
        wait_until(lambda: database.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == len(sessions), "a commit waits")

    try:
        database.execute("CREATE TABLE added (id int PRIMARY KEY, v text)")
        database.execute("INSERT INTO added SELECT i, 'old' FROM generate_series(1, 1000) i")
        process = start_with(leat, database)
        open_one = database.connect(autocommit=False)
        open_one.execute("INSERT INTO first VALUES (1)")  # so that the snapshot waits
        process = add_tables(leat, process, database, ["public.added"])
        process.wait_stderr("waits for the transactions")
        hang("UPDATE added SET v = 'new' WHERE id = 5")
        hang("DELETE FROM added WHERE id = 6")
        leat.wait_log(process, lambda seen: [r.op for r in seen if r.table == "added" and r.op] == ["u", "d"], "both are streamed")
        assert database.rows("SELECT v FROM added WHERE id IN (5, 6)") == [("old",), ("old",)]
        open_one.rollback()
        assert process.wait_stderr(COMPLETE.format("added")).group(1) == "998"  # and on its way into the log
        leat.wait_log(process, lambda seen: sum(r.table == "added" and bool(r.op) for r in seen) == 1000, "the rows")
        records = [r for r in leat.log() if r.table == "added" and r.op]
        assert [r.op for r in records] == ["u", "d"] + ["r"] * 998
        assert not {5, 6} & {r.after["id"] for r in records[2:]}
        # One that hangs from before the window: nothing is read before it can be seen.
        process.stop()
        hang("UPDATE added SET v = 'newer' WHERE id = 7")
        database.execute("CREATE TABLE more (id int PRIMARY KEY)")
        database.execute("INSERT INTO more VALUES (1)")
        leat.configure(database.url(), tables=["public.*"])
        process = leat.run()
        process.wait_stderr("waits for the transactions")
        database.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
        database.execute("SELECT pg_reload_conf()")
        assert process.wait_stderr(COMPLETE.format("more")).group(1) == "1"
        leat.wait_for_marker(process, database)
        process.stop()
        compare_table(database, "added", fold(leat.log(), strict=False))
    finally:
        database.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
        database.execute("SELECT pg_reload_conf()")
        for session in sessions:
            session.join(30)
        leat.close()


# -- SIGHUP


def reload(leat, process, database, tables, **options):
    before = sum("configuration taken" in line for line in process.stderr)
    leat.configure(database.url(), tables=tables, **options)
    process.popen.send_signal(signal.SIGHUP)
    process.wait_for(lambda: sum("configuration taken" in line for line in process.stderr) > before, "the configuration is taken")


@pytest.mark.timeout(300)
def test_tables_are_added_and_removed_by_sighup_under_load(database, leat):
    print(f"LEAT_SEED={SEED}")
    workload = Workload(database, SEED, preload=10000, pause=0.002).start()
    try:
        process = start_with(leat, database, ["public.first", "public.ledger"])
        pid = process.pid
        reload(leat, process, database, ["public.first", "public.ledger", "public.customers"])
        process.wait_stderr(COMPLETE.format("customers"), 120)
        reload(leat, process, database, ["public.*"])
        for table in TABLES:
            if table not in ("ledger", "customers", "clicks"):
                process.wait_stderr(COMPLETE.format(table), 120)
        workload.stop()
        leat.wait_for_marker(process, database, 120)
        assert process.pid == pid and process.running
        folded = fold(leat.log(), strict=False)
        for table in TABLES:
            compare_table(database, table, folded)
        reload(leat, process, database, ["public.first", "public.ledger"])
        database.wait_streaming()
        database.execute("UPDATE customers SET name = 'unseen'; INSERT INTO ledger VALUES (-1, 0, 0)")
        leat.wait_for_marker(process, database, 120)
        assert not [r for r in leat.log() if r.table == "customers" and r.op == "u" and r.after["name"] == "unseen"]
        # What was removed is read again when it comes back.
        reload(leat, process, database, ["public.first", "public.ledger", "public.customers"])
        wait_until(lambda: sum("incremental snapshot of public.customers complete" in line for line in process.stderr) == 2, "read again", 60)
        leat.wait_for_marker(process, database, 120)
        process.stop()
        compare_table(database, "customers", fold(leat.log(), strict=False))
    finally:
        workload.stopping.set()


def test_sighup_starts_and_stops_sources(server, leat):
    databases = [server.new_database() for _ in range(2)]
    try:
        for database in databases:
            database.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
        one, two = ({"url": database.url()} for database in databases)
        leat.configure(sources={"one": one})
        process = leat.run()
        leat.wait_count(process, 1, source="one")
        leat.configure(sources={"one": one, "two": two})
        process.popen.send_signal(signal.SIGHUP)
        leat.wait_count(process, 1, source="two")
        process.wait_stderr("1 sources go on as they were, 1 are started, 0 were stopped")
        leat.configure(sources={"two": two})
        process.popen.send_signal(signal.SIGHUP)
        process.wait_stderr(r"pg_drop_replication_slot\('leat_one'\)")
        process.wait_stderr("1 sources go on as they were, 0 are started, 1 were stopped")
        for database in databases:
            database.execute("INSERT INTO t VALUES (2)")
        leat.wait_count(process, 2, source="two")
        assert len(leat.log(source="one")) == 1
        process.stop()
    finally:
        leat.close()
        for database in databases:
            database.drop()


@pytest.mark.parametrize("change, named", [
    ({"slot__name": "other"}, "sources.shop.slot.name"), ({"publication__name": "other"}, "sources.shop.publication.name"),
    ({"log": {"fsync": "never"}}, "log"), ({"snapshot__moed": "initial"}, "snapshot.moed")])
def test_what_cannot_be_changed_is_refused_and_everything_goes_on(database, leat, change, named):
    process = start_with(leat, database)
    leat.configure(database.url(), **{"tables": ["public.first"], **change})
    process.popen.send_signal(signal.SIGHUP)
    process.wait_stderr("the configuration is not taken.*" + named)
    database.execute("INSERT INTO first VALUES (7)")
    leat.wait_for_marker(process, database)
    assert [r.after["id"] for r in leat.log() if r.table == "first"] == [7]
    process.stop()


# -- signals

SIGNALS = "CREATE TABLE signals (id text PRIMARY KEY, type text, data text)"


def send(database, type_, data="{}"):
    send.count = getattr(send, "count", 0) + 1
    database.execute("INSERT INTO signals VALUES (%s, %s, %s)", [f"s{send.count}", type_, data])
    return f"s{send.count}"


def with_signals(leat, database, **options):
    database.execute(SIGNALS)
    leat.configure(database.url(), tables=["public.items*"], signal__data__collection="public.signals", **options)
    process = leat.run()
    leat.wait_for_marker(process, database)
    return process


def completed(process, table):
    return sum(f"incremental snapshot of public.{table} complete" in line for line in process.stderr)


def test_signals_read_tables_again(database, leat):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); CREATE TABLE items_too (id int PRIMARY KEY);"
                     "CREATE TABLE items_without (id int); INSERT INTO items_without VALUES (1);"
                     "INSERT INTO items SELECT i, 'o''' || i FROM generate_series(1, 1000) i; INSERT INTO items_too VALUES (1)")
    process = with_signals(leat, database)
    send(database, "execute-snapshot", '{"data-collections": ["public.items"], "type": "incremental", "additional-conditions":'
                                       ' [{"data-collection": "public.items", "filter": "id <= 10 OR v = \'o\'\'500\' -- these"}]}')
    process.wait_for(lambda: completed(process, "items") == 1, "the rows of the condition")
    again = [r for r in leat.log() if r.table == "items"][1000:]
    assert [r.after["id"] for r in again] == [*range(1, 11), 500] and {r.source["snapshot"] for r in again} == {"incremental"}
    send(database, "execute-snapshot", '{"data-collections": ["public\\\\.items.*"]}')
    process.wait_for(lambda: completed(process, "items") == 2 and completed(process, "items_too") == 1, "both tables")
    process.wait_stderr("items_without is not read.*PG_NO_KEY|PG_NO_KEY.*items_without")
    leat.wait_for_marker(process, database)
    records = leat.log()
    assert sum(r.table == "items" and r.op == "r" for r in records) == 2011
    assert sum(r.table == "items_too" and r.op == "r" for r in records) == 2
    assert sum(r.table == "items_without" and r.op == "r" for r in records) == 1
    assert [r.op for r in records if r.table == "signals"] == ["c", "c"]
    process.stop()


@pytest.mark.parametrize("type_, data, answer", [
    ("execute-snapshot", '{"data-collections": ["public.items"], "additional-conditions": [{"data-collection": "public.items", "filter": "nothing = 1"}]}', "given up.*nothing"),
    ("execute-snapshot", '{"data-collections": ["public.items"], "additional-conditions": [{"data-collection": "public.items", "filter": "id / 0 = 1"}]}', "given up.*zero"),
    ("execute-snapshot", '{"data-collections": ["public.items"], "additional-conditions": [{"data-collection": "public.items",'
                         ' "filter": "true) ORDER BY id) TO STDOUT; COMMIT; DROP TABLE items; --"}]}', "given up.*syntax"),
    ("execute-snapshot", "{}", "data-collections"), ("execute-snapshot", "what", "JSON"), ("dance", "{}", "dance"),
    ("execute-snapshot", '{"data-collections": ["("]}', "regular expression")])
def test_signals_that_cannot_be_carried_out_do_nothing(database, leat, type_, data, answer):
    database.execute("CREATE TABLE items (id int PRIMARY KEY); INSERT INTO items VALUES (1)")
    process = with_signals(leat, database)
    send(database, type_, data)
    process.wait_stderr(answer)
    database.execute("INSERT INTO items VALUES (2)")
    leat.wait_for_marker(process, database)
    assert [(r.op, r.after["id"]) for r in leat.log() if r.table == "items"] == [("r", 1), ("c", 2)]
    assert database.value("SELECT count(*) FROM items") == 2
    process.stop()
    process = leat.run()
    leat.wait_for_marker(process, database)  # nor is it tried again
    process.stop()
    assert sum(r.table == "items" for r in leat.log()) == 2


def test_signals_pause_resume_and_stop(database, leat):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v int); INSERT INTO items SELECT i, 0 FROM generate_series(1, 20000) i")
    process = with_signals(leat, database, incremental__snapshot__chunk__size=20)
    reads = lambda: sum(r.table == "items" and r.op == "r" for r in leat.log()) - 20000  # noqa: E731
    database.transaction("INSERT INTO signals VALUES ('a', 'execute-snapshot', '{\"data-collections\": [\"public.items\"]}')",
                         "INSERT INTO signals VALUES ('b', 'pause-snapshot', '{}')")
    process.wait_stderr("are paused")
    database.execute("UPDATE items SET v = 1 WHERE id % 100 = 0")
    leat.wait_for_marker(process, database)
    assert reads() == 0
    send(database, "resume-snapshot")
    wait_until(lambda: reads() > 0, "something is read", 30)
    send(database, "pause-snapshot")
    process.wait_for(lambda: sum("are paused" in line for line in process.stderr) == 2, "the second pause")
    send(database, "resume-snapshot")
    process.wait_for(lambda: completed(process, "items") == 1, "the snapshot", 120)
    leat.wait_for_marker(process, database)
    records = leat.log()
    assert sum(r.table == "items" and r.op == "r" for r in records) == 40000
    compare_table(database, "items", fold(records, strict=False))
    # One that is stopped is not taken up by the next start.
    database.transaction("INSERT INTO signals VALUES ('c', 'pause-snapshot', '{}')",
                         "INSERT INTO signals VALUES ('d', 'execute-snapshot', '{\"data-collections\": [\".*items\"]}')",
                         "INSERT INTO signals VALUES ('e', 'stop-snapshot', '{\"data-collections\": [\"public.items\"]}')")
    process.wait_stderr("the snapshot of public.items is stopped")
    leat.wait_for_marker(process, database)
    process.stop()
    process = leat.run()
    leat.wait_for_marker(process, database)
    process.stop()
    assert sum(r.table == "items" and r.op == "r" for r in leat.log()) == 40000


BLOCKING = '{"type": "blocking", "data-collections": ["public.items.*"]%s}'


def test_a_blocking_snapshot(database, leat):
    """The stream stops, tables are read one after the other, those without a key too, and it goes on without a gap."""
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v int); CREATE TABLE items_without (id int);"
                     "INSERT INTO items SELECT i, 0 FROM generate_series(1, 20000) i; INSERT INTO items_without SELECT generate_series(1, 3)")
    process = with_signals(leat, database)
    stop = threading.Event()

    def write():
        with psycopg.connect(database.url(), autocommit=True) as connection:
            for i in range(1_000_000):
                if stop.is_set():
                    break
                connection.execute("UPDATE items SET v = v + 1 WHERE id = %s", [i % 500 + 1])
                connection.execute("DELETE FROM items WHERE id = %s", [20000 - i % 5000])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        send(database, "execute-snapshot", BLOCKING % "")
        process.wait_stderr("a blocking snapshot of public.items, public.items_without")
        process.wait_stderr("SNAPSHOT_REQUESTED")
        process.wait_for(lambda: snapshots(process) == 2, "the snapshot", 60)
    finally:
        stop.set()
        writer.join()
    leat.wait_for_marker(process, database)
    records = leat.log()
    first = next(i for i, r in enumerate(records) if r.table == "signals")
    again = [i for i, r in enumerate(records) if r.op == "r" and i > first]
    assert {records[i].table for i in again} == {"items", "items_without"}
    assert {records[i].op for i in range(again[0], again[-1] + 1)} == {"r"}, "something came in between"
    assert records[again[-1]].source["snapshot"] == "last" and sum(records[i].table == "items_without" for i in again) == 3
    compare_table(database, "items", fold([r for r in records if r.table == "items"], strict=False))
    process.stop()


def snapshots(process):
    return sum("snapshot complete" in line for line in process.stderr)


@pytest.mark.parametrize("condition, ids", [
    ("id > 8 -- these", [9, 10]), ("SELECT * FROM public.items WHERE id < 3 ORDER BY id DESC;", [2, 1]),
    ("select id, id * 10 AS v FROM public.items WHERE id = 5", [5])])
def test_a_blocking_snapshot_with_a_condition(database, leat, condition, ids):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v int); INSERT INTO items SELECT i, 0 FROM generate_series(1, 10) i")
    process = with_signals(leat, database)
    send(database, "execute-snapshot", BLOCKING % f', "additional-conditions": [{{"data-collection": "public.items", "filter": "{condition}"}}]')
    process.wait_for(lambda: snapshots(process) == 2, "the snapshot", 60)
    leat.wait_for_marker(process, database)
    assert [r.after["id"] for r in leat.log() if r.table == "items"][10:] == ids
    process.stop()
    process = leat.run()
    leat.wait_for_marker(process, database)
    process.stop()
    assert sum(r.table == "items" for r in leat.log()) == 10 + len(ids), "it was read once more"


@pytest.mark.parametrize("condition, answer", [
    ("nothing = 1", "items is not read"), ("SELECT id FROM public.items", "items is not read"),
    ("true) ORDER BY id) TO STDOUT; DROP TABLE items; --", "items is not read"), ("1 / (id - 5) > 0", "given up")])
def test_a_blocking_snapshot_that_cannot_be_taken_does_nothing(database, leat, condition, answer):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v int); INSERT INTO items SELECT i, 0 FROM generate_series(1, 10) i")
    process = with_signals(leat, database)
    send(database, "execute-snapshot", BLOCKING % f', "additional-condition": "{condition}"')
    process.wait_stderr(answer, 60)
    leat.wait_for_marker(process, database)
    process.stop()
    process = leat.run()
    leat.wait_for_marker(process, database)
    process.stop()
    assert sum(r.table == "items" for r in leat.log()) == 10 and database.value("SELECT count(*) FROM items") == 10


def test_a_blocking_snapshot_survives_a_kill(database, leat):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v int); CREATE TABLE items_without (id int);"
                     "INSERT INTO items SELECT i, 0 FROM generate_series(1, 5000) i; INSERT INTO items_without VALUES (1)")
    process = with_signals(leat, database)
    with psycopg.connect(database.url()) as lock:  # while somebody wants the tables for himself they are not read
        lock.execute("LOCK TABLE items, items_without")
        send(database, "execute-snapshot", BLOCKING % "")
        process.wait_stderr("SNAPSHOT_REQUESTED")
        process.kill()
    process = leat.run()
    again = lambda: [r for r in leat.log() if r.op == "r"][5001:]  # noqa: E731
    wait_until(lambda: len(again()) == 5001, "both tables", 60)
    leat.wait_for_marker(process, database)
    assert {r.after["id"] for r in again() if r.table == "items"} == set(range(1, 5001)) and len(again()) == 5001
    process.stop()


def file_signal(path, id_, type_, **data):
    with path.open("a") as out:
        out.write(json.dumps({"id": id_, "type": type_, "data": data}) + "\n")


def test_signals_from_a_file(database, leat):
    """They need neither a table nor a privilege in the database; the file is emptied when they are carried out."""
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v int); INSERT INTO items SELECT i, 0 FROM generate_series(1, 3000) i")
    path = leat.folder / "signals.txt"
    options = {"signal__enabled__channels": "source,file", "signal__file": "signals.txt", "signal__poll__interval__ms": "50ms"}
    leat.configure(database.url(), tables=["public.items"], incremental__snapshot__chunk__size=20, **options)
    process = leat.run()
    leat.wait_for_marker(process, database)
    file_signal(path, "f1", "log", message="hello")
    path.write_text(path.read_text() + "what\n")
    file_signal(path, "f2", "execute-snapshot", **{"data-collections": ["public.items"], "additional-condition": "id > 2990"})
    process.wait_stderr("signal f1: hello")
    process.wait_stderr("a line of signal.file.*CONFIG_INVALID|CONFIG_INVALID.*a line of signal.file")
    process.wait_for(lambda: completed(process, "items") == 1, "the snapshot")
    wait_until(lambda: path.read_text() == "", "the file is emptied", 30)
    assert sum(r.table == "items" and r.op == "r" for r in leat.log()) == 3010
    # What it was told durably outlives a kill, though the file is empty.
    file_signal(path, "f3", "pause-snapshot")
    file_signal(path, "f4", "execute-snapshot", **{"data-collections": ["public.items"]})
    process.wait_stderr("signal f4: an incremental snapshot of public.items")
    wait_until(lambda: path.read_text() == "", "the file is emptied", 30)
    process.kill()
    process = leat.run()
    process.wait_for(lambda: completed(process, "items") == 1, "the snapshot", 60)
    process.stop()
    assert sum(r.table == "items" and r.op == "r" for r in leat.log()) == 6010


def test_a_signal_survives_a_kill(database, leat):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v int); INSERT INTO items SELECT i, 0 FROM generate_series(1, 5000) i")
    process = with_signals(leat, database, incremental__snapshot__rows__per__second=50, incremental__snapshot__chunk__size=10)
    send(database, "execute-snapshot", '{"data-collections": ["public.items"], "additional-condition": "id > 100"}')
    process.wait_stderr("an incremental snapshot of public.items")
    leat.wait_for_marker(process, database)
    process.kill()
    before = sum(r.table == "items" and r.op == "r" for r in leat.log()) - 5000
    assert before < 4900, "the rate was not kept"
    leat.configure(database.url(), tables=["public.items*"], signal__data__collection="public.signals")
    process = leat.run()
    process.wait_for(lambda: completed(process, "items") == 1, "the snapshot", 60)
    process.stop()
    reads = [r.after["id"] for r in leat.log() if r.table == "items" and r.op == "r"][5000:]
    assert set(reads) == set(range(101, 5001))
    assert len(reads) <= 4900 + 3 * 20, "more than a chunk a connection was read again"


@pytest.mark.timeout(300)
def test_partitions_under_their_root(database, leat):
    """The key spans partitions; what was read of a leaf before a kill is not asked for again."""
    database.execute("CREATE TABLE parts (id int, day date, v int, pad text, PRIMARY KEY (day, id)) PARTITION BY RANGE (day)")
    for month in (1, 2, 3):
        database.execute(f"CREATE TABLE parts_{month} PARTITION OF parts FOR VALUES FROM ('2026-0{month}-01') TO ('2026-0{month + 1}-01')")
    database.execute("INSERT INTO parts SELECT i, date '2026-01-01' + i % 85, 0, repeat('x', 300) FROM generate_series(1, 60000) i")
    options = {"publish__via__partition__root": True, "incremental__snapshot__chunk__size": 500}
    process = start_with(leat, database, publish__via__partition__root=True)
    process = add_tables(leat, process, database, ["public.parts"], **options)
    for i in range(100):
        database.execute(f"UPDATE parts SET v = v + 1 WHERE id = {i * 13 + 1}")
        database.execute(f"UPDATE parts SET day = day + 20 WHERE id = {i * 17 + 2} AND day < '2026-03-01'")  # to another partition
        database.execute(f"DELETE FROM parts WHERE id = {i * 19 + 3}")
        if i == 30:
            process.kill()
            process = leat.run()
    leat.wait_for_marker(process, database, 120)
    leat.wait_for_incremental(process)
    process.stop()
    records = leat.log()
    assert {r.table for r in records if r.op and r.op in "rcud"} <= {"parts", "first"}
    compare_table(database, "parts", fold((r for r in records if r.table == "parts"), strict=False))


def test_large_transactions_pass_between_chunks(database, leat):
    """A merged chunk of several blocks stays in one piece, whatever comes along."""
    database.execute("CREATE TABLE added (id int PRIMARY KEY, pad text)")
    database.execute("INSERT INTO added SELECT i, repeat('x', 200) FROM generate_series(1, 60000) i")
    process = start_with(leat, database)
    stop = threading.Event()

    def write():
        with database.connect() as connection:
            while not stop.wait(0.05):
                connection.execute("INSERT INTO first SELECT (SELECT coalesce(max(id), 0) FROM first) + i FROM generate_series(1, 20000) i")

    writer = threading.Thread(target=write)
    try:
        writer.start()
        process = add_tables(leat, process, database, ["public.added"])
        process.wait_stderr(COMPLETE.format("added"), 120)
    finally:
        stop.set()
        writer.join(60)
    leat.wait_for_marker(process, database, 120)
    process.stop()
    folded = fold(leat.log(), strict=False)
    compare_table(database, "added", folded)
    compare_table(database, "first", folded)


@pytest.mark.timeout(3000)
def test_huge_transactions_on_a_table_that_is_being_read(database, leat):
    """They change more rows than is remembered one by one: what was read meanwhile is read again, and that comes to an end."""
    database.execute("CREATE TABLE added (id int PRIMARY KEY, n int, big text)")
    database.execute("ALTER TABLE added ALTER big SET STORAGE EXTERNAL")
    database.execute("INSERT INTO added SELECT i, 0, CASE WHEN i %% 100 = 0 THEN repeat(md5(i::text), 80) END"
                     " FROM generate_series(1, %s) i", [HUGE_ROWS])
    process = start_with(leat, database)
    # Slow enough that the snapshot is not over before.
    process = add_tables(leat, process, database, ["public.added"], incremental__snapshot__rows__per__second=HUGE_ROWS // 4)
    leat.wait_log(process, lambda seen: seen, "rows are read", 60, "--table", "*.added", "--limit", 1)
    database.execute("UPDATE added SET n = n + 1")
    assert not completed(process, "added"), "the snapshot was over before the transaction"
    database.execute("DELETE FROM added WHERE id % 3 = 0")
    database.execute("UPDATE added SET id = -id WHERE id % 2 = 0")  # large values stay, and keys move out of what is still to be read
    process.wait_stderr(COMPLETE.format("added"), 1500)
    leat.wait_for_marker(process, database, 600)
    print(f"{HUGE_ROWS} rows: {process.peak_rss() / 1e6:.0f} MB")
    assert process.peak_rss() < 120_000_000, f"{process.peak_rss() / 1e6:.0f} MB"  # as in test_memory.py
    process.stop()
    rows, updates, moved = {}, 0, None
    for line in leat.log_lines("--table", "*.added"):
        record = json.loads(line)
        value, key = record["value"], record["key"]["id"]
        if value is None:
            continue
        updates += value["op"] == "u"
        if value["op"] == "d":
            moved = rows.pop(key, None)  # of a change of key, whose other half is next
            continue
        big = value["after"]["big"]
        kept = rows.get(key, moved) if big == UNAVAILABLE else None
        rows[key] = (value["after"]["n"], kept[1] if kept else len(big or ""))
    assert updates == HUGE_ROWS
    assert rows == {id: (1, 2560 if id % 100 == 0 else 0) for id in
                    (-i if i % 2 == 0 else i for i in range(1, HUGE_ROWS + 1) if i % 3)}
