"""Consumers of leat.yaml: files, webhooks and standard output; receivers that misbehave, kill -9, dead letters, retention."""

import hashlib
import hmac
import http.client
import json
import os
import random
import re
import signal
import sqlite3
import threading
import time

import pytest

from harness.leat import Leat
from harness.postgres import wait_until
from harness.receiver import Receiver

# The short form is for CI; scripts/test.sh long asks for 100.
KILLS = int(os.environ.get("LEAT_KILLS", "4"))


@pytest.fixture
def shop(database):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text)")
    return database


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


def start(leat, database, consumers, log=None, **top):
    leat.configure(database.url(), log=log, top={"consumers": consumers, **top}, tables=["public.*"])
    process = leat.run()
    database.wait_streaming(detail=process.describe)
    return process


def file_consumer(leat, **more):
    return {"source": "shop", "type": "file", "file.path": str(leat.folder / "out.ndjson"), **more}


def webhook(receiver, **more):
    settings = {"source": "shop", "type": "webhook", "webhook.url": receiver.url, "webhook.allow.private": True,
                "webhook.allow.http": True, "retry.delay.first.ms": 20, "retry.delay.max.ms": 200}
    return {**settings, **{name.replace("__", "."): value for name, value in more.items()}}


def insert(database, first, last):
    database.execute("INSERT INTO items SELECT i, 'v' || i FROM generate_series(%s::int, %s::int) i", [first, last])


def file_lines(leat, name="out.ndjson"):
    """Those of full files and of the one that is written."""
    folder = leat.folder
    paths = sorted(path for path in folder.glob(name + ".*") if path.name.rsplit(".", 1)[1].isdigit())
    texts = [path.read_bytes() for path in [*paths, folder / name] if path.exists()]
    return b"".join(texts).decode()


def file_seqs(leat, **more):
    text = file_lines(leat, **more)
    return [json.loads(line)["seq"] for line in text.splitlines() if line.endswith("}") and '"seq":' in line]


def wait_ids(process, look, count, what, timeout=60):
    process.wait_for(lambda: len(set(look())) >= count, what, timeout)
    return look()


def letters(leat):
    with sqlite3.connect(f"file:{leat.data}/leat.db?mode=ro", uri=True) as store:
        return store.execute("SELECT seq, held, attempts, code, bytes FROM dead_letters ORDER BY seq").fetchall()


# -- destinations


def test_a_file_has_what_the_log_has(shop, leat):
    process = start(leat, shop, {"out": file_consumer(leat)})
    insert(shop, 1, 50)
    shop.execute("UPDATE items SET v = 'new' WHERE id <= 10; DELETE FROM items WHERE id > 45")
    seqs = wait_ids(process, lambda: file_seqs(leat), 65, "65 changes in the file")
    assert seqs == list(range(1, 66))
    assert process.stop()
    log = leat.log()
    lines = [json.loads(line) for line in file_lines(leat).splitlines()]
    assert [(r["topic"], r["key"], r["value"]) for r in lines] == [(r.topic, r.key, r.value) for r in log]


def test_a_file_goes_on_after_a_restart_and_rotates(shop, leat):
    consumer = file_consumer(leat, **{"file.rotate.bytes": 5000, "file.keep": 100})
    process = start(leat, shop, {"out": consumer})
    insert(shop, 1, 100)
    wait_ids(process, lambda: file_seqs(leat), 100, "100 changes")
    process.stop()
    process = leat.run()
    insert(shop, 101, 200)
    assert wait_ids(process, lambda: file_seqs(leat), 200, "200 changes") == list(range(1, 201))
    full = [path for path in leat.folder.glob("out.ndjson.0*")]
    assert full
    for path in full:
        last = json.loads(path.read_text().splitlines()[-1])["seq"]
        assert int(path.name.rsplit(".", 1)[1]) == last


def test_standard_output(shop, leat):
    process = start(leat, shop, {"out": {"source": "shop", "type": "stdout", "tables": ["items"], "ops": "insert",
                                         "where": "id > 5"}})
    insert(shop, 1, 10)
    shop.execute("UPDATE items SET v = 'x'")
    process.wait_for(lambda: len(process.stdout) >= 5, "5 lines")
    insert(shop, 11, 12)
    process.wait_for(lambda: len(process.stdout) >= 7, "7 lines")
    assert [json.loads(line)["key"]["id"] for line in process.stdout] == [6, 7, 8, 9, 10, 11, 12]


def test_a_webhook_is_signed_and_batched(shop, leat, receiver):
    consumer = webhook(receiver, webhook__secret="${env:HOOK_SECRET}", webhook__body="array",
                       webhook__headers={"X-Tenant": "7"}, webhook__batch__changes=10)
    leat.configure(shop.url(), top={"consumers": {"hook": consumer}})
    process = leat.run(env={"HOOK_SECRET": "canary-5d1f"})
    shop.wait_streaming(detail=process.describe)
    insert(shop, 1, 25)
    assert wait_ids(process, receiver.seqs, 25, "25 changes") == list(range(1, 26))
    for request in receiver.taken:
        time_, signature = (part.split("=", 1)[1] for part in request.headers["Leat-Signature"].split(","))
        expected = hmac.new(b"canary-5d1f", time_.encode() + b"." + request.body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(signature, expected)
        assert abs(int(time_) - time.time()) < 300
        assert request.headers["X-Tenant"] == "7" and request.headers["Content-Type"] == "application/json"
        assert int(request.headers["Leat-Changes"]) == len(request.seqs) <= 10
        assert int(request.headers["Leat-Last-Sequence"]) == request.seqs[-1]
    keys = [request.headers["Idempotency-Key"] for request in receiver.taken]
    assert len(set(keys)) == len(keys)
    process.stop()
    for path in leat.data.rglob("*"):
        assert not path.is_file() or b"canary-5d1f" not in path.read_bytes(), path
    assert "canary-5d1f" not in "\n".join(process.stderr)


def test_parallel_requests_keep_the_order_of_keys(shop, leat, receiver):
    receiver.behave = lambda request: time.sleep(random.random() / 50) or 200
    process = start(leat, shop, {"hook": webhook(receiver, webhook__parallel=4, webhook__batch__changes=7)})
    insert(shop, 1, 20)
    for number in range(20):
        shop.execute("UPDATE items SET v = %s", [str(number)])
    wait_ids(process, receiver.seqs, 420, "420 changes")
    last = {}
    for record in receiver.records():
        key = record["key"]["id"]
        assert record["seq"] > last.get(key, 0)
        last[key] = record["seq"]
    assert sorted(receiver.seqs()) == list(range(1, 421))


def test_own_network_and_plain_http_only_if_told(shop, leat, receiver):
    plain = webhook(receiver)
    plain.pop("webhook.allow.http")
    private = webhook(receiver)
    private.pop("webhook.allow.private")
    metadata = {**webhook(receiver), "webhook.url": "http://169.254.169.254/latest/meta-data"}
    process = start(leat, shop, {"plain": plain, "private": private, "metadata": metadata})
    insert(shop, 1, 1)
    process.wait_stderr(r"plain: FAILED: .*http://")
    process.wait_stderr(r"private: FAILED: .*SINK_ADDRESS")
    process.wait_stderr(r"metadata: FAILED: .*SINK_ADDRESS")
    assert receiver.requests == []


# -- receivers that misbehave


@pytest.mark.parametrize("trouble, told", [
    (500, "SINK_UNAVAILABLE"), (503, "SINK_UNAVAILABLE"), ((429, {"Retry-After": "0"}), "SINK_THROTTLED"),
    (403, "SINK_DENIED"), ((302, {"Location": "http://169.254.169.254/"}), "SINK_DENIED"), ("reset", "SINK_UNAVAILABLE"),
    ("cut", "SINK_UNAVAILABLE"), ("silent", "SINK_UNAVAILABLE"),
])
def test_trouble_passes(shop, leat, receiver, trouble, told):
    """Whatever a receiver does, everything arrives, and what was in doubt has the same key when it comes again."""
    left = [3]

    def behave(request):
        with receiver.lock:
            left[0] -= 1
            bad = left[0] >= 0
        return trouble if bad else 200

    receiver.behave = behave
    process = start(leat, shop, {"hook": webhook(receiver, webhook__timeout__ms=500)})
    insert(shop, 1, 30)
    wait_ids(process, receiver.seqs, 30, "30 changes")
    process.wait_for(lambda: len(receiver.requests) > 3, "it is tried again")
    assert told in process.error_text()
    seen = {}
    for request in receiver.requests:
        seen.setdefault(request.headers["Idempotency-Key"], set()).add(request.body)
    assert all(len(bodies) == 1 for bodies in seen.values())
    first, again = receiver.requests[0], receiver.requests[1]
    assert first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]
    assert sorted(set(receiver.seqs())) == list(range(1, 31))


def test_nobody_listens_yet(shop, leat):
    receiver = Receiver()
    port = receiver.port
    receiver.close()
    process = start(leat, shop, {"hook": webhook(receiver), "out": file_consumer(leat)})
    insert(shop, 1, 10)
    process.wait_stderr("hook: RETRYING.*SINK_UNAVAILABLE")
    wait_ids(process, lambda: file_seqs(leat), 10, "the other consumer has all")
    receiver = Receiver(port=port)
    try:
        assert wait_ids(process, receiver.seqs, 10, "10 changes") == list(range(1, 11))
    finally:
        receiver.close()


def test_a_stuck_receiver_holds_nobody(shop, leat, receiver):
    receiver.behave = lambda request: "silent"
    process = start(leat, shop, {"hook": webhook(receiver), "out": file_consumer(leat)})
    for first in range(1, 2000, 100):
        insert(shop, first, first + 99)
    wait_ids(process, lambda: file_seqs(leat), 2000, "the other consumer has all")
    assert receiver.seqs() == []
    process.stop()  # and it does not wait for an answer


def is_poison(request):
    return any(record["value"] and (record["value"]["after"] or {}).get("v") == "poison" for record in request.records)


def test_a_poison_row_fails_by_default(shop, leat, receiver):
    receiver.behave = lambda request: 400 if is_poison(request) else 200
    process = start(leat, shop, {"hook": webhook(receiver)})
    shop.execute("INSERT INTO items SELECT i, CASE i WHEN 7 THEN 'poison' ELSE 'v' END FROM generate_series(1, 20) i")
    process.wait_stderr("hook: FAILED: change 7: .*stands after sequence 6.*SINK_REFUSED")
    assert receiver.seqs() == [1, 2, 3, 4, 5, 6]
    receiver.behave = lambda request: 200
    process.popen.send_signal(signal.SIGHUP)  # what ended is tried again
    assert wait_ids(process, receiver.seqs, 20, "20 changes") == list(range(1, 21))


def test_a_poison_row_becomes_a_dead_letter(shop, leat, receiver):
    receiver.behave = lambda request: 422 if is_poison(request) else 200
    process = start(leat, shop, {"hook": webhook(receiver, poison="dead_letter")})
    shop.execute("INSERT INTO items SELECT i, CASE i WHEN 7 THEN 'poison' ELSE 'v' END FROM generate_series(1, 20) i")
    shop.execute("UPDATE items SET v = 'better' WHERE id IN (7, 8)")
    wait_ids(process, receiver.seqs, 20, "20 changes")
    process.wait_for(lambda: len(letters(leat)) == 2, "two dead letters")
    assert receiver.seqs() == [seq for seq in range(1, 23) if seq not in (7, 21)]
    refused, held = letters(leat)
    assert refused[:4] == (7, 0, 1, "SINK_REFUSED") and held[:2] == (21, 1)
    assert json.loads(refused[4])["value"]["after"] == {"id": 7, "v": "poison"}
    process.stop()
    process = leat.run()  # the key is still held
    shop.execute("UPDATE items SET v = 'best' WHERE id IN (7, 9)")
    process.wait_for(lambda: len(letters(leat)) == 3, "three dead letters")
    wait_ids(process, receiver.seqs, 21, "21 changes")


# -- kill -9


class Writer(threading.Thread):
    """Inserts until it is stopped; `last` is committed."""

    def __init__(self, database):
        super().__init__(daemon=True)
        self.database, self.last, self.ended = database, 0, threading.Event()
        self.start()

    def run(self):
        while not self.ended.is_set():
            count = random.choice([1, 1, 5, 50])
            insert(self.database, self.last + 1, self.last + count)
            self.last += count
            time.sleep(0.002)

    def stop(self):
        self.ended.set()
        self.join(30)
        return self.last


def runs_of_repeats(seqs):
    """The begins of runs that go back; each goes on without a gap."""
    back, highest = [], 0
    for before, seq in zip([0, *seqs], seqs):
        assert seq <= highest + 1, f"{seq} follows {before}: something is missing"
        if seq <= before:
            back.append(seq)
        else:
            assert seq == before + 1, f"{seq} follows {before}"
        highest = max(highest, seq)
    return back


@pytest.mark.parametrize("kind", ["file", "webhook"])
def test_kill_during_delivery(shop, leat, receiver, kind):
    """Nothing is lost; a file has no repetition and no torn line, a receiver sees what comes again as one run a kill."""
    consumer = file_consumer(leat, **{"file.rotate.bytes": 50_000}) if kind == "file" else webhook(receiver, webhook__batch__changes=20)
    process = start(leat, shop, {"out": consumer})
    writer = Writer(shop)
    try:
        for _ in range(KILLS):
            look = (lambda: file_lines(leat).count("\n")) if kind == "file" else (lambda: len(receiver.seqs()))
            before = look()
            process.wait_for(lambda: look() > before + 20, "it delivers", 60)
            time.sleep(random.random() / 5)
            process.kill()
            process = leat.run()
    finally:
        last = writer.stop()
    if kind == "file":
        wait_ids(process, lambda: file_seqs(leat), last, f"{last} changes", 120)
        process.stop()
        text = file_lines(leat)
        assert text.endswith("\n")
        assert [json.loads(line)["seq"] for line in text.splitlines()] == list(range(1, last + 1))
    else:
        wait_ids(process, receiver.seqs, last, f"{last} changes", 120)
        assert len(runs_of_repeats(receiver.seqs())) <= KILLS


def test_a_torn_line_is_cut(shop, leat):
    process = start(leat, shop, {"out": file_consumer(leat)})
    insert(shop, 1, 30)
    wait_ids(process, lambda: file_seqs(leat), 30, "30 changes")
    process.kill()
    path = leat.folder / "out.ndjson"
    path.write_bytes(path.read_bytes()[:-20])
    process = leat.run()
    process.wait_for(lambda: file_seqs(leat) == list(range(1, 31)), "the last line is whole again")


# -- changing it while it runs


def test_sighup_adds_changes_and_removes(shop, leat, receiver):
    process = start(leat, shop, {"out": file_consumer(leat)})
    insert(shop, 1, 5)
    wait_ids(process, lambda: file_seqs(leat), 5, "5 changes")

    def reload(consumers):
        known = len(process.stderr)
        leat.configure(shop.url(), top={"consumers": consumers}, tables=["public.*"])
        process.popen.send_signal(signal.SIGHUP)
        process.wait_for(lambda: any("configuration taken" in line for line in process.stderr[known:]), "it is taken")

    reload({"out": file_consumer(leat, ops="d"), "hook": webhook(receiver, start="earliest")})
    assert wait_ids(process, receiver.seqs, 5, "the new one has what is kept") == [1, 2, 3, 4, 5]
    insert(shop, 6, 7)
    wait_ids(process, receiver.seqs, 7, "7 changes")
    shop.execute("DELETE FROM items WHERE id = 1")
    process.wait_for(lambda: file_seqs(leat)[5:] == [8], "only the delete")
    reload({"hook": webhook(receiver)})
    process.wait_stderr("out: the consumer is no longer in the configuration")
    shop.execute("DELETE FROM items WHERE id = 2")
    wait_ids(process, receiver.seqs, 9, "9 changes")
    assert file_seqs(leat)[5:] == [8]


def test_a_cursor_of_another_log_is_refused(shop, leat):
    process = start(leat, shop, {"out": file_consumer(leat)})
    insert(shop, 1, 5)
    wait_ids(process, lambda: file_seqs(leat), 5, "5 changes")
    process.stop()
    before = file_lines(leat)
    shop.execute("SELECT pg_drop_replication_slot('leat_shop')")
    leat.data.rename(leat.folder / "old")
    process = leat.run()
    process.wait_stderr("out: FAILED: .*CONSUMER_CURSOR_FOREIGN")
    assert file_lines(leat) == before


# -- retention


SMALL = {"segment.bytes": 65536, "retention.bytes": 65536}


def fill(database, first, last):
    """About 1 kB a row."""
    for at in range(first, last + 1, 50):
        database.execute("INSERT INTO items SELECT i, repeat(md5(i::text), 32) FROM generate_series(%s::int, %s::int) i",
                         [at, min(last, at + 49)])


def test_retention_waits_for_a_consumer(shop, leat, receiver):
    receiver.behave = lambda request: 500
    process = start(leat, shop, {"hook": webhook(receiver)}, log=SMALL)
    fill(shop, 1, 1000)
    leat.wait_for_marker(process, shop)
    receiver.behave = lambda request: 200
    wait_ids(process, receiver.seqs, 1000, "nothing was removed")
    assert receiver.seqs()[:1000] == list(range(1, 1001))


def test_a_consumer_beyond_its_budget_is_given_up(shop, leat, receiver):
    receiver.behave = lambda request: 500
    process = start(leat, shop, {"hook": webhook(receiver, retention__budget__bytes=200_000)}, log=SMALL)
    insert(shop, 0, 0)
    process.wait_stderr("hook: RETRYING")
    fill(shop, 1, 1000)
    process.wait_stderr("hook: FAILED: .*CONSUMER_RETENTION")
    leat.wait_for_marker(process, shop)
    receiver.behave = lambda request: 200
    process.popen.send_signal(signal.SIGHUP)
    process.wait_stderr("hook: FAILED: .*LOG_TRIMMED")  # never a gap without a word
    assert receiver.seqs() == []


def test_or_the_source_waits(shop, leat, receiver):
    receiver.behave = lambda request: 500
    consumer = webhook(receiver, retention__budget__bytes=200_000, retention__policy="hold_source")
    process = start(leat, shop, {"hook": consumer}, log=SMALL)
    fill(shop, 1, 1000)
    process.wait_stderr("shop: PAUSED: .*CONSUMER_RETENTION")
    receiver.behave = lambda request: 200
    wait_ids(process, receiver.seqs, 1000, "all of it", 120)
    assert receiver.seqs() == list(range(1, 1001))


# -- by REST


def ask(process, method, path, body=None, status=None):
    process.wait_stderr("listening at http://")
    host, port = re.search(r"listening at http://([\d.]+):(\d+)", "\n".join(process.stderr)).groups()
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read().decode()
    expected = status if isinstance(status, tuple) else (status,) if status else (200, 201, 204)
    assert answer.status in expected, f"{method} {path}: {answer.status} {text}"
    return json.loads(text) if text and answer.headers["Content-Type"].startswith("application/") and "ndjson" not in answer.headers[
        "Content-Type"] else text


def test_a_consumer_made_by_rest_survives_kill(shop, leat, receiver):
    process = start(leat, shop, {})
    insert(shop, 1, 3)
    leat.wait_for_marker(process, shop)
    made = ask(process, "POST", "/consumers", {"consumer_id": "hook", "start": "earliest", "ops": "insert", **webhook(receiver)}, 201)
    assert made["consumer_id"] == "hook"
    wait_ids(process, receiver.seqs, 3, "3 changes")
    process.wait_for(lambda: ask(process, "GET", "/consumers/hook")["lag_changes"] == 0, "the cursor is at the end")
    process.kill()
    process = leat.run()
    insert(shop, 4, 6)
    wait_ids(process, receiver.seqs, 6, "6 changes")
    assert ask(process, "GET", "/consumers/hook")["status"] == "RUNNING"
    ask(process, "POST", "/consumers/hook/stop", {})
    insert(shop, 7, 8)
    leat.wait_for_marker(process, shop)
    process.kill()
    process = leat.run()
    assert ask(process, "GET", "/consumers/hook")["status"] == "STOPPED"
    assert len(set(receiver.seqs())) == 6
    ask(process, "POST", "/consumers/hook/start", {})
    wait_ids(process, receiver.seqs, 8, "8 changes")
    ask(process, "DELETE", "/consumers/hook")
    ask(process, "GET", "/consumers/hook", status=404)


def test_rest_refuses_what_is_wrong(shop, leat, receiver):
    process = start(leat, shop, {"out": file_consumer(leat)})
    insert(shop, 1, 1)
    leat.wait_for_marker(process, shop)
    good = webhook(receiver)

    def refused(**wrong):
        return ask(process, "POST", "/consumers", {"consumer_id": "x", **good, **{k.replace("__", "."): v for k, v in wrong.items()}}, (400, 422))

    assert "nope" in refused(where="nope = 1")["detail"]
    refused(source="other")
    refused(type="file", file__path="/etc/passwd")
    secret = ask(process, "POST", "/consumers", {"consumer_id": "x", **good, "webhook.secret": "canary-77"}, 422)
    assert secret["code"] == "CONFIG_SECRET" and "canary-77" not in json.dumps(secret)
    ask(process, "POST", "/consumers", {"consumer_id": "out", **good}, 409)
    ask(process, "DELETE", "/consumers/out", status=409)
    assert [one["consumer_id"] for one in ask(process, "GET", "/consumers")["consumers"]] == ["out"]


def test_dead_letters_are_sent_again_or_dropped(shop, leat, receiver):
    receiver.behave = lambda request: 400 if is_poison(request) else 200
    process = start(leat, shop, {"hook": webhook(receiver, poison="dead_letter")})
    shop.execute("INSERT INTO items SELECT i, CASE WHEN i IN (3, 5) THEN 'poison' ELSE 'v' END FROM generate_series(1, 6) i")
    shop.execute("UPDATE items SET v = 'w' WHERE id = 3")
    process.wait_for(lambda: len(letters(leat)) == 3, "three dead letters")
    listed = ask(process, "GET", "/consumers/hook/dead-letters")["dead_letters"]
    assert [(one["seq"], one["held"]) for one in listed] == [(3, False), (5, False), (7, True)]
    assert ask(process, "POST", "/consumers/hook/dead-letters/drop", {"seqs": [5]})
    receiver.behave = lambda request: 200
    ask(process, "POST", "/consumers/hook/dead-letters/resend", {"all": True})
    process.wait_for(lambda: letters(leat) == [], "none is left")
    assert receiver.seqs() == [1, 2, 4, 6, 3, 7]
    shop.execute("UPDATE items SET v = 'x' WHERE id = 3")  # the key is free again
    wait_ids(process, receiver.seqs, 7, "the next of its key")


def test_a_subscription_keeps_its_cursor(shop, leat):
    process = start(leat, shop, {"sub": {"source": "shop", "tables": ["items"]}})
    insert(shop, 1, 10)
    leat.wait_for_marker(process, shop)

    def pull(query):
        return [json.loads(line)["seq"] for line in ask(process, "GET", "/consumers/sub/changes?follow=false" + query).splitlines()]

    assert pull("&limit=4") == [1, 2, 3, 4]
    assert pull("") == list(range(1, 11))
    ask(process, "POST", "/consumers/sub/ack", {"seq": 4})
    process.kill()  # what was acknowledged is not sent again
    process = leat.run()
    assert pull("") == list(range(5, 11))
    ask(process, "POST", "/consumers/sub/ack", {"seq": 1000}, 409)
    metrics = http_get(process, "/metrics")
    assert 'leat_consumer_cursor_sequence{consumer="sub",source="shop"} 4' in metrics


def http_get(process, path):
    host, port = re.search(r"listening at http://([\d.]+):(\d+)", "\n".join(process.stderr)).groups()
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.request("GET", path)
    return connection.getresponse().read().decode()
