// Values that may refer to secrets: ${env:NAME}, ${file:PATH}; $${ stands for a literal ${. As Kafka
// Connect's providers have it, ${file:PATH:KEY} is one key of a properties file, ${directory:PATH:FILE} a
// file in a directory. The text as it was written is kept, and only that is ever printed; references are
// resolved at the moment of use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/postgres_url.h"

namespace leat {

// The text of a value as the configuration has it. Copies freely: it holds no secret but one that was
// written into the file literally.
class SecretString {
  public:
    SecretString() = default;
    explicit SecretString(std::string raw) : raw_(std::move(raw)) {}

    const std::string& raw() const { return raw_; }  // not for printing: may hold a literal password
    std::string display() const { return redact_url(raw_); }
    bool has_references() const;
    bool operator==(const SecretString&) const = default;

  private:
    std::string raw_;
};

// A key as it may be printed: one that ends in a salt without it.
std::string redact_key(std::string_view key);

// Percent-encodes what is not a reference, for a URL that is put together of values.
std::string encode_around_references(std::string_view raw);

// Resolves references. Immutable once made; may be shared between threads.
class SecretResolver {
  public:
    SecretResolver() = default;
    // Files may be read below these directories (or be these files) and nowhere else, whatever links say.
    explicit SecretResolver(std::vector<std::string> allowed_paths,
                            Environment environment = process_environment());

    // CONFIG_SECRET names the reference, never a value. A file's one trailing line break is not part of the
    // secret.
    Result<std::string> resolve(std::string_view raw) const;
    // The same for a URL: a reference inside it is percent-encoded, so that a password needs no escaping. One
    // that begins the URL (usually all of it) is taken as it is.
    Result<std::string> resolve_url(std::string_view raw) const;
    // Whether the references are well-formed, without resolving any.
    static Status check_syntax(std::string_view raw);

  private:
    enum class Encoding : uint8_t { none, url };
    Result<std::string> expand(std::string_view raw, Encoding encoding) const;
    Result<std::string> look_up(std::string_view reference) const;
    Result<std::string> read_secret_file(std::string_view reference, const std::string& path) const;

    std::vector<std::string> allowed_paths_;
    Environment environment_ = process_environment();
};

}  // namespace leat
