// What the server asks of the consumers it serves. Implemented where everything is wired together; a fake in
// the tests. A consumer is what the file or somebody by REST defined: a destination that is pushed to, or a
// subscription whose cursor is kept here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/yaml_settings.h"
#include "consumer/consumer_status.h"
#include "delivery/feed.h"

namespace leat::server {

struct ConsumerView {
    std::string name, source;
    std::string type;       // subscription, webhook, file, stdout
    bool from_file = true;  // of leat.yaml: not to be changed by REST
    // Of those made by REST: as it was given (references to secrets, no secrets), and which version it is.
    std::string definition;
    uint64_t revision = 0;

    ConsumerStatus status;  // of a subscription: RUNNING, its cursor as `durable`
    uint64_t lag_changes = 0;
    double lag_seconds = 0;  // how old the oldest change is that it has not; 0: it has all
    uint64_t dead_letters_waiting = 0;
};

// One change that was put aside.
struct DeadLetter {
    Seq seq;
    uint64_t key_hash = 0;
    bool held = false;  // not refused itself: it follows an earlier change of its key
    uint64_t attempts = 0;
    std::string code, message;
    std::string content_type;
    std::string bytes;  // as they were sent; empty in lists
    int64_t created_us = 0;
};

// What GET …/consumers/{id}/changes reads.
struct Subscription {
    std::string key;  // tells one feed from another
    FeedSource feed;
    Seq cursor;
};

// Any thread. CONSUMER_NOT_FOUND if there is no consumer of that name; CONSUMER_FROM_FILE where one of the
// file would be changed; STORE_…
class Consumers {
  public:
    virtual ~Consumers() = default;
    virtual std::vector<std::string> names() const = 0;
    virtual Result<ConsumerView> view(const std::string& name) const = 0;

    // group: the definition, its name in it; json: the same as it was given, to be kept. What parse_consumer
    // says, LOG_NO_SOURCE, CONDITION_INVALID, CONSUMER_EXISTS. It is durable, and runs, on return.
    virtual Result<ConsumerView> create(const SettingGroup& group, const std::string& json) = 0;
    // Keeps the cursor. Likewise; STORE_CHANGED if it is not of that revision any more.
    virtual Result<ConsumerView> update(const SettingGroup& group, const std::string& json,
                                        std::optional<uint64_t> revision) = 0;
    // With its cursor and dead letters.
    virtual Status remove(const std::string& name, std::optional<uint64_t> revision) = 0;

    // Also of those in the file. What is asked for survives a restart. Stopped and paused keep the cursor; a
    // pause also keeps what is open at the destination.
    virtual Status start(const std::string& name) = 0;
    virtual Status stop(const std::string& name) = 0;
    virtual Status pause(const std::string& name) = 0;
    virtual Status resume(const std::string& name) = 0;

    // CONSUMER_NOT_SUBSCRIPTION if it pushes.
    virtual Result<Subscription> subscription(const std::string& name, Framing framing) const = 0;
    // Everything up to it is done with. CONSUMER_CURSOR_AHEAD: past the end of the log. Never goes back.
    virtual Status acknowledge(const std::string& name, Seq seq) = 0;

    // By sequence, after one. Without the bytes.
    virtual Result<std::vector<DeadLetter>> dead_letters(const std::string& name, Seq after,
                                                         size_t limit) const = 0;
    virtual Result<DeadLetter> dead_letter(const std::string& name, Seq seq) const = 0;
    // In their order; empty: all. Returns how many it concerns. Sent again by the consumer itself, before
    // what comes next; those that are refused again stay. Drop: they are gone for good.
    virtual Result<uint64_t> resend(const std::string& name, const std::vector<Seq>& seqs) = 0;
    virtual Result<uint64_t> drop(const std::string& name, const std::vector<Seq>& seqs) = 0;
};

}  // namespace leat::server
