// How the rows of one table are asked for by COPY, and read. Binary where every column has a binary form that
// Leat reads, or an output as text that a cast gives unchanged; else text. docs/adr/0006.
#pragma once

#include <unordered_set>

#include "source/postgres/values/value_decoder.h"

namespace leat::pg {

struct CopyFormat {
    bool binary = false;
    std::string columns;                  // what to select, or the column list of a whole table
    bool plain = true;                    // columns are names alone
    std::vector<ColumnDecoder> decoders;  // by column; they refer to the schema's types
    // Where the text of the key's columns stands in a row, if it was asked for: among the columns, or behind
    // them.
    std::vector<size_t> keys;
    size_t row_columns = 0;  // the columns, and what stands behind them
};
enum class KeyTexts : uint8_t { none, as_text };

// Types whose cast to text is not their output function: of pg_cast, by OID.
using OddTextCasts = std::unordered_set<uint64_t>;
inline constexpr std::string_view odd_text_casts_query =
    "SELECT castsource::pg_catalog.int8 FROM pg_catalog.pg_cast "
    "WHERE casttarget = 'pg_catalog.text'::pg_catalog.regtype AND castmethod <> 'i'";

// What is masked is masked while it is read (invariant 10). The rules outlive the format.
CopyFormat make_copy_format(const TableSchema& schema, const OddTextCasts& odd_casts,
                            const ColumnRules& rules, KeyTexts keys = KeyTexts::none);

}  // namespace leat::pg
