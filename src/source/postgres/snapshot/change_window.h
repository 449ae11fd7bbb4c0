// What the stream has brought of tables whose snapshot is under way: which rows were changed by which
// transaction. A chunk that was read under a snapshot which does not show a transaction has older rows than
// the stream: those are left out when the chunk is merged into it. Pure; belongs to one thread.
#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "source/postgres/server/position.h"

namespace leat::pg {

// A row's key in one piece: each value with its length.
void append_key_value(std::string_view value, std::string& key);
KeyText split_key(std::string_view key);

class ChangeWindow {
  public:
    // Above bytes_max single rows are no longer told apart: what a transaction changed then is unknown.
    explicit ChangeWindow(size_t bytes_max) : bytes_max_(bytes_max) {}

    // whole: the stream had all of the row's values (or its end), so that none is missing from the log.
    void add_row(uint32_t table, std::string_view key, uint32_t xid, bool whole);
    void add_truncate(uint32_t table, uint32_t xid);
    void add_unknown(uint32_t table, uint32_t xid);

    // What transactions that `seen` does not show did to a table, the strongest first.
    enum class Changes : uint8_t { truncated, unknown, rows, none };
    Changes of_table(uint32_t table, const Visibility& seen) const;
    enum class Row : uint8_t { not_changed, changed, changed_in_part };
    Row of_row(uint32_t table, std::string_view key, const Visibility& seen) const;

    // Forgets what every one of them shows.
    void forget(std::span<const Visibility* const> seen);
    void forget_table(uint32_t table);
    void clear();
    size_t bytes() const { return bytes_; }
    // More transactions than can be remembered: nothing that was read before clear() may be merged.
    bool overrun() const { return bytes_ > 2 * bytes_max_; }

  private:
    struct Touch {
        uint32_t xid;
        bool whole;
    };
    struct Hash {
        using is_transparent = void;
        size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
    };
    struct Table {
        std::unordered_map<std::string, std::vector<Touch>, Hash, std::equal_to<>> rows;
        std::vector<uint32_t> truncates, unknown;
    };
    void add(std::vector<uint32_t>& transactions, uint32_t xid);

    const size_t bytes_max_;
    size_t bytes_ = 0;
    std::unordered_map<uint32_t, Table> tables_;
};

}  // namespace leat::pg
