// Checked reading of bytes from outside: every decoder goes through one of these two cursors.
// A read past the end does not happen: it marks the cursor as failed and yields zero or an empty view, so a
// decoder may read a whole structure and look at ok() once. What it read is not to be used unless ok().
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace leat {

using Bytes = std::span<const uint8_t>;

inline std::string_view as_text(Bytes b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }
inline Bytes as_bytes(std::string_view s) { return {reinterpret_cast<const uint8_t*>(s.data()), s.size()}; }

template <class T>
constexpr T byte_swap(T value) {
    static_assert(std::is_integral_v<T>);
    if constexpr (sizeof(T) == 1) return value;
    if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(value)));
    if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)));
    if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(static_cast<uint64_t>(value)));
}

// Loads and stores at any address, in the byte order of Leat's own formats (little endian).
template <class T>
T load(const uint8_t* p) {
    T value;
    std::memcpy(&value, p, sizeof value);
    return value;
}
template <class T>
void store(uint8_t* p, T value) {
    std::memcpy(p, &value, sizeof value);
}
static_assert(std::endian::native == std::endian::little, "Leat's formats are read in place");

template <std::endian order>
class ByteCursor {
  public:
    explicit ByteCursor(Bytes bytes) : bytes_(bytes) {}

    bool ok() const { return ok_; }
    bool at_end() const { return offset_ == bytes_.size(); }
    size_t offset() const { return offset_; }  // of the next byte; where it failed once !ok()
    size_t remaining() const { return bytes_.size() - offset_; }

    template <class T>
    T read() {
        if (!need(sizeof(T))) return T{};
        T value = load<T>(bytes_.data() + offset_);
        offset_ += sizeof(T);
        if constexpr (order != std::endian::native) value = byte_swap(value);
        return value;
    }
    uint8_t u8() { return read<uint8_t>(); }
    uint16_t u16() { return read<uint16_t>(); }
    uint32_t u32() { return read<uint32_t>(); }
    uint64_t u64() { return read<uint64_t>(); }
    int16_t i16() { return read<int16_t>(); }
    int32_t i32() { return read<int32_t>(); }
    int64_t i64() { return read<int64_t>(); }

    Bytes bytes(size_t count) {
        if (!need(count)) return {};
        Bytes view = bytes_.subspan(offset_, count);
        offset_ += count;
        return view;
    }
    std::string_view text(size_t count) { return as_text(bytes(count)); }
    Bytes rest() { return bytes(remaining()); }

    // Up to and without the next zero byte, which is passed.
    std::string_view c_string() {
        auto* from = bytes_.data() + offset_;
        auto* zero =
            ok_ && remaining() ? static_cast<const uint8_t*>(std::memchr(from, 0, remaining())) : nullptr;
        if (!zero) {
            ok_ = false;
            return {};
        }
        std::string_view view(reinterpret_cast<const char*>(from), static_cast<size_t>(zero - from));
        offset_ += view.size() + 1;
        return view;
    }

    // Marks the bytes as malformed where the values themselves say so.
    void set_failed() { ok_ = false; }

  private:
    bool need(size_t count) {
        if (!ok_ || count > remaining()) [[unlikely]] {
            ok_ = false;
            return false;
        }
        return true;
    }

    Bytes bytes_;
    size_t offset_ = 0;
    bool ok_ = true;
};

using NetworkCursor = ByteCursor<std::endian::big>;    // PostgreSQL and other wire protocols
using FormatCursor = ByteCursor<std::endian::little>;  // Leat's own formats

}  // namespace leat
