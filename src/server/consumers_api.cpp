#include "server/consumers_api.h"

#include <fmt/core.h>

#include "base/text.h"
#include "config/literal_secret.h"
#include "server/answers.h"
#include "server/parameters.h"
#include "server/request_body.h"

namespace leat::server {

using http::json_string;

namespace {

constexpr uint64_t letters_shown = 100, letters_shown_max = 1000;

std::string consumer_json(const ConsumerView& view, bool settings) {
    const ConsumerStatus& status = view.status;
    std::string text = fmt::format(
        "{{\"consumer_id\":{},\"source_id\":{},\"type\":{},\"status\":\"{}\",\"origin\":\"{}\",\"error\":{},"
        "\"tries\":{},\"next_try\":{},\"seq\":{},\"lag_changes\":{},\"lag_seconds\":{:.3f},\"changes\":{},"
        "\"bytes\":{},\"retries\":{},\"skipped\":{},\"dead_letters\":{},\"last_delivered_timestamp\":{}",
        json_string(view.name), json_string(view.source), json_string(view.type), name(status.state),
        view.from_file ? "file" : "api", error_json(status.error), status.tries,
        json_time(status.next_try_us), status.durable.value, view.lag_changes, view.lag_seconds,
        status.changes, status.bytes, status.retries, status.skipped, view.dead_letters_waiting,
        json_time(status.commit_time_us));
    if (settings)
        text += ",\"settings\":" + (view.from_file || view.definition.empty() ? "null" : view.definition);
    return text + "}";
}

http::Response one(int status, const ConsumerView& view) {
    return with_etag(json_answer(status, consumer_json(view, true)), view.revision);
}

Result<SettingGroup> read_settings(RequestBody& body, const std::string& name) {
    LEAT_ASSIGN(auto given, body.text("consumer_id"));
    if (!name.empty() && given && *given != name)
        return fail(ErrorCode::CONFIG_INVALID, "request: consumer_id: a consumer cannot be renamed",
                    "Leave it out.");
    LEAT_ASSIGN(auto settings, body.rest(name.empty() ? given.value_or("") : name));
    LEAT_TRY(apply_aliases(settings, consumer_aliases));
    LEAT_TRY(translate_operations(settings));
    settings.path = "request";
    return settings;
}

std::string letter_json(const DeadLetter& letter, bool bytes) {
    std::string text = fmt::format(
        "{{\"seq\":{},\"held\":{},\"attempts\":{},\"code\":{},\"message\":{},\"content_type\":{},\"created\":"
        "{}",
        letter.seq.value, letter.held, letter.attempts, json_string(letter.code), json_string(letter.message),
        json_string(letter.content_type), json_time(letter.created_us));
    if (bytes) text += ",\"bytes\":" + json_string(letter.bytes);
    return text + "}";
}

}  // namespace

// Every glob of `tables` has to match a table that was captured, once there are any.
Status ConsumersApi::check(const SettingGroup& settings) const {
    for (const Setting& setting : settings.settings) LEAT_TRY(check_no_literal_secret(setting));
    auto with = [&](std::string_view key) -> const Setting* {
        auto found = std::ranges::find_if(settings.settings, [&](auto& one) { return one.key == key; });
        return found == settings.settings.end() || found->kind == Setting::Kind::none ? nullptr : &*found;
    };
    const Setting *source = with("source"), *tables = with("tables");
    if (!source || source->kind != Setting::Kind::scalar) return {};
    auto versions = sources_.schemas(source->value());
    if (!versions && versions.error().code == ErrorCode::LOG_NO_SOURCE)
        return fail(ErrorCode::CONFIG_INVALID,
                    fmt::format("request: source: there is no source {}", source->value()),
                    "GET /api/v1/sources lists them.");
    if (!versions || versions->empty() || !tables) return {};
    std::vector<std::string> known;
    for (const SchemaVersion& one : *versions) known.push_back(one.schema->qualified_name());
    for (const std::string& glob : tables->values) {
        bool matches = std::ranges::any_of(known, [&](const std::string& table) {
            return glob_match(glob, table) || (glob.find('.') == std::string::npos &&
                                               glob_match(glob, table.substr(table.find('.') + 1)));
        });
        if (matches) continue;
        std::vector<std::string_view> names(known.begin(), known.end());
        auto near = nearest(glob, names);
        return fail(ErrorCode::CONFIG_INVALID,
                    fmt::format("request: tables: {} matches no table of {}{}", json_string(glob),
                                source->value(), near ? fmt::format("; did you mean {}?", *near) : ""),
                    fmt::format("GET /api/v1/sources/{}/schemas lists them.", source->value()));
    }
    return {};
}

std::string ConsumersApi::free_name() const {
    auto names = consumers_.names();
    for (int i = 1;; ++i) {
        std::string name = fmt::format("consumer_{}", i);
        if (std::ranges::find(names, name) == names.end()) return name;
    }
}

ConsumersApi::Answer ConsumersApi::list() {
    std::string text;
    for (const std::string& name : consumers_.names()) {
        auto view = consumers_.view(name);
        if (!view) continue;  // it has just been taken away
        if (!text.empty()) text += ',';
        text += consumer_json(*view, false);
    }
    return json_answer(200, "{\"consumers\":[" + text + "]}");
}

ConsumersApi::Answer ConsumersApi::create(const http::Request& request) {
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    LEAT_ASSIGN(auto settings, read_settings(body, ""));
    if (settings.name.empty()) {
        if (body.has("consumer_id"))
            return fail(ErrorCode::CONFIG_INVALID, "request: consumer_id: it is empty");
        settings.name = free_name();
    }
    LEAT_TRY(check(settings));
    LEAT_ASSIGN(auto view, consumers_.create(settings, to_json(settings)));
    return one(201, view).set("Location", "/api/v1/consumers/" + view.name);
}

ConsumersApi::Answer ConsumersApi::get(const std::string& name) {
    LEAT_ASSIGN(auto view, consumers_.view(name));
    return one(200, view);
}

ConsumersApi::Answer ConsumersApi::update(const http::Request& request, const SettingGroup& settings) {
    LEAT_TRY(check(settings));
    LEAT_ASSIGN(auto revision, expected_revision(request));
    LEAT_ASSIGN(auto view, consumers_.update(settings, to_json(settings), revision));
    return one(200, view);
}

ConsumersApi::Answer ConsumersApi::replace(const http::Request& request, const std::string& name) {
    LEAT_TRY(consumers_.view(name));
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    LEAT_ASSIGN(auto settings, read_settings(body, name));
    return update(request, settings);
}

// As RFC 7396 has it, over the flat keys: null takes a key away.
ConsumersApi::Answer ConsumersApi::merge(const http::Request& request, const std::string& name) {
    LEAT_ASSIGN(auto view, consumers_.view(name));
    if (view.from_file)
        return fail(ErrorCode::CONSUMER_FROM_FILE,
                    fmt::format("the consumer {} is defined in the configuration file", name),
                    "Change the file and send the process SIGHUP.");
    LEAT_ASSIGN(auto settings, settings_of_json(view.definition, name));
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    LEAT_ASSIGN(auto changes, read_settings(body, name));
    settings.path = changes.path;
    for (Setting& change : changes.settings) {
        std::erase_if(settings.settings, [&](const Setting& one) { return one.key == change.key; });
        if (change.kind != Setting::Kind::none) settings.settings.push_back(std::move(change));
    }
    return update(request, settings);
}

ConsumersApi::Answer ConsumersApi::remove(const http::Request& request, const std::string& name) {
    LEAT_ASSIGN(auto revision, expected_revision(request));
    LEAT_TRY(consumers_.remove(name, revision));
    return http::Response(204);
}

ConsumersApi::Answer ConsumersApi::act(const http::Request& request, const std::string& name, Act what) {
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    LEAT_TRY(body.end());
    LEAT_TRY((consumers_.*what)(name));
    LEAT_ASSIGN(auto view, consumers_.view(name));
    return json_answer(200,
                       fmt::format("{{\"consumer_id\":{},\"status\":\"{}\",\"error\":{}}}", json_string(name),
                                   leat::name(view.status.state), error_json(view.status.error)));
}
ConsumersApi::Answer ConsumersApi::start(const http::Request& request, const std::string& name) {
    return act(request, name, &Consumers::start);
}
ConsumersApi::Answer ConsumersApi::stop(const http::Request& request, const std::string& name) {
    return act(request, name, &Consumers::stop);
}
ConsumersApi::Answer ConsumersApi::pause(const http::Request& request, const std::string& name) {
    return act(request, name, &Consumers::pause);
}
ConsumersApi::Answer ConsumersApi::resume(const http::Request& request, const std::string& name) {
    return act(request, name, &Consumers::resume);
}

ConsumersApi::Answer ConsumersApi::acknowledge(const http::Request& request, const std::string& name) {
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    LEAT_ASSIGN(auto seq, body.number("seq"));
    LEAT_TRY(body.end());
    if (!seq) return fail(ErrorCode::CONFIG_INVALID, "request: seq: it is missing");
    LEAT_TRY(consumers_.acknowledge(name, Seq(*seq)));
    LEAT_ASSIGN(auto view, consumers_.view(name));
    return json_answer(
        200, fmt::format("{{\"consumer_id\":{},\"seq\":{}}}", json_string(name), view.status.durable.value));
}

// ---- dead letters ----

ConsumersApi::Answer ConsumersApi::dead_letters(const http::Request& request, const std::string& name) {
    static constexpr std::string_view known[] = {"after", "limit"};
    LEAT_ASSIGN(auto parameters, Parameters::read(request, known));
    LEAT_ASSIGN(auto after, parameters.number("after"));
    LEAT_ASSIGN(auto limit, parameters.number("limit"));
    size_t wanted = std::clamp<uint64_t>(limit.value_or(letters_shown), 1, letters_shown_max);
    LEAT_ASSIGN(auto letters, consumers_.dead_letters(name, Seq(after.value_or(0)), wanted + 1));
    bool more = letters.size() > wanted;
    if (more) letters.resize(wanted);
    std::string text;
    for (const DeadLetter& letter : letters) {
        if (!text.empty()) text += ',';
        text += letter_json(letter, false);
    }
    return json_answer(200, fmt::format("{{\"dead_letters\":[{}],\"next_after\":{}}}", text,
                                        more ? std::to_string(letters.back().seq.value) : "null"));
}

ConsumersApi::Answer ConsumersApi::dead_letter(const std::string& name, const std::string& seq) {
    uint64_t number = 0;
    auto [end, error] = std::from_chars(seq.data(), seq.data() + seq.size(), number);
    if (error != std::errc() || end != seq.data() + seq.size())
        return fail(ErrorCode::API_NOT_FOUND, "a dead letter is named by its sequence, a number");
    LEAT_ASSIGN(auto letter, consumers_.dead_letter(name, Seq(number)));
    return json_answer(200, letter_json(letter, true));
}

ConsumersApi::Answer ConsumersApi::settle(const http::Request& request, const std::string& name,
                                          Settle what) {
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    LEAT_ASSIGN(auto all, body.flag("all"));
    LEAT_ASSIGN(auto seqs, body.numbers("seqs"));
    LEAT_TRY(body.end());
    if (all.value_or(false) == !seqs.empty())
        return fail(ErrorCode::CONFIG_INVALID, "request: seqs: name sequences, or say all: true");
    std::vector<Seq> wanted;
    for (uint64_t seq : seqs) wanted.emplace_back(seq);
    LEAT_ASSIGN(uint64_t count, (consumers_.*what)(name, wanted));
    return json_answer(200, fmt::format("{{\"consumer_id\":{},\"count\":{}}}", json_string(name), count));
}
ConsumersApi::Answer ConsumersApi::resend(const http::Request& request, const std::string& name) {
    return settle(request, name, &Consumers::resend);
}
ConsumersApi::Answer ConsumersApi::drop(const http::Request& request, const std::string& name) {
    return settle(request, name, &Consumers::drop);
}

}  // namespace leat::server
