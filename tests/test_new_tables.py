"""Tables and types that change while the source runs, and what a publication leaves out."""

import contextlib
import threading

import psycopg
import pytest

from harness.leat import SLOT


@pytest.fixture
def items(database):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, 'old')")
    return database


def start(leat, database, **options):
    leat.configure(database.url(), **({"status__update__interval__ms": 100} | options))
    process = leat.run()
    leat.wait_log(process, lambda seen: seen, "the snapshot")
    database.wait_streaming(detail=process.describe)
    return process


def ids(records, table):
    return [r.after["id"] for r in records if r.table == table]


def folded(records, table):
    """The ids that are there in the end."""
    there = set()
    for r in records:
        if r.tombstone or r.table != table:
            continue
        if r.op == "d":
            there.discard(r.before["id"])
        else:
            there.add(r.after["id"])
    return sorted(there)


def test_tables_that_are_made_while_it_runs(items, leat):
    """With a key, without one, by a pattern; their rows from before they were found are read, later ones streamed."""
    process = start(leat, items, tables=["public.*"])
    items.execute("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2)")
    items.execute("CREATE SCHEMA other; CREATE TABLE other.orders (id int PRIMARY KEY); INSERT INTO other.orders VALUES (9)")
    leat.wait_log(process, lambda seen: folded(seen, "orders") == [1, 2], "the new table's rows")
    items.execute("CREATE TABLE notes (id int); INSERT INTO notes VALUES (7)")
    leat.wait_log(process, lambda seen: folded(seen, "notes") == [7], "rows of a table without a key")
    items.execute("INSERT INTO orders VALUES (3); DELETE FROM orders WHERE id = 1; INSERT INTO notes VALUES (8)")
    items.execute("INSERT INTO items VALUES (2, 'new')")
    records = leat.wait_log(process, lambda seen: 2 in ids(seen, "items"), "what is streamed after it")
    process.stop()
    assert folded(records, "orders") == [2, 3] and folded(records, "notes") == [7, 8]
    assert ids(records, "items") == [1, 2], "nothing is read again"


def test_a_restart_before_the_first_chunk_of_a_new_table(items, leat):
    """Its snapshot is known from the position and found anew by the configuration: it is read once."""
    process = start(leat, items, tables=["public.*"])
    with items.connect(autocommit=False) as open_transaction:
        open_transaction.execute("INSERT INTO items VALUES (2, 'held')")  # no chunk is read before it has ended
        items.execute("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2)")
        process.wait_stderr("waits for the transactions that were running")
        items.execute("INSERT INTO items VALUES (3, 'streamed')")
        leat.wait_log(process, lambda seen: 3 in ids(seen, "items"), "a position with the new table in it")
        process.stop()
        process = leat.run()
        process.wait_stderr("waits for the transactions that were running")
        open_transaction.commit()
    leat.wait_log(process, lambda seen: ids(seen, "orders"), "the new table's rows")
    process.wait_stderr("incremental snapshots are complete")
    assert sorted(ids(leat.log(), "orders")) == [1, 2]
    process.stop()


def test_no_chunk_is_read_while_the_server_is_busy(items, leat):
    """More sessions run queries than incremental.snapshot.sessions.max allows."""
    busy = [items.connect() for _ in range(3)]
    pids = [connection.info.backend_pid for connection in busy]
    sleeping = [threading.Thread(target=sleep, args=(connection,)) for connection in busy]
    for thread in sleeping:
        thread.start()
    process = start(leat, items, tables=["public.*"], incremental__snapshot__sessions__max=2)
    items.execute("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2)")
    process.wait_stderr("waits while more than 2 sessions run queries")
    items.execute("INSERT INTO items VALUES (2, 'streamed')")
    records = leat.wait_log(process, lambda seen: 2 in ids(seen, "items"), "the stream goes on")
    assert not ids(records, "orders")
    items.execute(f"SELECT pg_cancel_backend({pids[0]})")
    leat.wait_log(process, lambda seen: folded(seen, "orders") == [1, 2], "the new table's rows")
    for pid in pids[1:]:
        items.execute(f"SELECT pg_cancel_backend({pid})")
    for thread in sleeping:
        thread.join()


def sleep(connection):
    with contextlib.suppress(psycopg.errors.QueryCanceled):
        connection.execute("SELECT pg_sleep(600)")


def test_sessions_that_the_role_may_not_see(items, leat):
    items.execute(f"CREATE ROLE {items.name}_leat LOGIN REPLICATION; ALTER TABLE items OWNER TO {items.name}_leat; "
                  f"GRANT CREATE ON DATABASE {items.name} TO {items.name}_leat")
    leat.configure(items.url(user=f"{items.name}_leat"), incremental__snapshot__sessions__max=2)
    process = leat.run()
    assert process.wait(30) != 0
    assert "PG_PRIVILEGE" in process.error_text() and "GRANT pg_read_all_stats TO" in process.error_text()


def test_a_table_that_loses_its_key_does_not_break_the_application(items, leat):
    """A table that is published with updates and has no identity: the server would refuse them."""
    process = start(leat, items, tables=["public.*"])
    items.execute("ALTER TABLE items DROP CONSTRAINT items_pkey")
    process.wait_stderr("PG_CATALOG_CHANGED")
    process.wait_for(lambda: items.rows(f"SELECT 1 FROM pg_publication_tables WHERE pubname = '{SLOT}_inserts' AND tablename = 'items'"),
                     "the table is in the other publication")
    items.execute("UPDATE items SET v = 'changed'")
    items.execute("INSERT INTO items VALUES (2, 'new')")
    leat.wait_log(process, lambda seen: 2 in ids(seen, "items"), "row 2")
    process.stop()


def test_a_new_table_that_the_role_may_not_publish(items, leat):
    """It is left out, and told; the others go on, across reconnects too."""
    items.execute("DROP ROLE IF EXISTS narrow; CREATE ROLE narrow LOGIN REPLICATION")
    items.execute(f'GRANT CREATE ON DATABASE "{items.name}" TO narrow; ALTER TABLE items OWNER TO narrow')
    try:
        leat.configure(items.url(user="narrow"), tables=["public.*"], status__update__interval__ms=100)
        process = leat.run()
        leat.wait_count(process, 1)
        items.wait_streaming(detail=process.describe)
        items.execute("CREATE TABLE secret (id int PRIMARY KEY); INSERT INTO secret VALUES (1)")
        process.wait_stderr("a new table is not captured.*secret")
        items.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active")
        items.execute("INSERT INTO items VALUES (2, 'new')")
        leat.wait_count(process, 2)
        process.stop()
    finally:
        items.server.drop_slots()
        items.execute(f'REASSIGN OWNED BY narrow TO postgres; DROP OWNED BY narrow; DROP ROLE narrow')


def test_labels_of_an_enumeration(items, leat):
    items.execute("CREATE TYPE mood AS ENUM ('sad', 'ok'); ALTER TABLE items ADD m mood DEFAULT 'ok'")
    process = start(leat, items, schemas__enable=True)
    items.execute("ALTER TYPE mood ADD VALUE 'happy' AFTER 'sad'")
    process.wait_stderr("PG_CATALOG_CHANGED")
    items.wait_streaming(detail=process.describe)
    items.execute("INSERT INTO items VALUES (2, 'new', 'happy')")
    records = leat.wait_count(process, 2)
    process.stop()
    assert "sad,happy,ok" in records[1].line and "sad,ok" in records[0].line


# -- what a publication leaves out, the snapshot leaves out too


@pytest.mark.parametrize("pages", [1, 300])
def test_a_row_filter_and_a_column_list(items, leat, pages):
    """Of a publication that somebody else has made. With more pages the table is read in chunks."""
    items.execute("ALTER TABLE items ADD secret text DEFAULT 's', ADD region text DEFAULT 'eu'")
    if pages > 1:
        items.execute("INSERT INTO items SELECT i, repeat('x', 4000), 's', 'us' FROM generate_series(1000, %s) i", [1000 + pages])
        items.execute("ALTER TABLE items ALTER v SET STORAGE PLAIN")
    items.execute("INSERT INTO items VALUES (2, 'other', 's', 'us'), (3, 'mine', 's', 'eu')")
    items.execute(f"CREATE PUBLICATION {SLOT} FOR TABLE items (id, v) WHERE (id <> 2 AND id < 1000)")
    process = start(leat, items, publication__autocreate__mode="disabled")
    items.execute("INSERT INTO items VALUES (4, 'new', 's', 'eu'), (2000, 'new', 's', 'us')")
    records = leat.wait_log(process, lambda seen: 4 in ids(seen, "items"), "row 4")
    process.stop()
    assert sorted(ids(records, "items")) == [1, 3, 4]
    assert {tuple(r.after) for r in records} == {("id", "v")}


def test_a_row_filter_of_a_table_that_is_added_later(items, leat):
    items.execute(f"CREATE PUBLICATION {SLOT} FOR TABLE items")
    options = {"publication__autocreate__mode": "disabled", "status__update__interval__ms": 100}
    leat.configure(items.url(), tables=["public.items"], **options)
    process = leat.run()
    leat.wait_count(process, 1)
    process.stop()
    items.execute("CREATE TABLE orders (id int PRIMARY KEY, secret text); INSERT INTO orders SELECT i, 's' FROM generate_series(1, 10) i")
    items.execute(f"ALTER PUBLICATION {SLOT} ADD TABLE orders (id) WHERE (id % 2 = 0)")
    leat.configure(items.url(), tables=["public.*"], **options)
    process = leat.run()
    leat.wait_log(process, lambda seen: folded(seen, "orders") == [2, 4, 6, 8, 10], "every other row")
    items.execute("INSERT INTO orders VALUES (11, 's'), (12, 's')")
    records = leat.wait_log(process, lambda seen: 12 in ids(seen, "orders"), "row 12")
    process.stop()
    assert folded(records, "orders") == [2, 4, 6, 8, 10, 12]
    assert {tuple(r.after) for r in records if r.table == "orders"} == {("id",)}


# -- partitions


@pytest.fixture
def parts(database):
    database.execute("CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)")
    database.execute("CREATE TABLE parts_0 PARTITION OF parts FOR VALUES FROM (0) TO (100)")
    database.execute("INSERT INTO parts VALUES (1, 'old')")
    return database


def test_partitions_under_their_root(parts, leat):
    """Added, attached and detached while it runs."""
    process = start(leat, parts, publish__via__partition__root=True, tables=["public.parts"])
    parts.execute("INSERT INTO parts VALUES (2, 'new')")
    parts.execute("CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (100) TO (200)")
    parts.execute("INSERT INTO parts VALUES (100, 'in an added one')")
    parts.execute("CREATE TABLE parts_2 (id int PRIMARY KEY, v text)")
    parts.execute("ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (200) TO (300)")
    parts.execute("INSERT INTO parts VALUES (200, 'in an attached one')")
    parts.execute("UPDATE parts SET id = 201 WHERE id = 2")  # into another partition: a delete and an insert
    parts.execute("ALTER TABLE parts DETACH PARTITION parts_0")
    parts.execute("INSERT INTO parts_0 VALUES (5, 'no longer of it')")
    parts.execute("INSERT INTO parts VALUES (202, 'last')")
    records = leat.wait_log(process, lambda seen: any(not r.tombstone and r.after and r.after["id"] == 202 for r in seen), "row 202")
    process.stop()
    assert {r.table for r in records} == {"parts"}
    assert folded(records, "parts") == [1, 100, 200, 201, 202]
    # A start reads nothing again.
    process = leat.run()
    parts.wait_streaming(detail=process.describe)
    parts.execute("INSERT INTO parts VALUES (203, 'later')")
    after = leat.wait_log(process, lambda seen: len(seen) > len(records), "row 203")
    process.stop()
    assert len(after) == len(records) + 1


def test_partitions_as_tables_of_their_own(parts, leat):
    """One that is added while it runs is found as any new table; one that is attached or detached stays what it is."""
    process = start(leat, parts, tables=["public.*"])
    parts.execute("CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (100) TO (200)")
    parts.execute("INSERT INTO parts VALUES (100, 'in an added one')")
    leat.wait_log(process, lambda seen: folded(seen, "parts_1") == [100], "the new partition's row")
    parts.execute("CREATE TABLE parts_2 (id int PRIMARY KEY, v text); INSERT INTO parts_2 VALUES (200, 'before')")
    leat.wait_log(process, lambda seen: folded(seen, "parts_2") == [200], "the row of a table")
    parts.execute("ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (200) TO (300)")
    parts.execute("ALTER TABLE parts DETACH PARTITION parts_0")
    parts.execute("INSERT INTO parts VALUES (201, 'attached'); INSERT INTO parts_0 VALUES (2, 'detached')")
    records = leat.wait_log(process, lambda seen: folded(seen, "parts_0") == [1, 2], "the detached one's row")
    process.stop()
    assert folded(records, "parts_2") == [200, 201] and {r.table for r in records} == {"parts_0", "parts_1", "parts_2"}
