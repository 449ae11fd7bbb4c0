#include <fmt/core.h>

#include <cstdio>

#include "cli/commands.h"
#include "config/option_table.h"

namespace leat::cli {

// One option a line, its fields parted by tabs, so that scripts can read it too: name, what Leat does,
// Debezium's default, note.
int run_options(const OptionsCommand& command) {
    std::string text;
    if (command.markdown) {
        text = render_compatibility_page();
    } else {
        for (const OptionSection& section : option_sections())
            for (const Option& option : section.options)
                text += fmt::format("{}\t{}\t{}\t{}\n", option.name, leat::name(option.state),
                                    option.default_value, option.note);
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
}

}  // namespace leat::cli
