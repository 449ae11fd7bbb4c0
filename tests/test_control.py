"""Sources made, changed and driven by REST and by the command line, on a real database; what survives a restart and kill -9."""

import http.client
import json
import subprocess

import pytest

from harness.leat import BINARY, environment
from harness.postgres import wait_until
from test_server import Api


class Control(Api):
    def call(self, method, path, body=None, status=200, headers=None):
        """The answer as JSON (or None), with the status it has to have."""
        connection = http.client.HTTPConnection(self.host, int(self.port), timeout=60)
        text = body if isinstance(body, (str, bytes, type(None))) else json.dumps(body)
        more = {"Content-Type": "application/json"} if text is not None else {}
        connection.request(method, "/api/v1" + path, body=text, headers=more | (headers or {}))
        answer = connection.getresponse()
        data = answer.read().decode()
        assert answer.status == status, f"{method} {path}: {answer.status} {data}"
        self.headers = dict(answer.getheaders())
        return json.loads(data) if data else None

    def refused(self, method, path, body, status, code, field=None, says=()):
        problem = self.call(method, path, body, status)
        assert problem["code"] == code, problem
        if field:
            assert problem.get("field") == field, problem
        for text in says:
            assert text in problem["detail"] + problem.get("action", ""), problem
        return problem

    def state(self, name):
        return self.call("GET", f"/sources/{name}/status")["status"]

    def wait_state(self, name, state):
        self.process.wait_for(lambda: self.state(name) == state, f"{name} is {state}")

    def ids(self, name="shop"):
        answer = self.open(f"/api/v1/sources/{name}/changes?from=earliest&follow=false")
        if answer.status == 404:
            return []  # it has no log yet
        records = [json.loads(line) for line in answer.read().splitlines() if line]
        return [r["value"]["after"]["id"] for r in records if r["value"] and r["value"]["after"]]

    def wait_ids(self, ids, name="shop"):
        self.process.wait_for(lambda: self.ids(name) == ids, f"changes {ids}")


def configure(leat, sources=""):
    """A file without sources: everything comes by REST."""
    leat.config.write_text(f"log:\n  dir: {leat.data}\nserver:\n  listen: 127.0.0.1:0\n{sources}")


@pytest.fixture
def empty(database, leat):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); CREATE TABLE notes (id int PRIMARY KEY)")
    database.execute("INSERT INTO items VALUES (1, 'one')")
    configure(leat)
    process = leat.run()
    return database, leat, Control(process)


def definition(database, **more):
    return {"db_type": "postgresql", "connection_string": database.url(), "tables": ["public.items"]} | more


def restart(leat, api, kill=False):
    api.process.kill() if kill else api.process.stop()
    return Control(leat.run())


def test_the_life_of_a_source(empty):
    database, leat, api = empty
    assert api.call("GET", "/sources") == {"sources": []}
    made = api.call("POST", "/sources", definition(database, source_id="shop"), 201)
    assert made["source_id"] == "shop" and made["status"] == "CREATED" and made["origin"] == "api"
    assert api.headers["Location"] == "/api/v1/sources/shop" and not database.slots()
    started = api.call("POST", "/sources/shop/start")
    assert started["status"] in ("SNAPSHOTTING", "RUNNING") and "checkpoint" in started
    api.wait_state("shop", "RUNNING")
    database.execute("INSERT INTO items VALUES (2, 'two')")
    api.wait_ids([1, 2])
    again = api.call("POST", "/sources/shop/start")
    assert again["status"] == "RUNNING" and again["checkpoint"]["seq"] == 2 and "/" in again["checkpoint"]["position"]
    assert api.call("POST", "/sources/shop/stop")["status"] == "STOPPED"
    assert api.call("POST", "/sources/shop/stop")["status"] == "STOPPED", "it can be said twice"
    database.execute("INSERT INTO items VALUES (3, 'three')")
    api.call("POST", "/sources/shop/start")
    api.wait_ids([1, 2, 3])
    assert api.call("DELETE", "/sources/shop?drop_slot=true&drop_log=true", status=204) is None
    assert api.call("GET", "/sources") == {"sources": []} and not database.slots() and not database.publications()
    api.refused("GET", "/sources/shop", None, 404, "LOG_NO_SOURCE")
    # The same name anew begins anew.
    api.call("POST", "/sources", definition(database, source_id="shop", start=True), 201)
    api.wait_ids([1, 2, 3])


def test_a_deleted_source_leaves_what_it_is_not_told_to_take(empty):
    database, leat, api = empty
    api.call("POST", "/sources", definition(database, source_id="shop", start=True), 201)
    api.wait_ids([1])
    api.call("DELETE", "/sources/shop", status=204)
    assert len(database.slots()) == 1 and "pg_drop_replication_slot" in "\n".join(api.process.stderr)
    database.execute("INSERT INTO items VALUES (2, 'two')")
    api.call("POST", "/sources", definition(database, source_id="shop", start=True), 201)
    api.wait_ids([1, 2])  # it goes on where it was


def test_pause_keeps_the_slot_and_takes_nothing(empty):
    database, leat, api = empty
    api.call("POST", "/sources", definition(database, source_id="shop", start=True), 201)
    api.wait_ids([1])
    api.wait_state("shop", "RUNNING")
    assert api.call("POST", "/sources/shop/pause")["status"] == "PAUSED"
    database.execute("INSERT INTO items VALUES (2, 'two')")
    assert database.slots()[0]["active"], "it stays connected"
    assert api.ids() == [1]
    api = restart(leat, api)
    api.wait_state("shop", "PAUSED")
    assert api.call("GET", "/sources/shop")["desired"] == "paused" and api.ids() == [1]
    assert api.call("POST", "/sources/shop/resume")["status"] in ("RUNNING", "SNAPSHOTTING")
    api.wait_ids([1, 2])
    api.call("POST", "/sources/shop/stop")
    api.refused("POST", "/sources/shop/pause", None, 409, "API_STATE", says=["stopped"])
    api.refused("POST", "/sources/shop/resume", None, 409, "API_STATE", says=["start"])


def test_what_was_made_survives_kill(empty):
    database, leat, api = empty
    api.call("POST", "/sources", definition(database, source_id="shop", start=True), 201)
    api = restart(leat, api, kill=True)  # at once: it may not have begun
    api.wait_ids([1])
    api.call("POST", "/sources/shop/stop")
    api = restart(leat, api, kill=True)
    assert api.state("shop") == "STOPPED"
    database.execute("INSERT INTO items VALUES (2, 'two')")
    api.call("POST", "/sources/shop/start")
    api.wait_ids([1, 2])
    api.call("DELETE", "/sources/shop?drop_slot=true", status=204)
    api = restart(leat, api, kill=True)
    assert api.call("GET", "/sources") == {"sources": []}


def test_changing_a_source(empty):
    database, leat, api = empty
    api.call("POST", "/sources", definition(database, source_id="shop", start=True), 201)
    api.wait_ids([1])
    one = api.call("GET", "/sources/shop")
    etag = api.headers["ETag"]
    assert one["settings"]["tables"] == ["public.items"] and one["settings"]["url"] == database.url()
    database.execute("INSERT INTO notes VALUES (7)")
    api.call("POST", "/sources/shop/tables", {"tables": ["public.notes"]})
    api.process.wait_for(lambda: 7 in api.ids(), "the added table's row")
    stale = api.call("PATCH", "/sources/shop", {"streaming": False}, 412, {"If-Match": etag})
    assert stale["code"] == "STORE_CHANGED"
    api.call("PATCH", "/sources/shop", {"status": {"update.interval.ms": 5000}, "streaming": False})
    settings = api.call("GET", "/sources/shop")["settings"]
    assert settings["status.update.interval.ms"] == 5000 and settings["streaming"] is False
    assert settings["tables"] == ["public.items", "public.notes"]
    api.call("PATCH", "/sources/shop", {"streaming": None})
    assert "streaming" not in api.call("GET", "/sources/shop")["settings"]
    api.call("PUT", "/sources/shop", {"url": database.url(), "tables": "public.items"}, 200, {"If-Match": api.headers["ETag"]})
    assert set(api.call("GET", "/sources/shop")["settings"]) == {"url", "tables"}
    api.refused("PATCH", "/sources/shop", {"slot.name": "other"}, 409, "API_STATE", "slot.name")
    api.refused("PATCH", "/sources/shop", {"tabels": ["x"]}, 422, "CONFIG_UNKNOWN_KEY", "tabels", ["tables"])
    database.execute("INSERT INTO items VALUES (8, 'eight')")
    api.process.wait_for(lambda: 8 in api.ids(), "it goes on")


BAD = [  # what is sent, status, code, field, what the text says
    ("{", 400, "API_BODY", None, ["JSON"]),
    ("[]", 400, "API_BODY", None, []),
    ('{"tables": [], "tables": []}', 400, "API_BODY", None, []),
    ({"tabels": ["x"]}, 422, "CONFIG_UNKNOWN_KEY", "tabels", ["did you mean", "tables"]),
    ({"tables": [{}]}, 422, "CONFIG_INVALID", "tables", []),
    ({"tables": 7.5, "streaming": "perhaps"}, 422, "CONFIG_INVALID", "streaming", ["true or false"]),
    ({"source_id": 7}, 422, "CONFIG_INVALID", "source_id", []),
    ({"source_id": "No Name"}, 422, "CONFIG_INVALID", None, ["a-z"]),
    ({"db_type": "mysql"}, 422, "CONFIG_INVALID", "db_type", ["postgresql"]),
    ({"start": "yes"}, 422, "CONFIG_INVALID", "start", []),
    ({"connection_string": "mysql://h/d"}, 422, "URL_INVALID", "url", []),
    ({"connection_string": "postgresql://u:hunter2@db.invalid/d"}, 422, "CONFIG_SECRET", "url", ["${env:"]),
    ({"connection_string": "postgresql://u@db.invalid/d?password=hunter2"}, 422, "CONFIG_SECRET", "url", []),
    ({"connection_string": "postgresql://u:${env:NOT_THERE}@db.invalid/d"}, 422, "CONFIG_SECRET", None, ["NOT_THERE"]),
    ({"connection_string": "postgresql://u@no-such-host.invalid/d"}, 422, "PG_CONNECT", "url", ["no-such-host.invalid"]),
    ({"tables": ["public.no_such"]}, 422, "PG_NO_TABLES", "tables", []),
    ({"column.mask.hash.v2.SHA-256.with.salt.hunter2": "public.items.v"}, 422, "CONFIG_SECRET", None, []),
]


def test_bad_requests_leave_nothing(empty):
    database, leat, api = empty
    for body, status, code, field, says in BAD:
        if isinstance(body, dict):
            body = definition(database) | {"source_id": "shop"} | body
        problem = api.refused("POST", "/sources", body, status, code, field, says)
        assert "hunter2" not in json.dumps(problem)
    assert api.call("GET", "/sources") == {"sources": []} and not database.slots() and not database.publications()
    assert "hunter2" not in "\n".join(api.process.stderr)
    assert not (leat.data / "sources" / "shop").exists()
    # What is there twice.
    api.call("POST", "/sources", definition(database, source_id="shop"), 201)
    api.refused("POST", "/sources", definition(database, source_id="shop"), 409, "API_EXISTS", "source_id")
    api.refused("POST", "/sources", definition(database, source_id="two") | {"slot.name": "leat_shop"}, 422, "CONFIG_INVALID", "slot.name", ["shop"])
    # Without a name it gets one.
    assert api.call("POST", "/sources", definition(database), 201)["source_id"].startswith(database.name[:4])
    for method, path in [("PATCH", "/sources/shop/start"), ("DELETE", "/sources"), ("POST", "/sources/shop"), ("POST", "/sources/shop/checks")]:
        api.refused(method, path, None, 405, "API_METHOD")
    for method, path in [("POST", "/sources/no/start"), ("DELETE", "/sources/no"), ("GET", "/sources/no/checks"), ("PATCH", "/sources/no"), ("GET", "/sources/no/schemas")]:
        api.refused(method, path, None if method != "PATCH" else {}, 404, "LOG_NO_SOURCE")
    api.refused("POST", "/sources/shop/start", {"x": 1}, 422, "CONFIG_UNKNOWN_KEY", "x")


def test_beside_the_file(database, leat):
    """File and REST side by side; what the file defines cannot be changed, only driven."""
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, 'one')")
    leat.configure(database.url(), tables=["public.items"])
    api = Control(leat.run())
    api.wait_ids([1])
    assert api.call("GET", "/sources/shop")["origin"] == "file"
    for method, body in [("PATCH", {"streaming": False}), ("PUT", definition(database)), ("DELETE", None)]:
        api.refused(method, "/sources/shop", body, 409, "API_STATE", says=["file"])
    api.refused("POST", "/sources", definition(database, source_id="shop"), 409, "API_EXISTS")
    api.call("POST", "/sources", definition(database, source_id="other", start=True), 201)
    api.wait_ids([1], "other")
    assert api.call("POST", "/sources/shop/stop")["status"] == "STOPPED"
    api = restart(leat, api, kill=True)
    assert api.state("shop") == "STOPPED" and api.process.running
    api.wait_state("other", "RUNNING")
    assert api.call("POST", "/sources/shop/start")["status"] == "RUNNING"
    # The same name in both is told, and the file's is used.
    api.call("POST", "/sources/other/stop")
    text = leat.config.read_text()
    api.process.stop()
    leat.config.write_text(text.replace("shop:", "other:"))
    api = Control(leat.run())
    assert api.call("GET", "/sources/other")["origin"] == "file"
    assert "was made by REST too" in "\n".join(api.process.stderr)
    api.call("DELETE", "/sources/other", status=204)  # the one by REST
    assert api.call("GET", "/sources/other")["origin"] == "file"
    api.refused("DELETE", "/sources/other", None, 409, "API_STATE")


def test_a_definition_that_cannot_be_used_any_more(database, leat):
    database.execute("CREATE TABLE items (id int PRIMARY KEY)")
    configure(leat)
    process = leat.start("run", "-c", leat.config, env={"HERE": database.url()})
    api = Control(process)
    api.call("POST", "/sources", {"source_id": "shop", "url": "${env:HERE}", "tables": "public.items", "start": True}, 201)
    api.wait_state("shop", "RUNNING")
    process.stop()
    api = Control(leat.run())
    status = api.call("GET", "/sources/shop/status")
    assert status["status"] == "FAILED" and status["error"]["code"] == "CONFIG_SECRET" and "HERE" in status["error"]["message"]
    api.refused("POST", "/sources/shop/start", None, 422, "CONFIG_SECRET")
    assert api.call("GET", "/sources/shop")["settings"]["url"] == "${env:HERE}"
    api.call("PATCH", "/sources/shop", {"url": database.url()})
    api.wait_state("shop", "RUNNING")


def test_a_slot_that_cannot_be_dropped_keeps_the_source(empty):
    database, leat, api = empty
    api.call("POST", "/sources", definition(database, source_id="shop", start=True), 201)
    api.wait_ids([1])
    database.server.stop()
    try:
        problem = api.call("DELETE", "/sources/shop?drop_slot=true", status=503)
        assert problem["code"] == "PG_CONNECT" and "pg_drop_replication_slot" in problem["action"]
        assert api.state("shop") == "STOPPED"
    finally:
        database.server.start()
    api.call("DELETE", "/sources/shop?drop_slot=true", status=204)
    assert not database.slots()


def test_checks_and_schemas(empty):
    database, leat, api = empty
    api.call("POST", "/sources", definition(database, source_id="shop"), 201)
    assert api.call("GET", "/sources/shop/schemas") == {"source_id": "shop", "schemas": []}
    checks = api.call("GET", "/sources/shop/checks")
    assert checks["can_capture"] is True and {"ok"} <= {one["level"] for one in checks["checks"]}
    api.call("POST", "/sources/shop/start")
    api.wait_ids([1])
    api.wait_state("shop", "RUNNING")
    database.execute("ALTER TABLE items ADD COLUMN w int")
    database.execute("INSERT INTO items VALUES (2, 'two', 2)")
    api.wait_ids([1, 2])
    one, = api.call("GET", "/sources/shop/schemas")["schemas"]
    assert one["table"] == "public.items" and one["version"] == 2 and one["since_seq"] == 2 and one["captured"]
    first, second = api.call("GET", "/sources/shop/schemas/public.items")["versions"]
    assert [c["name"] for c in first["columns"]] == ["id", "v"] and first["columns"][0]["key"]
    assert [c["name"] for c in second["columns"]] == ["id", "v", "w"] and second["columns"][2]["type"] == "int4"
    for at, version in [(1, 1), (2, 2), (99, 2)]:
        found, = api.call("GET", f"/sources/shop/schemas/public.items?at={at}")["versions"]
        assert found["version"] == version
    api.refused("GET", "/sources/shop/schemas/public.item", None, 404, "API_NOT_FOUND", says=["public.items"])


# ---- consumers and jobs ----

def pulled(api, name, query=""):
    return [r["value"]["after"]["id"] for r in api.lines(f"/api/v1/consumers/{name}/changes?follow=false{query}")]


def test_a_subscription_keeps_its_cursor(empty):
    """The literal words of the issue; pulled, acknowledged, and what is kept over kill -9."""
    database, leat, api = empty
    api.call("POST", "/sources", definition(database, source_id="shop", start=True), 201)
    api.wait_ids([1])
    made = api.call("POST", "/consumers", {"consumer_id": "mine", "source_id": "shop", "table_filter": ["public.items"], "column_filter": ["id", "v"],
                                           "operation_filter": ["insert", "read"], "start": "earliest"}, 201)
    assert made["consumer_id"] == "mine" and made["type"] == "subscription" and made["origin"] == "api"
    assert api.headers["Location"] == "/api/v1/consumers/mine"
    database.execute("INSERT INTO items VALUES (2, 'two'); UPDATE items SET v = 'x' WHERE id = 1; INSERT INTO items VALUES (3, 'three')")
    api.process.wait_for(lambda: pulled(api, "mine") == [1, 2, 3], "the changes of the subscription")
    assert pulled(api, "mine", "&limit=1") == [1], "what is not acknowledged comes again"
    assert api.call("POST", "/consumers/mine/ack", {"seq": 2}) == {"consumer_id": "mine", "seq": 2}
    assert pulled(api, "mine") == [3]
    api = restart(leat, api)
    assert pulled(api, "mine") == [3]
    api.refused("POST", "/consumers/mine/ack", {}, 422, "CONFIG_INVALID", "seq")
    assert api.call("POST", "/consumers/mine/ack", {"seq": 99}, 409)["code"] == "CONSUMER_CURSOR_AHEAD"
    api.refused("DELETE", "/sources/shop", None, 409, "API_STATE", says=["mine"])
    for body, field in [({"source_id": "none"}, "source"), ({"source_id": "shop", "table_filter": ["public.item"]}, "tables"), ({"source_id": "shop", "tabels": []}, "tabels")]:
        problem = api.call("POST", "/consumers", {"consumer_id": "bad"} | body, 422)
        assert problem.get("field") == field, problem
    assert [one["consumer_id"] for one in api.call("GET", "/consumers")["consumers"]] == ["mine"]
    assert cli(api, "consumers", "list").splitlines()[1].split()[:3] == ["mine", "shop", "subscription"]
    api.call("DELETE", "/consumers/mine", status=204)
    assert api.call("GET", "/consumers") == {"consumers": []}


def test_a_replay_is_a_job(empty):
    database, leat, api = empty
    api.call("POST", "/sources", definition(database, source_id="shop", start=True), 201)
    api.wait_ids([1])
    api.call("POST", "/consumers", {"consumer_id": "file", "source_id": "shop", "type": "file", "file.path": "items.ndjson", "start": "earliest"}, 201)
    database.execute("INSERT INTO items SELECT i, 'v' FROM generate_series(2, 50) i")
    api.wait_ids(list(range(1, 51)))
    api.process.wait_for(lambda: api.call("GET", "/consumers/file")["seq"] == 50, "all is delivered")
    job = api.call("POST", "/sources/shop/replay", {"start_seq": 10, "end_seq": 20}, 202)
    assert job["replay_id"] == job["job_id"] and api.headers["Location"] == f"/api/v1/jobs/{job['job_id']}"
    path = f"/jobs/{job['job_id']}"
    api.process.wait_for(lambda: api.call("GET", path)["state"] != "RUNNING", "the replay ends")
    done = api.call("GET", path)
    assert done["state"] == "DONE" and done["progress"]["seq"] == 20, done
    again = leat.data / "files" / f"items.ndjson.replay-{job['job_id']}"
    assert [json.loads(line)["value"]["after"]["id"] for line in again.read_text().splitlines()] == list(range(10, 21))
    assert api.call("GET", "/consumers/file")["seq"] == 50, "the consumer's own cursor stays"
    slow = api.call("POST", "/sources/shop/replay", {"consumer_id": "file", "start_timestamp": "2020-01-01T00:00:00Z", "rate": 1}, 202)
    assert slow["state"] == "RUNNING"
    api = restart(leat, api, kill=True)
    assert api.call("GET", f"/jobs/{slow['job_id']}")["state"] == "RUNNING", "it goes on"
    assert api.call("POST", f"/jobs/{slow['job_id']}/cancel")["state"] == "CANCELLED"
    api.refused("POST", f"/jobs/{slow['job_id']}/cancel", None, 409, "API_STATE")
    assert [one["state"] for one in api.call("GET", "/jobs")["jobs"]] == ["CANCELLED", "DONE"]
    assert "CANCELLED" in cli(api, "jobs", "list")
    api.refused("GET", "/jobs/77", None, 404, "API_NOT_FOUND")
    api.refused("POST", "/sources/shop/replay", {"start_timestamp": "then"}, 422, "CONFIG_INVALID", "start_timestamp")
    api.refused("POST", "/sources/shop/replay", {"consumer_id": "none"}, 422, "CONFIG_INVALID", "consumer_id")


# ---- the command line ----

def cli(api, *arguments, status=0, env=None):
    more = {"LEAT_SERVER": f"{api.host}:{api.port}"} | (env or {})
    done = subprocess.run([str(BINARY), *arguments], capture_output=True, text=True, timeout=60, env=environment() | more)
    assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout if status == 0 else done.stderr


def test_command_line(empty):
    database, leat, api = empty
    assert cli(api, "status").startswith("There are no sources.")
    made = cli(api, "sources", "create", "shop", "--url", database.url(), "--table", "public.items")
    assert made == "shop: CREATED; start it: leat sources start shop\n"
    assert cli(api, "sources", "start", "shop").startswith("shop: ")
    api.wait_ids([1])
    api.wait_state("shop", "RUNNING")
    head, row = cli(api, "sources", "list").splitlines()
    assert head.split()[:2] == ["SOURCE", "STATE"] and row.split()[:2] == ["shop", "RUNNING"]
    assert json.loads(cli(api, "sources", "list", "--json"))["sources"][0]["source_id"] == "shop"
    assert {"sources", "consumers"} <= set(json.loads(cli(api, "status", "--json")))
    assert "tables: public.items" in cli(api, "sources", "get", "shop")
    assert cli(api, "sources", "pause", "shop") == "shop: PAUSED\n"
    assert cli(api, "sources", "resume", "shop") == "shop: RUNNING\n"
    assert "wal_level" in cli(api, "sources", "checks", "shop")
    assert "public.items" in cli(api, "sources", "schemas", "shop")
    assert "COLUMN" in cli(api, "sources", "schemas", "shop", "public.items")
    cli(api, "sources", "set", "shop", "streaming=false")
    assert "streaming: false" in cli(api, "sources", "get", "shop")
    cli(api, "sources", "add-tables", "shop", "public.notes")
    error = cli(api, "sources", "set", "shop", "streeming=false", status=1)
    assert "CONFIG_UNKNOWN_KEY: streeming: unknown key; did you mean streaming?" in error
    assert "LOG_NO_SOURCE" in cli(api, "sources", "start", "none", status=1)
    assert "Did you mean start?" in cli(api, "sources", "strat", "shop", status=2)
    nobody = {"LEAT_SERVER": "http://127.0.0.1:1"}
    error = cli(api, "status", status=1, env=nobody)
    assert "HTTP_CONNECT" in error and "LEAT_SERVER" in error
    assert cli(api, "sources", "stop", "shop") == "shop: STOPPED\n"
    assert "with its slot" in cli(api, "sources", "delete", "shop", "--drop-slot", "--drop-log")
    assert not database.slots()
