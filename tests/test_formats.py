"""Formats, columns and rows that leave their condition: what leat log, leat tail and the server tell."""

import json
import re
from pathlib import Path

import pytest

from harness import oracle, zoo
from harness.leat import assert_refused
from harness.oracle import Options
from harness.postgres import ROOT
from test_server import Api

FORMATS = ("flat", "event", "cloudevents", "cloudevents-binary")
EVENT_MEMBERS = ["event_id", "source_db", "table_name", "operation", "before_data", "after_data", "timestamp", "transaction_id",
                 "sequence_number"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def lines(leat, format, *arguments):
    """The log in one format, parsed."""
    process = leat.log_command(*arguments, format=format)
    assert process.popen.returncode == 0, process.describe()
    return [json.loads(line) for line in process.stdout]


def row_of(line):
    """The columns of a flat line."""
    return {name: value for name, value in line.items() if not name.startswith("__")}


@pytest.fixture
def captured(database, leat):
    """configure(…), run, do(statements), and wait until they are in the log."""

    class Captured:
        def start(self, **options):
            leat.configure(database.url(), **options)
            self.process = leat.run()
            database.wait_streaming(detail=self.process.describe)
            return self

        def do(self, *statements):
            for statement in statements:
                database.execute(statement)
            leat.wait_for_marker(self.process, database)

        def api(self):
            return Api(self.process)

    return Captured()


def test_all_types_agree_with_the_envelope(database, leat):
    database.execute(zoo.PRELUDE)
    kinds = list(zoo.KINDS.items())
    columns = ", ".join(f"c{i} {sql}" for i, (sql, _) in enumerate(kinds))
    database.execute(f"CREATE TABLE zoo (id int PRIMARY KEY, {columns})")

    def fill(first):
        for row in range(max(len(kind.edges) for _, kind in kinds) + 1):
            items = [zoo.constant(sql, kind.edges[row]) if row < len(kind.edges) else "NULL" for sql, kind in kinds]
            database.execute(f"INSERT INTO zoo VALUES ({first + row}, {', '.join(items)})")

    options = Options(decimal="string", time="isostring", interval="string")
    fill(0)
    leat.configure(database.url(), **options.configuration())
    process = leat.run()
    database.wait_streaming(detail=process.describe)
    fill(1000)
    leat.wait_for_marker(process, database)
    process.stop()
    envelopes = [record for record in leat.log() if record.op != "m"]
    assert len(envelopes) > 20 and {record.op for record in envelopes} == {"r", "c"}
    assert [row_of(line) for line in lines(leat, "flat", "--op", "c,r")] == [record.after for record in envelopes]
    assert [line["after_data"] for line in lines(leat, "event", "--op", "c,r")] == [record.after for record in envelopes]
    assert [line["data"]["after"] for line in lines(leat, "cloudevents", "--op", "c,r")] == [r.after for r in envelopes]
    binary = lines(leat, "cloudevents-binary", "--op", "c,r")
    assert [(line["key"], line["value"]["after"]) for line in binary] == [(r.key, r.after) for r in envelopes]


def test_values_can_be_read_without_a_schema(database, leat, captured):
    """Where the source's options say nothing; the envelope has Debezium's defaults, and an option holds in every format."""
    database.execute("CREATE TABLE t (id int PRIMARY KEY, n numeric(10,2), at timestamp, d interval)")
    captured.start(time__precision__mode="connect")
    captured.do("INSERT INTO t VALUES (1, 12.50, '2026-11-21 10:00:00', '1 day')")
    asked = {"id": 1, "n": "12.50", "at": 1795255200000, "d": "P0Y0M1DT0H0M0S"}
    assert row_of(lines(leat, "flat")[0]) == lines(leat, "event")[0]["after_data"] == asked
    assert lines(leat, "cloudevents")[0]["data"]["after"] == asked
    assert row_of(lines(leat, "flat", "--set", "time.precision.mode=isostring", "--set", "decimal.handling.mode=precise")[0]) == {
        **asked, "n": "BOI=", "at": "2026-11-21T10:00:00Z"}
    record, = [r for r in leat.log() if r.table == "t"]
    assert record.after == {"id": 1, "n": "BOI=", "at": 1795255200000, "d": 86400000000}
    api = captured.api()
    got, = [line for line in api.lines("/api/v1/sources/shop/changes?from=earliest&follow=false&format=flat&tables=public.t")]
    assert row_of(got) == asked


def check_cloud_event(attributes):
    """The rules of CloudEvents 1.0 and of its JSON schema; returns the data."""
    data = attributes.pop("data", None)
    for name in ("id", "source", "specversion", "type"):
        assert isinstance(attributes[name], str) and attributes[name], name
    assert attributes["specversion"] == "1.0"
    for name, value in attributes.items():
        assert re.fullmatch(r"[a-z0-9]{1,20}", name), name
        assert isinstance(value, str) and value, name
    assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", attributes["source"]), "a URI reference"
    assert TIME.fullmatch(attributes["time"]), "RFC 3339"
    assert attributes["datacontenttype"] == "application/json"
    assert re.fullmatch(r"\d{20}", attributes["sequence"])
    assert "subject" not in attributes or attributes["subject"]
    return data


STATEMENTS = (
    "CREATE TABLE orders (id int PRIMARY KEY, status text, total numeric(10,2), note text)",
    "ALTER TABLE orders ALTER note SET STORAGE EXTERNAL",
    "INSERT INTO orders VALUES (7, 'open', 12.50, repeat('x', 9000))",
    "UPDATE orders SET status = 'paid' WHERE id = 7",
    "UPDATE orders SET id = 8 WHERE id = 7",
    "DELETE FROM orders WHERE id = 8",
    "SELECT pg_logical_emit_message(true, 'audit', 'hi')",
    "TRUNCATE orders",
)


def test_operations(database, leat, captured):
    for statement in STATEMENTS[:2]:
        database.execute(statement)
    captured.start(decimal__handling__mode="string")
    captured.do(*STATEMENTS[2:])
    note = "x" * 9000
    inserted = {"id": 7, "status": "open", "total": "12.50", "note": note}
    flat = lines(leat, "flat")[:7]
    # The note is TOASTed: an update that leaves it alone does not say it.
    assert [row_of(line) for line in flat] == [
        inserted, {"id": 7, "status": "paid", "total": "12.50"}, {"id": 7}, {"id": 8, "status": "paid", "total": "12.50"},
        {"id": 8}, {"prefix": "audit", "content": "aGk="}, {}]
    assert [line["__op"] for line in flat] == ["c", "u", "d", "c", "d", "m", "t"]
    assert [line.get("__deleted") for line in flat] == ["false", "false", "true", "false", "true", None, None]
    assert [line.get("__seq") for line in flat] == [1, 2, None, 3, 4, 5, 6], "on the last line of a change"
    assert [line["__table"] for line in flat] == ["public.orders"] * 5 + [None, "public.orders"]
    assert all(TIME.fullmatch(line["__ts"]) for line in flat)

    events = lines(leat, "event")[:6]
    assert all(list(event) == EVENT_MEMBERS for event in events)
    assert [event["operation"] for event in events] == ["INSERT", "UPDATE", "UPDATE", "DELETE", "MESSAGE", "TRUNCATE"]
    assert [event["before_data"] for event in events] == [None, None, {"id": 7}, {"id": 8}, None, None]
    assert events[0]["after_data"] == inserted and events[1]["after_data"] == {"id": 7, "status": "paid", "total": "12.50"}
    assert events[2]["after_data"] == {"id": 8, "status": "paid", "total": "12.50"} and events[3]["after_data"] is None
    assert [event["sequence_number"] for event in events] == [1, 2, 3, 4, 5, 6]
    assert {event["source_db"] for event in events} == {database.name}
    assert len({event["event_id"] for event in events}) == 6
    assert lines(leat, "event")[:6] == events, "told again, the ids are the same"
    assert lines(leat, "event", "--from", "3")[:4] == events[2:], "from wherever it is told"
    envelopes = [r for r in leat.log() if not r.tombstone and r.op in "cu"]
    assert [e["transaction_id"] for e in events[:2]] == [str(r.source["txId"]) for r in envelopes[:2]]

    for line, event in zip(lines(leat, "cloudevents"), events):
        assert line["type"] == "leat.change." + event["operation"].lower() and line["id"] == event["event_id"]
        data = check_cloud_event(line)
        assert data.get("after") == (event["after_data"] if event["operation"] != "MESSAGE" else None)
    for line, event in zip(lines(leat, "cloudevents-binary"), events):
        headers = line["headers"]
        assert headers.pop("content-type") == "application/json" and all(name.startswith("ce-") for name in headers)
        attributes = {name.removeprefix("ce-"): value for name, value in headers.items()}
        check_cloud_event(attributes | {"datacontenttype": "application/json"})
        assert attributes["id"] == event["event_id"] and line["value"]["op"] in "cudmt"


def test_the_old_row_where_it_is_known(database, leat, captured):
    database.execute(STATEMENTS[0])
    database.execute("ALTER TABLE orders REPLICA IDENTITY FULL; ALTER TABLE orders ALTER note SET STORAGE EXTERNAL")
    captured.start(decimal__handling__mode="string")
    captured.do(*STATEMENTS[2:6])
    note = "x" * 9000
    flat = lines(leat, "flat", "--op", "c,u,d")
    assert [row_of(line).get("note") for line in flat] == [note] * 5, "what is unchanged is in the old row"
    assert row_of(flat[-1]) == {"id": 8, "status": "paid", "total": "12.50", "note": note}
    events = lines(leat, "event", "--op", "u")
    assert events[0]["before_data"] == {"id": 7, "status": "open", "total": "12.50", "note": note}
    assert events[1]["before_data"]["id"] == 7 and events[1]["after_data"]["id"] == 8


def masked(text):
    """Without what is another each time: times, transactions, positions, the database's name."""
    text = re.sub(TIME, "T", text)
    text = re.sub(r'("(?:ts_ms|ts_us|ts_ns|txId|lsn)"):\d+', r"\1:0", text)
    text = re.sub(r'"transaction_id":"\d+"', '"transaction_id":"0"', text)
    text = re.sub(r'"sequence":"\[[^]]*\]"', '"sequence":[]', text)
    return re.sub(r'("(?:event_id|id|ce-id)":"shop:\d+):\d+"', r'\1:0"', text)


def test_examples_of_the_documentation(server, leat):
    """Every example of docs/formats.md is what comes."""
    page = (ROOT / "docs" / "formats.md").read_text()
    examples = {}
    for section in page.split("\n## ")[1:]:
        for line in section.splitlines():
            if line.startswith("    {") and section.split("\n")[0] not in examples:
                examples[section.split("\n")[0]] = line.strip()
    assert set(examples) == {"debezium", *FORMATS}
    database = server.new_database("shop")
    try:
        database.execute(STATEMENTS[0])
        leat.configure(database.url(), decimal__handling__mode="string")
        process = leat.run()
        database.wait_streaming(detail=process.describe)
        database.execute("INSERT INTO orders VALUES (7, 'open', 12.50, NULL)")
        database.execute("UPDATE orders SET status = 'paid' WHERE id = 7")
        leat.wait_for_marker(process, database)
        api = Api(process)
        for format, example in examples.items():
            line, = api.get(f"/api/v1/sources/shop/changes?from=earliest&follow=false&ops=u&format={format}").splitlines()
            assert masked(line) == masked(example), format
        process.stop()
    finally:
        leat.close()
        database.drop()


def test_over_http(database, leat, captured):
    for statement in STATEMENTS[:2]:
        database.execute(statement)
    captured.start(decimal__handling__mode="string")
    captured.do(*STATEMENTS[2:])
    api = captured.api()
    path = "/api/v1/sources/shop/changes?follow=false&tables=public.orders"
    for format in ("flat", "event", "cloudevents"):
        everything = api.lines(f"{path}&from=earliest&format={format}")
        assert everything == [line for line in lines(leat, format, "--table", "public.orders")]
        rest = api.lines(f"{path}&after=2&format={format}")
        assert rest == everything[2:], "from where the reader was"
    # The second line of the change of the key is where a reader may go on.
    events = api.get(f"{path}&from=earliest&format=flat", headers={"Accept": "text/event-stream"}).strip().split("\n\n")
    assert [re.findall(r"^id: (\d+)", event, re.M) for event in events] == [["1"], ["2"], [], ["3"], ["4"], ["6"]]
    assert [json.loads(event.split("\n")[0].removeprefix("data: ")) for event in events] == api.lines(f"{path}&from=earliest&format=flat")
    binary = api.lines(f"{path}&from=earliest&format=cloudevents-binary")
    assert [line["seq"] for line in binary] == [1, 2, 3, 4, 6]
    assert api.lines(f"{path}&from=earliest&ops=delete,truncate&format=event") == api.lines(f"{path}&from=earliest&ops=d,t&format=event")

    def refused(query, code, *words):
        problem = api.json(f"{path}&{query}", status=400)
        assert problem["code"] == code and all(word in json.dumps(problem) for word in words), problem

    refused("format=cloudevent", "USAGE", "cloudevents")
    refused("columns=stauts", "SELECTION_UNKNOWN", "stauts", "status")
    refused("columns=public.orders.totl", "SELECTION_UNKNOWN", "public.orders.total")
    refused("ops=upsert", "USAGE", "upsert")
    refused("leaving=delete", "API_PARAMETER", "where")
    refused("leaving=drop&where=true", "API_PARAMETER", "leaving")
    refused("leaving=delete&where=before.status%20=%20'x'", "CONDITION_INVALID")


def test_columns(database, leat, captured):
    database.execute("CREATE TABLE people (id int PRIMARY KEY, name text, mail text); CREATE TABLE pets (id int PRIMARY KEY, name text)")
    captured.start()
    captured.do("INSERT INTO people VALUES (1, 'Ann', 'a@x')", "INSERT INTO pets VALUES (2, 'Rex')", "DELETE FROM people")
    rows = lambda *columns: [row_of(line) for line in lines(leat, "flat", "--op", "c,d", "--columns", *columns)]  # noqa: E731
    assert rows("name") == [{"name": "Ann"}, {"name": "Rex"}, {}]
    assert rows("people.*,pets.id") == [{"id": 1, "name": "Ann", "mail": "a@x"}, {"id": 2}, {"id": 1}]
    assert rows("public.people.mail", "--where", "name = 'Ann'", "--op", "c") == [{"mail": "a@x"}], "a condition sees all"
    record, = leat.log("--columns", "mail", "--table", "people", "--op", "c")
    assert record.key == {"id": 1} and record.after == {"mail": "a@x"}, "keys stay whole"
    api = captured.api()
    path = "/api/v1/sources/shop/changes?follow=false&from=earliest&format=flat&ops=c"
    assert [row_of(line) for line in api.lines(path + "&columns=name")] == [{"name": "Ann"}, {"name": "Rex"}]
    assert [row_of(line) for line in api.lines(path + "&columns=mail")] == [{"mail": "a@x"}, {}], "another feed"
    assert_refused(leat.log_command("--columns", "pets.nmae", format="flat"), "SELECTION_UNKNOWN", "pets.name")
    text = leat.log_command("--columns", "mail", "--op", "c", format="text")
    assert "mail=a@x" in text.stdout[0] and "id=1" in text.stdout[0] and "Ann" not in text.stdout[0], text.stdout


def fold(records):
    """A copy by key, as who follows a condition keeps it."""
    copy = {}
    for line in records:
        if line["__op"] == "t":
            copy.clear()
        elif line["__op"] == "d":
            copy.pop(line["id"], None)
        else:
            copy[line["id"]] = {**copy.get(line["id"], {}), **row_of(line)}
    return copy


@pytest.mark.parametrize("identity", ["DEFAULT", "FULL"])
def test_a_copy_of_the_rows_that_pass(database, leat, captured, identity):
    database.execute("CREATE TABLE jobs (id int PRIMARY KEY, state text, n int, doc text)")
    database.execute(f"ALTER TABLE jobs REPLICA IDENTITY {identity}; ALTER TABLE jobs ALTER doc SET STORAGE EXTERNAL")
    captured.start()
    captured.do(
        "INSERT INTO jobs SELECT i, (ARRAY['open', 'done', 'lost'])[i % 3 + 1], i, repeat('d', 5000) FROM generate_series(1, 30) i",
        "UPDATE jobs SET state = 'done', n = n + 1 WHERE id % 5 = 0",
        "UPDATE jobs SET state = 'open', n = n + 1 WHERE id % 7 = 0",
        "UPDATE jobs SET state = NULL WHERE id = 6",
        "UPDATE jobs SET id = id + 100 WHERE id % 4 = 0",
        "UPDATE jobs SET id = id + 200, state = 'done' WHERE id IN (9, 18)",
        "DELETE FROM jobs WHERE id % 11 = 0")
    arguments = ("--where", "state = 'open'", "--leaving", "delete", "--op", "c,u,d,r,t")
    followed = lines(leat, "flat", *arguments)
    expected = {i: (s, n) for i, s, n in database.rows("SELECT id, state, n FROM jobs WHERE state = 'open'")}
    assert {i: (row["state"], row["n"]) for i, row in fold(followed).items()} == expected and expected
    told = [line["__op"] for line in followed]
    assert "d" in told and "c" in told
    if identity == "FULL":
        assert all("doc" in line for line in followed), "a row that comes in is whole"
        for line in followed:
            if line["__op"] == "d":
                assert line["state"] == "open", "nothing superfluous"
    path = "/api/v1/sources/shop/changes?from=earliest&follow=false&format=flat&leaving=delete&ops=c,u,d,r,t&where=state%20=%20%27open%27"
    assert captured.api().lines(path) == followed
    # The envelope tells the same with its own operations.
    records = leat.log("--where", "state = 'open'", "--leaving", "delete", "--op", "d")
    assert all(r.tombstone or r.op == "d" for r in records) and records
    captured.do("TRUNCATE jobs")
    assert fold(lines(leat, "flat", *arguments)) == {}


def test_tail(database, leat):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v text, w text); INSERT INTO t VALUES (1, 'one', 'x')")
    process = leat.tail(database.url(), "--snapshot", "--format", "event", "--columns", "v", "--limit", "1")
    assert process.wait() == 0, process.describe()
    event = json.loads(process.stdout[0])
    assert event["operation"] == "SNAPSHOT" and event["after_data"] == {"v": "one"} and event["transaction_id"] is None
    assert_refused(leat.tail(database.url(), "--format", "flat", "--leaving", "delete"), "USAGE", "--where")
    assert_refused(leat.tail(database.url(), "--op", "upsert"), "USAGE", "upsert")


def test_the_documentation_names_every_format():
    page = (Path(ROOT) / "docs" / "formats.md").read_text()
    assert all(f"`{format}`" in page for format in ("debezium", *FORMATS))
