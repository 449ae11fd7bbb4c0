// How far each consumer is: the last change that its destination has for good. Any thread. Every function:
// STORE_… of Database::open.
#pragma once

#include <span>
#include <vector>

#include "model/ids.h"
#include "store/database.h"

namespace leat::db {

struct Cursor {
    std::string consumer;
    std::string log;  // which log the sequence is of; another one has other changes under it
    Seq seq;
    int64_t changed_us = 0;  // set by the store
};

class CursorStore {
  public:
    explicit CursorStore(std::shared_ptr<Database> database) : database_(std::move(database)) {}

    Result<std::vector<Cursor>> list() const;  // by consumer
    Result<std::optional<Cursor>> find(const std::string& consumer) const;
    // All of them or none, durable on return: one sync, however many.
    Status set(std::span<const Cursor> cursors);
    Status remove(const std::string& consumer);

  private:
    const std::shared_ptr<Database> database_;
};

}  // namespace leat::db
