#include "base/logging.h"

#include <fmt/core.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "base/text.h"

namespace leat {

namespace {

struct Settings {
    LogFormat format = LogFormat::text;
    LogLevel level = LogLevel::info;
};
Settings settings;

spdlog::logger& logger() {
    static auto instance = [] {
        auto made =
            std::make_shared<spdlog::logger>("leat", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%v");  // the whole line is built below, so that both formats have the same fields
        made->set_level(spdlog::level::trace);
        made->flush_on(spdlog::level::trace);
        return made;
    }();
    return *instance;
}

constexpr std::string_view level_names[] = {"debug", "info", "warning", "error"};

void append_json(std::string& line, std::string_view text) {
    line += '"';
    for (char c : text) {
        switch (c) {
            case '"':
                line += "\\\"";
                break;
            case '\\':
                line += "\\\\";
                break;
            case '\n':
                line += "\\n";
                break;
            case '\t':
                line += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20)
                    line += fmt::format("\\u{:04x}", static_cast<int>(c));
                else
                    line += c;
        }
    }
    line += '"';
}

std::string json_line(LogLevel level, std::string_view subject, std::string_view message,
                      std::initializer_list<LogField> fields) {
    std::string line = fmt::format(R"({{"time":"{}","level":"{}")", format_time_us(wall_time_us()),
                                   level_names[static_cast<size_t>(level)]);
    auto add = [&](std::string_view name, std::string_view value) {
        line += ',';
        append_json(line, name);
        line += ':';
        append_json(line, value);
    };
    if (!subject.empty()) add("source", subject);
    add("message", message);
    for (auto& [name, value] : fields) add(name, value);
    return line + '}';
}

std::string text_line(LogLevel level, std::string_view subject, std::string_view message,
                      std::initializer_list<LogField> fields) {
    std::string line = format_time_us(wall_time_us());
    line.replace(line.size() - 4, 3, "");  // milliseconds are enough for people
    line += fmt::format(" {:<7} ", level_names[static_cast<size_t>(level)]);
    if (!subject.empty()) line += fmt::format("{}: ", subject);
    line += message;
    for (auto& [name, value] : fields) {
        if (name == "action") {
            line += "\n    ";
            for (char c : value) line += c == '\n' ? std::string("\n    ") : std::string(1, c);
        } else {
            line += fmt::format(" {}={}", name, value);
        }
    }
    return line;
}

}  // namespace

void configure_logging(LogFormat format, LogLevel level) { settings = {format, level}; }

void log_event(LogLevel level, std::string_view subject, std::string_view message,
               std::initializer_list<LogField> fields) {
    if (level < settings.level) return;
    auto line = settings.format == LogFormat::json ? json_line(level, subject, message, fields)
                                                   : text_line(level, subject, message, fields);
    logger().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void log_error(LogLevel level, std::string_view subject, std::string_view message, const Error& error) {
    if (error.action.empty())
        log_event(level, subject, fmt::format("{}: {}", message, error.message),
                  {{"code", std::string(name(error.code))}});
    else
        log_event(level, subject, fmt::format("{}: {}", message, error.message),
                  {{"code", std::string(name(error.code))}, {"action", error.action}});
}

}  // namespace leat
