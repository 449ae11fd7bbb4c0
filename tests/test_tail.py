"""leat tail: a database that nobody prepared, and that is left as it was."""

import base64
import json
import os
import re
import signal
import subprocess

import pytest

from harness.leat import BINARY, assert_refused, environment
from harness.postgres import wait_until

SHOP = """
CREATE TABLE customers (id int PRIMARY KEY, name text, city text);
CREATE TABLE orders (id int, line int, what text, PRIMARY KEY (id, line));
"""


@pytest.fixture
def shop(database):
    database.execute(SHOP)
    yield database


def nothing_left(database):
    assert database.slots() == []
    assert database.publications() == []


@pytest.fixture
def tail(shop, leat):
    """Starts leat tail and waits until it sees what commits from then on."""

    def start(*arguments, **more):
        process = leat.tail(shop.url(), *arguments, **more)
        shop.wait_slot(detail=process.describe, temporary=True)
        return process

    return start


def ops(records):
    return [r.brief() for r in records]


def test_insert_update_delete(shop, tail):
    process = tail("--limit", 4)
    shop.execute("INSERT INTO customers VALUES (1, 'Ann', 'Bonn')")
    shop.execute("UPDATE customers SET city = 'Köln' WHERE id = 1")
    shop.execute("DELETE FROM customers WHERE id = 1")
    assert process.wait() == 0, process.describe()
    create, update, delete, tombstone = process.records()
    assert create.op == "c" and create.before is None and create.after == {"id": 1, "name": "Ann", "city": "Bonn"}
    assert update.op == "u" and update.before is None and update.after == {"id": 1, "name": "Ann", "city": "Köln"}
    assert delete.op == "d" and delete.after is None and delete.before["id"] == 1
    assert tombstone.tombstone
    for record in (create, update, delete, tombstone):
        assert record.key == {"id": 1} and record.topic.endswith(".public.customers") and record.headers == {}
    nothing_left(shop)


def test_source_fields(shop, tail):
    process = tail("--limit", 3)
    with shop.connection.transaction():
        shop.execute("INSERT INTO customers VALUES (1, 'Ann', 'Bonn'), (2, 'Bob', 'Ulm')")
        txid = shop.value("SELECT txid_current()")
        now = shop.value("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8")
    shop.execute("INSERT INTO orders VALUES (7, 1, 'tea')")
    assert process.wait() == 0, process.describe()
    first, second, third = process.records()
    fields = ["version", "connector", "name", "ts_ms", "snapshot", "db", "sequence", "ts_us", "ts_ns", "schema", "table",
              "txId", "lsn", "xmin", "origin", "origin_lsn"]
    for record in (first, second, third):
        assert list(record.value) == ["before", "after", "source", "transaction", "op", "ts_ms", "ts_us", "ts_ns"]
        source = record.source
        assert sorted(source) == sorted(fields)
        assert source["connector"] == "postgresql" and source["db"] == shop.name and source["schema"] == "public"
        assert source["snapshot"] in ("false", False) and source["xmin"] is None and record.transaction is None
        assert source["ts_us"] // 1000 == source["ts_ms"] and source["ts_ns"] // 1000 == source["ts_us"]
        assert record.value["ts_us"] // 1000 == record.ts_ms and record.ts_ms >= source["ts_ms"]
        assert record.topic == f"{source['name']}.public.{source['table']}"
        last_commit, lsn = json.loads(source["sequence"])
        assert lsn == str(source["lsn"]) and (last_commit is None or int(last_commit) <= source["lsn"])
    assert first.source["txId"] == second.source["txId"] == txid != third.source["txId"]
    assert first.source["lsn"] < second.source["lsn"] < third.source["lsn"]
    assert abs(first.source["ts_ms"] - now) < 60_000
    assert third.source["table"] == "orders" and third.key == {"id": 7, "line": 1}


def test_primary_key_update(shop, tail):
    shop.execute("INSERT INTO orders VALUES (1, 1, 'tea')")
    process = tail("--limit", 3)
    shop.execute("UPDATE orders SET line = 2")
    assert process.wait() == 0, process.describe()
    delete, tombstone, create = process.records()
    assert ops([delete, tombstone, create]) == [("orders", "d"), ("orders", "tombstone"), ("orders", "c")]
    assert delete.key == tombstone.key == {"id": 1, "line": 1} and create.key == {"id": 1, "line": 2}
    assert delete.headers == tombstone.headers == {"__debezium.newkey": {"id": 1, "line": 2}}
    assert create.headers == {"__debezium.oldkey": {"id": 1, "line": 1}}
    assert delete.before["line"] == 1 and delete.after is None
    assert create.after == {"id": 1, "line": 2, "what": "tea"} and create.before is None


def test_truncate_several_tables(shop, tail):
    shop.execute("INSERT INTO customers VALUES (1, 'Ann', 'Bonn')")
    process = tail("--limit", 2)
    shop.execute("TRUNCATE customers, orders")
    assert process.wait() == 0, process.describe()
    records = process.records()
    assert sorted(ops(records)) == [("customers", "t"), ("orders", "t")]
    for record in records:
        assert record.key is None and record.before is None and record.after is None


def test_logical_messages(shop, tail):
    process = tail("--limit", 3)
    shop.execute("SELECT pg_logical_emit_message(true, 'audit', 'héllo')")
    shop.execute("SELECT pg_logical_emit_message(false, 'ping', '\\x00ff'::bytea)")
    with shop.connection.transaction(force_rollback=True):
        shop.execute("SELECT pg_logical_emit_message(true, 'lost', 'x')")
    shop.execute("INSERT INTO customers VALUES (1, 'Ann', 'Bonn')")
    assert process.wait() == 0, process.describe()
    audit, ping, insert = process.records()
    assert insert.op == "c"
    assert audit.op == ping.op == "m" and audit.topic.endswith(".message")
    assert audit.key == {"prefix": "audit"} and ping.key == {"prefix": "ping"}
    assert audit.message["prefix"] == "audit" and base64.b64decode(audit.message["content"]).decode() == "héllo"
    assert base64.b64decode(ping.message["content"]) == b"\x00\xff"


def test_what_is_rolled_back_is_not_shown(shop, tail):
    process = tail("--limit", 2)
    with shop.connection.transaction(force_rollback=True):
        shop.execute("INSERT INTO customers VALUES (1, 'Ann', 'Bonn')")
        shop.execute("TRUNCATE orders")
    with shop.connection.transaction():
        shop.execute("INSERT INTO customers VALUES (2, 'kept', '')")
        shop.execute("SAVEPOINT a")
        shop.execute("INSERT INTO customers VALUES (3, 'undone', '')")
        shop.execute("SAVEPOINT b")
        shop.execute("INSERT INTO customers VALUES (4, 'undone too', '')")
        shop.execute("ROLLBACK TO a")
        shop.execute("INSERT INTO customers VALUES (5, 'kept too', '')")
        shop.execute("RELEASE a")
    assert process.wait() == 0, process.describe()
    assert [r.after["id"] for r in process.records()] == [2, 5]


def test_prepared_transaction_is_shown_when_it_commits(shop, tail):
    process = tail("--limit", 2)
    with shop.connect(autocommit=False) as connection:
        connection.execute("INSERT INTO customers VALUES (1, 'two phases', '')")
        connection.execute("PREPARE TRANSACTION 'leat_test'")
        connection.rollback()
    shop.execute("INSERT INTO customers VALUES (2, 'first', '')")
    shop.execute("COMMIT PREPARED 'leat_test'")
    assert process.wait() == 0, process.describe()
    assert [r.after["id"] for r in process.records()] == [2, 1]


def test_snapshot_then_changes(shop, tail):
    shop.execute("INSERT INTO customers SELECT i, 'n' || i, NULL FROM generate_series(1, 1000) i")
    process = tail("--snapshot", "--limit", 1001)
    process.wait_records(1000)
    shop.execute("INSERT INTO customers VALUES (0, 'new', NULL)")
    assert process.wait() == 0, process.describe()
    *read, created = process.records()
    assert {r.op for r in read} == {"r"} and created.op == "c"
    assert sorted(r.after["id"] for r in read) == list(range(1, 1001))
    assert all(r.key == {"id": r.after["id"]} and r.before is None for r in read)
    assert read[0].source["snapshot"] == "first" and read[-1].source["snapshot"] == "last"
    assert {r.source["snapshot"] for r in read[1:-1]} <= {"true", "first_in_data_collection", "last_in_data_collection", True}
    nothing_left(shop)


def test_without_snapshot_old_rows_are_not_shown(shop, tail):
    shop.execute("INSERT INTO customers VALUES (1, 'old', '')")
    process = tail("--limit", 1)
    shop.execute("INSERT INTO customers VALUES (2, 'new', '')")
    assert process.wait() == 0
    assert [r.after["id"] for r in process.records()] == [2]


def test_table_globs(shop, tail):
    shop.execute('CREATE SCHEMA "Odd Schema"; CREATE TABLE "Odd Schema"."Odd.Table" (id int PRIMARY KEY)')
    shop.execute("CREATE TABLE order_notes (id int PRIMARY KEY)")
    process = tail("--table", "public.order*", "--table", "Odd Schema.*", "--limit", 3)
    shop.execute("INSERT INTO customers VALUES (1, 'not asked for', '')")
    shop.execute("INSERT INTO orders VALUES (1, 1, '')")
    shop.execute("INSERT INTO order_notes VALUES (1)")
    shop.execute('INSERT INTO "Odd Schema"."Odd.Table" VALUES (1)')
    assert process.wait() == 0, process.describe()
    assert [(r.source["schema"], r.source["table"]) for r in process.records()] == [
        ("public", "orders"), ("public", "order_notes"), ("Odd Schema", "Odd.Table")]


def test_ops_filter(shop, tail):
    process = tail("--op", "u,d", "--limit", 3)
    shop.execute("INSERT INTO customers VALUES (1, 'a', 'b')")
    shop.execute("UPDATE customers SET name = 'c'")
    shop.execute("SELECT pg_logical_emit_message(true, 'audit', 'x')")
    shop.execute("DELETE FROM customers")
    process.wait_records(2)
    shop.execute("INSERT INTO customers VALUES (2, 'a', 'b')")
    shop.execute("DELETE FROM customers")
    assert process.wait() == 0, process.describe()
    assert {r.op for r in process.records() if not r.tombstone} == {"u", "d"}


def test_idle_exit(shop, leat):
    process = leat.tail(shop.url(), "--idle-exit", 1)
    shop.wait_slot(detail=process.describe)
    shop.execute("INSERT INTO customers VALUES (1, 'a', 'b')")
    assert process.wait(60) == 0, process.describe()
    assert len(process.stdout) == 1
    nothing_left(shop)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_and_leaves_nothing(shop, tail, how):
    process = tail()
    shop.execute("INSERT INTO customers VALUES (1, 'a', 'b')")
    process.wait_records(1)
    process.popen.send_signal(how)
    assert process.wait() == 0, process.describe()
    wait_until(lambda: not shop.slots(), "the temporary slot is gone")
    nothing_left(shop)


def test_closed_pipe_ends_it(shop, leat):
    """As in `leat tail … | head -1`."""
    reader, writer = os.pipe()
    popen = subprocess.Popen([BINARY, "tail", shop.url()], stdout=writer, stderr=subprocess.PIPE, env=environment())
    try:
        os.close(writer)
        shop.wait_slot()
        os.close(reader)
        number = iter(range(10**6))

        def ended():
            shop.execute(f"INSERT INTO customers VALUES ({next(number)}, 'a', 'b')")
            return popen.poll() is not None

        wait_until(ended, "leat ends when nobody reads")
    finally:
        popen.kill()
        popen.communicate()
    wait_until(lambda: not shop.slots(), "the temporary slot is gone")
    nothing_left(shop)


def test_terminal_shows_readable_coloured_lines(shop, tail):
    shop.execute("ALTER TABLE customers REPLICA IDENTITY FULL")
    process = tail("--limit", 4, terminal=True)  # a tombstone is no line
    shop.execute("INSERT INTO customers VALUES (1, 'Ann', 'Bonn')")
    shop.execute("UPDATE customers SET city = 'Köln' WHERE id = 1")
    shop.execute("DELETE FROM customers WHERE id = 1")
    shop.execute("TRUNCATE orders")
    assert process.wait() == 0, process.describe()
    shown = "\n".join(process.stdout)
    assert "\x1b[" in shown, "no colour"
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    lines = [line for line in plain.splitlines() if line.strip()]
    assert not any(line.startswith("{") for line in lines), plain
    update = next(line for line in lines if "→" in line)
    assert "customers" in update and "id=1" in update and "Bonn → Köln" in update and "Ann" not in update, update
    for line in lines:
        assert re.search(r"\d\d:\d\d:\d\d", line), line
    assert len(lines) == 4 and "orders" in lines[3], plain


def test_terminal_never_obeys_a_value(shop, tail):
    """Control characters of a value reach no terminal."""
    process = tail("--limit", 1, terminal=True)
    shop.execute("INSERT INTO customers VALUES (1, E'\\x1b]0;owned\\x07\\x1b[2J\\r', E'a\\nb')")
    assert process.wait() == 0, process.describe()
    raw = "\n".join(process.stdout)
    assert "\x1b]" not in raw and "\x07" not in raw and "\x1b[2J" not in raw
    assert len(process.stdout) == 1 and "customers" in process.stdout[0] and "owned" in process.stdout[0]


def test_text_format_into_a_pipe_has_no_colour(shop, tail):
    process = tail("--limit", 1, "--format", "text")
    shop.execute("INSERT INTO customers VALUES (1, 'Ann', 'Bonn')")
    assert process.wait() == 0, process.describe()
    shown = "\n".join(process.stdout)
    assert "\x1b" not in shown and "Ann" in shown and not shown.startswith("{")


def test_debezium_format_on_a_terminal(shop, tail):
    process = tail("--limit", 1, "--format", "debezium", terminal=True)
    shop.execute("INSERT INTO customers VALUES (1, 'Ann', 'Bonn')")
    assert process.wait() == 0, process.describe()
    assert process.records()[0].after["name"] == "Ann"


def test_next_tail_removes_what_a_killed_one_left(shop, tail):
    killed = tail()
    assert shop.publications()
    killed.kill()
    wait_until(lambda: not shop.slots(), "the server drops the temporary slot")
    assert shop.publications(), "a killed tail cannot have removed its publication"
    process = tail("--limit", 1)
    assert len(shop.publications()) == 1
    shop.execute("INSERT INTO customers VALUES (1, 'a', 'b')")
    assert process.wait() == 0, process.describe()
    nothing_left(shop)


def test_two_tails_do_not_disturb_each_other(shop, leat):
    first, second = leat.tail(shop.url(), "--limit", 2), leat.tail(shop.url(), "--limit", 1)
    wait_until(lambda: len(shop.slots(ready=True)) == 2, "two slots", 30, lambda: first.describe() + second.describe())
    shop.execute("INSERT INTO customers VALUES (1, 'a', 'b')")
    assert second.wait() == 0, second.describe()
    shop.execute("INSERT INTO customers VALUES (2, 'a', 'b')")
    assert first.wait() == 0, first.describe()
    assert len(first.records()) == 2 and len(second.records()) == 1
    nothing_left(shop)


def test_publications_of_others_stay(shop, tail):
    shop.execute("CREATE PUBLICATION theirs FOR TABLE customers; CREATE PUBLICATION leat_mine FOR TABLE orders")
    process = tail("--limit", 1)
    shop.execute("INSERT INTO customers VALUES (1, 'a', 'b')")
    assert process.wait() == 0, process.describe()
    assert shop.publications() == ["leat_mine", "theirs"]


def test_application_is_never_broken(shop, tail):
    """UPDATE and DELETE of a table without primary key go on working; a publication of it would make them fail."""
    shop.execute("CREATE TABLE keyless (a int, b text); INSERT INTO keyless VALUES (1, 'x'), (2, 'y'), (3, 'z')")
    shop.execute("CREATE TABLE silent (a int PRIMARY KEY); ALTER TABLE silent REPLICA IDENTITY NOTHING")
    shop.execute("INSERT INTO silent VALUES (1)")
    process = tail()
    shop.execute("INSERT INTO keyless VALUES (4, 'new')")
    shop.execute("UPDATE keyless SET b = 'changed' WHERE a = 1")
    shop.execute("DELETE FROM keyless WHERE a = 2")
    shop.execute("UPDATE silent SET a = 2")
    shop.execute("DELETE FROM silent")
    shop.execute("CREATE TABLE made_later (a int); INSERT INTO made_later VALUES (1)")
    shop.execute("UPDATE made_later SET a = 2; DELETE FROM made_later")
    shop.execute("INSERT INTO customers VALUES (1, 'a', 'b')")
    process.wait_for(lambda: any(r.table == "customers" for r in process.records()), "the insert into customers")
    assert "keyless" in process.error_text(), f"no word about a table that cannot be followed\n{process.describe()}"


def test_keyless_table_with_full_identity(shop, tail):
    shop.execute("CREATE TABLE log (a int, b text); ALTER TABLE log REPLICA IDENTITY FULL")
    process = tail("--limit", 3)
    shop.execute("INSERT INTO log VALUES (1, 'x')")
    shop.execute("UPDATE log SET b = 'y'")
    shop.execute("DELETE FROM log")
    assert process.wait() == 0, process.describe()
    records = process.records()
    assert ops(records) == [("log", "c"), ("log", "u"), ("log", "d")]
    assert all(r.key is None for r in records)
    assert records[1].before == {"a": 1, "b": "x"} and records[2].before == {"a": 1, "b": "y"}


def test_table_made_while_it_runs(shop, tail):
    process = tail("--limit", 1)
    shop.execute("CREATE TABLE later (id int PRIMARY KEY, v text)")
    shop.execute("INSERT INTO later VALUES (1, 'x')")
    shop.execute("INSERT INTO customers VALUES (1, 'a', 'b')")
    assert process.wait() == 0, process.describe()
    assert process.records()[0].table in ("later", "customers")


def test_role_without_superuser(shop, leat):
    """Least grants: REPLICATION, and ownership of (or CREATE on) the database for the publication."""
    shop.execute("DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN REPLICATION")
    shop.execute(f"GRANT CREATE ON DATABASE {shop.name} TO plain")
    shop.execute("ALTER TABLE customers OWNER TO plain; ALTER TABLE orders OWNER TO plain")
    try:
        process = leat.tail(shop.url(user="plain"), "--snapshot", "--limit", 1)
        shop.wait_slot(detail=process.describe)
        shop.execute("INSERT INTO customers VALUES (1, 'a', 'b')")
        assert process.wait() == 0, process.describe()
        nothing_left(shop)
    finally:
        leat.close()
        shop.execute("REASSIGN OWNED BY plain TO postgres; DROP OWNED BY plain; DROP ROLE plain")


def test_missing_privilege_is_named_with_the_sql(shop, leat):
    shop.execute("DROP ROLE IF EXISTS weak; CREATE ROLE weak LOGIN")
    try:
        assert_refused(leat.tail(shop.url(user="weak")), "PG_PRIVILEGE", "ALTER ROLE", "REPLICATION")
        nothing_left(shop)
        check = leat.check(shop.url(user="weak"))
        assert check.wait() != 0
        assert "ALTER ROLE" in "\n".join(check.stdout + check.stderr)
    finally:
        shop.execute("DROP ROLE weak")


def test_check_of_a_ready_database(shop, leat):
    process = leat.check(shop.url())
    assert process.wait() == 0, process.describe()
    text = "\n".join(process.stdout + process.stderr)
    assert "wal_level" in text, text
    nothing_left(shop)


def test_check_names_tables_without_identity(shop, leat):
    shop.execute("CREATE TABLE keyless (a int)")
    process = leat.check(shop.url())
    process.wait()
    text = "\n".join(process.stdout + process.stderr)
    assert "keyless" in text and "REPLICA IDENTITY" in text, text
    nothing_left(shop)


def test_wal_level(make_server, leat):
    server = make_server("wal_level = replica")
    url = server.url()
    for command in (leat.tail, leat.check):
        process = command(url)
        assert process.wait() != 0
        text = "\n".join(process.stdout + process.stderr)
        assert "PG_WAL_LEVEL" in text and "ALTER SYSTEM SET wal_level" in text, text
    assert_refused(leat.tail(url), "PG_WAL_LEVEL")
    assert server.slots() == []


def test_no_free_slot(make_server, leat):
    server = make_server("max_replication_slots = 1")
    server.query("SELECT pg_create_logical_replication_slot('other', 'pgoutput')")
    assert_refused(leat.tail(server.url()), "PG_NO_FREE_SLOT", "max_replication_slots")
    assert server.query("SELECT slot_name FROM pg_replication_slots") == [("other",)]
    assert server.query("SELECT pubname FROM pg_publication") == []


@pytest.mark.parametrize("arguments, code", [
    (["tail"], "USAGE"), (["tail", "postgresql://x@127.0.0.1/d", "--no-such-option"], "USAGE"), (["nonsense"], "USAGE"),
    (["tail", "postgresql://x@127.0.0.1/d", "--op", "x"], "USAGE"),
    (["tail", "postgresql://x@127.0.0.1/d", "--limit", "-1"], "USAGE"),
    (["tail", "postgresql://x@127.0.0.1/d", "--format", "xml"], "USAGE"),
    (["tail", "not a url"], "URL_INVALID"), (["tail", "mysql://u@h/d"], "URL_INVALID"), (["run"], "USAGE"), (["log"], "USAGE"),
])
def test_wrong_command_lines(leat, arguments, code):
    assert_refused(leat.start(*arguments), code)


@pytest.mark.parametrize("arguments, meant", [
    (["tial", "x"], "tail"), (["tail", "postgresql://x@127.0.0.1/d", "--tabel", "x"], "--table"),
    (["log", "--data-dri=x"], "--data-dir"),
    (["tail", "postgresql://x@127.0.0.1/d", "--set", "decimal.handling.mod=string"], "decimal.handling.mode"),
])
def test_misspelt_names_are_told_the_nearest(leat, arguments, meant):
    process = leat.start(*arguments)
    assert process.wait() == 1 + ("--set" not in arguments), process.describe()
    assert meant in process.error_text(), process.error_text()


def test_help_and_version(leat):
    for arguments in (["--help"], ["tail", "--help"], ["run", "--help"], ["log", "--help"], ["check", "--help"], ["--version"]):
        process = leat.start(*arguments)
        assert process.wait() == 0 and process.stdout, process.describe()
