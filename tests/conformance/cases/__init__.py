"""All cases, by subject."""

from . import columns, envelope, modes, rows, types

ALL = [case for module in (rows, types, envelope, columns, modes) for case in module.CASES]
CASES = [case for case in ALL if not case.waits]

names = [case.name for case in ALL]
assert len(names) == len(set(names)), "two cases have the same name"
