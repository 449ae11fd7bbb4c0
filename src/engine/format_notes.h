// How a source's changes are printed when its configuration is not at hand: leat run notes the topic prefix,
// database and format options of each source beside its log, and leat log uses them. Nothing depends on the
// file: without it, defaults serve.
#pragma once

#include <map>
#include <string>

#include "base/error.h"

namespace leat::engine {

inline constexpr const char* format_notes_file = "format.conf";

struct FormatNotes {
    std::string topic_prefix;
    std::string database;  // of messages, which belong to no table
    std::map<std::string, std::string> options;
};

Status save_format_notes(const std::string& data_dir, const std::string& source, const FormatNotes& notes);
FormatNotes load_format_notes(const std::string& data_dir, const std::string& source);

}  // namespace leat::engine
