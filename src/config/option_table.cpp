#include "config/option_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "config/option_data.h"

namespace leat {

std::string_view name(OptionState state) {
    switch (state) {
        case OptionState::own:
            return "Leat's own";
        case OptionState::works:
            return "works";
        case OptionState::differs:
            return "works, with differences";
        case OptionState::answered:
            return "accepted, not needed";
        case OptionState::refused:
            return "refused";
    }
    return {};
}

namespace {

bool is_pattern(std::string_view name) { return name.find('<') != std::string_view::npos; }

// <word> is one or more characters; the last one of a pattern may hold dots, the others may not.
bool matches(std::string_view pattern, std::string_view name) {
    size_t open = pattern.find('<');
    if (open == std::string_view::npos) return pattern == name;
    if (name.size() <= open || !name.starts_with(pattern.substr(0, open))) return false;
    pattern.remove_prefix(pattern.find('>') + 1);
    name.remove_prefix(open);
    bool last = pattern.find('<') == std::string_view::npos;
    if (last) return name.size() > pattern.size() && name.ends_with(pattern);
    for (size_t length = 1; length <= name.size() && name[length - 1] != '.'; ++length)
        if (matches(pattern, name.substr(length))) return true;
    return false;
}

template <class Wanted>
std::vector<std::string_view> names_of(Wanted wanted) {
    std::vector<std::string_view> names;
    for (const OptionSection& section : option_sections())
        for (const Option& option : section.options)
            if (!is_pattern(option.name) && wanted(option)) names.push_back(option.name);
    return names;
}

}  // namespace

bool Option::is_harmless(std::string_view value) const {
    if (harmless.empty()) return state == OptionState::answered;
    auto values = split(harmless, '|');
    return std::find(values.begin(), values.end(), value) != values.end();
}

std::span<const OptionSection> option_sections() { return options::sections; }

const Option* find_option(std::string_view name) {
    const Option* found = nullptr;
    for (const OptionSection& section : option_sections())
        for (const Option& option : section.options) {
            if (option.name == name) return &option;
            // The longest pattern is the most exact one.
            if (is_pattern(option.name) && matches(option.name, name) &&
                (!found || option.name.size() > found->name.size()))
                found = &option;
        }
    return found;
}

std::span<const std::string_view> source_option_names() {
    static const auto names = names_of([](const Option& option) { return option.in_yaml(); });
    return names;
}

std::span<const std::string_view> all_option_names() {
    static const auto names = names_of([](const Option&) { return true; });
    return names;
}

bool is_format_option(std::string_view name) {
    return std::any_of(std::begin(options::format), std::end(options::format),
                       [&](const Option& option) { return option.taken() && option.name == name; });
}

std::optional<std::string> explain_foreign_option(std::string_view name) {
    const Option* option = find_option(name);
    if (!option || option->in_yaml()) return std::nullopt;
    return fmt::format("{} is an option of Debezium's connector that leat.yaml does not have: {}",
                       option->name, option->note);
}

namespace {

// Text in a table's cell.
std::string cell(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

void render_section(const OptionSection& section, std::string& page) {
    page += fmt::format("\n## {}\n\n", section.title);
    if (!section.introduction.empty()) page += fmt::format("{}\n\n", section.introduction);
    page += "| Option | Debezium's default | Leat | |\n|---|---|---|---|\n";
    for (const Option& option : section.options) {
        std::string state(name(option.state));
        bool conditional = option.state == OptionState::refused && !option.harmless.empty();
        if (conditional) {
            std::string values;
            for (std::string_view value : split(option.harmless, '|'))
                values += fmt::format("{}`{}`", values.empty() ? "" : ", ", value);
            state += fmt::format(", but for {}", values);
        }
        std::string value =
            option.default_value.empty() ? "" : fmt::format("`{}`", cell(option.default_value));
        page += fmt::format("| `{}` | {} | {} | {} |\n", cell(option.name), value, state, cell(option.note));
    }
}

}  // namespace

std::string render_compatibility_page() {
    std::string page(options::page_head);
    for (const OptionSection& section : option_sections()) render_section(section, page);
    return page;
}

}  // namespace leat
