// What an encoder has compiled per table schema. Belongs to the encoder, and its thread.
#pragma once

#include <memory>
#include <unordered_map>

#include "model/schema.h"

namespace leat {

template <class Table>
class TableCache {
  public:
    // make(schema) → unique_ptr<Table>; the schema it gets is a copy that stays.
    template <class Make>
    Table& get(const TableSchema& schema, const Make& make) {
        if (last_ && last_->seen == &schema && last_id_ == schema.id) return *last_->table;
        Known& known = tables_[schema.id];
        last_ = &known;
        last_id_ = schema.id;
        if (known.seen == &schema) return *known.table;
        // A reader may hold another object of the same schema; only another shape is compiled anew. The copy
        // is kept because the caller's object may go.
        if (!known.table || !known.schema->same_shape(schema)) {
            known.schema = TableSchema::make(schema);
            known.table = make(known.schema);
        }
        known.seen = &schema;
        return *known.table;
    }

  private:
    struct Known {
        const TableSchema* seen = nullptr;  // the object the table was last asked for with
        std::shared_ptr<const TableSchema> schema;
        std::unique_ptr<Table> table;
    };
    std::unordered_map<SchemaId, Known> tables_;
    Known* last_ = nullptr;  // rows of one table mostly follow one another
    SchemaId last_id_;
};

}  // namespace leat
