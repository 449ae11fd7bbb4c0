"""leat run --debezium: a connector's configuration as it is, and each option of docs/compatibility.md that works."""

import json
import shutil
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


def test_only_some_tables_are_in_the_snapshot(items, leat):
    items.execute("CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1)")
    leat.configure(items.url(), snapshot__include__collection__list=r"public\.items")
    process = leat.run()
    items.wait_streaming()
    leat.wait_count(process, 1)
    items.execute("INSERT INTO other VALUES (2)")
    leat.wait_count(process, 2)
    process.stop()
    process = leat.run()
    items.wait_streaming()
    items.execute("INSERT INTO other VALUES (3)")
    records = leat.wait_count(process, 3)
    process.stop()
    assert [(r.table, r.op) for r in records] == [("items", "r"), ("other", "c"), ("other", "c")]


@pytest.mark.parametrize("action", ["warn", "fail"])
def test_a_limit_to_the_number_of_tables(items, leat, action):
    items.execute("CREATE TABLE other (id int PRIMARY KEY)")
    leat.configure(items.url(), guardrail__collections__max=1, guardrail__collections__limit__action=action)
    process = leat.run()
    if action == "fail":
        assert_refused(process, "PG_TOO_MANY_TABLES", "2 tables")
        assert items.slots() == []
    else:
        leat.wait_count(process, 1)
        process.stop()
        assert "PG_TOO_MANY_TABLES" in process.error_text()


def test_updates_that_change_nothing_are_skipped(items, leat):
    items.execute("ALTER TABLE items REPLICA IDENTITY FULL")
    leat.configure(items.url(), column__exclude__list=r".*\.v")
    process = leat.run()
    items.wait_streaming()
    items.execute("UPDATE items SET v = 'other'")
    items.execute("UPDATE items SET n = 7")
    leat.wait_count(process, 3)
    process.stop()
    assert [r.op for r in leat.log("--set", "skip.messages.without.change=true")] == ["r", "u"]


def test_names_and_schemas_of_records(items, connector):
    items.execute('CREATE TABLE "odd one" ("a b" int PRIMARY KEY, "c_d" text); INSERT INTO "odd one" VALUES (1)')
    connector.write(**{
        "table.include.list": "public.odd.*", "field.name.adjustment.mode": "avro_unicode", "schema.name.adjustment.mode": "avro",
        "value.converter.schemas.enable": "true", "provide.transaction.metadata": "true", "topic.transaction": "commits"})
    process = connector.run()
    items.wait_streaming()
    items.execute('UPDATE "odd one" SET c_d = 1')
    records = connector.wait(process, 4)
    process.stop()
    assert records[0].key == {"a_u0020b": 1} and records[0].value["payload"]["after"] == {"a_u0020b": 1, "c_u005fd": None}
    assert records[0].value["schema"]["name"] == "shop.public.odd_one.Envelope"
    assert [r.topic for r in records] == ["shop.public.odd_one", "shop.commits", "shop.public.odd_one", "shop.commits"]


def test_a_snapshot_by_select(items, connector):
    items.execute("INSERT INTO items SELECT i, 'row', i FROM generate_series(2, 100) i")
    connector.write(**{
        "snapshot.select.statement.overrides": "public.items",
        "snapshot.select.statement.overrides.public.items": "SELECT * FROM public.items WHERE id % 10 = 1 ORDER BY id DESC;"})
    process = connector.run()
    items.wait_streaming()
    items.execute("INSERT INTO items VALUES (1000)")
    records = connector.wait(process, 11)
    process.stop()
    assert [r.after["id"] for r in records] == [91, 81, 71, 61, 51, 41, 31, 21, 11, 1, 1000]


def test_a_select_that_lacks_columns(items, connector):
    connector.write(**{
        "snapshot.select.statement.overrides": "public.items",
        "snapshot.select.statement.overrides.public.items": "SELECT id FROM public.items"})
    process = connector.run()
    assert_refused(process, "PG_QUERY", "snapshot.select.statement.overrides.public.items")


@pytest.mark.parametrize("options, captured", [
    ({"schema.include.list": "one"}, ["one.a"]),
    ({"schema.exclude.list": "ONE,public"}, ["two.a", "two.b"]),
    ({"table.exclude.list": r"one\..*,.*\.b,public.items"}, ["two.a"]),
    ({"schema.include.list": "two", "table.include.list": r".*\.b"}, ["two.b"]),
])
def test_selection(items, connector, options, captured):
    items.execute("CREATE SCHEMA one; CREATE SCHEMA two")
    for table in ("one.a", "two.a", "two.b"):
        items.execute(f"CREATE TABLE {table} (id int PRIMARY KEY); INSERT INTO {table} VALUES (1)")
    process = connector.write(**options).run()
    items.wait_streaming()
    for table in ("one.a", "two.a", "two.b", "public.items"):
        items.execute(f"INSERT INTO {table} VALUES (2)")
    records = connector.wait(process, 2 * len(captured))
    process.stop()
    assert sorted({r.topic for r in records}) == [f"shop.{table}" for table in captured]


def test_configuration_based_snapshots(items, connector):
    connector.write(**{"snapshot.mode": "configuration_based", "snapshot.mode.configuration.based.snapshot.data": "true"})
    process = connector.run()
    assert process.wait() == 0, process.describe()
    assert [r.op for r in connector.log()] == ["r"] and items.slots() == []


def test_configuration_based_streams(items, connector):
    connector.write(**{"snapshot.mode": "configuration_based", "snapshot.mode.configuration.based.start.stream": "true"})
    process = connector.run()
    items.wait_streaming()
    items.execute("INSERT INTO items VALUES (2)")
    assert [r.op for r in connector.wait(process, 1)] == ["c"]
    process.stop()


def test_how_long_a_slot_is_waited_for(items, connector, leat):
    """The reader that has it may be a predecessor that was killed, of which the server does not know yet."""
    first = connector.write().run()
    connector.wait(first, 1)
    items.wait_streaming()
    first.stop()
    shutil.copytree(leat.data, leat.folder / "copy")
    first = connector.run()
    items.wait_streaming()
    connector.write(**{"slot.max.retries": "2", "slot.retry.delay.ms": "100"})
    second = leat.start("run", "--debezium", connector.path, "--data-dir", leat.folder / "copy")
    assert_refused(second, "PG_SLOT_IN_USE")
    assert any("waiting" in line for line in second.stderr)
    first.stop()


@pytest.mark.parametrize("options, topic", [
    ({"topic.heartbeat.prefix": "beat"}, "beat.shop"), ({"heartbeat.topics.prefix": "older"}, "older.shop"),
    ({"topic.heartbeat.name": "pulse"}, "pulse")])
def test_topics_of_heartbeats(items, connector, options, topic):
    process = connector.write(**{"heartbeat.interval.ms": "50"}, **options).run()
    connector.leat.wait_log(process, lambda seen: any(r.topic == topic for r in seen), f"a record of {topic}", source=connector.source)
    process.stop()
