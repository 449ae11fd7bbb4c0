"""What goes wrong outside of Leat: servers, slots, networks, disks. A gap is never silent, and nothing hangs."""

import os
import re
import shutil
import signal
import subprocess
import time

import psycopg
import pytest

from harness.leat import SLOT, Leat, assert_refused
from harness.postgres import Server, wait_until
from harness.proxy import Proxy


@pytest.fixture
def items(database):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, 'old')")
    return database


@pytest.fixture
def own(make_server):
    """A database in a server of the test's own, that it may stop, break and replace."""
    server = make_server()
    database = server.new_database("shop")
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, 'old')")
    yield database
    if database._connection is not None:
        database._connection.close()


def captured(leat, database, rows=1, **options):
    """Starts leat and waits for its snapshot and `rows` rows more."""
    leat.configure(database.url(), **options)
    process = leat.run()
    leat.wait_count(process, 1)
    for number in range(2, 2 + rows):
        database.execute(f"INSERT INTO items VALUES ({number}, 'new')")
    leat.wait_count(process, 1 + rows)
    return process


def assert_failed(process, *codes, timeout=60):
    """The source is FAILED with one of the codes, and an action; with no other source the process ends, not with 0."""
    status = process.wait(timeout)
    text = process.error_text()
    assert status != 0 and any(code in text for code in codes), f"expected one of {codes}\n{process.describe()}"


# -- the server and its slot


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_restart_of_the_source(own, leat, how):
    process = captured(leat, own)
    for number in (10, 11, 12):
        own.server.restart(how)
        own.execute(f"INSERT INTO items VALUES ({number}, 'new')")
        records = leat.wait_log(process, lambda seen: seen[-1].after["id"] == number, f"row {number}")
    assert [r.after["id"] for r in records] == [1, 2, 10, 11, 12]
    process.stop()


def test_connection_ended_by_an_administrator(items, leat):
    process = captured(leat, items)
    for number in (10, 11, 12):
        items.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active")
        items.execute(f"INSERT INTO items VALUES ({number}, 'new')")
        leat.wait_log(process, lambda seen: seen[-1].after["id"] == number, f"row {number}")
    assert [r.after["id"] for r in leat.log()] == [1, 2, 10, 11, 12]
    process.stop()


@pytest.mark.parametrize("running", [False, True])
def test_dropped_slot(items, leat, running):
    process = captured(leat, items)
    if running:
        items.server.drop_slots()
    else:
        process.stop()
        items.server.drop_slots()
        items.execute("INSERT INTO items VALUES (100, 'unseen')")
        process = leat.run()
    assert_failed(process, "PG_SLOT_LOST")
    assert len(leat.log()) == 2 and items.slots() == [], "nothing is made anew behind the operator's back"
    assert_failed(leat.run(), "PG_SLOT_LOST")


def test_slot_made_again_by_somebody(items, leat):
    process = captured(leat, items)
    process.stop()
    items.server.drop_slots()
    items.execute("INSERT INTO items VALUES (100, 'unseen')")
    items.execute(f"SELECT pg_create_logical_replication_slot('{SLOT}', 'pgoutput')")
    assert_failed(leat.run(), "PG_SLOT_AHEAD", "PG_SLOT_LOST")


def test_slot_ahead_of_the_log(items, leat):
    """The server would silently skip what lies between."""
    process = captured(leat, items)
    process.stop()
    items.execute("INSERT INTO items VALUES (100, 'unseen')")
    items.execute(f"SELECT pg_replication_slot_advance('{SLOT}', pg_current_wal_lsn())")
    process = leat.run()
    assert_failed(process, "PG_SLOT_AHEAD")
    assert re.search(r"[0-9A-F]+/[0-9A-F]+", process.error_text()), "no position"
    assert len(leat.log()) == 2


def test_slot_of_another_plugin_or_database(items, leat, server):
    other = server.new_database()
    try:
        other.execute(f"SELECT pg_create_logical_replication_slot('{SLOT}', 'pgoutput')")
        leat.configure(items.url())
        assert_failed(leat.run(), "PG_SLOT_FOREIGN")
        assert len(server.slots()) == 1 and items.publications() == []
    finally:
        other.drop()


def test_a_slot_that_goes_with_the_source(items, leat):
    process = captured(leat, items, slot__drop__on__stop=True)
    items.wait_streaming()
    process.stop()
    assert items.slots() == []


def test_a_slot_of_somebody_else_does_not_go_with_the_source(items, leat):
    items.execute(f"SELECT pg_create_logical_replication_slot('{SLOT}', 'pgoutput')")
    leat.configure(items.url(), slot__drop__on__stop=True)
    assert_failed(leat.run(), "PG_SLOT_UNKNOWN")
    assert len(items.slots()) == 1


def test_timeouts_set_for_the_database_end_no_session(items, leat):
    for name in ("idle_session_timeout", "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        items.execute(f"ALTER DATABASE {items.name} SET {name} = '100ms'")
    process = captured(leat, items)
    items.wait_streaming()
    items.execute("SELECT pg_sleep(0.5)")
    items.execute("ALTER TABLE items ADD COLUMN w int")  # its new schema is asked for
    items.execute("INSERT INTO items VALUES (10, 'new', 1)")
    leat.wait_log(process, lambda seen: seen[-1].after["id"] == 10, "row 10")
    process.stop()
    assert "RETRYING" not in process.error_text()


def test_slot_that_is_there_but_unknown(items, leat):
    """A slot of that name without a log for it belongs to somebody, perhaps to a lost data directory."""
    items.execute(f"SELECT pg_create_logical_replication_slot('{SLOT}', 'pgoutput')")
    leat.configure(items.url())
    assert_failed(leat.run(), "PG_SLOT_UNKNOWN")
    assert len(items.slots()) == 1 and leat.log_or_nothing() == []


def test_invalidated_slot(make_server, leat):
    server = make_server("max_slot_wal_keep_size = 1MB\nmin_wal_size = 32MB\nmax_wal_size = 32MB")
    database = server.new_database()
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, 'old')")
    process = captured(leat, database)
    process.stop()

    def lost():
        database.execute("CREATE TABLE filler AS SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
        database.execute("DROP TABLE filler")
        database.execute("SELECT pg_switch_wal()")
        database.execute("CHECKPOINT")
        return server.slots(wal_status="lost")

    wait_until(lost, "the server gives the slot up", 60, lambda: str(server.slots()))
    assert_failed(leat.run(), "PG_SLOT_LOST")


def test_other_server_on_the_same_port(own, leat):
    process = captured(leat, own)
    process.stop()
    own.connection.close()
    own.server.stop()
    other = Server(own.server.major, port=own.server.port).start()
    try:
        database = other.new_database("shop")
        database.execute("CREATE TABLE items (id int PRIMARY KEY, v text)")
        process = leat.run()
        assert_failed(process, "PG_SYSTEM_CHANGED")
        assert database.slots() == [] and database.publications() == []
    finally:
        other.destroy()


def test_other_server_under_an_unfinished_initial_only(own, leat):
    """Rows of two servers must not stand in one snapshot."""
    own.execute("CREATE TABLE late (id int PRIMARY KEY)")
    leat.configure(own.url(), snapshot__mode="initial_only", tables=["public.items"])
    assert leat.run().wait() == 0
    own.connection.close()
    own.server.stop()
    other = Server(own.server.major, port=own.server.port).start()
    try:
        database = other.new_database("shop")
        database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (7, 'other')")
        database.execute("CREATE TABLE late (id int PRIMARY KEY)")
        database.connection.close()
        leat.configure(own.url(), snapshot__mode="initial_only", tables=["public.*"])
        assert_failed(leat.run(), "PG_SYSTEM_CHANGED")
    finally:
        other.destroy()
    assert len(leat.log()) == 1


def test_other_server_while_it_runs(own, leat):
    """Reconnecting compares again."""
    process = captured(leat, own)
    own.connection.close()
    own.server.stop()
    other = Server(own.server.major, port=own.server.port).start()
    try:
        database = other.new_database("shop")
        database.execute("CREATE TABLE items (id int PRIMARY KEY, v text)")
        assert_failed(process, "PG_SYSTEM_CHANGED", "PG_NO_DATABASE")
        if "PG_SYSTEM_CHANGED" in process.error_text():
            assert len(leat.log()) == 2
    finally:
        other.destroy()


def start_promoted(database):
    """Starts the stopped server on a timeline of its own, as after a failover or a point-in-time restore."""
    server = database.server
    (server.data / "recovery.signal").touch()
    with open(server.data / "postgresql.conf", "a") as conf:
        conf.write("restore_command = '/bin/false'\n")
    server.start()
    wait_until(lambda: not database.value("SELECT pg_is_in_recovery()"), "recovery ends")


@pytest.mark.parametrize("running", [False, True])
def test_promoted_server_that_has_all(own, leat, running):
    """A new timeline that begins where the log ends, or later, holds all that was captured: the stream goes on. Twice, so
    that the timelines are compared by the whole history."""
    process = captured(leat, own)
    for number in (10, 11):
        if not running:
            process.stop()
        own.connection.close()
        own.server.stop()
        start_promoted(own)
        if not running:
            process = leat.run()
        own.execute(f"INSERT INTO items VALUES ({number}, 'new')")
        leat.wait_log(process, lambda seen: seen[-1].after["id"] == number, f"row {number}")
    process.stop()
    assert [r.after["id"] for r in leat.log()] == [1, 2, 10, 11]


@pytest.mark.parametrize("promoted", [False, True])
def test_restored_backup(own, leat, promoted):
    """The server's WAL ends, or left the log's timeline, before what the log has already seen."""
    process = captured(leat, own)
    process.stop()
    own.connection.close()
    own.server.stop()
    backup = own.server.dir / "backup"
    shutil.copytree(own.server.data, backup, copy_function=shutil.copy2)
    own.server.start()
    process = leat.run()
    own.execute("INSERT INTO items SELECT i, 'lost by the restore' FROM generate_series(100, 1000) i")
    leat.wait_count(process, 2 + 901)
    process.stop()
    own.connection.close()
    own.server.stop()
    stat = own.server.data.stat()
    shutil.rmtree(own.server.data)
    backup.rename(own.server.data)
    for folder, _, names in os.walk(own.server.data):
        for path in [folder, *(os.path.join(folder, name) for name in names)]:
            os.chown(path, stat.st_uid, stat.st_gid)
    if promoted:
        start_promoted(own)
        own.execute("INSERT INTO items SELECT i, 'written after the restore' FROM generate_series(100, 5000) i")
    else:
        own.server.start()
    assert_failed(leat.run(), "PG_TIMELINE_CHANGED" if promoted else "PG_LOG_AHEAD")
    assert len(leat.log()) == 2 + 901


# -- two at once


def test_kill_and_immediate_start(items, leat):
    """The server still holds the slot for the killed one: the next waits for it instead of failing."""
    process = captured(leat, items)
    for number in range(10, 20):
        process.kill()
        process = leat.run()
        items.execute(f"INSERT INTO items VALUES ({number}, 'new')")
    records = leat.wait_count(process, 12)
    assert [r.after["id"] for r in records] == [1, 2, *range(10, 20)]
    process.stop()


# -- the network


@pytest.mark.parametrize("hard", [False, True], ids=["closed", "reset"])
def test_cut_inside_a_message(items, leat, hard):
    """At many places, in the snapshot and in the stream: no partial row, nothing lost, nothing twice."""
    items.execute("INSERT INTO items SELECT i, repeat('r', 500) FROM generate_series(2, 2000) i")
    with Proxy(items.server.port) as proxy:
        leat.configure(items.url(port=proxy.port))
        proxy.cut_hard = hard
        proxy.cut_after = 300_000  # somewhere in the COPY of a million bytes
        process = leat.run()
        leat.wait_count(process, 2000)
        total = 2000
        for cut in (1, 30, 333, 700, 1001, 5555, 12345):
            before = proxy.cuts
            proxy.cut_all(hard)
            proxy.cut_after = 2000 + cut
            items.execute(f"INSERT INTO items SELECT i, repeat('s', 400) FROM generate_series({total + 1}, {total + 60}) i")
            total += 60
            leat.wait_count(process, total)
            proxy.cut_after = None
            if cut < 5000:
                assert proxy.cuts > before, "the connection was not cut"
        process.stop()
        assert sorted(r.after["id"] for r in leat.log()) == list(range(1, total + 1))


def test_half_open_connection(items, leat):
    """Nothing arrives and nothing is closed: found by a deadline, then connected anew."""
    with Proxy(items.server.port) as proxy:
        leat.configure(items.url(port=proxy.port), status__update__interval__ms=500)
        process = leat.run()
        leat.wait_count(process, 1)
        proxy.frozen.set()
        items.execute("INSERT INTO items VALUES (2, 'new')")
        process.wait_stderr("PG_CONNECTION_LOST|PG_CONNECT", 200)
        # The server has not noticed yet that its end is dead, and holds the slot.
        items.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active")
        proxy.cut_all()
        proxy.frozen.clear()
        leat.wait_count(process, 2, 120)
        process.stop()


def test_slow_network(items, leat):
    with Proxy(items.server.port) as proxy:
        proxy.rate = 100_000
        leat.configure(items.url(port=proxy.port))
        process = leat.run()
        leat.wait_count(process, 1)
        items.execute("INSERT INTO items SELECT i, repeat('s', 400) FROM generate_series(2, 1000) i")
        records = leat.wait_count(process, 1000, 120)
        assert {len(r.after["v"]) for r in records[1:]} == {400}
        process.stop()


def test_stop_while_the_network_hangs(items, leat):
    with Proxy(items.server.port) as proxy:
        leat.configure(items.url(port=proxy.port))
        process = leat.run()
        leat.wait_count(process, 1)
        proxy.frozen.set()
        process.stop()
    items.server.drop_slots()


# -- the disk


@pytest.mark.parametrize("one_transaction", [True, False])
def test_full_disk(items, small_disk, tmp_path, binary, one_transaction):
    """It pauses with a code, keeps the connection, and goes on by itself when there is room."""
    leat = Leat(tmp_path)
    leat.data = small_disk.path / "data"
    try:
        leat.configure(items.url(), log={"segment.bytes": 1 << 20})
        process = leat.run()
        leat.wait_count(process, 1)
        if one_transaction:
            items.execute("INSERT INTO items SELECT i, repeat('x', 1000) FROM generate_series(2, 20001) i")
        else:
            for first in range(2, 20002, 100):
                items.execute(f"INSERT INTO items SELECT i, repeat('x', 1000) FROM generate_series({first}, {first + 99}) i")
        process.wait_stderr("LOG_DISK_FULL", 60)
        time.sleep(1)
        assert process.running, process.describe()
        before = leat.log()
        assert [r.after["id"] for r in before] == list(range(1, len(before) + 1)), "what is there can be read"
        small_disk.grow()
        records = leat.wait_log(process, lambda seen: len(seen) >= 20001, "all rows", 120)
        assert [r.after["id"] for r in records] == list(range(1, 20002))
        process.stop()
    finally:
        leat.close()


def test_killed_on_a_full_disk(items, small_disk, tmp_path, binary):
    leat = Leat(tmp_path)
    leat.data = small_disk.path / "data"
    try:
        leat.configure(items.url(), log={"segment.bytes": 1 << 20})
        process = leat.run()
        leat.wait_count(process, 1)
        for first in range(2, 20002, 100):
            items.execute(f"INSERT INTO items SELECT i, repeat('x', 1000) FROM generate_series({first}, {first + 99}) i")
        process.wait_stderr("LOG_DISK_FULL", 60)
        process.kill()
        # How much was synced by then is a matter of how large a group became.
        kept = [r.after["id"] for r in leat.log()]
        assert kept and kept == list(range(1, len(kept) + 1))
        process = leat.run()
        process.wait_stderr("LOG_DISK_FULL", 60)
        small_disk.grow()
        records = leat.wait_log(process, lambda seen: len(seen) >= 20001, "all rows", 120)
        assert [r.after["id"] for r in records] == list(range(1, 20002))
        process.stop()
    finally:
        leat.close()


def test_a_table_that_is_always_locked_holds_nothing_else_back(database, leat):
    """After some attempts it is read beside the stream, once it can be."""
    database.execute("CREATE TABLE a_first AS SELECT i AS id, repeat('x', 100) AS v FROM generate_series(1, 400000) i;"
                     "CREATE TABLE busy (id int PRIMARY KEY); INSERT INTO busy VALUES (1)")
    leat.configure(database.url(), tables=["public.*"], snapshot__max__threads=1)
    process = leat.run()
    process.wait_stderr("SNAPSHOTTING")
    with psycopg.connect(database.url()) as lock:
        lock.execute("LOCK TABLE busy")
        late = any("snapshot complete" in line for line in process.stderr)
        if not late:
            process.wait_stderr("PG_TABLE_CHANGED", 60)
        process.wait_stderr("RUNNING", 60)
        leat.wait_for_marker(process, database)
        assert late or not any(r.table == "busy" for r in leat.log())
    database.execute("INSERT INTO busy VALUES (2)")
    wait_until(lambda: {r.after["id"] for r in leat.log() if r.table == "busy"} == {1, 2}, "the table", 60)
    process.stop()
