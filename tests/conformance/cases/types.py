"""Every type with its edge values, and every mode that changes how values look."""

import re
from dataclasses import replace

from harness.zoo import ELEMENTS, KINDS, PRELUDE, SPECIAL, SPECIAL_NUMERIC, array, constant

from ..case import Case


def column(sql):
    return re.sub(r"\W+", "_", sql).strip("_")


def kinds(*patterns):
    return [kind for kind in KINDS.values() if any(re.fullmatch(pattern, kind.sql) for pattern in patterns)]


def table(columns):
    """columns: (name, SQL type). A wide table: one failure does not hide the next."""
    return "CREATE TABLE types (id int PRIMARY KEY, " + ", ".join(f'"{name}" {sql}' for name, sql in columns) + ")"


def inserts(first, values):
    """values: for each column a list of SQL expressions. As many rows as the longest has; one of nulls comes last."""
    count = max(len(column) for column in values)
    rows = [", ".join(column[i] if i < len(column) else "NULL" for column in values) for i in range(count + 1)]
    return [f"INSERT INTO types VALUES ({first + i}, {row})" for i, row in enumerate(rows)]


def edges(of, more=None):
    return [[constant(kind.sql, text) for text in (*kind.edges, *(more or {}).get(kind.sql, ()))] for kind in of]


def arrays(of):
    return [[array(kind.sql, list(kind.edges[:4])), array(kind.sql, []), array(kind.sql, [None, kind.edges[0]])] for kind in of]


def workload(of, values, suffix=""):
    """setup and changes: the same rows in the snapshot and in the stream; updates, which have no old row; deletes."""
    setup = (PRELUDE, table([(column(kind.sql) + suffix, kind.sql + ("[]" if suffix else "")) for kind in of]),
             *inserts(1, values))
    changes = (*inserts(1001, values), "UPDATE types SET id = id WHERE id IN (1, 2)", "DELETE FROM types WHERE id = 1001")
    return {"setup": setup, "changes": changes}


def case(name, about, of, more=None, **rest):
    return Case(name, about, **workload(of, edges(of, more)), **rest)


TYPE_DIFFERENCES = ("types that Debezium leaves out", "bits keep their length", "infinite dates", "years BC", "shortest float",
                    "type name in the stream")
ARRAY_DIFFERENCES = ("arrays that Debezium leaves out", "arrays that Debezium loses", "years BC", "24:00:00", "fractions of time in arrays",
                     "shortest float")
# A timestamp of nanoseconds ends in 2262.
NEAR = {"timestamp": ("1970-01-01", "2018-06-20 15:13:16.945104", "1969-12-31 23:59:59.999999"), "timestamp(0)": ("1969-12-31 23:59:59",)}
ALL = list(KINDS.values())
TIMES = kinds("date", "time.*", "interval.*")
NUMBERS = kinds("numeric.*", "money", "price", "short_price", "real", "double precision")
ELEMENT_KINDS = [KINDS[sql] for sql in ELEMENTS]
SCHEMAS = {"key.converter.schemas.enable": "true", "value.converter.schemas.enable": "true"}

CASES = [
    case("types", "every type, default modes", ALL, differences=TYPE_DIFFERENCES, short=True),
    case("types_schemas", "every type with its schema", ALL, options=SCHEMAS, differences=TYPE_DIFFERENCES, short=True),
    case("types_sources", "column.propagate.source.type of every type", ALL, options={"column.propagate.source.type": ".*"} | SCHEMAS,
         differences=(*TYPE_DIFFERENCES, "length of numeric", "precision of an interval's fields")),
    Case("arrays_sources", "the same of arrays", options={"column.propagate.source.type": ".*"} | SCHEMAS,
         differences=(*ARRAY_DIFFERENCES, "schemas of such arrays"),
         **workload(ELEMENT_KINDS, arrays(ELEMENT_KINDS), "_array")),
    Case("arrays", "arrays of every type", differences=ARRAY_DIFFERENCES,
         **workload(ELEMENT_KINDS, arrays(ELEMENT_KINDS), "_array")),
    Case("arrays_schemas", "arrays of every type with their schemas", options=SCHEMAS,
         differences=(*ARRAY_DIFFERENCES, "schemas of such arrays"),
         **workload(ELEMENT_KINDS, arrays(ELEMENT_KINDS), "_array")),
    case("decimal_double", "decimal.handling.mode=double", NUMBERS, SPECIAL | SPECIAL_NUMERIC,
         options={"decimal.handling.mode": "double"} | SCHEMAS, differences=("shortest float",)),
    case("decimal_string", "decimal.handling.mode=string", NUMBERS, SPECIAL | SPECIAL_NUMERIC,
         options={"decimal.handling.mode": "string"} | SCHEMAS, differences=("shortest float",)),
    case("money_digits", "money.fraction.digits=4", kinds("money"), options={"money.fraction.digits": "4"} | SCHEMAS),
    *(case(f"time_{mode}", f"time.precision.mode={mode}", TIMES, options={"time.precision.mode": mode} | SCHEMAS,
           differences=("infinite dates", "years BC", *more))
      for mode, *more in (("adaptive_time_microseconds",), ("connect",), ("isostring", "24:00:00"), ("microseconds",))),
    case("time_nanoseconds", "time.precision.mode=nanoseconds, within 1677 … 2262", [replace(kind, edges=NEAR.get(kind.sql, kind.edges))
         for kind in TIMES], options={"time.precision.mode": "nanoseconds"} | SCHEMAS, differences=("infinite dates", "years BC")),
    case("time_structured", "time.precision.mode=structured", TIMES, SPECIAL, options={"time.precision.mode": "structured"} | SCHEMAS,
         differences=("24:00:00", "years BC", "precision of an interval's fields")),
    *(case(f"binary_{mode.replace('-', '_')}", f"binary.handling.mode={mode}", kinds("bytea"),
           options={"binary.handling.mode": mode} | SCHEMAS) for mode in ("base64", "base64-url-safe", "hex")),
    case("hstore_map", "hstore.handling.mode=map", kinds("hstore"), options={"hstore.handling.mode": "map"} | SCHEMAS),
    case("interval_string", "interval.handling.mode=string", kinds("interval.*"),
         options={"interval.handling.mode": "string"} | SCHEMAS),
]
