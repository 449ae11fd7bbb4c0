// Reads rows with COPY, straight from the wire into change blocks. Belongs to one thread.
#pragma once

#include <functional>

#include "model/block_builder.h"
#include "source/postgres/server/options.h"
#include "source/postgres/snapshot/copy_text_row.h"
#include "source/postgres/values/value_decoder.h"
#include "source/postgres/wire/frame_stream.h"

namespace leat::pg {

class CopyRows {
  public:
    struct Request {
        std::string sql;
        const TableSchema& schema;
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
    Status put_row(Bytes row, const Request& request);
    Status hand_on(const Request& request, const Take& take);

    const Options& options_;
    std::unordered_map<SchemaId, std::vector<ColumnDecoder>> decoders_;
    const std::vector<ColumnDecoder>* columns_ = nullptr;
    CopyTextRow row_;
    std::string key_;
    FrameStream stream_;
    BlockBuilder builder_;
};

// The columns of a schema, as they stand in a SELECT.
std::string column_list(const TableSchema& schema);

}  // namespace leat::pg
