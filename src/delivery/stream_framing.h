// How records go into a stream whose reader may be cut anywhere and goes on with the last sequence it saw.
// Therefore only the last record of a change carries the change's sequence.
#pragma once

#include <memory>

#include "codec/encoder.h"
#include "model/ids.h"

namespace leat {

// Belongs to one thread.
class StreamFraming : public RecordSink {
  public:
    explicit StreamFraming(ByteBuffer& to) : to_(to) {}

    void write(const Record& record) final;
    // The records since the last call were those of one change.
    void end_change(Seq seq);

  protected:
    virtual void begin_record() = 0;
    virtual void end_record(std::optional<Seq> seq) = 0;
    ByteBuffer& to_;

  private:
    bool open_ = false;
};

enum class Framing : uint8_t { ndjson, server_sent_events };
std::unique_ptr<StreamFraming> make_framing(Framing framing, ByteBuffer& to);

}  // namespace leat
