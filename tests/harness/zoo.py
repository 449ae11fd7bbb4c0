"""Every supported type with its edge values, and a generator of random values for each."""

from __future__ import annotations

import random
import string
import uuid
from dataclasses import dataclass
from typing import Callable

# What a database needs before a column of these types can be made.
PRELUDE = """
CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'so, so', 'it''s "fine"', 'Größe', '');
ALTER TYPE mood ADD VALUE 'between' BEFORE 'so, so';
CREATE DOMAIN price AS numeric(12,3) CHECK (VALUE > -1000000000);
CREATE DOMAIN short_price AS price;
CREATE DOMAIN nick AS varchar(10);
CREATE DOMAIN stamp AS timestamp(2);
CREATE DOMAIN tags AS text[];
CREATE TYPE pair AS (a int, "B c" text);
CREATE TYPE deep AS (p pair, n numeric(8,2), l int[], t timestamp(3));
CREATE TYPE float_range AS RANGE (subtype = float8);
"""


@dataclass(frozen=True)
class Kind:
    sql: str
    edges: tuple  # SQL text literals, without quotes
    random: Callable[[random.Random], str]


def words(letters, longest):
    return lambda r: "".join(r.choices(letters, k=r.randrange(longest + 1)))


def integer(bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return lambda r: str(r.choice([low, high, 0, -1, r.randint(low, high), r.randint(-1000, 1000)]))


def number(precision, scale):
    def make(r):
        digits = r.randint(1, precision)
        value = r.randrange(10**digits)
        text = str(value).rjust(scale + 1, "0")
        text = text if scale == 0 else f"{text[:-scale]}.{text[-scale:]}"
        return ("-" if r.random() < 0.5 else "") + text

    return make


def any_number(r):
    return number(r.randint(1, 60), r.randint(0, 30))(r)


def real(digits, exponent):
    return lambda r: r.choice(["0", "-0", f"{r.uniform(-1, 1):.{digits}e}", f"{r.uniform(-9, 9):.{digits}f}e{r.randint(-exponent, exponent)}"])


def clock(digits):
    def make(r):
        fraction = f".{r.randrange(10**digits):0{digits}d}" if digits else ""
        return f"{r.randrange(24):02d}:{r.randrange(60):02d}:{r.randrange(60):02d}{fraction}"

    return make


def day(r):
    year = r.choice([r.randint(1, 4700), r.randint(1600, 2400), r.randint(1900, 2100), r.randint(10000, 200000)])
    return f"{year:04d}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}", " BC" if year < 4700 and r.random() < 0.2 else ""


def date(r):
    text, era = day(r)
    return text + era


def zone(r):
    return r.choice(["+00", "-00:30", "+05:45", "-08", "+14", "-12:59", "+01:02:03"])


def timestamp(digits, zoned=False):
    def make(r):
        text, era = day(r)
        return f"{text} {clock(digits)(r)}{zone(r) if zoned else ''}{era}"

    return make


def interval(r):
    parts = [f"{r.randint(-50, 50)} {unit}" for unit in ("years", "months", "days", "hours", "minutes") if r.random() < 0.6]
    return " ".join(parts + [f"{r.randint(-99, 99)}.{r.randrange(10**6):06d} seconds"])


def json_text(r, depth=3):
    kind = r.randrange(7 if depth else 5)
    if kind < 5:
        return r.choice(["null", "true", "1", "-1.50", "1e3", '"a\\"b"', '"é\\n"', '"\\u20ac"', '""', "12345678901234567890"])
    if kind == 5:
        return "[" + ", ".join(json_text(r, depth - 1) for _ in range(r.randrange(4))) + "]"
    return "{" + ", ".join(f'"k{i}": {json_text(r, depth - 1)}' for i in range(r.randrange(4))) + "}"


def bounds(make, key):
    def pair(r):
        low, high = sorted((make(r), make(r)), key=key)
        form = r.choice(["empty", f"[{low},{high}]", f"({low},{high})", f"[{low},)", f"(,{high}]", "(,)", f"[{low},{high})"])
        return form

    return pair


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def hstore(r):
    letters = 'ab"\\ ,=>é'
    return ", ".join(f"{quoted('k' + words(letters, 3)(r))}=>{'NULL' if r.random() < 0.2 else quoted(words(letters, 5)(r))}"
                     for _ in range(r.randrange(4)))


def address(r):
    if r.random() < 0.5:
        return ".".join(str(r.randrange(256)) for _ in range(4)) + r.choice(["", f"/{r.randint(0, 32)}"])
    return ":".join(f"{r.randrange(65536):x}" for _ in range(8)) + r.choice(["", f"/{r.randint(0, 128)}"])


def points(r, least=1, most=5):
    return [f"({r.uniform(-99, 99):.4f},{r.uniform(-99, 99):.4f})" for _ in range(r.randint(least, most))]


TEXT = string.ascii_letters + " \t\n\r\b\f\x01\x7f'\"\\/,{}()[]<>&=é€ßЖ中𝄞😀\u2028\u0301"
LONG = "long " * 3000
INT = integer(32)

KINDS = {
    kind.sql: kind
    for kind in [
        Kind("boolean", ("true", "false"), lambda r: r.choice(["true", "false"])),
        Kind("smallint", ("-32768", "32767", "0"), integer(16)),
        Kind("integer", ("-2147483648", "2147483647", "0"), INT),
        Kind("bigint", ("-9223372036854775808", "9223372036854775807", "9007199254740993", "0"), integer(64)),
        Kind("oid", ("0", "4294967295", "2147483648"), lambda r: str(r.randrange(2**32))),
        Kind("real", ("0", "-0", "1e-45", "3.4028235e38", "-1.1754944e-38", "0.1", "16777217"), real(8, 30)),
        Kind("double precision", ("0", "-0", "5e-324", "1.7976931348623157e308", "0.1", "-123456789.987654321", "1e21", "1e-7"), real(17, 250)),
        Kind("numeric", ("0", "0.00", "-1", "1.10", "100", "1e-20", "123456789012345678901234567890.123456789", "-0.5", "255", "256", "1e100"), any_number),
        Kind("numeric(5,2)", ("0", "123.45", "-999.99", "0.01", "1"), number(5, 2)),
        Kind("numeric(38,0)", ("0", "99999999999999999999999999999999999999", "-128", "127", "128", "-129"), number(38, 0)),
        Kind("numeric(100,50)", ("0", "0." + "0" * 49 + "1", "-" + "9" * 50 + "." + "9" * 50), number(100, 50)),
        Kind("money", ("0", "-1234.11", "92233720368547758.07", "-92233720368547758.08", "0.01"), number(17, 2)),
        Kind("bit", ("1", "0"), lambda r: r.choice("01")),
        Kind("bit(2)", ("11", "00", "10", "01"), lambda r: f"{r.randrange(4):02b}"),
        Kind("bit(17)", ("1" + "0" * 16, "0" * 16 + "1", "1" * 17), lambda r: f"{r.randrange(2**17):017b}"),
        Kind("bit varying(33)", ("1", "101", "1" * 33, "0" * 9), lambda r: words("01", 32)(r) + "1"),
        Kind("bit varying", ("10", "1" * 65), lambda r: words("01", 80)(r) + "1"),
        Kind("bytea", ("", "\\x00", "\\x00ff80fe7f", "\\x" + "ab" * 5000, "\\x3e3f3effff"), lambda r: "\\x" + r.randbytes(r.randrange(40)).hex()),
        Kind("char(5)", ("", "a", "ab cd", "é"), words("ab é", 5)),
        Kind("varchar(8)", ("", "a  ", "abcdefgh", "ééééßßßß"), words("ab €", 8)),
        Kind("text", ("", " ", "NULL", "null", "\\N", "\\", "a\tb\nc\rd", "\x01\x1f\x7f", "€ 中 😀 \u2028", "'\"", LONG), words(TEXT, 30)),
        Kind("name", ("", "n" * 63), words(string.ascii_letters, 20)),
        Kind('"char"', ("x",), lambda r: r.choice(string.ascii_letters)),
        Kind("citext", ("MiXed", ""), words(TEXT, 10)),
        Kind("ltree", ("", "a", "Top.Science.Astronomy"), lambda r: ".".join(words("abC", 4)(r) + "x" for _ in range(r.randint(1, 4)))),
        Kind("uuid", ("00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), lambda r: str(uuid.UUID(int=r.getrandbits(128)))),
        Kind("json", ("null", "{}", ' {"b" : 1,  "a":[ ] , "b": 2}', '"\\u00e9"', "[1e400]"), json_text),
        Kind("jsonb", ("null", "{}", '{"b": 1, "a": [], "b": 2}', '"\\u00e9"', "1e400", "[1.10]"), json_text),
        Kind("jsonpath", ("$.a[*]",), lambda r: f"$.k{r.randrange(9)}"),
        Kind("xml", ("<a/>", "<a b='1'>t&amp;<!-- c --></a>", "text"), lambda r: f"<r n='{r.randrange(99)}'>{words('ab é', 9)(r)}</r>"),
        Kind("date", ("1970-01-01", "0001-01-01", "0001-12-31 BC", "4713-01-01 BC", "5874897-12-31", "2000-02-29", "infinity", "-infinity"), date),
        Kind("time", ("00:00", "24:00", "23:59:59.999999", "12:00:00.1"), clock(6)),
        Kind("time(0)", ("00:00", "24:00", "23:59:59"), clock(0)),
        Kind("time(3)", ("00:00", "24:00", "23:59:59.999"), clock(3)),
        Kind("time(4)", ("24:00", "23:59:59.9999"), clock(4)),
        Kind("time with time zone", ("13:51:30.123789+02:00", "00:00+14", "24:00:00+00", "12:34:56.1-00:30", "01:02:03+05:45"), lambda r: clock(6)(r) + zone(r)),
        Kind("timestamp", ("1970-01-01", "2018-06-20 15:13:16.945104", "0044-03-15 12:00 BC", "4713-01-01 BC", "294246-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999"), timestamp(6)),
        Kind("timestamp(0)", ("1969-12-31 23:59:59", "2018-06-20 15:13:16", "0001-01-01 BC"), timestamp(0)),
        Kind("timestamp(3)", ("1969-12-31 23:59:59.999", "2018-06-20 15:13:16.945"), timestamp(3)),
        Kind("timestamp(5)", ("1969-12-31 23:59:59.99999", "2018-06-20 15:13:16.94510"), timestamp(5)),
        Kind("timestamp with time zone", ("1970-01-01 00:00+00", "2018-06-20 15:13:16.945104+05:45", "21016-11-04 13:51:30.123456+07", "0044-03-15 12:00+00 BC", "294246-12-31 23:59:59+00", "infinity", "-infinity"), timestamp(6, zoned=True)),
        Kind("timestamp(0) with time zone", ("2018-06-20 15:13:16+02",), timestamp(0, zoned=True)),
        Kind("timestamp(3) with time zone", ("2018-06-20 15:13:16.900+02", "2018-06-20 15:13:16+02"), timestamp(3, zoned=True)),
        Kind("interval", ("0", "1 year 2 months 3 days 04:05:06.789", "-1 year -2 mons +3 days -04:05:06.7", "-0.000001 seconds", "178000 years", "-1 mon 30 days", "1000:00:00"), interval),
        Kind("interval year to month", ("3 years 4 months", "-1 month"), lambda r: f"{r.randint(-99, 99)} months"),
        Kind("inet", ("0.0.0.0", "10.1.2.3/8", "::1", "::ffff:1.2.3.4/96", "2001:db8::/32"), address),
        Kind("cidr", ("10.0.0.0/8", "2001:db8::/32"), lambda r: f"{r.randrange(256)}.{r.randrange(256)}.0.0/16"),
        Kind("macaddr", ("08:00:2b:01:02:03",), lambda r: r.randbytes(6).hex(":")),
        Kind("macaddr8", ("08:00:2b:01:02:03:04:05",), lambda r: r.randbytes(8).hex(":")),
        Kind("point", ("(0,0)", "(-1.5,1e300)", "(0.1,5e-324)"), lambda r: points(r)[0]),
        Kind("line", ("{1,-1,0}",), lambda r: f"{{1,{r.uniform(-9, 9):.3f},2}}"),
        Kind("lseg", ("[(0,0),(1,1)]",), lambda r: "[" + ",".join(points(r, 2, 2)) + "]"),
        Kind("box", ("(1,1),(0,0)",), lambda r: ",".join(points(r, 2, 2))),
        Kind("path", ("[(0,0),(1,1)]", "((0,0),(1,1))"), lambda r: "[" + ",".join(points(r)) + "]"),
        Kind("polygon", ("((0,0),(1,1),(1,0))",), lambda r: "(" + ",".join(points(r)) + ")"),
        Kind("circle", ("<(0,0),1>",), lambda r: f"<{points(r)[0]},{r.uniform(0, 9):.3f}>"),
        Kind("int4range", ("empty", "[1,3]", "(,)", "[,5)"), bounds(lambda r: str(r.randint(-2**31, 2**31 - 2)), int)),
        Kind("int8range", ("empty", "[1,3]", "[-9223372036854775808,0)"), bounds(lambda r: str(r.randint(-10**15, 10**15)), int)),
        Kind("numrange", ("empty", "[1.10,2.5]", "(,0]"), bounds(number(9, 3), float)),
        Kind("tsrange", ("empty", '["2010-01-01 14:30","2010-01-01 15:30")', "[-infinity,infinity]"), bounds(lambda r: f"20{r.randrange(10, 99)}-01-01 {clock(3)(r)}", str)),
        Kind("tstzrange", ("empty", '["2010-01-01 14:30+05:45","2010-01-01 15:30Z")'), bounds(lambda r: f"20{r.randrange(10, 99)}-01-01 {clock(3)(r)}+05:45", str)),
        Kind("daterange", ("empty", "[2010-01-01,2010-01-02]", "(,infinity)"), bounds(lambda r: f"20{r.randrange(10, 99)}-{r.randint(1, 12):02d}-28", str)),
        Kind("float_range", ("empty", "[1.5,2.5]"), bounds(lambda r: f"{r.uniform(-9, 9):.5f}", float)),
        Kind("int4multirange", ("{}", "{[1,3],[5,9)}"), lambda r: "{[1,%d]}" % r.randint(2, 99)),
        Kind("tsvector", ("", "a:1A fat:2B,4C cat:5"), lambda r: " ".join(words("abc", 4)(r) + "x" for _ in range(r.randrange(6)))),
        Kind("tsquery", ("fat & (rat | !cat:*)",), lambda r: "a" + words("bc", 3)(r)),
        Kind("pg_lsn", ("0/0", "FFFFFFFF/FFFFFFFF"), lambda r: f"{r.randrange(999):X}/{r.randrange(2**32):X}"),
        Kind("hstore", ("", "a=>1, b=>NULL", '"k \\"1\\""=>"\\\\ , => "'), hstore),
        Kind("mood", ("sad", "so, so", "it's \"fine\"", "Größe", "", "between"), lambda r: r.choice(["sad", "so, so", "Größe", "between"])),
        Kind("price", ("-1.5", "123456789.123"), number(11, 3)),
        Kind("short_price", ("7", "0.001"), number(11, 3)),
        Kind("nick", ("", "ten chars."), words("ab é", 10)),
        Kind("stamp", ("1969-12-31 23:59:59.99",), timestamp(2)),
        Kind("tags", ("{}", '{a,"b,c",NULL}'), lambda r: "{a,b}"),
        Kind("pair", ("(1,x)", "(,)", '(-5,"a,""b"" \\\\ (c)")'), lambda r: f"({r.randrange(99)},{words('ab', 5)(r)}x)"),
        Kind("deep", ('("(1,x)",1.50,"{1,NULL}","2020-01-01 00:00:00.5")', "(,,,)"), lambda r: f'("({r.randrange(9)},y)",{r.randrange(99)}.25,"{{{r.randrange(9)}}}",)'),
    ]
}

# Types with a value that JSON or one of Debezium's modes cannot show as it is.
SPECIAL = {"real": ("NaN", "Infinity", "-Infinity"), "double precision": ("NaN", "Infinity", "-Infinity"),
           "timestamp": ("infinity", "-infinity")}
SPECIAL_NUMERIC = {"numeric": ("NaN", "Infinity", "-Infinity"), "numeric(5,2)": ("NaN",)}

# Kinds that are elements of arrays in the tests: all that have an array type of their own behaviour.
ELEMENTS = [sql for sql in KINDS if sql not in ("tags", '"char"')]


def literal(text):
    """An SQL string constant."""
    if text is None:
        return "NULL"
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def constant(sql, text):
    return f"{literal(text)}::{sql}"


def array(sql, texts):
    """texts may be nested once."""
    if any(isinstance(item, (list, tuple)) for item in texts):
        return "ARRAY[" + ", ".join("[" + ", ".join(literal(x) for x in row) + "]" for row in texts) + f"]::{sql}[]"
    return "ARRAY[" + ", ".join(literal(x) for x in texts) + f"]::{sql}[]"


def random_type(r):
    """(SQL type, function that makes an SQL expression of it)."""
    kind = KINDS[r.choice(list(KINDS))]
    nulls = r.choice([0, 0.1, 0.5])
    if kind.sql in ELEMENTS and r.random() < 0.3:
        def make(r):
            if r.random() < nulls:
                return "NULL"
            if r.random() < 0.15:
                width = r.randint(1, 3)
                return array(kind.sql, [[kind.random(r) for _ in range(width)] for _ in range(r.randint(1, 3))])
            return array(kind.sql, [None if r.random() < nulls else kind.random(r) for _ in range(r.randrange(5))])

        return kind.sql + "[]", make
    return kind.sql, lambda r: "NULL" if r.random() < nulls else constant(
        kind.sql, r.choice(kind.edges) if r.random() < 0.3 else kind.random(r))
