// Turns settings into typed values, with errors that name file, line, key and what is allowed.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/secret.h"
#include "config/yaml_settings.h"

namespace leat {

// Of a file; what is relative in it is relative to this.
std::string directory_of(const std::string& path);

// Lives while one file is parsed; views what it is given.
class SettingReader {
  public:
    SettingReader(const std::string& path, const SecretResolver& secrets) : path_(path), secrets_(secrets) {}

    // Of the keys that follow: "sources.shop.", or nothing.
    void set_prefix(std::string prefix) { prefix_ = std::move(prefix); }

    Result<std::string> text(const Setting& setting) const;      // not empty; references are resolved
    Result<std::string> raw_text(const Setting& setting) const;  // not empty; references stay
    Result<std::vector<std::string>> list(const Setting& setting) const;  // a single value is a list of one
    // Debezium's lists of regular expressions: separated by commas, `\,` is a comma in one; or a YAML list.
    Result<std::vector<std::string>> regex_list(const Setting& setting) const;
    Result<bool> boolean(const Setting& setting) const;
    Result<uint64_t> number(const Setting& setting, uint64_t from, uint64_t to) const;
    Result<uint64_t> bytes(const Setting& setting, uint64_t from) const;
    Result<std::chrono::milliseconds> duration(const Setting& setting, std::chrono::milliseconds from) const;
    // The index of the value in `names`, whatever its case.
    Result<size_t> choice(const Setting& setting, std::span<const std::string_view> names) const;

    std::unexpected<Error> invalid(const Setting& setting, std::string_view what,
                                   std::string action = {}) const;
    std::unexpected<Error> invalid_at(int line, std::string_view what, std::string action = {}) const;
    std::unexpected<Error> unknown(const Setting& setting, std::span<const std::string_view> known) const;
    // The same error with file, line and key before its message.
    std::unexpected<Error> at(const Setting& setting, Error error) const;

  private:
    std::unexpected<Error> not_allowed(const Setting& setting, std::string_view allowed) const;
    std::string where(const Setting& setting) const;

    const std::string& path_;
    const SecretResolver& secrets_;
    std::string prefix_;
};

}  // namespace leat
