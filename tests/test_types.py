"""Server as oracle: what SELECT shows, what the snapshot read and what the stream brought are the same, value by value."""

import os
import random

import pytest

from harness import oracle, zoo
from harness.leat import assert_refused
from harness.oracle import Options

SEED = int(os.environ.get("LEAT_SEED", "20261121"))
ROUNDS = int(os.environ.get("LEAT_TYPE_ROUNDS", "4"))

# Every mode of every option is in one of them.
MODES = [
    Options(),
    Options(decimal="string", time="adaptive_time_microseconds", binary="base64", interval="string", hstore="map"),
    Options(decimal="double", time="connect", binary="base64-url-safe", interval="numeric", hstore="map"),
    Options(decimal="string", time="isostring", binary="hex", interval="string"),
    Options(time="microseconds", binary="hex"),
    Options(time="nanoseconds", interval="string"),
]
MODE_NAMES = [f"{mode.decimal}-{mode.time}-{mode.binary}" for mode in MODES]

# What one of the modes cannot hold: nanoseconds of years before 1677 and after 2262 do not fit into an int64.
NANOSECOND_YEARS = ("timestamp", "stamp")


@pytest.fixture
def typed(database):
    database.execute(zoo.PRELUDE)
    return database


def rows_of(records, table):
    """{id: the last record that shows the row}."""
    found = {}
    for record in records:
        if record.topic.endswith(f".{table}") and not record.tombstone and record.after is not None:
            found[record.after["id"]] = record
    return found


def compare(database, records, table, options, where="true"):
    """Every row of the table against the last record that shows it."""
    expected = oracle.select(database.connection, table, options, where)
    assert expected, f"{table} is empty"
    found, wrong = rows_of(records, table), []
    for row in expected:
        record = found.pop(row["id"], None)
        if record is None:
            wrong.append(f"{table} {row['id']}: no record")
            continue
        wrong += [f"{table} row {row['id']} ({record.op}): {line}" for line in oracle.differences(row, record.after)]
    wrong += [f"{table} row {extra}: a record without a row" for extra in found]
    assert not wrong, f"{len(wrong)} differences:\n" + "\n".join(line[:400] for line in wrong[:40])


def make_zoo(database, table, kinds):
    """A table with a column per kind: [(SQL type, literals)], and the statements that fill it."""
    columns = [f"c{i} {sql}" for i, (sql, _) in enumerate(kinds)]
    database.execute(f"CREATE TABLE {table} (id int PRIMARY KEY, {', '.join(columns)})")
    inserts = []
    for row in range(max(len(values) for _, values in kinds) + 1):  # the last one is all null
        items = [zoo.constant(sql, values[row]) if row < len(values) else "NULL" for sql, values in kinds]
        inserts.append((row, items))
    return inserts


def insert(database, table, rows, first=0):
    for number, items in rows:
        database.execute(f"INSERT INTO {table} VALUES ({first + number}, {', '.join(items)})")


def capture(leat, database, fill, options=Options(), **more):
    """Rows of fill(0) before the snapshot, of fill(10000) after it: the whole log."""
    fill(0)
    leat.configure(database.url(), **options.configuration(), **more)
    process = leat.run()
    leat.wait_for_marker(process, database)
    fill(10000)
    leat.wait_for_marker(process, database)
    process.stop()
    return leat.log()


@pytest.mark.parametrize("options", MODES, ids=MODE_NAMES)
def test_edge_values(typed, leat, options):
    kinds = []
    for sql, kind in zoo.KINDS.items():
        edges = kind.edges
        if options.decimal == "string":
            edges += zoo.SPECIAL_NUMERIC.get(sql, ())
        if options.time == "nanoseconds" and sql.startswith(NANOSECOND_YEARS):
            edges = tuple(e for e in edges if e[:2] in ("19", "20") and "BC" not in e)
        kinds.append((sql, edges))
    rows = make_zoo(typed, "zoo", kinds)
    records = capture(leat, typed, lambda first: insert(typed, "zoo", rows, first), options)
    assert {r.op for r in records} == {"r", "c", "m"}
    compare(typed, records, "zoo", options)


def test_special_values(typed, leat):
    """NaN and the infinities, where JSON has no number for them."""
    kinds = list(zoo.SPECIAL.items())
    rows = make_zoo(typed, "special", kinds)
    options = Options(decimal="string")
    records = capture(leat, typed, lambda first: insert(typed, "special", rows, first), options)
    compare(typed, records, "special", options)


def test_each_type_in_a_table_of_its_own(typed, leat):
    """The snapshot asks for a table in binary form, or as text if one of its columns is only known as text."""
    kinds = [(sql, kind.edges + zoo.SPECIAL_NUMERIC.get(sql, ())) for sql, kind in zoo.KINDS.items()]
    options = Options(decimal="string")
    tables = [(f"alone{i}", make_zoo(typed, f"alone{i}", [kind])) for i, kind in enumerate(kinds)]
    for sql in zoo.ELEMENTS:
        table = f"alone{len(tables)}"
        typed.execute(f"CREATE TABLE {table} (id int PRIMARY KEY, c {sql}[])")
        tables.append((table, [(0, [zoo.array(sql, zoo.KINDS[sql].edges)]), (1, ["NULL"])]))

    def fill(first):
        for table, rows in tables:
            insert(typed, table, rows, first)

    records = capture(leat, typed, fill, options)
    for table, _ in tables:
        compare(typed, records, table, options)


def test_snapshot_does_not_trust_casts_to_text(typed, leat):
    """A cast may say something else than the type's output does."""
    typed.execute("CREATE FUNCTION shout(circle) RETURNS text LANGUAGE sql AS $$ SELECT 'LOUD' $$")
    typed.execute("CREATE CAST (circle AS text) WITH FUNCTION shout(circle)")
    typed.execute("CREATE TABLE casts (id int PRIMARY KEY, c circle, i inet, b box)")
    records = capture(leat, typed, lambda first: typed.execute(
        f"INSERT INTO casts VALUES ({first}, '<(1,2),3>', '10.0.0.1', '(1,2),(0,0)')"))
    assert "LOUD" not in "".join(record.line for record in records)
    compare(typed, records, "casts", Options())


def test_arrays(typed, leat):
    """One, two and no dimensions, nulls, and bounds that do not start at 1, of every element type."""
    columns = ", ".join(f"c{i} {sql}[]" for i, sql in enumerate(zoo.ELEMENTS))
    typed.execute(f"CREATE TABLE arrays (id int PRIMARY KEY, {columns})")

    def fill(first):
        def row(number, make):
            items = ", ".join(make(sql, zoo.KINDS[sql].edges) for sql in zoo.ELEMENTS)
            typed.execute(f"INSERT INTO arrays VALUES ({first + number}, {items})")

        row(0, lambda sql, edges: zoo.array(sql, edges))
        row(1, lambda sql, edges: zoo.array(sql, []))
        row(2, lambda sql, edges: zoo.array(sql, [None, edges[0], None]))
        row(3, lambda sql, edges: zoo.array(sql, [[edges[0], None], [None, edges[-1]], [edges[0], edges[0]]]))
        row(4, lambda sql, edges: "NULL")

    records = capture(leat, typed, fill)
    compare(typed, records, "arrays", Options())


def test_array_with_other_lower_bound_keeps_its_elements(typed, leat):
    typed.execute("CREATE TABLE bounds (id int PRIMARY KEY, v int[])")
    records = capture(leat, typed, lambda first: typed.execute(f"INSERT INTO bounds VALUES ({first}, '[5:7]={{1,2,3}}')"))
    assert [r.after["v"] for r in records if r.table == "bounds"] == [[1, 2, 3], [1, 2, 3]]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_random_schemas(typed, leat, round_):
    """Three random tables: rows read, inserted, updated and deleted; each image shown is what the server had."""
    print(f"LEAT_SEED={SEED}")
    r = random.Random(SEED * 1000 + round_)
    tables = {}
    for number in range(3):
        types = [zoo.random_type(r) for _ in range(r.randint(1, 14))]
        name = f"random{number}"
        columns = [f'"c{i} Ä" {sql}' for i, (sql, _) in enumerate(types)]
        typed.execute(f"CREATE TABLE {name} (id int PRIMARY KEY, {', '.join(columns)})")
        full = r.random() < 0.5
        if full:
            typed.execute(f"ALTER TABLE {name} REPLICA IDENTITY FULL")
        tables[name] = types
    befores = []

    def fill(first):
        for name, types in tables.items():
            for number in range(20):
                items = [f"{make(r)}::{sql}" for sql, make in types]
                typed.execute(f"INSERT INTO {name} VALUES ({first + number}, {', '.join(items)})")
        if not first:
            return
        for name, types in tables.items():
            full = typed.value(f"SELECT relreplident FROM pg_class WHERE relname = '{name}'") == "f"
            for number in r.sample(range(20), 6):
                row = first + number
                old, = oracle.select(typed.connection, name, Options(), f"id = {row}")
                column = r.randrange(len(types))
                sql, make = types[column]
                typed.execute(f'UPDATE {name} SET "c{column} Ä" = {make(r)}::{sql} WHERE id = {row}')
                if full:
                    befores.append((name, row, "u", old))
            row = first + 19
            old, = oracle.select(typed.connection, name, Options(), f"id = {row}")
            typed.execute(f"DELETE FROM {name} WHERE id = {row}")
            befores.append((name, row, "d", old if full else None))

    records = capture(leat, typed, fill)
    deleted = {(name, row) for name, row, op, _ in befores if op == "d"}
    seen = [rec for rec in records if rec.tombstone or rec.op != "d"]
    live = [rec for rec in seen if not rec.tombstone and (rec.op == "m" or (rec.table, rec.after["id"]) not in deleted)]
    state = {}
    for index, record in enumerate(live):  # an unchanged TOASTed value keeps what was there before
        if record.op in "cru":
            place = (record.topic, record.after["id"])
            if record.op == "u":
                for name, value in record.value["after"].items():
                    if value in (oracle.UNAVAILABLE, [oracle.UNAVAILABLE]):
                        record.value["after"][name] = state[place][name]
            state[place] = record.after
    for name in tables:
        compare(typed, live, name, Options())
    for name, row, op, old in befores:
        if old is None:
            continue
        match = [rec for rec in records if rec.table == name and rec.op == op and rec.before["id"] == row]
        assert match, f"no {op} of {name} {row}"
        lines = oracle.differences(old, match[-1].before) if op == "d" else oracle.differences(old, match[0].before)
        assert not lines, f"before of {op} {name} {row}: " + "\n".join(lines)


def test_settings_of_the_database_do_not_matter(typed, leat):
    """Time zone, date style and the like, set for database and role: the values are the same."""
    kinds = [(sql, kind.edges) for sql, kind in zoo.KINDS.items()]
    rows = make_zoo(typed, "zoo", kinds)
    for setting in ("timezone = 'Asia/Kathmandu'", "datestyle = 'German, DMY'", "intervalstyle = 'sql_standard'",
                    "bytea_output = 'escape'", "extra_float_digits = -10", "search_path = ''", "xmlbinary = 'hex'",
                    "quote_all_identifiers = on", "standard_conforming_strings = off", "client_encoding = 'LATIN1'",
                    "array_nulls = off", "default_transaction_isolation = 'serializable'", "statement_timeout = '50ms'",
                    "idle_in_transaction_session_timeout = '50ms'", "lock_timeout = '1ms'"):
        typed.execute(f"ALTER DATABASE {typed.name} SET {setting}")
    records = capture(leat, typed, lambda first: insert(typed, "zoo", rows, first))
    compare(typed, records, "zoo", Options())


@pytest.mark.parametrize("type_", [
    "integer", "bigint", "uuid", "text", "numeric(5,2)", "timestamp with time zone", "date", "bytea", "mood", "char(5)",
    "inet", "boolean", "nick", "pair",
])
def test_key_types(typed, leat, type_):
    """A key is the same value in `key`, `before` and `after`, whatever its type; the stream finds it again."""
    kind = zoo.KINDS[type_]
    values = kind.edges[:2]
    typed.execute(f"CREATE TABLE keyed (id {type_} PRIMARY KEY, v int)")

    def fill(first):
        if first == 0:
            for value in values:
                typed.execute(f"INSERT INTO keyed VALUES ({zoo.constant(type_, value)}, 0)")
        else:
            typed.execute("UPDATE keyed SET v = 1")
            typed.execute("DELETE FROM keyed")

    before = []

    def note(first):
        fill(first)
        if first == 0:
            before.extend(oracle.select(typed.connection, "keyed", Options()))

    records = [r for r in capture(leat, typed, note) if r.table == "keyed"]
    expected = [row["id"] for row in before]
    for op in "rud":
        keys = [r.key["id"] for r in records if r.op == op]
        assert sorted(map(repr, keys)) == sorted(map(repr, expected)), op
    for record in records:
        if record.op in ("r", "u"):
            assert record.after["id"] == record.key["id"]
        if record.op == "d":
            assert record.before["id"] == record.key["id"]
    tombstones = [r.key["id"] for r in records if r.tombstone]
    assert sorted(map(repr, tombstones)) == sorted(map(repr, expected))


def test_refused_by_name_where_no_value_could_be_kept(typed, leat):
    """PostgreSQL's last 30 years are past 64 bits of microseconds since 1970: table and column are said, never another value."""
    typed.execute("CREATE TABLE far (id int PRIMARY KEY, at timestamp)")
    leat.configure(typed.url())
    process = leat.run()
    typed.wait_streaming(detail=process.describe)
    typed.execute("INSERT INTO far VALUES (1, '294276-12-31 23:59:59')")
    assert_refused(process, "PG_VALUE_UNSUPPORTED", "public.far", "column at")
    assert leat.log() == []


def test_precise_refuses_what_it_cannot_show(typed, leat):
    """NaN has no unscaled value. It is named, never turned into null or zero; `string` shows it."""
    typed.execute("CREATE TABLE odd (id int PRIMARY KEY, v numeric)")
    typed.execute("INSERT INTO odd VALUES (1, 'NaN')")
    leat.configure(typed.url(), decimal__handling__mode="precise")
    process = leat.run()
    process.wait_for(lambda: "PG_VALUE_UNSUPPORTED" in process.error_text() or leat.log_command().popen.returncode,
                     "the value is refused by name")
