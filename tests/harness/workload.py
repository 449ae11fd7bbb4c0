"""A seeded random workload: several sessions, several tables, and every kind of transaction that has to be captured:
small ones, large ones that are received while they run, prepared ones that are decided later, with savepoints in any of them.

Each transaction writes its number, and how many changes it made, into `ledger` in the same transaction. So the ledger says
exactly which transactions are in the database, and a reader of the log can say whether each is there once and whole.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import struct
import threading
import time
import uuid
from collections import Counter

import psycopg

from . import oracle
from .fold import fold, text

SCHEMA = """
CREATE TABLE ledger (tx bigint PRIMARY KEY, session int, changes int);
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, balance numeric(14,2), since timestamptz, tags text[], note text);
CREATE TABLE lines (customer int, line smallint, what varchar(40), qty int, PRIMARY KEY (customer, line));
CREATE TABLE docs (id uuid PRIMARY KEY, rev int, body text, data jsonb);
CREATE TABLE accounts (owner text COLLATE "C" PRIMARY KEY, amount float8, big text);
CREATE TABLE clicks (at timestamp(3), page text, n bigint);
CREATE TABLE evolving (id int PRIMARY KEY, v text);
CREATE TABLE scratch (id int PRIMARY KEY, v int);
CREATE TABLE scratch_too (id int PRIMARY KEY, v int);
CREATE TABLE signals (id text PRIMARY KEY, type text, data text);
CREATE SEQUENCE held START 50000000;
ALTER TABLE accounts REPLICA IDENTITY FULL;
ALTER TABLE clicks REPLICA IDENTITY FULL;
ALTER TABLE docs ALTER body SET STORAGE EXTERNAL;
"""
# Above it the server sends a transaction while it runs: a few hundred rows.
WORK_MEM = "64kB"
MADE = [f"made_{number}" for number in range(4)]  # that come while it runs, with `disruptive`
TABLES = ["ledger", "customers", "lines", "docs", "accounts", "clicks", "evolving", "scratch", "scratch_too"]

# What says in which order transactions were committed: a slot of the test's own, on the ledger.
ORACLE_SLOT, ORACLE_PUBLICATION = "oracle", "oracle"


class Workload:
    def __init__(self, database, seed, sessions=3, preload=20000, pause=0.004):
        self.database, self.seed, self.pause = database, seed, pause
        self.numbers = itertools.count(1)
        self.stopping = threading.Event()
        self.disruptive = threading.Event()  # TRUNCATE and DDL
        self.made = []  # of MADE, those that may be there
        self.ddl = set()  # sessions whose transaction has some
        self.failures = []
        self.columns = itertools.count(1)
        self.evolving_columns = []
        self.threads = [threading.Thread(target=self._session, args=(number,), daemon=True) for number in range(sessions)]
        database.execute(f'ALTER DATABASE "{database.name}" SET logical_decoding_work_mem = \'{WORK_MEM}\'')
        database.execute(SCHEMA)
        if preload:
            database.execute(
                "INSERT INTO customers SELECT -i, 'old ' || i, i * 1.25, now() - i * interval '1 minute', ARRAY['a', NULL], repeat('n', i % 300)"
                f" FROM generate_series(1, {preload}) i")
            database.execute(f"INSERT INTO lines SELECT -i, 1, 'thing', i FROM generate_series(1, {preload}) i")
            database.execute("INSERT INTO docs SELECT md5(i::text)::uuid, 0, repeat(md5(i::text), i %% 90), jsonb_build_object('i', i)"
                             .replace("%%", "%") + f" FROM generate_series(1, {preload // 4}) i")
            database.execute(f"INSERT INTO clicks SELECT now(), 'page ' || i % 100, i % 50 FROM generate_series(1, {preload // 2}) i")
        database.execute(f"CREATE PUBLICATION {ORACLE_PUBLICATION} FOR TABLE ledger")
        database.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [ORACLE_SLOT])

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a session of the workload hangs"
        assert not self.failures, self.failures[:3]

    # -- one session

    def _session(self, number):
        r = random.Random(f"{self.seed}/{number}")
        prepared = []  # transactions that are decided later: (when, how)
        try:
            with self.database.connect(autocommit=False) as connection, self.database.connect() as other:
                connection.execute("SET deadlock_timeout = '50ms'; SET lock_timeout = '5s'")
                connection.commit()
                while not self.stopping.is_set():
                    self._transaction(r, connection, number, prepared)
                    self._decide(other, prepared)
                    self.stopping.wait(r.random() * 2 * self.pause)
                while prepared:
                    self._decide(other, prepared, math.inf)
        except Exception as error:  # noqa: BLE001 - shown by stop()
            self.failures.append(f"session {number}: {error!r}")

    def _transaction(self, r, connection, session, prepared):
        tx, changes = next(self.numbers), 0
        self.ddl.discard(session)
        # Nobody waits for the rows of a transaction that stays prepared for long.
        held = r.random() < 0.01 and len(prepared) < 2
        large = r.random() < 0.03
        try:
            for _ in range(r.choice([1, 1, 2, 3, 5, 12])):
                change = self._change if not held else self._held_change
                if r.random() < 0.15:
                    connection.execute("SAVEPOINT s")
                    inside = sum(change(r, connection, session) for _ in range(r.randint(1, 4)))
                    if large:
                        inside += self._many(r, connection, session, tx if held else None)
                    if r.random() < 0.5:
                        connection.execute("ROLLBACK TO s")
                    else:
                        changes += inside
                    if r.random() < 0.5:
                        connection.execute("RELEASE s")
                else:
                    changes += change(r, connection, session)
            if large:
                changes += self._many(r, connection, session, tx if held else None)
            connection.execute("INSERT INTO ledger VALUES (%s, %s, %s)", [tx, session, changes])
            # PostgreSQL cannot always decode a prepared one that has DDL (test_transactions.py).
            if held or (r.random() < 0.05 and session not in self.ddl):
                gid = f"{self.database.name}_{tx}"
                connection.execute(f"PREPARE TRANSACTION '{gid}'")
                connection.commit()
                decision = "COMMIT" if r.random() < 0.7 else "ROLLBACK"
                prepared.append((time.monotonic() + (1.5 * r.random() ** 2 if held else 0), f"{decision} PREPARED '{gid}'"))
            elif r.random() < 0.12:
                connection.rollback()
            else:
                connection.commit()
        except (psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation, psycopg.errors.LockNotAvailable,
                psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable):
            connection.rollback()

    @staticmethod
    def _decide(connection, prepared, now=None):
        due = next((one for one in prepared if one[0] <= (now or time.monotonic())), None)
        if due:
            prepared.remove(due)
            connection.execute(due[1])

    def _held_change(self, r, connection, session):
        return connection.execute("INSERT INTO lines SELECT nextval('held'), i, 'held', i FROM generate_series(1, %s) i",
                                  [r.randint(1, 9)]).rowcount

    def _many(self, r, connection, session, held):
        """Some hundreds of rows: of the transaction's own, if it is held, else of the session's, or that any may write."""
        count = r.choice([300, 800])
        kind = r.randrange(4)
        if kind == 0 and not held:  # leaves large values as they are
            return connection.execute("UPDATE docs SET rev = rev + 1 WHERE id IN (SELECT id FROM docs ORDER BY id OFFSET %s LIMIT %s)",
                                      [r.randrange(2000), count]).rowcount
        first = 1000 * (100 + session if not held else 200 + held)
        if kind == 1:
            return connection.execute("DELETE FROM lines WHERE customer BETWEEN %s AND %s", [first, first + count]).rowcount
        return connection.execute(
            "INSERT INTO lines SELECT i, 1, 'many', i %% 1000 FROM generate_series(%s::int, %s::int) i"
            " ON CONFLICT (customer, line) DO UPDATE SET qty = excluded.qty + 1", [first, first + count]).rowcount

    def _change(self, r, connection, session):
        """Makes some changes; returns how many rows (or, of TRUNCATE, tables) they changed."""
        def run(sql, *parameters):
            return connection.execute(sql, parameters).rowcount

        own = r.randrange(300) * 10 + session  # a key that only this session inserts
        anyone = r.randrange(3000)
        kind = r.randrange(18 if self.disruptive.is_set() else 14)
        if kind == 0:
            return run("INSERT INTO customers VALUES (%s, %s, %s, now(), %s, %s) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                       own, r.choice(["Ann", "Bøb", "", "中"]), r.randrange(-10**9, 10**9) / 100, [r.choice("ab"), None], None)
        if kind == 1:
            return run("UPDATE customers SET balance = balance + 1 WHERE id = %s", anyone)
        if kind == 2:
            note = None if r.random() < 0.3 else r.randbytes(r.choice([5, 3000])).hex()
            return run("UPDATE customers SET note = %s, name = name || '.' WHERE id = %s", note, anyone)
        if kind == 3:
            return run("DELETE FROM customers WHERE id = %s", anyone)
        if kind == 4:  # key changes, back and forth
            return run("UPDATE customers SET id = %s WHERE id = %s AND NOT EXISTS (SELECT 1 FROM customers WHERE id = %s)",
                       5000 + own, own, 5000 + own)
        if kind == 5:
            return run("INSERT INTO lines SELECT %s, i, 'n', i FROM generate_series(1, %s) i ON CONFLICT DO NOTHING", own, r.randint(1, 9))
        if kind == 6:
            return run("UPDATE lines SET qty = qty * 2 %% 1000, what = %s WHERE customer = %s", r.choice("xyz"), own)
        if kind == 7:
            return run("UPDATE lines SET line = line + 10 WHERE customer = %s AND line < 5 AND NOT EXISTS"
                       " (SELECT 1 FROM lines WHERE customer = %s AND line >= 10)", own, own)
        if kind == 8:
            return run("DELETE FROM lines WHERE customer = %s", own)
        if kind == 9:
            body = r.randbytes(r.choice([10, 1500, 6000])).hex()
            return run("INSERT INTO docs VALUES (%s, 0, %s, %s) ON CONFLICT (id) DO UPDATE SET rev = docs.rev + 1",
                       uuid.UUID(int=own), body, json.dumps({"k": body[: r.choice([1, 9000])]}))
        if kind == 10:
            return run("UPDATE docs SET rev = rev + 1 WHERE id = %s", uuid.UUID(int=anyone))
        if kind == 11:
            return run("INSERT INTO accounts VALUES (%s, %s, %s) ON CONFLICT (owner) DO UPDATE SET amount = excluded.amount",
                       f"o'{own}", r.random() * 10**r.randrange(-5, 20), r.randbytes(2500).hex())
        if kind == 12:
            if r.random() < 0.3:
                return run("UPDATE accounts SET owner = owner || '+' WHERE owner = %s", f"o'{own}")
            return run("DELETE FROM accounts WHERE owner LIKE %s", f"o'{own}%")
        if kind == 13:
            if r.random() < 0.6:
                return run("INSERT INTO clicks SELECT '2026-01-01', %s, i %% 3 FROM generate_series(1, 4) i", r.choice("abc"))
            if r.random() < 0.5:
                return run("UPDATE clicks SET n = n + 100 WHERE page = %s AND n < 3", r.choice("abc"))
            return run("DELETE FROM clicks WHERE page = %s", r.choice("abc"))
        if kind >= 14:
            self.ddl.add(session)
        if kind == 14:
            run("TRUNCATE scratch, scratch_too")
            return 2 + run("INSERT INTO scratch SELECT i, 0 FROM generate_series(1, 5) i") + run(
                "INSERT INTO scratch_too SELECT i, 0 FROM generate_series(1, 5) i")
        if kind == 15:
            return run("UPDATE scratch SET v = v + 1") + run("UPDATE scratch_too SET v = v - 1 WHERE id < 3")
        if kind == 16:
            self._made(r, run, session, own)
            return 0
        if session == 0:  # DDL between changes of its table
            count = run("INSERT INTO evolving (id) VALUES (%s) ON CONFLICT DO NOTHING", own)
            if len(self.evolving_columns) > 4 or (self.evolving_columns and r.random() < 0.4):
                run(f"ALTER TABLE evolving DROP COLUMN IF EXISTS {self.evolving_columns.pop(0)}")
            else:
                column = f"c{next(self.columns)}"
                run(f"ALTER TABLE evolving ADD COLUMN {column} {r.choice(['int', 'text', 'numeric(6,2)', 'date'])}")
                self.evolving_columns.append(column)
                count += run(f"UPDATE evolving SET {column} = NULL, v = %s WHERE id = %s", column, own)
            return count + run("UPDATE evolving SET v = coalesce(v, '') || 'x' WHERE id = %s", own)
        return run("INSERT INTO evolving (id, v) VALUES (%s, 'n') ON CONFLICT (id) DO UPDATE SET v = 'm'", own) + run(
            "DELETE FROM evolving WHERE id = %s AND v = 'm'", own)

    def _made(self, r, run, session, own):
        """Tables that are made meanwhile. Their changes are not counted: whether one is streamed depends on when the table was found."""
        if session == 0 and r.random() < 0.1:
            table = r.choice(MADE)
            run(f"CREATE TABLE IF NOT EXISTS {table} (id int PRIMARY KEY, v text)")
            run(f"INSERT INTO {table} SELECT -i, 'first' FROM generate_series(1, 200) i ON CONFLICT DO NOTHING")
            self.made.append(table)
        elif self.made:
            table = r.choice(self.made)
            run(f"INSERT INTO {table} VALUES (%s, 'n') ON CONFLICT (id) DO UPDATE SET v = {table}.v || 'n'", own)
            run(f"UPDATE {table} SET v = 'changed', id = %s WHERE id = %s", -1000 - own, own - 10)
            run(f"DELETE FROM {table} WHERE id = %s", -r.randrange(200))

    # -- the truth

    def tables(self):
        there = {name for (name,) in self.database.rows("SELECT tablename FROM pg_tables")}
        return [*TABLES, *(name for name in MADE if name in there)]

    def commit_order(self):
        """Transaction ids in commit order, read from the server's own decoding."""
        rows = self.database.rows(
            "SELECT data FROM pg_logical_slot_get_binary_changes(%s, NULL, NULL, 'proto_version', '1', 'publication_names', %s)",
            [ORACLE_SLOT, ORACLE_PUBLICATION])
        return [struct.unpack_from("!QqI", data, 1)[2] for (data,) in rows if data[:1] == b"B"]


def verify(workload, records, strict, whole_after_lsn):
    """Everything that has to hold of the log of a workload that has ended."""
    database = workload.database
    ledger = {tx: changes for tx, changes in database.rows("SELECT tx, changes FROM ledger")}

    # Each committed transaction once, and no other.
    seen = {}
    for r in records:
        if r.table == "ledger" and r.op in ("c", "r"):
            seen[r.after["tx"]] = seen.get(r.after["tx"], "") + r.op
    # A row that is read beside the stream may have been streamed, or read before.
    twice = [(tx, ops) for tx, ops in seen.items() if "c" in ops[1:] or (strict is True and len(ops) > 1)]
    assert not twice, f"transactions twice in the log: {twice[:10]}"
    missing, extra = sorted(set(ledger) - set(seen)), sorted(set(seen) - set(ledger))
    assert not missing and not extra, f"missing: {missing[:10]} of {len(ledger)}, never committed: {extra[:10]}"

    # In commit order, each in one piece, and whole.
    streamed = [r for r in records if not r.tombstone and r.op in "cudt"]
    runs = [(txid, list(group)) for txid, group in itertools.groupby(streamed, lambda r: r.source["txId"])]
    order = [txid for txid, _ in runs]
    assert len(set(order)) == len(order), f"in pieces: {[t for t, n in Counter(order).items() if n > 1][:10]}"
    expected = {txid: place for place, txid in enumerate(workload.commit_order())}
    places = [expected[txid] for txid in order if txid in expected]
    wrong = next((i for i, (a, b) in enumerate(zip(places, places[1:])) if a > b), None)
    assert wrong is None, f"not in commit order: {order[wrong]} before {order[wrong + 1]}"
    whole = 0
    for txid, changes in runs:
        numbers = [r.after["tx"] for r in changes if r.table == "ledger"]
        if not numbers or changes[0].source["lsn"] <= whole_after_lsn:
            continue
        assert len(numbers) == 1, f"transaction {txid} has {len(numbers)} ledger rows"
        # A change of key is shown as two records.
        count = sum("__debezium.oldkey" not in r.headers and r.table not in MADE for r in changes) - 1
        assert count == ledger[numbers[0]], f"transaction {numbers[0]} made {ledger[numbers[0]]} changes, the log has {count}"
        whole += 1
    assert whole > 0, "no transaction was after the snapshot"

    # Folded, the log gives the tables.
    folded = fold(records, strict)
    for table in workload.tables():
        compare_table(database, table, folded)
    return len(ledger), whole


def compare_table(database, table, folded):
    topic = f"shop.public.{table}"
    expected = oracle.select(database.connection, table)
    if table == "clicks":
        want, got = Counter(map(text, expected)), +folded.keyless.get(topic, Counter())
        assert want == got, f"clicks: missing {list((want - got).items())[:5]}, too many {list((got - want).items())[:5]}"
        return
    keys = [row[0] for row in database.rows(
        "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)"
        " WHERE indisprimary AND indrelid = %s::regclass", [table])]
    rows = {text({name: row[name] for name in keys}): row for row in expected}
    state = folded.tables.get(topic, {})
    missing, extra = sorted(set(rows) - set(state)), sorted(set(state) - set(rows))
    assert not missing and not extra, f"{table}: missing {missing[:5]} ({len(missing)}), too many {extra[:5]} ({len(extra)})"
    for key, row in rows.items():
        # A column added later is null in rows that nobody has written since; one dropped is no longer looked at.
        shown = {name: state[key].get(name) for name in row}
        lines = oracle.differences(row, shown)
        assert not lines, f"{table} {key}: {[line[:300] for line in lines]}"
