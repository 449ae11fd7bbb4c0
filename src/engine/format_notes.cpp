#include "engine/format_notes.h"

#include "base/file.h"
#include "base/text.h"

namespace leat::engine {

namespace {
std::string path_of(const std::string& data_dir, const std::string& source) {
    return data_dir + "/sources/" + source + "/" + format_notes_file;
}
constexpr std::string_view prefix_key = "topic.prefix", database_key = "database";
}  // namespace

Status save_format_notes(const std::string& data_dir, const std::string& source, const FormatNotes& notes) {
    std::string text;
    auto note = [&](std::string_view name, const std::string& value) {
        if (value.find('\n') == std::string::npos) text.append(name).append("=").append(value).append("\n");
    };
    note(prefix_key, notes.topic_prefix);
    note(database_key, notes.database);
    for (auto& [name, value] : notes.options) note(name, value);
    std::string path = path_of(data_dir, source);
    if (auto old = read_text_file(path); old && *old == text) return {};
    return replace_file(path, text);
}

FormatNotes load_format_notes(const std::string& data_dir, const std::string& source) {
    FormatNotes notes{source, {}, {}};
    auto text = read_text_file(path_of(data_dir, source));
    if (!text) return notes;
    for (std::string_view line : split(*text, '\n')) {
        size_t equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        std::string name(line.substr(0, equals)), value(line.substr(equals + 1));
        if (name == prefix_key)
            notes.topic_prefix = value;
        else if (name == database_key)
            notes.database = value;
        else
            notes.options[name] = value;
    }
    return notes;
}

}  // namespace leat::engine
