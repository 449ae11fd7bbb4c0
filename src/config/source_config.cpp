#include "config/source_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "config/option_table.h"
#include "config/setting_reader.h"

namespace leat {

namespace {

using namespace std::chrono_literals;

constexpr size_t source_name_bytes_max = 50;
constexpr size_t pg_name_bytes_max = 63;
constexpr uint64_t snapshot_threads_max = 32;
constexpr uint64_t chunk_rows_max = 1000000;

// In the order of the enumerations; `never` is one name more.
constexpr std::string_view snapshot_mode_names[] = {"initial",     "initial_only", "always",
                                                    "when_needed", "no_data",      "never"};
constexpr std::string_view publication_mode_names[] = {"filtered", "all_tables", "disabled"};
constexpr std::string_view wal_policy_names[] = {"warn", "fail", "drop", "drop_and_snapshot"};

bool consists_of(std::string_view text, std::string_view also) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || also.find(c) != std::string_view::npos;
    });
}

bool is_source_name(std::string_view name) {
    return !name.empty() && name.size() <= source_name_bytes_max && name[0] >= 'a' && name[0] <= 'z' &&
           consists_of(name, "_");
}

class SourceParser {
  public:
    SourceParser(const SettingGroup& group, const std::string& path, const SecretResolver& secrets)
        : group_(group),
          secrets_(secrets),
          path_(group.path.empty() ? path : group.path),
          reader_(path_, secrets) {
        if (group.path.empty()) reader_.set_prefix(fmt::format("sources.{}.", group.name));
    }

    Result<SourceConfig> parse() {
        if (!is_source_name(group_.name))
            return reader_.invalid_at(
                group_.line, fmt::format("\"{}\" is not allowed as the name of a source; it begins with a "
                                         "letter, consists of a-z, 0-9 and _, and has at most {} characters",
                                         redact_url(group_.name), source_name_bytes_max));
        if (group_.kind != Setting::Kind::list)
            return reader_.invalid_at(group_.line,
                                      fmt::format("sources.{} is not a map of options", group_.name),
                                      "Write at least:  url: postgresql://user@host/database");
        source_ = default_source(group_.name, SecretString());
        for (const Setting& setting : group_.settings) LEAT_TRY(apply(setting));
        LEAT_TRY(check_snapshot_selects());
        if (source_.url.raw().empty())
            return reader_.invalid_at(group_.line, fmt::format("sources.{}.url is missing", group_.name),
                                      "Write:  url: postgresql://user@host/database");
        LEAT_TRY(check_combinations());
        if (!source_.signal_file.starts_with('/'))
            source_.signal_file = directory_of(path_) + "/" + source_.signal_file;
        return std::move(source_);
    }

  private:
    Status apply(const Setting& setting) {
        const std::string& key = setting.key;
        if (key.starts_with("heartbeat.") && key != "heartbeat.topics.prefix")
            return apply_heartbeat(setting);
        if (is_format_option(key)) return apply_format_option(setting);
        if (key == "url") return apply_url(setting);
        if (key.starts_with("column.")) return apply_columns(setting);

        if (key.starts_with("guardrail.")) return apply_guardrail(setting);
        if (key.starts_with("snapshot.")) return apply_snapshot(setting);
        if (key == "tables" || key.ends_with(".list")) return apply_selection(setting);
        if (key.starts_with("incremental.snapshot.")) return apply_incremental(setting);
        if (key.starts_with("signal.")) return apply_signal(setting);
        if (key.starts_with("slot.") || key.starts_with("publi")) return apply_slot(setting);
        if (key == "status.update.interval.ms") {
            LEAT_ASSIGN(source_.status_update_interval, reader_.duration(setting, 100ms));
            return {};
        }
        if (key == "streaming") return apply_boolean(setting, source_.streaming);
        if (key == "two.phase") return apply_boolean(setting, source_.two_phase);
        if (key == "topic.prefix") return apply_topic_prefix(setting);
        return unknown(setting);
    }

    Status apply_url(const Setting& setting) {
        LEAT_ASSIGN(std::string raw, reader_.raw_text(setting));
        source_.url = SecretString(raw);
        if (auto status = SecretResolver::check_syntax(raw); !status)
            return reader_.at(setting, status.error());
        if (source_.url.has_references()) return {};  // cannot be judged before they are resolved
        LEAT_ASSIGN(std::string url, secrets_.resolve_url(raw));
        auto parsed = parse_postgres_url(url);
        if (!parsed) return reader_.at(setting, parsed.error());
        return {};
    }

    Status apply_selection(const Setting& setting) {
        if (setting.key == "tables") {
            if (debezium_list_) return both_selections(setting);
            globs_ = setting;
            LEAT_ASSIGN(source_.tables, reader_.list(setting));
            return {};
        }
        std::vector<std::string>* list = debezium_list(setting.key);
        if (!list) return unknown(setting);
        if (globs_) return both_selections(setting);
        debezium_list_ = setting;
        LEAT_ASSIGN(*list, reader_.regex_list(setting));
        return check_one_direction(setting);
    }

    Status apply_columns(const Setting& setting) {
        bool include = setting.key == "column.include.list";
        if (include || setting.key == "column.exclude.list") {
            auto& list = include ? source_.column_include : source_.column_exclude;
            LEAT_ASSIGN(list, reader_.regex_list(setting));
            if (source_.column_include.empty() || source_.column_exclude.empty()) return {};
            return reader_.invalid(setting, "column.include.list and column.exclude.list cannot be combined");
        }
        auto mask = parse_mask_option(setting.key);
        if (!mask) return reader_.at(setting, mask.error());
        if (!*mask) return unknown(setting);
        auto salt = secrets_.resolve((*mask)->salt);
        if (!salt) return reader_.at(setting, salt.error());
        (*mask)->salt = std::move(*salt);
        LEAT_ASSIGN((*mask)->columns, reader_.regex_list(setting));
        auto after = std::upper_bound(source_.masks.begin(), source_.masks.end(), **mask,
                                      [](auto& a, auto& b) { return a.kind < b.kind; });
        source_.masks.insert(after, std::move(**mask));
        return {};
    }

    std::vector<std::string>* debezium_list(std::string_view key) {
        if (key == "schema.include.list") return &source_.schema_include;
        if (key == "schema.exclude.list") return &source_.schema_exclude;
        if (key == "table.include.list") return &source_.table_include;
        if (key == "table.exclude.list") return &source_.table_exclude;
        return nullptr;
    }

    std::unexpected<Error> both_selections(const Setting& setting) const {
        return reader_.invalid(setting, "tables and Debezium's include and exclude lists cannot be combined",
                               "Keep one of them: tables takes globs, the lists take regular expressions.");
    }

    // As in Debezium.
    Status check_one_direction(const Setting& setting) const {
        if (!source_.schema_include.empty() && !source_.schema_exclude.empty())
            return reader_.invalid(setting, "schema.include.list and schema.exclude.list cannot be combined");
        if (!source_.table_include.empty() && !source_.table_exclude.empty())
            return reader_.invalid(setting, "table.include.list and table.exclude.list cannot be combined");
        return {};
    }

    Status apply_snapshot(const Setting& setting) {
        if (setting.key == "snapshot.mode") {
            LEAT_ASSIGN(size_t index, reader_.choice(setting, snapshot_mode_names));
            source_.snapshot_mode =
                std::min(static_cast<SnapshotMode>(index), SnapshotMode::no_data);  // never is no_data
            return {};
        }
        if (setting.key.starts_with("snapshot.select.")) return apply_snapshot_select(setting);
        if (setting.key == "snapshot.include.collection.list") {
            LEAT_ASSIGN(source_.snapshot_include, reader_.regex_list(setting));
            return {};
        }
        if (setting.key == "snapshot.max.threads") {
            LEAT_ASSIGN(uint64_t threads, reader_.number(setting, 1, snapshot_threads_max));
            source_.snapshot_threads = static_cast<uint32_t>(threads);
            return {};
        }
        return unknown(setting);
    }

    Status apply_incremental(const Setting& setting) {
        const std::string& key = setting.key;
        if (key == "incremental.snapshot.chunk.size") {
            LEAT_ASSIGN(source_.incremental_chunk_rows, reader_.number(setting, 1, chunk_rows_max));
            return {};
        }
        if (key == "incremental.snapshot.rows.per.second") {
            LEAT_ASSIGN(source_.incremental_rows_per_second, reader_.number(setting, 0, 1'000'000'000));
            return {};
        }
        if (key == "incremental.snapshot.sessions.max") {
            LEAT_ASSIGN(source_.incremental_sessions_max, reader_.number(setting, 0, 1'000'000));
            return {};
        }
        if (key == "incremental.snapshot.lag.max.ms") {
            LEAT_ASSIGN(source_.incremental_lag_max, reader_.duration(setting, 1ms));
            return {};
        }
        return unknown(setting);
    }

    Status apply_signal(const Setting& setting) {
        if (setting.key == "signal.enabled.channels") return apply_signal_channels(setting);
        if (setting.key == "signal.file") {
            signal_file_ = setting;
            LEAT_ASSIGN(source_.signal_file, reader_.text(setting));
            return {};
        }
        if (setting.key == "signal.poll.interval.ms") {
            LEAT_ASSIGN(source_.signal_poll_interval, reader_.duration(setting, 1ms));
            return {};
        }
        if (setting.key != "signal.data.collection") return unknown(setting);
        LEAT_ASSIGN(source_.signal_table, reader_.text(setting));
        if (std::count(source_.signal_table.begin(), source_.signal_table.end(), '.') == 1) return {};
        return reader_.invalid(setting, "it is the name of a table with its schema",
                               "Write:  public.debezium_signal");
    }

    Status apply_signal_channels(const Setting& setting) {
        LEAT_ASSIGN(auto items, reader_.list(setting));
        source_.signals_from_table = source_.signals_from_file = false;
        for (const std::string& item : items)
            for (std::string_view part : split(item, ',')) {
                std::string_view channel = trim(part);
                if (channel == "source")
                    source_.signals_from_table = true;
                else if (channel == "file")
                    source_.signals_from_file = true;
                else if (channel != "kafka")  // by itself it asks for nothing: it has a topic of its own
                    return reader_.invalid(setting, fmt::format("there is no channel \"{}\"", channel),
                                           "Write source (the table signal.data.collection), file "
                                           "(signal.file), or both.");
            }
        return {};
    }

    // The interval shapes the records, too.
    Status apply_heartbeat(const Setting& setting) {
        if (setting.key == "heartbeat.interval.ms") {
            LEAT_ASSIGN(source_.heartbeat_interval, reader_.duration(setting, 0ms));
            if (source_.heartbeat_interval > 0ms)
                source_.format_options[setting.key] = std::to_string(source_.heartbeat_interval.count());
            return {};
        }
        if (setting.key != "heartbeat.action.query") return unknown(setting);
        heartbeat_query_ = setting;
        LEAT_ASSIGN(source_.heartbeat_query, reader_.text(setting));
        return {};
    }

    Status check_combinations() const {
        if (signal_file_ && !source_.signals_from_file)
            return reader_.invalid(*signal_file_, "it is not read",
                                   "Add the channel:  signal.enabled.channels: source,file");
        if (heartbeat_query_ && source_.heartbeat_interval == 0ms)
            return reader_.invalid(*heartbeat_query_, "it is run at an interval, and there is none",
                                   "Set heartbeat.interval.ms, or remove it.");
        if (source_.wal_policy == WalPolicy::drop_and_snapshot &&
            source_.snapshot_mode == SnapshotMode::no_data)
            return reader_.invalid(*wal_policy_,
                                   "snapshot.mode: no_data takes no snapshot that could follow");
        return {};
    }

    // The tables, and for each of them its statement.
    Status apply_snapshot_select(const Setting& setting) {
        constexpr std::string_view list = "snapshot.select.statement.overrides";
        if (setting.key == list) {
            LEAT_ASSIGN(auto names, reader_.list(setting));
            selects_ = setting;
            for (const std::string& item : names)
                for (std::string_view table : split(item, ','))
                    if (!trim(table).empty()) select_tables_.emplace(trim(table));
            return {};
        }
        if (!setting.key.starts_with(std::string(list) + ".")) return unknown(setting);
        LEAT_ASSIGN(std::string select, reader_.text(setting));
        std::string_view statement = trim(select);
        while (statement.ends_with(';')) statement = trim(statement.substr(0, statement.size() - 1));
        if (statement.empty()) return reader_.invalid(setting, "is no SELECT");
        source_.snapshot_selects[setting.key.substr(list.size() + 1)] = statement;
        if (!selects_) selects_ = setting;
        return {};
    }

    Status check_snapshot_selects() const {
        for (const std::string& table : select_tables_)
            if (!source_.snapshot_selects.contains(table))
                return reader_.invalid(*selects_, fmt::format("names {}, whose statement is missing", table),
                                       fmt::format("Add snapshot.select.statement.overrides.{}.", table));
        for (auto& [table, statement] : source_.snapshot_selects)
            if (!select_tables_.contains(table))
                return reader_.invalid(*selects_, fmt::format("{} has a statement, and is not listed", table),
                                       "Name the table in snapshot.select.statement.overrides.");
        return {};
    }

    Status apply_guardrail(const Setting& setting) {
        if (setting.key == "guardrail.collections.max") {
            LEAT_ASSIGN(uint64_t tables, reader_.number(setting, 0, 1000000));
            source_.tables_max = static_cast<uint32_t>(tables);
            return {};
        }
        if (setting.key == "guardrail.collections.limit.action") {
            constexpr std::string_view actions[] = {"warn", "fail"};
            LEAT_ASSIGN(size_t index, reader_.choice(setting, actions));
            source_.too_many_tables_fail = index == 1;
            return {};
        }
        return unknown(setting);
    }

    Status apply_slot(const Setting& setting) {
        const std::string& key = setting.key;
        if (key == "slot.wal.budget.bytes") {
            LEAT_ASSIGN(source_.wal_budget_bytes, reader_.bytes(setting, 1));
            return {};
        }
        if (key == "slot.wal.budget.policy") {
            wal_policy_ = setting;
            LEAT_ASSIGN(size_t index, reader_.choice(setting, wal_policy_names));
            source_.wal_policy = static_cast<WalPolicy>(index);
            return {};
        }
        if (key == "slot.name") return apply_slot_name(setting);
        if (key == "slot.take.over") return apply_boolean(setting, source_.take_over_slot);
        if (key == "slot.failover") return apply_boolean(setting, source_.slot_failover);
        if (key == "slot.drop.on.stop") return apply_boolean(setting, source_.drop_slot_on_stop);
        if (key == "slot.max.retries") {
            LEAT_ASSIGN(uint64_t retries, reader_.number(setting, 0, 1000000));
            source_.slot_retries_max = static_cast<uint32_t>(retries);
            return {};
        }
        if (key == "slot.retry.delay.ms") {
            LEAT_ASSIGN(source_.slot_retry_delay, reader_.duration(setting, 1ms));
            return {};
        }
        if (key == "publish.via.partition.root")
            return apply_boolean(setting, source_.publish_via_partition_root);
        if (key == "publication.name") {
            LEAT_ASSIGN(source_.publication_name, reader_.text(setting));
            if (source_.publication_name.size() <= pg_name_bytes_max) return {};
            return reader_.invalid(setting, fmt::format("has more than {} bytes", pg_name_bytes_max));
        }
        if (key == "publication.autocreate.mode") {
            LEAT_ASSIGN(size_t index, reader_.choice(setting, publication_mode_names));
            source_.publication_mode = static_cast<PublicationMode>(index);
            return {};
        }
        return unknown(setting);
    }

    Status apply_slot_name(const Setting& setting) {
        LEAT_ASSIGN(source_.slot_name, reader_.text(setting));
        if (source_.slot_name.size() <= pg_name_bytes_max && consists_of(source_.slot_name, "_")) return {};
        return reader_.invalid(
            setting, fmt::format("PostgreSQL does not allow this name for a slot; it consists of a-z, 0-9 "
                                 "and _, and has at most {} characters",
                                 pg_name_bytes_max));
    }

    Status apply_boolean(const Setting& setting, bool& to) {
        LEAT_ASSIGN(to, reader_.boolean(setting));
        return {};
    }

    Status apply_topic_prefix(const Setting& setting) {
        LEAT_ASSIGN(source_.topic_prefix, reader_.text(setting));
        if (consists_of(source_.topic_prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-")) return {};
        return reader_.invalid(setting, "it consists of letters, digits, '.', '_' and '-'");
    }

    Status apply_format_option(const Setting& setting) {
        LEAT_ASSIGN(std::vector<std::string> values, reader_.list(setting));
        source_.format_options[setting.key] = fmt::format("{}", fmt::join(values, ","));
        return {};
    }

    std::unexpected<Error> unknown(const Setting& setting) const {
        if (auto reason = explain_foreign_option(setting.key))
            return reader_.at(setting, Error{ErrorCode::CONFIG_UNKNOWN_KEY, *reason, "Remove it."});
        return reader_.unknown(setting, source_option_names());
    }

    const SettingGroup& group_;
    const SecretResolver& secrets_;
    const std::string path_;  // of the file that has it
    SettingReader reader_;
    SourceConfig source_;
    std::optional<Setting> globs_, debezium_list_, heartbeat_query_, wal_policy_, selects_, signal_file_;
    std::set<std::string> select_tables_;
};

// Which server and database a source reads, as far as that can be told without its secrets.
struct Place {
    std::string server, database;
    bool operator==(const Place&) const = default;
};

Place place_of(const SourceConfig& source, const SecretResolver& secrets) {
    Place unknown{source.url.raw(), {}};
    if (source.url.has_references()) return unknown;
    auto text = secrets.resolve_url(source.url.raw());
    if (!text) return unknown;
    auto url = parse_postgres_url(*text);
    if (!url) return unknown;
    Place place{{}, url->database};
    for (const PostgresHost& host : url->hosts) place.server += fmt::format("{}:{},", host.host, host.port);
    return place;
}

}  // namespace

std::string_view name(SnapshotMode mode) { return snapshot_mode_names[static_cast<size_t>(mode)]; }
std::string_view name(WalPolicy policy) { return wal_policy_names[static_cast<size_t>(policy)]; }
std::string_view name(PublicationMode mode) { return publication_mode_names[static_cast<size_t>(mode)]; }

SourceConfig default_source(std::string name, SecretString url) {
    SourceConfig source;
    source.url = std::move(url);
    source.slot_name = source.publication_name = "leat_" + name;
    source.topic_prefix = name;
    source.name = std::move(name);
    return source;
}

Result<SourceConfig> parse_source(const SettingGroup& group, const std::string& path,
                                  const SecretResolver& secrets) {
    return SourceParser(group, path, secrets).parse();
}

std::string shared_between(const SourceConfig& a, const SourceConfig& b, const SecretResolver& secrets) {
    Place place_a = place_of(a, secrets), place_b = place_of(b, secrets);
    if (place_a.server != place_b.server) return {};
    if (a.slot_name == b.slot_name) return "slot " + a.slot_name;
    bool managed =
        a.publication_mode != PublicationMode::disabled || b.publication_mode != PublicationMode::disabled;
    if (!managed || place_a != place_b || a.publication_name != b.publication_name) return {};
    return "publication " + a.publication_name;
}

Status check_no_shared_names(const std::vector<SourceConfig>& sources,
                             const std::vector<SettingGroup>& groups, const std::string& path,
                             const SecretResolver& secrets) {
    for (size_t b = 0; b < sources.size(); ++b) {
        for (size_t a = 0; a < b; ++a) {
            if (sources[a].name == sources[b].name)  // of connectors' files; leat.yaml cannot have it
                return fail(ErrorCode::CONFIG_INVALID,
                            fmt::format("{}: the connector has the name of another, {}", groups[b].path,
                                        sources[b].name),
                            "Give each its own name.");
            std::string shared = shared_between(sources[a], sources[b], secrets);
            if (shared.empty()) continue;
            const std::string& file = groups[b].path.empty() ? path : groups[b].path;
            return fail(ErrorCode::CONFIG_INVALID,
                        fmt::format("{}:{}: the sources {} and {} would both use the {} of one server", file,
                                    groups[b].line, sources[a].name, sources[b].name, shared),
                        shared.starts_with("slot") ? "Give each its own slot.name."
                                                   : "Give each its own publication.name.");
        }
    }
    return {};
}

Result<PostgresUrl> resolve_url(const SourceConfig& source, const SecretResolver& secrets) {
    auto with_key = [&](Error error) {
        if (!source.name.empty())
            error.message = fmt::format("sources.{}.url: {}", source.name, error.message);
        return fail(std::move(error));
    };
    auto text = secrets.resolve_url(source.url.raw());
    if (!text) return with_key(text.error());
    auto url = parse_postgres_url(*text);
    if (!url) return with_key(url.error());
    return std::move(*url);
}

}  // namespace leat
