"""What may differ between Debezium and Leat, and why. docs/conformance.md lists it; anything else fails a case."""

from __future__ import annotations

import base64
import struct

from .compare import Difference, Missing


def integers(found):
    return type(found.debezium) is int and type(found.leat) is int


def of_snapshot(found):
    payload = found.record.payload
    return isinstance(payload, dict) and payload.get("op") == "r"


def of_snapshot(found):
    return operation(found) == "r"


def operation(found):
    payload = found.record.payload
    return payload.get("op") if isinstance(payload, dict) else None


def is_missing(value):
    return isinstance(value, Missing)


def strings(found):
    return isinstance(found.debezium, str) and isinstance(found.leat, str)


MARKS = {"first", "first_in_data_collection", "last_in_data_collection", "last"}
VALUES = r"value\.(before|after)"
SOURCE_TYPE = r"value\.schema\.fields\.(before|after)\.fields\.[^.]+\.parameters\.__debezium\.source\.column\."


def in_values(columns):
    """A path of a column's value or schema. columns: regular expression."""
    return rf"({VALUES}|key|value\.schema\.fields\.(before|after)\.fields|key\.schema\.fields)\.({columns})(\[\d+\])*"


def without_zeros(found):
    """Debezium's bits, with the zero bytes at their end that Leat keeps."""
    if not strings(found):
        return False
    long, short = base64.b64decode(found.leat), base64.b64decode(found.debezium)
    return long.rstrip(b"\0") == short.rstrip(b"\0") and len(short) < len(long)


def same_float32(found):
    one, other = found.debezium, found.leat
    return type(one) is float and type(other) is float and struct.pack("<f", one) == struct.pack("<f", other)


def same_transaction(found):
    return strings(found) and found.debezium.split(":")[0] == found.leat.split(":")[0]


def outside_transaction(found):
    return operation(found) == "m" and found.record.payload["message"]["prefix"] in ("outside", "p")


# Fields of their moment, in every case.
VOLATILE = (
    Difference("captured at", "When each of the two took the change.", r"value\.ts_(ms|us|ns)", integers, True),
    Difference("version", "The version of the connector, and of Leat.", r"value\.source\.version", volatile=True),
    Difference("time of the snapshot", "Each takes a snapshot of its own, at a moment of its own.",
               r"value\.source\.ts_(ms|us|ns)", lambda f: of_snapshot(f) and integers(f), True),
    Difference("place of the snapshot", "As before: another LSN. Debezium's rows also have the id that its reading transaction took; Leat's"
               " takes none, because it would be a write in the source, so `txId` is null.",
               r"value\.source\.(txId|lsn|sequence)", of_snapshot, True),
    Difference("order of tables in the snapshot", "Both mark the first and last row of all and of each table; Leat reads several tables at"
               " once, so which of the tables is first and which last may differ.",
               r"value\.source\.snapshot", lambda f: of_snapshot(f) and {f.debezium, f.leat} <= MARKS, True),
)

ON_PURPOSE = (
    Difference("id of a run", "Debezium's header `__debezium.context.runId` is new at each start of a task. Leat leaves it out: a record that is"
               " read again is the same record.", r"headers\.__debezium\.context\.runId", lambda f: is_missing(f.leat), everywhere=True),
    Difference("tombstone without a key", "After the delete of a row without key Debezium writes a record whose key and value are both"
               " null. It says nothing, and a compacted topic refuses it; Leat leaves it out.",
               "record", lambda f: is_missing(f.leat) and f.debezium.key is None and f.debezium.value is None),
    Difference("key of an identity index", "Under REPLICA IDENTITY USING INDEX beside a primary key, the key is the index's columns: an old"
               " row has only those. Debezium takes the primary key, and makes a key of nulls for a delete.", r"key(\.schema\.fields)?\.(id|u)"),
    Difference("key that is not known", "Where message.key.columns names columns that an old row does not have, Debezium's delete has a key of"
               " nulls, and a tombstone for it. Leat's has a null key and no tombstone, and an update of such a row stays an update.",
               "record"),
    Difference("masked, but not known", "In `before` of a delete, where only the key is known, Debezium masks the nulls of what it does not"
               " know.", rf"{VALUES}\.(name|card)", lambda f: operation(f) == "d" and f.leat is None and set(f.debezium) == {"*"}),
    Difference("hash and type of one column", "Where column.propagate.source.type names a column that is hashed too, Debezium tells its type and passes"
               " on its values as they are. In Leat a mask is a mask; a masked column does not tell its type.",
               rf"({VALUES}\.mail|value\.schema\.fields\.(before|after)\.fields\.mail\.parameters\..*)"),
    Difference("create of a key change", "With skipped.operations=c Debezium leaves out the `c` with the new key, so that the row is deleted"
               " and never comes back. Leat skips inserts, not the new half of an update.",
               "record", lambda f: is_missing(f.debezium) and "__debezium.oldkey" in f.leat.headers),
    Difference("sequence after skipped changes", "`source.sequence` begins with the end of the transaction before. Debezium counts only"
               " transactions of which it wrote something.", r"value\.source\.sequence", strings),
    Difference("last transaction before taking over", "Debezium confirms the place of its last change, not the end of that change's transaction,"
               " which the server therefore sends again. Debezium itself leaves it out, by its offsets; Leat, which has the slot alone, has it again.",
               "record", lambda f: is_missing(f.debezium) and f.leat.payload["source"]["table"] == "zz_end", sometimes=True),
    Difference("committed while stopped, with always", "With snapshot.mode=always Debezium leaves out what was committed while it was stopped:"
               " deletes among it are never seen. Leat reads the rows again, and streams from where it was.", "record",
               lambda f: is_missing(f.debezium)),
    Difference("sequence at messages outside of transactions", "Debezium counts a message outside of a transaction as a commit; Leat does"
               " not, as nothing was committed there.", r"value\.source\.sequence", strings),
    Difference("time of messages outside of transactions", "PostgreSQL does not send one. Debezium shows the commit time of the transaction"
               " before, Leat when it took the message.", r"value\.source\.ts_(ms|us|ns)", outside_transaction),
    Difference("placeholder of other types", "An unchanged value of a type that Debezium has no placeholder for is null there, as if it had"
               " been set to null, or a value that looks real (uuid[]). Leat always shows the placeholder.", rf"{VALUES}\.(b|num|blob|ids\[0\])",
               lambda f: f.debezium is None or "ids" in f.path),
    Difference("partitions are read once", "Without publish.via.partition.root Debezium's snapshot reads the rows of a partition twice, as"
               " the partition's and as the partitioned table's; with it too. Leat reads them once, under the name under which their"
               " changes are streamed.", "record", lambda f: is_missing(f.leat) and f.debezium.op == "r"),
    Difference("id of a transaction", "Debezium names a transaction `txId:LSN` with the LSN of each single change, so that no two records of"
               " one transaction have the same id. Leat takes the LSN of its commit in all of them.",
               r"(key\.id|value\.id|value\.transaction\.id)", same_transaction),
    Difference("messages in the count of a transaction", "Debezium names them by the address of a Java object; Leat writes"
               " LOGICAL_DECODING_MESSAGE, and counts in the order of appearance.", r"value\.data_collections\[\d+\]\.data_collection"),
    Difference("origins are not kept", "`source.origin` and `origin_lsn` are always null: what the change log knows of a transaction is the same for every"
               " source, and has no place for where it was replicated from. Not on purpose for ever.", r"value\.source\.(origin|origin_lsn)", lambda f: f.leat is None),
    Difference("bits keep their length", "A bit string has ⌈bits / 8⌉ bytes, as documented; the connector cuts zero bytes at the end off.",
               in_values("bit_.*|bt") + r"(\.default)?", without_zeros),
    Difference("shortest float", "Floats print as the shortest decimal that reads back the same (1e-45), where Java prints 1.4e-45.",
               in_values("real.*"), same_float32),
    Difference("infinite dates", "An infinite date has the ends of the range, or is `infinity`, where Debezium's numbers depend on the JDBC"
               " driver, and differ between snapshot and stream.", in_values("date.*"),
               lambda f: f.leat in (2147483647, -2147483648, "infinity", "-infinity")),
    Difference("years BC", "Debezium drops the BC of dates, and of timestamps in arrays.", in_values("date.*|timestamp.*"),
               lambda f: str(f.leat).startswith(("-", "0000-")) or f.path.endswith(".year") and f.leat == 1 - f.debezium),
    Difference("24:00:00", "Debezium's isostring, and its arrays, show the end of the day as its beginning, and structured shows null.",
               in_values("time|time_[034].*|time_array"),
               lambda f: "24:00" in str(f.leat) or f.leat in (86400000, 86400000000) or isinstance(f.leat, dict) and f.leat["hour"] == 24),
    Difference("precision of an interval's fields", "An interval without seconds has no precision of its own; Debezium shows 65535.",
               rf"({VALUES}\.interval_year_to_month\.precision|{SOURCE_TYPE}scale)", lambda f: str(f.debezium) == "65535"),
    Difference("length of numeric", "As the type in the source, Debezium's snapshot shows a numeric that declares no digits with length 0 and no scale,"
               " its stream with 131089 and 0. Leat has the latter in both.", rf"{SOURCE_TYPE}(length|scale)",
               lambda f: of_snapshot(f) and f.leat in ("131089", "0")),
    Difference("type name in the stream", "Debezium shows null for values of type name once it streams.", in_values("name"),
               lambda f: f.debezium is None),
    Difference("arrays that Debezium leaves out", "Of intervals, bits, money, names, points, xml, domains and composites, and of the types that"
               " it leaves out themselves.", in_values(".*_array"), lambda f: is_missing(f.debezium)),
    Difference("arrays that Debezium loses", "Its arrays of bits and of geometric types are null, as are arrays of enum, ltree and tsvector with"
               " a null in them.", in_values(".*_array"), lambda f: f.debezium is None),
    Difference("schemas of such arrays", "Accordingly the schema of these is an array of what may be null.",
               r"value\.schema\.fields\.(before|after)\.fields\.(bit.*|mood|tsvector|ltree)_array\.(items|name|parameters|type|version)"
               r"(\.optional|\.length)?"),
    Difference("fractions of time in arrays", "Debezium's arrays of time have milliseconds.", rf"{VALUES}\.time.*_array\[\d+\]",
               lambda f: integers(f) and f.debezium == f.leat // 1000 * 1000),
    Difference("types that Debezium leaves out", "Composites, multiranges, ranges of one's own, jsonpath, pg_lsn and tsquery are not in"
               " Debezium's records unless include.unknown.datatypes is set. Leat has them: composites as objects, others as text.",
               in_values("tsquery|float_range|pair|jsonpath|deep|pg_lsn|int4multirange"), lambda f: is_missing(f.debezium)),
    Difference("generated columns in the snapshot", "Before PostgreSQL 18 generated columns are not in the stream. Debezium has them in the"
               " snapshot all the same; Leat's rows have the same columns in both.", rf"{VALUES}\.b", lambda f: of_snapshot(f) and is_missing(f.leat)),
    Difference("schema change within a transaction", "While a transaction that altered a table is streamed, Debezium looks the table up in the"
               " catalog, which does not show the change yet; from then on records lack their key, and columns their defaults.",
               r"key.*|value\.(before|after)\.d|value\.schema\.fields\.(before|after)\.fields\.(id|d)\.(optional|default)",
               lambda f: f.debezium is None or f.debezium is True or is_missing(f.debezium), sometimes=True),
    Difference("nullability looked up later", "The stream does not say whether a column may be null. Both look it up in the catalog, which may"
               " be ahead of the stream while a table is altered.", r"value\.schema\.fields\.(before|after)\.fields\.(id|d)\.optional", sometimes=True),
    Difference("snapshot=false is not null", "`source.snapshot` has a default, `false`, which Debezium leaves to the converter; with"
               " replace.null.with.default=false it is null. Leat always says false.", r"value\.source\.snapshot",
               lambda f: f.debezium is None and f.leat == "false"),
    Difference("defaults that are a keyword", "CURRENT_USER and its like are a function as any other; Debezium shows the word itself.",
               in_values("us") + r"(\.default)?", lambda f: f.debezium == "CURRENT_USER"),
    Difference("not known is null", "In `before` of a delete, where only the key is known, Debezium fills NOT NULL columns with defaults or"
               " zeros. Leat shows null, unless a schema in the record forbids it or nulls are replaced.", r"value\.before\..*",
               lambda f: operation(f) == "d" and f.leat is None),
)

DIFFERENCES = {difference.name: difference for difference in ON_PURPOSE}
