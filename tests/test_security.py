"""Who is let in and what they may do: tokens, roles, TLS, what is noted, and that no secret is ever told."""

import http.client
import json
import re
import socket
import ssl
import stat
import subprocess

import pytest

from harness.leat import BINARY, assert_refused, environment
from harness.postgres import ROOT

ROLES = ["viewer", "operator", "admin"]
TOKEN = re.compile(r"leat_[A-Za-z0-9_-]{43}")


class Client:
    def __init__(self, process, token=None, context=None):
        self.process, self.token, self.context = process, token, context
        found = process.wait_stderr(r"listening at (https?)://([^ ,]+):(\d+)")
        self.scheme, self.host, self.port = found.groups()
        if self.host in ("0.0.0.0", ""):
            self.host = "127.0.0.1"

    def as_(self, token):
        return Client(self.process, token, self.context)

    def send(self, method, path, body=None, headers=None):
        if self.scheme == "https":
            connection = http.client.HTTPSConnection(self.host, int(self.port), timeout=30, context=self.context)
        else:
            connection = http.client.HTTPConnection(self.host, int(self.port), timeout=30)
        more = {"Content-Type": "application/json"} if body is not None else {}
        if self.token:
            more["Authorization"] = f"Bearer {self.token}"
        text = json.dumps(body) if isinstance(body, dict) else body
        connection.request(method, path, body=text, headers=more | (headers or {}))
        return connection.getresponse()

    def call(self, method, path, status=200, body=None, headers=None):
        answer = self.send(method, path, body, headers)
        text = answer.read().decode()
        assert answer.status == status, f"{method} {path}: {answer.status} {text}"
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        return json.loads(text) if text and "json" in self.headers.get("content-type", "") else text


def command(*arguments, status=0):
    done = subprocess.run([str(BINARY), *map(str, arguments)], capture_output=True, text=True, env=environment(), timeout=60)
    assert done.returncode == status, f"{arguments}: {done.returncode} {done.stdout} {done.stderr}"
    return done


def make_token(leat, role, name=None, *more):
    return command("token", "create", "--role", role, "--name", name or role, "--data-dir", leat.data, *more).stdout.strip()


def configure(leat, server="  listen: 127.0.0.1:0\n", rest=""):
    """Without sources: nothing here needs a database, but for what asks for one."""
    leat.config.write_text(f"log:\n  dir: {leat.data}\nserver:\n{server}{rest}")
    leat.chosen_listen = True


@pytest.fixture
def bare(binary, tmp_path):
    """leat without a database."""
    from harness.leat import Leat
    one = Leat(tmp_path)
    configure(one)
    yield one
    one.close()


def certificate(folder, name="server", host="127.0.0.1"):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=IP:{host}"], check=True, capture_output=True)
    return folder / f"{name}.pem", folder / f"{name}.key"


def test_without_tokens_this_machine_needs_none(bare):
    client = Client(bare.run())
    assert client.call("GET", "/api/v1/sources") == {"sources": []}
    assert client.call("GET", "/api/v1/tokens") == {"tokens": []}
    assert client.call("GET", "/api/v1/sources", 403, headers={"Host": "evil.example"})["code"] == "API_HOST"


def test_pages_of_other_hosts_change_nothing(bare):
    client = Client(bare.run())
    body = {"name": "x", "role": "admin"}
    assert client.call("POST", "/api/v1/tokens", 403, body, {"Origin": "http://evil.example"})["code"] == "API_HOST"
    assert client.call("POST", "/api/v1/tokens", 403, body, {"Origin": "null"})["code"] == "API_HOST"
    assert client.call("POST", "/api/v1/tokens", 415, json.dumps(body), {"Content-Type": "text/plain"})["code"] == "API_MEDIA_TYPE"
    assert client.call("GET", "/api/v1/tokens") == {"tokens": []}
    client.call("POST", "/api/v1/tokens", 201, body, {"Origin": f"http://127.0.0.1:{client.port}"})


def test_a_token_before_the_first_start(bare):
    token = make_token(bare, "admin", "me")
    assert TOKEN.fullmatch(token)
    assert stat.S_IMODE((bare.data / "leat.db").stat().st_mode) == 0o600
    assert token not in command("token", "list", "--data-dir", bare.data).stdout
    client = Client(bare.run())
    for wrong in (None, "leat_" + "x" * 43, token[:-1], token + "x"):
        problem = client.as_(wrong).call("GET", "/api/v1/sources", 401)
        assert problem["code"] == "API_UNAUTHENTICATED" and problem["action"]
    anyone = client.as_(None)
    anyone.call("GET", "/api/v1/nothing", 401)
    assert anyone.call("GET", "/healthz") == "ok\n"
    assert "openapi" in anyone.call("GET", "/api/v1/openapi.json")
    assert client.as_(token).call("GET", "/api/v1/sources") == {"sources": []}
    assert command("token", "create", "--role", "admin", "--name", "me", "--data-dir", bare.data, status=1).stderr.startswith("STORE_EXISTS")


def test_a_token_made_and_revoked_beside_a_running_server(bare):
    process = bare.run()
    client = Client(process)
    client.call("GET", "/api/v1/sources")
    token = make_token(bare, "viewer", "eye")
    process.wait_for(lambda: client.send("GET", "/api/v1/sources").status == 401, "from then on it is asked for")
    client.as_(token).call("GET", "/api/v1/sources")
    command("token", "revoke", "eye", "--data-dir", bare.data)
    process.wait_for(lambda: client.as_(token).send("GET", "/api/v1/sources").status == 401, "it is revoked")
    assert command("token", "list", "--json", "--data-dir", bare.data).stdout.count('"state":"revoked"') == 1
    client.call("GET", "/api/v1/sources", 401)


def test_an_expired_token(bare):
    token = make_token(bare, "viewer", "short", "--expires", "1ms")
    client = Client(bare.run())
    assert client.as_(token).call("GET", "/api/v1/sources", 401)["code"] == "API_UNAUTHENTICATED"
    assert "expired" in command("token", "list", "--data-dir", bare.data).stdout


def paths():
    """Every route of the document, with its least role as docs/security.md has it."""
    document = json.loads((ROOT / "src/server/assets/openapi.json").read_text())
    wanted = {}
    for line in (ROOT / "docs/security.md").read_text().splitlines():
        found = re.fullmatch(r"\| `(GET|POST|PUT|PATCH|DELETE) (/\S+)` \| (nobody's|viewer|operator|admin) \|.*", line)
        if found:
            method, path, role = found.groups()
            wanted[method, re.sub(r"\{[^}]*\}", "{}", path)] = role
    for path, item in document["paths"].items():
        for method in item:
            if method in ("get", "post", "put", "patch", "delete"):
                yield method.upper(), path, wanted.pop((method.upper(), re.sub(r"\{[^}]*\}", "{}", path)), None)
    assert not wanted, f"documented in docs/security.md and not in openapi.json: {wanted}"


def test_every_route_asks_for_its_role(bare):
    tokens = {role: make_token(bare, role) for role in ROLES}
    client = Client(bare.run())
    walked = 0
    for method, path, role in paths():
        assert role, f"docs/security.md does not say whose {method} {path} is"
        url = re.sub(r"\{[^}]*\}", "none", path)
        body = "{}" if method not in ("GET", "DELETE") else None
        if b"API_NOT_FOUND" in client.as_(tokens["admin"]).send(method, url, body=body).read():
            continue  # this server does not have it
        for asked in [None, *ROLES]:
            answer = client.as_(tokens.get(asked)).send(method, url, body=body)
            answer.read()
            walked += 1
            told = f"{method} {url} as {asked}: {answer.status}"
            if role == "nobody's":
                assert answer.status not in (401, 403), told
            elif asked is None:
                assert answer.status == 401 and answer.getheader("WWW-Authenticate"), told
            elif ROLES.index(asked) < ROLES.index(role):
                assert answer.status == 403, told
            else:
                assert answer.status not in (401, 403) and answer.status < 500, told
    assert walked > 40


def test_wrong_tokens_are_throttled_and_right_ones_are_not(bare):
    token = make_token(bare, "viewer", "eye")
    process = bare.run()
    client = Client(process)
    statuses = [client.as_("leat_wrong").send("GET", "/api/v1/sources").status for _ in range(14)]
    assert statuses == [401] * 10 + [429] * 4
    problem = client.as_("leat_wrong")
    assert problem.call("GET", "/api/v1/sources", 429)["code"] == "API_THROTTLED" and int(problem.headers["retry-after"]) > 0
    client.as_(token).call("GET", "/api/v1/sources")
    assert "leat_wrong" not in process.error_text() and "not valid was refused" in process.error_text()


def test_tokens_by_rest_and_the_audit_log(bare):
    admin = Client(bare.run())
    made = admin.call("POST", "/api/v1/tokens", 201, {"name": "boss", "role": "admin"}, {"Idempotency-Key": "one"})
    assert TOKEN.fullmatch(made["token"]) and admin.headers["cache-control"] == "no-store"
    assert admin.headers["location"] == "/api/v1/tokens/boss"
    admin = admin.as_(made["token"])
    eye = admin.call("POST", "/api/v1/tokens", 201, {"name": "eye", "role": "viewer", "expires_in": "1h"})
    assert eye["expires"] and eye["state"] == "valid"
    for body, field in (({"name": "a b", "role": "viewer"}, "name"), ({"name": "x", "role": "root"}, "role"),
                        ({"name": "x", "role": "viewer", "expires_in": "soon"}, "expires_in"), ({"role": "viewer"}, "name"),
                        ({"name": "x", "role": "viewer", "expire_in": "1h"}, "expire_in")):
        assert admin.call("POST", "/api/v1/tokens", 422, body)["field"] == field
    assert admin.call("POST", "/api/v1/tokens", 409, {"name": "eye", "role": "viewer"})["code"] == "STORE_EXISTS"
    viewer = admin.as_(eye["token"])
    assert viewer.call("DELETE", "/api/v1/tokens/boss", 403)["code"] == "API_FORBIDDEN"
    admin.call("DELETE", "/api/v1/tokens/eye", 204)
    viewer.call("GET", "/api/v1/sources", 401)
    admin.call("DELETE", "/api/v1/tokens/eye", 404)
    listed = admin.call("GET", "/api/v1/tokens")["tokens"]
    assert [(t["name"], t["state"]) for t in listed] == [("boss", "valid"), ("eye", "revoked")] and "token" not in listed[0]
    entries = admin.call("GET", "/api/v1/audit")["entries"]
    assert [(e["actor"], e["action"], e["status"]) for e in reversed(entries)][:2] == [
        ("local", "POST /api/v1/tokens", 201), ("boss", "POST /api/v1/tokens", 201)]
    assert ("eye", "DELETE /api/v1/tokens/{}", 403, "API_FORBIDDEN") in [
        (e["actor"], e["action"], e["status"], e["code"]) for e in entries]
    assert all(e["address"] == "127.0.0.1" for e in entries)
    assert admin.call("GET", "/api/v1/audit?limit=0", 400)["field"] == "limit"
    problem = admin.call("GET", "/api/v1/audit?limt=5", 400)
    assert problem["field"] == "limt" and "limit" in problem["action"]
    # Page by page it is the same.
    path, paged = "/api/v1/audit?limit=3", []
    while path:
        paged += admin.call("GET", path)["entries"]
        link = admin.headers.get("link")
        path = re.fullmatch(r'<([^>]+)>; rel="next"', link).group(1) if link else None
    assert paged == entries


def test_beyond_this_machine_a_token_and_tls_are_needed(bare):
    configure(bare, "  listen: 0.0.0.0:0\n")
    assert_refused(bare.run(), "SERVER_NO_TOKEN", "leat token create")
    expired = make_token(bare, "admin", "old", "--expires", "1ms")
    assert expired
    assert_refused(bare.run(), "SERVER_NO_TOKEN")
    token = make_token(bare, "admin")
    assert_refused(bare.run(), "SERVER_NO_TLS", "server.tls: off")
    configure(bare, '  listen: 0.0.0.0:0\n  tls: "off"\n')
    client = Client(bare.run(), token)
    client.call("GET", "/api/v1/sources")
    client.call("GET", "/api/v1/sources", headers={"Host": "leat.example"})
    client.as_(None).call("GET", "/metrics", 401)


def test_tls_and_a_certificate_that_is_changed(bare, tmp_path):
    first, key = certificate(tmp_path)
    token = make_token(bare, "admin")
    configure(bare, f"  listen: 127.0.0.1:0\n  tls:\n    certificate: {first}\n    key: {key}\n")
    process = bare.run()
    client = Client(process, token, ssl.create_default_context(cafile=first))
    assert client.scheme == "https"
    client.call("GET", "/api/v1/sources")
    old = first.read_bytes()
    certificate(tmp_path)
    process.popen.send_signal(1)

    def changed():
        try:
            Client(process, token, ssl.create_default_context(cafile=first)).call("GET", "/api/v1/sources")
            return True
        except ssl.SSLError:
            return False

    process.wait_for(changed, "the new certificate is shown")
    assert first.read_bytes() != old
    first.write_text("this is none")
    process.popen.send_signal(1)
    process.wait_stderr("HTTP_TLS")
    assert process.running
    with socket.create_connection((client.host, int(client.port)), 10) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert not plain.recv(100).startswith(b"HTTP/1.1 200")


def test_clients_with_a_certificate_of_their_own(bare, tmp_path):
    server, key = certificate(tmp_path)
    own, own_key = certificate(tmp_path, "client")
    token = make_token(bare, "admin")
    configure(bare, f"  listen: 127.0.0.1:0\n  tls:\n    certificate: {server}\n    key: {key}\n    client.ca: {own}\n")
    process = bare.run()
    without = ssl.create_default_context(cafile=server)
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        Client(process, token, without).call("GET", "/api/v1/sources")
    known = ssl.create_default_context(cafile=server)
    known.load_cert_chain(own, own_key)
    Client(process, token, known).call("GET", "/api/v1/sources")
    Client(process, None, known).call("GET", "/api/v1/sources", 401)


def test_what_is_not_whole_of_tls_is_refused(bare, tmp_path):
    server, _ = certificate(tmp_path)
    configure(bare, f"  listen: 127.0.0.1:0\n  tls.certificate: {server}\n")
    assert_refused(bare.run(), "CONFIG_INVALID", "server.tls.key")
    configure(bare, "  listen: 127.0.0.1:0\n  tls: \"on\"\n")
    assert_refused(bare.run(), "CONFIG_INVALID", "server.tls")
    configure(bare, f"  listen: 127.0.0.1:0\n  tls.certificate: {server}\n  tls.key: {server}\n")
    assert_refused(bare.run(), "HTTP_TLS")


def test_a_stream_ends_when_its_token_is_revoked(database, leat):
    database.execute("CREATE TABLE items (id int PRIMARY KEY)")
    configure(leat, rest=f"sources:\n  shop:\n    url: {json.dumps(database.url())}\n    tables: [public.*]\n")
    token = make_token(leat, "operator")
    process = leat.run()
    database.wait_streaming(detail=process.describe)
    client = Client(process, token)
    answer = client.send("GET", "/api/v1/sources/shop/changes")
    assert answer.status == 200
    database.execute("INSERT INTO items VALUES (1)")
    assert json.loads(answer.readline())["seq"]
    command("token", "revoke", "operator", "--data-dir", leat.data)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        while answer.read(1000):
            pass


CANARY = "canary-7f3a9b-secret"


def everything(leat, processes, answers):
    """What anybody could get to see of leat, but for the files that were given to it."""
    for path in leat.data.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
    for process in processes:
        yield "output", "\n".join(process.stdout + process.stderr).encode()
    for answer in answers:
        yield "answer", answer.encode()


def test_no_secret_is_told(database, leat):
    """By the environment, by a file, in the body of a request; right ones and wrong ones."""
    database.execute("CREATE TABLE items (id int PRIMARY KEY)")
    secret = leat.folder / "password"
    secret.write_text(CANARY + "\n")
    plain = database.url()
    host = re.search(r"@?([^/@]+)/([^/?]+)(\?.*)?$", plain)
    assert host, plain
    sources = {"by_env": "postgresql://nobody:${env:CANARY}@127.0.0.1:1/x", "by_file": "postgresql://nobody:${file:%s}@127.0.0.1:1/x" % secret}
    rest = "sources:\n  shop:\n    url: " + json.dumps(plain) + "\n" + "".join(
        f"  {name}:\n    url: {json.dumps(url)}\n" for name, url in sources.items())
    configure(leat, rest=rest)
    process = leat.run(env={"CANARY": CANARY})
    database.wait_streaming(detail=process.describe)
    client = Client(process)
    answers = []

    def send(method, path, body=None, headers=None):
        answer = client.send(method, path, body, headers)
        text = answer.read().decode() + str(answer.getheaders())
        answers.append(text)
        return answer.status, text

    process.wait_for(lambda: "PG_CONNECT" in send("GET", "/api/v1/sources")[1], "a source with a secret has failed")
    literal = f"postgresql://user:{CANARY}@127.0.0.1:1/x"
    for body in ({"db_type": "postgresql", "source_id": "one", "connection_string": literal},
                 {"source_id": "two", "url": f"postgresql://127.0.0.1:1/x?password={CANARY}"},
                 {"source_id": "three", "url": f"{CANARY}"},
                 {"source_id": "four", "password": CANARY},
                 {"source_id": "five", "url": {"a": CANARY}}):
        status, text = send("POST", "/api/v1/sources", body)
        assert 400 <= status < 500, text
    hook = {"source": "shop", "type": "webhook", "webhook.url": "http://127.0.0.1:1/", "webhook.allow.private": True, "webhook.allow.http": True}
    for name, more in (("a", {"webhook.secret": CANARY}), ("b", {"webhook.headers": [f"Authorization: Bearer {CANARY}"]}),
                       ("c", {"webhook.url": f"http://user:{CANARY}@127.0.0.1:1/"}), ("d", {"webhook": {"secret": CANARY}}),
                       ("e", {"webhook.secrt": CANARY})):
        status, text = send("POST", "/api/v1/consumers", {"consumer_id": name, **hook, **more})
        assert 400 <= status < 500, text
    status, text = send("POST", "/api/v1/consumers", {"consumer_id": "ok", **hook, "webhook.secret": "${env:CANARY}"})
    assert status == 201, text
    for broken in (f'{{"url": "{CANARY}', f'{{"url": "{CANARY}\\q"}}', f'{{"url": "{CANARY}" "x"}}', f'[{CANARY}]'):
        assert send("POST", "/api/v1/sources", broken)[0] == 400
    send("POST", "/api/v1/sources", {"source_id": "ok", "url": "postgresql://nobody:${env:CANARY}@127.0.0.1:1/x"})
    status, text = send("POST", "/api/v1/tokens", {"name": "me", "role": "admin"}, {"Idempotency-Key": "k"})
    assert status == 201
    token = TOKEN.search(text).group(0)
    answers.pop()
    client.token = token
    for path in ("/api/v1/sources", "/api/v1/sources/by_env", "/api/v1/sources/by_file/checks", "/metrics", "/readyz", "/api/v1/audit",
                 "/api/v1/tokens", "/api/v1/sources/ok", "/api/v1/sources/ok/status", "/api/v1/consumers", "/api/v1/consumers/ok"):
        send("GET", path)
    client.token = None
    send("GET", "/api/v1/sources", headers={"Authorization": f"Bearer {CANARY}"})
    process.stop()
    for where, content in everything(leat, [process], answers):
        assert CANARY.encode() not in content, f"{where} tells the secret"
        assert token.encode() not in content, f"{where} tells the token"


def test_limits(bare):
    """What one client sends is bounded, and is told so."""
    client = Client(bare.run())
    assert client.call("POST", "/api/v1/tokens", 413, " " * (5 << 20))["code"] == "HTTP_REQUEST_TOO_LARGE"
    assert client.call("GET", "/api/v1/sources", 431, headers={"X-Long": "x" * 40000})["code"] == "HTTP_REQUEST_TOO_LARGE"
    assert client.call("GET", "/" + "x" * 9000, 414)["code"] == "HTTP_REQUEST_TOO_LARGE"
    deep = '{"a":' * 100 + "1" + "}" * 100
    assert client.call("POST", "/api/v1/tokens", 400, deep)["code"] in ("API_BODY", "JSON_INVALID")
    assert client.call("POST", "/api/v1/tokens", 400, '{"name":"a","name":"b"}')["code"] in ("API_BODY", "JSON_INVALID")
    assert client.call("GET", "/api/v1/tokens") == {"tokens": []}


def test_a_request_that_is_repeated_is_carried_out_once(bare):
    client = Client(bare.run())
    body = {"source_id": "one", "url": "postgresql://nobody@127.0.0.1:1/x", "check": False}
    key = {"Idempotency-Key": "a key"}
    first = client.call("POST", "/api/v1/sources", 201, body, key)
    location = client.headers["location"]
    assert client.call("POST", "/api/v1/sources", 409, body)["code"]
    assert client.call("POST", "/api/v1/sources", 201, body, key) == first
    assert client.headers["idempotency-replayed"] == "true" and client.headers["location"] == location
    assert client.call("POST", "/api/v1/sources", 422, body | {"source_id": "two"}, key)["code"] == "API_IDEMPOTENCY"
    assert [s["source_id"] for s in client.call("GET", "/api/v1/sources")["sources"]] == ["one"]
    client.process.kill()
    client = Client(bare.run())
    assert client.call("POST", "/api/v1/sources", 201, body, key) == first, "also after kill -9"
    # An update of what somebody else has changed meanwhile.
    client.call("GET", "/api/v1/sources/one")
    etag = client.headers["etag"]
    client.call("PATCH", "/api/v1/sources/one", 200, {"tables": ["public.*"]}, {"If-Match": etag})
    assert client.call("PATCH", "/api/v1/sources/one", 412, {"tables": ["a.*"]}, {"If-Match": etag})["code"] == "STORE_CHANGED"


def test_a_client_that_never_ends_its_request(bare):
    client = Client(bare.run())
    with socket.create_connection((client.host, int(client.port)), 60) as slow:
        slow.sendall(b"GET /api/v1/sources HTTP/1.1\r\nHost: localhost\r\nX-More: ")
        client.call("GET", "/api/v1/sources")
        answer = slow.recv(4096)
        assert answer.startswith(b"HTTP/1.1 408") and b"HTTP_TIMEOUT" in answer
