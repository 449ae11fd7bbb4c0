// Looks now and then at what the slot costs the server, and keeps an idle one moving, beside the stream and
// over the source's SQL connection. Never waits for an answer. Belongs to the reader thread.
#pragma once

#include <utility>

#include "base/clock.h"
#include "source/postgres/server/options.h"
#include "source/postgres/server/position.h"
#include "source/postgres/server/wal_budget.h"
#include "source/postgres/wire/connection.h"
#include "source/postgres/wire/lsn.h"

namespace leat::pg {

// Messages of this prefix are Leat's own, and never shown.
inline constexpr std::string_view heartbeat_prefix = "leat.heartbeat";

class ServerWatch {
  public:
    explicit ServerWatch(const Options& options);

    // Whether there is something to ask or an answer to wait for: then tick() is called, with a connection.
    bool due() const;
    // Asks, or takes an answer that has arrived. `here`: where the stream is. An error ends the stream:
    // PG_WAL_BUDGET and PG_SLOT_GIVEN_UP (the policy asks for it), PG_PUBLICATION (it was made again),
    // PG_CONNECTION_LOST (the connection leads to another server than the stream).
    Status tick(Connection& sql, const ResumeState& here);
    // Once after each change that may concern the tables, and at the beginning: they are to be looked at
    // again.
    bool take_tables_changed() { return std::exchange(tables_changed_, false); }

    // What the slot held and how far the stream was behind when it was last looked at; none: not yet.
    struct Look {
        uint64_t held_bytes, lag_bytes;
    };
    const std::optional<Look>& last_look() const { return look_; }

  private:
    enum class Asked : uint8_t { nothing, look, heartbeat, action };

    std::string look_sql() const;
    Status take(const Rows& rows, const ResumeState& here);
    Status weigh(uint64_t held_bytes);
    void tell_risk(const std::string& wal_status, std::optional<uint64_t> safe_bytes, uint64_t held_bytes);
    void answer_failed(const Error& error);
    Error over_budget(uint64_t held_bytes) const;

    const Options& options_;
    const std::string look_sql_;
    WalBudget budget_;
    std::optional<Look> look_;
    Asked asked_ = Asked::nothing;
    bool on_standby_ = false;
    bool tables_changed_ = false;
    std::string tables_, labels_;  // what changes with them
    bool heartbeat_wanted_ = false, heartbeat_refused_ = false;
    Lsn last_position_;
    SteadyClock::time_point looked_{}, acted_, risk_told_{}, action_failure_told_{};
};

}  // namespace leat::pg
