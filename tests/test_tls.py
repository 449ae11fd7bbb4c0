"""TLS to the server: verified by default, as little as the configuration says otherwise, by URL and by a connector's options."""

import json
import os
import shutil

import pytest

from harness.certificates import lock_key, make_authority, make_certificate
from harness.leat import assert_refused
from harness.postgres import HBA, wait_until
from harness.proxy import Proxy

HOST = "db.leat.test"


@pytest.fixture
def items(database):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, 'old')")
    return database


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    make_authority(folder, "ca")
    make_authority(folder, "stranger")
    make_certificate(folder, "ca", "right", HOST)
    make_certificate(folder, "ca", "wrong", "somebody.else.test")
    make_certificate(folder, "ca", "local", "localhost")
    make_certificate(folder, "ca", "certified", "certified")
    lock_key(folder, "certified", "certified.locked", "open sesame")
    return folder


@pytest.fixture
def tls(make_server, certificates):
    """tls(name) starts a server with that certificate, which takes nothing but TLS with a password over the network."""

    def start(name, hba=None, on=True, more=""):
        server = make_server(hba=hba or HBA.replace("host ", "hostssl "))
        for source, copy in ((f"{name}.crt", "server.crt"), (f"{name}.key", "server.key"), ("ca.crt", "ca.crt")):
            target = server.dir / copy
            shutil.copy(certificates / source, target)
            os.chown(target, server.data.stat().st_uid, server.data.stat().st_gid)
            os.chmod(target, 0o600)
        server.stop()
        with open(server.data / "postgresql.conf", "a") as conf:
            if on:
                conf.write(f"ssl = on\nssl_cert_file = '{server.dir}/server.crt'\nssl_key_file = '{server.dir}/server.key'\n")
            conf.write(more.format(dir=server.dir))
        server.start()
        server.query("CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'secret'")
        server.query("CREATE TABLE items (id int PRIMARY KEY)")
        return server

    return start


def named(server, authority=None, port=None, more=""):
    """A URL with a host name that is not loopback, so that TLS has to be verified; hostaddr says where it is."""
    root = f"&sslrootcert={authority}" if authority else ""
    return f"postgresql://guarded:secret@{HOST}:{port or server.port}/postgres?hostaddr=127.0.0.1{root}{more}"


def works(leat, url, server):
    process = leat.tail(url, "--limit", 1)
    wait_until(lambda: server.slots(ready=True), "a slot", 30, process.describe)
    server.query("INSERT INTO items SELECT count(*) FROM items")
    assert process.wait() == 0, process.describe()


def test_tls_is_verified_by_default(tls, leat, certificates):
    server = tls("right")
    works(leat, named(server, certificates / "ca.crt"), server)
    for url in (named(server, certificates / "stranger.crt"), named(server)):
        process = leat.tail(url)
        assert_refused(process, "PG_TLS")
        assert "secret" not in process.describe().replace(url, "")
    assert server.slots() == []


def test_tls_wrong_host(tls, leat, certificates):
    server = tls("wrong")
    assert_refused(leat.tail(named(server, certificates / "ca.crt")), "PG_TLS")
    # Less only because the URL says so.
    works(leat, named(server, certificates / "ca.crt", more="&sslmode=verify-ca"), server)
    works(leat, named(server, more="&sslmode=require"), server)


def test_stripped_tls(items, leat, certificates):
    """Somebody in between says that the server has no TLS: refused before the login is sent."""
    with Proxy(items.server.port) as proxy:
        proxy.refuse_tls = True
        assert_refused(leat.tail(named(items.server, certificates / "ca.crt", proxy.port)), "PG_TLS")
        assert proxy.connections
        wait_until(lambda: all(len(sent) >= 8 for sent in proxy.received), "the request for TLS")
        assert all(len(sent) == 8 for sent in proxy.received), f"more than a request for TLS was sent: {proxy.received}"


def test_server_without_tls(items, leat, certificates):
    assert_refused(leat.tail(named(items.server, certificates / "ca.crt")), "PG_TLS")


def test_environment_does_not_weaken_tls(items, leat, certificates):
    process = leat.tail(named(items.server, certificates / "ca.crt"), env={"PGSSLMODE": "disable"})
    assert_refused(process, "PG_TLS")


# -- leat run --debezium: the connector's options


@pytest.fixture
def connect(leat, certificates):
    """connect(server, option=…) runs a connector's file with these options against the server; `__` stands for a dot."""

    def start(server, **options):
        config = {
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector", "plugin.name": "pgoutput",
            "database.hostname": "localhost", "database.port": str(server.port), "database.user": "guarded",
            "database.password": "secret", "database.dbname": "postgres", "topic.prefix": "shop",
            "slot.name": "shop", "value.converter.schemas.enable": "false", "key.converter.schemas.enable": "false",
        } | {name.replace("__", "."): str(value) for name, value in options.items()}
        path = leat.folder / "connector.json"
        path.write_text(json.dumps({"name": "shop", "config": config}))
        return leat.start("run", "--debezium", path, "--data-dir", leat.data)

    return start


def captures(leat, process, server):
    """It streams, and both of its connections have TLS or none: (who, whether)."""
    wait_until(lambda: server.slots(active=True), "a slot that is read", 60, process.describe)
    server.query("INSERT INTO items SELECT coalesce(max(id), 0) + 1 FROM items")
    leat.wait_log(process, lambda records: records and records[-1].op == "c", "the row in the log")
    encrypted = server.query("SELECT DISTINCT a.usename, s.ssl FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid)"
                             " WHERE a.application_name = 'leat shop'")
    process.stop()
    server.drop_slots()
    shutil.rmtree(leat.data)
    return encrypted


def test_connector_verifies_the_server(tls, leat, certificates, connect):
    server = tls("local")
    authority, stranger = certificates / "ca.crt", certificates / "stranger.crt"
    for mode in ("verify-full", "verify-ca", "require"):
        assert captures(leat, connect(server, database__sslmode=mode, database__sslrootcert=authority), server) == [("guarded", True)]
    for mode in ("verify-full", "verify-ca"):
        assert_refused(connect(server, database__sslmode=mode, database__sslrootcert=stranger), "PG_TLS")
        assert_refused(connect(server, database__sslmode=mode), "PG_TLS")
    assert server.slots() == []


def test_connector_wrong_host(tls, leat, certificates, connect):
    server = tls("wrong")
    authority = certificates / "ca.crt"
    assert_refused(connect(server, database__sslmode="verify-full", database__sslrootcert=authority), "PG_TLS")
    assert captures(leat, connect(server, database__sslmode="verify-ca", database__sslrootcert=authority), server) == [("guarded", True)]


def test_connector_without_sslmode(tls, leat, connect, server, items):
    """As Debezium: prefer. TLS where the server has it, whatever its certificate; else none."""
    guarded = tls("wrong")
    process = connect(guarded)
    process.wait_stderr("prefer, does not verify the server")
    assert captures(leat, process, guarded) == [("guarded", True)]
    assert_refused(connect(guarded, database__sslmode="disable"), "PG_AUTH")
    plain = tls("wrong", HBA, on=False)
    assert captures(leat, connect(plain), plain) == [("guarded", False)]
    assert_refused(connect(plain, database__sslmode="require"), "PG_TLS")


def test_connector_shows_a_certificate(tls, leat, certificates, connect):
    """sslcert and sslkey, and sslpassword for a key that is locked; the server takes nothing else."""
    hba = "local all all trust\nhostssl all,replication certified 127.0.0.1/32 cert\n"
    server = tls("local", hba, more="ssl_ca_file = '{dir}/ca.crt'\n")
    server.query("CREATE ROLE certified LOGIN SUPERUSER")
    login = {"database.user": "certified", "database.password": "", "database.sslmode": "verify-full",
             "database.sslrootcert": certificates / "ca.crt", "database.sslcert": certificates / "certified.crt"}
    key, locked = certificates / "certified.key", certificates / "certified.locked.key"
    assert captures(leat, connect(server, database__sslkey=key, **login), server) == [("certified", True)]
    assert captures(leat, connect(server, database__sslkey=locked, database__sslpassword="open sesame", **login), server) == [("certified", True)]
    process = connect(server, database__sslkey=locked, database__sslpassword="0p3n-wr0ng", **login)
    assert_refused(process, "PG_TLS")
    assert "0p3n-wr0ng" not in "\n".join(process.stderr)
    del login["database.sslcert"]
    assert_refused(connect(server, **login), "PG_AUTH")
