"""Cases run side by side, several at a time, on one server per version and one Kafka with one Connect worker."""

import concurrent.futures
import os

import pytest

from harness import debezium as debezium_module
from harness.postgres import Server, home

from .case import Run

CONF = "max_replication_slots = 80\nmax_wal_senders = 80\nmax_connections = 200"


def pytest_addoption(parser):
    parser.addoption("--short", action="store_true", help="only the cases of the short form, on PostgreSQL 15")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--short"):
        return
    chosen = [item for item in items if not hasattr(item, "callspec")
              or (item.callspec.params["case"].short and item.callspec.params["major"] == 15)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def missing(what):
    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session")
def results(request, binary, tmp_path_factory):
    """results(case, major): what became of it. The first call starts all that were selected."""
    if debezium_module.home() is None:
        missing("Kafka and Debezium are not here: scripts/setup.sh conformance")
    selected = [(item.callspec.params["case"], item.callspec.params["major"])
                for item in request.session.items if hasattr(item, "callspec")]
    majors = sorted({major for _, major in selected})
    for major in majors:
        if home(major) is None:
            missing(f"PostgreSQL {major} is not here: scripts/setup.sh conformance")
    servers, base = {}, tmp_path_factory.mktemp("conformance")
    jobs = int(os.environ.get("LEAT_CONFORMANCE_JOBS", "6"))
    pool = concurrent.futures.ThreadPoolExecutor(jobs)
    debezium = debezium_module.Debezium()
    try:
        for major in majors:
            servers[major] = Server(major, CONF).start()
        debezium.start()

        def run(case, major):
            folder = base / f"{case.name}-pg{major}"
            folder.mkdir()
            return Run(case, servers[major], debezium, folder).run()

        futures = {(case.name, major): pool.submit(run, case, major) for case, major in selected}
        yield lambda case, major: futures[case.name, major].result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        debezium.stop()
        for server in servers.values():
            server.destroy()
