"""The HTTP server of leat run: state, metrics, and changes as NDJSON and server-sent events."""

import http.client
import json
import re
import threading
import time
import urllib.parse

import pytest


class Api:
    """Asks the server that a process says it listens with."""

    def __init__(self, process):
        self.process = process
        process.wait_stderr("listening at http://")
        self.host, self.port = re.search(r"listening at http://([\d.]+):(\d+)", process.error_text()).groups()

    def open(self, path, headers=None, method="GET"):
        connection = http.client.HTTPConnection(self.host, int(self.port), timeout=30)
        connection.request(method, path, headers=headers or {})
        return connection.getresponse()

    def get(self, path, status=200, headers=None, method="GET"):
        answer = self.open(path, headers, method)
        body = answer.read().decode()
        assert answer.status == status, f"{path}: {answer.status} {body}"
        return body

    def json(self, path, status=200, **more):
        return json.loads(self.get(path, status, **more))

    def lines(self, path, **more):
        """The records of an answer that ends."""
        return [json.loads(line) for line in self.get(path, **more).splitlines() if line]


@pytest.fixture
def shop(database, leat):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); CREATE TABLE notes (id int PRIMARY KEY)")
    database.execute("INSERT INTO items VALUES (1, 'one'), (2, 'two')")
    leat.configure(database.url(), tables=["public.*"])
    process = leat.run()
    database.wait_streaming(detail=process.describe)
    return database, process, Api(process)


def ids(records, op=None):
    return [r["value"]["after"]["id"] for r in records if r.get("value") and (op is None or r["value"]["op"] == op)]


def all_kept(api, count, path="/api/v1/sources/shop/changes?from=earliest&follow=false"):
    """What the log has, once it has `count` records."""
    seen = []

    def look():
        seen[:] = api.lines(path)
        return len(seen) >= count

    api.process.wait_for(look, f"{count} records")
    return list(seen)


def test_state_and_metrics(shop):
    database, process, api = shop
    database.execute("INSERT INTO items VALUES (3, 'three')")
    all_kept(api, 3)
    source, = api.json("/api/v1/sources")["sources"]
    assert source["source_id"] == "shop" and source["status"] == "RUNNING" and source["error"] is None
    assert source["log"]["first_seq"] == 1 and source["log"]["last_seq"] == 3 and source["changes"] == 3
    status = api.json("/api/v1/sources/shop/status")
    assert status["status"] == "RUNNING" and 0 <= status["lag_seconds"] < 3600
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", status["last_captured_timestamp"])
    assert api.json("/api/v1/sources/shop")["source_id"] == "shop"
    assert api.get("/healthz") == "ok\n" and api.json("/readyz")["sources"][0]["status"] == "RUNNING"
    metrics = api.get("/metrics")
    assert 'leat_source_state{source="shop",state="RUNNING"} 1' in metrics
    assert 'leat_source_changes_total{source="shop"} 3' in metrics
    assert 'leat_log_next_sequence{source="shop"} 4' in metrics
    assert 'leat_source_table_changes_total{source="shop",table="public.items",op="r"} 2' in metrics
    assert 'leat_source_table_changes_total{source="shop",table="public.items",op="c"} 1' in metrics
    assert 'leat_source_errors_total' in metrics and 'leat_source_errors_total{' not in metrics, "there was none"
    process.wait_for(lambda: re.search(r'leat_source_retained_bytes\{source="shop"\} \d+', api.get("/metrics")),
                     "the server has been asked what the slot holds")
    for line in metrics.splitlines():
        assert line.startswith("# ") or re.fullmatch(r'leat_[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [-+.\de]+', line), line


def test_a_source_that_does_not_run_is_not_ready(shop):
    database, process, api = shop
    database.server.stop()
    try:
        process.wait_for(lambda: api.open("/readyz").status == 503, "not ready")
        status = api.json("/api/v1/sources/shop/status")
        assert status["status"] == "RETRYING" and status["error"]["code"].startswith("PG_")
        assert re.search(r'leat_source_error\{source="shop",code="PG_\w+"\} 1', api.get("/metrics"))
        assert re.search(r'leat_source_errors_total\{source="shop",code="PG_\w+"\} [1-9]', api.get("/metrics"))
        assert re.search(r'leat_source_retries_total\{source="shop"\} [1-9]', api.get("/metrics"))
        assert api.get("/healthz") == "ok\n", "restarting leat would not help"
        assert ids(api.lines("/api/v1/sources/shop/changes?from=earliest&follow=false")) == [1, 2], "what is kept can be read"
    finally:
        database.server.start()
    process.wait_for(lambda: api.open("/readyz").status == 200, "ready again")


def test_kept_changes(shop):
    database, process, api = shop
    database.execute("UPDATE items SET v = 'TWO' WHERE id = 2")
    database.execute("DELETE FROM items WHERE id = 1")
    database.execute("INSERT INTO notes VALUES (7)")
    path = "/api/v1/sources/shop/changes?from=earliest&follow=false"
    records = all_kept(api, 6)  # a delete is two records
    assert [r["value"] and r["value"]["op"] for r in records] == ["r", "r", "u", "d", None, "c"]
    # The sequence stands on the last record of a change.
    assert [r.get("seq") for r in records] == [1, 2, 3, None, 4, 5]
    assert [r.get("seq") for r in api.lines("/api/v1/sources/shop/changes?after=2&follow=false")] == [3, None, 4, 5]
    assert ids(api.lines(path + "&tables=public.n*")) == [7] and ids(api.lines(path + "&tables=notes,none")) == [7]
    assert [r["value"]["op"] for r in api.lines(path + "&ops=u,c")] == ["u", "c"]
    assert [r.get("seq") for r in api.lines(path + "&limit=4")] == [1, 2, 3, None, 4], "a change is not parted"
    assert api.lines("/api/v1/sources/shop/changes?after=5&follow=false") == []
    # From a time: that of the update.
    moment = records[2]["value"]["source"]["ts_us"]
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // 1000000)) + f".{moment % 1000000:06d}Z"
    assert [r.get("seq") for r in api.lines(f"/api/v1/sources/shop/changes?from={text}&follow=false")] == [3, None, 4, 5]
    assert api.lines("/api/v1/sources/shop/changes?from=2999-01-01&follow=false") == []


def test_a_condition(shop):
    database, process, api = shop
    database.execute("UPDATE items SET v = 'TWO' WHERE id = 2; INSERT INTO items VALUES (3, NULL)")
    database.execute("INSERT INTO notes VALUES (7)")
    all_kept(api, 5)

    def where(condition, **more):
        query = urllib.parse.urlencode({"from": "earliest", "follow": "false", "tables": "items", "where": condition})
        return api.get(f"/api/v1/sources/shop/changes?{query}", **more)

    def found(condition):
        return [json.loads(line)["seq"] for line in where(condition).splitlines()]

    assert found("id > 1") == [2, 3, 4]
    assert found("v ILIKE 'two' AND op = 'u'") == [3]
    assert found("v IS NULL OR v = 'one'") == [1, 4]
    problem = json.loads(where("nmae = 1", status=400))
    assert problem["code"] == "CONDITION_INVALID" and "nmae" in problem["detail"]
    assert json.loads(where("v = ", status=400))["code"] == "CONDITION_INVALID"


def test_following(shop):
    """What is committed comes at once, over NDJSON and as events; who is cut goes on where it was."""
    database, process, api = shop
    plain = api.open("/api/v1/sources/shop/changes")
    assert plain.status == 200 and plain.headers["Content-Type"] == "application/x-ndjson"
    events = api.open("/api/v1/sources/shop/changes", {"Accept": "text/event-stream"})
    assert events.headers["Content-Type"] == "text/event-stream"
    database.execute("INSERT INTO items VALUES (3, 'three')")
    record = json.loads(plain.readline())
    assert ids([record]) == [3] and record["seq"] == 3
    data, event_id, end = events.readline(), events.readline(), events.readline()
    assert json.loads(data.removeprefix(b"data: ")) == record and event_id == b"id: 3\n" and end == b"\n"
    events.close()
    database.execute("INSERT INTO items VALUES (4, 'four')")
    assert ids([json.loads(plain.readline())]) == [4]
    again = api.open("/api/v1/sources/shop/changes", {"Accept": "text/event-stream", "Last-Event-ID": "3"})
    assert ids([json.loads(again.readline().removeprefix(b"data: "))]) == [4]
    plain.close()
    again.close()


def test_many_changes_for_many_readers(shop):
    """Readers from different places, some slow, all see each change once and in order; a stop ends them."""
    database, process, api = shop
    count = 30000
    outcomes = {}

    def read(name, path, pause):
        answer = api.open(path)
        got = []
        for line in answer:
            if line == b"\n":
                continue
            record = json.loads(line)
            got.append(record["seq"])
            if pause and len(got) % 1000 == 0:
                time.sleep(pause)
            if record["value"]["after"]["id"] == 1000 + count - 1:
                break
        answer.close()
        outcomes[name] = got

    threads = [threading.Thread(target=read, args=(f"now{i}", "/api/v1/sources/shop/changes", 0.01 * (i % 3))) for i in range(6)]
    threads += [threading.Thread(target=read, args=(f"early{i}", "/api/v1/sources/shop/changes?from=earliest", 0)) for i in range(3)]
    for thread in threads:
        thread.start()
    process.wait_for(lambda: re.search(r"leat_http_streams 9\b", api.get("/metrics")), "all subscribers")
    for at in range(0, count, 5000):
        database.execute(f"INSERT INTO items SELECT 1000 + g, repeat('x', 200) FROM generate_series({at}, {at + 4999}) g")
    for thread in threads:
        thread.join(60)
    for name, got in outcomes.items():
        assert got == list(range(got[0], count + 3)), name
        assert got[0] == (1 if name.startswith("early") else 3), name
    assert len(outcomes) == 9
    process.wait_for(lambda: "leat_http_streams 0\n" in api.get("/metrics"), "the subscribers are gone")


def test_stop_ends_streams(shop):
    database, process, api = shop
    answer = api.open("/api/v1/sources/shop/changes")
    process.stop()
    assert answer.read() == b"", "the body ends as a whole one"


def test_kill_and_go_on(shop, leat):
    """A reader that keeps its own cursor sees nothing twice and misses nothing across kill -9 of the server."""
    database, process, api = shop
    after, seen = 0, []
    for number in range(10, 14):
        database.execute(f"INSERT INTO items VALUES ({number}, 'x')")
        answer = api.open(f"/api/v1/sources/shop/changes?after={after}")
        while not seen or seen[-1] != number:
            record = json.loads(answer.readline() or b"null")
            assert record, "the stream ended"
            seen.append(record["value"]["after"]["id"])
            after = record["seq"]
        process.kill()
        answer.close()
        process = leat.run()
        api = Api(process)
    assert seen == [1, 2, 10, 11, 12, 13]


@pytest.mark.parametrize("path, status, code, words", [
    ("/nothing", 404, "API_NOT_FOUND", ["openapi"]),
    ("/api/v1/sources/none", 404, "LOG_NO_SOURCE", []),
    ("/api/v1/sources/none/changes", 404, "LOG_NO_SOURCE", []),
    ("/api/v1/sources/shop/changes?form=now", 400, "API_PARAMETER", ["from"]),
    ("/api/v1/sources/shop/changes?after=x", 400, "API_PARAMETER", ["after"]),
    ("/api/v1/sources/shop/changes?after=1&from=now", 400, "API_PARAMETER", ["exclude"]),
    ("/api/v1/sources/shop/changes?after=1&after=2", 400, "API_PARAMETER", ["twice"]),
    ("/api/v1/sources/shop/changes?from=soon", 400, "API_PARAMETER", ["earliest"]),
    ("/api/v1/sources/shop/changes?ops=z", 400, "USAGE", ["z"]),
    ("/api/v1/sources/shop/changes?after=1000", 409, "API_SEQUENCE_AHEAD", ["1000"]),
    ("/api/v1/sources?x=1", 400, "API_PARAMETER", ["x"]),
    ("/metrics?x=1", 400, "API_PARAMETER", ["x"]),
])
def test_bad_requests(shop, path, status, code, words):
    problem = shop[2].json(path, status)
    assert problem["code"] == code and problem["status"] == status
    for word in words:
        assert word in json.dumps(problem)


def test_methods_and_hosts(shop):
    api = shop[2]
    assert api.json("/api/v1/openapi.json", 405, method="POST")["code"] == "API_METHOD"
    assert api.json("/api/v1/sources", 403, headers={"Host": "evil.example"})["code"] == "API_HOST"
    assert api.json("/api/v1/sources", headers={"Host": "localhost:1"})["sources"]


def test_description_of_the_api(shop):
    """Every path of the description answers, and what it answers has what is described."""
    api = shop[2]
    description = api.json("/api/v1/openapi.json")
    assert description["openapi"].startswith("3.1")
    for path, operations in description["paths"].items():
        if "get" not in operations or "consumer" in path or "jobs" in path:
            continue  # tests/test_control.py
        query = "?follow=false" if path.endswith("/changes") else ""
        api.get(path.replace("{source_id}", "shop").replace("{table}", "public.items") + query)
    schemas = description["components"]["schemas"]
    assert set(api.json("/api/v1/sources")["sources"][0]) == set(schemas["Source"]["required"])
    assert set(api.json("/api/v1/sources/shop")) == set(schemas["Source"]["required"]) | {"settings"}
    assert set(api.json("/api/v1/sources/shop/status")) == set(schemas["Status"]["required"])


def test_where_it_listens(database, leat):
    database.execute("CREATE TABLE t (id int PRIMARY KEY)")
    leat.configure(database.url(), top={"server": {"listen": "0.0.0.0:0"}})
    process = leat.run()
    assert process.wait(30) != 0
    assert "SERVER_NO_TOKEN" in process.error_text() and "leat token create" in process.error_text()
    leat.configure(database.url(), top={"server": {"listen": "off"}})
    process = leat.run()
    database.wait_streaming(detail=process.describe)
    assert "listening" not in process.error_text()
    process.stop()
    leat.configure(database.url())
    api = Api(leat.run())
    leat.configure(database.url(), log={"dir": str(leat.folder / "other")})
    second = leat.start("run", "-c", leat.config, "--listen", f"127.0.0.1:{api.port}")
    assert second.wait(30) != 0 and "HTTP_ADDRESS_IN_USE" in second.error_text()
