// How many changes of each table a source has captured, for metrics. The capture thread adds; any thread may
// ask. Bounded: tables beyond the first thousand are counted together.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/block_reader.h"

namespace leat {

class TableCounts {
  public:
    struct Count {
        std::string table;  // schema.table; "" of messages, which belong to none; "(others)" beyond the bound
        Op op;
        uint64_t changes = 0;
    };
    static constexpr size_t tables_max = 1000;

    void learn(const std::vector<std::shared_ptr<const TableSchema>>& schemas);
    // What the block's tally says; nothing of one that has none.
    void add(const Block& block);
    std::vector<Count> counts() const;

  private:
    size_t index_of(SchemaId schema);

    static constexpr Op ops[] = {Op::create, Op::update, Op::remove, Op::read, Op::truncate, Op::message};
    struct Table {
        std::string name;
        uint64_t changes[std::size(ops)] = {};
    };
    SchemaSet schemas_;  // of the capture thread alone, as the two that follow
    std::unordered_map<SchemaId, size_t> by_schema_;
    std::map<std::string, size_t> by_name_;
    mutable std::mutex mutex_;
    std::vector<Table> tables_;
};

}  // namespace leat
