"""Fixtures: a server per major version and session, a database and a folder per test."""

import os
import subprocess

import pytest

from harness import leat as leat_module
from harness.postgres import MAJORS, Server, home


def missing(what):
    """What is not there: a failure where everything has to be there (CI=true), else a skip that says so."""
    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


def pytest_collection_modifyitems(config, items):
    """Without LEAT_MAJORS, 16 only where a module asks for it, for all its tests or for some: everything on three versions takes too long."""
    if "LEAT_MAJORS" in os.environ:
        return

    def is_left_out(item):
        on_16 = getattr(item.module, "ON_16", ())
        return "pg16" in item.name and on_16 is not True and item.originalname not in on_16

    left_out = [item for item in items if is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(scope="session")
def binary():
    if not os.access(leat_module.BINARY, os.X_OK):
        missing(f"{leat_module.BINARY} is not there: make build, or set LEAT_BIN")
    return leat_module.BINARY


@pytest.fixture(scope="session", params=MAJORS, ids=lambda major: f"pg{major}")
def server(request):
    """A PostgreSQL server that tests share. A test that changes its settings takes `own_server`."""
    if home(request.param) is None:
        missing(f"PostgreSQL {request.param} is not here: scripts/setup.sh test")
    server = Server(request.param).start()
    yield server
    server.destroy()


@pytest.fixture
def database(server):
    database = server.new_database()
    yield database
    database.drop()


@pytest.fixture
def leat(binary, tmp_path):
    """Ask for it after `database`, so that it ends first."""
    leat = leat_module.Leat(tmp_path)
    yield leat
    leat.close()


@pytest.fixture
def make_server(server):
    """Makes servers of the same version with settings of their own."""
    made = []

    def make(*arguments, **more):
        made.append(Server(server.major, *arguments, **more))
        return made[-1].start()

    yield make
    for one in made:
        one.destroy()


@pytest.fixture
def as_root():
    if os.getuid() != 0:
        missing("this test mounts a small tmpfs: run it as root")


@pytest.fixture
def small_disk(as_root, tmp_path):
    """A file system of 8 MB; grow() gives it more room."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(*arguments):
        done = subprocess.run(["mount", "-t", "tmpfs", *arguments, "tmpfs", str(folder)], capture_output=True, text=True)
        if done.returncode != 0:
            missing(f"no tmpfs can be mounted here: {done.stderr}")

    mount("-o", "size=8m")

    class Disk:
        path = folder

        @staticmethod
        def grow():
            mount("-o", "remount,size=200m")

    yield Disk
    subprocess.run(["umount", "-l", str(folder)])
