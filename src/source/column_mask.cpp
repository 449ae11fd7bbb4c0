#include "source/column_mask.h"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <memory>

#include "base/text.h"

namespace leat {

namespace {

// Java's names beside OpenSSL's.
constexpr std::pair<std::string_view, const char*> algorithms[] = {
    {"MD5", "MD5"},           {"SHA", "SHA1"},          {"SHA-1", "SHA1"},
    {"SHA1", "SHA1"},         {"SHA-224", "SHA224"},    {"SHA-256", "SHA256"},
    {"SHA-384", "SHA384"},    {"SHA-512", "SHA512"},    {"SHA-512/224", "SHA512-224"},
    {"SHA3-224", "SHA3-224"}, {"SHA3-256", "SHA3-256"}, {"SHA-512/256", "SHA512-256"},
    {"SHA3-384", "SHA3-384"}, {"SHA3-512", "SHA3-512"},
};

struct ContextFree {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// One a thread: hashing a value takes no memory.
EVP_MD_CTX* digest_context() {
    thread_local std::unique_ptr<EVP_MD_CTX, ContextFree> context(EVP_MD_CTX_new());
    LEAT_ASSERT(context != nullptr);
    return context.get();
}

size_t sequence_bytes(unsigned char first) {
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

// Java's "modified UTF-8": a NUL takes two bytes, a character above U+FFFF is two surrogates of three each.
struct ModifiedUtf8 {
    template <class Take>
    static void write(std::string_view text, Take take) {
        size_t plain = 0;  // the run that is the same in both
        for (size_t i = 0; i < text.size();) {
            auto byte = static_cast<unsigned char>(text[i]);
            size_t length = std::min(sequence_bytes(byte), text.size() - i);
            if (byte != 0 && length < 4) {
                i += length;
                continue;
            }
            take(text.substr(plain, i - plain));
            if (byte == 0) {
                take(std::string_view("\xC0\x80", 2));
            } else {
                char out[6];
                put_surrogates(text.substr(i, 4), out);
                take(std::string_view(out, 6));
            }
            i += length;
            plain = i;
        }
        take(text.substr(plain));
    }

    static void put_surrogates(std::string_view four, char* out) {
        uint32_t code = four[0] & 7;
        for (size_t i = 1; i < 4; ++i) code = code << 6 | (four[i] & 0x3F);
        code -= 0x10000;
        uint32_t halves[2] = {0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF)};
        for (uint32_t half : halves) {
            *out++ = static_cast<char>(0xE0 | half >> 12);
            *out++ = static_cast<char>(0x80 | (half >> 6 & 0x3F));
            *out++ = static_cast<char>(0x80 | (half & 0x3F));
        }
    }
};

// java.io.ObjectOutputStream.writeObject(String): magic, version, and TC_STRING with two bytes of length or
// TC_LONGSTRING with eight.
template <class Take>
void write_java_object(std::string_view text, Take take) {
    uint64_t length = 0;
    ModifiedUtf8::write(text, [&](std::string_view piece) { length += piece.size(); });
    char head[13] = {'\xAC', '\xED', 0, 5};
    bool is_long = length > 0xFFFF;
    size_t digits = is_long ? 8 : 2;
    head[4] = is_long ? 0x7C : 0x74;
    for (size_t i = 0; i < digits; ++i) head[5 + i] = static_cast<char>(length >> 8 * (digits - 1 - i));
    take(std::string_view(head, 5 + digits));
    ModifiedUtf8::write(text, take);
}

}  // namespace

std::string_view truncate_text(std::string_view text, uint32_t units) {
    if (text.size() <= units) return text;  // each unit takes a byte at least
    uint32_t count = 0;
    for (size_t i = 0; i < text.size();) {
        size_t length = sequence_bytes(static_cast<unsigned char>(text[i]));
        count += length == 4 ? 2 : 1;
        if (count > units) return text.substr(0, i);
        i += length;
    }
    return text;
}

ColumnMask ColumnMask::truncate(uint32_t characters) { return {Kind::truncate, characters, {}}; }

ColumnMask ColumnMask::asterisks(uint32_t count) { return {Kind::asterisks, count, std::string(count, '*')}; }

Result<ColumnMask> ColumnMask::hash(std::string_view algorithm, std::string salt, HashVersion version) {
    ColumnMask mask(Kind::hash, 0, std::move(salt));
    mask.version_ = version;
    std::string names;
    for (auto& [java, openssl] : algorithms) {
        if (java == algorithm) mask.digest_ = EVP_get_digestbyname(openssl);
        names += fmt::format("{}{}", names.empty() ? "" : ", ", java);
    }
    if (!mask.digest_)
        return fail(ErrorCode::CONFIG_INVALID, fmt::format("there is no hash algorithm of this name"),
                    fmt::format("There are: {}.", names));
    return mask;
}

std::string_view ColumnMask::apply(std::string_view text, uint32_t limit, char* room) const {
    if (kind_ == Kind::truncate) return truncate_text(text, length_);
    if (kind_ == Kind::asterisks) return text_;
    EVP_MD_CTX* context = digest_context();
    bool ok = EVP_DigestInit_ex(context, digest_, nullptr) == 1;
    auto add = [&](std::string_view bytes) {
        ok = ok && EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1;
    };
    add(text_);
    if (version_ == HashVersion::v2)
        add(text);
    else
        write_java_object(text, add);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    ok = ok && EVP_DigestFinal_ex(context, digest, &size) == 1;
    LEAT_ASSERT(ok);  // out of memory, or an algorithm that OpenSSL announced and does not have
    static_assert(2 * EVP_MAX_MD_SIZE <= hash_room);
    constexpr char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < size; ++i) {
        room[2 * i] = digits[digest[i] >> 4];
        room[2 * i + 1] = digits[digest[i] & 15];
    }
    std::string_view hexadecimal(room, size_t{2} * size);
    return limit ? hexadecimal.substr(0, limit) : hexadecimal;
}

}  // namespace leat
