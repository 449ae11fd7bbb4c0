// The identifiers that cross module boundaries.
#pragma once

#include "base/strong_id.h"

namespace leat {

// Number of a change in one source's log, from 1, without holes.
using Seq = StrongId<struct SeqTag, uint64_t>;
// Number of a unit in one source's log, from 1 (docs/format/block.md).
using UnitId = StrongId<struct UnitTag, uint64_t>;
// A version of a table's schema, unique within a source.
using SchemaId = StrongId<struct SchemaTag, uint32_t>;
// A table as its source numbers it (PostgreSQL: the OID).
using TableId = StrongId<struct TableTag, uint64_t>;
// A transaction as its source numbers it.
using TransactionId = StrongId<struct TransactionTag, uint64_t>;
// A place in the source's own log that orders changes (PostgreSQL: an LSN).
using SourceOffset = StrongId<struct SourceOffsetTag, uint64_t>;

}  // namespace leat
