#include "delivery/stream_framing.h"

#include <fmt/format.h>

#include "codec/json_text.h"

namespace leat {

namespace {

// {"topic":…,"key":…,"headers":{…},"value":… and the end is open.
void put_record(ByteBuffer& to, const Record& record) {
    to.put_text("{\"topic\":");
    json::put_string(to, record.topic);
    to.put_text(",\"key\":");
    to.put_text(record.key.value_or("null"));
    to.put_text(",\"headers\":{");
    bool first = true;
    for (auto& header : record.headers) {
        if (!std::exchange(first, false)) to.put_char(',');
        json::put_string(to, header.name);
        to.put_char(':');
        to.put_text(header.value);
    }
    to.put_text("},\"value\":");
    to.put_text(record.value.value_or("null"));
}

class NdjsonFraming final : public StreamFraming {
  public:
    using StreamFraming::StreamFraming;
    void heartbeat(Seq seq, int64_t now_us) override {
        to_.put_text(
            fmt::format("{{\"heartbeat\":{{\"ts_ms\":{}}},\"seq\":{}}}\n", now_us / 1000, seq.value));
    }

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
    void heartbeat(Seq seq, int64_t now_us) override {
        to_.put_text(fmt::format("event: heartbeat\ndata: {{\"ts_ms\":{},\"seq\":{}}}\nid: {}\n\n",
                                 now_us / 1000, seq.value, seq.value));
    }

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
    put_record(to_, record);
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
