// Reads chunks of tables with COPY, straight from the wire into blocks, in a transaction of its own under an
// exported snapshot. Belongs to one thread.
#pragma once

#include <atomic>

#include "model/block_builder.h"
#include "snapshot/snapshot.h"
#include "source/postgres/server/catalog.h"
#include "source/postgres/server/options.h"
#include "source/postgres/snapshot/copy_rows.h"

namespace leat::pg {

// One table of a snapshot, with what its chunks need.
struct CopyTable {
    std::shared_ptr<const TableSchema> schema;
    std::vector<Storage> storage;
    std::string row_filter;   // SQL; empty: every row
    std::string select = {};  // a SELECT that reads it instead
    // Of a condition that somebody asked for: set where it is found that it cannot be carried out.
    std::atomic<bool>* refused = nullptr;
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

    Connection connection_;
    const Options& options_;
    const Transaction transaction_;
    const std::vector<CopyTable>& tables_;
    const OddTextCasts odd_casts_;
    std::unordered_map<SchemaId, CopyFormat> formats_;
    CopyRows rows_;
};

}  // namespace leat::pg
