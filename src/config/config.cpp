#include "config/config.h"

#include <fmt/core.h>

#include "base/file.h"
#include "config/setting_reader.h"
#include "config/source_config.h"
#include "config/yaml_settings.h"

namespace leat {

namespace {

using namespace std::chrono_literals;

constexpr size_t file_bytes_max = 1 << 20;
constexpr uint64_t memory_bytes_min = 4000000;
constexpr uint64_t segment_bytes_min = 64 << 10;
constexpr uint64_t spill_bytes_min = 1000000;

constexpr std::string_view fsync_names[] = {"always", "interval", "never"};
// In the order of the enumerations.
constexpr std::string_view log_format_names[] = {"text", "json"};
constexpr std::string_view log_level_names[] = {"debug", "info", "warning", "error"};

// What is read of the file besides its sources.
constexpr std::string_view known_keys[] = {
    "sources",
    "consumers",
    "log.dir",
    "log.fsync",
    "log.fsync.interval.ms",
    "log.segment.bytes",
    "log.retention.ms",
    "log.retention.bytes",
    "memory.bytes",
    "spill.dir",
    "spill.bytes",
    "logging.format",
    "logging.level",
    "secrets.paths",
    "server.listen",
    "server.tls.certificate",
    "server.tls.key",
    "server.tls.client.ca",
};

bool is_section(std::string_view key) {
    for (std::string_view known : known_keys)
        if (known.size() > key.size() && known.starts_with(key) && known[key.size()] == '.') return true;
    return false;
}

class Parser {
  public:
    Parser(const std::string& path, const Environment& environment)
        : path_(path), environment_(environment), reader_(path_, config_.secrets) {}

    Result<Config> parse(const YamlSettings& yaml) {
        LEAT_TRY(read_secret_paths(yaml.settings));
        for (const Setting& setting : yaml.settings) LEAT_TRY(apply(setting));
        LEAT_TRY(check_server());
        if (config_.log.dir.empty())
            return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}: log.dir is missing", path_),
                        "Name the directory of the change log:\nlog:\n  dir: /var/lib/leat");
        if (fsync_interval_ && config_.log.fsync != FsyncMode::interval)
            return reader_.invalid(*fsync_interval_, "has a meaning only with log.fsync: interval");
        // With a server they can be made by REST.
        if (yaml.sources.empty() && (!config_.server.enabled || yaml.has_sources))
            return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}: there are no sources", path_),
                        "Name at least one:\nsources:\n  shop:\n    url: postgresql://leat@db.example/shop");
        for (const SettingGroup& group : yaml.sources) {
            LEAT_ASSIGN(SourceConfig source, parse_source(group, path_, config_.secrets));
            config_.sources.push_back(std::move(source));
        }
        LEAT_TRY(check_no_shared_names(config_.sources, yaml.sources, path_, config_.secrets));
        LEAT_TRY(read_consumers(yaml.consumers));
        return std::move(config_);
    }

  private:
    Status read_consumers(const std::vector<SettingGroup>& groups) {
        for (const SettingGroup& group : groups) {
            LEAT_ASSIGN(auto consumer, parse_consumer(group, path_, config_.secrets, directory_of(path_)));
            config_.consumers.push_back(std::move(consumer));
        }
        std::vector<std::string> sources;
        for (const SourceConfig& source : config_.sources) sources.push_back(source.name);
        return check_consumers(config_.consumers, sources, groups, path_);
    }

    // Before everything else: other values may refer to files.
    Status read_secret_paths(const std::vector<Setting>& settings) {
        std::vector<std::string> paths = {directory_of(path_), "/run/secrets", "/etc/leat"};
        config_.secrets = SecretResolver({}, environment_);
        for (const Setting& setting : settings) {
            if (setting.key != "secrets.paths") continue;
            LEAT_ASSIGN(auto listed, reader_.list(setting));
            for (const std::string& path : listed) paths.push_back(beside_file(path));
        }
        config_.secrets = SecretResolver(std::move(paths), environment_);
        return {};
    }

    std::string beside_file(const std::string& path) const {
        return path.starts_with('/') ? path : directory_of(path_) + "/" + path;
    }

    Status apply(const Setting& setting) {
        const std::string& key = setting.key;
        if (key == "secrets.paths") return {};
        if (key.starts_with("log.")) return apply_log(setting);
        if (key == "memory.bytes")
            return store(reader_.bytes(setting, memory_bytes_min), config_.memory_bytes);
        if (key == "spill.bytes") return store(reader_.bytes(setting, spill_bytes_min), config_.spill.bytes);
        if (key == "spill.dir") {
            LEAT_ASSIGN(std::string dir, reader_.text(setting));
            config_.spill.dir = beside_file(dir);
            return {};
        }
        if (key.starts_with("server.")) return apply_server(setting);
        if (key == "logging.format") return store_choice(setting, log_format_names, config_.logging.format);
        if (key == "logging.level") return store_choice(setting, log_level_names, config_.logging.level);
        if (is_section(key)) {
            if (setting.kind == Setting::Kind::none) return {};  // a section with nothing in it
            return reader_.invalid(setting, "is a section of keys, not a value");
        }
        return reader_.unknown(setting, known_keys);
    }

    Status apply_server(const Setting& setting) {
        ServerConfig& server = config_.server;
        const std::string& key = setting.key;
        if (key == "server.listen") {
            LEAT_ASSIGN(std::string listen, reader_.text(setting));
            server.enabled = listen != "off";
            if (server.enabled) server.listen = std::move(listen);
            return {};
        }
        if (key == "server.tls" && setting.kind != Setting::Kind::none) {
            static constexpr std::string_view off[] = {"off"};
            server.tls_given_up = true;
            LEAT_TRY(reader_.choice(setting, off));
            return {};
        }
        for (auto [name, to] : {std::pair("server.tls.certificate", &ServerConfig::tls_certificate),
                                std::pair("server.tls.key", &ServerConfig::tls_key),
                                std::pair("server.tls.client.ca", &ServerConfig::tls_client_ca)}) {
            if (key != name) continue;
            LEAT_ASSIGN(std::string file, reader_.text(setting));
            server.*to = beside_file(file);
            return {};
        }
        if (is_section(key) && setting.kind == Setting::Kind::none) return {};
        return reader_.unknown(setting, known_keys);
    }

    Status check_server() const {
        const ServerConfig& server = config_.server;
        auto invalid = [&](std::string_view what) {
            return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}: {}", path_, what),
                        "Give both server.tls.certificate and server.tls.key, or neither.");
        };
        if (server.tls_certificate.empty() != server.tls_key.empty())
            return invalid(server.tls_key.empty()
                               ? "server.tls.certificate stands there without server.tls.key"
                               : "server.tls.key stands there without server.tls.certificate");
        if (!server.tls_client_ca.empty() && server.tls_certificate.empty())
            return invalid("server.tls.client.ca stands there without server.tls.certificate");
        return {};
    }

    Status apply_log(const Setting& setting) {
        LogConfig& log = config_.log;
        const std::string& key = setting.key;
        if (key == "log.fsync") return store_choice(setting, fsync_names, log.fsync);
        if (key == "log.segment.bytes")
            return store(reader_.bytes(setting, segment_bytes_min), log.segment_bytes);
        if (key == "log.retention.ms") return store(reader_.duration(setting, 1ms), log.retention_age);
        if (key == "log.retention.bytes")
            return store(reader_.bytes(setting, segment_bytes_min), log.retention_bytes);
        if (key == "log.fsync.interval.ms") {
            fsync_interval_ = setting;
            return store(reader_.duration(setting, 1ms), log.fsync_interval);
        }
        if (key == "log.dir") {
            LEAT_ASSIGN(std::string dir, reader_.text(setting));
            log.dir = beside_file(dir);
            return {};
        }
        return reader_.unknown(setting, known_keys);
    }

    template <class From, class To>
    Status store(Result<From> from, To& to) {
        if (!from) return fail(std::move(from.error()));
        to = *from;
        return {};
    }

    template <class To>
    Status store_choice(const Setting& setting, std::span<const std::string_view> names, To& to) {
        LEAT_ASSIGN(size_t index, reader_.choice(setting, names));
        to = static_cast<To>(index);
        return {};
    }

    const std::string path_;
    const Environment& environment_;
    Config config_;
    SettingReader reader_;
    std::optional<Setting> fsync_interval_;
};

}  // namespace

std::string_view name(FsyncMode mode) { return fsync_names[static_cast<size_t>(mode)]; }

Result<Config> parse_config(const std::string& text, const std::string& path,
                            const Environment& environment) {
    LEAT_ASSIGN(YamlSettings yaml, parse_yaml_settings(text, path));
    return build_config(yaml, path, environment);
}

Result<Config> build_config(const YamlSettings& settings, const std::string& path,
                            const Environment& environment) {
    return Parser(path, environment).parse(settings);
}

Result<Config> load_config(const std::string& path, const Environment& environment) {
    LEAT_ASSIGN(std::string text, read_text_file(path, file_bytes_max));
    return parse_config(text, path, environment);
}

}  // namespace leat
