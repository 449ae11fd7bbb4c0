#include "delivery/block_encoder.h"

#include <gtest/gtest.h>

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
    auto framing = make_framing(Framing::ndjson, bytes);
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

TEST(ChangeSelection, KnowsItsOperations) {
    auto wrong = ChangeSelection::make({{}, "cx"});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::USAGE);
    EXPECT_NE(wrong.error().message.find('x'), std::string::npos);
}

}  // namespace
}  // namespace leat
