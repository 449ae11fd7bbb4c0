// One spill file: pieces of bytes go in one after the other, and come out in the same order. Compressed,
// encrypted with a key that only this object has, and authenticated. Format: docs/format/spill.md.
// Belongs to one thread.
#pragma once

#include <memory>

#include "base/byte_buffer.h"
#include "spill/spill_space.h"

struct evp_cipher_ctx_st;

namespace leat {

inline constexpr size_t spill_piece_bytes = 256 << 10;

class SpillFile {
  public:
    // Makes the file with the first piece.
    explicit SpillFile(std::shared_ptr<SpillSpace> space);
    ~SpillFile();
    SpillFile(const SpillFile&) = delete;

    // Adds a piece of 1 to spill_piece_bytes. SPILL_FULL (the limit, or the disk) or SPILL_FAILED; nothing is
    // to be added afterwards.
    Status append(Bytes piece);

    // The next piece from the beginning on, into `to`; false: there is none. SPILL_FAILED.
    Result<bool> read(ByteBuffer& to);

    uint64_t bytes() const { return size_; }

  private:
    Status create();
    Status write(Bytes frame);
    bool start_cipher(uint64_t frame, bool encrypt, Bytes header);
    bool encrypt(uint64_t frame, uint8_t* bytes, size_t payload);
    bool decrypt(uint64_t frame, uint8_t* bytes, size_t payload);

    const std::shared_ptr<SpillSpace> space_;
    std::unique_ptr<evp_cipher_ctx_st, void (*)(evp_cipher_ctx_st*)> cipher_;
    FileDescriptor file_;
    uint8_t key_[16];
    uint64_t size_ = 0, frames_ = 0;  // written
    uint64_t read_offset_ = 0, frames_read_ = 0;
    ByteBuffer frame_;
};

}  // namespace leat
