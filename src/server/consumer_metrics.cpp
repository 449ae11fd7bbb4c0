#include "server/consumer_metrics.h"

#include <fmt/core.h>

namespace leat::server {

namespace {

class Page {
  public:
    Page(MetricsText& text, std::span<const ConsumerView> consumers)
        : text_(text), consumers_(consumers.first(std::min(consumers.size(), consumers_with_metrics_max))) {}

    template <class Value>
    void each(std::string_view metric, std::string_view kind, std::string_view help, Value value) {
        text_.metric(metric, kind, help);
        for (const ConsumerView& view : consumers_)
            text_.sample(static_cast<double>(value(view)),
                         {{"consumer", view.name}, {"source", view.source}});
    }
    // With a label of its own, in place of the source.
    template <class Value>
    void each_code(std::string_view metric, std::string_view kind, std::string_view help, Value values) {
        text_.metric(metric, kind, help);
        for (const ConsumerView& view : consumers_)
            for (auto& [code, count] : values(view))
                text_.sample(static_cast<double>(count),
                             {{"consumer", view.name}, {"code", leat::name(code)}});
    }
    std::span<const ConsumerView> consumers() const { return consumers_; }

  private:
    MetricsText& text_;
    const std::span<const ConsumerView> consumers_;
};

void write_states(MetricsText& text, std::span<const ConsumerView> all, const Page& page) {
    std::map<std::string_view, uint64_t> states;
    for (const ConsumerView& view : all) ++states[name(view.status.state)];
    text.metric("leat_consumers", "gauge", "Consumers by the state that they are in.");
    for (auto& [state, count] : states) text.sample(static_cast<double>(count), {{"state", state}});
    text.metric("leat_consumer_state", "gauge", "1 for the state that the consumer is in.");
    for (const ConsumerView& view : page.consumers())
        text.sample(1, {{"consumer", view.name}, {"state", name(view.status.state)}});
}

void write_times(MetricsText& text, const Page& page) {
    text.metric("leat_consumer_delivery_seconds", "histogram",
                "From the commit in the database until the destination had taken the change.");
    for (const ConsumerView& view : page.consumers()) {
        if (view.type == "subscription") continue;
        const DeliveryTimes& times = view.status.times;
        uint64_t count = 0;
        for (size_t i = 0; i < times.counts.size(); ++i) {
            count += times.counts[i];
            std::string bound = i < times.bounds.size() ? fmt::format("{}", times.bounds[i]) : "+Inf";
            text.sample(static_cast<double>(count), {{"consumer", view.name}, {"le", bound}}, "_bucket");
        }
        text.sample(times.sum_seconds, {{"consumer", view.name}}, "_sum");
        text.sample(static_cast<double>(count), {{"consumer", view.name}}, "_count");
    }
}

}  // namespace

void write_consumer_metrics(MetricsText& text, std::span<const ConsumerView> consumers) {
    Page page(text, consumers);
    write_states(text, consumers, page);
    page.each_code("leat_consumer_errors_total", "counter", "Errors of the consumer, by code.",
                   [](auto& view) -> const auto& { return view.status.errors; });
    page.each("leat_consumer_changes_total", "counter", "Changes that the destination took.",
              [](auto& view) { return view.status.changes; });
    page.each("leat_consumer_bytes_total", "counter", "Bytes of them.",
              [](auto& view) { return view.status.bytes; });
    page.each("leat_consumer_retries_total", "counter", "How often delivery was tried again.",
              [](auto& view) { return view.status.retries; });
    page.each("leat_consumer_skipped_total", "counter", "Refused changes that were passed over.",
              [](auto& view) { return view.status.skipped; });
    page.each("leat_consumer_dead_letters_total", "counter", "Changes that became dead letters.",
              [](auto& view) { return view.status.dead_letters; });
    page.each("leat_consumer_dead_letters", "gauge", "Dead letters that wait now.",
              [](auto& view) { return view.dead_letters_waiting; });
    page.each("leat_consumer_lag_changes", "gauge", "Changes in the log that the consumer has not.",
              [](auto& view) { return view.lag_changes; });
    page.each("leat_consumer_lag_seconds", "gauge", "How old the oldest of them is.",
              [](auto& view) { return view.lag_seconds; });
    page.each("leat_consumer_queue_bytes", "gauge", "Read for the destination, and not taken yet.",
              [](auto& view) { return view.status.queued_bytes; });
    page.each("leat_consumer_cursor_sequence", "gauge", "What the destination has for good.",
              [](auto& view) { return view.status.durable.value; });
    write_times(text, page);
}

void write_consumer_metrics(MetricsText& text, const Consumers& consumers) {
    std::vector<ConsumerView> views;
    for (const std::string& name : consumers.names())
        if (auto view = consumers.view(name)) views.push_back(std::move(*view));
    write_consumer_metrics(text, views);
}

}  // namespace leat::server
