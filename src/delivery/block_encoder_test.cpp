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

TEST(ChangeSelection, KnowsItsOperations) {
    auto wrong = ChangeSelection::make({{}, "cx"});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::USAGE);
    EXPECT_NE(wrong.error().message.find('x'), std::string::npos);
}

}  // namespace
}  // namespace leat
