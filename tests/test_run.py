"""leat run: configuration, snapshot modes, stopping and going on, what must be refused and what it leaves."""

import json
import os
import re
import shutil

import pytest

from harness.fold import fold
from harness.leat import SLOT, Leat, assert_refused
from harness.postgres import free_port, wait_until


@pytest.fixture
def shop(database):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text)")
    database.execute("INSERT INTO items SELECT i, 'old' FROM generate_series(1, 10) i")
    return database


def untouched(database, leat):
    """Nothing half-done: no slot, no publication, no data directory that a later start would trip over."""
    assert database.slots() == [] and database.publications() == []
    assert not list(leat.data.rglob("*.seg*")), list(leat.data.rglob("*"))


# -- configuration


def test_unknown_key_names_the_nearest(shop, leat):
    leat.configure(shop.url(), snapshot__moed="initial")
    assert_refused(leat.run(), "CONFIG_UNKNOWN_KEY", "snapshot.moed", "snapshot.mode")
    untouched(shop, leat)


@pytest.mark.parametrize("text, code, word", [
    ("sources: [", "CONFIG_INVALID", ""),
    ("", "CONFIG_INVALID", ""),
    ("sources: {}\nlog: {dir: data}", "CONFIG_INVALID", "sources"),
    ("source: {}\n", "CONFIG_UNKNOWN_KEY", "sources"),
    ("sources: {shop: {tables: [public.x]}}\nlog: {dir: data}", "CONFIG_INVALID", "url"),
    ("sources: {shop: {url: 'postgresql://127.0.0.1/x'}}\n", "CONFIG_INVALID", "log"),
    ("sources: {shop: {url: 'postgresql://127.0.0.1/x'}}\nlog: {dir: data, fsync: often}", "CONFIG_INVALID", "often"),
    ("sources: {shop: {url: 'postgresql://127.0.0.1/x', snapshot.mode: sometimes}}\nlog: {dir: data}", "CONFIG_INVALID", "sometimes"),
    ("sources: {shop: {url: 'postgresql://127.0.0.1/x', decimal.handling.mode: exact}}\nlog: {dir: data}", "CONFIG_INVALID", "exact"),
    ("sources: {'a b/..': {url: 'postgresql://127.0.0.1/x'}}\nlog: {dir: data}", "CONFIG_INVALID", ""),
    ("sources: {shop: {url: 'postgresql://127.0.0.1:port/x'}}\nlog: {dir: data}", "URL_INVALID", ""),
    ("sources: {shop: {url: 'http://127.0.0.1/x'}}\nlog: {dir: data}", "URL_INVALID", ""),
    ("sources: {shop: {url: '${env:LEAT_TEST_NOT_SET}'}}\nlog: {dir: data}", "CONFIG_SECRET", "LEAT_TEST_NOT_SET"),
    ("sources: {shop: {url: x}, shop: {url: y}}\nlog: {dir: data}", "CONFIG_INVALID", "shop"),
])
def test_bad_configuration(leat, text, code, word):
    leat.config.write_text(text)
    process = leat.run()
    assert_refused(process, code, word)
    assert not leat.data.exists()


def test_configuration_that_is_not_there(leat):
    assert_refused(leat.run(), "IO", "leat.yaml")


def test_secrets_are_never_shown(shop, leat):
    leat.configure("postgresql://guarded:s3cr3t-w0rd@127.0.0.1:%d/%s" % (shop.server.port, shop.name))
    process = leat.run()
    assert_refused(process, "PG_AUTH")
    assert "s3cr3t-w0rd" not in process.describe()
    leat.configure("postgresql://guarded:s3cr3t-w0rd@127.0.0.1:port/x")
    process = leat.run()
    assert_refused(process, "URL_INVALID")
    assert "s3cr3t-w0rd" not in "\n".join(process.stderr)


@pytest.fixture
def guarded(shop):
    """A role with a password that needs escaping in a URL."""
    password = "p@ss/w:rd%?"
    shop.execute("DROP ROLE IF EXISTS guarded; CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'p@ss/w:rd%?'")
    yield password
    shop.server.drop_slots()
    shop.execute("DROP OWNED BY guarded; DROP ROLE guarded")


def test_password_from_environment_and_file(shop, leat, guarded):
    base = f"@127.0.0.1:{shop.server.port}/{shop.name}"
    leat.configure("postgresql://guarded:${env:SHOP_PASSWORD}" + base)
    process = leat.run(env={"SHOP_PASSWORD": guarded})
    leat.wait_count(process, 10)
    process.stop()
    assert guarded not in "\n".join(process.stderr)
    for path in leat.data.rglob("*"):
        assert not path.is_file() or guarded.encode() not in path.read_bytes(), path


def test_wrong_password(shop, leat, guarded):
    leat.configure(shop.url(user="guarded", password="wrong"))
    assert_refused(leat.run(), "PG_AUTH", "guarded")
    assert_refused(leat.tail(shop.url(user="guarded")), "PG_AUTH")
    untouched(shop, leat)


def test_not_a_database(shop, leat):
    leat.configure(shop.server.url("no_such_database"))
    assert_refused(leat.run(), "PG_NO_DATABASE", "no_such_database")
    untouched(shop, leat)


def test_nobody_listens(leat):
    url = f"postgresql://x@127.0.0.1:{free_port()}/x"
    assert_refused(leat.tail(url), "PG_CONNECT")
    check = leat.check(url)
    assert check.wait() != 0 and "PG_CONNECT" in "\n".join(check.stdout + check.stderr)


def test_run_waits_for_a_server_that_comes_later(shop, leat):
    """A server that is down is retried with the code in the log; nothing has to be restarted."""
    shop.connection.close()
    shop.server.stop()
    leat.configure(shop.url())
    process = leat.run()
    try:
        process.wait_stderr("PG_CONNECT")
    finally:
        shop.server.start()
    leat.wait_count(process, 10)
    process.stop()


def test_missing_table(shop, leat):
    leat.configure(shop.url(), tables=["public.no_such_table"])
    assert_refused(leat.run(), "PG_NO_TABLES", "no_such_table")
    untouched(shop, leat)


def test_misspelt_table_beside_another_one(shop, leat):
    """A name is refused; a pattern that matches nothing yet is said."""
    leat.configure(shop.url(), tables=["public.items", "public.itmes"])
    assert_refused(leat.run(), "PG_NO_TABLES", "public.itmes")
    untouched(shop, leat)
    leat.configure(shop.url(), tables=["public.items", "public.itm*"])
    process = leat.run()
    leat.wait_count(process, 10)
    assert "PG_NO_TABLES" in process.error_text() and "public.itm*" in process.error_text()


def test_wal_level(make_server, leat):
    server = make_server("wal_level = replica")
    leat.configure(server.url())
    assert_refused(leat.run(), "PG_WAL_LEVEL", "ALTER SYSTEM SET wal_level")
    assert server.slots() == [] and server.query("SELECT 1 FROM pg_publication") == []


# -- the data directory


def test_foreign_directory(shop, leat):
    leat.data.mkdir()
    (leat.data / "thesis.txt").write_text("not yours")
    leat.configure(shop.url())
    assert_refused(leat.run(), "LOG_FOREIGN_DIRECTORY", str(leat.data))
    assert os.listdir(leat.data) == ["thesis.txt"]
    untouched(shop, leat)
    assert_refused(leat.log_command(), "LOG_FOREIGN_DIRECTORY")
    assert_refused(leat.log_command(data=leat.folder / "nowhere"), "LOG_FOREIGN_DIRECTORY")


def test_directory_that_is_a_file(shop, leat):
    leat.data.write_text("")
    leat.configure(shop.url())
    process = leat.run()
    status = process.wait()
    assert status not in (0, None) and re.search("LOG_(UNWRITABLE|FOREIGN_DIRECTORY)", process.error_text()), process.describe()
    untouched(shop, leat)


def test_unwritable_directory(shop, leat):
    # Root may write anywhere but where there is nothing to write to.
    leat.configure(shop.url(), log={"dir": "/proc/leat"})
    assert_refused(leat.run(), "LOG_UNWRITABLE", "/proc/leat")
    assert shop.slots() == [] and shop.publications() == []


def test_log_of_a_newer_version(shop, leat):
    leat.configure(shop.url())
    process = leat.run()
    leat.wait_count(process, 10)
    process.stop()
    marker = newer_version(leat)
    before = marker.read_bytes()
    assert_refused(leat.run(), "LOG_NEWER_VERSION")
    assert_refused(leat.log_command(), "LOG_NEWER_VERSION")
    assert marker.read_bytes() == before and len(shop.slots()) == 1


def newer_version(leat):
    """Makes the log say that it has been written by a later format version; returns the file changed."""
    path = leat.data / "leat.meta"
    text = path.read_text()
    assert "format 1\n" in text
    path.write_text(text.replace("format 1\n", "format 2\n"))
    return path


def test_second_server_on_the_same_directory(shop, leat):
    leat.configure(shop.url())
    first = leat.run()
    leat.wait_count(first, 10)
    assert_refused(leat.run(), "LOG_LOCKED", str(leat.data))
    shop.execute("INSERT INTO items VALUES (11, 'new')")
    leat.wait_count(first, 11)
    first.stop()


def test_second_server_on_the_same_slot(shop, leat, tmp_path_factory):
    """Another directory, the same slot: refused, and the first one goes on undisturbed."""
    leat.configure(shop.url())
    first = leat.run()
    leat.wait_count(first, 10)
    second = Leat(tmp_path_factory.mktemp("second"))
    try:
        second.configure(shop.url())
        process = second.run()
        status = process.wait()
        assert status != 0 and "PG_SLOT_IN_USE" in process.error_text(), process.describe()
        shop.execute("INSERT INTO items VALUES (11, 'new')")
        leat.wait_count(first, 11)
        assert second.log_or_nothing() == []
    finally:
        second.close()
    first.stop()
    assert len(leat.log()) == 11


# -- stopping and going on


def test_stop_and_restart_lose_and_repeat_nothing(shop, leat):
    leat.configure(shop.url())
    expected = 10
    for round_ in range(4):
        process = leat.run()
        for number in range(25):
            shop.execute(f"INSERT INTO items VALUES ({1000 + round_ * 100 + number}, 'new')")
        expected += 25
        if round_ == 1:
            process.wait_stderr("captures")  # it has begun to look for signals
            process.stop()  # with changes still on their way
        else:
            leat.wait_count(process, expected)
            process.stop()
        shop.execute(f"INSERT INTO items VALUES ({1000 + round_ * 100 + 99}, 'while stopped')")
        expected += 1
    process = leat.run()
    records = leat.wait_count(process, expected)
    process.stop()
    ids = [r.after["id"] for r in records]
    assert len(set(ids)) == len(ids) == expected
    streamed = [r for r in records if r.op == "c"]
    assert [r.source["lsn"] for r in streamed] == sorted(r.source["lsn"] for r in streamed)


def test_the_slot_stays_and_is_named(shop, leat):
    leat.configure(shop.url())
    process = leat.run()
    leat.wait_count(process, 10)
    process.stop()
    slot, = shop.slots()
    assert slot["slot_name"] == SLOT and slot["plugin"] == "pgoutput" and not slot["active"] and not slot["temporary"]
    assert shop.publications() == [SLOT, f"{SLOT}_inserts"]


def test_idle_database_frees_the_wal_of_others(shop, leat):
    """Nothing happens in this database while another one writes: the slot advances all the same."""
    leat.configure(shop.url(), status__update__interval__ms=200)
    process = leat.run()
    leat.wait_count(process, 10)
    other = shop.server.new_database()
    try:
        other.execute("CREATE TABLE noise (v text)")
        start = shop.lsn()

        def advanced():
            other.execute("INSERT INTO noise SELECT repeat('x', 100) FROM generate_series(1, 100)")
            confirmed = shop.value(f"SELECT confirmed_flush_lsn - '0/0'::pg_lsn FROM pg_replication_slots WHERE slot_name = '{SLOT}'")
            return confirmed > start

        wait_until(advanced, "the slot is confirmed past the other database's changes", 60, process.describe)
    finally:
        other.drop_only()
    assert len(leat.log()) == 10
    process.stop()


def test_killed_at_any_time_it_loses_and_repeats_nothing(shop, leat):
    """The slot is never told of a change that the log does not hold durably."""
    leat.configure(shop.url(), status__update__interval__ms=100)
    number = 100
    for _ in range(8):
        process = leat.run()
        for _ in range(30):
            number += 1
            shop.execute(f"INSERT INTO items VALUES ({number}, 'new')")
        process.kill()
    process = leat.run()
    records = leat.wait_count(process, 10 + number - 100)
    assert sorted(r.after["id"] for r in records) == list(range(1, 11)) + list(range(101, number + 1))
    process.stop()


def test_a_commit_right_behind_a_message_is_not_lost(shop, leat):
    """A message outside of transactions ends where the next record begins: the position is not a byte further."""
    shop.execute("DELETE FROM items")
    leat.configure(shop.url(), status__update__interval__ms=100000)
    process = leat.run()
    leat.wait_for_marker(process, shop)
    with shop.connect(autocommit=False) as other:
        other.execute("INSERT INTO items VALUES (1, 'open')")
        shop.execute("SELECT pg_logical_emit_message(false, 'alone', 'x')")
        leat.wait_log(process, lambda seen: any('"alone"' in r.line for r in seen), "the message", 60, "--op", "m")
        process.kill()
        other.commit()
    records = leat.wait_marker(leat.run(), shop)
    assert [r.after for r in records if r.table == "items"] == [{"id": 1, "v": "open"}]
    assert sum('"alone"' in r.line for r in records) == 1


def test_url_and_options_may_change_between_runs(shop, leat):
    leat.configure(shop.url(), tables=["public.items"])
    process = leat.run()
    leat.wait_count(process, 10)
    process.stop()
    shop.execute("CREATE TABLE more (id int PRIMARY KEY); INSERT INTO more SELECT generate_series(1, 5)")
    shop.execute("INSERT INTO items VALUES (11, 'between')")
    leat.configure(shop.url(), tables=["public.items", "public.more"])
    process = leat.run()
    leat.wait_count(process, 16)
    shop.execute("INSERT INTO more VALUES (6)")
    records = leat.wait_count(process, 17)
    process.stop()
    more = [(r.op, r.after["id"]) for r in records if r.table == "more"]
    assert sorted(more[:5]) == [("r", i) for i in range(1, 6)] and more[5:] == [("c", 6)]
    assert [(r.op, r.after["id"]) for r in records if r.table == "items"][-1] == ("c", 11)


def test_table_taken_out_of_the_configuration(shop, leat):
    shop.execute("CREATE TABLE more (id int PRIMARY KEY)")
    leat.configure(shop.url(), tables=["public.items", "public.more"])
    process = leat.run()
    leat.wait_count(process, 10)
    process.stop()
    leat.configure(shop.url(), tables=["public.items"])
    process = leat.run()
    shop.wait_streaming(detail=process.describe)
    shop.execute("INSERT INTO more VALUES (1)")
    shop.execute("INSERT INTO items VALUES (11, 'x')")
    records = leat.wait_count(process, 11)
    assert all(r.table == "items" for r in records)
    process.stop()


# -- snapshot modes


def test_mode_initial(shop, leat):
    leat.configure(shop.url(), snapshot__mode="initial")
    process = leat.run()
    leat.wait_count(process, 10)
    shop.execute("INSERT INTO items VALUES (11, 'new')")
    records = leat.wait_count(process, 11)
    assert [r.op for r in records] == ["r"] * 10 + ["c"]
    process.stop()
    process = leat.run()
    shop.execute("INSERT INTO items VALUES (12, 'new')")
    records = leat.wait_count(process, 12)
    assert records[-1].op == "c"
    process.stop()


def test_mode_initial_only(shop, leat):
    leat.configure(shop.url(), snapshot__mode="initial_only")
    process = leat.run()
    assert process.wait() == 0, process.describe()
    assert [r.op for r in leat.log()] == ["r"] * 10


def test_mode_always(shop, leat):
    leat.configure(shop.url(), snapshot__mode="always")
    for round_ in (1, 2):
        process = leat.run()
        records = leat.wait_count(process, 10 * round_ + round_ - 1)
        shop.execute(f"UPDATE items SET v = '{round_}' WHERE id = 1")
        leat.wait_count(process, 11 * round_)
        process.stop()
    assert [r.op for r in leat.log()] == (["r"] * 10 + ["u"]) * 2
    assert [r.after["v"] for r in leat.log() if r.after["id"] == 1] == ["old", "1", "1", "2"]


@pytest.mark.parametrize("mode", ["no_data", "never"])
def test_mode_no_data(shop, leat, mode):
    leat.configure(shop.url(), snapshot__mode=mode)
    process = leat.run()
    shop.wait_streaming(detail=process.describe)
    shop.execute("INSERT INTO items VALUES (11, 'new')")
    record, = leat.wait_count(process, 1)
    assert record.op == "c" and record.after["id"] == 11
    process.stop()


def test_mode_when_needed(shop, leat):
    """A lost slot is a gap that the configuration allows to be mended by reading again."""
    leat.configure(shop.url(), snapshot__mode="when_needed")
    process = leat.run()
    leat.wait_count(process, 10)
    process.stop()
    shop.server.drop_slots()
    shop.execute("DELETE FROM items WHERE id > 3; INSERT INTO items VALUES (20, 'unseen')")
    process = leat.run()
    records = leat.wait_log(process, lambda seen: len([r for r in seen if r.op == "r"]) >= 14, "the second snapshot")
    assert sorted(r.after["id"] for r in records[10:] if r.op == "r") == [1, 2, 3, 20]
    shop.execute("INSERT INTO items VALUES (21, 'seen')")
    leat.wait_for_marker(process, shop)
    assert [r.after["id"] for r in leat.log() if r.op == "c"] == [21]
    process.stop()


def test_snapshot_and_stream_fit_exactly(shop, leat):
    """While the snapshot is read, a writer goes on: each row is once in the log, read or streamed."""
    shop.execute("CREATE TABLE big (id int PRIMARY KEY, n int, pad text)")
    shop.execute("INSERT INTO big SELECT i, 0, repeat('x', 200) FROM generate_series(1, 100000) i")
    leat.configure(shop.url())
    process = leat.run()
    updates = 0
    while not leat.log_or_nothing("--limit", 1):
        updates += 1
        shop.execute(f"UPDATE big SET n = n + 1 WHERE id = {updates * 7 % 100000 + 1}")
        shop.execute(f"INSERT INTO big VALUES ({200000 + updates}, 0, '')")
    leat.wait_for_marker(process, shop, 120)
    process.stop()
    state = fold(r for r in leat.log() if r.topic.endswith(".big")).tables["shop.public.big"]
    rows = {row["id"]: row["n"] for row in state.values()}
    assert rows == dict(shop.rows("SELECT id, n FROM big"))


def test_first_and_last_row_of_a_snapshot_are_marked(database, leat):
    """Of the whole and of each table, in the order of the log, also where several connections read."""
    for number, rows in enumerate((3, 1, 0, 20000, 2)):
        database.execute(f"CREATE TABLE t{number} (id int PRIMARY KEY, pad text)")
        database.execute(f"INSERT INTO t{number} SELECT i, repeat('x', 500) FROM generate_series(1, {rows}) i")
    leat.configure(database.url(), snapshot__max__threads=3)
    process = leat.run()
    records = [r for r in leat.wait_marker(process, database, 120) if r.op == "r"]
    process.stop()
    assert len(records) == 20006
    marks = [r.source["snapshot"] for r in records]
    assert marks[0] == "first" and marks[-1] == "last"
    assert marks.count("first") == marks.count("last") == 1
    for table in ("t0", "t1", "t3", "t4"):
        own = [r.source["snapshot"] for r in records if r.table == table]
        assert own[-1] in ("last_in_data_collection", "last") or own == ["first"], (table, own[-1])
        assert own[0] in ("first_in_data_collection", "first") or len(own) == 1, (table, own[0])
        assert set(own[1:-1]) <= {"true"}


def test_empty_database(database, leat):
    """No table at all: there is nothing to capture, and that is said."""
    leat.configure(database.url())
    assert_refused(leat.run(), "PG_NO_TABLES")
    untouched(database, leat)


def test_empty_and_unlogged_and_foreign_tables(shop, leat):
    shop.execute("CREATE TABLE hollow (id int PRIMARY KEY); CREATE UNLOGGED TABLE fleeting (id int PRIMARY KEY);"
                 "CREATE VIEW seen AS SELECT * FROM items; CREATE MATERIALIZED VIEW kept AS SELECT * FROM items;"
                 "CREATE TEMP TABLE passing (id int PRIMARY KEY)")
    leat.configure(shop.url())
    process = leat.run()
    shop.wait_streaming(detail=process.describe)
    shop.execute("INSERT INTO hollow VALUES (1); INSERT INTO fleeting VALUES (1)")
    records = leat.wait_marker(process, shop)
    assert {r.table for r in records if r.op != "m"} == {"items", "hollow"}
    process.stop()


# -- several sources, output


def test_several_sources(server, leat):
    databases = [server.new_database() for _ in range(3)]
    try:
        for number, database in enumerate(databases):
            database.execute("CREATE TABLE t (id int PRIMARY KEY)")
            database.execute(f"INSERT INTO t VALUES ({number})")
        leat.configure(sources={f"s{i}": {"url": d.url()} for i, d in enumerate(databases)})
        process = leat.run()
        for number, database in enumerate(databases):
            leat.wait_count(process, 1, source=f"s{number}")
            database.execute(f"INSERT INTO t VALUES ({100 + number})")
        for number in range(3):
            records = leat.wait_count(process, 2, source=f"s{number}")
            assert [r.after["id"] for r in records] == [number, 100 + number]
            assert {r.topic for r in records} == {f"s{number}.public.t"}
        process.stop()
    finally:
        leat.close()
        for database in databases:
            database.drop()


def test_one_source_that_fails_does_not_stop_the_others(shop, leat):
    leat.configure(sources={"shop": {"url": shop.url()}, "lost": {"url": shop.server.url("no_such_database")}})
    process = leat.run()
    process.wait_stderr("PG_NO_DATABASE")
    leat.wait_count(process, 10)
    shop.execute("INSERT INTO items VALUES (11, 'x')")
    leat.wait_count(process, 11)


def test_json_logs(shop, leat):
    leat.configure(shop.url())
    leat.config.write_text(leat.config.read_text() + "logging: {format: json}\n")
    process = leat.run()
    leat.wait_count(process, 10)
    process.stop()
    assert process.stderr
    for line in process.stderr:
        entry = json.loads(line)
        assert {"time", "level", "message"} <= set(entry), line
    assert process.stdout == []


def test_snapshot_progress_is_shown(shop, leat):
    shop.execute("CREATE TABLE big (id int PRIMARY KEY, pad text)")
    shop.execute("INSERT INTO big SELECT i, repeat('x', 50) FROM generate_series(1, 300000) i; ANALYZE big")
    leat.configure(shop.url())
    process = leat.run()
    leat.wait_for_marker(process, shop, 120)
    process.stop()
    text = "\n".join(process.stderr)
    assert "snapshot" in text and re.search(r"300[ ,_]?0\d\d", text), text


def test_data_directory_may_be_copied_and_read_elsewhere(shop, leat, tmp_path):
    leat.configure(shop.url())
    process = leat.run()
    leat.wait_count(process, 10)
    process.stop()
    shutil.copytree(leat.data, tmp_path / "copy")
    assert len(leat.log(data=tmp_path / "copy")) == 10
