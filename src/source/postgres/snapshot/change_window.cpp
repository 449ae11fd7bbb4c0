#include "source/postgres/snapshot/change_window.h"

#include <algorithm>

namespace leat::pg {

namespace {
constexpr size_t row_overhead = 96;  // of a map's node, a string and a vector
}

void append_key_value(std::string_view value, std::string& key) {
    auto length = static_cast<uint32_t>(value.size());
    key.append(reinterpret_cast<const char*>(&length), sizeof length);
    key.append(value);
}

KeyText split_key(std::string_view key) {
    KeyText values;
    FormatCursor from(as_bytes(key));
    while (!from.at_end() && from.ok()) values.emplace_back(from.text(from.u32()));
    LEAT_ASSERT(from.ok());
    return values;
}

void ChangeWindow::add_row(uint32_t table, std::string_view key, uint32_t xid, bool whole) {
    if (bytes_ > bytes_max_) return add_unknown(table, xid);
    auto& rows = tables_[table].rows;
    auto found = rows.find(key);
    if (found == rows.end()) {
        found = rows.emplace(std::string(key), std::vector<Touch>()).first;
        bytes_ += row_overhead + key.size();
    }
    auto& touches = found->second;
    if (touches.empty() || touches.back().xid != xid) {
        touches.push_back({xid, false});
        bytes_ += sizeof(Touch);
    }
    touches.back().whole |= whole;
}

void ChangeWindow::add(std::vector<uint32_t>& transactions, uint32_t xid) {
    if (!transactions.empty() && transactions.back() == xid) return;
    transactions.push_back(xid);
    bytes_ += sizeof xid;
}
void ChangeWindow::add_truncate(uint32_t table, uint32_t xid) { add(tables_[table].truncates, xid); }
void ChangeWindow::add_unknown(uint32_t table, uint32_t xid) { add(tables_[table].unknown, xid); }

ChangeWindow::Changes ChangeWindow::of_table(uint32_t table, const Visibility& seen) const {
    auto found = tables_.find(table);
    if (found == tables_.end()) return Changes::none;
    auto hides = [&](uint32_t xid) { return !seen.shows(xid); };
    const Table& changes = found->second;
    if (std::ranges::any_of(changes.truncates, hides)) return Changes::truncated;
    if (std::ranges::any_of(changes.unknown, hides)) return Changes::unknown;
    for (auto& [key, touches] : changes.rows)
        for (const Touch& touch : touches)
            if (hides(touch.xid)) return Changes::rows;
    return Changes::none;
}

ChangeWindow::Row ChangeWindow::of_row(uint32_t table, std::string_view key, const Visibility& seen) const {
    auto found = tables_.find(table);
    if (found == tables_.end()) return Row::not_changed;
    auto row = found->second.rows.find(key);
    if (row == found->second.rows.end()) return Row::not_changed;
    Row answer = Row::not_changed;
    for (const Touch& touch : row->second) {
        if (seen.shows(touch.xid)) continue;
        // A later change in part leaves what an earlier one brought whole.
        if (touch.whole) return Row::changed;
        answer = Row::changed_in_part;
    }
    return answer;
}

void ChangeWindow::forget(std::span<const Visibility* const> seen) {
    auto shown = [&](uint32_t xid) {
        return std::ranges::all_of(seen, [&](const Visibility* one) { return one->shows(xid); });
    };
    for (auto& [oid, table] : tables_) {
        bytes_ -=
            sizeof(uint32_t) * (std::erase_if(table.truncates, shown) + std::erase_if(table.unknown, shown));
        for (auto row = table.rows.begin(); row != table.rows.end();) {
            auto& touches = row->second;
            bytes_ -= sizeof(Touch) * std::erase_if(touches, [&](const Touch& t) { return shown(t.xid); });
            if (!touches.empty()) {
                ++row;
                continue;
            }
            bytes_ -= row_overhead + row->first.size();
            row = table.rows.erase(row);
        }
    }
}

void ChangeWindow::forget_table(uint32_t table) {
    auto found = tables_.find(table);
    if (found == tables_.end()) return;
    bytes_ -= sizeof(uint32_t) * (found->second.truncates.size() + found->second.unknown.size());
    for (auto& [key, touches] : found->second.rows)
        bytes_ -= row_overhead + key.size() + sizeof(Touch) * touches.size();
    tables_.erase(found);
}

void ChangeWindow::clear() {
    tables_.clear();
    bytes_ = 0;
}

}  // namespace leat::pg
