#include "codec/row_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <regex>

#include "codec/default_value.h"
#include "json/json_text.h"

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

std::string member_name(const Column& column, const TableSchema& schema, const DebeziumOptions& options,
                        std::span<const std::string_view> taken) {
    std::string name = adjusted_field_name(column.name, options.field_names);
    if (std::ranges::find(taken, name) == taken.end()) return name;
    do name.insert(0, 1, '_');
    while (schema.column_index(name));
    return name;
}

}  // namespace

RowTable::RowTable(std::shared_ptr<const TableSchema> schema, const DebeziumOptions& options,
                   std::span<const std::string_view> taken)
    : schema_(std::move(schema)), key_(key_columns(*schema_, options)) {
    std::string name = options.topic_prefix;
    if (!schema_->schema.empty()) name += options.topic_delimiter + schema_->schema;
    topic_ = sanitized_topic(name + options.topic_delimiter + schema_->name);
    for (uint32_t i = 0; i < schema_->column_count(); ++i) {
        const Column& column = schema_->columns[i];
        if (!column.key_only) shown_.push_back(i);
        std::string literal = default_json(column, options);
        ColumnWriter writer;
        writer.head = "," + json::quoted(member_name(column, *schema_, options, taken)) + ":";
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
}

void RowTable::make_object(ByteBuffer& to, size_t start) {
    if (to.size() == start)
        to.put_char('{');
    else
        to.data()[start] = '{';
    to.put_char('}');
}

Status RowTable::write_members(const TupleView& row, const TupleView* old, ByteBuffer& to) const {
    for (uint32_t i : shown_) {
        const TupleView* from = &row;
        ValueState state = row.state(i);
        if (state == ValueState::unchanged && old) from = old, state = old->state(i);
        const ColumnWriter& column = columns_[i];
        if (state == ValueState::value) {
            to.put_text(column.head);
            if (Written result = column.value.write(from->bytes(i), to); result != Written::ok) [[unlikely]]
                return value_error(i, result);
        } else if (state == ValueState::null) {
            to.put_text(column.head);
            to.put_text(column.null_json);
        }
    }
    return {};
}

Status RowTable::write_known(const TupleView& row, const TupleView* old, ByteBuffer& to) const {
    size_t start = to.size();
    LEAT_TRY(write_members(row, old, to));
    make_object(to, start);
    return {};
}

Result<bool> RowTable::write_key(const TupleView& row, const TupleView* old, ByteBuffer& to) const {
    if (key_.empty()) return false;
    size_t start = to.size();
    for (uint32_t index : key_) {
        const TupleView* from = &row;
        if (row.state(index) == ValueState::unchanged && old) from = old;
        ValueState state = from->state(index);
        if (state == ValueState::absent || state == ValueState::unchanged) return false;
        to.put_text(columns_[index].head);
        if (state == ValueState::null) {  // an identity index does not have to be of NOT NULL columns
            to.put_text("null");
            continue;
        }
        if (Written result = columns_[index].value.write(from->bytes(index), to); result != Written::ok)
            return value_error(index, result);
    }
    make_object(to, start);
    return true;
}

bool RowTable::same_key(const TupleView& before, const TupleView& after) const {
    return std::all_of(key_.begin(), key_.end(), [&](uint32_t i) {
        if (after.state(i) == ValueState::unchanged) return true;
        if (before.state(i) != after.state(i)) return false;
        if (!before.has_value(i)) return true;
        Bytes old = before.bytes(i), now = after.bytes(i);
        return old.size() == now.size() && std::equal(old.begin(), old.end(), now.begin());
    });
}

bool RowTable::same_row(const TupleView& before, const TupleView& after) const {
    auto same = [&](uint32_t i) {
        if (after.state(i) == ValueState::unchanged) return true;
        if (before.state(i) != after.state(i)) return false;
        return !before.has_value(i) || std::ranges::equal(before.bytes(i), after.bytes(i));
    };
    return std::ranges::all_of(shown_, same) && std::ranges::all_of(key_, same);
}

std::unexpected<Error> RowTable::value_error(size_t column, Written result) const {
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
