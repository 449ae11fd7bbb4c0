// Text of a column, as the server sends it in the stream and in COPY, straight into a change block.
// Canonical values: docs/format/block.md. The text is read under the session settings of connection.h
// (datestyle ISO, intervalstyle postgres, UTC, bytea_output hex, lc_monetary C): every value has one form.
//
// Pure and free of state: any thread, one builder each. Scalars take no memory but the block's.
#pragma once

#include <string_view>

#include "model/block_builder.h"

namespace leat::pg {

// Writes the value of one column of the open tuple. PG_VALUE_MALFORMED names the type and the offset,
// PG_VALUE_UNSUPPORTED a value that the canonical kind cannot hold; neither repeats the value. After an error
// the row is to be taken back with abort_row().
using DecodeFn = Status (*)(std::string_view text, const Type& type, size_t column, BlockBuilder& builder);

// The decoder of one column, made once per table schema: one indirect call per value. The type outlives it.
class ColumnDecoder {
  public:
    ColumnDecoder(DecodeFn decode, const Type& type) : decode_(decode), type_(&type) {}

    Status operator()(std::string_view text, size_t column, BlockBuilder& builder) const {
        return decode_(text, *type_, column, builder);
    }

  private:
    DecodeFn decode_;
    const Type* type_;
};

ColumnDecoder make_column_decoder(const Type& type);

}  // namespace leat::pg
