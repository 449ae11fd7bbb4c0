"""What Debezium's documentation says a PostgreSQL value looks like in JSON, computed from the server's own text.

Independent of Leat's code on purpose: it reads the text that `column::text` gives (ISO dates, UTC, hex bytea, ISO 8601
intervals, shortest floats) and follows the documented mapping. test_oracle.py checks it against the server.
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

# How the text that render() reads is asked for.
SESSION = """
SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'iso_8601'; SET bytea_output = 'hex';
SET extra_float_digits = 1; SET lc_monetary = 'C'; SET xmloption = 'content'
"""

UNAVAILABLE = "__debezium_unavailable_value"


@dataclass(frozen=True)
class Options:
    decimal: str = "precise"
    time: str = "adaptive"
    binary: str = "bytes"
    interval: str = "numeric"
    hstore: str = "json"
    money_digits: int = 2

    def configuration(self):
        """The same as keywords of Leat.configure()."""
        return {
            "decimal__handling__mode": self.decimal,
            "time__precision__mode": self.time,
            "binary__handling__mode": self.binary,
            "interval__handling__mode": self.interval,
            "hstore__handling__mode": self.hstore,
            "money__fraction__digits": self.money_digits,
        }


@dataclass(frozen=True)
class Type:
    """A type with domains resolved. `name` is pg_type.typname; kind is pg_type.typtype."""

    name: str
    typmod: int = -1
    kind: str = "b"
    element: "Type | None" = None
    fields: tuple = ()
    labels: tuple = field(default=())

    @property
    def precision(self):
        """Fractional digits of a time, 6 where none are declared."""
        return 6 if self.typmod < 0 else self.typmod

    @property
    def numeric(self):
        """(precision, scale) or None."""
        if self.typmod < 4:
            return None
        value = self.typmod - 4
        scale = value & 0x7FF
        return (value >> 16) & 0xFFFF, scale - 0x800 if scale & 0x400 else scale


# -- what a table's columns are


def columns_of(connection, table):
    """[(name, Type)] of the columns that pgoutput sends, in order."""
    rows = connection.execute(
        "SELECT attname, atttypid::int8, atttypmod FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        [table],
    ).fetchall()
    return [(name, type_of(connection, oid, typmod)) for name, oid, typmod in rows]


def type_of(connection, oid, typmod=-1):
    name, kind, element, base, base_typmod, relation, category = connection.execute(
        "SELECT typname, typtype::text, typelem::int8, typbasetype::int8, typtypmod, typrelid::int8, typcategory::text"
        " FROM pg_type WHERE oid = %s", [oid],
    ).fetchone()
    if kind == "d":
        return type_of(connection, base, base_typmod if base_typmod >= 0 else typmod)
    if kind == "c":
        fields = connection.execute(
            "SELECT attname, atttypid::int8, atttypmod FROM pg_attribute"
            " WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum", [relation],
        ).fetchall()
        return Type(name, typmod, kind, fields=tuple((n, type_of(connection, o, m)) for n, o, m in fields))
    if kind == "e":
        labels = connection.execute("SELECT enumlabel FROM pg_enum WHERE enumtypid = %s ORDER BY enumsortorder", [oid])
        return Type(name, typmod, kind, labels=tuple(row[0] for row in labels))
    if category == "A" and element:
        return Type(name, typmod, kind, element=type_of(connection, element, typmod))
    return Type(name, typmod, kind)


def select(connection, table, options=Options(), where="true", order="1"):
    """The table's rows as Debezium's JSON would show them: a list of dicts."""
    connection.execute(SESSION)
    columns = columns_of(connection, table)
    texts = ", ".join(text_of(name, type_) for name, type_ in columns)
    rows = connection.execute(f"SELECT {texts} FROM {table} WHERE {where} ORDER BY {order}").fetchall()
    return [{name: render(type_, text, options) for (name, type_), text in zip(columns, row)} for row in rows]


def text_of(name, type_):
    quoted = '"' + name.replace('"', '""') + '"'
    # ::text of a char(n) takes its padding away; format() goes through the output function.
    return f"CASE WHEN {quoted} IS DISTINCT FROM NULL THEN format('%%s', {quoted}) END".replace("%%", "%")


# -- calendars


def days_from_civil(year, month, day):
    """Days since 1970-01-01 in the proleptic Gregorian calendar; year 0 is 1 BC."""
    year -= month <= 2
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468


def civil_from_days(days):
    days += 719468
    era = days // 146097
    day_of_era = days - era * 146097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    month += 3 if month < 10 else -9
    return year_of_era + era * 400 + (month <= 2), month, day


DATE = re.compile(r"(\d{4,})-(\d\d)-(\d\d)")
TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?")
ZONE = re.compile(r"([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?")
DAY_US = 86_400_000_000


def date_days(text):
    if text in ("infinity", "-infinity"):
        return text
    year, month, day = map(int, DATE.match(text).groups())
    return days_from_civil(1 - year if text.endswith("BC") else year, month, day)


def time_us(text):
    hours, minutes, seconds, fraction = TIME.search(text).groups()
    return (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1_000_000 + int((fraction or "").ljust(6, "0") or 0)


def zone_seconds(text):
    sign, hours, minutes, seconds = ZONE.search(text).groups()
    total = int(hours) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return -total if sign == "-" else total


def timestamp_us(text):
    if text in ("infinity", "-infinity"):
        return text
    return date_days(text) * DAY_US + time_us(text.split(" ")[1])


def iso_year(year):
    """As java.time prints a year: four digits, a sign where it has more or is negative."""
    if year > 9999:
        return f"+{year}"
    return f"-{-year:04d}" if year < 0 else f"{year:04d}"


def iso_date(days):
    year, month, day = civil_from_days(days)
    return f"{iso_year(year)}-{month:02d}-{day:02d}"


def iso_time(us, digits=None):
    """digits: exactly so many; None: as many as needed."""
    seconds, fraction = divmod(us, 1_000_000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    fraction = f"{fraction:06d}"
    fraction = fraction.rstrip("0") if not digits else fraction[:digits]
    return text + ("." + fraction if fraction else "")


def iso_timestamp(us, digits=None):
    days, rest = divmod(us, DAY_US)
    return f"{iso_date(days)}T{iso_time(rest, digits)}Z"


def interval_parts(text):
    """(months, days, microseconds) of an ISO 8601 interval."""
    date, _, time = text[1:].partition("T")
    months = days = 0
    us = 0
    for number, unit in re.findall(r"(-?\d+)([YMWD])", date):
        if unit == "Y":
            months += 12 * int(number)
        elif unit == "M":
            months += int(number)
        else:
            days += int(number) * (7 if unit == "W" else 1)
    for number, unit in re.findall(r"(-?\d+(?:\.\d+)?)([HMS])", time):
        us += int(Decimal(number) * {"H": 3_600_000_000, "M": 60_000_000, "S": 1_000_000}[unit])
    return months, days, us


def plain(number):
    """A Decimal without exponent."""
    return f"{number:f}"


def b64(data):
    return base64.b64encode(data).decode()


def unscaled(text, scale):
    """Big-endian two's complement of text·10^scale, as short as it gets: Java's BigInteger.toByteArray()."""
    number = Fraction(text) * Fraction(10) ** scale
    assert number.denominator == 1, f"{text} has more than {scale} decimals"
    value = int(number)
    length = (value + (value < 0)).bit_length() // 8 + 1
    return value.to_bytes(length, "big", signed=True)


# -- composed text


def parse_array(text, delimiter=","):
    """Nested lists of str or None. Lower bounds are dropped."""
    text = re.sub(r"^(\[[-+]?\d+:[-+]?\d+\])+=", "", text)
    position = 0

    def value():
        nonlocal position
        if text[position] == "{":
            position += 1
            items = []
            while text[position] != "}":
                items.append(value())
                if text[position] == delimiter:
                    position += 1
            position += 1
            return items
        if text[position] == '"':
            position += 1
            out = []
            while text[position] != '"':
                if text[position] == "\\":
                    position += 1
                out.append(text[position])
                position += 1
            position += 1
            return "".join(out)
        start = position
        while text[position] not in (delimiter, "}"):
            position += 1
        word = text[start:position]
        return None if word == "NULL" else word

    result = value()
    assert position == len(text), text
    return result


def parse_composite(text):
    assert text[0] == "(" and text[-1] == ")", text
    fields, position, end = [], 1, len(text) - 1
    while True:
        out, quoted, empty = [], False, True
        while position < end and (quoted or text[position] != ","):
            letter = text[position]
            if letter == '"':
                if quoted and text[position + 1] == '"' and position + 1 < end:
                    out.append('"')
                    position += 1
                else:
                    quoted = not quoted
                empty = False
            elif letter == "\\":
                position += 1
                out.append(text[position])
                empty = False
            else:
                out.append(letter)
                empty = False
            position += 1
        fields.append(None if empty else "".join(out))
        if position >= end:
            return fields
        position += 1


def parse_hstore(text):
    result = {}
    pattern = re.compile(r'\s*"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)\s*,?')
    position = 0
    while position < len(text):
        match = pattern.match(text, position)
        assert match, text
        strip = lambda part: None if part is None else re.sub(r"\\(.)", r"\1", part, flags=re.S)
        result[strip(match.group(1))] = strip(match.group(2))
        position = match.end()
    return result


# -- the mapping

INFINITE = {"infinity": 1, "-infinity": -1}
JDBC_INFINITE = {"infinity": 9223372036825200000, "-infinity": -9223372036832400000}


def render(type_, text, options=Options()):
    """The JSON value of one column value, given as text (None: null)."""
    if text is None:
        return None
    if type_.element is not None and type_.name not in ("int2vector", "oidvector"):
        return render_array(type_.element, parse_array(text, ";" if type_.element.name == "box" else ","), options)
    if type_.kind == "c":
        return {name: render(t, part, options) for (name, t), part in zip(type_.fields, parse_composite(text))}
    renderer = RENDERERS.get(type_.name)
    return renderer(type_, text, options) if renderer else text


def render_array(element, items, options):
    if items is None:
        return None
    if isinstance(items, list):
        return [render_array(element, item, options) for item in items]
    return render(element, items, options)


def render_float(type_, text, options):
    return float(text) if text.strip("-") not in ("NaN", "Infinity") else text


def render_numeric(type_, text, options):
    special = {"NaN": "NAN", "Infinity": "POSITIVE_INFINITY", "-Infinity": "NEGATIVE_INFINITY"}
    if options.decimal == "string":
        return special.get(text, text)
    if options.decimal == "double":
        return float(text) if text not in special else text
    assert text not in special, f"precise cannot show {text}"
    if type_.numeric is None:
        fraction = text.partition(".")[2].rstrip("0")
        return {"scale": len(fraction), "value": b64(unscaled(text, len(fraction)))}
    return b64(unscaled(text, type_.numeric[1]))


def render_money(type_, text, options):
    digits = re.sub(r"[$,()-]", "", text)
    assert options.money_digits == 2, "lc_monetary C has two digits"
    number = ("-" if text[0] in "-(" else "") + digits
    if options.decimal == "string":
        return number
    return float(number) if options.decimal == "double" else b64(unscaled(number, 2))


def render_bits(type_, text, options):
    if type_.typmod == 1:
        return text == "1"
    return b64(int(text or "0", 2).to_bytes((len(text) + 7) // 8, "little"))


def render_bytea(type_, text, options):
    data = bytes.fromhex(text[2:])
    if options.binary == "hex":
        return data.hex()
    if options.binary == "base64-url-safe":
        return base64.urlsafe_b64encode(data).decode()
    return b64(data)


def render_date(type_, text, options):
    days = date_days(text)
    if options.time == "isostring":
        return days if isinstance(days, str) else iso_date(days) + "Z"
    return {1: 2**31 - 1, -1: -(2**31)}[INFINITE[days]] if isinstance(days, str) else days


def time_unit(options, precision):
    """Microseconds in the unit that the options choose for a time or timestamp; 0 for nanoseconds."""
    if options.time == "connect" or (options.time == "adaptive" and precision <= 3):
        return 1000
    return Fraction(1, 1000) if options.time == "nanoseconds" else 1


def render_time(type_, text, options):
    us = time_us(text)
    if options.time == "isostring":
        return iso_time(us) + "Z"
    unit = 1 if options.time == "adaptive_time_microseconds" else time_unit(options, type_.precision)
    return math.floor(us / unit) if isinstance(unit, Fraction) else us // unit


def render_timestamp(type_, text, options):
    us = timestamp_us(text)
    if options.time == "isostring":
        return us if isinstance(us, str) else iso_timestamp(us)
    if isinstance(us, str):
        if options.time == "nanoseconds":
            return 2**63 - 1 if INFINITE[us] > 0 else -(2**63)
        us = JDBC_INFINITE[us]  # documented so
    mode = replace(options, time="adaptive") if options.time == "adaptive_time_microseconds" else options
    unit = time_unit(mode, type_.precision)
    return int(us / unit) if isinstance(unit, Fraction) else us // unit


def render_timestamptz(type_, text, options):
    us = timestamp_us(text)
    if isinstance(us, str):
        return us
    us -= zone_seconds(text.split(" ")[1][8:]) * 1_000_000
    return iso_timestamp(us, type_.precision)


def render_timetz(type_, text, options):
    us = time_us(text)
    offset = zone_seconds(text[8:])
    if us == DAY_US and offset == 0:
        return "24:00:00Z"
    return iso_time((us - offset * 1_000_000) % DAY_US) + "Z"


def render_interval(type_, text, options):
    months, days, us = interval_parts(text)
    if options.interval == "numeric":
        return months * 2_629_800 * 1_000_000 + days * DAY_US + us
    toward_zero = lambda a, b: int(Fraction(a, b))
    years = toward_zero(months, 12)
    hours = toward_zero(us, 3_600_000_000)
    minutes = toward_zero(us - hours * 3_600_000_000, 60_000_000)
    rest = Decimal(us - hours * 3_600_000_000 - minutes * 60_000_000) / 1_000_000
    seconds = plain(rest.normalize()) if rest else "0"
    return f"P{years}Y{months - years * 12}M{days}DT{hours}H{minutes}M{seconds}S"


def render_hstore(type_, text, options):
    pairs = parse_hstore(text)
    return pairs if options.hstore == "map" else JsonText(pairs)


def render_point(type_, text, options):
    x, y = map(float, text.strip("()").split(","))
    return {"x": x, "y": y, "wkb": b64(struct.pack("<BIdd", 1, 1, x, y)), "srid": None}


def numbers_of(text):
    return [float(part) for part in re.split(r"[()\[\]<>{},]+", text) if part]


def render_line(type_, text, options):
    return dict(zip("abc", numbers_of(text)))


def render_circle(type_, text, options):
    x, y, radius = numbers_of(text)
    return {"center": render_point(type_, f"({x},{y})", options), "radius": radius}


def render_points(type_, text, options):
    """box and polygon are polygons of one closed ring, lseg and path line strings."""
    numbers = numbers_of(text)
    points = list(zip(numbers[::2], numbers[1::2]))
    if type_.name == "box":
        (right, top), (left, bottom) = points
        points = [(right, top), (right, bottom), (left, bottom), (left, top)]
    extensions = {"type": type_.name}
    if type_.name == "path":
        extensions["closed"] = "false" if text.startswith("[") else "true"
    ring = type_.name in ("box", "polygon")
    head = struct.pack("<BII", 1, 3, 1) if ring else struct.pack("<BI", 1, 2)
    points += points[:1] * ring
    body = b"".join(struct.pack("<dd", x, y) for x, y in points)
    return {"wkb": b64(head + struct.pack("<I", len(points)) + body), "srid": None, "extensions": extensions}


class JsonText:
    """A string that holds this JSON, in whatever spacing and order."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, str) and json.loads(other) == self.value

    def __repr__(self):
        return f"JsonText({self.value!r})"


RENDERERS = {
    "bool": lambda t, text, o: text in ("t", "true"),
    "int2": lambda t, text, o: int(text),
    "int4": lambda t, text, o: int(text),
    "int8": lambda t, text, o: int(text),
    "oid": lambda t, text, o: int(text),
    "float4": render_float,
    "float8": render_float,
    "numeric": render_numeric,
    "money": render_money,
    "bit": render_bits,
    "varbit": render_bits,
    "bytea": render_bytea,
    "date": render_date,
    "time": render_time,
    "timestamp": render_timestamp,
    "timestamptz": render_timestamptz,
    "timetz": render_timetz,
    "interval": render_interval,
    "hstore": render_hstore,
    "point": render_point,
    "line": render_line,
    "circle": render_circle,
    **dict.fromkeys(("box", "lseg", "path", "polygon"), render_points),
}


# -- comparing


def same(expected, actual):
    """Equal, and of the same JSON type: 1, 1.0 and true are three things."""
    if isinstance(expected, JsonText):
        return expected == actual
    if isinstance(expected, bool) or isinstance(actual, bool) or expected is None or actual is None:
        return expected is actual
    if isinstance(expected, float):
        # A float without fraction may be printed as an integer; the value is what counts.
        return isinstance(actual, (int, float)) and (float(actual) == expected)
    if isinstance(expected, list):
        return isinstance(actual, list) and len(actual) == len(expected) and all(map(same, expected, actual))
    if isinstance(expected, dict):
        return (isinstance(actual, dict) and list(expected) == list(actual)
                and all(same(expected[name], actual[name]) for name in expected))
    return type(expected) is type(actual) and expected == actual


def differences(expected, actual):
    """Lines that say where two rows (dicts) differ; none if they are the same."""
    lines = []
    for name in {**expected, **actual}:
        if name not in actual:
            lines.append(f"{name}: missing, expected {expected[name]!r}")
        elif name not in expected:
            lines.append(f"{name}: not expected, is {actual[name]!r}")
        elif not same(expected[name], actual[name]):
            lines.append(f"{name}: expected {expected[name]!r}, is {actual[name]!r}")
    return lines
