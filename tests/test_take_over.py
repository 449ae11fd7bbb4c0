"""Going on from a slot that another reader, Debezium most often, has left behind."""

import json

import pytest

from harness.fold import Folded
from harness.leat import assert_refused
from harness.postgres import wait_until

SLOT = "debezium"


@pytest.fixture
def items(database):
    """A table that a reader of the slot has captured up to row 3; it has stopped, and more was committed since."""
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text)")
    database.execute("CREATE PUBLICATION dbz_publication FOR ALL TABLES")
    database.execute(f"SELECT pg_create_logical_replication_slot('{SLOT}', 'pgoutput')")
    database.execute("INSERT INTO items VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    database.execute(f"SELECT pg_replication_slot_advance('{SLOT}', pg_current_wal_lsn())")
    database.execute("INSERT INTO items VALUES (4, 'between')")
    database.transaction("UPDATE items SET v = 'changed' WHERE id = 1", "DELETE FROM items WHERE id = 2")
    return database


class Connector:
    def __init__(self, leat, database):
        self.leat, self.database = leat, database

    def run(self, data=None, **options):
        """`__` in a keyword stands for a dot."""
        config = {
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector", "plugin.name": "pgoutput",
            "database.hostname": "127.0.0.1", "database.port": str(self.database.server.port), "database.user": "postgres",
            "database.dbname": self.database.name, "topic.prefix": "shop", "slot.name": SLOT,
            "key.converter.schemas.enable": "false", "value.converter.schemas.enable": "false",
        } | {name.replace("__", "."): value for name, value in options.items()}
        path = self.leat.folder / "connector.json"
        path.write_text(json.dumps({"name": "shop", "config": config}))
        return self.leat.start("run", "--debezium", path, "--data-dir", data or self.leat.data)


@pytest.fixture
def connector(items, leat):
    return Connector(leat, items)


def images(records):
    return [(r.op, (r.after or r.before)["id"], (r.after or {}).get("v")) for r in records if r.value]


@pytest.mark.parametrize("mode", ["no_data", "never"])
def test_the_stream_goes_on(items, leat, connector, mode):
    process = connector.run(snapshot__mode=mode)
    leat.wait_count(process, 4)
    items.execute("INSERT INTO items VALUES (5, 'new')")
    leat.wait_count(process, 5)
    process.stop()
    process = connector.run(snapshot__mode=mode)
    items.execute("INSERT INTO items VALUES (6, 'again')")
    records = leat.wait_count(process, 6)
    process.stop()
    assert images(records) == [("c", 4, "between"), ("u", 1, "changed"), ("d", 2, None), ("c", 5, "new"), ("c", 6, "again")]
    assert items.publications() == ["dbz_publication"] and [s["slot_name"] for s in items.slots()] == [SLOT]


@pytest.mark.parametrize("mode", ["initial", "when_needed", "always"])
def test_a_snapshot_beside_the_slot(items, leat, connector, mode):
    """The rows as they are now, once; what was committed before they were read does not come again."""
    process = connector.run(snapshot__mode=mode)
    process.wait_stderr("going on from replication slot debezium at ")
    leat.wait_count(process, 3)
    items.wait_streaming()
    items.transaction("INSERT INTO items VALUES (5, 'new')", "UPDATE items SET v = 'late' WHERE id = 4")
    items.execute("DELETE FROM items WHERE id = 3")
    records = leat.wait_count(process, 7)
    process.stop()
    assert sorted(images(records[:3])) == [("r", 1, "changed"), ("r", 3, "c"), ("r", 4, "between")]
    assert images(records[3:]) == [("c", 5, "new"), ("u", 4, "late"), ("d", 3, None)]
    assert [s["slot_name"] for s in items.slots()] == [SLOT], "no other slot"


def many(items, first, last):
    """A transaction for each row."""
    items.execute(f"DO $$ BEGIN FOR i IN {first}..{last} LOOP INSERT INTO items VALUES (i, 'x'); COMMIT; END LOOP; END $$")


def test_kills_while_the_stream_goes_on(items, leat, connector):
    many(items, 10, 3009)
    process = connector.run(snapshot__mode="no_data")
    process.wait_stderr("going on from replication slot")
    process.kill()
    process = connector.run(snapshot__mode="no_data")
    leat.wait_log(process, lambda seen: seen, "something in the log")
    process.kill()
    process = connector.run(snapshot__mode="no_data")
    records = leat.wait_count(process, 3004)
    process.stop()
    assert images(records)[:3] == [("c", 4, "between"), ("u", 1, "changed"), ("d", 2, None)]
    assert [r.after["id"] for r in records[4:]] == list(range(10, 3010))


def test_kills_while_tables_are_read(items, leat, connector):
    many(items, 10, 1009)
    items.execute("INSERT INTO items SELECT i, repeat('y', 500) FROM generate_series(2000, 41999) i")
    process = connector.run()
    process.wait_stderr("going on from replication slot")
    process.kill()
    process = connector.run()
    leat.wait_log(process, lambda seen: seen, "rows in the log")
    process.kill()
    process = connector.run()
    items.wait_streaming(detail=process.describe)
    items.execute("UPDATE items SET v = 'end' WHERE id = 1")
    leat.wait_for_incremental(process)
    records = leat.wait_marker(process, items)
    process.stop()
    folded = Folded(strict="inserts")
    for record in records:
        folded.apply(record)
    state = {row["id"]: row["v"] for row in folded.tables["shop.public.items"].values()}
    assert state == dict(items.rows("SELECT id, v FROM items"))


def test_refused_unless_asked_for(items, leat):
    options = {"slot__name": SLOT, "publication": {"name": "dbz_publication", "autocreate.mode": "disabled"}}
    leat.configure(items.url(), **options)
    assert_refused(leat.run(), "PG_SLOT_UNKNOWN", "slot.take.over: true")
    assert leat.log_or_nothing() == [] and len(items.slots()) == 1
    leat.configure(items.url(), slot__take__over=True, snapshot__mode="no_data", **options)
    process = leat.run()
    records = leat.wait_count(process, 4)
    process.stop()
    assert images(records) == [("c", 4, "between"), ("u", 1, "changed"), ("d", 2, None)]


def test_a_slot_that_is_read_is_refused(items, leat, connector):
    process = connector.run()
    leat.wait_count(process, 3)
    items.wait_streaming()
    for mode in ("initial", "when_needed"):
        assert_refused(connector.run(leat.folder / "second", snapshot__mode=mode), "PG_SLOT_IN_USE")
    process.stop()


def test_without_its_publication(items, leat, connector):
    items.execute("DROP PUBLICATION dbz_publication")
    assert_refused(connector.run(), "PG_PUBLICATION", "publication.name")
    assert items.publications() == [] and len(items.slots()) == 1
    process = connector.run(leat.folder / "second", snapshot__mode="when_needed")
    process.wait_stderr("a new snapshot is needed")
    leat.wait_count(process, 3, data=leat.folder / "second")
    process.stop()


def test_initial_only_leaves_the_slot_alone(items, leat, connector):
    before = items.slots()[0]["confirmed_flush_lsn"]
    process = connector.run(snapshot__mode="initial_only")
    leat.wait_count(process, 3)
    wait_until(lambda: not process.running, "the snapshot is all there is", 60, process.describe)
    assert items.slots()[0]["confirmed_flush_lsn"] == before
