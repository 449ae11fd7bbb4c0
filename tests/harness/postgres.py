"""Throwaway PostgreSQL servers: a temporary directory, a free loopback port, wal_level=logical, nothing kept."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

ROOT = Path(__file__).resolve().parents[2]
# 15 and 18 for every test; 16, between whose protocol and theirs there is a difference, for modules that say ON_16. Others
# (13 to 18) by LEAT_MAJORS=14,17 after scripts/setup.sh versions; the tests mark places
# in the stream by messages, which 13 does not send.
MAJORS = tuple(map(int, os.environ.get("LEAT_MAJORS", "15,16,18").split(",")))

# `guarded` is the only role that needs a password, so that the tests of logins need no server of their own.
HBA = """\
local   all         all                      trust
host    all         guarded   127.0.0.1/32   scram-sha-256
host    replication guarded   127.0.0.1/32   scram-sha-256
host    all         all       127.0.0.0/8    trust
host    replication all       127.0.0.0/8    trust
"""

CONF = """\
listen_addresses = '127.0.0.1'
wal_level = logical
max_wal_senders = 20
max_replication_slots = 20
max_connections = 100
max_prepared_transactions = 10
shared_buffers = 64MB
fsync = off
full_page_writes = off
autovacuum = off
log_min_messages = warning
timezone = 'UTC'
lc_messages = 'C'
"""


def wait_until(condition, what, timeout=30.0, detail=None, pause=0.02):
    """Waits for condition() to return something true and returns it; fails with `what` and detail()."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}" + (f"\n{detail()}" if detail else ""))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)


# Below the ports that the system hands out, and a range of its own for each process of `pytest -n`: a port that is free when it is asked
# for is free when it is taken.
FIRST_PORT = 12000 + 1200 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
PORTS = itertools.cycle(FIRST_PORT + (os.getpid() + i) % 1200 for i in range(1200))


def free_port():
    for port in PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def home(major):
    """The folder with initdb and postgres of that version, or None."""
    script = ROOT / "scripts" / "postgres-home.sh"
    found = subprocess.run([str(script), str(major)], capture_output=True, text=True)
    return Path(found.stdout.strip()) if found.returncode == 0 else None


class Server:
    def __init__(self, major, extra_conf="", hba=HBA, port=None):
        self.major = major
        self.bin = home(major)
        assert self.bin is not None, f"PostgreSQL {major} is not here"
        self.port = port or free_port()
        self.dir = Path(tempfile.mkdtemp(prefix=f"leat-pg{major}-"))
        self.data = self.dir / "data"
        self.process = None
        self.starts = 0
        self.names = itertools.count(1)
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.dir, owner.pw_uid, owner.pw_gid)
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        else:
            owner, self.as_user = None, []
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.dir), "TZ": "UTC", "LC_ALL": "C"}
        if (self.bin.parent / "lib" / "libpq.so.5").exists():
            self.env["LD_LIBRARY_PATH"] = str(self.bin.parent / "lib")
        initdb = [self.bin / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
        made = subprocess.run([*self.as_user, *map(str, initdb)], env=self.env, cwd=self.dir, capture_output=True, text=True)
        assert made.returncode == 0, f"initdb: {made.stdout}{made.stderr}"
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write(f"{CONF}port = {self.port}\nunix_socket_directories = '{self.dir}'\n{extra_conf}\n")
        (self.data / "pg_hba.conf").write_text(hba)

    @classmethod
    def copy_of(cls, other, extra_conf="", signal_file=None):
        """A server from the files of a stopped one: a backup, or with standby.signal a standby."""
        assert other.process is None
        made = cls.__new__(cls)
        made.__dict__.update(other.__dict__)
        made.port = free_port()
        made.dir = Path(tempfile.mkdtemp(prefix=f"leat-pg{made.major}-"))
        made.data = made.dir / "data"
        made.env = other.env | {"HOME": str(made.dir)}
        made.starts, made.names = 0, itertools.count(1000)
        shutil.copytree(other.data, made.data, copy_function=shutil.copy2)
        with open(made.data / "postgresql.conf", "a") as conf:
            conf.write(f"port = {made.port}\nunix_socket_directories = '{made.dir}'\n{extra_conf}\n")
        if signal_file:
            (made.data / signal_file).touch()
        owner = other.dir.stat()
        for folder, _, names in os.walk(made.dir):
            for path in [folder, *(os.path.join(folder, name) for name in names)]:
                os.chown(path, owner.st_uid, owner.st_gid)
        return made

    # -- the process

    def start(self):
        assert self.process is None
        log = open(self.dir / "server.log", "ab")
        command = [*self.as_user, str(self.bin / "postgres"), "-D", str(self.data)]
        self.process = subprocess.Popen(command, env=self.env, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()

        def accepts():
            if self.process.poll() is not None:
                raise AssertionError(f"postgres {self.major} ended with {self.process.returncode}\n{self.log_tail()}")
            with contextlib.suppress(psycopg.OperationalError):
                self.connect(connect_timeout=5).close()
                return True

        wait_until(accepts, f"PostgreSQL {self.major} accepts connections", 60, self.log_tail)
        self.starts += 1
        return self

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast shutdown; SIGQUIT: immediate, as after a crash."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)
        self.process = None

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        self.start()

    def destroy(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.dir, ignore_errors=True)

    def log_tail(self, lines=30):
        with contextlib.suppress(OSError):
            return "\n".join((self.dir / "server.log").read_text(errors="replace").splitlines()[-lines:])
        return ""

    # -- using it

    def connect(self, dbname="postgres", user="postgres", autocommit=True, **more):
        return psycopg.connect(
            host=str(self.dir), port=self.port, dbname=dbname, user=user, autocommit=autocommit, **more
        )

    def query(self, sql, parameters=None, dbname="postgres"):
        with self.connect(dbname) as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def url(self, dbname="postgres", user="postgres", password=None, port=None, query=""):
        login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        return f"postgresql://{login}@127.0.0.1:{port or self.port}/{quote(dbname, safe='')}{query}"

    def new_database(self, name=None):
        name = name or f"db{next(self.names)}"
        self.query(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return Database(self, name)

    def slots(self, **equal):
        with self.connect() as connection:
            cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
            rows = cursor.execute("SELECT *, confirmed_flush_lsn IS NOT NULL AS ready FROM pg_replication_slots").fetchall()
        return [row for row in rows if all(row[name] == value for name, value in equal.items())]

    def drop_slots(self):
        """Ends whoever still holds a slot of this server, and drops every slot."""

        def gone():
            self.query(
                "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active_pid IS NOT NULL"
            )
            for slot in self.slots(active=False):
                with contextlib.suppress(psycopg.Error):
                    self.query("SELECT pg_drop_replication_slot(%s)", [slot["slot_name"]])
            return not self.slots()

        wait_until(gone, "all slots are dropped", 30, lambda: str(self.slots()))


class Database:
    """One database of a server, of a test's own."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        self._connection, self._of_start = None, 0

    @property
    def connection(self):
        if self._connection is not None and self._of_start != self.server.starts:  # the server was restarted
            self._connection.close()
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection, self._of_start = self.server.connect(self.name), self.server.starts
        return self._connection

    def connect(self, **more):
        return self.server.connect(self.name, **more)

    def execute(self, sql, parameters=None):
        """One statement, or several in one transaction where there are no parameters."""
        return self.connection.execute(sql, parameters)

    def transaction(self, *statements):
        with self.connection.transaction():
            for statement in statements:
                self.connection.execute(statement)

    def rows(self, sql, parameters=None):
        return self.connection.execute(sql, parameters).fetchall()

    def value(self, sql, parameters=None):
        return self.rows(sql, parameters)[0][0]

    def url(self, **more):
        return self.server.url(self.name, **more)

    def slots(self, **equal):
        return self.server.slots(database=self.name, **equal)

    def publications(self):
        return [row[0] for row in self.rows("SELECT pubname FROM pg_publication ORDER BY 1")]

    def wait_slot(self, timeout=30, detail=None, **equal):
        """Waits until a slot of this database has found its starting point: what commits from now on is captured."""
        return wait_until(lambda: self.slots(ready=True, **equal), f"a slot {equal} is ready", timeout, detail)[0]

    def wait_streaming(self, timeout=30, detail=None):
        """Waits until a WAL sender streams from a slot of this database."""
        sql = (
            "SELECT 1 FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid"
            " WHERE s.database = current_database() AND r.state = 'streaming' AND s.confirmed_flush_lsn IS NOT NULL"
        )
        wait_until(lambda: self.rows(sql), "a slot is being streamed from", timeout, detail)

    def lsn(self):
        return self.value("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")

    def drop_only(self):
        """Removes the database, while slots of others go on being used."""
        if self._connection is not None:
            self._connection.close()
        self.server.query(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def drop(self):
        if self._connection is not None:
            self._connection.close()
        if self.server.process is None:
            self.server.start()
        self.server.drop_slots()
        for (gid, dbname) in self.server.query("SELECT gid, database FROM pg_prepared_xacts"):
            self.server.query(f"ROLLBACK PREPARED '{gid}'", dbname=dbname)
        self.drop_only()
