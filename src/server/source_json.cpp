#include "server/source_json.h"

#include <fmt/core.h>

#include "server/answers.h"
#include "server/source_metrics.h"

namespace leat::server {

using http::json_string;

bool works(SourceState state) { return state == SourceState::running || state == SourceState::snapshotting; }

std::string_view name(DesiredState state) {
    return state == DesiredState::running ? "running" : state == DesiredState::paused ? "paused" : "stopped";
}

std::string checkpoint_json(const SourceView& view) {
    const LogRange& range = view.range;
    if (range.next_seq.value <= 1 && view.checkpoint.empty()) return "null";
    return fmt::format("{{\"seq\":{},\"position\":{},\"timestamp\":{}}}", range.next_seq.value - 1,
                       view.checkpoint.empty() ? "null" : json_string(view.checkpoint),
                       json_time(range.last_time_us));
}

std::string source_json(const SourceView& view) {
    const LogRange& range = view.range;
    bool empty = range.first_seq == range.next_seq;
    return fmt::format(
        "{{\"source_id\":{},\"status\":\"{}\",\"desired\":\"{}\",\"origin\":\"{}\",\"error\":{},\"changes\":{"
        "},"
        "\"changes_per_second\":{:.1f},\"lag_seconds\":{:.3f},\"last_captured_timestamp\":{},\"checkpoint\":{"
        "},"
        "\"log\":{{\"first_seq\":{},\"last_seq\":{},\"first_timestamp\":{},\"last_timestamp\":{},\"bytes\":{}"
        ","
        "\"segments\":{}}}}}",
        json_string(view.name), leat::name(view.status.state), name(view.desired),
        view.from_file ? "file" : "api", error_json(view.status.error), view.status.changes,
        view.changes_per_second, lag_seconds(view.status), json_time(view.status.captured_time_us),
        checkpoint_json(view), empty ? "null" : std::to_string(range.first_seq.value),
        empty ? "null" : std::to_string(range.next_seq.value - 1), json_time(range.first_time_us),
        json_time(range.last_time_us), range.bytes, range.segments);
}

std::string status_json(const SourceView& view) {
    return fmt::format(
        "{{\"status\":\"{}\",\"lag_seconds\":{:.3f},\"changes_per_second\":{:.1f},"
        "\"last_captured_timestamp\":{},\"error\":{}}}",
        leat::name(view.status.state), lag_seconds(view.status), view.changes_per_second,
        json_time(view.status.captured_time_us), error_json(view.status.error));
}

std::string findings_json(const std::vector<Finding>& findings) {
    constexpr std::string_view levels[] = {"ok", "warning", "error"};
    std::string text;
    bool ok = true;
    for (const Finding& finding : findings) {
        bool fine = finding.level == Finding::Level::ok;
        ok = ok && finding.level != Finding::Level::error;
        if (!text.empty()) text += ',';
        text += fmt::format("{{\"level\":\"{}\",\"subject\":{},\"code\":{},\"message\":{},\"action\":{}}}",
                            levels[static_cast<size_t>(finding.level)], json_string(finding.subject),
                            fine ? "null" : json_string(leat::name(finding.code)),
                            json_string(finding.message), json_string(finding.action));
    }
    return fmt::format("{{\"can_capture\":{},\"checks\":[{}]}}", ok, text);
}

std::string settings_json(const SourceView& view, std::string settings) {
    return fmt::format("{{\"source_id\":{},\"settings\":{}}}", json_string(view.name), settings);
}

namespace {

std::string column_json(const Column& column, bool key) {
    const Type& type = column.declared_type();
    return fmt::format("{{\"name\":{},\"type\":{},\"nullable\":{},\"key\":{},\"masked\":{}}}",
                       json_string(column.name), json_string(type.native_name), column.nullable, key,
                       column.masked);
}

}  // namespace

std::string schema_json(const SchemaVersion& version, bool columns) {
    const TableSchema& schema = *version.schema;
    std::string text =
        fmt::format("{{\"table\":{},\"version\":{},\"schema_id\":{},\"since_seq\":{},\"captured\":{}",
                    json_string(schema.qualified_name()), schema.version, schema.id.value,
                    version.since.value, schema.captured());
    if (!columns) return text + "}";
    text += ",\"columns\":[";
    for (size_t i = 0; i < schema.columns.size(); ++i) {
        if (i) text += ',';
        bool key = std::ranges::find(schema.key, static_cast<uint32_t>(i)) != schema.key.end();
        text += column_json(schema.columns[i], key);
    }
    return text + "]}";
}

}  // namespace leat::server
