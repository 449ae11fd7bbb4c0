#include "cli/token_command.h"

#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/commands.h"
#include "config/config.h"
#include "config/units.h"
#include "json/json_text.h"
#include "log/embedded/data_directory.h"
#include "server/access.h"
#include "store/audit_log.h"

namespace leat::cli {

namespace {

// What root makes there the server could not use: the owner of the directory does it.
Status become_owner(const std::string& directory) {
    struct stat found{};
    if (::geteuid() != 0 || ::stat(directory.c_str(), &found) != 0 || found.st_uid == 0) return {};
    if (::setegid(found.st_gid) != 0 || ::seteuid(found.st_uid) != 0)
        return fail(io_error("become the owner of", directory, errno));
    return {};
}

Result<std::shared_ptr<db::Database>> open_store(const std::string& directory, bool make) {
    LEAT_TRY(become_owner(directory));
    if (make && ::access((directory + "/leat.meta").c_str(), F_OK) != 0)
        LEAT_TRY(open_data_directory(directory, "leat " LEAT_VERSION));
    else
        LEAT_TRY(check_data_directory(directory));
    return db::Database::open(directory);
}

std::string user() {
    const passwd* found = ::getpwuid(::getuid());
    return fmt::format("leat token ({})", found ? found->pw_name : std::to_string(::getuid()).c_str());
}

Status note(std::shared_ptr<db::Database> database, std::string action, const std::string& name) {
    db::AuditEntry entry;
    entry.actor = user();
    entry.action = std::move(action);
    entry.target = name;
    entry.status = 200;
    return db::AuditLog(std::move(database)).add(std::move(entry));
}

std::string time_or(std::optional<int64_t> time_us, std::string_view otherwise) {
    return time_us ? format_time_us(*time_us).substr(0, 19) + "Z" : std::string(otherwise);
}

std::string state_of(const db::Token& token) {
    if (token.revoked_us) return "revoked";
    return token.expires_us && *token.expires_us <= wall_time_us() ? "expired" : "valid";
}

}  // namespace

TokenCommands::TokenCommands(CLI::App& app) {
    auto* group = app.add_subcommand(
        "token",
        "Tokens of the HTTP API: make, list, revoke; in the data directory itself (docs/security.md)");
    group->require_subcommand(1);
    create_ = group->add_subcommand("create", "Make a token; it is printed this once");
    create_->add_option("--name", name_, "Who holds it, as the audit log will say")->required();
    create_->add_option("--role", role_, "viewer, operator or admin")
        ->required()
        ->check(CLI::IsMember({"viewer", "operator", "admin"}));
    create_->add_option("--expires", expires_, "After how long it is no longer valid, e.g. 90d")
        ->type_name("DURATION");
    list_ = group->add_subcommand("list", "Show the tokens there are, without what they are");
    list_->add_flag("--json", json_, "One JSON object");
    revoke_ = group->add_subcommand("revoke", "Let a token in no more; open streams of it end");
    revoke_->add_option("name", name_, "The token's name")->required()->type_name("NAME");
    for (CLI::App* command : {create_, list_, revoke_}) add_place(*command);
}

void TokenCommands::add_place(CLI::App& command) {
    auto* dir = command.add_option("--data-dir", data_dir_, "The data directory (log.dir)")->type_name("DIR");
    command.add_option("-c,--config", config_path_, "The configuration file that names it")
        ->type_name("FILE")
        ->excludes(dir);
}

std::optional<int> TokenCommands::run() {
    Status done;
    if (*create_)
        done = create();
    else if (*list_)
        done = list();
    else if (*revoke_)
        done = revoke();
    else
        return std::nullopt;
    return done ? 0 : report(done.error());
}

Result<std::string> TokenCommands::data_directory() const {
    if (!data_dir_.empty()) return data_dir_;
    if (config_path_.empty())
        return fail(ErrorCode::USAGE, "the data directory is needed: --data-dir DIR or -c FILE");
    LEAT_ASSIGN(auto config, load_config(config_path_));
    return config.log.dir;
}

Status TokenCommands::create() const {
    std::optional<int64_t> expires_us;
    if (!expires_.empty()) {
        auto duration = parse_duration(expires_);
        if (!duration || duration->count() <= 0)
            return fail(ErrorCode::USAGE,
                        fmt::format("--expires: \"{}\" is no duration like 12h or 90d", expires_));
        expires_us = wall_time_us() + std::chrono::microseconds(*duration).count();
    }
    LEAT_ASSIGN(auto directory, data_directory());
    LEAT_ASSIGN(auto database, open_store(directory, true));
    LEAT_ASSIGN(auto access, server::Access::open(database));
    bool first = !access->required();
    LEAT_ASSIGN(auto made, access->create(name_, *server::role_named(role_), expires_us));
    LEAT_TRY(note(database, fmt::format("token create ({})", role_), name_));
    fmt::print("{}\n", made.secret);
    fmt::print(stderr,
               "The token {} ({}{}) is shown this once. Send it as\n"
               "    Authorization: Bearer TOKEN\n",
               name_, role_, expires_us ? ", until " + time_or(expires_us, "") : "");
    if (first) fmt::print(stderr, "From now on every request to this server needs a token.\n");
    return {};
}

Status TokenCommands::list() const {
    LEAT_ASSIGN(auto directory, data_directory());
    LEAT_ASSIGN(auto database, open_store(directory, false));
    LEAT_ASSIGN(auto tokens, db::TokenStore(database).list());
    if (!json_) {
        fmt::print("{:<24} {:<9} {:<21} {:<21} {}\n", "NAME", "ROLE", "CREATED", "EXPIRES", "STATE");
        for (auto& token : tokens)
            fmt::print("{:<24} {:<9} {:<21} {:<21} {}\n", token.name, token.role,
                       time_or(token.created_us, ""), time_or(token.expires_us, "never"), state_of(token));
        return {};
    }
    std::string text = "{\"tokens\":[";
    for (auto& token : tokens)
        text += fmt::format("{}{{\"name\":{},\"role\":{},\"created\":{},\"expires\":{},\"state\":\"{}\"}}",
                            text.back() == '[' ? "" : ",", json::quoted(token.name), json::quoted(token.role),
                            json::quoted(time_or(token.created_us, "")),
                            token.expires_us ? json::quoted(time_or(token.expires_us, "")) : "null",
                            state_of(token));
    fmt::print("{}]}}\n", text);
    return {};
}

Status TokenCommands::revoke() const {
    LEAT_ASSIGN(auto directory, data_directory());
    LEAT_ASSIGN(auto database, open_store(directory, false));
    LEAT_TRY(db::TokenStore(database).revoke(name_));
    LEAT_TRY(note(database, "token revoke", name_));
    fmt::print(stderr, "The token {} is revoked; a running server lets it in no more within a second.\n",
               name_);
    return {};
}

}  // namespace leat::cli
