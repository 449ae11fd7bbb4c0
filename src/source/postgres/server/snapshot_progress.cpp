#include "source/postgres/server/snapshot_progress.h"

#include <algorithm>
#include <tuple>

namespace leat::pg {

namespace {

constexpr uint8_t flag_cut = 1;

void put_key(const KeyText& key, ByteBuffer& to) {
    to.put(static_cast<uint32_t>(key.size()));
    for (const std::string& value : key) to.put_string(value);
}

KeyText read_key(FormatCursor& from) {
    KeyText key;
    for (uint32_t n = from.u32(); n > 0 && from.ok(); --n) key.emplace_back(from.text(from.u32()));
    return key;
}

}  // namespace

void encode(const TableProgress& progress, ByteBuffer& to) {
    to.put(progress.table);
    to.put(progress.cut ? flag_cut : uint8_t{0});
    to.put_string(progress.condition);
    to.put(static_cast<uint32_t>(progress.left.size()));
    for (const KeyRange& range : progress.left) {
        put_key(range.after, to);
        put_key(range.to, to);
    }
    to.put(static_cast<uint32_t>(progress.again.size()));
    for (const KeyText& key : progress.again) put_key(key, to);
    to.put(progress.pages_xmin);
    to.put(static_cast<uint32_t>(progress.pages.size()));
    for (const PageRun& run : progress.pages) {
        to.put(run.storage);
        to.put(run.file);
        to.put(run.first);
        to.put(run.end);
    }
}

TableProgress decode_progress(FormatCursor& from) {
    TableProgress progress;
    progress.table = from.u32();
    uint8_t flags = from.u8();
    if (flags > flag_cut) from.set_failed();
    progress.cut = flags & flag_cut;
    progress.condition = std::string(from.text(from.u32()));
    for (uint32_t n = from.u32(); n > 0 && from.ok(); --n) {
        KeyRange range;
        range.after = read_key(from);
        range.to = read_key(from);
        progress.left.push_back(std::move(range));
    }
    for (uint32_t n = from.u32(); n > 0 && from.ok(); --n) progress.again.push_back(read_key(from));
    progress.pages_xmin = from.u64();
    for (uint32_t n = from.u32(); n > 0 && from.ok(); --n) {
        PageRun run;
        run.storage = from.u32();
        run.file = from.u32();
        run.first = from.u64();
        run.end = from.u64();
        progress.pages.push_back(run);
    }
    return progress;
}

void add_pages(TableProgress& progress, const PageRun& run) {
    auto& pages = progress.pages;
    auto before = [](const PageRun& a, const PageRun& b) {
        return std::tie(a.storage, a.first) < std::tie(b.storage, b.first);
    };
    auto at = pages.insert(std::upper_bound(pages.begin(), pages.end(), run, before), run);
    auto touches = [](const PageRun& a, const PageRun& b) {
        return a.storage == b.storage && a.file == b.file && a.end == b.first;
    };
    if (auto next = at + 1; next != pages.end() && touches(*at, *next)) {
        at->end = next->end;
        pages.erase(next);
    }
    if (at != pages.begin() && touches(*(at - 1), *at)) {
        (at - 1)->end = at->end;
        pages.erase(at);
    }
}

}  // namespace leat::pg
