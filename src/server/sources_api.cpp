#include "server/sources_api.h"

#include <fmt/core.h>

#include "base/text.h"
#include "server/answers.h"
#include "server/parameters.h"
#include "server/request_body.h"
#include "server/source_json.h"

namespace leat::server {

using http::json_string;

namespace {

// Names the source when its definition does not: by its database, and a number if that is taken.
std::string free_name(const Sources& sources, const SettingGroup& settings) {
    std::string base;
    for (const Setting& setting : settings.settings)
        if (setting.key == "url" && setting.kind == Setting::Kind::scalar) {
            std::string_view url = setting.value();
            url = url.substr(0, url.find('?'));
            size_t slash = url.rfind('/');
            if (slash != std::string_view::npos && slash > 12)
                for (char c : url.substr(slash + 1))
                    base += std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::tolower(c))
                                                                        : '_';
        }
    if (base.empty() || base.size() > 40 || !std::isalpha(static_cast<unsigned char>(base[0])))
        base = "source";
    auto names = sources.names();
    std::string name = base;
    for (int i = 2; std::ranges::find(names, name) != names.end(); ++i) name = fmt::format("{}_{}", base, i);
    return name;
}

Status check_database_type(RequestBody& body) {
    LEAT_ASSIGN(auto type, body.text("db_type"));
    if (!type || *type == "postgresql" || *type == "postgres") return {};
    constexpr std::string_view known[] = {"postgresql"};
    bool near = nearest(*type, known).has_value();
    return fail(ErrorCode::CONFIG_INVALID,
                fmt::format("request: db_type: {} is not supported{}", json_string(*type),
                            near ? "; did you mean postgresql?" : "; it is postgresql"));
}

// Members that every definition of a source has beside its settings; `name` from the path, or empty.
Result<SettingGroup> read_settings(RequestBody& body, const std::string& name) {
    LEAT_TRY(check_database_type(body));
    LEAT_ASSIGN(auto given, body.text("source_id"));
    if (!name.empty() && given && *given != name)
        return fail(ErrorCode::CONFIG_INVALID, "request: source_id: a source cannot be renamed",
                    "Leave it out.");
    LEAT_ASSIGN(auto settings, body.rest(name.empty() ? given.value_or("") : name));
    LEAT_TRY(apply_aliases(settings, source_aliases));
    return settings;
}

// A glob over schema.table as a regular expression.
std::string regex_of_glob(std::string_view glob) {
    std::string out;
    for (char c : glob) {
        if (c == '*')
            out += ".*";
        else if (c == '?')
            out += '.';
        else if (std::ispunct(static_cast<unsigned char>(c)) && c != '_')
            (out += '\\') += c;
        else
            out += c;
    }
    return out;
}

std::string names_json(const std::vector<std::string>& names) {
    std::string text = "[";
    for (const std::string& name : names) {
        if (text.size() > 1) text += ',';
        text += json_string(name);
    }
    return text + "]";
}

http::Response state_answer(const SourceView& view, bool checkpoint) {
    std::string more = checkpoint ? ",\"checkpoint\":" + checkpoint_json(view) : "";
    return json_answer(
        200, fmt::format("{{\"source_id\":{},\"status\":\"{}\",\"error\":{}{}}}", json_string(view.name),
                         leat::name(view.status.state), error_json(view.status.error), more));
}

Status no_body(const http::Request& request) {
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    return body.end();
}

}  // namespace

SourcesApi::Answer SourcesApi::create(const http::Request& request) {
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    SourceRequest wanted;
    LEAT_ASSIGN(auto start, body.flag("start"));
    LEAT_ASSIGN(auto check, body.flag("check"));
    wanted.start = start.value_or(false);
    wanted.check = check.value_or(true);
    LEAT_ASSIGN(wanted.settings, read_settings(body, ""));
    if (wanted.settings.name.empty()) {
        if (body.has("source_id")) return fail(ErrorCode::CONFIG_INVALID, "request: source_id: it is empty");
        wanted.settings.name = free_name(sources_, wanted.settings);
    }
    LEAT_ASSIGN(auto view, control_.create(wanted));
    return with_etag(json_answer(201, source_json(view)), view.revision)
        .set("Location", "/api/v1/sources/" + view.name);
}

SourcesApi::Answer SourcesApi::get(const std::string& name) {
    LEAT_ASSIGN(auto view, sources_.view(name));
    std::string text = source_json(view);
    std::string settings = "null";
    if (!view.from_file) {
        LEAT_ASSIGN(auto group, control_.settings(name));
        settings = to_json(group);
    }
    text.back() = ',';
    return with_etag(json_answer(200, text + "\"settings\":" + settings + "}"), view.revision);
}

SourcesApi::Answer SourcesApi::update(const http::Request& request, const SettingGroup& settings) {
    LEAT_ASSIGN(auto revision, expected_revision(request));
    LEAT_ASSIGN(auto view, control_.update(settings, revision));
    return with_etag(json_answer(200, source_json(view)), view.revision);
}

SourcesApi::Answer SourcesApi::replace(const http::Request& request, const std::string& name) {
    LEAT_TRY(sources_.view(name));
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    LEAT_ASSIGN(auto settings, read_settings(body, name));
    return update(request, settings);
}

// As RFC 7396 has it, over the flat keys: null takes a key away.
SourcesApi::Answer SourcesApi::merge(const http::Request& request, const std::string& name) {
    LEAT_ASSIGN(auto settings, control_.settings(name));
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    LEAT_ASSIGN(auto changes, read_settings(body, name));
    for (Setting& change : changes.settings) {
        std::erase_if(settings.settings, [&](const Setting& one) { return one.key == change.key; });
        if (change.kind != Setting::Kind::none) settings.settings.push_back(std::move(change));
    }
    return update(request, settings);
}

SourcesApi::Answer SourcesApi::remove(const http::Request& request, const std::string& name) {
    static constexpr std::string_view known[] = {"drop_slot", "drop_log"};
    LEAT_ASSIGN(auto parameters, Parameters::read(request, known));
    RemoveRequest wanted;
    LEAT_ASSIGN(wanted.drop_slot, parameters.flag("drop_slot", false));
    LEAT_ASSIGN(wanted.drop_log, parameters.flag("drop_log", false));
    LEAT_ASSIGN(wanted.revision, expected_revision(request));
    LEAT_TRY(sources_.view(name));
    std::string readers;
    if (consumers_)
        for (const std::string& consumer : consumers_->names())
            if (auto view = consumers_->view(consumer); view && view->source == name)
                readers += (readers.empty() ? "" : ", ") + consumer;
    if (!readers.empty())
        return fail(ErrorCode::API_STATE, fmt::format("consumers read the source {}: {}", name, readers),
                    "Remove them first.");
    auto status = control_.remove(name, wanted);
    if (status) return http::Response(204);
    // Here it is not the request that is wrong.
    bool database = leat::name(status.error().code).starts_with("PG_");
    bool passing = retry_class(status.error().code) == Retry::backoff;
    if (database) return refuse(std::move(status.error()), passing ? 503 : 409);
    return fail(std::move(status.error()));
}

SourcesApi::Answer SourcesApi::start(const http::Request& request, const std::string& name) {
    LEAT_TRY(no_body(request));
    LEAT_ASSIGN(auto view, control_.start(name));
    return state_answer(view, true);
}
SourcesApi::Answer SourcesApi::stop(const http::Request& request, const std::string& name) {
    LEAT_TRY(no_body(request));
    LEAT_ASSIGN(auto view, control_.stop(name));
    return state_answer(view, false);
}
SourcesApi::Answer SourcesApi::pause(const http::Request& request, const std::string& name) {
    LEAT_TRY(no_body(request));
    LEAT_ASSIGN(auto view, control_.pause(name));
    return state_answer(view, false);
}
SourcesApi::Answer SourcesApi::resume(const http::Request& request, const std::string& name) {
    LEAT_TRY(no_body(request));
    LEAT_ASSIGN(auto view, control_.resume(name));
    return state_answer(view, false);
}

// What the database says is the answer, also where it cannot be reached.
SourcesApi::Answer SourcesApi::checks(const std::string& name) {
    auto findings = control_.check(name);
    if (!findings && leat::name(findings.error().code).starts_with("PG_")) {
        Error& error = findings.error();
        return json_answer(200, findings_json({{Finding::Level::error, error.code, "connection",
                                                std::move(error.message), std::move(error.action)}}));
    }
    if (!findings) return fail(std::move(findings.error()));
    return json_answer(200, findings_json(*findings));
}

SourcesApi::Answer SourcesApi::add_tables(const http::Request& request, const std::string& name) {
    LEAT_ASSIGN(auto settings, control_.settings(name));
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    LEAT_ASSIGN(auto tables, body.list("tables"));
    LEAT_TRY(body.end());
    if (tables.empty()) return fail(ErrorCode::CONFIG_INVALID, "request: tables: none is named");
    auto with = [&](std::string_view key) {
        return std::ranges::find_if(settings.settings, [&](const Setting& one) { return one.key == key; });
    };
    auto found = with("tables");
    if (found == settings.settings.end()) {
        bool lists = std::ranges::any_of(settings.settings, [](const Setting& one) {
            return one.key.ends_with("clude.list") && !one.key.starts_with("column");
        });
        return fail(ErrorCode::API_STATE,
                    lists ? fmt::format("the source {} chooses its tables by Debezium's lists", name)
                          : fmt::format("the source {} captures every table already", name),
                    lists ? fmt::format("PATCH /api/v1/sources/{} with table.include.list", name) : "");
    }
    found->kind = Setting::Kind::list;
    for (std::string& table : tables)
        if (std::ranges::find(found->values, table) == found->values.end())
            found->values.push_back(std::move(table));
    return update(request, settings);
}

SourcesApi::Answer SourcesApi::signal(const std::string& name, Signal signal) {
    LEAT_TRY(sources_.view(name));
    LEAT_ASSIGN(auto outcome, control_.signal(name, std::move(signal)));
    std::string refused = "[";
    for (auto& one : outcome.refused) {
        if (refused.size() > 1) refused += ',';
        refused +=
            fmt::format("{{\"table\":{},\"error\":{}}}", json_string(one.table), error_json(one.error));
    }
    return json_answer(202, fmt::format("{{\"source_id\":{},\"tables\":{},\"refused\":{}]}}",
                                        json_string(name), names_json(outcome.tables), refused));
}

SourcesApi::Answer SourcesApi::snapshot(const http::Request& request, const std::string& name) {
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    LEAT_ASSIGN(auto tables, body.list("tables"));
    LEAT_ASSIGN(auto where, body.text("where"));
    LEAT_TRY(body.end());
    if (tables.empty())
        return fail(ErrorCode::CONFIG_INVALID, "request: tables: none is named",
                    "Name them as schema.table, with * and ?.");
    Signal signal;
    signal.kind = Signal::Kind::execute;
    for (const std::string& table : tables) {
        signal.collections.push_back(regex_of_glob(table));
        if (where) signal.conditions.push_back({signal.collections.back(), *where});
    }
    return this->signal(name, std::move(signal));
}

SourcesApi::Answer SourcesApi::control_snapshot(const http::Request& request, const std::string& name,
                                                Signal::Kind kind) {
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    Signal signal;
    signal.kind = kind;
    if (kind == Signal::Kind::stop) {
        LEAT_ASSIGN(auto tables, body.list("tables"));
        for (const std::string& table : tables) signal.collections.push_back(regex_of_glob(table));
    }
    LEAT_TRY(body.end());
    return this->signal(name, std::move(signal));
}

SourcesApi::Answer SourcesApi::pause_snapshot(const http::Request& request, const std::string& name) {
    return control_snapshot(request, name, Signal::Kind::pause);
}
SourcesApi::Answer SourcesApi::resume_snapshot(const http::Request& request, const std::string& name) {
    return control_snapshot(request, name, Signal::Kind::resume);
}
SourcesApi::Answer SourcesApi::stop_snapshot(const http::Request& request, const std::string& name) {
    return control_snapshot(request, name, Signal::Kind::stop);
}

// The newest version of each table.
SourcesApi::Answer SourcesApi::schemas(const std::string& name) {
    LEAT_ASSIGN(auto versions, control_.schemas(name));
    std::string text;
    for (size_t i = 0; i < versions.size(); ++i) {
        bool newest = i + 1 == versions.size() ||
                      versions[i + 1].schema->qualified_name() != versions[i].schema->qualified_name();
        if (!newest) continue;
        if (!text.empty()) text += ',';
        text += schema_json(versions[i], false);
    }
    return json_answer(200, fmt::format("{{\"source_id\":{},\"schemas\":[{}]}}", json_string(name), text));
}

// All versions of a table that are kept; with `at` the one that a change of that sequence has.
SourcesApi::Answer SourcesApi::schema(const http::Request& request, const std::string& name,
                                      const std::string& table) {
    static constexpr std::string_view known[] = {"at"};
    LEAT_ASSIGN(auto parameters, Parameters::read(request, known));
    LEAT_ASSIGN(auto at, parameters.number("at"));
    LEAT_ASSIGN(auto versions, control_.schemas(name));
    std::vector<std::string> tables;
    for (const SchemaVersion& one : versions) tables.push_back(one.schema->qualified_name());
    std::erase_if(versions, [&](const SchemaVersion& one) { return one.schema->qualified_name() != table; });
    if (versions.empty()) {
        std::vector<std::string_view> views(tables.begin(), tables.end());
        auto near = nearest(table, views);
        return fail(ErrorCode::API_NOT_FOUND,
                    fmt::format("no table {} was captured by {}{}", table, name,
                                near ? fmt::format("; did you mean {}?", *near) : ""),
                    fmt::format("GET /api/v1/sources/{}/schemas lists them.", name));
    }
    if (at) {
        auto after = std::ranges::find_if(versions, [&](auto& one) { return one.since.value > *at; });
        if (after == versions.begin())
            return fail(
                ErrorCode::API_NOT_FOUND,
                fmt::format("{} has no version at sequence {} any more; the first that is kept begins "
                            "at {}",
                            table, *at, versions.front().since.value));
        versions = {*std::prev(after)};
    }
    std::string text;
    for (const SchemaVersion& one : versions) {
        if (!text.empty()) text += ',';
        text += schema_json(one, true);
    }
    return json_answer(200, fmt::format("{{\"source_id\":{},\"table\":{},\"versions\":[{}]}}",
                                        json_string(name), json_string(table), text));
}

}  // namespace leat::server
