// Splits a row of COPY ... TO STDOUT (text format) into its columns. Pure but for its memory; belongs to one
// thread. PostgreSQL documentation, COPY, "Text Format": tabs part the columns, \N is NULL, backslashes
// escape; raw tabs and newlines do not occur inside of values.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/byte_buffer.h"
#include "base/error.h"

namespace leat::pg {

class CopyTextRow {
  public:
    // The row with or without its newline. Other than `columns` columns, or an escape that the server does
    // not write, is PG_VALUE_MALFORMED.
    Status split(std::string_view row, size_t columns);

    // nullopt is NULL. Views into the row, or into this object where a value had an escape: valid until the
    // row's memory goes or split() is called again.
    std::span<const std::optional<std::string_view>> columns() const { return columns_; }
    const std::optional<std::string_view>& operator[](size_t column) const { return columns_[column]; }

  private:
    Status end_column(std::string_view row, size_t start, size_t end, bool escaped);
    std::optional<std::string_view> unescape(std::string_view raw);

    std::vector<std::optional<std::string_view>> columns_;
    ByteBuffer scratch_;
};

}  // namespace leat::pg
