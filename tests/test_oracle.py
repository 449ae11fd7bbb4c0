"""The oracle itself, against the server's own arithmetic: what test_types.py believes has to be right."""

import random

import pytest

from harness import oracle
from harness.oracle import Options, Type, render


@pytest.fixture
def connection(server):
    with server.connect() as connection:
        connection.execute(oracle.SESSION)
        yield connection


def texts(connection, sql):
    return connection.execute(sql).fetchall()


def test_dates_and_timestamps(connection):
    rows = texts(connection, """
        SELECT d::text, d - date '1970-01-01', t::text, (extract(epoch FROM t) * 1000000)::int8
        FROM (SELECT date '4713-01-01 BC' + (i * 7919 + i * i * 3) AS d,
                     timestamp '4713-01-01 00:00 BC' + i * interval '41 days 7 hours 13.000001 seconds' AS t
              FROM generate_series(0, 20000, 7) i) x
        UNION ALL SELECT d::text, d - date '1970-01-01', '1970-01-01 00:00:00', 0
        FROM unnest('{0001-01-01,0001-12-31 BC,0004-02-29,1900-03-01,2000-02-29,5874897-12-31,4714-11-24 BC}'::date[]) d
    """)
    for date, days, timestamp, us in rows:
        assert oracle.date_days(date) == days, date
        assert oracle.timestamp_us(timestamp) == us, timestamp
        year, month, day = oracle.civil_from_days(days)
        assert oracle.days_from_civil(year, month, day) == days


def test_intervals(connection):
    rows = texts(connection, """
        SELECT v::text, extract(year FROM v)::int * 12 + extract(month FROM v)::int, extract(day FROM v)::int,
               (extract(hour FROM v) * 3600000000 + extract(minute FROM v) * 60000000 + extract(microsecond FROM v))::int8
        FROM unnest(ARRAY['1 year 2 months 3 days 04:05:06.7', '-1 day -02:03:04.5', '0', '1 mon -1 day 00:00:00.000001',
                          '-10 years 3 mons', '1000000:00:00', '-0.000001 seconds']::interval[]) v
    """)
    for text, months, days, us in rows:
        assert oracle.interval_parts(text) == (months, days, us), text


@pytest.mark.parametrize("seed", range(3))
def test_arrays(connection, seed):
    random_ = random.Random(seed)
    letters = ['a', '"', '\\', ',', '{', '}', ' ', 'NULL', 'é', "'", '\n', '']
    for _ in range(50):
        values = [None if random_.random() < 0.2 else "".join(random_.choices(letters, k=random_.randrange(4)))
                  for _ in range(random_.randrange(6))]
        text, = connection.execute("SELECT %s::text[]::text", [values]).fetchone()
        assert oracle.parse_array(text) == values
        nested, = connection.execute("SELECT ARRAY[%s::text[], %s::text[]]::text", [values, values]).fetchone()
        assert oracle.parse_array(nested) == ([values, values] if values else [])
        if values:
            composite, = connection.execute(
                f"SELECT format('%%s', ROW({', '.join(['%s::text'] * len(values))}))", values).fetchone()
            assert oracle.parse_composite(composite) == values
    assert oracle.parse_array("[2:3]={1,2}") == ["1", "2"]


def test_hstore(server, connection):
    connection.execute("CREATE EXTENSION IF NOT EXISTS hstore")
    for pairs in ({}, {"a": "1", "b": None}, {'"': "\\", "k =>": ",", "é\n": ""}):
        keys, values = list(pairs), list(pairs.values())
        text, = connection.execute("SELECT hstore(%s::text[], %s::text[])::text", [keys, values]).fetchone()
        assert oracle.parse_hstore(text) == pairs


def test_examples_from_the_documentation():
    """Values that Debezium's documentation and tests give."""
    def one(name, text, typmod=-1, **options):
        return render(Type(name, typmod), text, Options(**options))

    assert one("timestamptz", "21016-11-04 13:51:30.123456+00") == "+21016-11-04T13:51:30.123456Z"
    assert one("timetz", "13:51:30.123789+02") == "11:51:30.123789Z"
    assert one("time", "24:00:00") == 86_400_000_000
    assert one("money", "-$1,234.11", decimal="string") == "-1234.11"
    assert one("bit", "11", 2) == "Aw=="
    assert one("bit", "1", 1) is True
    assert one("oid", "4294967295") == 4294967295
    assert one("numeric", "123.45", (5 << 16 | 2) + 4) == "MDk="
    assert one("numeric", "-1", (5 << 16) + 4) == "/w=="
    assert one("numeric", "128", (5 << 16) + 4) == "AIA="
    assert one("numeric", "3.3300") == {"scale": 2, "value": "AU0="}
    assert one("numeric", "NaN", decimal="string") == "NAN"
    assert one("interval", "P1Y2M3DT4H5M6S") == 37091106000000
    assert one("interval", "P1Y2M3DT4H5M6.7S", interval="string") == "P1Y2M3DT4H5M6.7S"
    assert one("date", "2016-11-04") == 17109
    assert one("date", "2016-11-04", time="isostring") == "2016-11-04Z"
    assert one("timestamp", "2018-06-20 15:13:16.945104") == 1529507596945104
    assert one("timestamp", "2018-06-20 15:13:16.945", 3) == 1529507596945
    assert one("bytea", "\\x010203") == "AQID"
