// Contract of a codec: changes become records, as a topic, a stream or a file carries them.
#pragma once

#include <optional>
#include <vector>

#include "base/byte_buffer.h"
#include "model/change.h"

namespace leat {

struct Header {
    std::string_view name;
    std::string_view value;  // JSON text
};

// One record. Views are valid until the batch is cleared or grows.
struct Record {
    std::string_view topic;
    std::optional<std::string_view> key;  // none: null
    // Where one record tells that a row has another key now: the one it had.
    std::optional<std::string_view> old_key = {};
    std::optional<std::string_view> value;  // none: a tombstone
    std::vector<Header> headers;
};

// Takes the records of an encoder. A record is built in one buffer that it owns, so that nothing is allocated
// per row.
class RecordSink {
  public:
    virtual ~RecordSink() = default;
    virtual void write(const Record& record) = 0;
};

// Encodes the changes of one source in one format, for one consumer. Compiles what it needs per table schema
// and keeps it; belongs to one thread.
class Encoder {
  public:
    virtual ~Encoder() = default;
    // Called in order for every transaction seen and every change in it. captured_at_us comes from the
    // block's header.
    virtual Status begin(const Transaction& transaction, RecordSink& out) = 0;
    virtual Status encode(const Change& change, const Transaction& transaction, int64_t captured_at_us,
                          RecordSink& out) = 0;
    virtual Status commit(const Transaction& transaction, uint64_t change_count, int64_t captured_at_us,
                          RecordSink& out) = 0;
    // After the last block of a unit, also of one without changes: a moment at which the source was known to
    // be alive, which formats with heartbeats tell.
    virtual void end_unit(int64_t, RecordSink&) {}
    // Whether values say everything, so that a line is a value alone, without topic, key and headers.
    virtual bool values_alone() const { return false; }
};

}  // namespace leat
