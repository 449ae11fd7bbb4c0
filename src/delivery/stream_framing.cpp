#include "delivery/stream_framing.h"

#include <fmt/format.h>

#include <bit>

#include "codec/ndjson_writer.h"

namespace leat {

namespace {

uint64_t mix(uint64_t hash, std::string_view text) {
    constexpr uint64_t odd = 0x9E3779B97F4A7C15;
    while (!text.empty()) {
        uint64_t word = 0;
        size_t bytes = std::min(text.size(), sizeof word);
        std::memcpy(&word, text.data(), bytes);
        text.remove_prefix(bytes);
        hash = std::rotl((hash ^ word) * odd, 29);
    }
    return (hash ^ (hash >> 32)) * odd;
}

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

uint64_t record_key_hash(const Record& record) {
    if (!record.key) return 0;
    // The lengths part the two: "a" and "bc" are not "ab" and "c".
    uint64_t hash = mix(record.topic.size() << 32 | record.key->size(), record.topic);
    return std::max<uint64_t>(1, mix(hash, *record.key));
}

void StreamFraming::write(const Record& record) {
    note_key(record);
    if (open_) end_record({});
    begin_record();
    put_open_record(to_, record);
    open_ = true;
}

void StreamFraming::note_key(const Record& record) {
    uint64_t hash = record_key_hash(record);
    if (!std::exchange(has_records_, true))
        keys_.first = hash;
    else if (hash != keys_.first)
        keys_.other = hash;
}

void StreamFraming::end_change(Seq seq) {
    if (std::exchange(open_, false)) end_record(seq);
}

std::unique_ptr<StreamFraming> make_framing(Framing framing, ByteBuffer& to) {
    if (framing == Framing::server_sent_events) return std::make_unique<EventFraming>(to);
    return std::make_unique<NdjsonFraming>(to);
}

}  // namespace leat
