#include "server/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace leat::server {

namespace {
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
}

std::string make_token() {
    unsigned char random[33] = {};  // the last is left 0: 43 letters are 258 bits
    LEAT_ASSERT(::RAND_bytes(random, 32) == 1);
    std::string token = "leat_";
    for (size_t bit = 0; bit < 256; bit += 6) {
        uint32_t two = uint32_t{random[bit / 8]} << 8 | random[bit / 8 + 1];
        token += letters[(two >> (10 - bit % 8)) & 63];
    }
    ::OPENSSL_cleanse(random, sizeof random);
    return token;
}

std::string sha256(std::string_view text) {
    std::string hash(32, '\0');
    unsigned size = 0;
    LEAT_ASSERT(::EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(hash.data()), &size,
                             ::EVP_sha256(), nullptr) == 1);
    return hash;
}

std::string token_hash(std::string_view token) { return sha256(token); }

bool same_hash(std::string_view a, std::string_view b) {
    return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Status check_token_name(std::string_view name) {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    if (!name.empty() && name.size() <= 100 && name.find_first_not_of(allowed) == std::string_view::npos)
        return {};
    return fail(ErrorCode::CONFIG_INVALID, "request: name: the name of a token is 1 to 100 characters",
                "Letters, digits, dots, dashes and underscores.");
}

}  // namespace leat::server
