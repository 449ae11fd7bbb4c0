#include "spill/spill.h"

#include <algorithm>

namespace leat {

namespace {
constexpr size_t first_piece_bytes = 4 << 10;  // there may be thousands of short sequences
}

// ---- the memory they share ----

ByteBuffer Spill::new_piece() {
    if (spare_.empty()) return {};
    ByteBuffer piece = std::move(spare_.back());
    spare_.pop_back();
    memory_bytes_ += piece.capacity();
    return piece;
}

// Whole pieces are kept for the next ones, so that a long transaction does not ask for memory again and
// again.
void Spill::drop(ByteBuffer piece) {
    memory_bytes_ -= piece.capacity();
    piece.clear();
    bool keep = piece.capacity() == spill_piece_bytes &&
                memory_bytes_ + (spare_.size() + 1) * spill_piece_bytes <= memory_bytes_max_;
    if (keep) spare_.push_back(std::move(piece));
}

Status Spill::make_room() {
    while (!spare_.empty() && memory_bytes_ + spare_.size() * spill_piece_bytes > memory_bytes_max_)
        spare_.pop_back();
    while (memory_bytes_ > memory_bytes_max_) {
        auto longest = std::ranges::max_element(all_, {}, &SpilledRecords::memory_bytes);
        LEAT_TRY((*longest)->write_out());
    }
    return {};
}

// ---- one run of records ----

SpilledRecords::SpilledRecords(Spill& spill) : spill_(spill) { spill_.all_.push_back(this); }

SpilledRecords::~SpilledRecords() {
    for (ByteBuffer& piece : pieces_) spill_.drop(std::move(piece));
    std::erase(spill_.all_, this);
}

size_t SpilledRecords::memory_bytes() const {
    return pieces_.empty() ? 0 : (pieces_.size() - 1) * spill_piece_bytes + pieces_.back().capacity();
}

Status SpilledRecords::append(std::initializer_list<Bytes> parts) {
    LEAT_ASSERT(!reading_);
    size_t size = 0;
    for (Bytes part : parts) size += part.size();
    LEAT_ASSERT(size <= UINT32_MAX);
    uint8_t length[4];
    store(length, static_cast<uint32_t>(size));
    add(length);
    for (Bytes part : parts) {
        // A very large record is written as it comes.
        for (; part.size() > spill_piece_bytes; part = part.subspan(spill_piece_bytes)) {
            add(part.first(spill_piece_bytes));
            LEAT_TRY(spill_.make_room());
        }
        add(part);
    }
    bytes_ += size;
    if (spill_.memory_bytes_ > spill_.memory_bytes_max_) return spill_.make_room();
    return {};
}

void SpilledRecords::add(Bytes bytes) {
    while (!bytes.empty()) {
        if (pieces_.empty() || pieces_.back().size() == spill_piece_bytes)
            pieces_.push_back(spill_.new_piece());
        ByteBuffer& piece = pieces_.back();
        size_t count = std::min(bytes.size(), spill_piece_bytes - piece.size());
        size_t needed = piece.size() + count;
        if (needed > piece.capacity()) {
            size_t before = piece.capacity();
            size_t doubled = std::max(first_piece_bytes, 2 * before);
            // Only the first is ever small.
            piece.reserve(pieces_.size() > 1 || file_
                              ? spill_piece_bytes
                              : std::min(spill_piece_bytes, std::max(doubled, needed)));
            spill_.memory_bytes_ += piece.capacity() - before;
        }
        piece.put_bytes(bytes.first(count));
        bytes = bytes.subspan(count);
    }
}

Status SpilledRecords::write_out() {
    LEAT_ASSERT(!reading_);
    if (!file_) file_ = std::make_unique<SpillFile>(spill_.space_);
    for (ByteBuffer& piece : pieces_) {
        LEAT_TRY(file_->append(piece.view()));
        spill_.drop(std::move(piece));
    }
    pieces_.clear();
    return {};
}

// First what is in the file, then what is in memory.
Result<bool> SpilledRecords::next_piece() {
    reading_ = true;
    if (file_) {
        LEAT_ASSIGN(bool more, file_->read(file_piece_));
        piece_ = file_piece_.view();
        if (more) return true;
    }
    if (pieces_read_ == pieces_.size()) return false;
    piece_ = pieces_[pieces_read_++].view();
    return true;
}

Result<std::optional<Bytes>> SpilledRecords::take(size_t count) {
    if (count <= piece_.size()) {
        Bytes bytes = piece_.first(count);
        piece_ = piece_.subspan(count);
        return bytes;
    }
    whole_.clear();
    while (true) {
        Bytes part = piece_.first(std::min(count - whole_.size(), piece_.size()));
        whole_.put_bytes(part);
        piece_ = piece_.subspan(part.size());
        if (whole_.size() == count) return whole_.view();
        LEAT_ASSIGN(bool more, next_piece());
        if (more) continue;
        if (whole_.empty()) return std::nullopt;
        return fail(ErrorCode::SPILL_FAILED, "the last record of a spill file is cut off");
    }
}

Result<std::optional<Bytes>> SpilledRecords::next() {
    LEAT_ASSIGN(auto head, take(4));
    if (!head) return std::nullopt;
    size_t size = load<uint32_t>(head->data());
    if (size == 0) return Bytes{};
    LEAT_ASSIGN(auto record, take(size));
    if (!record) return fail(ErrorCode::SPILL_FAILED, "the last record of a spill file is cut off");
    return record;
}

}  // namespace leat
