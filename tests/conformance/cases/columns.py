"""Columns left out, masked, cut, made keys of, and named with their source type."""

from ..case import Case
from .rows import SCHEMAS

PEOPLE = (
    "CREATE TABLE p (id int PRIMARY KEY, name varchar(40), mail text, card char(16), born date, note text, raw bytea, n int)",
    "CREATE TABLE q (a int NOT NULL, b text NOT NULL, v text); ALTER TABLE q REPLICA IDENTITY FULL",
    "CREATE TABLE f (id int PRIMARY KEY, a int NOT NULL, name varchar(40)); ALTER TABLE f REPLICA IDENTITY FULL",
    "INSERT INTO p VALUES (1, 'Ann Größe', 'ann@example', '1234567890123456', '2000-01-01', NULL, '\\x00ff', 5),"
    " (2, NULL, '', 'x', NULL, '😀 note', NULL, NULL)",
    "INSERT INTO q VALUES (1, 'x', 'v'); INSERT INTO f VALUES (1, 10, 'Bea')",
)
PEOPLE_CHANGES = (
    "INSERT INTO p VALUES (3, 'Cid', 'cid@example', '4444', '1999-12-31', 'long ' || repeat('é', 50), '\\xab', 1)",
    "UPDATE p SET name = 'Ann G', note = 'n' WHERE id = 1; UPDATE p SET n = 6 WHERE id = 2",
    "UPDATE q SET v = 'w'; UPDATE q SET b = 'y'; INSERT INTO q VALUES (2, 'z', NULL)",
    "UPDATE f SET name = 'Bee'; UPDATE f SET a = 11; UPDATE f SET id = 2",
    "UPDATE p SET id = 9 WHERE id = 3",
    "DELETE FROM p WHERE id = 9; DELETE FROM q WHERE a = 1; DELETE FROM f",
)


def case(name, about, options, *differences, **rest):
    return Case(name, about, PEOPLE, PEOPLE_CHANGES, options, differences=differences, **rest)


NO_KEY = "tombstone without a key"  # q has none


CASES = [
    case("columns_excluded", "column.exclude.list", {"column.exclude.list": "public.p.(mail|raw),public\\.f\\.name"}, NO_KEY, short=True),
    case("columns_included", "column.include.list, with schemas",
         {"column.include.list": "public.p.(id|name),public.q.*,public.f.(id|a),public.zz_end.*"} | SCHEMAS, NO_KEY),
    case("columns_truncated", "column.truncate.to.N.chars", {"column.truncate.to.5.chars": "public.p.(name|note)",
                                                             "column.truncate.to.1.chars": "public.f.name",
                                                             "column.truncate.to.0.chars": "public.(q.v|p.mail)"}, NO_KEY),
    case("columns_masked", "column.mask.with.N.chars, with schemas", {"column.mask.with.7.chars": "public.p.(name|card)",
                                                                      "column.mask.with.0.chars": "public.q.v"} | SCHEMAS,
         NO_KEY, "masked, but not known"),
    case("columns_hashed", "column.mask.hash.ALGORITHM.with.salt.SALT, and v2",
         {"column.mask.hash.SHA-256.with.salt.CzQMA0cB5K": "public.p.(name|mail)",
          "column.mask.hash.v2.SHA-512.with.salt.pepper": "public.f.name", "column.mask.hash.MD5.with.salt.s": "public.q.v"}, NO_KEY,
         short=True),
    case("message_key", "message.key.columns", {"message.key.columns": "public.p:name,born;public.q:a,b;(.*).f:a"},
         "key that is not known", short=True),
    case("message_key_schemas", "the same with schemas", {"message.key.columns": "public.p:name,born;public.q:a,b;(.*).f:a"} | SCHEMAS,
         "key that is not known"),
    case("skip_unchanged", "skip.messages.without.change, with columns left out",
         {"skip.messages.without.change": "true", "column.exclude.list": "public.f.name,public.q.v"}, NO_KEY),
    case("source_types", "column.propagate.source.type, of masked columns too",
         {"column.propagate.source.type": "public.p..*", "column.mask.with.3.chars": "public.p.card",
          "column.mask.hash.v2.MD5.with.salt.s": "public.p.mail", "column.truncate.to.5.chars": "public.p.name"} | SCHEMAS, NO_KEY,
         "masked, but not known", "hash and type of one column"),
    case("source_types_by_type", "datatype.propagate.source.type", {"datatype.propagate.source.type": ".+\\.VARCHAR,public\\.[pq]\\.int4"} | SCHEMAS,
         NO_KEY, short=True),
]
