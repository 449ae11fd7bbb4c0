#include "config/debezium_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "config/connector_file.h"
#include "config/option_table.h"
#include "config/setting_reader.h"

namespace leat {

namespace {

constexpr size_t file_bytes_max = 1 << 20;
constexpr size_t name_bytes_max = 50;
constexpr std::string_view connector_class = "io.debezium.connector.postgresql.PostgresConnector";

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

// "inventory-connector" → "inventory_connector": the name of the source's log.
std::string source_name(std::string_view connector) {
    std::string name;
    for (char c : lower(connector)) {
        bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        name += fits ? c : '_';
    }
    if (!name.empty() && !(name[0] >= 'a' && name[0] <= 'z')) name = "c" + name;
    return name.substr(0, name_bytes_max);
}

// Turns one connector's settings into those of a source.
class Translator {
  public:
    Translator(const std::string& path, std::vector<std::string>& notices)
        : path_(path), reader_(path_, secrets_), notices_(notices) {}

    Result<SettingGroup> translate(std::vector<Setting> settings) {
        for (Setting& setting : settings) {
            // As Debezium reads it, an empty value is none.
            if (setting.key != "database.password" && trim(setting.value()).empty()) continue;
            LEAT_TRY(take(std::move(setting)));
        }
        LEAT_TRY(check_class());
        LEAT_TRY(name_source());
        LEAT_TRY(make_url());
        LEAT_TRY(choose_snapshot_mode());
        LEAT_TRY(choose_converters());
        add_defaults();
        return std::move(group_);
    }

  private:
    Status take(Setting setting) {
        const Option* option = find_option(setting.key);
        // Of Leat's own, those that have a default here.
        bool foreign = option && option->state == OptionState::own && option->default_value.empty();
        if (!option || foreign) return reader_.unknown(setting, all_option_names());
        if (option->taken()) {
            bool inner = option->place == OptionPlace::connector;
            given_.emplace(setting.key, setting);
            if (!inner) group_.settings.push_back(std::move(setting));
            return {};
        }
        bool harmless = option->is_harmless(setting.value()) || option->is_harmless(lower(setting.value()));
        if (option->state == OptionState::refused && harmless) return {};
        if (!harmless)
            return reader_.at(setting,
                              Error{ErrorCode::CONFIG_UNKNOWN_KEY, fmt::format("refused: {}", option->note),
                                    "docs/compatibility.md has every option."});
        if (setting.value() != option->default_value)
            notices_.push_back(
                fmt::format("{}: {}: not needed: {}", path_, redact_key(setting.key), option->note));
        return {};
    }

    const Setting* find(const std::string& key) const {
        auto found = given_.find(key);
        return found == given_.end() ? nullptr : &found->second;
    }
    std::string text(const std::string& key, std::string otherwise = {}) const {
        const Setting* setting = find(key);
        return setting ? setting->value() : otherwise;
    }

    std::unexpected<Error> missing(std::string_view key) const {
        return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}: {} is missing", path_, key));
    }

    Status check_class() const {
        const Setting* setting = find("connector.class");
        if (!setting || setting->value() == connector_class || setting->value() == "PostgresConnector" ||
            setting->value() == "Postgres")
            return {};
        return reader_.invalid(*setting,
                               fmt::format("Leat reads PostgreSQL; this is not {}", connector_class));
    }

    Status name_source() {
        if (!find("topic.prefix")) return missing("topic.prefix");
        group_.name = source_name(text("name", text("topic.prefix")));
        group_.path = path_;
        group_.line = 1;
        return {};
    }

    Status make_url() {
        for (const char* key : {"database.hostname", "database.dbname"})
            if (!find(key)) return missing(key);
        std::string url = "postgresql://";
        if (const Setting* user = find("database.user")) {
            url += encode_around_references(user->value());
            if (const Setting* password = find("database.password"); password && !password->value().empty())
                url += ":" + encode_around_references(password->value());
            url += "@";
        }
        std::string host = text("database.hostname");
        bool address6 = host.find(':') != std::string::npos && !SecretString(host).has_references();
        url += address6 ? "[" + host + "]" : encode_around_references(host);
        url += ":" + text("database.port", "5432") + "/" + encode_around_references(text("database.dbname"));
        std::string mode = lower(text("database.sslmode", "prefer"));
        url += "?sslmode=" + encode_around_references(mode);
        for (const char* key : {"sslrootcert", "sslcert", "sslkey", "sslpassword"})
            if (const Setting* setting = find(fmt::format("database.{}", key)))
                url += fmt::format("&{}={}", key, encode_around_references(setting->value()));
        bool unverified = mode == "prefer" || mode == "allow" || mode == "disable" || mode == "require";
        if (unverified && !find("database.sslmode"))
            notices_.push_back(
                fmt::format("{}: database.sslmode: Debezium's default, prefer, does not verify the server; "
                            "verify-full does",
                            path_));
        const Setting* place = find("database.hostname");
        group_.settings.push_back({"url", Setting::Kind::scalar, {url}, place->line});
        return {};
    }

    Result<bool> flag(const std::string& key, bool otherwise) const {
        const Setting* setting = find(key);
        if (!setting) return otherwise;
        return reader_.boolean(*setting);
    }

    // configuration_based stands for one of the other modes.
    Status choose_snapshot_mode() {
        LEAT_ASSIGN(bool data, flag("snapshot.mode.configuration.based.snapshot.data", false));
        LEAT_ASSIGN(bool stream, flag("snapshot.mode.configuration.based.start.stream", false));
        for (Setting& setting : group_.settings) {
            if (setting.key != "snapshot.mode") continue;
            std::string mode = lower(trim(setting.value()));
            if (mode == "custom")
                return reader_.invalid(setting,
                                       "Java classes cannot be loaded; choose one of the other modes");
            if (mode != "configuration_based") continue;
            if (!data && !stream)
                return reader_.invalid(setting,
                                       "neither snapshot.mode.configuration.based.snapshot.data nor "
                                       ".start.stream is true: there is nothing to do");
            setting.values = {data && stream ? "always" : data ? "initial_only" : "no_data"};
        }
        return {};
    }

    // Kafka Connect's JSON converter: what its options mean for the records.
    Status choose_converters() {
        LEAT_ASSIGN(bool defaults, flag("value.converter.replace.null.with.default", true));
        LEAT_ASSIGN(bool headers, flag("header.converter.schemas.enable", true));
        const Setting* converter = find("header.converter");
        headers = headers && converter && trim(converter->value()).ends_with("JsonConverter");
        add("headers.schemas.enable", headers ? "true" : "false");
        add("json.replace.null.with.default", defaults ? "true" : "false");
        return {};
    }

    void add(std::string key, std::string value) {
        group_.settings.push_back({std::move(key), Setting::Kind::scalar, {std::move(value)}, 0});
    }

    void add_defaults() {
        for (const OptionSection& section : option_sections())
            for (const Option& option : section.options) {
                bool older_name =
                    option.name == "heartbeat.topics.prefix";  // would undo the newer one's value
                if (option.in_yaml() && !option.default_value.empty() && !older_name &&
                    !find(std::string(option.name)))
                    add(std::string(option.name), std::string(option.default_value));
            }
    }

    const std::string& path_;
    const SecretResolver secrets_;
    SettingReader reader_;
    std::vector<std::string>& notices_;
    std::map<std::string, Setting> given_;
    SettingGroup group_;
};

}  // namespace

Result<SettingGroup> translate_connector(std::string_view text, const std::string& path,
                                         std::vector<std::string>& notices) {
    LEAT_ASSIGN(auto settings, parse_connector_file(text, path));
    if (settings.empty())
        return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}: the file has no options", path));
    return Translator(path, notices).translate(std::move(settings));
}

Result<Config> load_debezium_config(const DebeziumConfigFiles& files, const Environment& environment) {
    YamlSettings all;
    std::vector<std::string> notices;
    auto add = [&](std::string key, std::vector<std::string> values) {
        all.settings.push_back({std::move(key), Setting::Kind::list, std::move(values), 0});
        if (all.settings.back().values.size() == 1) all.settings.back().kind = Setting::Kind::scalar;
    };
    std::vector<std::string> secret_paths;
    for (const std::string& path : files.paths) {
        LEAT_ASSIGN(std::string text, read_text_file(path, file_bytes_max));
        LEAT_ASSIGN(SettingGroup group, translate_connector(text, path, notices));
        all.sources.push_back(std::move(group));
        secret_paths.push_back(directory_of(path));
    }
    for (const std::string& setting : files.settings) {
        size_t equals = setting.find('=');
        if (equals == std::string::npos || equals == 0)
            return fail(ErrorCode::USAGE, fmt::format("--set takes KEY=VALUE, not {}", redact_url(setting)));
        std::string key = setting.substr(0, equals);
        if (key == "secrets.paths")
            secret_paths.push_back(setting.substr(equals + 1));
        else
            add(key, {setting.substr(equals + 1)});
    }
    bool has_dir = std::any_of(all.settings.begin(), all.settings.end(),
                               [](const Setting& setting) { return setting.key == "log.dir"; });
    if (!has_dir || !files.data_dir.empty())
        add("log.dir",
            {files.data_dir.empty() ? directory_of(files.paths.front()) + "/leat-data" : files.data_dir});
    add("secrets.paths", std::move(secret_paths));
    LEAT_ASSIGN(Config config, build_config(all, "--set", environment));
    config.notices = std::move(notices);
    return config;
}

}  // namespace leat
