#include "delivery/block_encoder.h"

#include <gtest/gtest.h>

#include "base/headed_message.h"
#include "delivery/test_support.h"

namespace leat {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const EncodedBlock> encode(test::MemoryLog& log, Framing framing,
                                           SelectionSpec selection = {}) {
    auto reader = log.read(Seq(1));
    auto block = reader->next(0ms);
    auto encoder = (*log.source(framing, std::move(selection)).make_encoder());
    return *encoder->encode(**block, reader->schemas());
}

TEST(BlockEncoder, TheLastRecordOfAChangeHasItsSequence) {
    test::MemoryLog log;
    log.append(6);
    auto block = encode(log, Framing::ndjson);
    EXPECT_EQ(block->first, Seq(1));
    EXPECT_EQ(block->next, Seq(7));
    EXPECT_EQ(block->from(Seq(4)),
              "{\"topic\":\"t\",\"key\":null,\"headers\":{},\"value\":5}\n"
              "{\"topic\":\"t\",\"key\":null,\"headers\":{},\"value\":5,\"seq\":5}\n"
              "{\"topic\":\"t\",\"key\":null,\"headers\":{},\"value\":6,\"seq\":6}\n");
    EXPECT_EQ(block->from(Seq(6)), "");
    EXPECT_EQ(block->from(Seq(0)).size(), block->bytes.size());
}

TEST(BlockEncoder, ABlockCanBeHadInParts) {
    test::MemoryLog log;
    log.append(20);
    auto reader = log.read(Seq(1));
    auto block = reader->next(0ms);
    auto encoder = *log.source(Framing::ndjson).make_encoder();
    std::string whole((*encoder->encode(**block, reader->schemas()))->from(Seq(0))), parts;
    size_t count = 0;
    for (Seq after(0); after < Seq(20); ++count) {
        auto part = *encoder->encode(**block, reader->schemas(), after, 100);
        parts += part->from(after);
        ASSERT_GT(part->next.value - 1, after.value);
        after = Seq(part->next.value - 1);
    }
    EXPECT_EQ(parts, whole);
    EXPECT_GT(count, 5u);
}

TEST(BlockEncoder, EventsHaveAnIdWhereAReaderMayGoOn) {
    test::MemoryLog log;
    log.append(5);
    EXPECT_EQ(encode(log, Framing::server_sent_events)->from(Seq(4)),
              "data: {\"topic\":\"t\",\"key\":null,\"headers\":{},\"value\":5}\n\n"
              "data: {\"topic\":\"t\",\"key\":null,\"headers\":{},\"value\":5,\"seq\":5}\nid: 5\n\n");
}

TEST(BlockEncoder, WhatIsNotWantedIsPassedOver) {
    test::MemoryLog log;
    log.append(3);
    EXPECT_EQ(encode(log, Framing::ndjson, {{"public.other"}, ""})->bytes.size(), 0u);
    EXPECT_EQ(encode(log, Framing::ndjson, {{}, "d"})->bytes.size(), 0u);
    EXPECT_GT(encode(log, Framing::ndjson, {{"it*"}, "c"})->bytes.size(), 0u);
    EXPECT_EQ(encode(log, Framing::ndjson, {{}, "d"})->next, Seq(4));
}

TEST(BlockEncoder, EveryChangeHasTheTimeOfItsCommit) {
    test::MemoryLog log;
    log.append(2);
    log.append(1);
    auto reader = log.read(Seq(3));
    auto block = reader->next(0ms);
    auto encoded = (*log.source(Framing::ndjson).make_encoder())->encode(**block, reader->schemas());
    ASSERT_EQ((*encoded)->ends.size(), 1u);
    EXPECT_EQ((*encoded)->ends[0].commit_time_us, 3000);
    EXPECT_EQ((*encoded)->ends[0].key_hash, 0u);
}

Record keyed(std::string_view topic, std::optional<std::string_view> key) {
    Record record;
    record.topic = topic;
    record.key = key;
    return record;
}

TEST(StreamFraming, TellsTheKeysOfAChange) {
    ByteBuffer bytes;
    auto framing = make_framing(Framing::ndjson, false, bytes);
    framing->write(keyed("t", "1"));
    framing->write(keyed("t", "1"));  // a tombstone
    framing->end_change(Seq(1));
    auto one = framing->take_keys();
    EXPECT_NE(one.first, 0u);
    EXPECT_EQ(one.other, 0u);
    framing->write(keyed("t", "1"));
    framing->write(keyed("t", "2"));  // an update of the key
    framing->end_change(Seq(2));
    auto moved = framing->take_keys();
    EXPECT_EQ(moved.first, one.first);
    EXPECT_EQ(moved.other, record_key_hash(keyed("t", "2")));
    framing->write(keyed("t", {}));
    framing->end_change(Seq(3));
    EXPECT_EQ(framing->take_keys().first, 0u);
}

TEST(StreamFraming, KeysAreOfTheirTopic) {
    EXPECT_NE(record_key_hash(keyed("a", "bc")), record_key_hash(keyed("ab", "c")));
    EXPECT_NE(record_key_hash(keyed("t", "")), record_key_hash(keyed("t", {})));
    // It is written into the store: another build has to give the same.
    EXPECT_EQ(record_key_hash(keyed("shop.public.orders", "{\"id\":7}")), 15337032452548215218u);
}

// A record whose value stands alone has the sequence itself; headers as an HTTP binding has them.
class AloneEncoder : public test::SeqEncoder {
  public:
    bool values_alone() const override { return true; }
    Status encode(const Change& change, const Transaction&, int64_t, RecordSink& out) override {
        std::string value = "{\"n\":" + std::to_string(change.seq.value) + "}";
        Record record;
        record.value = value;
        record.headers = {{"ce-id", "\"a:1\""}, {"content-type", "\"text/x\""}, {"object", "{}"}};
        out.write(record);
        if (change.seq.value % 10 == 5) out.write(record);
        return {};
    }
};

std::shared_ptr<const EncodedBlock> encode_alone(test::MemoryLog& log, Framing framing) {
    auto reader = log.read(Seq(1));
    auto block = reader->next(0ms);
    BlockEncoder encoder(std::make_unique<AloneEncoder>(), *ChangeSelection::make({}), framing);
    return *encoder.encode(**block, reader->schemas());
}

TEST(BlockEncoder, ValuesAlone) {
    test::MemoryLog log;
    log.append(5);
    EXPECT_EQ(encode_alone(log, Framing::ndjson)->from(Seq(3)), "{\"n\":4}\n{\"n\":5}\n{\"n\":5}\n");
    EXPECT_EQ(encode_alone(log, Framing::server_sent_events)->from(Seq(3)),
              "data: {\"n\":4}\nid: 4\n\ndata: {\"n\":5}\n\ndata: {\"n\":5}\nid: 5\n\n");
}

TEST(BlockEncoder, MessagesCanBeCutOut) {
    test::MemoryLog log;
    log.append(5);
    auto block = encode_alone(log, Framing::messages);
    std::string_view rest = block->from(Seq(3));
    std::string bodies;
    while (auto message = read_headed_message(rest)) {
        EXPECT_EQ(message->head, "ce-id: a:1\r\ncontent-type: text/x\r\n");
        bodies += message->body;
        rest.remove_prefix(message->size);
    }
    EXPECT_EQ(rest, "");
    EXPECT_EQ(bodies, "{\"n\":4}{\"n\":5}{\"n\":5}");
    std::string_view one = block->from(Seq(4));
    size_t size = read_headed_message(one)->size;
    for (size_t cut = 0; cut < size; ++cut) EXPECT_FALSE(read_headed_message(one.substr(0, cut))) << cut;
    EXPECT_FALSE(read_headed_message("content-length: x\r\n\r\n"));
    EXPECT_FALSE(read_headed_message("content-length: 18446744073709551615\r\n\r\nab"));
    EXPECT_FALSE(read_headed_message("a: b\r\n\r\n"));
}

}  // namespace
}  // namespace leat
