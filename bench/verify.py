"""Compares what is in a log with what is in the tables: count, and a hash that does not depend on the order.

A row's hash is the first 60 bits of the MD5 of its `after` as JSON, which the server builds by itself from the table. Of
inserts and snapshot rows every one counts; of updates the last of each key, which is what the table then shows.
"""

from collections import defaultdict
from dataclasses import dataclass
from hashlib import md5


@dataclass
class Expected:
    table: str
    op: str
    count: int
    hashes: int


def row_hash(after):
    return int(md5(after).hexdigest()[:15], 16)


def fold(lines):
    """{(table, op): [records, sum of hashes]}"""
    seen = defaultdict(lambda: [0, 0])
    latest = defaultdict(dict)
    for line in lines:
        topic_end = line.index(b'","key":', 10)
        table = line[line.rindex(b".", 0, topic_end) + 1:topic_end]
        begin = line.index(b'"after":', topic_end) + 8
        end = line.index(b',"source":{', begin)
        at = line.index(b'"op":"', end) + 6
        op = line[at:at + 1]
        entry = seen[table, op]
        entry[0] += 1
        if op == b"u":
            latest[table, op][line[topic_end + 8:line.index(b',"headers":', topic_end)]] = line[begin:end]
        else:
            entry[1] += row_hash(line[begin:end])
    for which, rows in latest.items():
        seen[which][1] = sum(map(row_hash, rows.values()))
    return {(table.decode(), op.decode()): entry for (table, op), entry in seen.items()}


def verify(lines, expectations, what):
    found = fold(lines)
    wanted = {(each.table, each.op): [each.count, each.hashes] for each in expectations}
    if found != wanted:
        raise SystemExit(
            f"{what}: THE LOG IS NOT WHAT THE TABLES HOLD\n(table, operation): [records, sum of hashes]\n"
            f"log:    {found}\ntables: {wanted}")
