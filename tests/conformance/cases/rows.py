"""What a row change becomes: operations, keys, tombstones, replica identities, TRUNCATE, unchanged values."""

from ..case import Case

# Does not compress into a page, so that it is stored out of line.
BIG = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) i)"
SCHEMAS = {"key.converter.schemas.enable": "true", "value.converter.schemas.enable": "true",
           "header.converter.schemas.enable": "true"}

IDENTITIES = (
    "CREATE TABLE i_default (id int PRIMARY KEY, v text, n int NOT NULL, d numeric(5,2) NOT NULL, t timestamptz NOT NULL)",
    "CREATE TABLE i_full (id int PRIMARY KEY, v text, n int NOT NULL); ALTER TABLE i_full REPLICA IDENTITY FULL",
    "CREATE TABLE i_full_no_key (id int, v text); ALTER TABLE i_full_no_key REPLICA IDENTITY FULL",
    "CREATE TABLE i_index (a int NOT NULL, b text NOT NULL, v text); CREATE UNIQUE INDEX ON i_index (b, a);"
    " ALTER TABLE i_index REPLICA IDENTITY USING INDEX i_index_b_a_idx",
    "CREATE TABLE i_index_and_key (id int PRIMARY KEY, u int NOT NULL UNIQUE, v text);"
    " ALTER TABLE i_index_and_key REPLICA IDENTITY USING INDEX i_index_and_key_u_key",
    "CREATE TABLE i_nothing (id int PRIMARY KEY, v text); ALTER TABLE i_nothing REPLICA IDENTITY NOTHING",
    # Without a primary key a unique index gives the key: the first by name whose columns are NOT NULL.
    "CREATE TABLE i_unique (a int NOT NULL, b text NOT NULL, c int, v text); CREATE UNIQUE INDEX u2 ON i_unique (a);"
    " CREATE UNIQUE INDEX u1 ON i_unique (b, a); INSERT INTO i_unique VALUES (7, 'seven')",
    "CREATE TABLE i_unique_full (a int NOT NULL UNIQUE, v text); ALTER TABLE i_unique_full REPLICA IDENTITY FULL",
)
IDENTITY_CHANGES = (
    "INSERT INTO i_default VALUES (1, 'a', 1, 1.5, '2020-01-01Z'); INSERT INTO i_full VALUES (1, 'a', 1);"
    " INSERT INTO i_full_no_key VALUES (1, 'a'); INSERT INTO i_index VALUES (1, 'x', 'v');"
    " INSERT INTO i_index_and_key VALUES (1, 10, 'v'); INSERT INTO i_nothing VALUES (1, 'a')",
    "INSERT INTO i_unique VALUES (1, 'x', 2, 'a'); INSERT INTO i_unique_full VALUES (1, 'a'); UPDATE i_unique_full SET v = 'b';"
    " UPDATE i_unique_full SET a = 2; DELETE FROM i_unique_full",
    "UPDATE i_default SET v = 'b'; UPDATE i_full SET v = 'b'; UPDATE i_full_no_key SET v = 'b'",
    "UPDATE i_index SET v = 'w'; UPDATE i_index_and_key SET v = 'w'",
    "UPDATE i_full_no_key SET id = 2; UPDATE i_index SET b = 'y'",
    "DELETE FROM i_default; DELETE FROM i_full; DELETE FROM i_full_no_key; DELETE FROM i_index",
)

IDENTITY_DIFFERENCES = ("tombstone without a key", "key of an identity index")

KEYS = (
    "CREATE TABLE k (id int PRIMARY KEY, v text); INSERT INTO k VALUES (1, 'a'), (2, 'b')",
    "CREATE TABLE k_full (id int PRIMARY KEY, v text); ALTER TABLE k_full REPLICA IDENTITY FULL; INSERT INTO k_full VALUES (1, 'a')",
    "CREATE TABLE k_two (b text, v int, a int, PRIMARY KEY (a, b)); INSERT INTO k_two VALUES ('x', 1, 1)",
    "CREATE TABLE k_types (id uuid, t timestamptz, n numeric(6,2), v int, PRIMARY KEY (id, t, n));"
    " INSERT INTO k_types VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2020-01-01 10:00Z', 1.5, 1)",
)
KEY_CHANGES = (
    "UPDATE k SET id = 3 WHERE id = 1",
    "UPDATE k SET id = 4, v = 'bb' WHERE id = 2",
    "UPDATE k_full SET id = 2",
    "UPDATE k_full SET v = 'c'",
    "UPDATE k_two SET a = 2; UPDATE k_two SET b = 'y'; UPDATE k_two SET v = 2; UPDATE k_two SET a = 1, b = 'x', v = 3",
    "UPDATE k_types SET n = 2.5; UPDATE k_types SET n = 2.50, t = '2020-01-01 11:00+01'; UPDATE k_types SET t = '2021-01-01Z'",
    "DELETE FROM k; DELETE FROM k_two; DELETE FROM k_types",
)

TOAST = (
    "CREATE EXTENSION hstore; CREATE EXTENSION citext",
    "CREATE TABLE t (id int PRIMARY KEY, n int, big text, blob bytea, doc jsonb, j json, x xml, vc varchar, c citext, list text[],"
    " numbers int[], longs bigint[], h hstore, nothing text, required text NOT NULL, num numeric, fixed numeric(60,2), b varbit,"
    " ids uuid[])",
    "CREATE TABLE t_full (id int PRIMARY KEY, n int, big text, list text[]); ALTER TABLE t_full REPLICA IDENTITY FULL",
    "ALTER TABLE t ALTER num SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL, ALTER numbers SET STORAGE EXTERNAL,"
    " ALTER longs SET STORAGE EXTERNAL, ALTER ids SET STORAGE EXTERNAL",
    f"INSERT INTO t SELECT 1, 0, big, big::bytea, jsonb_build_array(big), to_json(big), big::xml, big, big, ARRAY[big],"
    " ARRAY(SELECT generate_series(1, 3000)), ARRAY(SELECT generate_series(1, 3000)), hstore('k', big), NULL, big,"
    " repeat('1234567890', 1000)::numeric, 5, repeat('10110', 6000)::varbit,"
    f" ARRAY(SELECT md5(i::text)::uuid FROM generate_series(1, 400) i) FROM {BIG} AS b(big)",
)
TOAST_CHANGES = (
    f"INSERT INTO t_full SELECT 1, 0, big, ARRAY[big] FROM {BIG} AS b(big)",
    "UPDATE t SET n = 1",
    f"UPDATE t SET n = 2, big = upper({BIG})",
    "UPDATE t SET n = 3, big = NULL",
    "UPDATE t SET id = 2",
    "UPDATE t_full SET n = 1",
    "UPDATE t_full SET id = 2",
    "DELETE FROM t; DELETE FROM t_full",
)

PARTITIONS = (
    "CREATE TABLE p (id int, region text, v text, PRIMARY KEY (id, region)) PARTITION BY LIST (region)",
    "CREATE TABLE p_eu PARTITION OF p FOR VALUES IN ('eu')",
    "CREATE TABLE p_us (v text, region text NOT NULL, id int NOT NULL, PRIMARY KEY (id, region))",
    "ALTER TABLE p ATTACH PARTITION p_us FOR VALUES IN ('us')",
    "INSERT INTO p VALUES (1, 'eu', 'a'), (2, 'us', 'b')",
)
PARTITION_CHANGES = (
    "INSERT INTO p VALUES (3, 'eu', 'c'), (4, 'us', 'd')",
    "UPDATE p SET v = 'e' WHERE id = 1",
    "UPDATE p SET region = 'us' WHERE id = 3",
    "DELETE FROM p WHERE id = 2",
)

CASES = [
    Case(
        "rows",
        "insert, update and delete, in snapshot and stream; several tables in a transaction; rolled back savepoints",
        setup=(
            "CREATE TABLE a (id serial PRIMARY KEY, v text, n int NOT NULL DEFAULT 7)",
            "CREATE TABLE b (x int, y text, z bool, PRIMARY KEY (y, x))",
            "CREATE TABLE c (v text)",
            "INSERT INTO a (v) VALUES ('one'), (NULL), ('three')",
            "INSERT INTO b VALUES (1, 'p', true), (2, 'q', NULL)",
            "INSERT INTO c VALUES ('no key'), (NULL)",
        ),
        changes=(
            "INSERT INTO a (v, n) VALUES ('four', 4)",
            "UPDATE a SET v = 'uno' WHERE id = 1; UPDATE b SET z = false; INSERT INTO c VALUES ('x')",
            "DELETE FROM a WHERE id = 2; DELETE FROM b WHERE x = 1",
            "INSERT INTO a (v) SELECT 'row ' || i FROM generate_series(1, 20) i",
            "BEGIN; INSERT INTO a (v) VALUES ('kept'); SAVEPOINT s; INSERT INTO a (v) VALUES ('gone'); ROLLBACK TO s;"
            " INSERT INTO a (v) VALUES ('kept too'); COMMIT",
            "BEGIN; INSERT INTO a (v) VALUES ('rolled back'); ROLLBACK",
            "UPDATE a SET v = v",
        ),
        short=True,
    ),
    Case("identities", "replica identities DEFAULT, FULL, USING INDEX and NOTHING, with and without a primary key",
         IDENTITIES, IDENTITY_CHANGES, differences=IDENTITY_DIFFERENCES, short=True),
    Case("identities_schemas", "the same with schemas: what is not known of an old row", IDENTITIES, IDENTITY_CHANGES, SCHEMAS,
         differences=IDENTITY_DIFFERENCES),
    Case("keys", "changes of the primary key", KEYS, KEY_CHANGES, short=True),
    Case("keys_schemas", "the same with schemas, also in the headers", KEYS, KEY_CHANGES, SCHEMAS),
    Case("keys_no_tombstones", "tombstones.on.delete=false", KEYS, KEY_CHANGES, {"tombstones.on.delete": "false"}),
    Case("truncate", "TRUNCATE of one and of several tables, with skipped.operations=none", (
        "CREATE TABLE t1 (id int PRIMARY KEY); CREATE TABLE t2 (id int PRIMARY KEY, t1 int REFERENCES t1); INSERT INTO t1 VALUES (1)",
    ), (
        "TRUNCATE t2", "INSERT INTO t1 VALUES (2); TRUNCATE t1, t2; INSERT INTO t1 VALUES (3)",
        "TRUNCATE t1 RESTART IDENTITY CASCADE",
    ), {"skipped.operations": "none"}, short=True),
    Case("truncate_schemas", "the same with schemas", ("CREATE TABLE t1 (id int PRIMARY KEY)",), ("TRUNCATE t1",),
         {"skipped.operations": "none"} | SCHEMAS),
    Case("skipped_default", "skipped.operations as it is by default", ("CREATE TABLE s (id int PRIMARY KEY, v text)",),
         ("INSERT INTO s VALUES (1, 'a'); UPDATE s SET v = 'b'; DELETE FROM s", "TRUNCATE s")),
    Case("skipped_u_d", "skipped.operations=u,d; a change of key is neither",
         ("CREATE TABLE s (id int PRIMARY KEY, v text)",),
         ("INSERT INTO s VALUES (1, 'a')", "UPDATE s SET v = 'b'", "UPDATE s SET id = 2", "DELETE FROM s", "TRUNCATE s"),
         {"skipped.operations": "u,d"}, differences=("sequence after skipped changes",)),
    Case("skipped_c", "skipped.operations=c; and in the snapshot", ("CREATE TABLE s (id int PRIMARY KEY, v text); INSERT INTO s VALUES (7)",),
         ("INSERT INTO s VALUES (1, 'a')", "UPDATE s SET v = 'b'", "UPDATE s SET id = 2 WHERE id = 1", "DELETE FROM s"),
         {"skipped.operations": "c"}, differences=("sequence after skipped changes", "create of a key change"), end="u"),
    Case("unchanged", "values that an update left alone (TOAST)", TOAST, TOAST_CHANGES,
         differences=("placeholder of other types",), short=True),
    Case("unchanged_schemas", "the same with schemas", TOAST, TOAST_CHANGES, SCHEMAS, differences=("placeholder of other types",)),
    Case("unchanged_placeholder", "unavailable.value.placeholder, with hstore.handling.mode=map and binary.handling.mode=hex",
         TOAST, TOAST_CHANGES, {"unavailable.value.placeholder": "(not sent: é)", "hstore.handling.mode": "map",
                                "binary.handling.mode": "hex", "decimal.handling.mode": "string"},
         differences=("placeholder of other types",)),
    Case("unchanged_base64", "the same with binary.handling.mode=base64-url-safe and decimal.handling.mode=double", TOAST,
         TOAST_CHANGES, {"binary.handling.mode": "base64-url-safe", "decimal.handling.mode": "double"},
         differences=("placeholder of other types",)),
    Case("partitions", "partitions by their own names", PARTITIONS, PARTITION_CHANGES,
         differences=("partitions are read once",)),
    Case("partitions_root", "publish.via.partition.root", PARTITIONS, PARTITION_CHANGES,
         {"publish.via.partition.root": "true"}, differences=("partitions are read once",), sorted_snapshot=True),
]
