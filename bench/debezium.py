"""Debezium on a workload that Leat was measured on: from the connector's start until every change is in Kafka.

One broker and one Connect worker on this machine, with heaps of their defaults, JSON without schemas, and the connector's
defaults otherwise. It reads the same WAL from a slot of the same place.
"""

import time

from confluent_kafka import Consumer, TopicPartition
from harness.debezium import Debezium, defaults
from measured import cpu_seconds
from report import Row

POLL = 0.02


def peak_bytes(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def records(consumer, prefix):
    topics = [name for name in consumer.list_topics(timeout=20).topics if name.startswith(f"{prefix}.")]
    return sum(consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=20)[1] for topic in topics)


def measure(context, database, workload, slot, publication, ours):
    """Rows of the table; ours: Leat's changes per second into its durable log."""
    name = f"dbz_{slot}"
    with Debezium(kafka_heap=1024, connect_heap=2048) as debezium:
        config = defaults(name, database) | {
            "slot.name": slot, "publication.name": publication, "publication.autocreate.mode": "disabled",
            "snapshot.mode": "no_data", "table.include.list": ".*", "heartbeat.interval.ms": "0", "poll.interval.ms": "500",
        }
        worker = debezium.connect.process.popen.pid
        used, began = cpu_seconds(worker), time.monotonic()
        connector = debezium.connector(name, config)
        consumer = Consumer({"bootstrap.servers": debezium.kafka.bootstrap, "group.id": name})
        deadline = began + 120 + workload.changes / 3000
        while records(consumer, name) < workload.changes:
            connector.check()
            if time.monotonic() > deadline:
                raise SystemExit(f"debezium: {records(consumer, name)} of {workload.changes} changes are in Kafka")
            time.sleep(POLL)
        seconds = time.monotonic() - began
        cpu = (cpu_seconds(worker) - used) / workload.changes * 1e6
        peak = peak_bytes(worker) / 1e6
        consumer.close()
    rate = workload.changes / seconds
    context.say(f"{workload.name}: Debezium {rate:,.0f} changes/s into Kafka")
    return [
        Row(f"{workload.name}: changes/s; Debezium into Kafka", f"{ours:,.0f}", f"{rate:,.0f}", f"{ours / rate:.2f}"),
        Row(f"{workload.name}: Debezium's worker, CPU s per million changes", "", f"{cpu:.1f}"),
        Row(f"{workload.name}: Debezium's worker, peak memory", "", f"{peak:,.0f} MB"),
    ]
