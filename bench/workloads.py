"""The tables and what is written into them, all by the server itself, so that writing is not what is measured."""

import subprocess
from dataclasses import dataclass

from harness.postgres import home
from verify import Expected

# About 270 bytes a row as text; quotes and letters beyond ASCII, so that encoding them is part of the work.
ORDERS = """
CREATE TABLE orders (
    id bigint PRIMARY KEY, customer_id integer NOT NULL, status varchar(16), amount numeric(12,2),
    weight double precision, paid boolean, created_at timestamptz, note text)
"""

FILL_ORDERS = """
INSERT INTO orders
SELECT i, i * 7919::bigint % 100003, (ARRAY['new', 'packed', 'shipped', 'delivered', 'returned'])[1 + i % 5],
       (i * 31::bigint % 1000000) / 100.0, i % 4096 / 4.0 + 0.125, i % 3 = 0,
       '2025-01-01Z'::timestamptz + i * interval '1.234567 seconds',
       'Order ' || i || ' of "Café Größenwahn": ' || md5(i::text) || ' leave it at the door, ring twice; '
           || md5((i * 3)::text) || ' the back entrance is closed on Mondays. ' || md5((i * 7)::text)
FROM generate_series({first}, {last}) AS i
"""

FILL_IN_TRANSACTIONS = """
CREATE PROCEDURE fill(rows bigint, each bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR low IN 1 .. rows BY each LOOP
        {insert};
        COMMIT;
    END LOOP;
END $$
"""

ORDER_JSON = """
concat('{"id":', id, ',"customer_id":', customer_id, ',"status":"', status, '","amount":"', amount, '","weight":', weight,
       ',"paid":', paid::text, ',"created_at":"', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
       '","note":', to_json(note), '}')
"""

HISTORY_JSON = """
concat('{"tid":', tid, ',"bid":', bid, ',"aid":', aid, ',"delta":', delta,
       ',"mtime":', (extract(epoch FROM mtime) * 1000000)::bigint, ',"filler":null}')
"""

TICKS = "CREATE TABLE ticks (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id integer, note text)"
TICK = "INSERT INTO ticks (customer_id, note) VALUES (:client_id, repeat('tick ', 20));\n"


def client(name):
    """psql, pgbench and pg_recvlogical are always Debian's: those of 18 are not in its package."""
    return home(15) / name


def connect_arguments(database):
    """By TCP, as leat connects: the server's socket is much cheaper."""
    return ["-h", "127.0.0.1", "-p", str(database.server.port), "-U", "postgres"]


def pgbench(database, *options):
    command = [client("pgbench"), *connect_arguments(database), *options, database.name]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"pgbench: {done.stderr[-3000:]}")


def expected(database, op, table, json, where="true"):
    """What the records of one table must be: their count, and the sum of a hash over each row as JSON."""
    count, total = database.rows(
        f"SELECT count(*), coalesce(sum(('x' || left(md5({json}), 15))::bit(60)::bigint), 0) FROM {table} WHERE {where}")[0]
    return Expected(table, op, count, int(total))


@dataclass
class Bulk:
    """Inserts, 1,000 in a transaction."""

    changes: int
    name: str = "bulk"
    each: int = 1000

    def create(self, database):
        database.execute(ORDERS)
        insert = FILL_ORDERS.format(first="low", last="low + each - 1")
        database.execute(FILL_IN_TRANSACTIONS.format(insert=insert))

    def write(self, database):
        database.execute(f"CALL fill({self.changes}, {self.each})")

    def expected(self, database):
        return [expected(database, "c", "orders", ORDER_JSON)]


@dataclass
class Small:
    """pgbench's transactions: three updates and an insert each."""

    changes: int
    name: str = "small"
    clients: int = 4

    def create(self, database):
        pgbench(database, "-i", "-q", "-s", "10")

    def write(self, database):
        pgbench(database, "-n", "-M", "prepared", "-c", self.clients, "-t", self.changes // 4 // self.clients)

    def expected(self, database):
        count = self.changes // 4
        accounts = expected(
            database, "u", "pgbench_accounts",
            """concat('{"aid":', aid, ',"bid":', bid, ',"abalance":', abalance, ',"filler":"', rpad(filler, 84), '"}')""",
            "aid IN (SELECT aid FROM pgbench_history)")
        tellers = expected(
            database, "u", "pgbench_tellers",
            """concat('{"tid":', tid, ',"bid":', bid, ',"tbalance":', tbalance, ',"filler":null}')""",
            "tid IN (SELECT tid FROM pgbench_history)")
        branches = expected(
            database, "u", "pgbench_branches", """concat('{"bid":', bid, ',"bbalance":', bbalance, ',"filler":null}')""",
            "bid IN (SELECT bid FROM pgbench_history)")
        for updated in (accounts, tellers, branches):
            updated.count = count
        return [accounts, tellers, branches, expected(database, "c", "pgbench_history", HISTORY_JSON)]


@dataclass
class Large:
    """Inserts, all in one transaction."""

    changes: int
    name: str = "large"

    def create(self, database):
        database.execute(ORDERS)

    def write(self, database):
        database.execute(FILL_ORDERS.format(first=1, last=self.changes))

    def expected(self, database):
        return [expected(database, "c", "orders", ORDER_JSON)]


# Hexadecimal digits: nothing that compresses to nothing on the way to the disk, and nothing to escape.
NOTE = "left(repeat(md5(i::text) || md5((i * 7)::text) || md5((i * 31)::text), {bytes} / 96 + 1), {bytes})"


@dataclass
class Wide:
    """Inserts of rows that hold `bytes` of text, as many in a transaction as make about a quarter megabyte."""

    changes: int
    bytes: int
    name: str

    def create(self, database):
        database.execute("CREATE TABLE wide (id bigint PRIMARY KEY, note text)")
        insert = f"INSERT INTO wide SELECT i, {NOTE.format(bytes=self.bytes)} FROM generate_series(low, low + each - 1) AS i"
        database.execute(FILL_IN_TRANSACTIONS.format(insert=insert))

    def write(self, database):
        database.execute(f"CALL fill({self.changes}, {max(1, (256 << 10) // self.bytes)})")

    def expected(self, database):
        return [expected(database, "c", "wide", "concat('{\"id\":', id, ',\"note\":', to_json(note), '}')")]


@dataclass
class Spread:
    """Inserts spread evenly over many tables, a hundred in a transaction."""

    changes: int
    tables: int

    def create(self, database):
        database.execute(f"""DO $$ BEGIN FOR t IN 1 .. {self.tables} LOOP
            EXECUTE format('CREATE TABLE spread_%s (id bigint PRIMARY KEY, customer_id integer, note text)', t);
            IF t % 500 = 0 THEN COMMIT; END IF; END LOOP; END $$""")

    def write(self, database):
        database.execute(f"""DO $$ BEGIN FOR i IN 1 .. {self.changes} LOOP
            EXECUTE format('INSERT INTO spread_%s VALUES ($1, 7, $2)', 1 + i % {self.tables}) USING i, repeat('spread ', 20);
            IF i % 100 = 0 THEN COMMIT; END IF; END LOOP; END $$""")


@dataclass
class Rows:
    """A table to be read as a whole."""

    changes: int

    def create(self, database):
        database.execute(ORDERS)
        database.execute(FILL_ORDERS.format(first=1, last=self.changes))
        database.execute("VACUUM (ANALYZE, FREEZE) orders")  # no reader has to set hint bits for the next one

    def expected(self, database):
        return [expected(database, "r", "orders", ORDER_JSON)]
