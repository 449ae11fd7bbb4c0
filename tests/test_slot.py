"""What the slot costs the server: heartbeats, the budget for its WAL, and what is told before the server gives it up."""

import pytest

from harness.leat import SLOT
from harness.postgres import wait_until

ON_16 = True

@pytest.fixture
def items(database):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, 'old')")
    return database


def start(leat, database, **options):
    leat.configure(database.url(), **({"status__update__interval__ms": 100, "tables": ["public.items"]} | options))
    process = leat.run()
    leat.wait_log(process, lambda seen: any(r.op == "r" for r in seen), "the snapshot")
    database.wait_streaming(detail=process.describe)
    return process


# -- heartbeats


def test_heartbeat_records(items, leat):
    """Debezium's, on an idle database: topic, key, value, and the query whose author thinks of his own search_path."""
    items.execute("CREATE TABLE beats (at timestamptz)")
    process = start(leat, items, heartbeat__interval__ms=100,
                    heartbeat__action__query="INSERT INTO beats VALUES (now())")
    topic = "__debezium-heartbeat.shop"
    records = leat.wait_log(process, lambda seen: sum(r.topic == topic for r in seen) >= 3, "three heartbeats")
    wait_until(lambda: items.value("SELECT count(*) FROM beats") >= 3, "the query was run", 30, process.describe)
    process.stop()
    beats = [r for r in records if r.topic == topic]
    assert {str(r.key) for r in beats} == {str({"serverName": "shop"})}
    assert all(list(r.value) == ["ts_ms"] for r in beats)
    times = [r.value["ts_ms"] for r in beats]
    assert times == sorted(set(times))
    assert [r.brief() for r in leat.log("--op", "r,c")] == [("items", "r")]


def test_a_heartbeat_query_that_fails_changes_nothing(items, leat):
    process = start(leat, items, heartbeat__interval__ms=100, heartbeat__action__query="INSERT INTO absent VALUES (1)")
    process.wait_stderr('heartbeat.action.query failed.*|relation "absent" does not exist')
    items.execute("ALTER TABLE items ADD w int")  # asks the catalog over the same connection
    items.execute("INSERT INTO items VALUES (2, 'new', 3)")
    leat.wait_log(process, lambda seen: any(r.op == "c" and r.after["w"] == 3 for r in seen), "row 2")
    process.stop()
    assert process.error_text().count("heartbeat.action.query failed") == 1


def test_no_heartbeat_records_unless_asked_for(items, leat):
    """Nor Leat's own messages, by which it moves a slot that would stand still otherwise."""
    process = start(leat, items)
    items.execute("SELECT pg_logical_emit_message(false, 'leat.heartbeat', '')")
    items.execute("SELECT pg_logical_emit_message(false, 'mine', '')")
    records = leat.wait_log(process, lambda seen: any(r.op == "m" for r in seen), "the message")
    process.stop()
    assert [r.op for r in records] == ["r", "m"] and records[1].key == {"prefix": "mine"}


def test_the_slot_moves_while_others_write(items, leat, server):
    """WAL of another database is no reason to keep it."""
    process = start(leat, items)
    other = server.new_database()
    try:
        other.execute("CREATE TABLE noise AS SELECT repeat('x', 1000) FROM generate_series(1, 3000)")
        after = other.lsn()
        wait_until(lambda: items.value("SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots "
                                       f"WHERE slot_name = '{SLOT}'") >= after,
                   "the slot is confirmed past it", 30, process.describe)
        other.drop_only()
    finally:
        process.stop()


# -- the budget


def fill(database, megabytes):
    database.execute("CREATE TABLE IF NOT EXISTS filler (v text)")
    database.execute("INSERT INTO filler SELECT repeat(md5(i::text), 30) FROM generate_series(1, %s) i", [megabytes * 1000])


class Holder:
    """A transaction that makes the server keep all WAL from its beginning on, and WAL that is kept."""

    def __init__(self, database):
        self.database = database
        self.session = database.connect(autocommit=False)
        self.session.execute("SELECT pg_logical_emit_message(true, 'held', '')")

    def write(self, megabytes=4):
        fill(self.database, megabytes)

    def end(self):
        if not self.session.closed:
            self.session.rollback()
            self.session.close()


@pytest.fixture
def holder(items):
    holder = Holder(items)
    yield holder
    holder.end()


BUDGET = {"slot__wal__budget__bytes": "1MB"}


def start_beside(holder, leat, items, **options):
    """Streaming, while a transaction holds the slot's WAL back."""
    holder.end()
    process = start(leat, items, **BUDGET, **options)
    holder.__init__(items)
    return process


def test_a_slot_over_its_budget_is_told(items, leat, holder):
    process = start_beside(holder, leat, items)
    holder.write()
    process.wait_stderr("PG_WAL_BUDGET.*|makes the server keep")
    items.execute("INSERT INTO items VALUES (2, 'new')")
    leat.wait_log(process, lambda seen: seen[-1].after["id"] == 2, "row 2")
    holder.end()

    def within():
        items.execute("CHECKPOINT")  # logs the running transactions, from which the slot moves on
        return any("within its WAL budget again" in line for line in process.stderr)

    wait_until(within, "it is told that the slot is within its budget again", 60, process.describe)
    process.stop()
    assert len([line for line in process.stderr if "PG_WAL_BUDGET" in line]) <= 3


@pytest.mark.parametrize("policy", ["fail", "drop"])
def test_a_slot_over_its_budget_stops_the_source(items, leat, holder, policy):
    process = start_beside(holder, leat, items, slot__wal__budget__policy=policy)
    holder.write()
    assert process.wait() != 0 and "PG_WAL_BUDGET" in process.error_text(), process.describe()
    assert len(items.slots()) == (1 if policy == "fail" else 0)
    holder.end()
    if policy == "drop":
        assert leat.run().wait() != 0
        leat.configure(items.url(), tables=["public.items"], snapshot__mode="when_needed")
    process = leat.run()
    items.wait_streaming(detail=process.describe)
    items.execute("INSERT INTO items VALUES (2, 'new')")
    leat.wait_log(process, lambda seen: seen[-1].after["id"] == 2, "row 2")
    process.stop()


def test_a_slot_over_its_budget_is_dropped_for_a_new_snapshot(items, leat, holder):
    process = start_beside(holder, leat, items, slot__wal__budget__policy="drop_and_snapshot")
    before = items.slots()[0]["restart_lsn"]
    holder.write()
    process.wait_stderr("PG_SLOT_GIVEN_UP")
    process.wait_stderr("making replication slot(?s:.*)making replication slot|a new snapshot is needed")
    items.execute("INSERT INTO items VALUES (2, 'between')")
    holder.end()  # making a slot waits for it
    leat.wait_log(process, lambda seen: [r.op for r in seen][1:] == ["r", "r"], "both rows are read")
    items.wait_streaming(detail=process.describe)
    items.execute("INSERT INTO items VALUES (3, 'new')")
    records = leat.wait_log(process, lambda seen: seen[-1].after["id"] == 3, "row 3")
    process.stop()
    assert [(r.op, r.after["id"]) for r in records[1:]] == [("r", 1), ("r", 2), ("c", 3)]
    assert items.slots()[0]["restart_lsn"] != before


def test_a_full_disk_does_not_keep_a_slot_over_its_budget(items, small_disk, leat):
    """The moment it matters: the log cannot grow, and the server keeps everything."""
    leat.data = small_disk.path / "data"
    process = start(leat, items, slot__wal__budget__bytes="40MB", slot__wal__budget__policy="drop",
                    log={"segment.bytes": 1 << 20})
    items.execute("INSERT INTO items SELECT i, repeat(md5(i::text), 30) FROM generate_series(2, 15000) i")
    process.wait_stderr("PAUSED.*LOG_DISK_FULL")
    fill(items, 40)
    assert process.wait() != 0, process.describe()
    assert "PG_WAL_BUDGET" in process.error_text(), process.describe()
    assert items.slots() == []


def test_a_slot_that_the_server_is_about_to_give_up(make_server, leat):
    server = make_server("max_slot_wal_keep_size = 48MB\nmin_wal_size = 32MB\nmax_wal_size = 32MB")
    database = server.new_database()
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, 'old')")
    process = start(leat, database)
    holder = Holder(database)
    try:
        def told():
            holder.write()
            return any("PG_SLOT_AT_RISK" in line for line in process.stderr)

        wait_until(told, "it is told", 60, process.describe)
    finally:
        holder.end()


def test_a_slot_that_the_server_gives_up_while_it_is_read(make_server, leat):
    server = make_server("max_slot_wal_keep_size = 1MB\nmin_wal_size = 32MB\nmax_wal_size = 32MB")
    database = server.new_database()
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, 'old')")
    process = start(leat, database)
    holder = Holder(database)
    try:
        def ended():
            holder.write(20)
            database.execute("CHECKPOINT")
            return not process.running

        wait_until(ended, "the source stops", 60, process.describe)
    finally:
        holder.end()
    assert "PG_SLOT_LOST" in process.error_text(), process.describe()
