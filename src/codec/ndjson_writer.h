// Records as lines: {"topic":…,"key":…,"headers":{…},"value":…}. Key, headers and value are the JSON of the
// encoder as it is, so a consumer parses a line once. Belongs to one thread.
#pragma once

#include <functional>

#include "codec/encoder.h"

namespace leat {

// A record as a JSON object whose end is left open: "}" follows, or further members before it.
void put_open_record(ByteBuffer& to, const Record& record);

class NdjsonWriter : public RecordSink {
  public:
    using Flush = std::function<void(ByteBuffer&)>;

    // Lines collect in the buffer; once it holds flush_bytes, flush gets it and is to empty it. Without a
    // flush the lines stay until the caller takes them.
    explicit NdjsonWriter(ByteBuffer& to, Flush flush = {}, size_t flush_bytes = 64 << 10)
        : to_(to), flush_(std::move(flush)), flush_bytes_(flush_bytes) {}

    void write(const Record& record) override;
    uint64_t records() const { return records_; }

  private:
    ByteBuffer& to_;
    Flush flush_;
    size_t flush_bytes_;
    uint64_t records_ = 0;
};

}  // namespace leat
