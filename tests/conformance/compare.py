"""Compares records of Debezium with records of Leat, down to each field, and says in few lines what differs."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass, field


class Missing:
    """A field or record that one side does not have."""

    def __repr__(self):
        return "(missing)"


MISSING = Missing()


@dataclass
class Record:
    """One record of either side. key, headers and value are parsed JSON."""

    topic: str
    key: object
    headers: dict
    value: object

    @property
    def payload(self):
        if isinstance(self.value, dict) and set(self.value) == {"schema", "payload"}:
            return self.value["payload"]
        return self.value

    @property
    def op(self):
        payload = self.payload
        if payload is None:
            return "tombstone"
        return payload.get("op") or payload.get("status") or "?"

    def brief(self):
        key = self.key["payload"] if isinstance(self.key, dict) and set(self.key) == {"schema", "payload"} else self.key
        return f"{self.op} {json.dumps(key, ensure_ascii=False)[:120]}"


@dataclass
class Found:
    """One place where the two differ."""

    topic: str
    index: int  # of the record in its topic
    path: str  # key.id, value.after.v, headers.__debezium.newkey.id, value.schema…, or record
    debezium: object
    leat: object
    record: Record  # Debezium's, or Leat's where Debezium has none
    names: list = field(default_factory=list)  # of the differences on purpose that it is

    def __str__(self):
        return (f"{self.topic}[{self.index}] {self.record.brief()}: {self.path}\n"
                f"      Debezium {show(self.debezium)}\n      Leat     {show(self.leat)}")


def show(value):
    if isinstance(value, Missing):
        return repr(value)
    if isinstance(value, Record):
        return json.dumps({"key": value.key, "headers": value.headers, "value": value.value}, ensure_ascii=False)[:600]
    return json.dumps(value, ensure_ascii=False)[:300]


def parse(text):
    """JSON with numbers kept apart: 1 is not 1.0."""
    return None if text is None else json.loads(text)


def parse_header(text):
    """SimpleHeaderConverter, Kafka Connect's default, writes strings without quotes, also those that look like numbers."""
    try:
        value = parse(text)
    except ValueError:
        return text.decode()
    return text.decode() if isinstance(value, (int, float)) else value


def of_kafka(record):
    headers = {name: parse_header(value) for name, value in record.headers}
    return Record(record.topic, parse(record.key), headers, parse(record.value))


def of_leat(line):
    data = json.loads(line)
    return Record(data["topic"], data["key"], data["headers"] or {}, data["value"])


def by_topic(records):
    topics = {}
    for record in records:
        topics.setdefault(record.topic, []).append(record)
    return topics


def sort_snapshot(topics):
    """The same with the rows of a snapshot, which come first, in the order of their keys."""
    return {topic: sorted((r for r in records if r.op == "r"), key=lambda r: json.dumps(r.key)) + [r for r in records if r.op != "r"]
            for topic, records in topics.items()}


def compare(debezium, leat):
    """All differences between two lists of records by topic."""
    found = []
    for topic in sorted(set(debezium) | set(leat)):
        found += compare_topic(topic, debezium.get(topic, []), leat.get(topic, []))
    return found


def compare_topic(topic, debezium, leat):
    found = []
    for index, (one, other) in enumerate(align(debezium, leat)):
        if one is None or other is None:
            found.append(Found(topic, index, "record", one or MISSING, other or MISSING, one or other))
            continue
        for part in ("key", "headers", "value"):
            walk(part, getattr(one, part), getattr(other, part), lambda path, a, b, i=index, r=one:
                 found.append(Found(topic, i, path, a, b, r)))
    return found


def align(debezium, leat):
    """Pairs of records; where one side has more, those of the same key and operation are found together."""
    if len(debezium) == len(leat):
        return list(zip(debezium, leat))
    pairs = []
    matcher = difflib.SequenceMatcher(None, [r.brief() for r in debezium], [r.brief() for r in leat], autojunk=False)
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        if kind == "equal":
            pairs += zip(debezium[a1:a2], leat[b1:b2])
        else:
            pairs += [(record, None) for record in debezium[a1:a2]] + [(None, record) for record in leat[b1:b2]]
    return pairs


def is_schema_fields(value):
    return isinstance(value, list) and value and all(isinstance(item, dict) and "field" in item for item in value)


def walk(path, one, other, report):
    """Calls report(path, one, other) for each smallest part that differs, the order of fields included."""
    if is_schema_fields(one) and is_schema_fields(other):
        one, other = ({item["field"]: item for item in side} for side in (one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            walk(f"{path}.{name}", one.get(name, MISSING), other.get(name, MISSING), report)
        if one.keys() == other.keys() and list(one) != list(other):
            report(f"{path} (order)", list(one), list(other))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (a, b) in enumerate(zip(one, other)):
            walk(f"{path}[{index}]", a, b, report)
    elif type(one) is not type(other) or one != other:
        report(path, one, other)


@dataclass(frozen=True)
class Difference:
    """A difference on purpose, or a field that cannot be the same. `matches` says which of what was found is this one."""

    name: str
    reason: str  # a sentence or two for docs/conformance.md
    path: str  # regular expression for the whole path, without `.payload`
    matches: callable = lambda found: True
    volatile: bool = False  # a field that is of its moment: in every case, seen or not
    everywhere: bool = False  # in nearly every case; none has to name it
    sometimes: bool = False  # it depends on who is faster: a case may show it

    def covers(self, found):
        return re.fullmatch(self.path, found.path.replace(".payload", "", 1)) is not None and bool(self.matches(found))


def judge(found, differences):
    """(what is not covered, names of the differences that were seen)."""
    open_ones, seen = [], set()
    for one in found:
        one.names = [difference.name for difference in differences if difference.covers(one)]
        seen.update(one.names)
        if not one.names:
            open_ones.append(one)
    return open_ones, seen


def report(open_ones, most=40):
    """What differs, those of the same path together."""
    groups = {}
    for one in open_ones:
        groups.setdefault((one.topic, one.path), []).append(one)
    lines = []
    for group in list(groups.values())[:most]:
        lines.append(f"  {group[0]}")
        lines += [f"      … Debezium {show(one.debezium)[:120]}, Leat {show(one.leat)[:120]}" for one in group[1:8]]
        if len(group) > 8:
            lines.append(f"      … and {len(group) - 8} more like it")
    if len(groups) > most:
        lines.append(f"  and {len(groups) - most} more fields")
    return "\n".join(lines)
