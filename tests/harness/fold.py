"""Folds records into the state that they leave: what a table looks like if each change is applied once."""

from __future__ import annotations

import json
from collections import Counter

from .oracle import UNAVAILABLE


class FoldError(AssertionError):
    pass


class Folded:
    """tables[topic] = {key text: row}; rows without a key are counted in keyless[topic].

    Strict: an insert of a key that is there, or a change of one that is not, is an error; so a change that is in the log
    twice, or not at all, is found even where later ones hide it. While rows of a snapshot are read beside the stream, a
    change may come before the row it changes, and a row be read again: strict="inserts" only refuses the insert of a key
    that is there.
    """

    def __init__(self, strict=True):
        self.tables, self.keyless = {}, {}
        self.strict = strict
        self._tombstone = None  # (topic, key) of the delete just seen
        self._moved = None  # the row whose key is being changed

    def apply(self, record):
        topic, key = record.topic, text(record.key)
        expected, self._tombstone = self._tombstone, None
        if (expected == (topic, key)) != record.tombstone or (expected is not None and not record.tombstone):
            raise FoldError(f"a delete and its tombstone do not follow each other: {record.line[:1500]}")
        if record.tombstone or record.op == "m":
            return
        if record.op == "t":
            self.tables[topic], self.keyless[topic] = {}, Counter()
        elif record.key is None:
            self._apply_keyless(record)
        else:
            self._apply_keyed(record, key)

    def _expect(self, condition, why, record):
        if self.strict is True and not condition:
            raise FoldError(f"{why}: {record.line[:1500]}")

    def _apply_keyless(self, record):
        rows = self.keyless.setdefault(record.topic, Counter())
        if record.op in "ud":
            before = text(record.before)
            self._expect(rows[before] > 0, "a row is changed that is not there", record)
            rows[before] -= 1
        if record.op in "cru":
            rows[text(record.after)] += 1

    def _apply_keyed(self, record, key):
        rows = self.tables.setdefault(record.topic, {})
        moved, self._moved = self._moved, None
        if record.op in "cr":
            self._expect(key not in rows, "a key is inserted that is there", record)
            if self.strict == "inserts" and record.op == "c" and key in rows:
                raise FoldError(f"a key is inserted that is there: {record.line[:1500]}")
            rows[key] = fill(record.after, moved if "__debezium.oldkey" in record.headers else None)
        elif record.op == "u":
            self._expect(key in rows, "a key is updated that is not there", record)
            rows[key] = fill(record.after, rows.get(key))
        elif record.op == "d":
            self._expect(key in rows, "a key is deleted that is not there", record)
            self._moved = rows.pop(key, None)
            self._tombstone = (record.topic, key)
        else:
            raise FoldError(f"an unknown operation: {record.line[:1500]}")


def text(value):
    return json.dumps(value, sort_keys=True)


def fill(after, before):
    """An unchanged value that was not sent keeps what was there."""
    if not before:
        return after
    return {name: before.get(name) if is_placeholder(value) else value for name, value in after.items()}


def is_placeholder(value):
    return value == UNAVAILABLE or value == [UNAVAILABLE]


def fold(records, strict=True):
    folded = Folded(strict)
    for record in records:
        folded.apply(record)
    return folded
