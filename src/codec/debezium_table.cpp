#include "codec/debezium_table.h"

#include "codec/connect_schema.h"

namespace leat {

DebeziumTable::DebeziumTable(std::shared_ptr<const TableSchema> schema, const DebeziumOptions& options,
                             const SourceInfoWriter& source)
    : RowTable(std::move(schema), options),
      collection_(source.collection(*schema_)),
      source_pieces_(source.compile(schema_.get(), options.database)) {
    std::string key_head =
        "{\"schema\":" + row_schema(*schema_, key_, topic_ + ".Key", false, "", options) + ",\"payload\":";
    if (options.header_schemas) header_head_ = key_head;
    if (options.key_schemas) key_head_ = key_head;
    if (options.schemas_enable)
        value_head_ = "{\"schema\":" + envelope_schema(*schema_, topic_, source.connect_schema(), options) +
                      ",\"payload\":";
}

Status DebeziumTable::write_row(const TupleView& row, const TupleView* old, ByteBuffer& to) const {
    size_t start = to.size();
    for (uint32_t i : shown_) {
        const ColumnWriter& column = columns_[i];
        to.put_text(column.head);
        ValueState state = row.state(i);
        const TupleView* from = &row;
        if (state == ValueState::unchanged && old && old->state(i) != ValueState::absent)
            from = old, state = old->state(i);
        switch (state) {
            case ValueState::value:
                if (Written result = column.value.write(from->bytes(i), to); result != Written::ok)
                    [[unlikely]]
                    return value_error(i, result);
                break;
            case ValueState::null:
                to.put_text(column.null_json);
                break;
            case ValueState::unchanged:
                to.put_text(column.value.unavailable);
                break;
            case ValueState::absent:
                to.put_text(column.absent_json);
                break;
        }
    }
    make_object(to, start);
    return {};
}

}  // namespace leat
