#include "cli/text_table.h"

#include <algorithm>

namespace leat::cli {

namespace {

// Characters, not bytes; what is wide in a terminal counts as one.
size_t width(const std::string& text) {
    return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

TextTable::TextTable(std::vector<std::string> columns) {
    for (std::string& name : columns) {
        right_.push_back(name.starts_with('>'));
        columns_.push_back(right_.back() ? name.substr(1) : std::move(name));
    }
}

void TextTable::add(std::vector<std::string> row) {
    row.resize(columns_.size());
    rows_.push_back(std::move(row));
}

std::string TextTable::render() const {
    std::vector<size_t> widths;
    for (size_t i = 0; i < columns_.size(); ++i) {
        size_t widest = width(columns_[i]);
        for (auto& row : rows_) widest = std::max(widest, width(row[i]));
        widths.push_back(widest);
    }
    std::string out;
    auto put = [&](const std::vector<std::string>& row) {
        std::string line;
        for (size_t i = 0; i < row.size(); ++i) {
            std::string padding(widths[i] - width(row[i]), ' ');
            if (i) line += "  ";
            line += right_[i] ? padding + row[i] : row[i] + padding;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    };
    put(columns_);
    for (auto& row : rows_) put(row);
    return out;
}

}  // namespace leat::cli
