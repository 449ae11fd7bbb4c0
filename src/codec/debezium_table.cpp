#include "codec/debezium_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <regex>

#include "codec/connect_schema.h"
#include "codec/default_value.h"
#include "codec/json_text.h"

namespace leat {

std::string sanitized_topic(std::string_view name) {
    std::string topic;
    for (char c : name) {
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                    c == '_' || c == '-';
        auto byte = static_cast<uint8_t>(c);
        if (fits)
            topic += c;
        else if (byte < 0x80 || byte >= 0xc0)  // one for each character, two for what Java has as two
            topic.append(byte >= 0xf0 ? 2 : 1, '_');
    }
    return topic;
}

namespace {

// The columns that message.key.columns names for the table, in the order of its patterns; else the key that
// the table has.
std::vector<uint32_t> key_columns(const TableSchema& schema, const DebeziumOptions& options) {
    std::vector<uint32_t> key;
    for (const std::string& pattern : options.message_key_columns) {
        std::regex regex(pattern, std::regex::ECMAScript | std::regex::icase);
        for (uint32_t i = 0; i < schema.column_count(); ++i) {
            std::string name = schema.qualified_name() + "." + schema.columns[i].name;
            bool known = std::find(key.begin(), key.end(), i) != key.end();
            if (!known && std::regex_match(name, regex)) key.push_back(i);
        }
    }
    return key.empty() ? schema.key : key;
}

}  // namespace

DebeziumTable::DebeziumTable(std::shared_ptr<const TableSchema> schema, const DebeziumOptions& options,
                             const SourceInfoWriter& source)
    : schema_(std::move(schema)) {
    std::string name = options.topic_prefix;
    if (!schema_->schema.empty()) name += options.topic_delimiter + schema_->schema;
    topic_ = sanitized_topic(name + options.topic_delimiter + schema_->name);
    collection_ = source.collection(*schema_);
    source_pieces_ = source.compile(schema_.get(), options.database);
    bool first_column = true;
    for (auto& column : schema_->columns) {
        std::string literal = default_json(column, options);
        ColumnWriter writer;
        if (!column.key_only) {
            writer.head = (first_column ? "" : ",") +
                          json::quoted(adjusted_field_name(column.name, options.field_names)) + ":";
            first_column = false;
        }
        writer.value = compile_value(column.type, options);
        bool replace = options.replace_null_with_default && !literal.empty();
        writer.null_json = replace ? literal : "null";
        // A schema that says "not optional" forbids null: there, as Debezium, a value that means nothing.
        bool fill = !column.nullable && (options.schemas_enable || options.replace_null_with_default);
        writer.absent_json = !fill              ? writer.null_json
                             : !literal.empty() ? literal
                                                : fallback_json(column.type, options);
        columns_.push_back(std::move(writer));
    }
    key_ = key_columns(*schema_, options);
    bool first = true;
    for (uint32_t index : key_) {
        columns_[index].key_head =
            (first ? "" : ",") +
            json::quoted(adjusted_field_name(schema_->columns[index].name, options.field_names)) + ":";
        first = false;
    }
    std::string key_head =
        "{\"schema\":" + row_schema(*schema_, key_, topic_ + ".Key", false, "", options) + ",\"payload\":";
    if (options.header_schemas) header_head_ = key_head;
    if (options.key_schemas) key_head_ = key_head;
    if (options.schemas_enable)
        value_head_ = "{\"schema\":" + envelope_schema(*schema_, topic_, source.connect_schema(), options) +
                      ",\"payload\":";
}

Status DebeziumTable::write_row(const TupleView& row, const TupleView* old, ByteBuffer& to) const {
    to.put_char('{');
    for (size_t i = 0; i < columns_.size(); ++i) {
        const ColumnWriter& column = columns_[i];
        if (column.head.empty()) [[unlikely]]
            continue;  // it is in the key alone
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
    to.put_char('}');
    return {};
}

Result<bool> DebeziumTable::write_key(const TupleView& row, const TupleView* old, ByteBuffer& to) const {
    if (key_.empty()) return false;
    to.put_char('{');
    for (uint32_t index : key_) {
        const TupleView* from = &row;
        if (row.state(index) == ValueState::unchanged && old) from = old;
        ValueState state = from->state(index);
        if (state == ValueState::absent || state == ValueState::unchanged) return false;
        to.put_text(columns_[index].key_head);
        if (state == ValueState::null) {  // an identity index does not have to be of NOT NULL columns
            to.put_text("null");
            continue;
        }
        if (Written result = columns_[index].value.write(from->bytes(index), to); result != Written::ok)
            return value_error(index, result);
    }
    to.put_char('}');
    return true;
}

bool DebeziumTable::same_key(const TupleView& before, const TupleView& after) const {
    return std::all_of(key_.begin(), key_.end(), [&](uint32_t i) {
        if (after.state(i) == ValueState::unchanged) return true;
        if (before.state(i) != after.state(i)) return false;
        if (!before.has_value(i)) return true;
        Bytes old = before.bytes(i), now = after.bytes(i);
        return old.size() == now.size() && std::equal(old.begin(), old.end(), now.begin());
    });
}

bool DebeziumTable::same_row(const TupleView& before, const TupleView& after) const {
    for (size_t i = 0; i < columns_.size(); ++i) {
        if (after.state(i) == ValueState::unchanged) continue;
        if (before.state(i) != after.state(i)) return false;
        if (before.has_value(i) && !std::ranges::equal(before.bytes(i), after.bytes(i))) return false;
    }
    return true;
}

std::unexpected<Error> DebeziumTable::value_error(size_t column, Written result) const {
    const std::string& name = schema_->columns[column].name;
    if (result == Written::malformed)
        return fail(ErrorCode::BLOCK_MALFORMED,
                    fmt::format("value of column {} of table {} is not of its type", name,
                                schema_->qualified_name()));
    return fail(
        ErrorCode::PG_VALUE_UNSUPPORTED,
        fmt::format("a value of column {} of table {} cannot be represented in the chosen way; "
                    "nothing after it was passed on",
                    name, schema_->qualified_name()),
        fmt::format("set {}, which represents every value of this type", columns_[column].value.remedy));
}

}  // namespace leat
