// The text that Prometheus reads: https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::server {

class MetricsText {
  public:
    using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

    // What follows are samples of this metric. kind: counter, gauge, histogram.
    void metric(std::string_view name, std::string_view kind, std::string_view help);
    // suffix: behind the metric's name, as a histogram's samples have it.
    void sample(double value, const Labels& labels = {}, std::string_view suffix = {});

    std::string take() { return std::move(text_); }

  private:
    std::string text_, name_;
};

}  // namespace leat::server
