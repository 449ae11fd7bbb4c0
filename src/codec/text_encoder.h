// Changes as lines for a person at a terminal: time, table, operation, key, and what changed. A record's
// value is the line, without its end. Values are escaped: none can act on the terminal.
// Belongs to one thread.
#pragma once

#include <functional>
#include <unordered_map>

#include "codec/column_projection.h"
#include "codec/encoder.h"
#include "codec/text_value.h"

namespace leat {

struct TextOptions {
    bool color = false;
    size_t width = 0;  // columns of the terminal; 0: lines are not shortened
};

class TextEncoder : public Encoder {
  public:
    explicit TextEncoder(TextOptions options, ColumnProjection columns = {})
        : options_(options), projection_(std::move(columns)) {}

    Status begin(const Transaction&, RecordSink&) override { return {}; }
    Status encode(const Change& change, const Transaction& transaction, int64_t captured_at_us,
                  RecordSink& out) override;
    Status commit(const Transaction&, uint64_t, int64_t, RecordSink&) override { return {}; }
    // After the terminal was resized.
    void set_width(size_t width) { options_.width = width; }

  private:
    enum class Style : uint8_t { plain, dim, bold, green, yellow, red, blue, magenta, cyan };

    struct Table {
        std::shared_ptr<const TableSchema> schema;
        const TableSchema* seen = nullptr;
        std::string name;
        std::vector<std::string> columns;  // names, safe to print
        std::vector<TextValue> values;
        std::vector<bool> in_key;
        std::vector<uint32_t> others;  // that are shown, beside the key
    };
    // `name=value`, or `name: old → value` where has_old.
    struct Cell {
        std::string_view name;
        std::string value, old;
        bool has_old = false, key = false;
        bool dim_value = false, dim_old = false;  // NULL, (unchanged)
        size_t name_width = 0, value_width = 0, old_width = 0;
    };

    const Table& table_of(const TableSchema& schema);
    void put_head(int64_t time_us, std::string_view table, Style style, std::string_view op);
    void put_time(int64_t time_us);
    void put_row(const Table& table, const Change& change);
    void put_update(const Table& table, const Change& change);
    Cell& add_cell(const Table& table, size_t column);
    void add_value(const Table& table, const TupleView& row, size_t column);
    bool show(const Table& table, const TupleView& row, size_t column, std::string& to) const;
    void put_message(const Change& change);
    void put_cells();
    size_t cells_width(size_t value_max) const;
    size_t value_max_for(size_t room) const;
    void put_cell(const Cell& cell, size_t value_max);
    void put_value(std::string_view value, bool dim, size_t value_max, Style style);

    void style(Style style);
    void put(std::string_view text);  // plain ASCII of ours, counted
    size_t value_limit() const { return options_.width ? options_.width : SIZE_MAX / 4; }

    TextOptions options_;
    const ColumnProjection projection_;
    std::unordered_map<SchemaId, Table> tables_;
    std::string line_;
    Style style_ = Style::plain;  // that line_ ends in
    size_t columns_ = 0;          // of line_
    size_t table_width_ = 12;
    std::vector<Cell> cells_;
    int64_t clock_second_ = INT64_MIN;  // what clock_ shows
    char clock_[16] = {};
    Record record_;
};

// Writes the values of records as lines.
class LineWriter : public RecordSink {
  public:
    using Flush = std::function<void(ByteBuffer&)>;
    explicit LineWriter(ByteBuffer& to, Flush flush = {}, size_t flush_bytes = 64 << 10)
        : to_(to), flush_(std::move(flush)), flush_bytes_(flush_bytes) {}
    void write(const Record& record) override {
        to_.put_text(record.value.value_or(""));
        to_.put_char('\n');
        if (flush_ && to_.size() >= flush_bytes_) flush_(to_);
    }

  private:
    ByteBuffer& to_;
    Flush flush_;
    size_t flush_bytes_;
};

}  // namespace leat
