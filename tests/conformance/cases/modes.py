"""Snapshot modes, stops and starts, heartbeats: what depends on when something happens."""

import json

from harness.postgres import wait_until

from ..case import Case

TABLES = (
    "CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (id int PRIMARY KEY, v text); CREATE TABLE c (v text)",
    "INSERT INTO a SELECT i, 'row ' || i FROM generate_series(1, 50) i; INSERT INTO b VALUES (1, 'one')",
)
CHANGES = ("INSERT INTO a VALUES (101, 'x'); UPDATE b SET v = 'two'", "DELETE FROM a WHERE id <= 3; INSERT INTO c VALUES ('c')")
MORE = ("INSERT INTO a VALUES (201, 'while stopped')", "UPDATE a SET v = 'again' WHERE id = 101; DELETE FROM b")


def restarted(run):
    """Both stop in the middle, and go on where they were."""
    run.start()
    run.wait_streaming()
    run.change(CHANGES)
    run.end()
    run.read_debezium(run.read_leat())
    run.connector.stop()
    run.process.stop()
    run.change(MORE)
    run.connector.resume()
    run.start_leat()
    run.wait_streaming()
    run.end()
    return run.result()


def taken_over(run):
    """Leat goes on from a copy of the slot that Debezium was stopped at; what Debezium itself writes from there on is the measure."""
    slot = run.config["slot.name"]
    run.start_debezium()
    run.wait_slot(slot, run.connector.connect.process.tail, run.connector.check)
    run.change(CHANGES)
    run.end()
    end = max(record.payload["source"]["lsn"] for records in run.read_debezium({}).values() for record in records if record.payload)
    sql = "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND confirmed_flush_lsn >= '0/0'::pg_lsn + %s::numeric"

    def confirmed():
        """What Connect has not yet flushed when the last record comes, Debezium confirms only with the next."""
        return run.database.rows(sql, [slot, end]) or run.end()

    wait_until(confirmed, "Debezium has confirmed what it wrote", 60, run.connector.connect.process.tail)
    before = run.read_debezium({})
    run.connector.stop()
    run.database.execute(f"SELECT pg_copy_logical_replication_slot('{slot}', 'leat_{run.prefix}')")
    run.change(MORE)
    run.start_leat(snapshot__mode="no_data", publication__name=run.config["publication.name"])
    run.connector.resume()
    run.wait_streaming()
    run.end()
    leat = run.read_leat()
    expected = {topic: [*before.get(topic, []), *records] for topic, records in leat.items()}
    after = {topic: records[len(before.get(topic, [])):] for topic, records in run.read_debezium(expected).items()}
    return run.compare({topic: records for topic, records in after.items() if records}, leat)


def snapshot_only(run):
    """Nothing is streamed: both end with the snapshot's last row."""
    run.start()
    return run.result(lambda records: sum(record.op == "r" for record in records) >= 51)


def beating(run):
    """Until Leat has written a heartbeat: it looks whether one is due where something is committed."""
    run.start()
    run.wait_streaming()

    def beats():
        run.end()
        return any(topic.startswith("__debezium-heartbeat") for topic in run.read_leat())

    wait_until(beats, "a heartbeat", 60)
    return run.result()


SIGNALS = "CREATE TABLE debezium_signal (id varchar(42) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048))"


def signalled(kind, tables, count):
    """A snapshot that the signal table asks for. What Debezium writes into that table itself is not compared."""

    def flow(run):
        run.start()
        run.wait_streaming()
        run.change(CHANGES)
        data = json.dumps({"data-collections": tables, "type": kind})
        run.change([f"INSERT INTO debezium_signal VALUES ('s1', 'execute-snapshot', '{data}')"])

        def rows(records):
            return sum(record.op == "r" for record in records) >= count

        run.read_debezium(run.read_leat(rows), rows)
        run.end()
        result = run.result()
        return run.compare({topic: records for topic, records in result.debezium.items() if "signal" not in topic},
                           {topic: records for topic, records in result.leat.items() if "signal" not in topic})

    return flow


CASES = [
    Case("snapshot_initial_restart", "snapshot.mode=initial, stopped and started in the stream", TABLES, flow=restarted,
         short=True),
    Case("taken_over", "Leat goes on from the slot that Debezium has left behind, snapshot.mode=no_data", TABLES, flow=taken_over,
         differences=("last transaction before taking over",), short=True),
    Case("snapshot_no_data", "snapshot.mode=no_data", TABLES, CHANGES, {"snapshot.mode": "no_data"}),
    Case("snapshot_initial_only", "snapshot.mode=initial_only", TABLES, (), {"snapshot.mode": "initial_only"}, flow=snapshot_only),
    Case("snapshot_always", "snapshot.mode=always, stopped and started", TABLES, (), {"snapshot.mode": "always"}, flow=restarted,
         differences=("committed while stopped, with always", "sequence after skipped changes")),
    Case("snapshot_when_needed", "snapshot.mode=when_needed, stopped and started", TABLES, (), {"snapshot.mode": "when_needed"},
         flow=restarted),
    Case("heartbeats", "heartbeat.interval.ms", TABLES, (), {"heartbeat.interval.ms": "100"}, flow=beating, first_only="__debezium-heartbeat"),
    Case("snapshot_incremental", "an incremental snapshot, asked for in the signal table", (*TABLES, SIGNALS), (),
         {"snapshot.mode": "no_data", "signal.data.collection": "public.debezium_signal"}, flow=signalled("incremental", ["public.a"], 48)),
    Case("snapshot_blocking", "a blocking snapshot, asked for in the signal table, also of a table without a key", (*TABLES, SIGNALS), (),
         {"snapshot.mode": "no_data", "signal.data.collection": "public.debezium_signal"},
         flow=signalled("blocking", ["public.a", "public.c"], 49)),
    Case("tables_chosen", "table.include.list, schema.exclude.list and snapshot of an empty table",
         ("CREATE SCHEMA other; CREATE TABLE other.o (id int PRIMARY KEY); INSERT INTO other.o VALUES (1)", *TABLES,
          "CREATE TABLE left_out (id int PRIMARY KEY); INSERT INTO left_out VALUES (1)"),
         (*CHANGES, "INSERT INTO left_out VALUES (2); INSERT INTO other.o VALUES (2)"),
         {"table.include.list": "public.a,public.b,public.c,public.zz_end,other.*"}),
    Case("publication_filtered", "publication.autocreate.mode=filtered", TABLES, CHANGES,
         {"publication.autocreate.mode": "filtered", "table.include.list": "public\\.(a|b|zz_end)"}),
]
