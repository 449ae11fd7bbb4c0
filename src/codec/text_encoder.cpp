#include "codec/text_encoder.h"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "codec/temporal.h"
#include "codec/terminal_text.h"

namespace leat {
namespace {

constexpr size_t table_width_max = 28;
constexpr std::string_view unchanged_text = "(unchanged)", null_text = "NULL";

bool same_value(const TupleView& before, const TupleView& after, size_t column) {
    ValueState now = after.state(column);
    if (now == ValueState::unchanged) return true;
    if (before.state(column) != now) return false;
    if (now != ValueState::value) return true;
    Bytes a = before.bytes(column), b = after.bytes(column);
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace

const TextEncoder::Table& TextEncoder::table_of(const TableSchema& schema) {
    Table& table = tables_[schema.id];
    if (table.seen == &schema) return table;
    if (!table.schema || !table.schema->same_shape(schema)) {
        table = Table{};
        table.schema = TableSchema::make(schema);
        put_visible(table.name, schema.schema == "public" ? schema.name : schema.qualified_name());
        for (auto& column : schema.columns) {
            put_visible(table.columns.emplace_back(), column.name);
            table.values.emplace_back(column.type);
        }
        table.in_key.resize(schema.columns.size());
        for (uint32_t i : schema.key) table.in_key[i] = true;
        for (uint32_t i = 0; i < schema.column_count(); ++i)
            if (!table.in_key[i] && projection_.shows(schema, schema.columns[i])) table.others.push_back(i);
    }
    table.seen = &schema;
    return table;
}

Status TextEncoder::encode(const Change& change, const Transaction& transaction, int64_t captured_at_us,
                           RecordSink& out) {
    line_.clear();
    columns_ = 0;
    cells_.clear();
    bool outside = change.op == Op::message && !change.transactional;
    int64_t time_us = outside ? captured_at_us : transaction.commit_time_us;
    bool row_missing = change.op == Op::update ? !change.has_after : !change.has_after && !change.has_before;
    if (change.schema && change.op != Op::truncate && row_missing)
        return fail(ErrorCode::BLOCK_MALFORMED, "a change has no row");
    const Table* table = change.schema ? &table_of(*change.schema) : nullptr;
    std::string_view name = table ? std::string_view(table->name) : "";
    switch (change.op) {
        case Op::create:
            put_head(time_us, name, Style::green, "INSERT");
            put_row(*table, change);
            break;
        case Op::read:
            put_head(time_us, name, Style::blue, "SNAPSHOT");
            put_row(*table, change);
            break;
        case Op::remove:
            put_head(time_us, name, Style::red, "DELETE");
            put_row(*table, change);
            break;
        case Op::update:
            put_head(time_us, name, Style::yellow, "UPDATE");
            put_update(*table, change);
            break;
        case Op::truncate:
            put_head(time_us, name, Style::magenta, "TRUNCATE");
            if (change.truncate_cascade) put("cascade ");
            if (change.truncate_restart_identity) put("restart identity");
            break;
        case Op::message:
            put_head(time_us, name, Style::cyan, "MESSAGE");
            put_message(change);
            break;
    }
    put_cells();
    style(Style::plain);
    while (line_.ends_with(' ')) line_.pop_back();
    record_.topic = name;
    record_.value = line_;
    out.write(record_);
    return {};
}

void TextEncoder::put_time(int64_t time_us) {
    int64_t second = floor_divide(time_us, 1000000);
    if (second != clock_second_) {
        auto at = static_cast<time_t>(second);
        tm local{};
        localtime_r(&at, &local);
        std::strftime(clock_, sizeof clock_, "%H:%M:%S", &local);
        clock_second_ = second;
    }
    put(clock_);
    put(fmt::format(".{:03}", (time_us - second * 1000000) / 1000));
}

// The table's column widens as longer names appear, so that what follows stays in line.
void TextEncoder::put_head(int64_t time_us, std::string_view table, Style op_style, std::string_view op) {
    style(Style::dim);
    put_time(time_us);
    style(Style::plain);
    put("  ");
    size_t width = std::min(visible_columns(table), table_width_max);
    table_width_ = std::max(table_width_, width);
    style(Style::bold);
    put_shortened(line_, table, table_width_max);
    style(Style::plain);
    line_.append(table_width_ - width + 2, ' ');
    columns_ += table_width_ + 2;
    style(op_style);
    put(op);
    style(Style::plain);
    put(std::string_view("          ").substr(op.size()));
}

TextEncoder::Cell& TextEncoder::add_cell(const Table& table, size_t column) {
    Cell& cell = cells_.emplace_back();
    cell.name = table.columns[column];
    cell.key = table.in_key[column];
    return cell;
}

// True: what is shown is not a value of the column.
bool TextEncoder::show(const Table& table, const TupleView& row, size_t column, std::string& to) const {
    switch (row.state(column)) {
        case ValueState::value:
            table.values[column].write(row.bytes(column), value_limit(), to);
            return false;
        case ValueState::null:
            to += null_text;
            return true;
        default:
            to += unchanged_text;
            return true;
    }
}

void TextEncoder::add_value(const Table& table, const TupleView& row, size_t column) {
    if (row.state(column) == ValueState::absent) return;
    Cell& cell = add_cell(table, column);
    cell.dim_value = show(table, row, column, cell.value);
}

void TextEncoder::put_row(const Table& table, const Change& change) {
    const TupleView& row = change.has_after ? change.after : change.before;
    for (uint32_t i : table.schema->key) add_value(table, row, i);
    for (uint32_t i : table.others) add_value(table, row, i);
}

void TextEncoder::put_update(const Table& table, const Change& change) {
    auto changed = [&](size_t i) {
        return change.has_before && change.before.state(i) != ValueState::absent &&
               !same_value(change.before, change.after, i);
    };
    auto add_change = [&](size_t i) {
        Cell& cell = add_cell(table, i);
        cell.has_old = true;
        cell.dim_old = show(table, change.before, i, cell.old);
        cell.dim_value = show(table, change.after, i, cell.value);
    };
    for (uint32_t i : table.schema->key) {
        if (changed(i))
            add_change(i);
        else
            add_value(table, change.after.has_value(i) || !change.has_before ? change.after : change.before,
                      i);
    }
    bool old_known = change.has_before && !change.before_is_key;
    size_t keys = cells_.size();
    for (uint32_t i : table.others) {
        if (changed(i))
            add_change(i);
        else if (!old_known)
            add_value(table, change.after, i);
    }
    bool nothing = old_known && cells_.size() == keys &&
                   std::none_of(cells_.begin(), cells_.end(), [](const Cell& cell) { return cell.has_old; });
    if (!nothing) return;
    Cell& cell = cells_.emplace_back();
    cell.value = "(nothing changed)";
    cell.dim_value = true;
}

void TextEncoder::put_message(const Change& change) {
    std::string prefix;
    put_visible(prefix, change.message_prefix, value_limit());
    style(Style::bold);
    line_ += prefix;
    style(Style::plain);
    line_ += "  ";
    size_t used = visible_columns(prefix) + 2;
    columns_ += used;
    std::string content;
    put_visible(content, as_text(change.message_content), value_limit());
    size_t room = options_.width > columns_ ? options_.width - columns_ : 0;
    put_shortened(line_, content, options_.width ? room : SIZE_MAX);
}

size_t TextEncoder::cells_width(size_t value_max) const {
    size_t total = 0;
    for (auto& cell : cells_) {
        total += cell.name_width ? cell.name_width + 1 : 0;
        total += std::min(cell.value_width, value_max) + 2;
        if (cell.has_old) total += std::min(cell.old_width, value_max) + 4;
    }
    return total ? total - 2 : 0;
}

// The widest that values may be for the cells to fit into room.
size_t TextEncoder::value_max_for(size_t room) const {
    constexpr size_t value_min = 12;
    size_t low = value_min, high = std::max(room, value_min);
    while (low < high) {
        size_t middle = (low + high + 1) / 2;
        if (cells_width(middle) <= room)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

// Where a line is too long its longest values are shortened, all to the same width; where that is not enough,
// its last columns are only counted.
void TextEncoder::put_cells() {
    if (cells_.empty()) return;
    for (auto& cell : cells_) {
        cell.name_width = visible_columns(cell.name);
        cell.value_width = visible_columns(cell.value);
        cell.old_width = visible_columns(cell.old);
    }
    size_t value_max = SIZE_MAX / 4, all = cells_.size();
    size_t room = options_.width > columns_ ? options_.width - columns_ : 0;
    if (options_.width && cells_width(value_max) > room) {
        value_max = value_max_for(room);
        constexpr size_t count_width = 6;  // "  … +9"
        size_t less_room = room > count_width ? room - count_width : 0;
        while (cells_.size() > 1 && cells_width(value_max) > (cells_.size() < all ? less_room : room)) {
            cells_.pop_back();
            value_max = value_max_for(less_room);
        }
    }
    for (auto& cell : cells_) {
        put_cell(cell, value_max);
        line_ += "  ";
    }
    if (cells_.size() == all) return;
    style(Style::dim);
    line_ += fmt::format("… +{}", all - cells_.size());
}

void TextEncoder::put_cell(const Cell& cell, size_t value_max) {
    if (!cell.name.empty()) {
        style(cell.key ? Style::bold : Style::dim);
        line_ += cell.name;
        style(Style::dim);
        line_ += cell.has_old ? ":" : "=";
        style(Style::plain);
    }
    if (cell.has_old) {
        line_ += ' ';
        put_value(cell.old, cell.dim_old, value_max, Style::red);
        style(Style::dim);
        line_ += " → ";
        style(Style::plain);
    }
    Style kind = cell.has_old ? Style::green : cell.key ? Style::bold : Style::plain;
    put_value(cell.value, cell.dim_value, value_max, kind);
}

void TextEncoder::put_value(std::string_view value, bool dim, size_t value_max, Style kind) {
    style(dim ? Style::dim : kind);
    put_shortened(line_, value, value_max);
    style(Style::plain);
}

void TextEncoder::style(Style style) {
    if (!options_.color || style == style_) return;
    static constexpr std::string_view codes[] = {"",         "\x1b[2m",  "\x1b[1m",  "\x1b[32m", "\x1b[33m",
                                                 "\x1b[31m", "\x1b[34m", "\x1b[35m", "\x1b[36m"};
    if (style_ != Style::plain) line_ += "\x1b[0m";
    line_ += codes[static_cast<size_t>(style)];
    style_ = style;
}

void TextEncoder::put(std::string_view text) {
    line_ += text;
    columns_ += text.size();
}

}  // namespace leat
