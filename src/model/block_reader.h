// Reads what a block says, in order and in place. Format: docs/format/block.md.
#pragma once

#include <unordered_map>
#include <vector>

#include "model/block.h"
#include "model/change.h"

namespace leat {

// The schemas that stand in a block, in their order.
Result<std::vector<std::shared_ptr<const TableSchema>>> schemas_of(const Block& block);

// The schemas a reader has met so far, by id. Keep one per source and reader: a block may refer to a schema
// that stands in an earlier one. Belongs to one thread.
class SchemaSet {
  public:
    const TableSchema* find(SchemaId id) const {
        auto found = schemas_.find(id);
        return found == schemas_.end() ? nullptr : found->second.get();
    }
    void add(std::shared_ptr<const TableSchema> schema) {
        schemas_.insert_or_assign(schema->id, std::move(schema));
    }
    const std::unordered_map<SchemaId, std::shared_ptr<const TableSchema>>& all() const { return schemas_; }
    // Takes the schemas of a block and nothing else: for passing over blocks.
    Status add_from(const Block& block);

  private:
    std::unordered_map<SchemaId, std::shared_ptr<const TableSchema>> schemas_;
};

// The block and the set outlive the reader; views it gives are valid as long as the block and the set's
// schemas.
class BlockReader {
  public:
    enum class Item { end_of_block, schema, begin, change, commit };

    BlockReader(const Block& block, SchemaSet& schemas);

    // Goes to the next item. Bytes that do not follow the format are BLOCK_MALFORMED with their offset.
    Result<Item> next();

    const TableSchema& schema() const { return *schema_; }  // after Item::schema
    const Transaction& transaction() const {
        return transaction_;
    }  // since Item::begin; see in_transaction()
    bool in_transaction() const { return in_transaction_; }
    bool continued() const { return continued_; }     // the transaction began in an earlier block
    const Change& change() const { return change_; }  // after Item::change
    uint64_t transaction_changes() const { return transaction_changes_; }  // after Item::commit
    SourceOffset transaction_end() const { return transaction_end_; }      // after Item::commit

  private:
    Result<Item> read_record(uint8_t type, uint8_t flags, uint16_t op, Bytes body);
    Status read_transaction(uint8_t flags, Bytes body);
    Status read_row(uint8_t flags, uint16_t op, Bytes body);
    Status read_tuple(FormatCursor& from, TupleView& tuple);
    Status read_truncate(uint8_t flags, Bytes body);
    Status read_message(uint8_t flags, Bytes body);
    Status find_schema(SchemaId id);
    void count_change();

    SchemaSet& schemas_;
    FormatCursor cursor_;
    Seq next_seq_;
    uint64_t next_index_ = 0;
    const TableSchema* schema_ = nullptr;
    Transaction transaction_;
    bool in_transaction_ = false, continued_ = false;
    Change change_;
    uint64_t transaction_changes_ = 0;
    SourceOffset transaction_end_;
};

}  // namespace leat
