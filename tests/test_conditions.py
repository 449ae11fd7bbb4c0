"""--where: row conditions, against what PostgreSQL says of the same rows."""

import os
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from harness.conditions import Generator, create_table, insert_row
from harness.leat import BINARY, SOURCE, assert_refused, environment, parse

ROWS = 60
CONDITIONS = int(os.environ.get("LEAT_CONDITIONS", "600"))


@pytest.fixture
def captured(database, leat):
    """What is committed after the tables are made, in a log that nobody writes any more."""

    def capture(tables, *statements, **options):
        database.execute(tables)
        leat.configure(database.url(), **options)
        process = leat.run()
        database.wait_streaming(detail=process.describe)
        for statement in statements:
            database.execute(statement)
        leat.wait_for_marker(process, database)
        process.stop()
        return leat

    return capture


def passed(leat, condition, *arguments):
    """(op, id) of what passes."""
    found = []
    for record in leat.log("--where", condition, *arguments):
        if record.op:
            row = record.value.get("after") or record.value.get("before")
            found.append((record.op, row and row["id"]))
    return found


def test_random_conditions(captured, database, tmp_path):
    seed = int(os.environ.get("LEAT_SEED") or 20261121)
    print(f"LEAT_SEED={seed}")
    r = random.Random(seed)
    rows = [insert_row(r, number) for number in range(1, ROWS + 1)]
    leat = captured(create_table(), "; ".join(rows), snapshot__mode="no_data")
    generator = Generator(r)
    database.execute("SET TIME ZONE 'UTC'")
    asked = []
    refused = 0
    while len(asked) < CONDITIONS:
        condition = generator.condition()
        try:
            expected = [row[0] for row in database.rows(f"SELECT id FROM t WHERE {condition.postgres} ORDER BY id")]
        except psycopg.errors.DataError:  # a result out of range, a division by zero
            refused += 1
            assert refused < 3 * CONDITIONS, condition.postgres
            continue
        except psycopg.Error as error:
            raise AssertionError(f"the test asks PostgreSQL for nonsense: {condition.postgres}\n{error}") from None
        asked.append((condition, expected))

    def ask(condition):
        done = subprocess.run([BINARY, "log", "--data-dir", leat.data, "--source", SOURCE, "--format", "debezium",
                               "--set", "decimal.handling.mode=string", "--op", "c",
                               "--where", condition], capture_output=True, text=True, env=environment(), timeout=60)
        if done.returncode != 0:
            return done.stderr
        return [record.after["id"] for record in parse(done.stdout.splitlines())]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(ask, [condition for condition, _ in asked]))
    wrong = [f"{condition}\n  leat       {answer}\n  PostgreSQL {expected}\n  as {condition.postgres}"
             for (condition, expected), answer in zip(asked, answers) if answer != expected]
    assert not wrong, f"LEAT_SEED={seed}, {len(wrong)} of {len(asked)} differ\n" + "\n".join(wrong[:10])
    useful = sum(0 < len(expected) < ROWS for _, expected in asked)
    assert useful > len(asked) / 4, f"only {useful} of {len(asked)} conditions tell rows apart"


def test_old_and_new_rows(captured):
    leat = captured(
        "CREATE TABLE full_rows (id int PRIMARY KEY, status text); ALTER TABLE full_rows REPLICA IDENTITY FULL;"
        "CREATE TABLE keys (id int PRIMARY KEY, status text)",
        "INSERT INTO full_rows VALUES (1, 'new'), (2, NULL)",
        "UPDATE full_rows SET status = 'paid' WHERE id = 1",
        "UPDATE full_rows SET status = status WHERE id = 1",
        "DELETE FROM full_rows WHERE id = 1",
        "INSERT INTO keys VALUES (1, 'new')",
        "UPDATE keys SET status = 'paid'",
        "DELETE FROM keys",
        "TRUNCATE full_rows",
        snapshot__mode="no_data", skipped__operations="none")
    full, keys = ("--table", "public.full_rows"), ("--table", "public.keys")
    assert passed(leat, "status = 'paid'", *full) == [("u", 1), ("u", 1), ("d", 1)]
    assert passed(leat, "after.status = 'paid'", *full) == [("u", 1), ("u", 1)]
    assert passed(leat, "before.status IS DISTINCT FROM after.status", *full) == [("c", 1), ("u", 1), ("d", 1)]
    assert passed(leat, "status IS NULL", *full) == [("c", 2)]
    assert passed(leat, "op = 't'", *full) == [("t", None)]
    assert passed(leat, "op IN ('d', 't') OR id = 2", *full) == [("c", 2), ("d", 1), ("t", None)]
    # The old row is its key: the rest is not NULL, but unknown.
    assert passed(leat, "before.status IS NULL", *keys) == [("c", 1)]
    assert passed(leat, "status = 'new' OR status <> 'new' OR status IS NULL", *keys) == [("c", 1), ("u", 1)]
    assert passed(leat, "op = 'd' AND id = 1", *keys) == [("d", 1)]
    # A message is of no table.
    assert [r.op for r in leat.log("--where", "op = 'm'")] == ["m"]
    assert leat.log("--where", "id IS NULL OR id IS NOT NULL", "--op", "m,t") == []


def test_unchanged_toast_is_unknown(captured):
    leat = captured("CREATE TABLE docs (id int PRIMARY KEY, n int, body text); ALTER TABLE docs ALTER body SET STORAGE EXTERNAL",
                    "INSERT INTO docs VALUES (1, 0, repeat('x', 20000))", "UPDATE docs SET n = 1",
                    "UPDATE docs SET body = repeat('y', 20000)", snapshot__mode="no_data")
    assert passed(leat, "body LIKE 'x%'") == [("c", 1)]
    assert passed(leat, "body IS NULL OR body IS NOT NULL") == [("c", 1), ("u", 1)]
    said = leat.log_command("--where", "body LIKE 'x%'").error_text()
    assert "1 change was left out" in said and "TOAST" in said, said
    said = leat.log_command("--where", "1 / (n - n) = 1").error_text()
    assert "3 changes were left out" in said and "division by zero" in said, said
    assert leat.log_command("--where", "n > 7").error_text() == ""
    assert passed(leat, "n = 1 AND before.body IS NOT DISTINCT FROM after.body") == [("u", 1)]


def test_a_condition_that_does_not_fit(captured):
    leat = captured("CREATE TABLE orders (id int PRIMARY KEY, amount numeric, doc jsonb); CREATE TABLE other (id int PRIMARY KEY)",
                    "INSERT INTO orders VALUES (1, 150.5, '{}')", "INSERT INTO other VALUES (1)", snapshot__mode="no_data")
    assert passed(leat, "amount > 100", "--table", "orders") == [("c", 1)]

    def refused(condition, *words, arguments=()):
        assert_refused(leat.log_command("--where", condition, *arguments), "CONDITION_INVALID", *words)

    refused("amount > 100", "public.other", "amount", "--table")
    refused("amout > 100", "Did you mean amount?", arguments=("--table", "orders"))
    refused("doc = '{}'", "doc (jsonb)", "IS NULL")
    refused("amount > ", "syntax error", "character 10")
    refused("amount > (SELECT 1)", "character 11", "SELECT")
    refused("(" * 2000 + "true" + ")" * 2000, "too deep")
    assert_refused(leat.log_command("--where", "true", source=None, format=None), "USAGE", "--source")


def test_domains_masks_and_new_columns(captured):
    leat = captured("CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE DOMAIN spirits AS mood; CREATE DOMAIN nick AS varchar(10);"
                    "CREATE TABLE people (id int PRIMARY KEY, name nick, mood spirits, card text)",
                    "INSERT INTO people VALUES (1, 'ann', 'happy', '4711'), (2, 'bob', 'sad', '4712')",
                    "ALTER TABLE people ADD age int", "INSERT INTO people VALUES (3, 'cid', 'ok', '4713', 30)",
                    snapshot__mode="no_data", column__mask__with__4__chars="public.people.card")
    assert passed(leat, "name > 'ann' AND mood >= 'ok'") == [("c", 3)]
    assert passed(leat, "mood IN ('sad', 'happy') AND mood::text LIKE 's%'") == [("c", 2)]
    assert passed(leat, "card = '****'") == [("c", 1), ("c", 2), ("c", 3)]
    assert_refused(leat.log_command("--where", "age > 1"), "CONDITION_INVALID", "no column age in version 1", "--from")
    assert passed(leat, "age > 1", "--from", "3") == [("c", 3)]


def test_tail(database, leat):
    database.execute("CREATE TABLE orders (id int PRIMARY KEY, status text)")
    process = leat.tail(database.url(), "--format", "debezium", "--where", "status = 'paid'", "--limit", "2")
    database.wait_streaming(detail=process.describe)
    database.execute("INSERT INTO orders VALUES (1, 'new'), (2, 'paid'); UPDATE orders SET status = 'paid' WHERE id = 1")
    assert process.wait() == 0, process.describe()
    assert [(r.op, r.after["id"]) for r in process.records()] == [("c", 2), ("u", 1)]


def test_tail_ends_with_a_condition_that_does_not_fit(database, leat):
    database.execute("CREATE TABLE orders (id int PRIMARY KEY)")
    process = leat.tail(database.url(), "--format", "debezium", "--where", "amount > 1")
    database.wait_streaming(detail=process.describe)
    database.execute("INSERT INTO orders VALUES (1)")
    assert_refused(process, "CONDITION_INVALID", "public.orders", "amount")
