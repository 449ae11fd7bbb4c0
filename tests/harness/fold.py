"""Folds records into the state that they leave: what a table looks like if each change is applied once."""

from __future__ import annotations

import json
from collections import Counter

from .oracle import UNAVAILABLE


class FoldError(AssertionError):
    pass


class Folded:
    """tables[name] = {key text: row}; rows without a key are counted in keyless[name]."""

    def __init__(self, strict=True):
        self.tables, self.keyless = {}, {}
        self.strict = strict
        self._pending_tombstone = None

    def fail(self, why, record):
        if self.strict:
            raise FoldError(f"{why}: {record.line[:1500]}")

    def apply(self, record):
        name = record.topic
        if self._pending_tombstone is not None:
            expected, self._pending_tombstone = self._pending_tombstone, None
            if not record.tombstone or (name, text(record.key)) != expected:
                self.fail(f"after the delete of {expected} its tombstone was expected", record)
        elif record.tombstone:
            self.fail("a tombstone without a delete", record)
        if record.tombstone or record.op == "m":
            return
        if record.op == "t":
            self.tables[name] = {}
            self.keyless[name] = Counter()
            return
        if record.key is None:
            rows = self.keyless.setdefault(name, Counter())
            if record.op in "ud":
                before = text(record.before)
                if rows[before] <= 0:
                    self.fail("a row that is not there is changed", record)
                rows[before] -= 1
            if record.op in "cru":
                rows[text(record.after)] += 1
            return
        rows, key = self.tables.setdefault(name, {}), text(record.key)
        if record.op in ("c", "r"):
            if key in rows:
                self.fail("a key that is there is inserted again", record)
            rows[key] = record.after
        elif record.op == "u":
            if key not in rows:
                self.fail("a key that is not there is updated", record)
            rows[key] = fill(record.after, rows.get(key))
        elif record.op == "d":
            if rows.pop(key, None) is None:
                self.fail("a key that is not there is deleted", record)
            self._moved = None
            self._pending_tombstone = (name, key)
        else:
            self.fail("an unknown operation", record)


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
