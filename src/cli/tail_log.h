// A change log that keeps nothing: what is appended is printed. For leat tail, so that it captures as the
// server does.
#pragma once

#include <functional>

#include "log/change_log.h"

namespace leat::cli {

class TailLog : public ChangeLog {
  public:
    using Print = std::function<Status(const Block&, SchemaSet&)>;
    using Flush = std::function<Status()>;
    TailLog(Print print, Flush flush) : print_(std::move(print)), flush_(std::move(flush)) {}

    const Position& position() const override { return position_; }
    std::vector<std::shared_ptr<const TableSchema>> latest_schemas() const override { return {}; }
    LogRange range() const override { return {}; }

    Result<Seq> append(Block& block) override {
        block.seal(next_, UnitId(1));
        Seq first = next_;
        next_.value += block.header().change_count;
        LEAT_TRY(print_(block, schemas_));
        if (block.header().position_length) pending_.bytes = block.position();
        return first;
    }
    Status sync() override {
        LEAT_TRY(flush_());
        position_ = pending_;
        return {};
    }
    Position durable_position() const override { return position_; }
    Status discard_unfinished() override { return {}; }
    Result<std::unique_ptr<LogReader>> read(ReadFrom) override {
        return fail(ErrorCode::INTERNAL, "leat tail keeps no log to read");
    }
    Status trim() override { return {}; }

  private:
    const Print print_;
    const Flush flush_;
    SchemaSet schemas_;
    Position position_, pending_;
    Seq next_{1};
};

}  // namespace leat::cli
