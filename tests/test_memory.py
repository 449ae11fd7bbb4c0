"""Memory under the budget, whatever the size of a row, a transaction or a snapshot; measured by the process's peak.

LEAT_LARGE_VALUE (default 40000000) is the size of the largest value; `make test-long` takes 900000000.
"""

import hashlib
import os
import re
import subprocess

import pytest

from harness.leat import BINARY, SOURCE, environment

LARGE_VALUE = int(os.environ.get("LEAT_LARGE_VALUE", "40000000"))

# 64 MB in flight, and the program itself with its libraries.
PEAK = 120_000_000


@pytest.fixture
def items(database):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, 'old')")
    return database


def captured(leat, database):
    """Starts leat and waits for its snapshot and a row more."""
    leat.configure(database.url())
    process = leat.run()
    leat.wait_count(process, 1)
    database.execute("INSERT INTO items VALUES (2, 'new')")
    leat.wait_count(process, 2)
    return process


def test_memory_of_a_transaction_of_many_rows(items, leat):
    process = captured(leat, items)
    items.execute("INSERT INTO items SELECT i, 'some text of a row' FROM generate_series(10, 500009) i")
    items.execute("INSERT INTO items VALUES (5, 'after')")
    done = lambda: leat.log("--from", 500003)  # noqa: E731
    process.wait_for(lambda: len(done()) == 1, "the row after the transaction", 180)
    assert process.peak_rss() < PEAK, f"{process.peak_rss() / 1e6:.0f} MB"
    process.stop()
    lines = leat.log_command("--op", "c").stdout
    assert len(lines) == 500002
    assert {line.count('"op":"c"') for line in lines[:: 997]} == {1}


def test_memory_of_a_large_transaction(items, leat):
    process = captured(leat, items)
    items.execute("INSERT INTO items SELECT i, repeat(md5(i::text), 32768) FROM generate_series(10, 209) i")
    items.execute("INSERT INTO items VALUES (5, 'after')")
    process.wait_for(lambda: len(leat.log("--from", 203)) == 1, "the row after the transaction", 180)
    assert process.peak_rss() < PEAK, f"{process.peak_rss() / 1e6:.0f} MB"
    process.stop()
    rows = [r.after for r in leat.log("--from", 3, "--to", 202)]
    assert [row["id"] for row in rows] == list(range(10, 210))
    assert {len(row["v"]) for row in rows} == {1 << 20} and len({row["v"][:32] for row in rows}) == 200


def test_memory_of_a_snapshot(items, leat):
    items.execute("INSERT INTO items SELECT i, repeat(md5(i::text), 32768) FROM generate_series(2, 151) i")
    items.execute("CREATE TABLE small (id int PRIMARY KEY, v text); INSERT INTO small SELECT i, 'row' FROM generate_series(1, 300000) i")
    leat.configure(items.url())
    process = leat.run()
    items.wait_streaming(180, process.describe)
    assert process.peak_rss() < PEAK, f"{process.peak_rss() / 1e6:.0f} MB"
    process.stop()
    assert len(leat.log_command("--table", "*.small").stdout) == 300000
    assert {len(r.after["v"]) for r in leat.log("--table", "*.items")} == {3, 1 << 20}


def test_one_very_large_value(items, leat):
    """More than all the memory there is for what is in flight: passed on whole, or refused by name. Never cut."""
    process = captured(leat, items)
    items.execute("INSERT INTO items VALUES (10, repeat('0123456789', 10000000))")
    items.execute("INSERT INTO items VALUES (11, 'after')")

    def outcome():
        if "ROW_TOO_LARGE" in process.error_text():
            return True
        return any(r.after["id"] == 11 for r in leat.log_or_nothing("--from", 3))

    process.wait_for(outcome, "the value, or its refusal", 120)
    large = [r.after["v"] for r in leat.log_or_nothing("--from", 3) if r.after["id"] == 10]
    assert large in ([], ["0123456789" * 10_000_000])
    if not large:
        told = [line for line in process.error_text().splitlines() if "ROW_TOO_LARGE" in line]
        assert all(re.search(r"[0-9A-F]+/[0-9A-F]+", line) for line in told), "the refusal names its position"


def values_of(leat, id):
    """The value of each record of a row, as its MD5 sum; read in pieces."""
    command = [str(BINARY), "log", "--data-dir", str(leat.data), "--source", SOURCE, "--format", "debezium", "--op", "r,c"]
    found, value, begins = [], None, b'"after":{"id":%d,"v":"' % id
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        rest = b""
        while piece := process.stdout.read1(1 << 20):
            rest += piece
            while True:
                if value is None:
                    at = rest.find(begins)
                    if at < 0:
                        rest = rest[-len(begins):]
                        break
                    value, rest = hashlib.md5(), rest[at + len(begins):]
                end = rest.find(b'"')
                value.update(rest if end < 0 else rest[:end])
                if end < 0:
                    rest = b""
                    break
                found.append(value.hexdigest())
                value, rest = None, rest[end:]
    assert process.returncode == 0
    return found


@pytest.mark.timeout(1800)
def test_memory_of_a_very_large_value(items, leat):
    """The largest that a budget allows, a quarter of it: read by a snapshot, and streamed."""
    budget = max(LARGE_VALUE * 40 // 9, 64_000_000)
    items.execute("ALTER TABLE items ALTER v SET STORAGE EXTERNAL")
    large = "repeat(md5('{}'), %s)" % (LARGE_VALUE // 32)
    items.execute(f"INSERT INTO items VALUES (5, {large.format('snapshot')})")
    leat.configure(items.url(), top={"memory.bytes": budget})
    process = leat.run()
    items.wait_streaming(600, process.describe)
    after_snapshot = process.peak_rss()
    items.execute(f"INSERT INTO items VALUES (6, {large.format('stream')})")
    items.execute("INSERT INTO items VALUES (7, 'after')")
    process.wait_for(lambda: leat.log_command("--op", "c", "--from", 4, timeout=600).stdout, "the row after it", 900)
    peak = process.peak_rss()
    process.stop()
    print(f"value {LARGE_VALUE / 1e6:.0f} MB, memory.bytes {budget / 1e6:.0f} MB: "
          f"{after_snapshot / 1e6:.0f} MB after the snapshot, {peak / 1e6:.0f} MB in the end")
    for id in (5, 6):
        assert values_of(leat, id) == [items.value(f"SELECT md5(v) FROM items WHERE id = {id}")]
    assert peak < budget, f"{peak / 1e6:.0f} MB"
