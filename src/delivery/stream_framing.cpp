#include "delivery/stream_framing.h"

#include <fmt/format.h>

#include <bit>

#include "base/headed_message.h"
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

// A record is an object whose end is left open for the sequence; a value that stands alone is whole.
void put_begin(ByteBuffer& to, const Record& record, bool alone) {
    if (alone)
        to.put_text(record.value.value_or("null"));
    else
        put_open_record(to, record);
}
void put_end(ByteBuffer& to, std::optional<Seq> seq, bool alone) {
    if (alone) return;
    if (seq) {
        to.put_text(",\"seq\":");
        to.put_text(fmt::format_int(seq->value).c_str());
    }
    to.put_char('}');
}

class NdjsonFraming final : public StreamFraming {
  public:
    NdjsonFraming(ByteBuffer& to, bool values_alone) : StreamFraming(to), alone_(values_alone) {}

  protected:
    void begin_record(const Record& record) override { put_begin(to_, record, alone_); }
    void end_record(std::optional<Seq> seq) override {
        put_end(to_, seq, alone_);
        to_.put_char('\n');
    }

  private:
    const bool alone_;
};

// WHATWG HTML, "Server-sent events". JSON has no raw line ends, so that a record is one data line.
class EventFraming final : public StreamFraming {
  public:
    EventFraming(ByteBuffer& to, bool values_alone) : StreamFraming(to), alone_(values_alone) {}

  protected:
    void begin_record(const Record& record) override {
        to_.put_text("data: ");
        put_begin(to_, record, alone_);
    }
    void end_record(std::optional<Seq> seq) override {
        put_end(to_, seq, alone_);
        if (seq) {
            to_.put_text("\nid: ");
            to_.put_text(fmt::format_int(seq->value).c_str());
        }
        to_.put_text("\n\n");
    }

  private:
    const bool alone_;
};

class MessageFraming final : public StreamFraming {
  public:
    using StreamFraming::StreamFraming;

  protected:
    void begin_record(const Record& record) override {
        for (const Header& header : record.headers) {
            std::string_view text = header.value;
            if (!text.starts_with('"')) continue;
            to_.put_text(header.name);
            to_.put_text(": ");
            to_.put_text(text.substr(1, text.size() - 2));
            to_.put_text("\r\n");
        }
        std::string_view body = record.value.value_or("");
        to_.put_text(message_length_header);
        to_.put_text(fmt::format_int(body.size()).c_str());
        to_.put_text(message_head_end);
        to_.put_text(body);
    }
    void end_record(std::optional<Seq>) override {}
};

uint64_t key_hash(std::string_view topic, std::string_view key) {
    // The lengths part the two: "a" and "bc" are not "ab" and "c".
    uint64_t hash = mix(topic.size() << 32 | key.size(), topic);
    return std::max<uint64_t>(1, mix(hash, key));
}

}  // namespace

uint64_t record_key_hash(const Record& record) {
    return record.key ? key_hash(record.topic, *record.key) : 0;
}

void StreamFraming::write(const Record& record) {
    note_key(record);
    if (open_) end_record({});
    begin_record(record);
    open_ = true;
}

void StreamFraming::note_key(const Record& record) {
    uint64_t hash = record_key_hash(record);
    if (!std::exchange(has_records_, true))
        keys_.first = hash;
    else if (hash != keys_.first)
        keys_.other = hash;
    if (record.old_key) keys_.other = key_hash(record.topic, *record.old_key);
}

void StreamFraming::end_change(Seq seq) {
    if (std::exchange(open_, false)) end_record(seq);
}

std::unique_ptr<StreamFraming> make_framing(Framing framing, bool values_alone, ByteBuffer& to) {
    switch (framing) {
        case Framing::server_sent_events:
            return std::make_unique<EventFraming>(to, values_alone);
        case Framing::messages:
            return std::make_unique<MessageFraming>(to);
        case Framing::ndjson:
            break;
    }
    return std::make_unique<NdjsonFraming>(to, values_alone);
}

}  // namespace leat
