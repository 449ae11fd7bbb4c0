#include "cli/remote_commands.h"

#include <fmt/core.h>

#include <cstdio>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"

namespace leat::cli {

namespace {

using json::Value;

Value text_value(std::string text) {
    Value value;
    value.kind = Value::Kind::text;
    value.text = std::move(text);
    return value;
}

void put(Value& object, std::string name, Value value) {
    object.kind = Value::Kind::object;
    object.names.push_back(std::move(name));
    object.items.push_back(std::move(value));
}

Value list_value(const std::vector<std::string>& texts) {
    Value value;
    value.kind = Value::Kind::array;
    for (const std::string& text : texts) value.items.push_back(text_value(text));
    return value;
}

Value flag_value(bool on) {
    Value value;
    value.kind = Value::Kind::boolean;
    value.text = on ? "true" : "false";
    return value;
}

Value number_value(uint64_t number) {
    Value value;
    value.kind = Value::Kind::number;
    value.text = std::to_string(number);
    return value;
}

const Value& list_of(const Value& answer, std::string_view name) {
    static const Value none;
    const Value* list = answer.member(name);
    return list ? *list : none;
}

}  // namespace

RemoteCommands::RemoteCommands(CLI::App& app) {
    command(app, "status", "Show the sources and consumers of a running server",
            [this](ServerClient& client) { return show_status(client); });
    add_sources(app);
    add_consumers(app);
    add_dead_letters(app);
    add_jobs(app);
}

CLI::App* RemoteCommands::group(CLI::App& app, const std::string& name, const std::string& description) {
    CLI::App* made = app.add_subcommand(name, description);
    made->require_subcommand(1);
    return made;
}

CLI::App* RemoteCommands::command(CLI::App& parent, const std::string& name, const std::string& description,
                                  Work work) {
    CLI::App* made = parent.add_subcommand(name, description);
    made->add_option("--server", remote_.server,
                     "The server's address (default: LEAT_SERVER, or http://127.0.0.1:8083)")
        ->type_name("URL");
    made->add_flag("--json", remote_.json, "The server's answer as JSON, for scripts");
    commands_.push_back({made, std::move(work)});
    return made;
}

std::optional<int> RemoteCommands::run() {
    for (Command& one : commands_) {
        if (!one.app->parsed()) continue;
        ServerClient client(remote_);
        auto status = one.work(client);
        std::fflush(stdout);
        return status ? 0 : report(status.error());
    }
    return std::nullopt;
}

Status RemoteCommands::tell(ServerClient& client, const std::string& people) {
    std::string text = remote_.json ? client.text() : people;
    if (!text.empty() && text.back() != '\n') text += '\n';
    fmt::print("{}", text);
    return {};
}

Status RemoteCommands::show_status(ServerClient& client) {
    LEAT_ASSIGN(auto sources, client.get("/api/v1/sources"));
    auto found = client.get("/api/v1/consumers");
    if (!found && found.error().code != ErrorCode::API_NOT_FOUND) return fail(std::move(found.error()));
    Value consumers = found ? std::move(*found) : Value();
    if (remote_.json) {
        Value both;
        put(both, "sources", list_of(sources, "sources"));
        put(both, "consumers", list_of(consumers, "consumers"));
        fmt::print("{}\n", json::to_text(both));
        return {};
    }
    fmt::print("{}\n{}", sources_table(list_of(sources, "sources")),
               consumers_table(list_of(consumers, "consumers")));
    return {};
}

void RemoteCommands::verb(CLI::App& parent, const std::string& collection, const std::string& name,
                          const std::string& description) {
    CLI::App* made =
        command(parent, name, description, [this, collection, name](ServerClient& client) -> Status {
            LEAT_ASSIGN(auto answer,
                        client.send(http::Method::post,
                                    fmt::format("/api/v1/{}/{}/{}", collection, encode(name_), name)));
            return tell(client, fmt::format("{}: {}", name_, answer.text_of("status")));
        });
    made->add_option("name", name_, "Its name")->required()->type_name("NAME");
}

// ---- sources ----

void RemoteCommands::add_sources(CLI::App& app) {
    CLI::App& sources =
        *group(app, "sources", "List, make, change and drive the sources of a running server");
    auto with_name = [this](CLI::App* made) {
        made->add_option("name", name_, "The source")->required()->type_name("NAME");
        return made;
    };
    command(sources, "list", "All sources, their state and lag", [this](ServerClient& client) -> Status {
        LEAT_ASSIGN(auto answer, client.get("/api/v1/sources"));
        return tell(client, sources_table(list_of(answer, "sources")));
    });
    with_name(
        command(sources, "get", "One source, with its settings", [this](ServerClient& client) -> Status {
            LEAT_ASSIGN(auto answer, client.get("/api/v1/sources/" + encode(name_)));
            Value list;
            list.items.push_back(answer);
            std::string text = sources_table(list);
            if (const Value* settings = answer.member("settings"); settings && !settings->names.empty()) {
                text += "\n";
                for (size_t i = 0; i < settings->names.size(); ++i) {
                    const Value& value = settings->items[i];
                    text += fmt::format("  {}: {}\n", settings->names[i],
                                        value.items.empty() ? value.text : joined(&value));
                }
            }
            return tell(client, text);
        }));
    CLI::App* make =
        with_name(command(sources, "create", "Make a source; its settings are those of leat.yaml",
                          [this](ServerClient& client) { return create(client, "sources"); }));
    make->add_option("--url", url_, "postgresql://user:${env:PASSWORD}@host/database")->type_name("URL");
    make->add_option("--table", tables_, "Tables, as schema.table with * and ? (repeatable)")
        ->type_name("GLOB");
    make->add_option("--set", settings_, "Another setting, e.g. snapshot.mode=no_data (repeatable)")
        ->type_name("KEY=VALUE");
    make->add_option("--file", file_, "The definition as JSON; - is standard input")->type_name("FILE");
    make->add_flag("--start", start_, "Start it at once");
    make->add_flag("--no-check", no_check_, "Do not look at the database first");
    CLI::App* update = with_name(command(sources, "set", "Change settings of a source; KEY= takes one away",
                                         [this](ServerClient& client) { return change(client, "sources"); }));
    update->add_option("settings", settings_, "e.g. slot.wal.budget.bytes=20GB")
        ->required()
        ->type_name("KEY=VALUE");
    CLI::App* remove =
        with_name(command(sources, "delete", "Remove a source", [this](ServerClient& client) -> Status {
            LEAT_TRY(client.send(http::Method::del, fmt::format("/api/v1/sources/{}?drop_slot={}&drop_log={}",
                                                                encode(name_), drop_slot_, drop_log_)));
            return tell(client, fmt::format("{}: removed{}", name_,
                                            drop_slot_ ? ", with its slot" : "; its replication slot stays"));
        }));
    remove->add_flag("--drop-slot", drop_slot_, "With its replication slot and publications");
    remove->add_flag("--drop-log", drop_log_, "With all that was captured");
    verb(sources, "sources", "start", "Start a source, or end its pause");
    verb(sources, "sources", "stop", "Stop a source; it stays stopped over a restart");
    verb(sources, "sources", "pause", "Take nothing for a while, and stay connected");
    verb(sources, "sources", "resume", "End a pause");
    with_name(command(sources, "checks", "Look at what capturing needs, and say what mends it",
                      [this](ServerClient& client) { return show_checks(client); }));
    CLI::App* tables = with_name(
        command(sources, "add-tables", "Capture more tables", [this](ServerClient& client) -> Status {
            Value body;
            put(body, "tables", list_value(tables_));
            LEAT_ASSIGN(auto answer, client.send(http::Method::post,
                                                 fmt::format("/api/v1/sources/{}/tables", encode(name_)),
                                                 json::to_text(body)));
            return tell(client, fmt::format("{}: {}", name_, answer.text_of("status")));
        }));
    tables->add_option("tables", tables_, "Tables, as schema.table with * and ?")
        ->required()
        ->type_name("GLOB");
    CLI::App* snapshot = with_name(command(
        sources, "snapshot", "Read tables again, beside the stream", [this](ServerClient& client) -> Status {
            Value body;
            put(body, "tables", list_value(tables_));
            if (!where_.empty()) put(body, "where", text_value(where_));
            LEAT_ASSIGN(auto answer, client.send(http::Method::post,
                                                 fmt::format("/api/v1/sources/{}/snapshot", encode(name_)),
                                                 json::to_text(body)));
            std::string text = fmt::format("{}: will read {}\n", name_, joined(answer.member("tables")));
            for (const Value& one : list_of(answer, "refused").items)
                text += fmt::format("{}: not {}: {}\n", name_, one.text_of("table"),
                                    one.member("error") ? one.member("error")->text_of("message") : "");
            return tell(client, text);
        }));
    snapshot->add_option("tables", tables_, "Tables, as schema.table with * and ?")
        ->required()
        ->type_name("GLOB");
    snapshot->add_option("--where", where_, "Only rows of which this SQL is true")->type_name("SQL");
    CLI::App* schemas = with_name(command(sources, "schemas", "The tables' schemas, or all versions of one",
                                          [this](ServerClient& client) { return show_schema(client); }));
    schemas->add_option("table", table_, "schema.table")->type_name("TABLE");
}

Status RemoteCommands::show_checks(ServerClient& client) {
    LEAT_ASSIGN(auto answer, client.get(fmt::format("/api/v1/sources/{}/checks", encode(name_))));
    TextTable table({"RESULT", "SUBJECT", "FINDING"});
    std::string actions;
    for (const Value& one : list_of(answer, "checks").items) {
        table.add({one.text_of("level"), one.text_of("subject"), one.text_of("message")});
        if (std::string action = one.text_of("action"); !action.empty())
            actions += fmt::format("\n{}:\n{}\n", one.text_of("subject"), action);
    }
    LEAT_TRY(tell(client, table.render() + actions));
    const Value* fine = answer.member("can_capture");
    if (fine && fine->text == "true") return {};
    return fail(ErrorCode::PG_QUERY, fmt::format("{} cannot capture yet", name_),
                "Mend what is marked error.");
}

Status RemoteCommands::show_schema(ServerClient& client) {
    std::string path = fmt::format("/api/v1/sources/{}/schemas", encode(name_));
    if (!table_.empty()) path += "/" + encode(table_);
    LEAT_ASSIGN(auto answer, client.get(path));
    if (table_.empty()) {
        TextTable table({"TABLE", ">VERSION", ">SINCE SEQ", "CAPTURED"});
        for (const Value& one : list_of(answer, "schemas").items)
            table.add({one.text_of("table"), one.member("version") ? one.member("version")->text : "",
                       one.member("since_seq") ? one.member("since_seq")->text : "",
                       one.member("captured") && one.member("captured")->text == "true" ? "yes" : "no"});
        return tell(client, table.empty() ? "Nothing was captured yet.\n" : table.render());
    }
    std::string text;
    for (const Value& version : list_of(answer, "versions").items) {
        TextTable table({"COLUMN", "TYPE", "NULL", "KEY"});
        for (const Value& column : list_of(version, "columns").items)
            table.add({column.text_of("name"), column.text_of("type"),
                       column.member("nullable") && column.member("nullable")->text == "true" ? "yes" : "no",
                       column.member("key") && column.member("key")->text == "true" ? "key" : ""});
        text += fmt::format("{}version {}, since sequence {}\n{}", text.empty() ? "" : "\n",
                            version.member("version") ? version.member("version")->text : "?",
                            version.member("since_seq") ? version.member("since_seq")->text : "?",
                            table.render());
    }
    return tell(client, text);
}

// ---- definitions ----

// Of --file, with what the other options say put over it. An empty value takes a key away (null).
Result<std::string> RemoteCommands::definition_json(const std::string& id_key) const {
    Value body;
    body.kind = Value::Kind::object;
    if (!file_.empty()) {
        LEAT_ASSIGN(std::string text, read_text_file(file_ == "-" ? "/dev/stdin" : file_));
        LEAT_ASSIGN(body, json::read(text));
        if (!body.is(Value::Kind::object))
            return fail(ErrorCode::USAGE, fmt::format("{} is not a JSON object", file_));
    }
    auto set = [&](std::string key, Value value) {
        for (size_t i = 0; i < body.names.size(); ++i)
            if (body.names[i] == key) {
                body.items[i] = std::move(value);
                return;
            }
        put(body, std::move(key), std::move(value));
    };
    if (!id_key.empty()) set(id_key, text_value(name_));
    if (!url_.empty()) set("url", text_value(url_));
    if (!source_.empty()) set("source", text_value(source_));
    if (!type_.empty()) set("type", text_value(type_));
    if (!where_.empty()) set("where", text_value(where_));
    if (!tables_.empty()) set("tables", list_value(tables_));
    for (const std::string& setting : settings_) {
        size_t equals = setting.find('=');
        if (equals == std::string::npos || equals == 0)
            return fail(ErrorCode::USAGE, fmt::format("{} is not KEY=VALUE", setting));
        std::string value = setting.substr(equals + 1);
        set(setting.substr(0, equals), value.empty() ? Value() : text_value(value));
    }
    if (start_) set("start", flag_value(true));
    if (no_check_) set("check", flag_value(false));
    return json::to_text(body);
}

Status RemoteCommands::create(ServerClient& client, const std::string& collection) {
    LEAT_ASSIGN(std::string body, definition_json(collection == "sources" ? "source_id" : "consumer_id"));
    LEAT_ASSIGN(auto answer, client.send(http::Method::post, "/api/v1/" + collection, body));
    std::string state = answer.text_of("status");
    std::string hint = collection == "sources" && state == "CREATED"
                           ? fmt::format("; start it: leat {} start {}", collection, name_)
                           : "";
    return tell(client, fmt::format("{}: {}{}", name_, state, hint));
}

Status RemoteCommands::change(ServerClient& client, const std::string& collection) {
    LEAT_ASSIGN(std::string body, definition_json(""));
    LEAT_ASSIGN(auto answer, client.send(http::Method::patch,
                                         fmt::format("/api/v1/{}/{}", collection, encode(name_)), body));
    return tell(client, fmt::format("{}: {}", name_, answer.text_of("status")));
}

// ---- consumers ----

void RemoteCommands::add_consumers(CLI::App& app) {
    CLI::App& consumers = *group(app, "consumers", "List, make, change and drive consumers");
    auto with_name = [this](CLI::App* made) {
        made->add_option("name", name_, "The consumer")->required()->type_name("NAME");
        return made;
    };
    command(consumers, "list", "All consumers, their state and lag", [this](ServerClient& client) -> Status {
        LEAT_ASSIGN(auto answer, client.get("/api/v1/consumers"));
        return tell(client, consumers_table(list_of(answer, "consumers")));
    });
    with_name(command(consumers, "get", "One consumer", [this](ServerClient& client) -> Status {
        LEAT_ASSIGN(auto answer, client.get("/api/v1/consumers/" + encode(name_)));
        Value list;
        list.items.push_back(answer);
        return tell(client, consumers_table(list));
    }));
    CLI::App* make =
        with_name(command(consumers, "create", "Make a consumer; its settings are those of leat.yaml",
                          [this](ServerClient& client) { return create(client, "consumers"); }));
    make->add_option("--source", source_, "The source it reads")->type_name("NAME");
    make->add_option("--type", type_, "subscription, webhook, file or stdout")->type_name("TYPE");
    make->add_option("--table", tables_, "Tables, as schema.table with * and ? (repeatable)")
        ->type_name("GLOB");
    make->add_option("--where", where_, "Only rows of which this SQL condition is true")
        ->type_name("CONDITION");
    make->add_option("--set", settings_, "Another setting, e.g. webhook.url=https://… (repeatable)")
        ->type_name("KEY=VALUE");
    make->add_option("--file", file_, "The definition as JSON; - is standard input")->type_name("FILE");
    CLI::App* update =
        with_name(command(consumers, "set", "Change settings; KEY= takes one away",
                          [this](ServerClient& client) { return change(client, "consumers"); }));
    update->add_option("settings", settings_, "e.g. retry.max=20")->required()->type_name("KEY=VALUE");
    with_name(command(consumers, "delete", "Remove a consumer, with its cursor and dead letters",
                      [this](ServerClient& client) -> Status {
                          LEAT_TRY(client.send(http::Method::del, "/api/v1/consumers/" + encode(name_)));
                          return tell(client, name_ + ": removed");
                      }));
    verb(consumers, "consumers", "start", "Start a consumer");
    verb(consumers, "consumers", "stop", "Stop a consumer; its cursor stays");
    verb(consumers, "consumers", "pause", "Deliver nothing for a while");
    verb(consumers, "consumers", "resume", "End a pause");
}

void RemoteCommands::add_dead_letters(CLI::App& app) {
    CLI::App& letters = *group(app, "dead-letters", "Changes that a consumer's destination refused");
    auto with_name = [this](CLI::App* made) {
        made->add_option("consumer", name_, "The consumer")->required()->type_name("CONSUMER");
        return made;
    };
    with_name(command(letters, "list", "What waits, in its order",
                      [this](ServerClient& client) { return show_dead_letters(client); }));
    CLI::App* one =
        with_name(command(letters, "get", "One, with its bytes", [this](ServerClient& client) -> Status {
            LEAT_ASSIGN(auto answer, client.get(fmt::format("/api/v1/consumers/{}/dead-letters/{}",
                                                            encode(name_), encode(id_))));
            return tell(client, fmt::format("{}: {}\n\n{}", answer.text_of("code"), answer.text_of("message"),
                                            answer.text_of("bytes")));
        }));
    one->add_option("seq", id_, "Its sequence")->required()->type_name("SEQ");
    for (std::string what : {"resend", "drop"}) {
        CLI::App* made = with_name(command(
            letters, what, what == "drop" ? "Give them up for good" : "Send them again, in their order",
            [this, what](ServerClient& client) -> Status {
                if (seqs_.empty() != all_)
                    return fail(ErrorCode::USAGE, "sequences, or --all, have to be given");
                Value body, list;
                list.kind = Value::Kind::array;
                for (const std::string& seq : seqs_)
                    list.items.push_back(number_value(std::strtoull(seq.c_str(), nullptr, 10)));
                if (all_)
                    put(body, "all", flag_value(true));
                else
                    put(body, "seqs", std::move(list));
                LEAT_ASSIGN(auto answer, client.send(http::Method::post,
                                                     fmt::format("/api/v1/consumers/{}/dead-letters/{}",
                                                                 encode(name_), what),
                                                     json::to_text(body)));
                const Value* number = answer.member("count");
                return tell(client, fmt::format("{}: {} {}", name_, number ? number->text : "0",
                                                what == "drop" ? "dropped" : "to be sent again"));
            }));
        made->add_option("seqs", seqs_, "Their sequences")->check(CLI::NonNegativeNumber)->type_name("SEQ");
        made->add_flag("--all", all_, "All of them");
    }
}

Status RemoteCommands::show_dead_letters(ServerClient& client) {
    LEAT_ASSIGN(auto answer, client.get(fmt::format("/api/v1/consumers/{}/dead-letters", encode(name_))));
    TextTable table({">SEQ", ">ATTEMPTS", "CODE", "REASON"});
    for (const Value& one : list_of(answer, "dead_letters").items) {
        const Value *seq = one.member("seq"), *attempts = one.member("attempts"), *held = one.member("held");
        bool follows = held && held->text == "true";
        table.add({seq ? seq->text : "", attempts ? attempts->text : "", follows ? "-" : one.text_of("code"),
                   follows ? "follows an earlier change of its key" : one.text_of("message")});
    }
    return tell(client, table.empty() ? name_ + " has no dead letters.\n" : table.render());
}

// ---- jobs and replays ----

void RemoteCommands::add_jobs(CLI::App& app) {
    CLI::App& jobs = *group(app, "jobs", "Replays and other work that takes a while");
    auto table_of = [](const Value& list) {
        TextTable table({"JOB", "KIND", "SUBJECT", "STATE", ">DONE", "CREATED (UTC)", "ERROR"});
        for (const Value& one : list.items) {
            const Value* error = one.member("error");
            const Value* progress = one.member("progress");
            std::string created = one.text_of("created").substr(0, 19);
            table.add({one.text_of("job_id"), one.text_of("kind"), one.text_of("source_id"),
                       one.text_of("state"),
                       progress && progress->member("changes") ? progress->member("changes")->text : "-",
                       created, error && error->is(Value::Kind::object) ? error->text_of("code") : ""});
        }
        return table.empty() ? std::string("There are no jobs.\n") : table.render();
    };
    command(jobs, "list", "All jobs, the newest first", [this, table_of](ServerClient& client) -> Status {
        LEAT_ASSIGN(auto answer, client.get("/api/v1/jobs"));
        return tell(client, table_of(list_of(answer, "jobs")));
    });
    for (std::string what : {"get", "cancel"}) {
        CLI::App* made = command(jobs, what, what == "get" ? "One job" : "Cancel a job",
                                 [this, what, table_of](ServerClient& client) -> Status {
                                     std::string path = "/api/v1/jobs/" + encode(id_);
                                     auto answer = what == "get"
                                                       ? client.get(path)
                                                       : client.send(http::Method::post, path + "/cancel");
                                     if (!answer) return fail(std::move(answer.error()));
                                     Value list;
                                     list.items.push_back(*answer);
                                     return tell(client, table_of(list));
                                 });
        made->add_option("job", id_, "Its id")->required()->type_name("ID");
    }
    CLI::App& replays = *group(app, "replays", "Send kept changes again");
    CLI::App* start =
        command(replays, "create", "Send changes of a time or sequence range to a consumer again",
                [this](ServerClient& client) { return start_replay(client); });
    start->add_option("source", source_, "The source")->required()->type_name("SOURCE");
    start->add_option("--consumer", consumer_, "The consumer to whose destination they go")
        ->required()
        ->type_name("NAME");
    start->add_option("--from", from_, "The first: a sequence, or a time")->required()->type_name("SEQ|TIME");
    start->add_option("--to", to_, "The last, likewise (default: now)")->type_name("SEQ|TIME");
    start->add_option("--table", tables_, "Only tables that match (repeatable)")->type_name("GLOB");
    start->add_option("--rate", rate_, "Changes a second at most")->type_name("N");
    command(replays, "list", "All replays", [this, table_of](ServerClient& client) -> Status {
        LEAT_ASSIGN(auto answer, client.get("/api/v1/jobs"));
        return tell(client, table_of(list_of(answer, "jobs")));
    });
}

Status RemoteCommands::start_replay(ServerClient& client) {
    auto is_seq = [](const std::string& text) {
        return text.find_first_not_of("0123456789") == std::string::npos;
    };
    Value body;
    put(body, "consumer_id", text_value(consumer_));
    if (is_seq(from_))
        put(body, "start_seq", number_value(std::strtoull(from_.c_str(), nullptr, 10)));
    else
        put(body, "start_timestamp", text_value(from_));
    if (!to_.empty() && is_seq(to_))
        put(body, "end_seq", number_value(std::strtoull(to_.c_str(), nullptr, 10)));
    else if (!to_.empty())
        put(body, "end_timestamp", text_value(to_));
    if (!tables_.empty()) put(body, "table_filter", list_value(tables_));
    if (rate_) put(body, "rate", number_value(rate_));
    LEAT_ASSIGN(auto answer,
                client.send(http::Method::post, fmt::format("/api/v1/sources/{}/replay", encode(source_)),
                            json::to_text(body)));
    std::string id = answer.text_of("replay_id");
    return tell(client,
                fmt::format("replay {}: {}; follow it: leat jobs get {}", id, answer.text_of("state"), id));
}

}  // namespace leat::cli
