"""The real Debezium: one Kafka broker and one Connect worker on free loopback ports, connectors, and what is in Kafka.

    with Debezium() as debezium:
        connector = debezium.connector("shop", {"database.hostname": …, …})
        connector.wait_running()
        records = connector.read(until=lambda records: …)

The parts come from scripts/setup.sh conformance. Nothing is kept: data and logs are in a temporary directory.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from .postgres import ROOT, free_port, wait_until

CLUSTER_ID = "bGVhdC1jb25mb3JtYW5jZQ"
JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"


def home():
    """The folder of scripts/debezium-home.sh, or None."""
    found = subprocess.run([str(ROOT / "scripts" / "debezium-home.sh")], capture_output=True, text=True)
    return Path(found.stdout.strip()) if found.returncode == 0 else None


class Java:
    """A Java process of the parts' class path; its output is in NAME.log."""

    def __init__(self, folder, name, heap, *arguments):
        self.log = folder / f"{name}.log"
        command = [
            "java", f"-Xmx{heap}m", "-XX:+UseSerialGC", "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={ROOT / 'scripts' / 'debezium' / 'log4j2.properties'}",
            "-cp", f"{home() / 'lib'}/*", *map(str, arguments),
        ]
        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def tail(self, lines=25):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def check(self):
        """Raises if it has ended."""
        if self.popen.poll() is not None:
            raise AssertionError(f"{self.log.name}: ended with {self.popen.returncode}\n{self.tail()}")

    def stop(self, timeout=20):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait(30)


BROKER = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
num.partitions=1
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
log.segment.bytes=16777216
log.index.size.max.bytes=65536
"""

WORKER = """\
bootstrap.servers={bootstrap}
listeners=http://127.0.0.1:{port}
rest.advertised.host.name=127.0.0.1
group.id=connect
config.storage.topic=connect-configs
offset.storage.topic=connect-offsets
status.storage.topic=connect-status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
offset.storage.partitions=1
status.storage.partitions=1
scheduled.rebalance.max.delay.ms=0
offset.flush.interval.ms=1000
topic.creation.enable=true
key.converter={converter}
value.converter={converter}
plugin.path={plugins}
plugin.discovery=service_load
"""


class Kafka:
    """One broker that is its own controller."""

    def __init__(self, folder, heap=384):
        self.port, controller = free_port(), free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        properties = folder / "broker.properties"
        properties.write_text(BROKER.format(port=self.port, controller=controller, data=folder / "broker"))
        format_storage = Java(folder, "format", 128, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", properties)
        if format_storage.popen.wait(120) != 0:
            raise AssertionError(f"the broker's storage: {format_storage.tail()}")
        self.process = Java(folder, "broker", heap, "kafka.Kafka", properties)

    def wait_ready(self):
        def ready():
            self.process.check()
            return "Kafka Server started" in self.process.log.read_text(errors="replace")

        wait_until(ready, "the broker has started", 120, self.process.tail)

    def stop(self):
        self.process.stop()


class Connect:
    """One Connect worker (distributed, so that connectors come and go by REST)."""

    def __init__(self, folder, bootstrap, heap=768):
        self.port = free_port()
        properties = folder / "worker.properties"
        properties.write_text(
            WORKER.format(bootstrap=bootstrap, port=self.port, converter=JSON_CONVERTER, plugins=home() / "plugins"))
        self.process = Java(folder, "connect", heap, "org.apache.kafka.connect.cli.ConnectDistributed", properties)

    def request(self, method, path, body=None):
        """(status, parsed body)."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        try:
            return status, json.loads(text) if text else None
        except ValueError:
            return status, text.decode(errors="replace")

    def wait_ready(self):
        def ready():
            self.process.check()
            try:
                return self.request("GET", "/connectors")[0] == 200
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                return False

        wait_until(ready, "Connect has started", 120, self.process.tail)

    def stop(self):
        self.process.stop()


@dataclass
class KafkaRecord:
    topic: str
    offset: int
    key: bytes | None
    headers: list  # of (name, bytes or None)
    value: bytes | None


class Connector:
    """A connector in the worker. `config` is the whole configuration."""

    def __init__(self, connect, bootstrap, name, config):
        self.connect, self.bootstrap, self.name, self.config = connect, bootstrap, name, config
        self.start()

    def start(self):
        """Makes it, or gives it its (changed) configuration."""

        def made():
            status, answer = self.connect.request("PUT", f"/connectors/{self.name}/config", self.config)
            if status == 409:  # the worker is just taking in another connector
                return False
            if status not in (200, 201):
                raise AssertionError(f"connector {self.name}: {status} {answer}")
            return True

        wait_until(made, f"connector {self.name} is taken", 60, pause=0.1)

    def state(self):
        """RUNNING, FAILED with its trace, or None while it is not known yet."""
        status, answer = self.connect.request("GET", f"/connectors/{self.name}/status")
        if status != 200:
            return None, ""
        parts = [answer["connector"], *answer["tasks"]]
        for part in parts:
            if part["state"] == "FAILED":
                return "FAILED", part.get("trace", "")
        running = len(parts) > 1 and all(part["state"] == "RUNNING" for part in parts)
        return ("RUNNING" if running else None), ""

    def check(self):
        """Raises if it has failed."""
        state, trace = self.state()
        if state == "FAILED":
            raise AssertionError(f"connector {self.name} failed: {trace[:3000]}")
        self.connect.process.check()
        return state

    def wait_running(self, timeout=90):
        wait_until(lambda: self.check() == "RUNNING", f"connector {self.name} runs", timeout, pause=0.1)

    def stop(self):
        """Stops its tasks; offsets are kept, start() goes on."""
        status, answer = self.connect.request("PUT", f"/connectors/{self.name}/stop")
        assert status in (202, 204), f"{status} {answer}"

        def stopped():
            status, answer = self.connect.request("GET", f"/connectors/{self.name}/status")
            return status == 200 and answer["connector"]["state"] == "STOPPED" and not answer["tasks"]

        wait_until(stopped, f"connector {self.name} has stopped", 60, pause=0.1)

    def resume(self):
        status, answer = self.connect.request("PUT", f"/connectors/{self.name}/resume")
        assert status in (202, 204), f"{status} {answer}"

    def delete(self):
        wait_until(lambda: self.connect.request("DELETE", f"/connectors/{self.name}")[0] in (204, 404),
                   f"connector {self.name} is deleted", 60, pause=0.1)

    def read(self, topics, until, timeout=60, detail=None):
        """The records of all topics whose name fulfils topics(name), by topic, once until(records by topic) holds. Reads on
        to the ends that the topics have then."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": f"read-{self.name}", "enable.auto.commit": False,
                             "topic.metadata.refresh.interval.ms": 500, "fetch.wait.max.ms": 20,
                             "fetch.error.backoff.ms": 20})
        found = {}
        try:
            self._read(consumer, topics, until, found, time.monotonic() + timeout)
        except TimeoutError as error:
            counts = {topic: len(records) for topic, records in found.items()}
            raise AssertionError(f"connector {self.name}: {error}; records by topic: {counts}"
                                 + (f"\n{detail()}" if detail else "")) from None
        finally:
            consumer.close()
        return found

    def _read(self, consumer, topics, until, found, deadline):
        def refresh():
            names = [name for name in consumer.list_topics(timeout=20).topics if topics(name) and name not in found]
            if names:
                for name in names:
                    found[name] = []
                consumer.incremental_assign([TopicPartition(name, 0, OFFSET_BEGINNING) for name in names])

        def take(wait):
            for message in consumer.consume(500, wait):
                if message.error():
                    if message.error().code() == KafkaError._PARTITION_EOF or message.error().retriable():
                        continue
                    raise AssertionError(f"{message.topic()}: {message.error()}")
                found[message.topic()].append(KafkaRecord(
                    message.topic(), message.offset(), message.key(), message.headers() or [], message.value()))

        look = time.monotonic()
        while not until(found):
            if time.monotonic() > look:  # asks the broker and the worker
                refresh()
                self.check()
                look = time.monotonic() + 0.5
            if time.monotonic() > deadline:
                raise TimeoutError("what was waited for is not in Kafka")
            if found:
                take(0.1)
            else:
                time.sleep(0.1)
        refresh()
        for topic, records in found.items():
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=20)
            while (records[-1].offset + 1 if records else 0) < end:
                if time.monotonic() > deadline + 30:
                    raise TimeoutError(f"the end of {topic} at {end}")
                take(0.05)


class Debezium:
    """Broker and worker together."""

    def __init__(self, kafka_heap=384, connect_heap=768):
        self.heaps = kafka_heap, connect_heap
        self.folder = self.kafka = self.connect = None

    def start(self):
        self.folder = Path(tempfile.mkdtemp(prefix="leat-debezium-"))
        try:
            self.kafka = Kafka(self.folder, self.heaps[0])
            self.kafka.wait_ready()
            self.connect = Connect(self.folder, self.kafka.bootstrap, self.heaps[1])
            self.connect.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        for part in (self.connect, self.kafka):
            if part is not None:
                part.stop()
        if not os.environ.get("LEAT_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def connector(self, name, config):
        """Starts a connector; see defaults() for what most configurations have in common."""
        return Connector(self.connect, self.kafka.bootstrap, name, config)


def defaults(name, database):
    """The configuration of a PostgreSQL connector that reads a database of harness.postgres."""
    return {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "tasks.max": "1",
        "plugin.name": "pgoutput",
        "database.hostname": "127.0.0.1",
        "database.port": str(database.server.port),
        "database.user": "postgres",
        "database.password": "unused",
        "database.dbname": database.name,
        "topic.prefix": name,
        "slot.name": f"debezium_{name}",
        "publication.name": f"debezium_{name}",
        "topic.creation.default.replication.factor": "1",
        "topic.creation.default.partitions": "1",
        "poll.interval.ms": "20",
        "key.converter": JSON_CONVERTER,
        "key.converter.schemas.enable": "false",
        "value.converter": JSON_CONVERTER,
        "value.converter.schemas.enable": "false",
        "header.converter": JSON_CONVERTER,
        "header.converter.schemas.enable": "false",
    }
