"""The publications a source is read through: what is added to them later, what is lost with them, whose they are."""

import pytest

from harness.leat import SLOT


@pytest.fixture
def items(database):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, 'old')")
    return database


def ids(leat, table="items"):
    return sorted(r.after["id"] for r in leat.log() if r.table == table)


def captured(leat, database, count=1, **options):
    leat.configure(database.url(), **options)
    process = leat.run()
    leat.wait_count(process, count)
    return process


def assert_gap(process):
    assert process.wait() != 0 and "PG_PUBLICATION" in process.error_text(), process.describe()
    assert "when_needed" in process.error_text()


def test_a_table_without_key_is_added_while_changes_wait(items, leat):
    """Servers before 18 cannot decode what was written before a publication of the stream was made."""
    captured(leat, items).stop()
    items.execute("INSERT INTO items VALUES (2, 'waiting')")
    items.execute("CREATE TABLE notes (id int); INSERT INTO notes VALUES (7)")
    process = leat.run()
    leat.wait_count(process, 3)
    items.execute("INSERT INTO notes VALUES (8)")
    leat.wait_count(process, 4)
    process.stop()
    assert ids(leat) == [1, 2] and ids(leat, "notes") == [7, 8]


def test_a_publication_that_is_gone_is_a_gap(items, leat):
    captured(leat, items).stop()
    items.execute(f"DROP PUBLICATION {SLOT}")
    items.execute("INSERT INTO items VALUES (2, 'unseen')")
    assert_gap(leat.run())
    assert items.publications() == [f"{SLOT}_inserts"], "nothing is made anew behind the operator's back"
    leat.configure(items.url(), snapshot__mode="when_needed")
    process = leat.run()
    leat.wait_count(process, 3)
    process.stop()
    assert set(ids(leat)) == {1, 2}


@pytest.mark.parametrize("name", [SLOT, f"{SLOT}_inserts"])
def test_a_publication_that_was_made_again_is_a_gap(items, leat, name):
    items.execute("CREATE TABLE notes (id int)")
    captured(leat, items).stop()
    if name == SLOT:
        items.execute(f"DROP PUBLICATION {name}")
        items.execute("INSERT INTO items VALUES (2, 'unseen')")
        items.execute(f"CREATE PUBLICATION {name} FOR TABLE items")
    else:
        items.execute(f"DROP PUBLICATION {name}")
        items.execute("INSERT INTO notes VALUES (2)")
        items.execute(f"CREATE PUBLICATION {name} FOR TABLE notes WITH (publish = 'insert, truncate')")
    assert_gap(leat.run())
    leat.configure(items.url(), snapshot__mode="when_needed")
    process = leat.run()
    leat.wait_count(process, 3)
    process.stop()


def test_a_publication_that_goes_under_the_stream_is_a_gap(items, leat):
    """A server from 18 on only warns, and leaves the changes out."""
    process = captured(leat, items)
    items.wait_streaming()
    items.execute(f"DROP PUBLICATION {SLOT}")
    items.execute("INSERT INTO items VALUES (2, 'unseen')")
    assert_gap(process)
    assert ids(leat) == [1]


def test_another_publication_name_is_a_gap(items, leat):
    captured(leat, items).stop()
    items.execute("INSERT INTO items VALUES (2, 'waiting')")
    leat.configure(items.url(), publication__name="other")
    assert_gap(leat.run())
    leat.configure(items.url())
    process = leat.run()
    leat.wait_count(process, 2)
    process.stop()


def test_a_publication_of_a_schema_is_used_as_it_is(items, leat):
    items.execute("CREATE TABLE other (id int PRIMARY KEY); CREATE PUBLICATION mine FOR TABLES IN SCHEMA public")
    process = captured(leat, items, publication__name="mine", tables=["public.items"])
    items.execute("INSERT INTO other VALUES (1)")
    items.execute("INSERT INTO items VALUES (2, 'new')")
    leat.wait_count(process, 2)
    process.stop()
    assert ids(leat) == [1, 2] and len(leat.log()) == 2
    assert items.rows("SELECT count(*) FROM pg_publication_namespace") == [(1,)]


def test_a_publication_without_updates_is_told(items, leat):
    items.execute("CREATE PUBLICATION mine FOR TABLE items WITH (publish = 'insert')")
    process = captured(leat, items, publication__name="mine", publication__autocreate__mode="disabled")
    assert "mine leaves out updates" in process.error_text()
    process.stop()


def test_the_partition_root_may_be_chosen_later(database, leat):
    database.execute("CREATE TABLE items (id int PRIMARY KEY) PARTITION BY RANGE (id)")
    database.execute("CREATE TABLE items_1 PARTITION OF items FOR VALUES FROM (0) TO (100)")
    database.execute("INSERT INTO items VALUES (1)")
    captured(leat, database).stop()
    leat.configure(database.url(), publish__via__partition__root=True, tables=["public.items"])
    process = leat.run()
    leat.wait_count(process, 2)
    database.execute("INSERT INTO items VALUES (2)")
    leat.wait_count(process, 3)
    process.stop()
    assert ids(leat, "items_1") == [1] and ids(leat) == [1, 2]


def test_a_table_that_is_swapped_for_another_while_the_slot_is_made(items, leat):
    """Names are read again under a lock: the snapshot must not take the new table for the old one."""
    items.execute("CREATE TABLE items_new (id int PRIMARY KEY, v text); INSERT INTO items_new VALUES (5, 'new')")
    with items.connect(autocommit=False) as session:
        session.execute("SELECT txid_current()")  # making a slot waits for it
        leat.configure(items.url(), tables=["public.items"])
        process = leat.run()
        process.wait_stderr("making replication slot")
        items.execute("ALTER TABLE items RENAME TO items_old; ALTER TABLE items_new RENAME TO items")
    leat.wait_count(process, 1)
    items.wait_streaming()
    items.execute("INSERT INTO items VALUES (6, 'streamed')")
    leat.wait_count(process, 2)
    process.stop()
    assert ids(leat) == [5, 6]


def test_a_table_without_key_beside_a_publication_of_somebody_else(items, leat):
    """The second publication did not exist when the slot was made: a server before 18 cannot add it later."""
    items.execute(f"CREATE PUBLICATION {SLOT} FOR TABLE items")
    captured(leat, items).stop()
    items.execute("CREATE TABLE notes (id int); INSERT INTO notes VALUES (7)")
    process = leat.run()
    if items.server.major < 18:
        assert_gap(process)
        assert "public.notes" in process.error_text().replace('"', "") and "REPLICA IDENTITY FULL" in process.error_text()
        items.execute("ALTER TABLE notes REPLICA IDENTITY FULL")
        process = leat.run()
    leat.wait_count(process, 2)
    items.wait_streaming(detail=process.describe)
    items.execute("INSERT INTO notes VALUES (8); INSERT INTO items VALUES (2, 'new')")
    leat.wait_count(process, 4)
    process.stop()
    assert ids(leat, "notes") == [7, 8] and ids(leat) == [1, 2]


def test_a_publication_that_is_made_again_under_the_stream(items, leat):
    """Answered at once, by what the configuration says."""
    process = captured(leat, items, status__update__interval__ms=100)
    items.wait_streaming()
    items.transaction(f"DROP PUBLICATION {SLOT}", f"CREATE PUBLICATION {SLOT} FOR TABLE items")
    assert_gap(process)
    leat.configure(items.url(), status__update__interval__ms=100, snapshot__mode="when_needed")
    process = leat.run()
    leat.wait_count(process, 2)
    items.wait_streaming()
    items.transaction(f"DROP PUBLICATION {SLOT}", f"CREATE PUBLICATION {SLOT} FOR TABLE items")
    leat.wait_count(process, 3)
    process.stop()
