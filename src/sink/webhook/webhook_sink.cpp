#include "sink/webhook/webhook_sink.h"

#include <fmt/core.h>

#include <algorithm>
#include <thread>

#include "base/clock.h"
#include "http/url.h"
#include "sink/webhook/destination.h"
#include "sink/webhook/webhook_answer.h"

namespace leat {

namespace {

bool has_one_key(const SinkChange& change) { return change.key_hash != 0 && change.other_key_hash == 0; }

}  // namespace

WebhookSink::WebhookSink(WebhookOptions options) : options_(std::move(options)) {
    http::ClientOptions client;
    client.timeout = options_.timeout;
    client.connect_timeout = std::min<std::chrono::milliseconds>(client.connect_timeout, options_.timeout);
    client.ca_file = options_.ca_file;
    client.body_bytes_max = 1 << 20;  // of answers, which nobody reads
    client.address_filter = [allowed = options_.allow_private](const std::string& address) {
        return check_destination(address, allowed);
    };
    for (size_t i = 0; i < std::max<size_t>(1, options_.parallel); ++i) clients_.emplace_back(client);
}

WebhookSink::~WebhookSink() = default;

Result<std::optional<Seq>> WebhookSink::open(std::stop_token) {
    taken_.clear();
    LEAT_TRY(http::parse_url(options_.url));
    return std::nullopt;
}

// Changes of one key go into one lane. What has no key, or two, waits for all before it, and all after it
// wait.
std::vector<std::vector<WebhookSink::Changes>> WebhookSink::plan(const Batch& batch) const {
    std::vector<std::vector<Changes>> groups;
    bool side_by_side = false;
    for (const SinkChange& change : batch.changes) {
        if (taken_.contains(change.seq.value)) continue;
        bool keyed = clients_.size() > 1 && has_one_key(change);
        if (groups.empty() || keyed != side_by_side) groups.emplace_back(keyed ? clients_.size() : 1);
        side_by_side = keyed;
        groups.back()[keyed ? change.key_hash % clients_.size() : 0].push_back(&change);
    }
    return groups;
}

Written WebhookSink::write(const Batch& batch, std::stop_token stop) {
    Written written;
    for (auto& lanes : plan(batch))
        if (!write_group(lanes, written, stop)) break;
    while (written.accepted < batch.changes.size() &&
           taken_.erase(batch.changes[written.accepted].seq.value) > 0)
        ++written.accepted;
    if (written.accepted > 0 && !batch.resent) durable_ = batch.changes[written.accepted - 1].seq;
    written.durable = durable_;
    return written;
}

bool WebhookSink::write_group(const std::vector<Changes>& lanes, Written& written,
                              const std::stop_token& stop) {
    std::vector<LaneResult> results(lanes.size());
    {
        std::vector<std::jthread> threads;
        for (size_t lane = 1; lane < lanes.size(); ++lane)
            if (!lanes[lane].empty())
                threads.emplace_back([&, lane] { results[lane] = run_lane(lane, lanes[lane], stop); });
        if (!lanes[0].empty()) results[0] = run_lane(0, lanes[0], stop);
    }
    bool ok = true;
    for (LaneResult& result : results) {
        ok = ok && result.ok();
        for (const SinkChange* change : result.taken) taken_.insert(change->seq.value);
        std::ranges::move(result.refused, std::back_inserter(written.refused));
        if (result.error && !written.error) written.error = std::move(result.error);
        written.retry_after = std::max(written.retry_after, result.retry_after);
    }
    std::ranges::sort(written.refused, {}, &Refusal::seq);
    return ok;
}

WebhookSink::LaneResult WebhookSink::run_lane(size_t lane, Part changes, const std::stop_token& stop) {
    LaneResult result;
    while (!changes.empty()) {
        size_t count = 0, bytes = 0;
        while (count < changes.size() && count < changes_max(options_)) {
            bytes += changes[count]->bytes.size();
            if (count > 0 && bytes > options_.request_bytes) break;
            ++count;
        }
        if (!send(clients_[lane], changes.first(count), result, stop)) break;
        changes = changes.subspan(count);
    }
    return result;
}

// What is refused is sent again in halves, until what is wrong stands alone. In their order: what comes after
// it may be of its key.
bool WebhookSink::send(http::Client& client, Part changes, LaneResult& result, const std::stop_token& stop) {
    auto request = webhook_request(options_, changes, wall_time_us() / 1'000'000);
    auto outcome = judge_answer(client.send(request, {}, stop), wall_time_us());
    switch (outcome.kind) {
        case WebhookOutcome::Kind::taken:
            result.taken.insert(result.taken.end(), changes.begin(), changes.end());
            return true;
        case WebhookOutcome::Kind::trouble:
            result.error = std::move(outcome.error);
            result.retry_after = outcome.retry_after;
            return false;
        case WebhookOutcome::Kind::refused:
            break;
    }
    if (changes.size() == 1) {
        result.refused.push_back({changes[0]->seq, std::move(*outcome.error)});
        return false;
    }
    size_t half = changes.size() / 2;
    return send(client, changes.first(half), result, stop) &&
           send(client, changes.subspan(half), result, stop);
}

}  // namespace leat
