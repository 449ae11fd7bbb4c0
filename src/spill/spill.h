// Keeps records that cannot be used yet, such as the changes of a transaction that may still be rolled back:
// in memory as long as they are few, then in files. It knows nothing of what the records are.
//
//     Spill spill(space, 8 << 20);
//     SpilledRecords records(spill);
//     records.append({head, body});
//     while (auto record = records.next()) …      // Result<std::optional<Bytes>>
//
// A Spill and its records belong to one thread. Nothing of it survives the process, or is meant to.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <vector>

#include "spill/spill_file.h"

namespace leat {

class SpilledRecords;

// The memory that the sequences of one source share. What goes beyond it is written: the longest first.
class Spill {
  public:
    Spill(std::shared_ptr<SpillSpace> space, size_t memory_bytes_max)
        : space_(std::move(space)), memory_bytes_max_(memory_bytes_max) {}
    Spill(const Spill&) = delete;

    size_t memory_bytes() const { return memory_bytes_; }

  private:
    friend class SpilledRecords;

    ByteBuffer new_piece();
    void drop(ByteBuffer piece);
    Status make_room();

    const std::shared_ptr<SpillSpace> space_;
    const size_t memory_bytes_max_;
    size_t memory_bytes_ = 0;  // of the pieces in use
    std::vector<ByteBuffer> spare_;
    std::vector<SpilledRecords*> all_;
};

// A run of records. Its Spill outlives it.
class SpilledRecords {
  public:
    explicit SpilledRecords(Spill& spill);
    ~SpilledRecords();
    SpilledRecords(const SpilledRecords&) = delete;

    // Adds a record that consists of the given parts. SPILL_FULL or SPILL_FAILED: the records are of no use
    // any more. Not after next().
    Status append(std::initializer_list<Bytes> parts);

    // The next record from the first one on; its bytes are valid until the next call. Empty: that was all.
    // SPILL_FAILED. What was read is given up.
    Result<std::optional<Bytes>> next();

    uint64_t bytes() const { return bytes_; }  // as they were given
    uint64_t file_bytes() const { return file_ ? file_->bytes() : 0; }

  private:
    friend class Spill;

    void add(Bytes bytes);
    bool grow(ByteBuffer& piece, size_t wanted);
    Status write_out();
    size_t memory_bytes() const;
    Result<bool> next_piece();
    Result<std::optional<Bytes>> take(size_t count);

    Spill& spill_;
    std::vector<ByteBuffer> pieces_;  // behind what is in the file
    std::unique_ptr<SpillFile> file_;
    uint64_t bytes_ = 0;

    bool reading_ = false;
    Bytes piece_;             // that is being read: what is left of it
    ByteBuffer file_piece_;   // it, if it comes from the file
    size_t pieces_read_ = 0;  // of pieces_
    ByteBuffer whole_;        // a record that goes over several pieces
};

}  // namespace leat
