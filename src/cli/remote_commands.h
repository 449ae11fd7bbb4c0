// The commands that talk to a running server: status, sources, consumers, dead-letters, jobs, replays.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/server_client.h"
#include "cli/text_table.h"

namespace leat::cli {

class RemoteCommands {
  public:
    // Adds them; lasts as long as the app.
    explicit RemoteCommands(CLI::App& app);

    // The exit status of the one that was given. Empty: it is none of these.
    std::optional<int> run();

  private:
    using Work = std::function<Status(ServerClient&)>;
    CLI::App* group(CLI::App& app, const std::string& name, const std::string& description);
    CLI::App* command(CLI::App& parent, const std::string& name, const std::string& description, Work work);
    // …/NAME/verb
    void verb(CLI::App& parent, const std::string& collection, const std::string& name,
              const std::string& description);

    void add_sources(CLI::App& app);
    void add_consumers(CLI::App& app);
    void add_dead_letters(CLI::App& app);
    void add_jobs(CLI::App& app);

    Status show_status(ServerClient& client);
    Status show_checks(ServerClient& client);
    Status show_schema(ServerClient& client);
    Status create(ServerClient& client, const std::string& collection);
    Status change(ServerClient& client, const std::string& collection);
    Status start_replay(ServerClient& client);
    Status show_dead_letters(ServerClient& client);
    // Prints the answer: as it is with --json, else by `people`.
    Status tell(ServerClient& client, const std::string& people);
    Result<std::string> definition_json(const std::string& id_key) const;

    struct Command {
        CLI::App* app;
        Work work;
    };
    std::vector<Command> commands_;
    RemoteOptions remote_;
    // What the commands take; one of them runs.
    std::string name_, table_, where_, url_, source_, type_, from_, to_, consumer_, file_, id_;
    std::vector<std::string> tables_, settings_, seqs_;
    bool drop_slot_ = false, drop_log_ = false, start_ = false, no_check_ = false, all_ = false;
    uint64_t rate_ = 0, limit_ = 0;
};

// "public.orders, public.items"
std::string joined(const json::Value* list);

std::string sources_table(const json::Value& sources);
std::string consumers_table(const json::Value& consumers);

}  // namespace leat::cli
