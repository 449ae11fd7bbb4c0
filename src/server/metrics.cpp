#include "server/metrics.h"

#include <fmt/core.h>

namespace leat::server {

namespace {
std::string escape(std::string_view value) {
    std::string text;
    for (char c : value) {
        if (c == '\\' || c == '"') text += '\\';
        if (c == '\n')
            text += "\\n";
        else
            text += c;
    }
    return text;
}
}  // namespace

void MetricsText::metric(std::string_view name, std::string_view kind, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
}

void MetricsText::sample(double value, const Labels& labels, std::string_view suffix) {
    text_ += name_;
    text_ += suffix;
    char between = '{';
    for (auto& [label, text] : labels) {
        text_ += fmt::format("{}{}=\"{}\"", between, label, escape(text));
        between = ',';
    }
    if (!labels.empty()) text_ += '}';
    text_ += fmt::format(" {}\n", value);
}

}  // namespace leat::server
