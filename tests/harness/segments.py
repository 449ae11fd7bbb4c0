"""Reads just enough of docs/format/segment.md and block.md to know where blocks and units lie in a file."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

SEGMENT_MAGIC, BLOCK_MAGIC = 0x3147534C, 0x314B424C
UNIT_BEGIN, UNIT_END, CATALOG = 1, 2, 16


@dataclass(frozen=True)
class Block:
    offset: int
    length: int
    flags: int
    first_seq: int
    unit: int
    changes: int

    @property
    def end(self):
        return self.offset + self.length


def segments(data, source="shop"):
    return sorted((Path(data) / "sources" / source).glob("*.seg"))


def blocks(path):
    data = Path(path).read_bytes()
    magic, length = struct.unpack_from("<II", data)
    assert magic == SEGMENT_MAGIC, path
    found, offset = [], length
    while offset < len(data):
        magic, length = struct.unpack_from("<II", data, offset)
        if magic == 0 and not data[offset:].strip(b"\0"):
            break  # written beforehand, for what comes next
        assert magic == BLOCK_MAGIC, f"{path} at {offset}"
        flags, = struct.unpack_from("<H", data, offset + 14)
        first_seq, unit, changes = struct.unpack_from("<QQI", data, offset + 16)
        found.append(Block(offset, length, flags, first_seq, unit, changes))
        offset += length
    return found


def last_unit_with_changes(path):
    """(first block, last block) of the last unit that changes something."""
    found = [b for b in blocks(path) if not b.flags & CATALOG]
    unit = max(b.unit for b in found if b.changes)
    of_unit = [b for b in found if b.unit == unit]
    return of_unit[0], of_unit[-1]
