// One entry of `consumers`: who gets the changes of a source, how, and where. What a key means and its
// default: docs/configuration.md. A value.
#pragma once

#include <chrono>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "config/secret.h"
#include "config/yaml_settings.h"

namespace leat {

enum class ConsumerType : uint8_t { subscription, webhook, file, standard_output };
std::string_view name(ConsumerType type);  // "webhook", "stdout"

enum class PoisonPolicy : uint8_t { fail, dead_letter, skip };
enum class RetentionPolicy : uint8_t { fail_consumer, hold_source };

// Where one that has no cursor yet begins.
struct ConsumerStart {
    enum class Kind : uint8_t { now, earliest, time } kind = Kind::now;
    int64_t time_us = 0;
    bool operator==(const ConsumerStart&) const = default;
};

struct FileTarget {
    std::string path;  // as it was given, or beside the configuration file
    uint64_t rotate_bytes = 0;
    std::chrono::milliseconds rotate_age{0};
    uint64_t keep = 0;
    bool operator==(const FileTarget&) const = default;
};

struct WebhookTarget {
    SecretString url, secret;
    std::map<std::string, SecretString> headers;
    bool array = false;  // the body: a JSON array, not lines
    uint64_t batch_changes = 500;
    uint64_t batch_bytes = 1'000'000;
    std::chrono::milliseconds linger{0};
    uint64_t parallel = 1;
    std::chrono::milliseconds timeout{30'000};
    bool allow_private = false, allow_http = false;
    std::string ca_file;
    bool operator==(const WebhookTarget&) const = default;
};

struct ConsumerConfig {
    std::string name, source;
    ConsumerType type = ConsumerType::subscription;
    std::vector<std::string> tables, columns, ops;  // globs; globs; letters or words
    std::string where;
    bool leaving_is_delete = false;
    std::string format = "debezium";
    ConsumerStart start;
    FileTarget file;
    WebhookTarget webhook;
    std::chrono::milliseconds retry_first{200}, retry_last{60'000};
    uint64_t tries_max = 0;  // in a row; 0: no end
    PoisonPolicy poison = PoisonPolicy::fail;
    bool poison_holds_key = true;
    uint64_t retention_budget_bytes = 10'000'000'000;
    RetentionPolicy retention_policy = RetentionPolicy::fail_consumer;

    bool operator==(const ConsumerConfig&) const = default;
};

// CONFIG_INVALID, CONFIG_UNKNOWN_KEY, CONFIG_SECRET, naming file (`path`, or the group's own), line and key.
// directory: what a relative file.path is relative to; empty: it stays as it is.
Result<ConsumerConfig> parse_consumer(const SettingGroup& group, const std::string& path,
                                      const SecretResolver& secrets, const std::string& directory = {});

// Each needs a source that is there, and two cannot share a file or standard output.
Status check_consumers(const std::vector<ConsumerConfig>& consumers, std::span<const std::string> sources,
                       const std::vector<SettingGroup>& groups, const std::string& path);

// Of the keys that a consumer takes; webhook.headers.<name> stands for itself.
std::span<const std::string_view> consumer_option_names();

}  // namespace leat
