// Standard output, or any descriptor, as a sink: for pipes. What was written is as durable as it gets.
#pragma once

#include "sink/sink.h"

namespace leat {

class StdoutSink final : public Sink {
  public:
    explicit StdoutSink(int fd = 1) : fd_(fd) {}

    Result<std::optional<Seq>> open(std::stop_token) override { return std::nullopt; }
    Written write(const Batch& batch, std::stop_token stop) override;
    Result<Seq> flush(std::stop_token) override { return durable_; }

  private:
    // SINK_FAILED: the reader is gone. STOPPED: it takes nothing. Then a line may be torn.
    Status put(std::string_view bytes, const std::stop_token& stop);

    const int fd_;
    Seq durable_{0};
};

}  // namespace leat
