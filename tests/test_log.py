"""leat log, and what the log survives."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from harness import segments
from harness.leat import BINARY, assert_refused, environment


@pytest.fixture
def items(database):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); CREATE TABLE other (id int PRIMARY KEY)")
    return database


@pytest.fixture
def running(items, leat):
    """A server on `items` without snapshot, so that change n is sequence n."""

    def start(log=None, **options):
        leat.configure(items.url(), log=log, **({"snapshot__mode": "no_data"} | options))
        process = leat.run()
        items.wait_streaming(detail=process.describe)
        return process

    return start


@pytest.fixture
def ten(items, leat, running):
    """A log of ten inserts, one transaction each, that nobody writes any more."""
    process = running()
    for number in range(1, 11):
        items.execute(f"INSERT INTO items VALUES ({number}, 'v{number}')")
        leat.wait_count(process, number)  # a block of its own
    process.stop()
    return leat


def ids(records):
    return [r.after["id"] for r in records]


def test_listing(ten):
    process = ten.log_command(source=None, format=None)
    assert process.popen.returncode == 0, process.describe()
    text = "\n".join(process.stdout)
    assert "shop" in text and "10" in text, text


def test_listing_while_a_server_runs(items, leat, running):
    process = running()
    items.execute("INSERT INTO items VALUES (1, 'x')")
    leat.wait_count(process, 1)
    listing = leat.log_command(source=None, format=None)
    assert listing.popen.returncode == 0 and "shop" in "\n".join(listing.stdout), listing.describe()
    process.stop()


def test_unknown_source(ten):
    assert_refused(ten.log_command(source="nope"), "LOG_NO_SOURCE", "nope", "It has: shop")
    assert_refused(ten.log_command("--from", 3, source=None, format=None), "USAGE", "--source")


def test_from_and_to_by_sequence(ten):
    assert ids(ten.log("--from", 4)) == [4, 5, 6, 7, 8, 9, 10]
    assert ids(ten.log("--to", 6)) == [1, 2, 3, 4, 5, 6]
    assert ids(ten.log("--from", 4, "--to", 6)) == [4, 5, 6]
    assert ids(ten.log("--from", 10)) == [10]
    assert ids(ten.log("--from", 11)) == []
    assert ids(ten.log("--from", 1, "--limit", 2)) == [1, 2]


def test_from_and_to_by_time(items, leat, running):
    process = running()
    items.execute("INSERT INTO items VALUES (1, 'before')")
    leat.wait_count(process, 1)
    cut = items.value("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
    items.execute("INSERT INTO items VALUES (2, 'after')")
    leat.wait_count(process, 2)
    process.stop()
    assert ids(leat.log("--from", cut)) == [2]
    assert ids(leat.log("--to", cut)) == [1]
    assert ids(leat.log("--from", "2000-01-01T00:00:00Z")) == [1, 2]
    assert ids(leat.log("--from", "2199-01-01T00:00:00Z")) == []


@pytest.mark.parametrize("arguments", [["--from", "yesterday"], ["--to", "x"], ["--from", "-3"], ["--from", ""]])
def test_bad_ranges(ten, arguments):
    assert_refused(ten.log_command(*arguments), "USAGE")


def test_filters(items, leat, running):
    process = running()
    items.execute("INSERT INTO items VALUES (1, 'x')")
    items.execute("INSERT INTO other VALUES (1)")
    items.execute("UPDATE items SET v = 'y'")
    items.execute("DELETE FROM items")
    leat.wait_count(process, 5)
    process.stop()
    assert [r.table for r in leat.log("--table", "public.oth*")] == ["other"]
    assert [r.op for r in leat.log("--op", "u")] == ["u"]
    assert [r.brief() for r in leat.log("--op", "d")][0] == ("items", "d")
    assert [r.op for r in leat.log("--table", "public.items", "--op", "c,u")] == ["c", "u"]
    text = leat.log_command("--limit", 1, format="text")
    assert "items" in "\n".join(text.stdout) and not text.stdout[0].startswith("{")


def test_follow(items, leat, running):
    process = running()
    items.execute("INSERT INTO items VALUES (1, 'x')")
    leat.wait_count(process, 1)
    follower = leat.start("log", "--data-dir", leat.data, "--source", "shop", "--format", "debezium", "--follow")
    follower.wait_records(1)
    for number in range(2, 8):
        items.execute(f"INSERT INTO items VALUES ({number}, 'x')")
        assert ids(follower.wait_records(number)) == list(range(1, number + 1))
    process.stop()
    assert follower.running, "it waits for the next writer"
    process = leat.run()
    items.execute("INSERT INTO items VALUES (8, 'x')")
    assert ids(follower.wait_records(8)) == list(range(1, 9))
    process.kill()
    process = leat.run()
    items.execute("INSERT INTO items VALUES (9, 'x')")
    assert ids(follower.wait_records(9)) == list(range(1, 10))
    assert follower.running
    follower.kill()
    process.stop()


def test_follow_ends_by_limit_and_by_idleness(items, leat, running):
    process = running()
    limited = leat.start("log", "--data-dir", leat.data, "--source", "shop", "--format", "debezium", "--follow", "--limit", 2)
    items.execute("INSERT INTO items VALUES (1, 'x'), (2, 'x'), (3, 'x')")
    assert limited.wait() == 0 and ids(limited.records()) == [1, 2]
    idle = leat.start("log", "--data-dir", leat.data, "--source", "shop", "--format", "debezium", "--follow", "--idle-exit", 1)
    assert idle.wait() == 0 and ids(idle.records()) == [1, 2, 3]
    process.stop()


def test_reading_changes_nothing(ten):
    def state():
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in ten.data.rglob("*")}

    before = state()
    ten.log()
    ten.log_command(source=None, format=None)
    assert state() == before


def test_a_reader_needs_no_right_to_write(ten, as_root):
    folder = Path(tempfile.mkdtemp(prefix="leat-test-"))
    try:
        shutil.copytree(ten.data, folder / "data")
        shutil.copy2(BINARY, folder / "leat")
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", folder / "leat", "log",
                   "--data-dir", folder / "data", "--source", "shop"]
        done = subprocess.run(command, env=environment(), cwd="/", capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and len(done.stdout.splitlines()) == 10, done.stderr
    finally:
        shutil.rmtree(folder)


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x40]))


def test_damaged_block_is_reported(ten):
    """What stands before it is shown, then file, offset and sequence. A writer refuses to go on over it."""
    path = segments.segments(ten.data)[-1]
    block = next(b for b in segments.blocks(path) if b.changes and b.first_seq == 5)
    flip(path, block.offset + block.length - 20)
    process = ten.log_command()
    assert ids(process.records()) == [1, 2, 3, 4]
    assert_refused(process, "LOG_CORRUPT", path.name, str(block.offset), "5")
    size = path.stat().st_size
    assert_refused(ten.run(), "LOG_CORRUPT", path.name, str(block.offset))
    assert path.stat().st_size == size, "nothing durable is cut"
    assert ids(ten.log_command("--from", 1, "--to", 4).records()) == [1, 2, 3, 4]


@pytest.mark.parametrize("place", ["magic", "length", "huge length", "seq", "zeros"])
def test_damage_anywhere_in_a_block_is_reported(ten, place):
    path = segments.segments(ten.data)[-1]
    block = next(b for b in segments.blocks(path) if b.changes and b.first_seq == 5)
    with open(path, "r+b") as file:
        if place == "zeros":
            file.seek(block.offset)
            file.write(bytes(block.length))
        elif place == "huge length":
            file.seek(block.offset + 4)
            file.write(b"\xff\xff\xff\x7f")
    if place in ("magic", "length", "seq"):
        flip(path, block.offset + {"magic": 0, "length": 4, "seq": 16}[place])
    process = ten.log_command()
    assert ids(process.records()) == [1, 2, 3, 4]
    assert_refused(process, "LOG_CORRUPT", path.name, str(block.offset))


def test_index_and_tail_can_be_made_again(ten):
    for path in ten.data.rglob("*"):
        if path.suffix == ".idx" or path.name == "tail":
            path.unlink()
    assert ids(ten.log()) == list(range(1, 11))
    assert ids(ten.log("--from", 7)) == [7, 8, 9, 10]
    process = ten.run()
    assert len(ten.log()) == 10
    process.wait_stderr("captures")  # it listens to signals from here on
    process.stop()


def test_torn_tail_at_every_byte(items, leat, running, tmp_path):
    """Killed before anything was synced, then cut anywhere in its last unit: read up to the unit before."""
    process = running(log={"fsync": "never"})
    for number in range(1, 4):
        items.execute(f"INSERT INTO items VALUES ({number}, 'v')")
        leat.wait_count(process, number)
    items.transaction("INSERT INTO items VALUES (4, 'v')", "INSERT INTO items VALUES (5, 'v')")
    leat.wait_count(process, 5)
    process.kill()
    path = segments.segments(leat.data)[-1]
    first, last = segments.last_unit_with_changes(path)
    assert first.first_seq == 4 and last.end - first.offset < 4000
    copy = tmp_path / "copy"
    shutil.copytree(leat.data, copy)
    torn = copy / path.relative_to(leat.data)
    wrong = []
    for size in range(last.end - 1, first.offset - 1, -1):
        os.truncate(torn, size)
        seen = leat.log_command(data=copy)
        leat.started.remove(seen)
        if seen.popen.returncode != 0 or ids(seen.records()) != [1, 2, 3]:
            wrong.append(f"cut at {size - first.offset} of {last.end - first.offset}: {len(seen.stdout)} records, {seen.error_text()}")
    assert not wrong, "\n".join(wrong[:10])
    # A writer cuts it off and gets the transaction again: first few bytes, middle, all but one.
    original = path.read_bytes()
    tail = (path.parent / "tail").read_bytes()
    for cut in (0, 1, 63, 64, (last.end - first.offset) // 2, last.end - first.offset - 1):
        path.write_bytes(original[: first.offset + cut])
        (path.parent / "tail").write_bytes(tail)
        process = leat.run()
        records = leat.wait_count(process, 5)
        assert ids(records) == [1, 2, 3, 4, 5]
        process.kill()
        for other in segments.segments(leat.data):
            assert other == path


def test_a_missing_end_that_was_durable_is_damage(ten):
    """What was synced and told to the source is not cut off silently."""
    path = segments.segments(ten.data)[-1]
    first, last = segments.last_unit_with_changes(path)
    os.truncate(path, last.end - 1)
    process = ten.log_command()
    assert ids(process.records()) == list(range(1, 10))
    assert_refused(process, "LOG_CORRUPT", path.name, str(first.offset))
    assert_refused(ten.run(), "LOG_CORRUPT", path.name)


def test_segments_and_retention_by_size(items, leat, running):
    process = running(log={"segment.bytes": 65536, "retention.bytes": 300_000})
    total = 0
    for _ in range(10):
        total += 400
        items.execute(f"INSERT INTO items SELECT i, repeat('x', 300) FROM generate_series({total - 399}, {total}) i")
        # What waits together becomes one unit, which no segment cuts.
        leat.wait_log(process, lambda seen: seen and seen[-1].after["id"] == total, "the last row")
    process.stop()
    kept = ids(leat.log())
    assert kept == list(range(kept[0], total + 1)) and 1 < kept[0] < total
    assert len(segments.segments(leat.data)) > 1
    assert_refused(leat.log_command("--from", 1), "LOG_TRIMMED")
    assert ids(leat.log("--from", kept[0] + 5))[0] == kept[0] + 5
    process = leat.run()
    items.execute("INSERT INTO items VALUES (0, 'after')")
    leat.wait_log(process, lambda seen: seen[-1].after["id"] == 0, "the next row")


def test_retention_by_age(items, leat, running):
    process = running(log={"segment.bytes": 65536, "retention.ms": 1000})
    items.execute("INSERT INTO items SELECT i, repeat('x', 300) FROM generate_series(1, 1000) i")
    leat.wait_for_marker(process, items)
    time.sleep(1.5)
    items.execute("INSERT INTO items SELECT i, repeat('x', 300) FROM generate_series(1001, 2000) i")
    leat.wait_for_marker(process, items)
    time.sleep(1.5)
    process.stop()
    process = leat.run()
    items.execute("INSERT INTO items VALUES (0, 'x')")
    records = leat.wait_marker(process, items)
    assert 1 not in ids(r for r in records if r.op == "c")
    process.stop()


def test_many_segments_are_one_log(items, leat, running):
    """Schemas stand again in each segment: any place can be read without what is before."""
    process = running(log={"segment.bytes": 65536})
    for batch in range(10):
        if batch == 5:
            items.execute("ALTER TABLE items ADD COLUMN w int")
        items.execute(f"INSERT INTO items (id, v) SELECT i, repeat('x', 300) FROM generate_series({batch * 200 + 1}, {batch * 200 + 200}) i")
        items.execute("INSERT INTO other VALUES (1)" if batch == 0 else "UPDATE other SET id = 1")
        leat.wait_for_marker(process, items)  # what waits together becomes one unit, which no segment cuts
    process.stop()
    assert len(segments.segments(leat.data)) > 3
    everything = leat.log()
    changes = [r for r in everything if not r.tombstone]
    for start in (2, 199, 201, 777, 1500, len(changes)):
        assert [r.line for r in leat.log("--from", start)] == [r.line for r in changes[start - 1:]]
    assert "w" not in changes[0].after and "w" in changes[-3].after


@pytest.mark.parametrize("policy", ["always", "interval", "never"])
def test_fsync_policies(items, leat, running, policy):
    """Whatever the policy, the end of the process takes nothing back."""
    process = running(log={"fsync": policy})
    for number in range(1, 21):
        items.execute(f"INSERT INTO items VALUES ({number}, 'v')")
    leat.wait_count(process, 20)
    process.kill()
    assert ids(leat.log()) == list(range(1, 21))
    process = leat.run()
    items.execute("INSERT INTO items VALUES (21, 'v')")
    assert ids(leat.wait_count(process, 21)) == list(range(1, 22))
    process.stop()
