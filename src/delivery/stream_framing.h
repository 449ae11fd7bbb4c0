// How records go into a stream whose reader may be cut anywhere and goes on with the last sequence it saw.
// Therefore only the last record of a change carries the change's sequence.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

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

    struct Keys {
        uint64_t first = 0;
        uint64_t other = 0;  // of later records with another key; 0: none
    };
    // Of the records since the last call.
    Keys take_keys() {
        has_records_ = false;
        return std::exchange(keys_, {});
    }

  protected:
    virtual void begin_record(const Record& record) = 0;
    virtual void end_record(std::optional<Seq> seq) = 0;
    ByteBuffer& to_;

  private:
    void note_key(const Record& record);

    bool open_ = false;
    bool has_records_ = false;
    Keys keys_;
};

// Of topic and key, the same in every build and on every machine; never 0. 0: the record has no key.
uint64_t record_key_hash(const Record& record);

enum class Framing : uint8_t {
    ndjson,
    server_sent_events,
    // A record as the head and body of an HTTP message (base/headed_message.h): for formats whose headers are
    // an HTTP binding's (cloudevents-binary).
    messages
};
// values_alone: as the encoder says (codec/encoder.h); such a value has the sequence itself.
std::unique_ptr<StreamFraming> make_framing(Framing framing, bool values_alone, ByteBuffer& to);

}  // namespace leat
