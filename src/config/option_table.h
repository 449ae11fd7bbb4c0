// Every option of a source: Leat's own, and those of Debezium's PostgreSQL connector and of Kafka Connect,
// with what Leat does about each. The one place for these lists: parsers, messages, the defaults of
// `leat run --debezium` and docs/compatibility.md (`leat options`) are made from it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace leat {

enum class OptionState : uint8_t {
    own,       // Leat's; Debezium does not have it
    works,     // as in Debezium
    differs,   // works; the note says what is different
    answered,  // accepted by `leat run --debezium`, and told: the note says what does its work
    refused    // an error; the note says what to use instead
};
std::string_view name(OptionState state);

// Who takes an option that works.
enum class OptionPlace : uint8_t {
    everywhere,  // leat.yaml, and a connector's file
    connector    // only the file of `leat run --debezium`
};

struct Option {
    std::string_view name;           // <word> stands for a part that the user chooses
    std::string_view default_value;  // Debezium's, which `leat run --debezium` takes; empty: none
    OptionState state;
    std::string_view note;
    // answered and refused: the values that change nothing, separated by '|'. Empty: of answered all, of
    // refused none.
    std::string_view harmless = {};
    OptionPlace place = OptionPlace::everywhere;

    bool taken() const { return state <= OptionState::differs; }
    bool in_yaml() const { return taken() && place == OptionPlace::everywhere; }
    bool is_harmless(std::string_view value) const;
};

struct OptionSection {
    std::string_view title, introduction;
    std::span<const Option> options;
};
std::span<const OptionSection> option_sections();

// By its name as a configuration has it, patterns included. Null: nobody knows this option.
const Option* find_option(std::string_view name);

// Those that leat.yaml takes; format options, which go to the codec unread, included. Without patterns.
std::span<const std::string_view> source_option_names();
// All of them without patterns, for "did you mean".
std::span<const std::string_view> all_option_names();
bool is_format_option(std::string_view name);

// For an option that leat.yaml does not take but Debezium's connector (or Kafka Connect) has: what takes its
// place. Empty: it is taken, or nobody knows it.
std::optional<std::string> explain_foreign_option(std::string_view name);

// docs/compatibility.md.
std::string render_compatibility_page();

}  // namespace leat
