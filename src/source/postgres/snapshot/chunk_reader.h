// Reads chunks of tables with COPY, straight from the wire into blocks, in a transaction of its own under an
// exported snapshot. Belongs to one thread.
#pragma once

#include "model/block_builder.h"
#include "snapshot/snapshot.h"
#include "source/postgres/server/catalog.h"
#include "source/postgres/server/options.h"
#include "source/postgres/snapshot/copy_binary_row.h"
#include "source/postgres/snapshot/copy_format.h"
#include "source/postgres/snapshot/copy_text_row.h"
#include "source/postgres/wire/frame_stream.h"

namespace leat::pg {

// One table of a snapshot, with what its chunks need.
struct CopyTable {
    std::shared_ptr<const TableSchema> schema;
    std::vector<Storage> storage;
    std::string row_filter;  // SQL; empty: every row
};

class PostgresChunkReader : public ChunkReader {
  public:
    // The tables outlive the reader. snapshot: as pg_export_snapshot names it.
    static Result<std::unique_ptr<PostgresChunkReader>> open(const Options& options,
                                                             const std::string& snapshot,
                                                             const Transaction& transaction,
                                                             const std::vector<CopyTable>& tables,
                                                             std::stop_token stop);

    // Of the snapshot it reads under: every transaction below had ended.
    Result<uint64_t> xmin(std::stop_token stop);
    Result<bool> hold(uint32_t table, std::stop_token stop) override;
    Status read(const Chunk& chunk, const std::function<Status(Block)>& take, std::stop_token stop) override;

  private:
    PostgresChunkReader(Connection connection, const Options& options, const Transaction& transaction,
                        const std::vector<CopyTable>& tables, OddTextCasts odd_casts);
    const CopyFormat& format_of(const TableSchema& schema);
    // False: it was no row but the end of a binary COPY.
    Result<bool> put_message(Bytes message, const TableSchema& schema);
    Status put_row(std::span<const std::optional<std::string_view>> row, const TableSchema& schema);
    Status copy(const std::string& sql, const TableSchema& schema, const std::function<Status(Block)>& take,
                std::stop_token stop);

    Connection connection_;
    const Options& options_;
    const Transaction transaction_;
    const std::vector<CopyTable>& tables_;
    const OddTextCasts odd_casts_;
    std::unordered_map<SchemaId, CopyFormat> formats_;
    const CopyFormat* format_ = nullptr;  // of the chunk that is read
    CopyTextRow text_row_;
    CopyBinaryRow binary_row_;
    FrameStream stream_;
    BlockBuilder builder_;
};

}  // namespace leat::pg
