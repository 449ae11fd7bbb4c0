// The commands of the binary, one function each; the exit status is their result.
#pragma once

#include <optional>
#include <string>

#include "cli/output.h"

namespace leat::cli {

struct TailCommand {
    std::string url;
    bool snapshot = false;
    std::vector<std::string> tables;
    OutputOptions output;
};
int run_tail(const TailCommand& command);

struct RunCommand {
    std::string config_path;
    // Instead of it: connectors' files of Debezium, a directory for the change log, and KEY=VALUE settings.
    std::vector<std::string> debezium_paths;
    std::string data_dir;
    std::vector<std::string> settings;
    std::string listen;  // in place of server.listen; empty: as the file says
};
int run_server(const RunCommand& command);

struct LogCommand {
    std::string data_dir;
    std::string source;
    std::optional<std::string> from, to;  // SEQ or TIME
    bool follow = false;
    bool json = false;  // of the listing
    OutputOptions output;
};
int run_log(const LogCommand& command);

struct CheckCommand {
    std::string url;
    std::string config_path;                  // instead of url: all its sources
    std::vector<std::string> debezium_paths;  // instead of both
    std::vector<std::string> tables;
    std::string color = "auto";
};
int run_check(const CheckCommand& command);

struct OptionsCommand {
    bool markdown = false;
};
int run_options(const OptionsCommand& command);

// Prints an error as "CODE: message", then what to do, and returns the exit status for it.
int report(const Error& error);

// For commands that have something to clean up: blocks SIGINT and SIGTERM in every thread started later.
void prepare_signals();
// Waits for SIGINT or SIGTERM up to the time given; true if one came.
bool wait_for_signal(std::chrono::milliseconds wait);
// For a server: blocks SIGHUP likewise; whether one came since the last call.
void prepare_reload_signal();
bool reload_was_asked_for();

bool use_color(const std::string& choice, int fd);

}  // namespace leat::cli
