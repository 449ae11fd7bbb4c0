#include "source/postgres/snapshot/chunk_planner.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace leat::pg {

namespace {
constexpr uint64_t page_bytes = 8192;
constexpr uint64_t chunk_pages_max = (64 << 20) / page_bytes;
constexpr uint64_t chunk_pages_min = (4 << 20) / page_bytes;
constexpr uint64_t chunks_per_reader =
    4;  // so that the last chunk leaves the other readers idle for a short time only
constexpr uint64_t step_bytes_max = 64 << 20;
constexpr size_t step_tables_max = 200;

uint64_t parse_number(std::string_view text) {
    uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}
}  // namespace

PageRange page_range(const Chunk& chunk) {
    auto parts = split(chunk.from, ':');
    PageRange range;
    range.storage = static_cast<uint32_t>(parse_number(parts[0]));
    range.first = parts.size() > 1 ? parse_number(parts[1]) : 0;
    range.last = parse_number(chunk.to);
    return range;
}

std::vector<Chunk> plan_chunks(uint32_t table, const std::vector<Storage>& storage, uint64_t rows_estimate,
                               uint32_t readers, bool can_split) {
    uint64_t pages = 0;
    for (const Storage& part : storage) pages += part.pages;
    uint64_t chunk_pages =
        std::clamp(pages / (readers * chunks_per_reader), chunk_pages_min, chunk_pages_max);
    std::vector<Chunk> chunks;
    for (uint32_t i = 0; i < storage.size(); ++i) {
        uint64_t left = storage[i].pages;
        bool split_it = can_split && storage[i].heap;
        for (uint64_t first = 0;; first += chunk_pages) {
            // The last one is open: pages added since it was measured are read too.
            bool last = !split_it || left <= chunk_pages + chunk_pages / 2;
            uint64_t here = last ? left : chunk_pages;
            Chunk chunk;
            chunk.table = table;
            chunk.from = fmt::format("{}:{}", i, first);
            chunk.to = last ? "" : std::to_string(first + chunk_pages);
            chunk.rows_estimate = pages ? rows_estimate * here / pages : 0;
            chunks.push_back(std::move(chunk));
            if (last) break;
            left -= chunk_pages;
        }
    }
    return chunks;
}

uint32_t file_of(const Storage& storage) { return static_cast<uint32_t>(parse_number(storage.version)); }

std::vector<SnapshotStep> plan_steps(std::vector<std::vector<Chunk>> chunks_by_table,
                                     const std::vector<uint64_t>& bytes_by_table,
                                     const std::vector<bool>& divisible) {
    std::vector<SnapshotStep> steps;
    uint64_t bytes = 0;
    auto add = [&](uint32_t table) {
        bool fits = !steps.empty() && steps.back().divisible == divisible[table] &&
                    bytes + bytes_by_table[table] <= step_bytes_max &&
                    steps.back().tables.size() < step_tables_max;
        if (!fits) {
            steps.emplace_back().divisible = divisible[table];
            bytes = 0;
        }
        bytes += bytes_by_table[table];
        steps.back().tables.push_back(table);
        for (Chunk& chunk : chunks_by_table[table]) steps.back().chunks.push_back(std::move(chunk));
    };
    for (bool wanted : {true, false})
        for (uint32_t table = 0; table < chunks_by_table.size(); ++table)
            if (divisible[table] == wanted) add(table);
    return steps;
}

}  // namespace leat::pg
