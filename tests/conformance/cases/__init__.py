"""All cases, by subject."""

from . import columns, envelope, modes, rows, types

CASES = [case for module in (rows, types, envelope, columns, modes) for case in module.CASES]

names = [case.name for case in CASES]
assert len(names) == len(set(names)), "two cases have the same name"
