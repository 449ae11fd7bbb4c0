// `leat token`: makes, lists and revokes tokens of the API in the data directory itself, beside a server that
// runs or before there ever was one.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "base/error.h"

namespace leat::cli {

class TokenCommands {
  public:
    // Adds them; lasts as long as the app.
    explicit TokenCommands(CLI::App& app);
    // The exit status of the one that was given. Empty: it is none of these.
    std::optional<int> run();

  private:
    void add_place(CLI::App& command);
    Result<std::string> data_directory() const;
    Status create() const;
    Status list() const;
    Status revoke() const;

    CLI::App* create_ = nullptr;
    CLI::App* list_ = nullptr;
    CLI::App* revoke_ = nullptr;
    std::string data_dir_, config_path_, name_, role_, expires_;
    bool json_ = false;
};

}  // namespace leat::cli
