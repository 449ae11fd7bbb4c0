#include "delivery/stream_framing.h"

#include <fmt/format.h>

#include "codec/ndjson_writer.h"

namespace leat {

namespace {

class NdjsonFraming final : public StreamFraming {
  public:
    using StreamFraming::StreamFraming;

  protected:
    void begin_record() override {}
    void end_record(std::optional<Seq> seq) override {
        if (seq) {
            to_.put_text(",\"seq\":");
            to_.put_text(fmt::format_int(seq->value).c_str());
        }
        to_.put_text("}\n");
    }
};

// WHATWG HTML, "Server-sent events". JSON has no raw line ends, so that a record is one data line.
class EventFraming final : public StreamFraming {
  public:
    using StreamFraming::StreamFraming;

  protected:
    void begin_record() override { to_.put_text("data: "); }
    void end_record(std::optional<Seq> seq) override {
        if (seq) {
            fmt::format_int number(seq->value);
            to_.put_text(",\"seq\":");
            to_.put_text(number.c_str());
            to_.put_text("}\nid: ");
            to_.put_text(number.c_str());
            to_.put_text("\n\n");
        } else {
            to_.put_text("}\n\n");
        }
    }
};

}  // namespace

void StreamFraming::write(const Record& record) {
    if (open_) end_record({});
    begin_record();
    put_open_record(to_, record);
    open_ = true;
}

void StreamFraming::end_change(Seq seq) {
    if (std::exchange(open_, false)) end_record(seq);
}

std::unique_ptr<StreamFraming> make_framing(Framing framing, ByteBuffer& to) {
    if (framing == Framing::server_sent_events) return std::make_unique<EventFraming>(to);
    return std::make_unique<NdjsonFraming>(to);
}

}  // namespace leat
