// A growing run of bytes that is not cleared before it is written, for building blocks and output.
// Not shared between threads; pointers into it end at the next growth.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "base/byte_cursor.h"

namespace leat {

class ByteBuffer {
  public:
    ByteBuffer() = default;
    explicit ByteBuffer(size_t capacity) { reserve(capacity); }
    ByteBuffer(ByteBuffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    ByteBuffer& operator=(ByteBuffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }
    ~ByteBuffer() { std::free(data_); }

    uint8_t* data() { return data_; }
    const uint8_t* data() const { return data_; }
    size_t size() const { return size_; }
    size_t capacity() const { return capacity_; }
    bool empty() const { return size_ == 0; }
    Bytes view() const { return {data_, size_}; }
    std::string_view text() const { return as_text(view()); }

    void clear() { size_ = 0; }
    void truncate(size_t size) { size_ = size; }
    void reserve(size_t capacity) {
        if (capacity <= capacity_) return;
        auto* grown = static_cast<uint8_t*>(std::realloc(data_, capacity));
        if (!grown) throw std::bad_alloc();
        data_ = grown;
        capacity_ = capacity;
    }

    // Room for count bytes at the end, not cleared; returns their start.
    uint8_t* grow(size_t count) {
        if (count > capacity_ - size_) [[unlikely]] {
            size_t doubled = capacity_ * 2;
            reserve(size_ + count > doubled ? size_ + count : doubled);
        }
        uint8_t* start = data_ + size_;
        size_ += count;
        return start;
    }
    // Room for up to count bytes without making them part of the buffer: write, then commit what was used.
    uint8_t* prepare(size_t count) {
        uint8_t* start = grow(count);
        size_ -= count;
        return start;
    }
    void commit(size_t count) { size_ += count; }

    template <class T>
    void put(T value) {
        store(grow(sizeof value), value);
    }
    void put_bytes(Bytes bytes) {
        if (!bytes.empty()) std::memcpy(grow(bytes.size()), bytes.data(), bytes.size());
    }
    void put_text(std::string_view text) { put_bytes(as_bytes(text)); }
    void put_char(char c) { *grow(1) = static_cast<uint8_t>(c); }
    // u32 length, then the bytes: how the formats write strings.
    void put_string(std::string_view text) {
        put(static_cast<uint32_t>(text.size()));
        put_text(text);
    }

  private:
    uint8_t* data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

}  // namespace leat
