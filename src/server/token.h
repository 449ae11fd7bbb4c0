// The tokens themselves: 256 random bits that are shown once, and of which only the SHA-256 is kept. Any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace leat::server {

// "leat_" and 43 letters: programs that look for secrets in files know it by its beginning.
std::string make_token();
std::string token_hash(std::string_view token);  // 32 bytes
std::string sha256(std::string_view text);       // 32 bytes

// Whether two hashes are the same, in a time that does not depend on where they differ.
bool same_hash(std::string_view a, std::string_view b);

// CONFIG_INVALID: 1 to 100 of letters, digits, dots, dashes and underscores.
Status check_token_name(std::string_view name);

}  // namespace leat::server
