"""Standbys: a slot that outlives a failover, a source that reads from a standby, and what is lost by a failover."""

import signal

import pytest

from conftest import missing
from harness.leat import SLOT
from harness.postgres import MAJORS, Database, Server, home, wait_until


class Pair:
    """A primary and its standby, with a database of the test's own."""

    def __init__(self, server, **standby_conf):
        self.primary = server
        server.query("SELECT pg_create_physical_replication_slot('standby')")
        self.database = server.new_database("shop")
        self.database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, 'old')")
        self.database.connection.close()
        server.stop()
        conf = {"primary_conninfo": f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres",
                "primary_slot_name": "standby", "hot_standby_feedback": "on", **standby_conf}
        self.standby = Server.copy_of(server, "\n".join(f"{name} = '{value}'" for name, value in conf.items()), "standby.signal")
        server.start()
        self.standby.start()
        self.replica = Database(self.standby, "shop")

    def wait_replayed(self):
        lsn = self.primary.query("SELECT pg_current_wal_lsn()")[0][0]
        wait_until(lambda: self.standby.query("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [lsn])[0][0],
                   "the standby has replayed everything")

    def url(self, query=""):
        return (f"postgresql://postgres@127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}/shop{query}")

    def fail_over(self):
        self.database.connection.close()
        self.primary.stop(signal.SIGQUIT)
        self.standby.query("SELECT pg_promote()")

    def destroy(self):
        for database in (self.database, self.replica):
            if database._connection is not None:
                database._connection.close()
        self.standby.destroy()


@pytest.fixture
def make_pair(binary):
    """Pairs of the version that a test is about."""
    pairs, servers = [], []

    def make(major=18, **conf):
        if home(major) is None:
            missing(f"PostgreSQL {major} is not here: scripts/setup.sh test")
        servers.append(Server(major).start())
        pairs.append(Pair(servers[-1], **conf))
        return pairs[-1]

    yield make
    for one in [*pairs, *servers]:
        one.destroy()


def ids(records):
    return [r.after["id"] for r in records]


# -- failover


@pytest.mark.parametrize("query", ["", "?target_session_attrs=read-write"])
@pytest.mark.parametrize("altered", [False, True])
def test_a_failover_slot(make_pair, leat, query, altered):
    """The standby has a copy of the slot, and all that was captured: the stream goes on there, exactly."""
    pair = make_pair(sync_replication_slots="on")
    pair.primary.query("ALTER SYSTEM SET synchronized_standby_slots = 'standby'")
    pair.primary.query("SELECT pg_reload_conf()")
    leat.configure(pair.url(query), slot__failover=not altered, status__update__interval__ms=100)
    process = leat.run()
    leat.wait_count(process, 1)
    if altered:  # a slot that is there already is changed
        process.stop()
        leat.configure(pair.url(query), slot__failover=True, status__update__interval__ms=100)
        process = leat.run()
    pair.database.wait_streaming(detail=process.describe)
    assert pair.database.slots(slot_name=SLOT)[0]["failover"]
    pair.database.execute("INSERT INTO items VALUES (2, 'new')")
    leat.wait_count(process, 2)
    wait_until(lambda: pair.standby.slots(slot_name=SLOT, synced=True, temporary=False), "the slot is copied", 60,
               lambda: pair.standby.log_tail())
    pair.database.execute("INSERT INTO items VALUES (3, 'before the failover')")
    leat.wait_count(process, 3)
    pair.wait_replayed()
    pair.fail_over()
    pair.replica.execute("INSERT INTO items VALUES (4, 'after the failover')")
    records = leat.wait_count(process, 4, 120)
    process.kill()
    process = leat.run()
    pair.replica.execute("INSERT INTO items VALUES (5, 'later')")
    records = leat.wait_count(process, 5, 120)
    process.stop()
    assert ids(records) == [1, 2, 3, 4, 5]


def test_a_failover_slot_with_two_phase(make_pair, leat):
    """One that is prepared on the primary, and committed after the failover. 18; 17 does the same."""
    pair = make_pair(sync_replication_slots="on")
    options = {"tables": ["public.*"], "status__update__interval__ms": 100}
    leat.configure(pair.url(), **options, slot__failover=True)
    process = leat.run()
    leat.wait_for_marker(process, pair.database)
    process.stop()
    leat.configure(pair.url(), **options, slot__failover=True, two__phase=True)
    process = leat.run()
    leat.wait_for_marker(process, pair.database)
    wait_until(lambda: pair.standby.slots(slot_name=SLOT, synced=True, temporary=False), "the slot is copied", 60,
               lambda: pair.standby.log_tail())
    with pair.database.connect(autocommit=False) as one:
        one.execute("INSERT INTO items VALUES (2, 'prepared')")
        one.execute("PREPARE TRANSACTION 'p'")
    leat.wait_for_marker(process, pair.database)
    pair.wait_replayed()
    pair.primary.query("CHECKPOINT")
    pair.fail_over()
    pair.replica.execute("COMMIT PREPARED 'p'")
    pair.replica.execute("INSERT INTO items VALUES (3, 'after')")
    leat.wait_for_marker(process, pair.replica, 90)
    assert ids([r for r in leat.log() if r.table == "items"]) == [1, 2, 3]
    process.stop()


def test_a_failover_that_loses_what_was_captured(make_pair, leat):
    """Without synchronized_standby_slots a change may be captured before the standby has it."""
    pair = make_pair(sync_replication_slots="on")
    leat.configure(pair.url(), slot__failover=True, status__update__interval__ms=100)
    process = leat.run()
    leat.wait_count(process, 1)
    wait_until(lambda: pair.standby.slots(slot_name=SLOT, synced=True, temporary=False), "the slot is copied", 60,
               lambda: pair.standby.log_tail())
    # The standby receives no more.
    pair.standby.query("ALTER SYSTEM SET primary_conninfo = ''")
    pair.standby.query("SELECT pg_reload_conf()")
    wait_until(lambda: not pair.standby.query("SELECT * FROM pg_stat_wal_receiver"), "the standby receives nothing more")
    pair.database.execute("INSERT INTO items VALUES (2, 'lost')")
    leat.wait_count(process, 2)
    pair.fail_over()
    assert process.wait(120) != 0 and "PG_TIMELINE_CHANGED" in process.error_text(), process.describe()
    assert ids(leat.log()) == [1, 2]


@pytest.mark.parametrize("major", MAJORS)
def test_a_failover_without_the_slot(make_pair, leat, major):
    pair = make_pair(major)
    leat.configure(pair.url("?target_session_attrs=read-write"))
    process = leat.run()
    leat.wait_count(process, 1)
    pair.wait_replayed()
    pair.fail_over()
    assert process.wait(120) != 0 and "PG_SLOT_LOST" in process.error_text(), process.describe()
    assert "slot.failover" in process.error_text()


def test_what_an_older_server_cannot_do_is_refused(make_pair, leat):
    pair = make_pair(15)
    leat.configure(pair.database.url(), slot__failover=True)
    process = leat.run()
    assert process.wait() != 0 and "PG_VERSION" in process.error_text(), process.describe()
    assert pair.database.slots() == []
    leat.configure(pair.replica.url())
    process = leat.run()
    assert process.wait() != 0 and "PG_STANDBY" in process.error_text(), process.describe()


# -- reading from a standby


def test_a_slot_on_a_standby(make_pair, leat):
    """Snapshot and stream of a standby; then it is promoted under the stream, and again between two starts."""
    pair = make_pair()
    leat.configure(pair.replica.url(), status__update__interval__ms=100)
    process = leat.run()
    assert process.wait() != 0 and "PG_PUBLICATION" in process.error_text(), process.describe()
    assert "on the primary" in process.error_text()
    pair.database.execute(f"CREATE PUBLICATION {SLOT} FOR TABLE items")
    pair.wait_replayed()
    process = leat.run()
    process.wait_stderr("making replication slot.*pg_log_standby_snapshot")

    def read():
        pair.database.execute("SELECT pg_log_standby_snapshot()")
        return leat.log_or_nothing()

    process.wait_for(read, "the snapshot is read")
    for number in (2, 3):
        pair.database.execute(f"INSERT INTO items VALUES ({number}, 'new')")
        leat.wait_count(process, number)
        process.kill()
        process = leat.run()
    pair.replica.wait_streaming(detail=process.describe)
    pair.wait_replayed()
    pair.fail_over()
    for number in (4, 5):
        pair.replica.execute(f"INSERT INTO items VALUES ({number}, 'after')")
        records = leat.wait_count(process, number, 120)
    process.stop()
    process = leat.run()
    pair.replica.execute("INSERT INTO items VALUES (6, 'later')")
    records = leat.wait_count(process, 6, 120)
    process.stop()
    assert ids(records) == [1, 2, 3, 4, 5, 6]
