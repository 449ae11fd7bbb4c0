// What was answered to a request with an idempotency key, for its repetition: kept for a day, 10,000 of them
// at most. Any thread. Every function: STORE_… of Database::open.
#pragma once

#include "store/database.h"

namespace leat::db {

struct KeptAnswer {
    std::string request_hash;  // of method, path and body: what the key was used for
    int status = 0;
    std::string headers;  // "Name: value" lines
    std::string body;
};

class AnswerStore {
  public:
    explicit AnswerStore(std::shared_ptr<Database> database) : database_(std::move(database)) {}

    Result<std::optional<KeptAnswer>> find(const std::string& actor, const std::string& key) const;
    Status put(const std::string& actor, const std::string& key, const std::string& route,
               const KeptAnswer& answer);

  private:
    const std::shared_ptr<Database> database_;
};

}  // namespace leat::db
