"""Transactions that are large, or prepared: received before they are decided, and in the log only once they are committed.

LEAT_LARGE_ROWS (default 300000) is the number of rows of the transaction whose memory is measured; 10000000 is the long form.
"""

import itertools
import os
import re

import pytest

from harness.leat import assert_refused

ON_16 = True
LARGE_ROWS = int(os.environ.get("LEAT_LARGE_ROWS", "300000"))
PEAK = 120_000_000  # as in test_memory.py


@pytest.fixture
def items(database):
    """A database whose transactions count as large from a few hundred rows on."""
    database.execute(f'ALTER DATABASE "{database.name}" SET logical_decoding_work_mem = \'64kB\'')
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text)")
    return database


def captured(leat, database, **options):
    log = options.pop("log", None)
    leat.configure(database.url(), log=log, **options)
    process = leat.run()
    leat.wait_for_marker(process, database)
    return process


def insert(connection, first, count=1000, width=100):
    connection.execute(f"INSERT INTO items SELECT i, repeat(md5(i::text), {width // 32}) FROM generate_series({first}, {first + count - 1}) i")


def ids(records, table="items"):
    return [r.after["id"] for r in records if r.table == table and r.op == "c"]


def streamed(database):
    """How many transactions the server has sent before their end."""
    return database.value("SELECT coalesce(sum(stream_txns), 0) FROM pg_stat_replication_slots")


def assert_streamed(process, database, count=1):
    process.wait_for(lambda: streamed(database) >= count, f"{count} streamed transactions")


def runs(records):
    """(transaction, its records), in the order of the log."""
    return [(tx, list(group)) for tx, group in itertools.groupby(
        [r for r in records if r.op in ("c", "u", "d", "t") and not r.tombstone], lambda r: r.source["txId"])]


# -- transactions in progress


def test_several_at_a_time_with_savepoints(items, leat):
    process = captured(leat, items)
    one, two, three = (items.connect(autocommit=False) for _ in range(3))
    insert(one, 0)
    insert(two, 10000)
    one.execute("SAVEPOINT a")
    insert(one, 1000)
    insert(three, 20000)
    one.execute("SAVEPOINT b")
    insert(one, 2000)
    items.execute("INSERT INTO items VALUES (-1, 'small')")
    one.execute("ROLLBACK TO b")
    insert(one, 3000)
    one.execute("ROLLBACK TO a")
    insert(one, 4000)
    one.execute("UPDATE items SET v = 'new' WHERE id BETWEEN 0 AND 499")
    two.execute("DELETE FROM items WHERE id BETWEEN 10000 AND 10499")
    three.rollback()
    two.commit()
    one.commit()
    records = leat.wait_marker(process, items)
    assert_streamed(process, items, 2)
    (_, small), (_, second), (_, first) = runs(records)
    assert ids(small) == [-1]
    assert ids(second) == list(range(10000, 11000))
    assert [r.key["id"] for r in second if r.op == "d"] == list(range(10000, 10500))
    assert ids(first) == [*range(1000), *range(4000, 5000)]
    assert sorted(r.after["id"] for r in first if r.op == "u") == list(range(500))
    assert len({r.source["ts_us"] for r in first}) == 1, "the time of the commit"
    process.stop()


def test_exception_blocks(items, leat):
    process = captured(leat, items)
    items.execute("""
        DO $$ BEGIN
            FOR i IN 1..2000 LOOP
                BEGIN
                    INSERT INTO items VALUES (i, repeat('x', 200));
                    IF i % 3 = 0 THEN RAISE division_by_zero; END IF;
                EXCEPTION WHEN division_by_zero THEN NULL;
                END;
            END LOOP;
        END $$""")
    records = leat.wait_marker(process, items)
    assert_streamed(process, items)
    assert ids(records) == [i for i in range(1, 2001) if i % 3]
    process.stop()


def test_ddl_inside_and_inside_of_what_is_rolled_back(items, leat):
    process = captured(leat, items)
    with items.connect(autocommit=False) as one:
        insert(one, 0)
        one.execute("SAVEPOINT a; ALTER TABLE items ADD COLUMN lost int DEFAULT 7")
        insert(one, 1000)
        one.execute("ROLLBACK TO a")
        insert(one, 2000)
        one.execute("ALTER TABLE items ADD COLUMN kept int DEFAULT 8; CREATE TABLE made (id int PRIMARY KEY)")
        insert(one, 3000)
        one.execute("INSERT INTO made SELECT generate_series(1, 1000)")
        one.execute("TRUNCATE made")
        insert(one, 4000)
    insert(items, 5000, 2)
    records = [r for r in leat.wait_marker(process, items) if r.table == "items"]
    assert_streamed(process, items)
    assert ids(records) == [*range(1000), *range(2000, 5000), 5000, 5001]
    assert not any("lost" in r.after for r in records)
    assert all(("kept" in r.after) == (r.after["id"] >= 3000) for r in records)
    process.stop()


def test_messages_of_savepoints_that_were_rolled_back(items, leat):
    """The server does not say of which part a message is: it is asked again, in the way in which it knows."""
    process = captured(leat, items)
    with items.connect(autocommit=False) as one:
        insert(one, 0)
        one.execute("SELECT pg_logical_emit_message(true, 'kept', 'x')")
        one.execute("SAVEPOINT a")
        one.execute("SELECT pg_logical_emit_message(true, 'lost', 'x')")
        insert(one, 1000)
        assert_streamed(process, items)
        one.execute("ROLLBACK TO a")
        insert(one, 2000)
    process.wait_stderr("PG_STREAMED_MESSAGE")
    records = leat.wait_marker(process, items)
    assert ids(records) == [*range(1000), *range(2000, 3000)]
    assert any('"kept"' in r.line for r in records) and not any('"lost"' in r.line for r in records)
    process.stop()


def test_rolled_back_before_it_is_decoded(items, leat):
    """PostgreSQL 18 finds out before it has sent anything of it, and tells its end all the same."""
    process = captured(leat, items)
    process.stop()
    with items.connect(autocommit=False) as one:
        insert(one, 0, 3000)
        one.rollback()
    with items.connect(autocommit=False) as one:
        insert(one, 10000)
        one.execute("SAVEPOINT a")
        insert(one, 20000, 3000)
        one.execute("ROLLBACK TO a")
    process = leat.run()
    assert ids(leat.wait_marker(process, items)) == list(range(10000, 11000))
    assert "PG_PROTOCOL" not in process.error_text()
    process.stop()


def test_killed_while_transactions_are_open(items, leat):
    """Others are captured and confirmed meanwhile; what was open comes again, once."""
    process = captured(leat, items, status__update__interval__ms=100)
    one, two = items.connect(autocommit=False), items.connect(autocommit=False)
    insert(one, 0)
    insert(two, 10000)
    assert_streamed(process, items, 2)
    for number in range(3):
        items.execute(f"INSERT INTO items VALUES ({-1 - number}, 'between')")
        here = items.value("SELECT pg_current_wal_lsn()::text")
        confirmed = lambda: items.rows("SELECT 1 FROM pg_replication_slots WHERE confirmed_flush_lsn >= %s", [here])  # noqa: B023, E731
        process.wait_for(confirmed, "the slot moves on")
        process.kill()
        if number == 1:
            two.rollback()
        insert(one, 1000 * (number + 1))
        process = leat.run()
    one.commit()
    records = leat.wait_marker(process, items)
    assert ids(records) == [-1, -2, -3, *range(4000)]
    process.stop()


def test_streaming_can_be_switched_off(items, leat):
    process = captured(leat, items, streaming=False)
    insert(items, 0, 3000)
    assert ids(leat.wait_marker(process, items)) == list(range(3000))
    assert streamed(items) == 0
    process.stop()


# -- where it is kept


def test_no_room_to_spill(items, leat):
    leat.configure(items.url(), log={"fsync": "never"})
    with open(leat.config, "a") as config:
        config.write("spill.bytes: 1000000\n")
    process = leat.run()
    leat.wait_for_marker(process, items)
    items.execute("INSERT INTO items SELECT i, string_agg(md5(random()::text), '') FROM generate_series(1, 20000) i, generate_series(1, 20) j GROUP BY i")
    process.wait_stderr("SPILL_FULL")
    records = leat.wait_marker(process, items, 120)
    assert sorted(ids(records)) == list(range(1, 20001))
    process.stop()


def test_a_directory_that_cannot_be_made(items, leat):
    (leat.folder / "file").write_text("")
    leat.configure(items.url())
    with open(leat.config, "a") as config:
        config.write("spill.dir: file/below\n")
    assert_refused(leat.run(), "SPILL_FAILED", "spill.dir")


@pytest.mark.timeout(3600)
def test_memory_of_a_streamed_transaction(database, leat):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text)")
    database.execute(f'ALTER DATABASE "{database.name}" SET logical_decoding_work_mem = \'1MB\'')
    process = captured(leat, database)
    database.execute(f"INSERT INTO items SELECT i, 'some text of a row that is a little longer' FROM generate_series(1, {LARGE_ROWS}) i")
    database.execute("INSERT INTO items VALUES (-5, 'after')")
    process.wait_for(lambda: len(leat.log("--from", LARGE_ROWS + 2)) == 1, "the row after the transaction", 1800)
    assert_streamed(process, database)
    print(f"{LARGE_ROWS} rows: {process.peak_rss() / 1e6:.0f} MB")
    assert process.peak_rss() < PEAK, f"{process.peak_rss() / 1e6:.0f} MB"
    assert not any((leat.data / "spill").iterdir())
    process.stop()
    found = (int(re.search(rb'^{[^{}]*"key":{"id":(-?[0-9]+)}', line)[1]) for line in leat.log_lines("--op", "c"))
    assert all(a == b for a, b in itertools.zip_longest(found, itertools.chain(range(1, LARGE_ROWS + 1), [-5])))


# -- two-phase commit


def prepare(database, gid, *statements):
    with database.connect(autocommit=False) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PREPARE TRANSACTION '{database.name}_{gid}'")


def decide(database, what, gid):
    database.execute(f"{what} PREPARED '{database.name}_{gid}'")


def large(first):
    return f"INSERT INTO items SELECT i, repeat('x', 100) FROM generate_series({first}, {first + 999}) i"


@pytest.mark.parametrize("two_phase", [False, True])
def test_prepared_transactions(items, leat, two_phase):
    process = captured(leat, items, two__phase=two_phase)
    prepare(items, "small", "INSERT INTO items VALUES (1, 'prepared')")
    prepare(items, "large", large(1000), "SAVEPOINT a", large(2000), "ROLLBACK TO a", large(3000))
    prepare(items, "lost", "INSERT INTO items VALUES (2, 'lost')")
    items.execute("INSERT INTO items VALUES (3, 'between')")
    decide(items, "ROLLBACK", "lost")
    decide(items, "COMMIT", "large")
    decide(items, "COMMIT", "small")
    records = leat.wait_marker(process, items)
    assert ids(records) == [3, *range(1000, 2000), *range(3000, 4000), 1]
    assert len(runs(records)) == 3
    process.stop()


def test_killed_between_prepare_and_commit(items, leat):
    process = captured(leat, items, two__phase=True, status__update__interval__ms=100)
    prepare(items, "rolled", "INSERT INTO items VALUES (1, 'lost')")
    prepare(items, "kept", "INSERT INTO items VALUES (2, 'prepared')")
    prepare(items, "large", large(1000))
    expected = []
    for number in range(4):
        items.execute(f"INSERT INTO items VALUES ({-1 - number}, 'between')")
        expected.append(-1 - number)
        leat.wait_for_marker(process, items)
        process.kill()
        assert ids(leat.log()) == expected
        if number == 1:
            decide(items, "ROLLBACK", "rolled")
        if number == 2:
            decide(items, "COMMIT", "kept")
            expected.append(2)
        process = leat.run()
    decide(items, "COMMIT", "large")
    records = leat.wait_marker(process, items)
    assert ids(records) == [-1, -2, -3, 2, -4, *range(1000, 2000)]
    # With nothing prepared any more the slot moves on.
    here = items.value("SELECT pg_current_wal_lsn()::text")
    process.wait_for(lambda: items.rows("SELECT 1 FROM pg_replication_slots WHERE confirmed_flush_lsn >= %s", [here]), "the slot moves on")
    process.stop()


def test_two_phase_switched_on_and_off(items, leat):
    """A slot that was read so once stays so; what was prepared before comes at its commit."""
    process = captured(leat, items)
    prepare(items, "before", "INSERT INTO items VALUES (1, 'before')")
    process.stop()
    process = captured(leat, items, two__phase=True)
    assert items.value("SELECT two_phase FROM pg_replication_slots")
    prepare(items, "during", large(1000))
    decide(items, "COMMIT", "before")
    leat.wait_for_marker(process, items)
    process.stop()
    process = captured(leat, items)
    prepare(items, "after", large(3000))
    decide(items, "COMMIT", "during")
    decide(items, "COMMIT", "after")
    assert ids(leat.wait_marker(process, items)) == [1, *range(1000, 2000), *range(3000, 4000)]
    process.stop()


def test_the_slot_waits_for_what_is_prepared(items, leat):
    process = captured(leat, items, two__phase=True, status__update__interval__ms=100)
    prepare(items, "open", "INSERT INTO items VALUES (1, 'prepared')")
    here = items.value("SELECT pg_current_wal_lsn()::text")
    items.execute("INSERT INTO items VALUES (2, 'after')")
    leat.wait_for_marker(process, items)
    process.stop()  # which tells the server what is durable
    process = leat.run()
    leat.wait_for_marker(process, items)
    assert items.rows("SELECT 1 FROM pg_replication_slots WHERE confirmed_flush_lsn <= %s", [here])
    decide(items, "COMMIT", "open")
    assert ids(leat.wait_marker(process, items)) == [2, 1]
    assert not re.search("PG_PREPARED_LOST|PG_SLOT", process.error_text())
    process.stop()


def test_a_prepared_transaction_that_the_server_cannot_decode(items, leat):
    """PostgreSQL's own mistake, which ends only with the slot: it is told what to do, and that helps."""
    process = captured(leat, items, two__phase=True)
    process.stop()
    prepare(items, "ddl", "SAVEPOINT a", "TRUNCATE items", "INSERT INTO items VALUES (1, 'lost')", "RELEASE a")
    decide(items, "ROLLBACK", "ddl")
    items.execute("VACUUM pg_class")
    items.execute("INSERT INTO items VALUES (2, 'kept')")
    process = leat.run()
    process.wait_stderr("could not map file")
    process.wait_stderr(r"SELECT pg_drop_replication_slot\('leat_shop'\)")
    process.stop()
    items.execute("SELECT pg_drop_replication_slot('leat_shop')")
    process = captured(leat, items, two__phase=True, snapshot__mode="when_needed")
    items.execute("INSERT INTO items VALUES (3, 'new')")
    records = leat.wait_marker(process, items)
    assert [(r.op, r.after["id"]) for r in records if r.table == "items"] == [("r", 2), ("c", 3)]
    process.stop()


def test_what_the_server_cannot_decode_is_answered_in_advance(items, leat):
    """snapshot.mode: when_needed: after some attempts the slot is given up, and the tables are read anew."""
    options = {"two__phase": True, "snapshot__mode": "when_needed"}
    process = captured(leat, items, **options)
    process.stop()
    prepare(items, "ddl", "SAVEPOINT a", "TRUNCATE items", "INSERT INTO items VALUES (1, 'lost')", "RELEASE a")
    decide(items, "ROLLBACK", "ddl")
    items.execute("VACUUM pg_class")
    items.execute("INSERT INTO items VALUES (2, 'kept')")
    process = leat.run()
    process.wait_stderr("the slot is given up for a new one", 60)
    process.wait_stderr("snapshot complete", 60)
    items.execute("INSERT INTO items VALUES (3, 'new')")
    leat.wait_for_marker(process, items)
    assert [(r.op, r.after["id"]) for r in leat.log() if r.table == "items"][-2:] == [("r", 2), ("c", 3)]
    process.stop()
