// Splits the messages of COPY ... TO STDOUT (FORMAT binary) into rows and columns. Pure but for its memory;
// belongs to one thread. PostgreSQL documentation, COPY, "Binary Format": a signature and a header stand
// before the first row, each row begins with its number of columns, -1 stands after the last row.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/byte_cursor.h"
#include "base/error.h"

namespace leat::pg {

class CopyBinaryRow {
  public:
    // A new COPY begins: its first message has the header.
    void begin() { header_passed_ = false; }

    // True: columns() are those of a row. False: the end. What does not follow the format, or has other than
    // `columns` columns, is PG_VALUE_MALFORMED.
    Result<bool> split(Bytes message, size_t columns);

    // nullopt is NULL. Views into the message.
    std::span<const std::optional<std::string_view>> columns() const { return columns_; }

  private:
    std::vector<std::optional<std::string_view>> columns_;
    bool header_passed_ = false;
};

}  // namespace leat::pg
