"""One case: a database, a configuration, changes; run through Debezium and through Leat side by side."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from harness import debezium as debezium_module
from harness.leat import Leat, Process
from harness.postgres import wait_until

from . import compare
from .differences import DIFFERENCES, VOLATILE

PATIENCE = 15  # seconds that Debezium may take longer than Leat
END_TABLE = "zz_end"  # its rows tell that all before them has arrived


@dataclass(frozen=True)
class Case:
    name: str  # also the topic prefix
    about: str  # a line for docs/conformance.md
    setup: tuple = ()  # SQL before either is started, each in a transaction of its own
    changes: tuple = ()  # SQL once both stream; several statements in one string are one transaction
    options: dict = field(default_factory=dict)  # of the connector, by Debezium's names
    differences: tuple = ()  # names of those on purpose that this case shows
    majors: tuple = (15, 18)
    short: bool = False  # part of the short form
    flow: callable = None  # flow(run) in place of snapshot, then changes
    sorted_snapshot: bool = False  # its rows come in no order: those of several partitions under one name
    first_only: str = "\0"  # of topics that begin so only the first record: there are as many as there was time for
    end: str = "c"  # operation that ends the stream; where c is skipped


class Run:
    """A case on one server. The steps are for `flow`; run() is the usual order of them."""

    def __init__(self, case, server, debezium, folder):
        self.case, self.server, self.debezium = case, server, debezium
        self.database = server.new_database(f"{case.name}_{server.major}")
        self.prefix = f"{case.name}_{server.major}"
        self.leat = Leat(folder)
        self.connector = self.process = None
        config = debezium_module.defaults(self.prefix, self.database) | case.options
        self.config = {name: value for name, value in config.items() if value is not None}
        self.ends = 0

    # -- steps

    def prepare(self):
        for sql in self.case.setup:
            self.database.execute(sql)
        self.database.execute(f"CREATE TABLE {END_TABLE} (id int PRIMARY KEY, n int)")

    def start_leat(self, **more):
        """With the connector's own configuration, but for what only one of the two can have; `__` in `more` stands for a dot."""
        own = {"slot.name": f"leat_{self.prefix}", "publication.name": f"leat_{self.prefix}"}
        own |= {name.replace("__", "."): value for name, value in more.items()}
        file = self.leat.folder / "connector.json"
        file.write_text(json.dumps({"name": "shop", "config": self.config | own}))
        self.process = self.leat.start("run", "--debezium", file, "--data-dir", self.leat.data)

    def start_debezium(self):
        if self.connector is None:
            self.connector = self.debezium.connector(self.prefix, self.config)
        else:
            self.connector.config = self.config
            self.connector.start()

    def start(self):
        self.start_debezium()
        self.start_leat()

    def wait_streaming(self):
        self.wait_slot(f"leat_{self.prefix}", self.process.describe, lambda: self.process.running)
        self.wait_slot(self.config["slot.name"], self.connector.connect.process.tail, self.connector.check)

    def wait_slot(self, slot, detail, check):
        sql = ("SELECT 1 FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid"
               " WHERE s.slot_name = %s AND r.state = 'streaming'")

        def streaming():
            if check() is False:
                raise AssertionError(f"ended before it streamed from {slot}\n{detail()}")
            return self.database.rows(sql, [slot])

        wait_until(streaming, f"{slot} is streamed from", 120, detail, pause=0.1)

    def change(self, changes=None):
        for sql in self.case.changes if changes is None else changes:
            if callable(sql):
                sql(self.database)
            else:
                self.database.execute(sql)

    def end(self):
        """Commits what tells the end of the stream."""
        self.ends += 1
        self.database.execute(f"INSERT INTO {END_TABLE} VALUES ({self.ends}, 0)")
        if self.case.end == "u":
            self.database.execute(f"UPDATE {END_TABLE} SET n = 1 WHERE id = {self.ends}")

    def is_end(self, record):
        payload = record.payload
        return (isinstance(payload, dict) and payload.get("op") == self.case.end
                and payload["source"]["table"] == END_TABLE and payload["after"]["id"] == self.ends)

    def ended(self, records):
        """Whether all that was committed is there: the end's change, and where transactions are told of, its END."""
        end = next((record for record in records if self.is_end(record)), None)
        if end is None:
            return False
        if end.payload.get("transaction") is None:
            return True
        transaction = end.payload["transaction"]["id"].split(":")[0]
        return any(record.op == "END" and record.payload["id"].split(":")[0] == transaction for record in records)

    def read_leat(self, until=None):
        until = until or self.ended
        records = []

        def look():
            records[:] = [compare.of_leat(r.line) for r in self.leat.log_or_nothing()]
            return until(records)

        self.process.wait_for(look, "all of it is in Leat's log", 60)
        return compare.by_topic(records)

    def read_debezium(self, expected, until=None):
        """Reads until the end is there and each topic has as many records as Leat's. It does not wait for long: what is
        missing is then told as a difference, which says more than a timeout."""
        until = until or self.ended
        deadline = time.monotonic() + PATIENCE
        ended = False

        def done(found):
            nonlocal ended
            ended = ended or until([compare.of_kafka(record) for records in found.values() for record in records])
            if ended and all(len(found.get(topic, [])) >= len(records) for topic, records in expected.items()):
                return True
            return time.monotonic() > deadline

        own = re.compile(rf"(.*\.)?{re.escape(self.prefix)}(\W.*)?")
        found = self.connector.read(own.fullmatch, done, PATIENCE + 30, self.connector.connect.process.tail)
        return {topic: [compare.of_kafka(record) for record in records] for topic, records in found.items() if records}

    # -- the whole

    def run(self):
        try:
            self.prepare()
            if self.case.flow:
                return self.case.flow(self)
            self.start()
            self.wait_streaming()
            self.change()
            self.end()
            return self.result()
        finally:
            self.close()

    def result(self, until=None):
        leat = self.read_leat(until)
        return self.compare(self.read_debezium(leat, until), leat)

    def compare(self, debezium, leat):
        result = Result(self.case, debezium, leat)
        if keep := os.environ.get("LEAT_CONFORMANCE_KEEP"):
            result.write(Path(keep) / self.prefix)
        return result

    def close(self):
        if self.connector is not None:
            self.connector.delete()
        self.leat.close()
        if self.database._connection is not None:
            self.database._connection.close()
        slots = [f"leat_{self.prefix}", self.config["slot.name"]]
        sql = "SELECT slot_name, active_pid FROM pg_replication_slots WHERE slot_name = ANY(%s)"

        def gone():
            with self.server.connect() as connection:
                rows = connection.execute(sql, [slots]).fetchall()
                for slot, pid in rows:
                    if pid is None:
                        connection.execute("SELECT pg_drop_replication_slot(%s)", [slot])
            return not rows

        wait_until(gone, f"slots {slots} are dropped", 60, pause=0.1)
        self.database.drop_only()


class Result:
    def __init__(self, case, debezium, leat):
        self.case, self.debezium, self.leat = case, debezium, leat
        self.records = sum(len(records) for records in debezium.values())
        for topics in (debezium, leat):
            topics.update((name, records[:1]) for name, records in topics.items() if name.startswith(case.first_only))
        if case.sorted_snapshot:
            debezium, leat = compare.sort_snapshot(debezium), compare.sort_snapshot(leat)
        found = compare.compare(debezium, leat)
        known = [DIFFERENCES[name] for name in case.differences]
        always = [difference for difference in DIFFERENCES.values() if difference.everywhere]
        self.open, seen = compare.judge(found, [*VOLATILE, *always, *known])
        self.unseen = [difference.name for difference in known
                       if difference.name not in seen and not difference.sometimes]

    def write(self, folder):
        """Both sides as NDJSON, for looking at."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, topics in (("debezium", self.debezium), ("leat", self.leat)):
            with open(folder / f"{name}.ndjson", "w") as to:
                for records in topics.values():
                    for record in records:
                        print(json.dumps(vars(record), ensure_ascii=False), file=to)

    def check(self):
        """What is wrong, as text; None if nothing is."""
        if self.records < 2:
            return "Debezium wrote nothing to compare with"
        if self.open:
            return f"{len(self.open)} differences\n{compare.report(self.open)}"
        if self.unseen:
            return f"differences on purpose that are none (any more): {self.unseen}"
        return None


__all__ = ["Case", "Process", "Result", "Run"]
