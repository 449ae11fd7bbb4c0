// A connector's configuration file, JSON or .properties: any bytes are settings or an error, and what was
// read from properties is read again the same when it is written out.
#include <cstdlib>

#include "config/connector_file.h"
#include "config/debezium_config.h"

namespace {

using namespace leat;

std::string escaped(std::string_view text) {
    std::string out;
    for (char c : text) {
        constexpr std::string_view control = "\n\r\t\f", letters = "nrtf", marks = "=: \\#!";
        if (size_t found = control.find(c); found != std::string_view::npos) {
            out += '\\';
            out += letters[found];
        } else {
            if (marks.find(c) != std::string_view::npos) out += '\\';
            out += c;
        }
    }
    return out;
}

void check_properties(std::string_view text) {
    auto settings = parse_properties(text, "f");
    if (!settings) return;
    std::string written = "\n";  // a key may begin with the mark that is left out at the beginning of a file
    for (const Setting& setting : *settings)
        written += escaped(setting.key) + "=" + escaped(setting.value()) + "\n";
    auto again = parse_properties(written, "f");
    if (!again || again->size() != settings->size()) std::abort();
    for (size_t i = 0; i < settings->size(); ++i)
        if ((*again)[i].key != (*settings)[i].key || (*again)[i].value() != (*settings)[i].value())
            std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    check_properties(text);
    static_cast<void>(parse_connector_json(text, "f"));
    std::vector<std::string> notices;
    static_cast<void>(translate_connector(text, "f", notices));
    return 0;
}
