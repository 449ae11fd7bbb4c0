"""Random rows and random conditions on them, each condition as leat takes it and as PostgreSQL does: the two differ only
where leat's docs say that text has the order of bytes and the case of Unicode."""

from __future__ import annotations

COMMON = [None, None]  # how often NULL is among the values

VALUES = {
    "boolean": ["true", "false"],
    "smallint": ["-32768", "-1", "0", "1", "7", "32767"],
    "integer": ["-2147483648", "-7", "0", "1", "2", "100", "16777217", "2147483647"],
    "bigint": ["-9223372036854775808", "-1", "0", "1", "100", "9007199254740993", "9223372036854775807"],
    "numeric": ["-Infinity", "-1e30", "-1.10", "-0.5", "0", "0.000", "1e-20", "0.1", "1", "1.10", "100", "9007199254740993",
                "9223372036854775807.5", "123456789012345678901234567890.123", "1e40", "Infinity", "NaN"],
    "real": ["-Infinity", "-0", "0", "1e-45", "0.1", "1", "16777217", "3.4e38", "Infinity", "NaN"],
    "double precision": ["-Infinity", "-0", "0", "5e-324", "0.1", "1", "100", "9007199254740992", "1e40", "1.7e308", "Infinity",
                         "NaN"],
    "text": ["", " ", "a", "A", "ab", "ab  ", "abc", "b", "a%b", "a_b", "a\\b", "é", "É", "ß", "Ж", "中", "😀", "zz"],
    "char(4)": ["", "a", "A", "ab", "ab c", "é", "b"],
    "varchar": ["", "a", "ab", "b ", "É"],
    "bytea": ["\\x", "\\x00", "\\x00ff", "\\xff", "\\x61"],
    "date": ["-infinity", "4713-01-01 BC", "0001-12-31 BC", "0001-01-01", "1970-01-01", "2000-02-29", "2024-12-31", "5874897-12-31",
             "infinity"],
    "time": ["00:00", "00:00:00.000001", "12:30", "23:59:59.999999", "24:00"],
    "timetz": ["00:00+00", "01:00+01", "00:00-00:30", "23:00:00-01", "24:00+14", "12:34:56.789+05:45"],
    "timestamp": ["-infinity", "4713-01-01 00:00 BC", "1969-12-31 23:59:59.999999", "1970-01-01", "2000-02-29 00:00",
                  "2024-12-31 12:00:00.5", "294246-12-31 23:59:59", "infinity"],
    "timestamptz": ["-infinity", "1969-12-31 23:59:59.999999+00", "1970-01-01 00:00+00", "2000-02-29 02:00+02", "2024-12-31 12:00:00.5-08",
                    "21016-11-04 13:51:30.123456+07", "infinity"],
    "interval": ["0", "-1 mon", "30 days", "1 mon", "29 days 24:00:00", "29 days 24:00:00.000001", "1 year 2 mons 3 days 04:05:06.789",
                 "-00:00:00.000001", "12 mons", "360 days", "178000 years"],
    "uuid": ["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    "mood": ["sad", "ok", "happy", "über"],
    "bit(3)": ["000", "101", "111", "010"],
    "varbit": ["1", "10", "101", "0", "100000000"],
}
LABELS = ["über", "sad", "ok", "happy"]  # in their order, which is not that of text
NUMBERS = ["smallint", "integer", "bigint", "numeric", "real", "double precision"]
TEXTS = ["text", "char(4)", "varchar"]
DAYS = ["date", "timestamp", "timestamptz"]
FAMILY = {**{name: NUMBERS for name in NUMBERS}, **{name: TEXTS for name in TEXTS}, **{name: DAYS for name in DAYS},
          "bit(3)": ["bit(3)", "varbit"], "varbit": ["bit(3)", "varbit"]}
COLUMNS = [(f"c{i}_{half}", sql) for i, sql in enumerate(VALUES) for half in (1, 2)]
PATTERNS = ["%", "a%", "%b", "_", "__", "%a%b%", "a\\%b", "a\\_b", "", "É%", "%  ", "A%", "%\\\\%", "_%_"]


def create_table():
    columns = ", ".join(f'{name} {sql}' + (' COLLATE "C"' if sql in TEXTS else "") for name, sql in COLUMNS)
    labels = ", ".join(f"'{label}'" for label in LABELS)
    return f"CREATE TYPE mood AS ENUM ({labels}); CREATE TABLE t (id int PRIMARY KEY, {columns})"


def string(text):
    return "'" + text.replace("'", "''") + "'"


def insert_row(r, number):
    values = []
    for _, sql in COLUMNS:
        value = r.choice(VALUES[sql] + COMMON)
        values.append("NULL" if value is None else f"{string(value)}::{sql}")
    return f"INSERT INTO t VALUES ({number}, {', '.join(values)})"


class Both(str):
    """A condition as leat reads it; .postgres is the same for the server."""

    postgres: str


def both(template, *parts):
    """template with {} for each part, in both languages."""
    text = Both(template.format(*parts))
    text.postgres = template.format(*(getattr(part, "postgres", part) for part in parts))
    return text


class Generator:
    def __init__(self, r):
        self.r = r

    # -- values

    def column(self, sql):
        return both("{}", self.r.choice([name for name, of in COLUMNS if of == sql]))

    def constant(self, sql):
        """A constant that says its type, or a number."""
        text = self.r.choice(VALUES[sql])
        if sql == "char(4)":
            sql = "bpchar"  # no length in a cast
        if sql == "bit(3)":
            return both("B{}", string(text))
        plain = text.lstrip("-").replace(".", "", 1).replace("e", "", 1).replace("-", "", 1).isdigit()
        if sql in ("integer", "bigint", "numeric") and plain and self.r.random() < 0.7:
            return both("({})" if text.startswith("-") else "{}", text)
        if sql == "date" and self.r.random() < 0.5:
            return both("DATE {}", string(text))
        if sql == "boolean" and self.r.random() < 0.5:
            return both("{}", text.upper())
        if self.r.random() < 0.05:
            return both("NULL::{}", sql)
        return both("{}::{}", string(text), sql)

    def bare(self, sql):
        """A string that takes its type from the other side; or NULL."""
        if self.r.random() < 0.05:
            return both("NULL")
        return both("{}", string(self.r.choice(VALUES[sql])))

    def value(self, sql, depth):
        r = self.r
        if depth <= 0 or r.random() < 0.6:
            return self.column(sql) if r.random() < 0.75 else self.constant(sql)
        if sql in ("text", "varchar"):
            return self.text(depth - 1)
        if sql in NUMBERS:
            return self.number(sql, depth - 1)
        if sql == "date" and r.random() < 0.5:
            return both("({} {} {})", self.value("date", 0), r.choice("+-"), r.choice(["1", "30", "(-7)"]))
        if sql == "mood":
            return self.column(sql)
        if sql != "boolean" and r.random() < 0.5:
            return both("coalesce({}, {})", self.column(sql), r.choice([self.value, lambda s, d: self.bare(s)])(sql, depth - 1))
        return self.column(sql)

    def text(self, depth):
        r = self.r
        choice = r.randrange(5)
        if choice == 0:
            return both("({} || {})", self.value(r.choice(TEXTS), depth), self.value("text", depth))
        if choice in (1, 2):
            inner = self.value(r.choice(TEXTS), depth)
            name = "lower" if choice == 1 else "upper"
            made = both(name + "({})", inner)
            made.postgres = f'({name}(({inner.postgres}) COLLATE "C.utf8") COLLATE "C")'
            return made
        if choice == 3:
            made = both("{}::text", self.column("mood"))
            made.postgres = f'({made.postgres} COLLATE "C")'
            return made
        return both("coalesce({}, {})", self.value(r.choice(TEXTS), depth), self.value(r.choice(TEXTS), depth))

    def number(self, sql, depth):
        r = self.r
        if sql == "integer" and r.random() < 0.3:
            return both("length({})", self.value(r.choice(TEXTS + ["bytea", "varbit"]), depth))
        choice = r.randrange(5)
        if choice == 0:
            return both("abs({})", self.value(sql, depth))
        if choice == 1:
            return both("(- {})", self.value(sql, depth))
        if choice == 2:
            # What goes into this type, so that the whole is of it.
            smaller = NUMBERS[: max(3, NUMBERS.index(sql) + 1)]
            return both("coalesce({}, {})", self.value(sql, depth), self.value(r.choice(smaller), depth))
        operators = {"numeric": "+-*", "real": "+-*/", "double precision": "+-*/"}.get(sql, "+-*/%")
        others = [sql] if sql in ("numeric", "real", "double precision") else ["smallint", "integer", "bigint"]
        return both("({} {} {})", self.value(sql, depth), r.choice(operators), self.value(r.choice(others), depth))

    def pair(self, depth):
        """Two values that compare: one is more than a bare string."""
        sql = self.r.choice(list(VALUES))
        left = self.value(sql, depth)
        if self.r.random() < 0.3:
            return left, self.bare(sql) if sql != "bit(3)" else self.bare("varbit")
        return left, self.value(self.r.choice(FAMILY.get(sql, [sql])), depth)

    # -- conditions

    def condition(self, depth=3):
        r = self.r
        if depth > 0 and r.random() < 0.45:
            choice = r.randrange(4)
            if choice == 0:
                return both("NOT ({})", self.condition(depth - 1))
            if choice == 1:
                return both("({}) IS {}{}", self.condition(depth - 1), r.choice(["", "NOT "]), r.choice(["TRUE", "FALSE", "UNKNOWN", "NULL"]))
            return both("({} {} {})", self.condition(depth - 1), r.choice(["AND", "OR"]), self.condition(depth - 1))
        return r.choice([self.comparison, self.comparison, self.comparison, self.distinct, self.between, self.membership, self.like,
                         self.null_test, self.plain])(depth)

    def comparison(self, depth):
        left, right = self.pair(depth)
        if self.r.random() < 0.3:
            left, right = right, left
        return both("{} {} {}", left, self.r.choice(["=", "<>", "!=", "<", "<=", ">", ">="]), right)

    def distinct(self, depth):
        left, right = self.pair(depth)
        return both("{} IS {}DISTINCT FROM {}", left, self.r.choice(["", "NOT "]), right)

    def between(self, depth):
        sql = self.r.choice(list(VALUES))
        low, high = (self.value(self.r.choice(FAMILY.get(sql, [sql])), 0) for _ in range(2))
        return both("{} {}BETWEEN {}{} AND {}", self.value(sql, depth), self.r.choice(["", "NOT "]),
                    self.r.choice(["", "SYMMETRIC "]), low, high)

    def membership(self, depth):
        sql = self.r.choice(list(VALUES))
        count = self.r.choice([1, 2, 5, 12])
        if self.r.random() < 0.5:
            items = [self.bare(sql if sql != "bit(3)" else "varbit") for _ in range(count)]
        else:
            items = [self.value(self.r.choice(FAMILY.get(sql, [sql])), 0) for _ in range(count)]
        return both("{} {}IN (" + ", ".join(["{}"] * count) + ")", self.value(sql, depth), self.r.choice(["", "NOT "]), *items)

    def like(self, depth):
        left = self.value(self.r.choice(TEXTS), depth)
        negated = self.r.choice(["", "NOT "])
        pattern = self.r.choice(PATTERNS)
        if self.r.random() < 0.2:
            return both("{} {}LIKE {} ESCAPE '!'", left, negated, string(pattern.replace("\\", "!")))
        if self.r.random() < 0.5:
            return both("{} {}LIKE {}", left, negated, string(pattern))
        made = both("{} {}ILIKE {}", left, negated, string(pattern))
        made.postgres = f'({left.postgres}) COLLATE "C.utf8" {negated}ILIKE {string(pattern)}'
        return made

    def null_test(self, depth):
        return both("{} IS {}NULL", self.value(self.r.choice(list(VALUES)), depth), self.r.choice(["", "NOT "]))

    def plain(self, depth):
        return self.column("boolean") if self.r.random() < 0.7 else both("coalesce({}, {})", self.column("boolean"), self.condition(depth - 1))
