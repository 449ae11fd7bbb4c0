"""What stands around a row: messages, transactions, headers, names, schema changes, defaults."""

from ..case import Case
from .rows import SCHEMAS

MESSAGES = ("CREATE TABLE m (id int PRIMARY KEY)",)
MESSAGE_CHANGES = (
    "SELECT pg_logical_emit_message(true, 'orders', 'hello')",
    "SELECT pg_logical_emit_message(true, 'a.b \"é\"', '\\x00ff3e3f'::bytea)",
    "INSERT INTO m VALUES (1); SELECT pg_logical_emit_message(true, 'orders', ''); INSERT INTO m VALUES (2)",
    "SELECT pg_logical_emit_message(false, 'outside', 'of a transaction')",
    "BEGIN; SELECT pg_logical_emit_message(true, 'orders', 'rolled back'); ROLLBACK",
)

MESSAGE_DIFFERENCES = ("sequence at messages outside of transactions", "time of messages outside of transactions")
TRANSACTION_DIFFERENCES = (*MESSAGE_DIFFERENCES, "id of a transaction", "messages in the count of a transaction")

TRANSACTIONS = ("CREATE TABLE x (id int PRIMARY KEY, v text); CREATE TABLE y (id int PRIMARY KEY); INSERT INTO x VALUES (100, 's')",)
TRANSACTION_CHANGES = (
    "INSERT INTO x VALUES (1, 'a')",
    "INSERT INTO x VALUES (2, 'b'); INSERT INTO y VALUES (1); UPDATE x SET v = 'c' WHERE id = 2; INSERT INTO y VALUES (2)",
    "UPDATE x SET id = 3 WHERE id = 2; DELETE FROM y",
    "INSERT INTO x VALUES (9, 'i'); SELECT pg_logical_emit_message(true, 'p', 'in it')",
    "SELECT pg_logical_emit_message(true, 'p', 'alone')",
    "SELECT pg_logical_emit_message(false, 'p', 'outside')",
    "TRUNCATE y",
    "CREATE TABLE unrelated (a int)",
)

ODD = (
    'CREATE SCHEMA "Odd.Schema"; CREATE SCHEMA "größe"',
    'CREATE TABLE "Odd.Schema"."My Table" ("Id" int PRIMARY KEY, "a b" text, "dot.ted" int, "1st" int, "quo""te" text, "ÄÖ" text)',
    'CREATE TABLE "größe"."日本" ("schlüssel" int PRIMARY KEY, "wert" text)',
    'CREATE TABLE "UPPER" ("ID" int PRIMARY KEY, select_ text, "select" text)',
    'CREATE TABLE "tab$le-x" ("id$x" int PRIMARY KEY, "co-l" text)',
    """INSERT INTO "Odd.Schema"."My Table" VALUES (1, 'x', 2, 3, 'q', 'u')""",
    """INSERT INTO "größe"."日本" VALUES (1, 'w')""",
)
ODD_CHANGES = (
    """INSERT INTO "Odd.Schema"."My Table" VALUES (2, 'x', 2, 3, 'q', 'u'); INSERT INTO "größe"."日本" VALUES (2, 'w')""",
    """INSERT INTO "UPPER" VALUES (1, 'a', 'b'); INSERT INTO "tab$le-x" VALUES (1, 'c')""",
    """UPDATE "Odd.Schema"."My Table" SET "Id" = 3 WHERE "Id" = 2; DELETE FROM "größe"."日本\"""",
)

DEFAULTS = (
    "CREATE TYPE mood AS ENUM ('ok', 'bad')",
    "CREATE TABLE d (id int PRIMARY KEY, i int DEFAULT 5, big bigint DEFAULT -9, t text DEFAULT 'it''s', vc varchar(5) DEFAULT 'x',"
    " b bool DEFAULT true, r real DEFAULT 1.5, f float8 DEFAULT 2.25, n numeric(5,2) DEFAULT 1.50, nn numeric DEFAULT 3.3,"
    " ts timestamp DEFAULT '2020-01-01 10:00:00', tsn timestamp DEFAULT now(), tz timestamptz DEFAULT '2020-01-01 10:00:00Z',"
    " dt date DEFAULT '2020-01-01', dc date DEFAULT CURRENT_DATE, tm time DEFAULT '10:00', e mood DEFAULT 'ok', u uuid DEFAULT"
    " 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', j jsonb DEFAULT '{\"a\": 1}', by bytea DEFAULT '\\x01ff', bt bit(3) DEFAULT B'101',"
    " ar int[] DEFAULT '{1,2}', iv interval DEFAULT '1 day', expr int DEFAULT 1 + 1, nul text DEFAULT NULL, tf text DEFAULT lower('X'))",
    "CREATE TABLE d_required (id serial PRIMARY KEY, i int NOT NULL DEFAULT 5, t text NOT NULL DEFAULT 'x', n numeric(5,2) NOT NULL"
    " DEFAULT 1.50, b bool NOT NULL DEFAULT false, ts timestamptz NOT NULL DEFAULT now(), d date NOT NULL DEFAULT '2020-01-01')",
    "CREATE FUNCTION f_int() RETURNS int LANGUAGE sql RETURN 1; CREATE FUNCTION f_num() RETURNS numeric LANGUAGE sql RETURN 1.5;"
    " CREATE FUNCTION f_bool() RETURNS bool LANGUAGE sql RETURN true; CREATE FUNCTION f_bit() RETURNS bit(3) LANGUAGE sql RETURN B'101'",
    "CREATE TABLE d_function (id int PRIMARY KEY, u uuid DEFAULT gen_random_uuid(), i int DEFAULT f_int(), big bigint DEFAULT f_int(),"
    " n numeric(5,2) DEFAULT f_num(), nn numeric DEFAULT f_num(), b bool DEFAULT f_bool(), f float8 DEFAULT random(), r real DEFAULT"
    " random(), j jsonb DEFAULT jsonb_build_object(), tm time DEFAULT LOCALTIME, tmz timetz DEFAULT CURRENT_TIME, ts timestamp DEFAULT"
    " LOCALTIMESTAMP, tz timestamptz(3) DEFAULT clock_timestamp(), iv interval DEFAULT age(now()), bt bit(3) DEFAULT f_bit(), by bytea"
    " DEFAULT decode('00', 'hex'), ar int[] DEFAULT array_fill(1, '{2}'), e mood DEFAULT enum_first(NULL::mood), inet inet DEFAULT"
    " inet_client_addr(), x xml DEFAULT xmlcomment('x'), us text DEFAULT CURRENT_USER, ip inet DEFAULT '1.2.3.4', c char(3) DEFAULT 'ab', xl xml DEFAULT '<a/>', m money DEFAULT f_num()::money)",
    "INSERT INTO d_function SELECT 1, " + ", ".join(["NULL"] * 24),
    "INSERT INTO d (id) VALUES (1); INSERT INTO d_required DEFAULT VALUES",
    "INSERT INTO d SELECT 2, " + ", ".join(["NULL"] * 25),
)
DEFAULT_CHANGES = (
    "INSERT INTO d (id) VALUES (3)", "INSERT INTO d SELECT 4, " + ", ".join(["NULL"] * 25), "INSERT INTO d_required DEFAULT VALUES",
    "DELETE FROM d WHERE id = 3; DELETE FROM d_required WHERE id = 1", "UPDATE d SET id = 10 WHERE id = 4",
)

DEFAULT_DIFFERENCES = ("defaults that are a keyword", "bits keep their length")

SCHEMA_CHANGES = (
    "INSERT INTO s VALUES (2, 'b')",
    "ALTER TABLE s ADD COLUMN n int",
    "INSERT INTO s VALUES (3, 'c', 3)",
    "ALTER TABLE s ADD COLUMN d text NOT NULL DEFAULT 'dd'; INSERT INTO s (id) VALUES (4); UPDATE s SET v = 'x' WHERE id = 1",
    "ALTER TABLE s DROP COLUMN v",
    "UPDATE s SET n = 5 WHERE id = 1",
    "ALTER TABLE s RENAME COLUMN n TO m",
    "INSERT INTO s (id, m) VALUES (5, 6)",
    "ALTER TABLE s ALTER COLUMN m TYPE bigint",
    "INSERT INTO s (id, m) VALUES (6, 7)",
    "ALTER TABLE s ALTER COLUMN m TYPE text USING m::text; INSERT INTO s (id, m) VALUES (7, '8')",
    "ALTER TABLE s ALTER COLUMN d DROP NOT NULL",
    "INSERT INTO s (id, m, d) VALUES (8, '9', NULL)",
    "ALTER TABLE s REPLICA IDENTITY FULL",
    "UPDATE s SET d = 'full' WHERE id = 8",
    "CREATE TABLE s2 (id int PRIMARY KEY)",
    "INSERT INTO s VALUES (9)",
    "ALTER TABLE s RENAME TO renamed",
    "INSERT INTO renamed VALUES (10)",
)

CASES = [
    Case("messages", "pg_logical_emit_message, in and outside of transactions", MESSAGES, MESSAGE_CHANGES,
         differences=MESSAGE_DIFFERENCES, short=True),
    Case("messages_schemas", "the same with schemas", MESSAGES, MESSAGE_CHANGES, SCHEMAS, differences=MESSAGE_DIFFERENCES),
    Case("messages_hex", "the same with binary.handling.mode=hex", MESSAGES, MESSAGE_CHANGES,
         {"binary.handling.mode": "hex"} | SCHEMAS, differences=MESSAGE_DIFFERENCES),
    Case("messages_included", "message.prefix.include.list", MESSAGES, MESSAGE_CHANGES,
         {"message.prefix.include.list": "ord.*, outside"}, differences=MESSAGE_DIFFERENCES),
    Case("messages_excluded", "message.prefix.exclude.list", MESSAGES, MESSAGE_CHANGES, {"message.prefix.exclude.list": "ord.*"},
         differences=MESSAGE_DIFFERENCES),
    Case("transactions", "provide.transaction.metadata", TRANSACTIONS, TRANSACTION_CHANGES,
         {"provide.transaction.metadata": "true"}, differences=TRANSACTION_DIFFERENCES, short=True),
    Case("transactions_schemas", "the same with schemas and TRUNCATE", TRANSACTIONS, TRANSACTION_CHANGES,
         {"provide.transaction.metadata": "true", "skipped.operations": "none"} | SCHEMAS,
         differences=TRANSACTION_DIFFERENCES),
    Case("names", "names with capitals, dots, quotes, spaces and other alphabets", ODD, ODD_CHANGES, short=True),
    Case("names_schemas", "the same with schemas", ODD, ODD_CHANGES, SCHEMAS),
    Case("names_avro", "field.name.adjustment.mode and schema.name.adjustment.mode=avro", ODD, ODD_CHANGES,
         {"field.name.adjustment.mode": "avro", "schema.name.adjustment.mode": "avro"} | SCHEMAS),
    Case("names_avro_unicode", "both =avro_unicode", ODD, ODD_CHANGES,
         {"field.name.adjustment.mode": "avro_unicode", "schema.name.adjustment.mode": "avro_unicode"} | SCHEMAS),
    Case("topic_delimiter", "topic.delimiter", ("CREATE TABLE t (id int PRIMARY KEY)",),
         ("INSERT INTO t VALUES (1)", "SELECT pg_logical_emit_message(true, 'p', 'm')"),
         {"topic.delimiter": "-", "provide.transaction.metadata": "true"},
         differences=("id of a transaction", "messages in the count of a transaction")),
    Case("defaults", "columns with defaults, where a null becomes the default", DEFAULTS, DEFAULT_CHANGES,
         differences=DEFAULT_DIFFERENCES),
    Case("defaults_schemas", "the same with schemas", DEFAULTS, DEFAULT_CHANGES, SCHEMAS,
         differences=DEFAULT_DIFFERENCES, short=True),
    Case("defaults_null", "the same where a null stays null (replace.null.with.default=false)", DEFAULTS, DEFAULT_CHANGES,
         {"value.converter.replace.null.with.default": "false"}, differences=("snapshot=false is not null", "not known is null")),
    Case("schema_changes", "ALTER TABLE between and within transactions",
         ("CREATE TABLE s (id int PRIMARY KEY, v text); INSERT INTO s VALUES (1, 'a')",), SCHEMA_CHANGES,
         differences=("schema change within a transaction",), short=True),
    Case("schema_changes_schemas", "the same with schemas",
         ("CREATE TABLE s (id int PRIMARY KEY, v text); INSERT INTO s VALUES (1, 'a')",), SCHEMA_CHANGES, SCHEMAS,
         differences=("schema change within a transaction", "nullability looked up later")),
    Case("generated", "generated and identity columns",
         ("CREATE TABLE g (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED);"
          " INSERT INTO g (a) VALUES (1)",), ("INSERT INTO g (a) VALUES (2)", "UPDATE g SET a = 3", "DELETE FROM g"),
         differences=("generated columns in the snapshot",)),
    Case("origin", "a transaction that was replicated from elsewhere", ("CREATE TABLE t (id int PRIMARY KEY)",), (
        "SELECT pg_replication_origin_create('elsewhere_' || current_database())",
        "SELECT pg_replication_origin_session_setup('elsewhere_' || current_database())",
        "SELECT pg_replication_origin_xact_setup('0/1234', '2020-01-01 00:00Z'); INSERT INTO t VALUES (1)",
        "SELECT pg_replication_origin_session_reset()",
        "SELECT pg_replication_origin_drop('elsewhere_' || current_database())",
        "INSERT INTO t VALUES (2)",
    ), differences=("origins are not kept",)),
    Case("headers", "headers of every kind of record, with schemas", TRANSACTIONS, TRANSACTION_CHANGES,
         {"provide.transaction.metadata": "true", "skipped.operations": "none"} | SCHEMAS, differences=TRANSACTION_DIFFERENCES),
    Case("headers_off", "extended.headers.enabled=false", ("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)",),
         ("INSERT INTO t VALUES (2)", "UPDATE t SET id = 3 WHERE id = 2"), {"extended.headers.enabled": "false"}),
    Case("headers_default", "Kafka Connect's own header converter (SimpleHeaderConverter)",
         ("CREATE TABLE t (id int, v text, PRIMARY KEY (id, v)); INSERT INTO t VALUES (1, 'x')",),
         ("UPDATE t SET id = 3, v = 'a \"q\" é'", "DELETE FROM t"),
         {"header.converter": None, "header.converter.schemas.enable": None}),
]
