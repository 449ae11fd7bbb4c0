"""leat run --debezium: a connector's configuration as it is, and each option of docs/compatibility.md that works."""

import json
import subprocess

import pytest

from harness.leat import BINARY, assert_refused


class Connector:
    """A connector's file, run by leat."""

    def __init__(self, leat, database):
        self.leat, self.database = leat, database
        self.path = leat.folder / "connector.json"
        self.source = "shop_connector"

    def write(self, **options):
        """`__` in a keyword stands for a dot. Values that are None are left out."""
        config = {
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "database.hostname": "127.0.0.1", "database.port": str(self.database.server.port),
            "database.user": "postgres", "database.dbname": self.database.name, "topic.prefix": "shop",
            "plugin.name": "pgoutput", "slot.name": "dbz_" + self.database.name,
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "key.converter.schemas.enable": "false", "value.converter.schemas.enable": "false",
        }
        config |= {name.replace("__", "."): value for name, value in options.items()}
        config = {name: value for name, value in config.items() if value is not None}
        self.path.write_text(json.dumps({"name": "shop-connector", "config": config}, indent=2))
        return self

    def run(self, *arguments):
        return self.leat.start("run", "--debezium", self.path, "--data-dir", self.leat.data, *arguments)

    def wait(self, process, count):
        return self.leat.wait_count(process, count, source=self.source)

    def log(self):
        return self.leat.log(source=self.source)


@pytest.fixture
def items(database):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, v text DEFAULT 'x', n numeric(10,2))")
    database.execute("INSERT INTO items VALUES (1, 'old', 1.5)")
    return database


@pytest.fixture
def connector(items, leat):
    return Connector(leat, items)


def test_a_connector_runs_unchanged(items, connector):
    connector.write(**{
        "max.batch.size": "2048", "max.queue.size": "8192", "tasks.max": "1", "snapshot.mode": "initial",
        "table.include.list": "public.items", "decimal.handling.mode": "string", "tombstones.on.delete": "false",
        "poll.interval.ms": "100"})
    process = connector.run()
    connector.wait(process, 1)
    items.wait_streaming()
    items.execute("INSERT INTO items VALUES (2, NULL, 2); DELETE FROM items WHERE id = 1; TRUNCATE items")
    records = connector.wait(process, 3)
    process.stop()
    assert [(r.topic, r.op) for r in records] == [("shop.public.items", op) for op in "rcd"], "TRUNCATE is skipped"
    assert records[0].after["n"] == "1.50"
    assert records[1].after["v"] == "x", "as Kafka Connect's converter: a default for null"
    assert items.publications() == ["dbz_publication"]
    assert [slot["slot_name"] for slot in items.slots()] == ["dbz_" + items.name]
    assert "poll.interval.ms: not needed" in process.error_text()
    assert "max.batch.size" not in process.error_text(), "a default is not worth a line"
    # Again, on the same log.
    process = connector.run()
    items.execute("INSERT INTO items VALUES (3)")
    connector.wait(process, 4)
    process.stop()


def test_schemas_are_on_as_in_kafka_connect(items, connector):
    connector.write(**{"key.converter.schemas.enable": None, "value.converter.schemas.enable": None})
    process = connector.run()
    record = connector.wait(process, 1)[0]
    process.stop()
    assert record.value["payload"]["after"]["id"] == 1 and record.value["schema"]["type"] == "struct"
    assert record.key["payload"] == {"id": 1}


def test_properties_with_a_password_from_a_file(items, leat):
    items.execute("DROP ROLE IF EXISTS guarded; CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'p@ss/w:rd%?'")
    try:
        (leat.folder / "db.properties").write_text("user=guarded\npassword=p@ss/w\\:rd%?\n")
        path = leat.folder / "connector.properties"
        path.write_text(
            "# as connect-standalone reads it\nname=shop-connector\n"
            f"database.hostname=127.0.0.1\ndatabase.port={items.server.port}\n"
            f"database.user=${{file:{leat.folder}/db.properties:user}}\n"
            f"database.password=${{file:{leat.folder}/db.properties:password}}\n"
            f"database.dbname={items.name}\ntopic.prefix=shop\nslot.name=dbz_{items.name}\n")
        process = leat.start("run", "--debezium", path, "--set", "logging.format=json")
        leat.wait_count(process, 1, source="shop_connector", data=leat.folder / "leat-data")
        process.stop()
        assert "p@ss" not in "\n".join(process.stderr)
        assert json.loads(process.stderr[-1]), "--set reached the logging"
    finally:
        items.server.drop_slots()
        items.execute("DROP OWNED BY guarded; DROP ROLE guarded")


@pytest.mark.parametrize("options, words", [
    ({"snapshot.moed": "never"}, ["connector.json:", "did you mean snapshot.mode?"]),
    ({"plugin.name": "wal2json"}, ["plugin.name", "pgoutput"]),
    ({"transforms": "unwrap", "transforms.unwrap.type": "x"}, ["transforms"]),
    ({"value.converter": "io.confluent.connect.avro.AvroConverter"}, ["value.converter", "JSON"]),
    ({"converters": "isbn"}, ["converters", "Java classes"]),
    ({"topic.naming.strategy": "my.Strategy"}, ["topic.naming.strategy", "prefix.schema.table"]),
    ({"event.processing.failure.handling.mode": "skip"}, ["event.processing.failure.handling.mode"]),
    ({"url": "postgresql://127.0.0.1/x"}, ["url: unknown key"]),
])
def test_what_is_refused_is_named(connector, options, words):
    connector.write(**options)
    process = connector.run()
    assert_refused(process, "CONFIG_UNKNOWN_KEY", *words)
    assert not connector.leat.data.exists()


def test_two_connectors_in_one_process(items, leat):
    first, second = Connector(leat, items), Connector(leat, items)
    first.write(**{"table.include.list": "public.items"})
    second.path = leat.folder / "second.json"
    second.write(**{"slot.name": "dbz2_" + items.name, "publication.name": "second"})
    same = leat.start("run", "--debezium", first.path, "--debezium", second.path, "--data-dir", leat.data)
    assert_refused(same, "CONFIG_INVALID", "has the name of another")
    second.path.write_text(second.path.read_text().replace("shop-connector", "second"))
    process = leat.start("run", "--debezium", first.path, "--debezium", second.path, "--data-dir", leat.data)
    leat.wait_count(process, 1, source="shop_connector")
    leat.wait_count(process, 1, source="second")
    process.stop()


def test_check(connector, leat):
    connector.write()
    process = leat.start("check", "--debezium", connector.path)
    assert process.wait() == 0, process.describe()
    assert "Leat can capture" in "\n".join(process.stdout)


def test_the_options_are_listed(binary):
    out = subprocess.run([BINARY, "options"], capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in out.splitlines()]
    assert all(len(row) == 4 for row in rows)
    assert ["slot.name", "works", "debezium"] in [row[:3] for row in rows]
