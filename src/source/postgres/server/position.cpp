#include "source/postgres/server/position.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace leat::pg {

namespace {
// 2 added publications, 3 unfinished tables, 4 prepared, 5 committed
constexpr uint8_t position_version = 5;

bool parse_number(std::string_view text, uint64_t& value) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}
}  // namespace

Result<Visibility> Visibility::parse(std::string_view text, Lsn wal_end) {
    Visibility v;
    v.wal_end = wal_end;
    auto parts = split(text, ':');
    bool good = parts.size() == 3 && parse_number(parts[0], v.xmin) && parse_number(parts[1], v.xmax);
    if (good && !parts[2].empty())
        for (auto part : split(parts[2], ',')) {
            uint64_t id = 0;
            good = good && parse_number(part, id);
            v.in_progress.push_back(id);
        }
    if (!good) return fail(ErrorCode::PG_PROTOCOL, fmt::format("cannot read the snapshot \"{}\"", text));
    std::sort(v.in_progress.begin(), v.in_progress.end());
    return v;
}

bool Visibility::shows(uint32_t transaction) const {
    // The epoch that puts the id next to xmin.
    auto distance = static_cast<int32_t>(transaction - static_cast<uint32_t>(xmin));
    uint64_t full = xmin + static_cast<uint64_t>(static_cast<int64_t>(distance));
    if (full < xmin) return true;
    if (full >= xmax) return false;
    return !std::binary_search(in_progress.begin(), in_progress.end(), full);
}

void ResumeState::drop_passed() {
    // A snapshot shows only what was committed before its wal_end: nothing that is streamed from there on.
    std::erase_if(tables, [&](const TableVisibility& t) { return snapshots[t.snapshot].wal_end <= lsn; });
    if (tables.empty()) snapshots.clear();
}

const TableProgress* ResumeState::unfinished_table(uint32_t table) const {
    for (const TableProgress& progress : unfinished)
        if (progress.table == table) return &progress;
    return nullptr;
}

Position ResumeState::encode() const {
    ByteBuffer to;
    to.put(position_version);
    to.put(static_cast<uint8_t>(phase));
    to.put(system_id);
    to.put(timeline);
    to.put(lsn.value);
    to.put_string(slot);
    to.put(timeline_begin.value);
    to.put(publication);
    to.put(insert_publication);
    to.put(static_cast<uint32_t>(snapshots.size()));
    for (const Visibility& v : snapshots) {
        to.put(v.xmin);
        to.put(v.xmax);
        to.put(v.wal_end.value);
        to.put(static_cast<uint32_t>(v.in_progress.size()));
        for (uint64_t id : v.in_progress) to.put(id);
    }
    to.put(static_cast<uint32_t>(tables.size()));
    for (const TableVisibility& t : tables) {
        to.put(t.table);
        to.put(t.snapshot);
    }
    to.put(static_cast<uint32_t>(unfinished.size()));
    for (const TableProgress& table : unfinished) leat::pg::encode(table, to);
    to.put(prepared.value);
    to.put(committed.value);
    return {std::string(to.text())};
}

Result<ResumeState> ResumeState::decode(std::string_view bytes) {
    FormatCursor from(as_bytes(bytes));
    ResumeState state;
    uint8_t version = from.u8();
    if (from.ok() && version > position_version)
        return fail(ErrorCode::LOG_NEWER_VERSION,
                    "the position in the change log was written by a newer version of Leat",
                    "Run the newer version of Leat that wrote it.");
    uint8_t phase = from.u8();
    if (phase < 1 || phase > 4) from.set_failed();
    state.phase = static_cast<Phase>(phase);
    state.system_id = from.u64();
    state.timeline = from.u32();
    state.lsn = Lsn(from.u64());
    state.slot = std::string(from.text(from.u32()));
    if (version >= 2) {
        state.timeline_begin = Lsn(from.u64());
        state.publication = from.u32();
        state.insert_publication = from.u32();
    }
    for (uint32_t n = from.u32(); n > 0 && from.ok(); --n) {
        Visibility v;
        v.xmin = from.u64();
        v.xmax = from.u64();
        v.wal_end = Lsn(from.u64());
        for (uint32_t ids = from.u32(); ids > 0 && from.ok(); --ids) v.in_progress.push_back(from.u64());
        state.snapshots.push_back(std::move(v));
    }
    for (uint32_t n = from.u32(); n > 0 && from.ok(); --n) {
        TableVisibility t{from.u32(), from.u32()};
        if (t.snapshot >= state.snapshots.size()) from.set_failed();
        state.tables.push_back(t);
    }
    if (version >= 3)
        for (uint32_t n = from.u32(); n > 0 && from.ok(); --n)
            state.unfinished.push_back(decode_progress(from));
    if (version >= 4) state.prepared = Lsn(from.u64());
    if (version >= 5) state.committed = Lsn(from.u64());
    if (!from.ok() || !from.at_end() || version == 0)
        return fail(ErrorCode::LOG_CORRUPT, "the position of the source in the change log is malformed");
    return state;
}

}  // namespace leat::pg
