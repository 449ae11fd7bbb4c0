// Reads rows with COPY, straight from the wire into change blocks. Belongs to one thread.
#pragma once

#include <functional>

#include "model/block_builder.h"
#include "source/postgres/server/options.h"
#include "source/postgres/snapshot/copy_binary_row.h"
#include "source/postgres/snapshot/copy_format.h"
#include "source/postgres/snapshot/copy_text_row.h"
#include "source/postgres/wire/frame_stream.h"

namespace leat::pg {

class CopyRows {
  public:
    struct Request {
        std::string sql;  // gives format.columns; WITH copy_options(format)
        const TableSchema& schema;
        const CopyFormat& format;
        const Transaction& transaction;
        SnapshotPlace place = SnapshotPlace::inside;
        ByteBuffer* keys = nullptr;   // gets each row's key: u32 length, bytes of append_key_value()
        size_t bytes_max = SIZE_MAX;  // ends after the row that reaches it
    };
    using Take = std::function<Status(Block)>;

    // Both outlive it. The connection is used for nothing else while copy() runs.
    CopyRows(Connection& connection, const Options& options);

    // Hands blocks without unit flags to `take` as they fill. False: it ended at bytes_max, and the
    // connection cannot be used any more.
    Result<bool> copy(const Request& request, const Take& take, std::stop_token stop);

  private:
    using Row = std::span<const std::optional<std::string_view>>;

    Status put_message(Bytes message, const Request& request);
    Status put_row(Row row, const Request& request);
    Status hand_on(const Request& request, const Take& take);

    const Options& options_;
    CopyTextRow text_row_;
    CopyBinaryRow binary_row_;
    std::string key_;
    FrameStream stream_;
    BlockBuilder builder_;
};

// The options of a COPY TO STDOUT of that format, with a space before them.
inline std::string_view copy_options(const CopyFormat& format) {
    return format.binary ? " WITH (FORMAT binary)" : "";
}
// "SELECT castsource …": the types that make_copy_format() has to know of.
Result<OddTextCasts> find_odd_text_casts(Connection& connection, std::stop_token stop);

// The columns of a schema, as they stand in a SELECT.
std::string column_list(const TableSchema& schema);

}  // namespace leat::pg
