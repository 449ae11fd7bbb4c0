// Text of a column, as the server sends it in the stream and in COPY, straight into a change block.
// Canonical values: docs/format/block.md. The text is read under the session settings of connection.h
// (datestyle ISO, intervalstyle postgres, UTC, bytea_output hex, lc_monetary C): every value has one form.
//
// Pure and free of state: any thread, one builder each. Scalars take no memory but the block's.
#pragma once

#include <string_view>

#include "model/block_builder.h"
#include "source/column_rules.h"

namespace leat::pg {

// Writes the value of one column of the open tuple. PG_VALUE_MALFORMED names the type and the offset,
// PG_VALUE_UNSUPPORTED a value that the canonical kind cannot hold; neither repeats the value. After an error
// the row is to be taken back with abort_row().
using DecodeFn = Status (*)(std::string_view text, const Type& type, size_t column, BlockBuilder& builder);

// The decoder of one column, made once per table schema: one indirect call per value. Type and mask outlive
// it.
class ColumnDecoder {
  public:
    ColumnDecoder(DecodeFn decode, const Type& type, const ColumnMask* mask = nullptr)
        : decode_(decode), type_(&type), mask_(mask) {}

    Status operator()(std::string_view text, size_t column, BlockBuilder& builder) const {
        if (mask_) [[unlikely]]
            return decode_masked(text, column, builder);
        return decode_(text, *type_, column, builder);
    }
    // NULL, or a value that was not sent: hidden too by a mask that is the same for all values.
    void put_state(ValueState state, size_t column, BlockBuilder& builder) const {
        if (mask_ && mask_->constant()) [[unlikely]]
            builder.set_text(column, *mask_->constant());
        else
            builder.set_state(column, state);
    }

  private:
    Status decode_masked(std::string_view text, size_t column, BlockBuilder& builder) const;

    DecodeFn decode_;
    const Type* type_;
    const ColumnMask* mask_;
};

// The decoder of a column of a table, with its mask (invariant 10): a schema that says its column is masked
// is not to be had without. Schema and rules outlive it.
ColumnDecoder make_column_decoder(const TableSchema& schema, size_t column, const ColumnRules& rules);

// Of a type alone.
ColumnDecoder make_value_decoder(const Type& type);

}  // namespace leat::pg
