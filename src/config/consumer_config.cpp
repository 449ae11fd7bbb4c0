#include "config/consumer_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "config/setting_reader.h"

namespace leat {

namespace {

using namespace std::chrono_literals;

constexpr size_t name_bytes_max = 50;
constexpr uint64_t parallel_max = 64;
constexpr uint64_t batch_changes_max = 100'000;
constexpr uint64_t batch_bytes_min = 1000;
constexpr std::string_view header_prefix = "webhook.headers.";

// In the order of the enumerations.
constexpr std::string_view type_names[] = {"subscription", "webhook", "file", "stdout"};
constexpr std::string_view poison_names[] = {"fail", "dead_letter", "skip"};
constexpr std::string_view retention_names[] = {"fail_consumer", "hold_source"};
constexpr std::string_view leaving_names[] = {"ignore", "delete"};
constexpr std::string_view body_names[] = {"ndjson", "array"};
constexpr std::string_view format_names[] = {"debezium", "flat", "event", "cloudevents",
                                             "cloudevents-binary"};

constexpr std::string_view known_keys[] = {
    "source",
    "type",
    "tables",
    "columns",
    "ops",
    "where",
    "where.leaving",
    "format",
    "start",
    "file.path",
    "file.rotate.bytes",
    "file.rotate.ms",
    "file.keep",
    "webhook.url",
    "webhook.secret",
    "webhook.headers.<name>",
    "webhook.body",
    "webhook.batch.changes",
    "webhook.batch.bytes",
    "webhook.linger.ms",
    "webhook.parallel",
    "webhook.timeout.ms",
    "webhook.allow.private",
    "webhook.allow.http",
    "webhook.ca.file",
    "retry.delay.first.ms",
    "retry.delay.max.ms",
    "retry.max",
    "poison",
    "poison.hold.key",
    "retention.budget.bytes",
    "retention.policy",
};

bool is_consumer_name(std::string_view name) {
    auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= name_bytes_max && name[0] >= 'a' && name[0] <= 'z' &&
           std::ranges::all_of(name, allowed);
}

class ConsumerParser {
  public:
    ConsumerParser(const SettingGroup& group, const std::string& path, const SecretResolver& secrets,
                   const std::string& directory)
        : group_(group), directory_(directory), reader_(group.path.empty() ? path : group.path, secrets) {
        if (group.path.empty()) reader_.set_prefix(fmt::format("consumers.{}.", group.name));
    }

    Result<ConsumerConfig> parse() {
        if (!is_consumer_name(group_.name))
            return reader_.invalid_at(
                group_.line,
                fmt::format("\"{}\" is not allowed as the name of a consumer; it begins with a "
                            "letter, consists of a-z, 0-9, _ and -, and has at most {} characters",
                            redact_url(group_.name), name_bytes_max));
        if (group_.kind != Setting::Kind::list)
            return reader_.invalid_at(group_.line,
                                      fmt::format("consumers.{} is not a map of options", group_.name),
                                      "Write at least:  source: NAME");
        config_.name = group_.name;
        for (const Setting& setting : group_.settings) LEAT_TRY(apply(setting));
        LEAT_TRY(check_combinations());
        return std::move(config_);
    }

  private:
    Status apply(const Setting& setting) {
        const std::string& key = setting.key;
        if (key.starts_with("webhook.")) return needs(setting, ConsumerType::webhook, apply_webhook(setting));
        if (key.starts_with("file.")) return needs(setting, ConsumerType::file, apply_file(setting));
        if (key.starts_with("retry.") || key.starts_with("poison") || key.starts_with("retention."))
            return apply_trouble(setting);
        if (key == "source") return store(reader_.text(setting), config_.source);
        if (key == "type") return choose(setting, type_names, config_.type);
        if (key == "tables") return store(reader_.list(setting), config_.tables);
        if (key == "columns") return store(reader_.list(setting), config_.columns);
        if (key == "ops") return apply_ops(setting);
        if (key == "where") return store(reader_.raw_text(setting), config_.where);
        if (key == "where.leaving") {
            LEAT_ASSIGN(size_t index, reader_.choice(setting, leaving_names));
            config_.leaving_is_delete = index == 1;
            return {};
        }
        if (key == "format") {
            LEAT_ASSIGN(size_t index, reader_.choice(setting, format_names));
            config_.format = format_names[index];
            return {};
        }
        if (key == "start") return apply_start(setting);
        return reader_.unknown(setting, known_keys);
    }

    Status apply_ops(const Setting& setting) {
        LEAT_ASSIGN(auto values, reader_.list(setting));
        for (const std::string& value : values)
            for (std::string_view op : split(value, ','))
                if (!trim(op).empty()) config_.ops.emplace_back(trim(op));
        return {};
    }

    Status apply_start(const Setting& setting) {
        LEAT_ASSIGN(std::string text, reader_.text(setting));
        using Kind = ConsumerStart::Kind;
        if (text == "now") return config_.start = {Kind::now, 0}, Status();
        if (text == "earliest") return config_.start = {Kind::earliest, 0}, Status();
        if (auto time = parse_time_us(text)) return config_.start = {Kind::time, *time}, Status();
        return reader_.invalid(setting, "takes now, earliest, or a time",
                               "For example 2026-11-21 or 2026-11-21T10:15:30Z.");
    }

    Status apply_file(const Setting& setting) {
        const std::string& key = setting.key;
        FileTarget& file = config_.file;
        if (key == "file.path") {
            LEAT_ASSIGN(std::string path, reader_.text(setting));
            bool stays = path.starts_with('/') || directory_.empty();
            file.path = stays ? path : directory_ + "/" + path;
            return {};
        }
        if (key == "file.rotate.bytes") return store(reader_.bytes(setting, 1), file.rotate_bytes);
        if (key == "file.rotate.ms") return store(reader_.duration(setting, 1ms), file.rotate_age);
        if (key == "file.keep") return store(reader_.number(setting, 1, 1'000'000), file.keep);
        return reader_.unknown(setting, known_keys);
    }

    Status apply_webhook(const Setting& setting) {
        const std::string& key = setting.key;
        WebhookTarget& to = config_.webhook;
        if (key == "webhook.url") return store_secret(setting, to.url);
        if (key == "webhook.secret") return store_secret(setting, to.secret);
        if (key.starts_with(header_prefix) && key.size() > header_prefix.size())
            return store_secret(setting, to.headers[key.substr(header_prefix.size())]);
        if (key == "webhook.body") {
            LEAT_ASSIGN(size_t index, reader_.choice(setting, body_names));
            to.array = index == 1;
            return {};
        }
        if (key == "webhook.batch.changes")
            return store(reader_.number(setting, 1, batch_changes_max), to.batch_changes);
        if (key == "webhook.batch.bytes")
            return store(reader_.bytes(setting, batch_bytes_min), to.batch_bytes);
        if (key == "webhook.linger.ms") return store(reader_.duration(setting, 0ms), to.linger);
        if (key == "webhook.parallel") return store(reader_.number(setting, 1, parallel_max), to.parallel);
        if (key == "webhook.timeout.ms") return store(reader_.duration(setting, 1ms), to.timeout);
        if (key == "webhook.allow.private") return store(reader_.boolean(setting), to.allow_private);
        if (key == "webhook.allow.http") return store(reader_.boolean(setting), to.allow_http);
        if (key == "webhook.ca.file") return store(reader_.text(setting), to.ca_file);
        return reader_.unknown(setting, known_keys);
    }

    Status apply_trouble(const Setting& setting) {
        const std::string& key = setting.key;
        if (key == "retry.delay.first.ms") return store(reader_.duration(setting, 1ms), config_.retry_first);
        if (key == "retry.delay.max.ms") return store(reader_.duration(setting, 1ms), config_.retry_last);
        if (key == "retry.max") return store(reader_.number(setting, 0, 1'000'000'000), config_.tries_max);
        if (key == "poison") return choose(setting, poison_names, config_.poison);
        if (key == "poison.hold.key") return store(reader_.boolean(setting), config_.poison_holds_key);
        if (key == "retention.budget.bytes")
            return store(reader_.bytes(setting, 1), config_.retention_budget_bytes);
        if (key == "retention.policy") return choose(setting, retention_names, config_.retention_policy);
        return reader_.unknown(setting, known_keys);
    }

    Status check_combinations() const {
        auto missing = [&](std::string_view key, std::string_view example) {
            return reader_.invalid_at(group_.line,
                                      fmt::format("consumers.{}.{} is missing", group_.name, key),
                                      fmt::format("Write:  {}: {}", key, example));
        };
        if (config_.source.empty()) return missing("source", "the name of a source");
        if (config_.type == ConsumerType::file && config_.file.path.empty())
            return missing("file.path", "/var/lib/leat/files/orders.ndjson");
        if (config_.type == ConsumerType::webhook && config_.webhook.url.raw().empty())
            return missing("webhook.url", "https://receiver.example/changes");
        for (auto& [type, setting] : of_type_)
            if (type != config_.type)
                return reader_.invalid(setting,
                                       fmt::format("has a meaning only with type: {}", leat::name(type)));
        if (config_.retry_first > config_.retry_last)
            return reader_.invalid_at(group_.line, fmt::format("consumers.{}.retry.delay.first.ms is longer "
                                                               "than retry.delay.max.ms",
                                                               group_.name));
        return {};
    }

    // The type may stand behind the key that has a meaning only with it.
    Status needs(const Setting& setting, ConsumerType type, Status status) {
        of_type_.emplace_back(type, setting);
        return status;
    }

    // Resolved when it is used; a reference that is not well-formed is told now.
    Status store_secret(const Setting& setting, SecretString& to) {
        LEAT_ASSIGN(std::string raw, reader_.raw_text(setting));
        if (auto status = SecretResolver::check_syntax(raw); !status)
            return reader_.at(setting, status.error());
        to = SecretString(std::move(raw));
        return {};
    }

    template <class From, class To>
    Status store(Result<From> from, To& to) {
        if (!from) return fail(std::move(from.error()));
        to = std::move(*from);
        return {};
    }

    template <class To>
    Status choose(const Setting& setting, std::span<const std::string_view> names, To& to) {
        LEAT_ASSIGN(size_t index, reader_.choice(setting, names));
        to = static_cast<To>(index);
        return {};
    }

    const SettingGroup& group_;
    const std::string& directory_;
    SettingReader reader_;
    ConsumerConfig config_;
    std::vector<std::pair<ConsumerType, Setting>> of_type_;  // that have a meaning only there
};

}  // namespace

std::string_view name(ConsumerType type) { return type_names[static_cast<size_t>(type)]; }

Result<ConsumerConfig> parse_consumer(const SettingGroup& group, const std::string& path,
                                      const SecretResolver& secrets, const std::string& directory) {
    return ConsumerParser(group, path, secrets, directory).parse();
}

Status check_consumers(const std::vector<ConsumerConfig>& consumers, std::span<const std::string> sources,
                       const std::vector<SettingGroup>& groups, const std::string& path) {
    std::map<std::string, std::string> targets;  // what only one may have → who has it
    for (size_t i = 0; i < consumers.size(); ++i) {
        const ConsumerConfig& consumer = consumers[i];
        auto invalid = [&](std::string what, std::string action) {
            return fail(ErrorCode::CONFIG_INVALID,
                        fmt::format("{}:{}: consumers.{}: {}", path, groups[i].line, consumer.name, what),
                        std::move(action));
        };
        if (std::ranges::find(sources, consumer.source) == sources.end()) {
            std::vector<std::string_view> known(sources.begin(), sources.end());
            auto near = nearest(consumer.source, known);
            return invalid(fmt::format("there is no source \"{}\"", consumer.source),
                           near ? fmt::format("Did you mean {}?", *near) : "");
        }
        std::string target = consumer.type == ConsumerType::file              ? consumer.file.path
                             : consumer.type == ConsumerType::standard_output ? "standard output"
                                                                              : "";
        if (target.empty()) continue;
        auto [other, is_new] = targets.emplace(target, consumer.name);
        if (!is_new)
            return invalid(fmt::format("writes to {}, as does consumers.{}", target, other->second),
                           "Give each its own.");
    }
    return {};
}

std::span<const std::string_view> consumer_option_names() { return known_keys; }

}  // namespace leat
