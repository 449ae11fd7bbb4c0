#include "server/source_metrics.h"

#include "base/clock.h"

namespace leat::server {

double lag_seconds(const SourceStatus& status) {
    if (status.commit_time_us == 0) return 0;
    bool runs = status.state == SourceState::running || status.state == SourceState::snapshotting;
    int64_t until = runs ? status.captured_time_us : wall_time_us();
    return static_cast<double>(std::max<int64_t>(0, until - status.commit_time_us)) / 1e6;
}

namespace {

class Page {
  public:
    Page(MetricsText& text, const Sources& sources) : text_(text) {
        for (const std::string& name : sources.names())
            if (auto view = sources.view(name)) views_.push_back(std::move(*view));
    }

    // A sample of each source for which value() gives one.
    template <class Value>
    void each(std::string_view metric, std::string_view kind, std::string_view help, Value value) {
        text_.metric(metric, kind, help);
        for (const SourceView& view : views_)
            if (std::optional<double> sample = value(view)) text_.sample(*sample, {{"source", view.name}});
    }
    const std::vector<SourceView>& views() const { return views_; }

  private:
    MetricsText& text_;
    std::vector<SourceView> views_;
};

std::optional<double> number(std::optional<uint64_t> value) {
    return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

void write_state(MetricsText& text, Page& page) {
    text.metric("leat_source_state", "gauge", "1 for the state that the source is in.");
    for (const SourceView& view : page.views())
        text.sample(1, {{"source", view.name}, {"state", leat::name(view.status.state)}});
    text.metric("leat_source_error", "gauge", "1 while the source has an error, by its code.");
    for (const SourceView& view : page.views())
        if (view.status.error)
            text.sample(1, {{"source", view.name}, {"code", leat::name(view.status.error->code)}});
    text.metric("leat_source_errors_total", "counter", "Errors that interrupted the source, by code.");
    for (const SourceView& view : page.views())
        for (auto& [code, count] : view.status.errors)
            text.sample(static_cast<double>(count), {{"source", view.name}, {"code", leat::name(code)}});
    page.each("leat_source_retries_total", "counter", "How often the source was tried again.",
              [](auto& view) { return number(view.status.retries); });
    page.each(
        "leat_source_stalled_seconds", "gauge",
        "Since a thread of the source that never rests last did something; /healthz fails at 60.",
        [](auto& view) { return std::optional(static_cast<double>(view.status.stalled.count()) / 1e3); });
}

void write_flow(Page& page) {
    page.each("leat_source_changes_total", "counter", "Changes that this process appended to the log.",
              [](auto& view) { return number(view.status.changes); });
    page.each("leat_source_bytes_total", "counter", "Bytes that this process appended to the log.",
              [](auto& view) { return number(view.status.bytes); });
    page.each("leat_source_lag_seconds", "gauge",
              "From commit to capture of the newest change; of a source that does not run, since then.",
              [](auto& view) { return std::optional(lag_seconds(view.status)); });
    page.each("leat_source_lag_bytes", "gauge", "Of the server's log that the source has not read yet.",
              [](auto& view) { return number(view.status.server.lag_bytes); });
    page.each("leat_source_retained_bytes", "gauge", "Of its log that the server keeps because of the slot.",
              [](auto& view) { return number(view.status.server.retained_bytes); });
    page.each("leat_source_last_commit_timestamp_seconds", "gauge",
              "Commit time of the newest change that this process captured; 0: none yet.", [](auto& view) {
                  return std::optional(static_cast<double>(view.status.commit_time_us) / 1e6);
              });
    page.each("leat_source_queue_bytes", "gauge", "On the way from the database's reader to the log.",
              [](auto& view) { return number(view.status.queue_bytes); });
    page.each("leat_source_queue_limit_bytes", "gauge", "At which the reader waits for the log.",
              [](auto& view) { return number(view.status.queue_bytes_max); });
    auto snapshot = [](auto part) {
        return [part](auto& view) -> std::optional<double> {
            if (!view.status.snapshot) return {};
            return static_cast<double>((*view.status.snapshot).*part);
        };
    };
    page.each("leat_source_snapshot_rows", "gauge", "Rows that the snapshot under way has read.",
              snapshot(&SnapshotProgress::rows));
    page.each("leat_source_snapshot_rows_estimate", "gauge", "About how many rows it has to read.",
              snapshot(&SnapshotProgress::rows_estimate));
}

void write_log(Page& page) {
    page.each("leat_log_bytes", "gauge", "Size of the source's change log.",
              [](auto& view) { return number(view.range.bytes); });
    page.each("leat_log_first_sequence", "gauge", "The oldest change that is kept.",
              [](auto& view) { return number(view.range.first_seq.value); });
    page.each("leat_log_next_sequence", "gauge", "The sequence of the change that comes next.",
              [](auto& view) { return number(view.range.next_seq.value); });
}

}  // namespace

void write_source_metrics(MetricsText& text, const Sources& sources) {
    Page page(text, sources);
    write_state(text, page);
    write_flow(page);
    text.metric(
        "leat_source_table_changes_total", "counter",
        "Changes that this process captured, by table and operation (c u d r t m). Beyond 1000 tables "
        "of a source: (others).");
    for (const SourceView& view : page.views())
        for (auto& count : sources.table_counts(view.name)) {
            char op = static_cast<char>(count.op);
            text.sample(static_cast<double>(count.changes),
                        {{"source", view.name}, {"table", count.table}, {"op", {&op, 1}}});
        }
    write_log(page);
}

}  // namespace leat::server
