#include "spill/spill_file.h"

#include <fmt/core.h>
#include <lz4.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace leat {

namespace {
constexpr size_t header_bytes = 8;
constexpr size_t tag_bytes = 16;
constexpr size_t frame_bytes_max = header_bytes + spill_piece_bytes + tag_bytes;

int to_int(size_t size) { return static_cast<int>(size); }
const char* chars(const uint8_t* bytes) { return reinterpret_cast<const char*>(bytes); }
char* chars(uint8_t* bytes) { return reinterpret_cast<char*>(bytes); }

std::unexpected<Error> damaged(std::string_view what, uint64_t offset) {
    return fail(ErrorCode::SPILL_FAILED, fmt::format("a spill file is damaged: {} at byte {}", what, offset),
                "Check the disk that spill.dir is on.");
}
}  // namespace

SpillFile::SpillFile(std::shared_ptr<SpillSpace> space)
    : space_(std::move(space)), cipher_(nullptr, EVP_CIPHER_CTX_free) {}

SpillFile::~SpillFile() {
    OPENSSL_cleanse(key_, sizeof key_);
    space_->give_back(size_);
}

Status SpillFile::create() {
    cipher_.reset(EVP_CIPHER_CTX_new());
    if (!cipher_ || RAND_bytes(key_, sizeof key_) != 1)
        return fail(ErrorCode::SPILL_FAILED, "OpenSSL has no random numbers for the key of a spill file");
    LEAT_ASSIGN(file_, space_->make_file());
    frame_.reserve(frame_bytes_max);
    return {};
}

bool SpillFile::start_cipher(uint64_t frame, bool encrypt, Bytes header) {
    uint8_t nonce[12] = {};
    store(nonce, frame);
    int length = 0;
    return EVP_CipherInit_ex(cipher_.get(), EVP_aes_128_gcm(), nullptr, key_, nonce, encrypt) == 1 &&
           EVP_CipherUpdate(cipher_.get(), nullptr, &length, header.data(), to_int(header.size())) == 1;
}

// A whole frame in place: the header is there, the payload behind it is plain, then comes room for the tag.
bool SpillFile::encrypt(uint64_t frame, uint8_t* bytes, size_t payload) {
    int length = 0;
    uint8_t* body = bytes + header_bytes;
    return start_cipher(frame, true, {bytes, header_bytes}) &&
           EVP_EncryptUpdate(cipher_.get(), body, &length, body, to_int(payload)) == 1 &&
           EVP_EncryptFinal_ex(cipher_.get(), body + length, &length) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher_.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, body + payload) == 1;
}

bool SpillFile::decrypt(uint64_t frame, uint8_t* bytes, size_t payload) {
    int length = 0;
    uint8_t* body = bytes + header_bytes;
    return start_cipher(frame, false, {bytes, header_bytes}) &&
           EVP_DecryptUpdate(cipher_.get(), body, &length, body, to_int(payload)) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher_.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, body + payload) == 1 &&
           EVP_DecryptFinal_ex(cipher_.get(), body + length, &length) == 1;
}

Status SpillFile::append(Bytes piece) {
    LEAT_ASSERT(!piece.empty() && piece.size() <= spill_piece_bytes);
    if (!file_) LEAT_TRY(create());
    frame_.clear();
    uint8_t* bytes = frame_.grow(frame_bytes_max);
    // What does not get smaller stays as it is: LZ4 stops where the room of the piece itself is used up.
    int packed = LZ4_compress_default(chars(piece.data()), chars(bytes + header_bytes), to_int(piece.size()),
                                      to_int(piece.size()) - 1);
    size_t stored = packed > 0 ? static_cast<size_t>(packed) : piece.size();
    if (packed <= 0) std::memcpy(bytes + header_bytes, piece.data(), piece.size());
    store(bytes, static_cast<uint32_t>(stored));
    store(bytes + 4, static_cast<uint32_t>(piece.size()));
    if (!encrypt(frames_, bytes, stored))
        return fail(ErrorCode::SPILL_FAILED, "OpenSSL cannot encrypt a spill file");
    LEAT_TRY(write({bytes, header_bytes + stored + tag_bytes}));
    ++frames_;
    return {};
}

Status SpillFile::write(Bytes frame) {
    LEAT_TRY(space_->take(frame.size()));
    auto status = write_all_at(file_.get(), frame, size_);
    size_ += frame.size();  // what was taken is given back at the end, written or not
    if (status) return {};
    Error error = std::move(status.error());
    bool full = error.code == ErrorCode::LOG_DISK_FULL;
    error.code = full ? ErrorCode::SPILL_FULL : ErrorCode::SPILL_FAILED;
    error.message = fmt::format("spilling into {}: {}", space_->directory(), error.message);
    error.action = "Make room on the disk that spill.dir is on.";
    return fail(std::move(error));
}

Result<bool> SpillFile::read(ByteBuffer& to) {
    to.clear();
    if (frames_read_ == frames_) return false;
    frame_.clear();
    uint8_t* bytes = frame_.grow(frame_bytes_max);
    auto got = read_at(file_.get(), bytes, frame_bytes_max, read_offset_);
    if (!got) return fail(ErrorCode::SPILL_FAILED, "reading a spill file: " + got.error().message);
    size_t stored = *got >= header_bytes ? load<uint32_t>(bytes) : 0;
    size_t plain = *got >= header_bytes ? load<uint32_t>(bytes + 4) : 0;
    if (stored == 0 || plain == 0 || stored > plain || plain > spill_piece_bytes)
        return damaged("a frame's header", read_offset_);
    if (header_bytes + stored + tag_bytes > *got) return damaged("a frame is cut off", read_offset_);
    if (!decrypt(frames_read_, bytes, stored))
        return damaged("a frame is not what was written", read_offset_);
    uint8_t* target = to.grow(plain);
    if (stored == plain) {
        std::memcpy(target, bytes + header_bytes, plain);
    } else if (LZ4_decompress_safe(chars(bytes + header_bytes), chars(target), to_int(stored),
                                   to_int(plain)) != to_int(plain)) {
        return damaged("a frame cannot be unpacked", read_offset_);
    }
    read_offset_ += header_bytes + stored + tag_bytes;
    ++frames_read_;
    return true;
}

}  // namespace leat
