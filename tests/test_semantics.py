"""What a change shows: replica identities, TOAST, generated columns, partitions, schema changes, the envelope."""

import json

import psycopg
import pytest

from harness.oracle import UNAVAILABLE

# Does not compress into a page, so that it is stored out of line.
BIG = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) i)"


@pytest.fixture
def follow(database, leat):
    """follow(**options) starts leat run without a snapshot; the function it returns gives the records since."""

    def start(**options):
        leat.configure(database.url(), **({"snapshot__mode": "no_data"} | options))
        process = leat.run()
        database.wait_streaming(detail=process.describe)
        taken = [0]

        def records(tombstones=False):
            seen = leat.wait_marker(process, database)
            new, taken[0] = seen[taken[0]:], len(seen)
            return [r for r in new if r.op != "m" and (tombstones or not r.tombstone)]

        records.process = process
        return records

    return start


def test_identity_default(database, follow):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v text)")
    records = follow()
    database.execute("INSERT INTO t VALUES (1, 'a')")
    database.execute("UPDATE t SET v = 'b'")
    database.execute("DELETE FROM t")
    create, update, delete = records()
    assert create.before is None and update.before is None
    # Debezium shows what it does not know of an old row as null.
    assert delete.before == {"id": 1, "v": None} and delete.key == {"id": 1}


def test_identity_full(database, follow):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v text, w int); ALTER TABLE t REPLICA IDENTITY FULL")
    records = follow()
    database.execute("INSERT INTO t VALUES (1, 'a', NULL)")
    database.execute("UPDATE t SET v = 'b'")
    database.execute("UPDATE t SET id = 2")
    database.execute("DELETE FROM t")
    create, update, delete1, create2, delete2 = records()
    assert update.before == {"id": 1, "v": "a", "w": None} and update.after == {"id": 1, "v": "b", "w": None}
    assert (delete1.op, create2.op) == ("d", "c")
    assert delete1.before == {"id": 1, "v": "b", "w": None} and delete1.key == {"id": 1}
    assert create2.after == {"id": 2, "v": "b", "w": None} and create2.key == {"id": 2}
    assert delete2.before == {"id": 2, "v": "b", "w": None} and delete2.key == {"id": 2}


def test_identity_index(database, follow):
    """Without a primary key the key is that of the replica identity's index."""
    database.execute("CREATE TABLE t (a int NOT NULL, b text NOT NULL, v text)")
    database.execute("CREATE UNIQUE INDEX t_ba ON t (b, a); ALTER TABLE t REPLICA IDENTITY USING INDEX t_ba")
    records = follow()
    database.execute("INSERT INTO t VALUES (1, 'x', 'v')")
    database.execute("UPDATE t SET v = 'w'")
    database.execute("UPDATE t SET b = 'y'")
    database.execute("DELETE FROM t")
    create, update, delete1, create2, delete2 = records()
    assert create.key == update.key == {"b": "x", "a": 1}
    assert (delete1.op, delete1.key) == ("d", {"b": "x", "a": 1})
    assert (create2.op, create2.key) == ("c", {"b": "y", "a": 1})
    assert delete2.before == {"a": 1, "b": "y", "v": None}


def test_identity_index_beside_a_primary_key(database, follow):
    """The old row has only the index's columns; the key stays the primary key where it is known."""
    database.execute("CREATE TABLE t (id int PRIMARY KEY, u int NOT NULL UNIQUE, v text)")
    database.execute("ALTER TABLE t REPLICA IDENTITY USING INDEX t_u_key")
    records = follow()
    database.execute("INSERT INTO t VALUES (1, 10, 'v')")
    database.execute("UPDATE t SET v = 'w'")
    database.execute("DELETE FROM t")
    create, update, delete = records()
    assert [r.op for r in (create, update, delete)] == ["c", "u", "d"]
    assert create.key == update.key and delete.key == {name: delete.before[name] for name in delete.key}
    assert None not in delete.key.values(), "a key that is not known is not shown as null"


def test_unique_index_gives_the_key_where_there_is_no_primary_key(database, follow):
    database.execute("CREATE TABLE t (a int NOT NULL, b text NOT NULL, c int NOT NULL, v text); ALTER TABLE t REPLICA IDENTITY FULL")
    database.execute("CREATE UNIQUE INDEX u2 ON t (c); CREATE UNIQUE INDEX u1 ON t (b, a) INCLUDE (v)")
    # None of these tells rows apart for sure, or at any time.
    database.execute("CREATE TABLE n (a int, b int NOT NULL, c int NOT NULL UNIQUE DEFERRABLE, UNIQUE (a, b))")
    database.execute("CREATE UNIQUE INDEX n_part ON n (b) WHERE b > 0; CREATE UNIQUE INDEX n_expression ON n ((b + 1))")
    records = follow()
    database.execute("INSERT INTO t VALUES (1, 'x', 9, 'v'); INSERT INTO n VALUES (1, 2, 3)")
    database.execute("UPDATE t SET v = 'w'; UPDATE t SET b = 'y'")
    database.execute("DELETE FROM t")
    seen = records(tombstones=True)
    assert [r.key for r in seen if r.table == "n"] == [None]
    assert [(r.op, r.key) for r in seen if r.table == "t"] == [
        ("c", {"b": "x", "a": 1}), ("u", {"b": "x", "a": 1}),
        ("d", {"b": "x", "a": 1}), (None, {"b": "x", "a": 1}), ("c", {"b": "y", "a": 1}),
        ("d", {"b": "y", "a": 1}), (None, {"b": "y", "a": 1})]


def test_identity_nothing(database, follow):
    """The source itself refuses update and delete only while it publishes them; inserts are seen."""
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v text); ALTER TABLE t REPLICA IDENTITY NOTHING")
    records = follow()
    database.execute("INSERT INTO t VALUES (1, 'a')")
    create, = records()
    assert create.op == "c" and create.after == {"id": 1, "v": "a"}


def test_table_without_key_never_breaks_the_application(database, follow):
    database.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)")
    database.execute("CREATE TABLE keyed (id int PRIMARY KEY)")
    records = follow()
    database.execute("UPDATE t SET a = 3 WHERE a = 1")
    database.execute("DELETE FROM t WHERE a = 2")
    database.execute("INSERT INTO t VALUES (5)")
    database.execute("INSERT INTO keyed VALUES (1)")
    assert [r.op for r in records() if r.table == "keyed"] == ["c"]
    assert "public.t" in records.process.error_text()


def test_unchanged_toast(database, follow):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, n int, big text, blob bytea, list text[], doc jsonb, nothing text)")
    records = follow()
    database.execute(f"INSERT INTO t SELECT 1, 0, big, big::bytea, ARRAY[big], jsonb_build_array(big), NULL FROM {BIG} AS b(big)")
    database.execute("UPDATE t SET n = 1")
    database.execute(f"UPDATE t SET n = 2, big = upper({BIG})")
    database.execute("UPDATE t SET n = 3, big = NULL")
    create, update, changed, nulled = records()
    big = create.after["big"]
    assert len(big) == 400 * 32 and create.after["list"] == [big] and json.loads(create.after["doc"]) == [big]
    assert update.after["n"] == 1 and update.after["nothing"] is None
    assert update.after["big"] == update.after["doc"] == UNAVAILABLE
    assert update.after["list"] == [UNAVAILABLE], "inside the element type for arrays"
    assert update.after["blob"] is not None and update.after["blob"] != create.after["blob"]
    assert changed.after["big"] == big.upper() and changed.after["doc"] == UNAVAILABLE
    assert nulled.after["big"] is None and nulled.after["doc"] == UNAVAILABLE


def test_unchanged_toast_is_filled_under_full(database, follow):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, n int, big text, list text[])")
    database.execute("ALTER TABLE t REPLICA IDENTITY FULL")
    records = follow()
    database.execute(f"INSERT INTO t SELECT 1, 0, big, ARRAY[big] FROM {BIG} AS b(big)")
    database.execute("UPDATE t SET n = 1")
    create, update = records()
    assert update.before == create.after
    assert update.after == create.after | {"n": 1}


def test_unchanged_toast_in_a_key_change(database, follow):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, big text)")
    records = follow()
    database.execute(f"INSERT INTO t SELECT 1, big FROM {BIG} AS b(big)")
    database.execute("UPDATE t SET id = 2")
    create, delete, moved = records()
    assert (delete.op, moved.op) == ("d", "c") and moved.after == {"id": 2, "big": UNAVAILABLE}


def test_generated_columns_are_absent(database, follow):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED, z int)")
    records = follow()
    database.execute("INSERT INTO t (id, a, z) VALUES (1, 2, 3)")
    create, = records()
    assert create.after == {"id": 1, "a": 2, "z": 3}


def test_generated_columns_are_absent_from_the_snapshot_too(database, leat):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED, z int)")
    database.execute("INSERT INTO t (id, a, z) VALUES (1, 2, 3)")
    leat.configure(database.url())
    process = leat.run()
    read, = leat.wait_count(process, 1)
    assert read.after == {"id": 1, "a": 2, "z": 3}


def test_generated_columns_of_18_where_they_are_published(server, database, follow):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED)")
    publish = "CREATE PUBLICATION leat_shop FOR TABLE t WITH (publish_generated_columns = stored)"
    if server.major < 18:  # pgoutput never sends them
        with pytest.raises(psycopg.errors.SyntaxError):
            database.execute(publish)
        return
    database.execute(publish)
    records = follow(publication__autocreate__mode="disabled")
    database.execute("INSERT INTO t (id, a) VALUES (1, 2)")
    create, = records()
    assert create.after == {"id": 1, "a": 2, "twice": 4}


PARTITIONS = """
CREATE TABLE p (id int, region text, v text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE p_north PARTITION OF p FOR VALUES IN ('n');
CREATE TABLE p_south (region text, v text, id int, PRIMARY KEY (id, region));
ALTER TABLE p ATTACH PARTITION p_south DEFAULT;
"""


@pytest.mark.parametrize("via_root", [True, False])
def test_partitions(database, leat, via_root):
    """Via the root each row is the partitioned table's; otherwise it is its partition's. Snapshot and stream agree."""
    database.execute(PARTITIONS)
    database.execute("INSERT INTO p VALUES (1, 'n', 'a'), (2, 's', 'b')")
    leat.configure(database.url(), publish__via__partition__root=via_root)
    process = leat.run()
    leat.wait_count(process, 2)
    database.execute("INSERT INTO p VALUES (3, 'n', 'c'), (4, 's', 'd')")
    database.execute("UPDATE p SET v = 'e' WHERE id = 4")
    database.execute("UPDATE p SET region = 's' WHERE id = 3")  # moves: a delete and an insert for the server
    seen = [r for r in leat.wait_marker(process, database) if r.op != "m" and not r.tombstone]
    expected = {"n": "p" if via_root else "p_north", "s": "p" if via_root else "p_south"}
    for record in seen:
        row = record.after or record.before
        assert record.table == expected[row["region"]], record.line
        if record.after:
            order = ["region", "v", "id"] if record.table == "p_south" else ["id", "region", "v"]
            assert list(row) == order, record.line
    assert sorted((r.op, (r.after or r.before)["id"]) for r in seen) == [
        ("c", 3), ("c", 3), ("c", 4), ("d", 3), ("r", 1), ("r", 2), ("u", 4)]


def test_partition_attached_while_it_runs(database, follow):
    database.execute(PARTITIONS)
    records = follow(publish__via__partition__root=True)
    database.execute("CREATE TABLE p_west PARTITION OF p FOR VALUES IN ('w'); INSERT INTO p VALUES (1, 'w', 'x')")
    create, = records()
    assert create.table == "p" and create.after["region"] == "w"


def test_schema_change_in_mid_transaction(database, follow):
    """Each row is shown with the columns it had when it was written."""
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a int, b text)")
    records = follow()
    database.transaction(
        "INSERT INTO t VALUES (1, 1, 'x')",
        "ALTER TABLE t ADD COLUMN c numeric(5,2)",
        "INSERT INTO t VALUES (2, 2, 'y', 1.5)",
        "ALTER TABLE t DROP COLUMN a",
        "INSERT INTO t VALUES (3, 'z', 2.5)",
        "ALTER TABLE t RENAME COLUMN b TO bb",
        "UPDATE t SET bb = 'w' WHERE id = 3",
        "ALTER TABLE t ALTER COLUMN c TYPE text",
        "INSERT INTO t VALUES (4, 'v', 'text now')",
        "ALTER TABLE t RENAME TO u",
        "INSERT INTO u VALUES (5, 'r', NULL)",
    )
    rows = [(r.table, r.op, r.after) for r in records()]
    # The server rewrites the table when the type of c changes, and publishes nothing for it.
    assert rows == [
        ("t", "c", {"id": 1, "a": 1, "b": "x"}),
        ("t", "c", {"id": 2, "a": 2, "b": "y", "c": "AJY="}),
        ("t", "c", {"id": 3, "b": "z", "c": "APo="}),
        ("t", "u", {"id": 3, "bb": "w", "c": "APo="}),
        ("t", "c", {"id": 4, "bb": "v", "c": "text now"}),
        ("u", "c", {"id": 5, "bb": "r", "c": None}),
    ]


def test_schema_change_that_is_rolled_back(database, follow):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a int)")
    records = follow()
    database.execute("INSERT INTO t VALUES (1, 1)")
    database.transaction(
        "INSERT INTO t VALUES (2, 2)", "SAVEPOINT s", "ALTER TABLE t ADD COLUMN b int", "INSERT INTO t VALUES (3, 3, 3)",
        "ROLLBACK TO s", "INSERT INTO t VALUES (4, 4)")
    assert [r.after for r in records()] == [{"id": 1, "a": 1}, {"id": 2, "a": 2}, {"id": 4, "a": 4}]


def test_schema_change_while_it_is_stopped(database, leat):
    """Rows written before and after a change that happened while nobody watched keep their own columns."""
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a int)")
    leat.configure(database.url(), snapshot__mode="no_data")
    process = leat.run()
    database.wait_streaming(detail=process.describe)
    database.execute("INSERT INTO t VALUES (1, 1)")
    leat.wait_count(process, 1)
    process.stop()
    database.execute("INSERT INTO t VALUES (2, 2)")
    database.execute("ALTER TABLE t DROP COLUMN a")
    database.execute("ALTER TABLE t ADD COLUMN m money")
    database.execute("INSERT INTO t VALUES (3, 3.5)")
    records = leat.wait_count(leat.run(), 3)
    assert [r.after for r in records] == [{"id": 1, "a": 1}, {"id": 2, "a": 2}, {"id": 3, "m": "AV4="}]


def test_new_type_and_enum_value_while_it_runs(database, follow):
    database.execute("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (id int PRIMARY KEY, m mood)")
    records = follow()
    database.execute("INSERT INTO t VALUES (1, 'sad')")
    database.execute("ALTER TYPE mood ADD VALUE 'glad'")
    database.execute("INSERT INTO t VALUES (2, 'glad')")
    database.transaction("CREATE TYPE later AS (x int, y text[])", "ALTER TABLE t ADD COLUMN l later",
                         "INSERT INTO t VALUES (3, NULL, '(1,\"{a,b}\")')")
    assert [r.after for r in records()] == [
        {"id": 1, "m": "sad"}, {"id": 2, "m": "glad"}, {"id": 3, "m": None, "l": {"x": 1, "y": ["a", "b"]}}]


def test_table_dropped_and_made_again(database, leat):
    """It is another table of the same name: read from its beginning at the next start."""
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a int); CREATE TABLE other (id int PRIMARY KEY)")
    leat.configure(database.url())
    process = leat.run()
    database.wait_streaming(detail=process.describe)
    database.execute("INSERT INTO t VALUES (1, 1)")
    database.execute("DROP TABLE t")
    database.execute("CREATE TABLE t (k text PRIMARY KEY)")
    database.execute("INSERT INTO t VALUES ('x')")
    leat.wait_for_marker(process, database)
    process.stop()
    process = leat.run()
    # It is read beside the stream.
    seen = leat.wait_log(process, lambda seen: any(r.table == "t" and r.op == "r" for r in seen), "the other table's row")
    seen = [r for r in seen if r.table == "t"]
    assert [(r.op, r.key, r.after) for r in seen] == [("c", {"id": 1}, {"id": 1, "a": 1}), ("r", {"k": "x"}, {"k": "x"})]


def test_table_made_while_it_runs(database, leat):
    """It matches the globs: captured from its first row on, or at the latest read in whole after a restart."""
    database.execute("CREATE TABLE t (id int PRIMARY KEY)")
    leat.configure(database.url(), tables=["public.*"])
    process = leat.run()
    database.wait_streaming(detail=process.describe)
    database.transaction("CREATE TABLE n (id int PRIMARY KEY, v text)", "INSERT INTO n VALUES (1, 'x')")
    database.execute("INSERT INTO n VALUES (2, 'y')")
    database.execute("INSERT INTO t VALUES (1)")
    leat.wait_for_marker(process, database)
    process.stop()
    process = leat.run()
    records = leat.wait_log(process, lambda seen: {r.after["id"] for r in seen if r.table == "n"} == {1, 2}, "both rows of n")
    assert sorted(r.after["id"] for r in records if r.table == "n") == [1, 2]
    assert [r.op for r in records if r.table == "t"] == ["c"]


def test_odd_names(database, follow):
    database.execute('CREATE SCHEMA "Sch.ema"; CREATE TABLE "Sch.ema"."Tab""le" ("I d" int PRIMARY KEY, "v""\'x" text)')
    records = follow()
    database.execute('INSERT INTO "Sch.ema"."Tab""le" VALUES (1, \'x\')')
    create, = records()
    assert create.after == {"I d": 1, "v\"'x": "x"} and create.key == {"I d": 1}
    assert create.source["schema"] == "Sch.ema" and create.source["table"] == 'Tab"le'


def test_many_columns_and_wide_rows(database, follow):
    columns = ", ".join(f"c{i} int" for i in range(1500))
    database.execute(f"CREATE TABLE wide (id int PRIMARY KEY, {columns}); CREATE TABLE large (id int PRIMARY KEY, v text)")
    records = follow(tables=["public.wide", "public.large"])
    database.execute(f"INSERT INTO wide VALUES (1, {', '.join('NULL' if i % 3 else str(i) for i in range(1500))})")
    database.execute("INSERT INTO large VALUES (1, repeat('0123456789', 1500000))")
    wide, large = records()
    assert len(wide.after) == 1501 and wide.after["c0"] == 0 and wide.after["c1"] is None and wide.after["c1497"] == 1497
    assert len(large.after["v"]) == 15_000_000


def test_table_without_columns(database, follow):
    database.execute("CREATE TABLE empty (); ALTER TABLE empty REPLICA IDENTITY FULL")
    records = follow()
    database.execute("INSERT INTO empty DEFAULT VALUES")
    create, = records()
    assert create.after == {} and create.key is None


def test_truncate_cascade_and_restart(database, follow):
    database.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a)")
    records = follow()
    database.execute("TRUNCATE a RESTART IDENTITY CASCADE")
    assert sorted((r.table, r.op, r.key) for r in records()) == [("a", "t", None), ("b", "t", None)]


def test_only_captured_tables_are_in_the_log(database, follow):
    database.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE secret (id int PRIMARY KEY)")
    records = follow(tables=["public.a"])
    database.execute("INSERT INTO secret VALUES (1)")
    database.execute("INSERT INTO a VALUES (1)")
    assert [r.table for r in records()] == ["a"]
    published = database.rows("SELECT tablename FROM pg_publication_tables")
    assert published == [("a",)], "a table that is not captured is not published"


def test_tombstones_can_be_left_out(database, follow):
    database.execute("CREATE TABLE t (id int PRIMARY KEY)")
    records = follow(tombstones__on__delete=False)
    database.execute("INSERT INTO t VALUES (1)")
    database.execute("DELETE FROM t")
    assert [r.op for r in records(tombstones=True)] == ["c", "d"]


def test_transaction_metadata(database, follow):
    database.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)")
    records = follow(provide__transaction__metadata=True)
    database.transaction("INSERT INTO a VALUES (1)", "INSERT INTO b VALUES (1)", "INSERT INTO a VALUES (2)")
    seen = [r for r in records() if r.topic.endswith((".a", ".b"))]
    assert [(r.transaction["total_order"], r.transaction["data_collection_order"]) for r in seen] == [(1, 1), (2, 1), (3, 2)]
    ids = {r.transaction["id"] for r in seen}
    assert len(ids) == 1 and ids.pop().split(":")[0] == str(seen[0].source["txId"])


def test_schemas_enabled(database, leat):
    """{"schema":…,"payload":…} in key and value, and the schema describes the payload."""
    database.execute("CREATE TABLE t (id int PRIMARY KEY, n numeric(5,2) NOT NULL, w timestamptz, l int[], d date)")
    leat.configure(database.url(), schemas__enable=True)
    process = leat.run()
    database.wait_streaming(detail=process.describe)
    database.execute("INSERT INTO t VALUES (1, 1.5, '2020-01-01 00:00+00', '{1,NULL}', '1970-01-02')")
    record, = leat.wait_count(process, 1)
    key, value = record.key, record.value
    assert set(key) == set(value) == {"schema", "payload"}
    assert key["payload"] == {"id": 1} and key["schema"]["type"] == "struct"
    assert key["schema"]["fields"][0] == {"type": "int32", "optional": False, "field": "id"} | key["schema"]["fields"][0]
    schema = value["schema"]
    assert schema["name"].endswith(".public.t.Envelope")
    fields = {field["field"]: field for field in schema["fields"]}
    assert list(value["payload"]) == list(fields)
    after = {field["field"]: field for field in fields["after"]["fields"]}
    assert list(after) == list(value["payload"]["after"])
    assert after["id"]["type"] == "int32" and after["id"]["optional"] is False
    assert after["n"]["type"] == "bytes" and after["n"]["name"] == "org.apache.kafka.connect.data.Decimal"
    assert after["n"]["parameters"]["scale"] == "2" and after["n"]["optional"] is False
    assert after["w"]["name"] == "io.debezium.time.ZonedTimestamp" and after["w"]["optional"] is True
    assert after["d"]["name"] == "io.debezium.time.Date" and after["d"]["type"] == "int32"
    assert after["l"]["type"] == "array" and after["l"]["items"]["type"] == "int32"
    source = {field["field"]: field["type"] for field in fields["source"]["fields"]}
    assert source["lsn"] == "int64" and source["table"] == "string"
    assert value["payload"]["after"]["n"] == "AJY="
