// How far the snapshot of a table is, as it stands in the position (docs/adr/0008).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/byte_buffer.h"

namespace leat::pg {

// The values of a row's key as the server writes them, in key order.
using KeyText = std::vector<std::string>;

// The rows with after < key <= to, in the order of the key's types and collations. Empty: open at that end.
struct KeyRange {
    KeyText after, to;
    bool operator==(const KeyRange&) const = default;
};

// Pages [first, end) of a file, whose rows the log has. end 0: to the end of the file.
struct PageRun {
    uint32_t storage = 0;  // OID of the table or leaf partition
    uint32_t file = 0;     // its file: a rewrite or TRUNCATE gives it another
    uint64_t first = 0, end = 0;
    bool operator==(const PageRun&) const = default;
};

// A table whose snapshot is not complete.
struct TableProgress {
    uint32_t table = 0;          // OID
    std::string condition;       // SQL; only these rows are read. Empty: all
    bool cut = false;            // false: all of it is left to be read, and its last key is not known yet
    std::vector<KeyRange> left;  // what is left to be read, in the key's order
    std::vector<KeyText> again;  // rows that are to be read (again) whatever their place

    // What was read by pages under the snapshot of the initial attempt. All rows in them were committed
    // before pages_xmin, or had been read if they were changed later.
    uint64_t pages_xmin = 0;
    std::vector<PageRun> pages;

    bool operator==(const TableProgress&) const = default;
};

void encode(const TableProgress& progress, ByteBuffer& to);
// What is malformed marks the cursor as failed.
TableProgress decode_progress(FormatCursor& from);

// Adds pages to those that were read; neighbours become one.
void add_pages(TableProgress& progress, const PageRun& run);

}  // namespace leat::pg
