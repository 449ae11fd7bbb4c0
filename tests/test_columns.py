"""Columns that are left out and columns that are masked: in the snapshot and the stream, in keys and old rows, and never on disk."""

import hashlib

import pytest

from harness.leat import assert_refused

SECRET = "s3cr3t-value"


@pytest.fixture
def people(database):
    database.execute("""
        CREATE TABLE people (id int PRIMARY KEY, email varchar(200), phone varchar(10), born date, note text DEFAULT 'x', photo bytea);
        ALTER TABLE people REPLICA IDENTITY FULL;
        INSERT INTO people VALUES (1, 's3cr3t-value@a', '12345', '2000-01-01', 's3cr3t-value', '\\x01020304')""")
    return database


def capture(leat, database, changes, count, **options):
    """The records of the snapshot and of the changes."""
    leat.configure(database.url(), **options)
    process = leat.run()
    database.wait_streaming()
    for change in changes:
        database.execute(change)
    records = leat.wait_count(process, count)
    process.stop()
    return records


def nowhere(leat, *words):
    """None of the words stands in a file below the directory of the log, or in the output."""
    for path in leat.data.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for word in words:
            assert word.encode() not in content, f"{word} stands in {path}"
    for process in leat.started:
        assert not any(word in "\n".join(process.stderr) for word in words)


CHANGES = [
    "INSERT INTO people VALUES (2, 's3cr3t-value@b', '1', NULL, NULL, '\\x0506')",
    "UPDATE people SET note = 's3cr3t-value 2' WHERE id = 1",
    "DELETE FROM people WHERE id = 1",
]


def images(records):
    return [image for r in records if r.value for image in (r.before, r.after) if image]


def test_excluded_columns_are_nowhere(people, leat):
    records = capture(leat, people, CHANGES, 5, column__exclude__list=r"public\.people\.(email|NOTE)")
    assert [r.op for r in records] == ["r", "c", "u", "d", None]
    assert all(set(image) == {"id", "phone", "born", "photo"} for image in images(records))
    nowhere(leat, SECRET, "note", "email")


def test_only_included_columns_are_there(people, leat):
    records = capture(leat, people, CHANGES, 5, column__include__list=r"public\.people\.(born|phone)")
    assert all(set(image) == {"born", "phone"} for image in images(records))
    assert [r.key for r in records] == [{"id": i} for i in (1, 2, 1, 1, 1)], "the key stays in the key"
    nowhere(leat, SECRET)


def test_a_key_that_changes_though_it_is_left_out(people, leat):
    records = capture(leat, people, ["UPDATE people SET id = 7 WHERE id = 1"], 4,
                      column__exclude__list=r".*\.id,.*\.email,.*\.note")
    assert [(r.op, r.key["id"]) for r in records] == [("r", 1), ("d", 1), (None, 1), ("c", 7)]
    assert all("id" not in image for image in images(records))


def test_asterisks(people, leat):
    records = capture(leat, people, CHANGES, 5, **{
        "column.mask.with.4.chars": r"public\.people\.(email|note|born|photo)", "column.mask.with.0.chars": r".*\.phone"})
    for image in images(records):
        assert image["email"] == image["note"] == image["born"] == image["photo"] == "****", "NULL too"
        assert image["phone"] == ""
    nowhere(leat, SECRET)


@pytest.mark.parametrize("algorithm, python", [("SHA-256", "sha256"), ("MD5", "md5"), ("SHA3-256", "sha3_256")])
def test_hashes(people, leat, algorithm, python):
    def expected(text):
        return text and hashlib.new(python, b"CzQMA0cB5K" + text.encode()).hexdigest()

    records = capture(leat, people, CHANGES, 5, **{
        f"column.mask.hash.v2.{algorithm}.with.salt.CzQMA0cB5K": [r".*\.(email|note|phone)", r".*\.born", r".*\.id"]})
    read, created, updated, deleted, tombstone = records
    assert read.after == {
        "id": expected("1"), "email": expected("s3cr3t-value@a"), "phone": expected("12345")[:10], "born": expected("2000-01-01"),
        "note": expected(SECRET), "photo": "AQIDBA=="}
    assert created.after["note"] is None and created.after["born"] is None
    assert updated.before["note"] == expected(SECRET) and updated.after["note"] == expected("s3cr3t-value 2")
    assert deleted.before["email"] == expected("s3cr3t-value@a")
    assert {r.key["id"] for r in (read, updated, deleted, tombstone)} == {expected("1")}, "in keys too"
    nowhere(leat, SECRET, "CzQMA0cB5K")


def test_hashes_of_the_first_version(people, leat):
    """Java's serialized form of the text."""
    records = capture(leat, people, [], 1, **{"column.mask.hash.SHA-256.with.salt.CzQMA0cB5K": r".*\.note"})
    text = SECRET.encode()
    serialized = b"\xac\xed\x00\x05t" + len(text).to_bytes(2, "big") + text
    assert records[0].after["note"] == hashlib.sha256(b"CzQMA0cB5K" + serialized).hexdigest()


def test_truncation(people, leat):
    records = capture(leat, people, CHANGES, 5, **{"column.truncate.to.3.chars": r"public\.people\..*"})
    assert records[0].after["email"] == "s3c" and records[0].after["phone"] == "123"
    assert records[0].after["photo"] == "AQID", "three bytes"
    assert records[0].after["id"] == 1 and records[0].after["born"] == 10957, "no text"
    assert records[2].before["note"] == records[2].after["note"] == "s3c"
    nowhere(leat, SECRET)


def test_truncation_to_nothing(people, leat):
    records = capture(leat, people, CHANGES, 5, **{"column.truncate.to.0.chars": r"public\.people\.(email|note|photo)"})
    assert all(image["email"] == image["photo"] == "" for image in images(records) if image["photo"] is not None)
    assert records[0].after["note"] == records[3].before["note"] == ""
    assert records[1].after["note"] is None, "NULL stays"
    nowhere(leat, SECRET)


def test_a_masked_key_is_nowhere_even_in_positions(people, leat):
    """A table that is added later is read by its key, beside the stream: not where the key is masked."""
    people.execute("CREATE TABLE cards (number text PRIMARY KEY, v int); INSERT INTO cards SELECT 's3cr3t-value ' || i, i FROM generate_series(1, 500) i")
    masks = {"column.mask.hash.v2.SHA-256.with.salt.x": r".*\.(number|email|note)"}
    capture(leat, people, [], 1, tables=["public.people"], **masks)
    records = capture(leat, people, ["UPDATE cards SET v = 0 WHERE v = 500"], 502, tables=["public.people", "public.cards"], **masks)
    assert len({r.key["number"] for r in records if r.table == "cards"}) == 500
    nowhere(leat, SECRET)


def test_an_unchanged_toasted_value_and_its_mask(database, leat):
    database.execute("CREATE TABLE docs (id int PRIMARY KEY, v int, a text, b text)")
    database.execute("ALTER TABLE docs ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL")
    database.execute("INSERT INTO docs SELECT 1, 1, repeat('a', 9000), repeat('b', 9000)")
    records = capture(leat, database, ["UPDATE docs SET v = 2"], 2, **{
        "column.mask.with.2.chars": r".*\.a", "column.mask.hash.v2.MD5.with.salt.x": r".*\.b"})
    assert records[1].after == {"id": 1, "v": 2, "a": "**", "b": "__debezium_unavailable_value"}


def test_the_rules_change_at_a_restart(people, leat):
    capture(leat, people, [], 1, column__exclude__list=r".*\.note,.*\.email,.*\.photo")
    capture(leat, people, ["INSERT INTO people VALUES (2, 'new@a', '2')"], 2,
            column__exclude__list=r".*\.note,.*\.photo", **{"column.mask.with.1.chars": r".*\.phone"})
    records = capture(leat, people, ["INSERT INTO people VALUES (3, 'new@b', '3', NULL, 'seen')"], 3)
    assert [set(r.after) for r in records] == [
        {"id", "phone", "born"}, {"id", "phone", "born", "email"}, {"id", "phone", "born", "email", "note", "photo"}]
    assert [r.after["phone"] for r in records] == ["12345", "*", "3"], "what is in the log stays as it is"


def test_a_column_that_is_added_or_altered_later_is_masked_too(people, leat):
    records = capture(leat, people, [
        "ALTER TABLE people ADD COLUMN card text, ALTER COLUMN phone TYPE bigint USING 1",
        "INSERT INTO people (id, card, phone) VALUES (2, 's3cr3t-value', 5)",
    ], 2, **{"column.mask.with.3.chars": r".*\.(card|note|email)", "column.exclude.list": r".*\.phone"})
    assert records[1].after == {"id": 2, "email": "***", "born": None, "note": "***", "photo": None, "card": "***"}
    nowhere(leat, SECRET)


def test_message_key_columns(people, leat):
    people.execute("CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1)")
    records = capture(leat, people, CHANGES[1:], 5, message__key__columns="(.*).people:phone,id",
                      column__exclude__list=r".*\.(phone|email|note)")
    assert {r.topic: r.key for r in records} == {"shop.public.people": {"id": 1, "phone": "12345"}, "shop.public.other": {"id": 1}}
    assert all("phone" not in image for image in images(records))
    nowhere(leat, SECRET)
    # Another key, over the same log.
    keys = leat.log("--set", "message.key.columns=public.people:born")
    assert keys[-1].key == {"born": 10957} or keys[0].key == {"born": 10957}


def test_signals_are_read_whatever_columns_are_wanted(people, leat):
    people.execute("CREATE TABLE signals (id text PRIMARY KEY, type text, data text)")
    leat.configure(people.url(), signal__data__collection="public.signals", column__include__list=r"public\.people\.(id|born)")
    process = leat.run()
    leat.wait_for_marker(process, people)
    people.execute("INSERT INTO signals VALUES ('s', 'execute-snapshot', '{\"data-collections\": [\"public.people\"]}')")
    process.wait_stderr("incremental snapshot of public.people complete")
    leat.wait_for_marker(process, people)
    process.stop()
    rows = [r.after for r in leat.log() if r.table == "people"]
    assert rows == [{"id": 1, "born": 10957}] * 2
    nowhere(leat, SECRET)


def test_a_mask_that_matches_nothing_is_told(people, leat):
    leat.configure(people.url(), **{"column.mask.with.3.chars": r"public\.poeple\.email"})
    process = leat.run()
    leat.wait_count(process, 1)
    process.stop()
    assert r"matches no column of the captured tables" in process.error_text()


def test_an_unknown_algorithm_is_refused(people, leat):
    leat.configure(people.url(), **{"column.mask.hash.SHA-257.with.salt.hunter2": ".*"})
    process = leat.run()
    assert_refused(process, "CONFIG_INVALID", "SHA-257", "SHA-256")
    assert "hunter2" not in process.describe()
