// What is done to a column's text before it becomes a value of the change log (invariant 10): shortened,
// replaced by asterisks, or by a hash. Immutable once made; may be shared between threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

struct evp_md_st;  // OpenSSL's EVP_MD

namespace leat {

class ColumnMask {
  public:
    // At most so many characters, as Java counts them (UTF-16 units), never half of one.
    static ColumnMask truncate(uint32_t characters);
    // So many asterisks, whatever the value; NULL too.
    static ColumnMask asterisks(uint32_t count);
    // Lower-case hexadecimal digits of a hash over salt and value. How the value becomes bytes is Debezium's:
    // version 1 takes Java's serialized form of the text, version 2 its UTF-8. CONFIG_INVALID: no such
    // algorithm; names are Java's (MD5, SHA-1, SHA-256, SHA-512/256, SHA3-256).
    enum class HashVersion : uint8_t { v1, v2 };
    static Result<ColumnMask> hash(std::string_view algorithm, std::string salt, HashVersion version);

    enum class Kind : uint8_t { truncate, asterisks, hash };
    Kind kind() const { return kind_; }
    uint32_t length() const { return length_; }  // of truncate and asterisks

    // What stands for a value that was not sent, or is NULL: asterisks. Null: nothing does.
    const std::string* constant() const { return kind_ == Kind::asterisks ? &text_ : nullptr; }
    // The masked text of a value. `room` (hash_room bytes) may hold it; else it is the mask's or `text`'s.
    // limit: characters that the column's type allows; 0: no limit.
    static constexpr size_t hash_room = 128;
    std::string_view apply(std::string_view text, uint32_t limit, char* room) const;

  private:
    ColumnMask(Kind kind, uint32_t length, std::string text)
        : kind_(kind), length_(length), text_(std::move(text)) {}

    Kind kind_;
    HashVersion version_ = HashVersion::v2;
    uint32_t length_;
    std::string text_;  // asterisks, or the salt
    const evp_md_st* digest_ = nullptr;
};

// The beginning of UTF-8 text that has at most so many UTF-16 units.
std::string_view truncate_text(std::string_view text, uint32_t units);

}  // namespace leat
