// A receiver of HTTP requests as a sink: batches as POST, each with a key by which a repetition is known.
// What an answer means: webhook_answer.h, docs/consumers.md. One thread uses it; with `parallel` above one it
// has threads of its own while it writes.
#pragma once

#include <unordered_set>

#include "sink/webhook/webhook_request.h"

namespace leat {

class WebhookSink final : public Sink {
  public:
    explicit WebhookSink(WebhookOptions options);
    ~WebhookSink() override;

    Result<std::optional<Seq>> open(std::stop_token stop) override;
    Written write(const Batch& batch, std::stop_token stop) override;
    // What a receiver has answered with 2xx it has for good: that is the contract with it.
    Result<Seq> flush(std::stop_token) override { return durable_; }

  private:
    using Changes = std::vector<const SinkChange*>;
    using Part = std::span<const SinkChange* const>;
    struct LaneResult {
        Changes taken;
        std::vector<Refusal> refused;
        std::optional<Error> error;
        std::chrono::milliseconds retry_after{0};
        bool ok() const { return refused.empty() && !error; }
    };

    // The changes as groups: one after the other, each in lanes that go side by side.
    std::vector<std::vector<Changes>> plan(const Batch& batch) const;
    bool write_group(const std::vector<Changes>& lanes, Written& written, const std::stop_token& stop);
    LaneResult run_lane(size_t lane, Part changes, const std::stop_token& stop);
    bool send(http::Client& client, Part changes, LaneResult& result, const std::stop_token& stop);

    const WebhookOptions options_;
    std::vector<http::Client> clients_;   // a connection for each lane
    std::unordered_set<uint64_t> taken_;  // out of their turn
    Seq durable_{0};
};

}  // namespace leat
