// For the filter's tests and its fuzz target: a row of any types, as a change of a table.
#pragma once

#include <functional>

#include "filter/condition.h"
#include "model/block_builder.h"
#include "model/block_reader.h"

namespace leat::test {

struct Cell {
    Column column;
    std::function<void(BlockBuilder&, size_t)> set;
};

inline Cell cell(std::string name, Kind kind, std::string native,
                 std::function<void(BlockBuilder&, size_t)> set) {
    Cell made;
    made.column.name = std::move(name);
    made.column.type.kind = kind;
    made.column.type.native_name = std::move(native);
    made.set = std::move(set);
    return made;
}
inline Cell text_cell(std::string name, std::string value, Kind kind = Kind::text,
                      std::string native = "text") {
    return cell(std::move(name), kind, std::move(native),
                [value](BlockBuilder& b, size_t i) { b.set_text(i, value); });
}
template <class T>
Cell fixed_cell(std::string name, Kind kind, std::string native, T value) {
    return cell(std::move(name), kind, std::move(native),
                [value](BlockBuilder& b, size_t i) { b.set_fixed<T>(i, value); });
}
inline Cell state_cell(std::string name, ValueState state, Kind kind = Kind::text,
                       std::string native = "text") {
    return cell(std::move(name), kind, std::move(native),
                [state](BlockBuilder& b, size_t i) { b.set_state(i, state); });
}
inline Cell identity(Cell made) {
    made.column.identity = true;
    return made;
}

// One change and what it is a view of.
class OneChange {
  public:
    OneChange(Op op, const std::vector<Cell>* before, bool before_is_key, const std::vector<Cell>* after) {
        TableDefinition d;
        d.id = SchemaId(1);
        d.table = TableId(16384);
        d.database = "shop", d.schema = "public", d.name = "orders";
        d.replica_identity = 'd';
        for (const Cell& one : after ? *after : *before) d.columns.push_back(one.column);
        schema_ = TableSchema::make(std::move(d));
        BlockBuilder builder;
        builder.add_schema(*schema_);
        builder.begin_transaction(Transaction{}, 0);
        if (op == Op::truncate) {
            builder.add_truncate(*schema_, SourceOffset(1), false, false);
        } else {
            builder.begin_row(op, *schema_, SourceOffset(1));
            if (before) {
                builder.begin_before(before_is_key);
                fill(builder, *before);
            }
            if (after) {
                builder.begin_after();
                fill(builder, *after);
            }
            builder.end_row();
        }
        builder.end_transaction(1, SourceOffset(2));
        block_.emplace(builder.finish(BlockFlag::unit_begin | BlockFlag::unit_end, "P"));
        block_->seal(Seq(1), UnitId(1));
        reader_.emplace(*block_, schemas_);
        while (*reader_->next() != BlockReader::Item::change) {
        }
    }
    const Change& change() const { return reader_->change(); }
    const TableSchema& schema() const { return *reader_->change().schema; }

  private:
    static void fill(BlockBuilder& builder, const std::vector<Cell>& cells) {
        for (size_t i = 0; i < cells.size(); ++i) cells[i].set(builder, i);
        builder.end_tuple();
    }
    std::shared_ptr<const TableSchema> schema_;
    SchemaSet schemas_;
    std::optional<Block> block_;
    std::optional<BlockReader> reader_;
};

}  // namespace leat::test
