#include "store/dead_letter_store.h"

#include <gtest/gtest.h>

namespace leat::db {
namespace {

TEST(DeadLetterStore, KeepsTheBytesAsTheyWere) {
    DeadLetterStore store(Database::in_memory());
    DeadLetter letter{Seq(7),
                      UINT64_MAX,
                      3,
                      false,
                      1,
                      "SINK_REFUSED",
                      "no",
                      "application/x-ndjson",
                      std::string("a\0\xFF\n", 4),
                      0};
    ASSERT_TRUE(store.put("crm", letter));
    auto found = store.find("crm", Seq(7));
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->bytes, letter.bytes);
    EXPECT_EQ((*found)->key_hash, UINT64_MAX);
    EXPECT_EQ((*found)->other_key_hash, 3u);
    EXPECT_GT((*found)->created_us, 0);
    EXPECT_FALSE(*store.find("crm", Seq(8)));
    EXPECT_FALSE(*store.find("other", Seq(7)));
}

TEST(DeadLetterStore, OneChangeIsOneLetter) {
    DeadLetterStore store(Database::in_memory());
    DeadLetter letter{Seq(7), 1, 0, true, 0, "", "", "t", "b", 0};
    ASSERT_TRUE(store.put("crm", letter));
    letter.held = false;
    letter.attempts = 2;
    ASSERT_TRUE(store.put("crm", letter));
    EXPECT_EQ(*store.count("crm"), 1u);
    EXPECT_EQ((*store.find("crm", Seq(7)))->attempts, 2u);
    EXPECT_FALSE((*store.find("crm", Seq(7)))->held);
}

TEST(DeadLetterStore, ListsInOrderAndRemoves) {
    DeadLetterStore store(Database::in_memory());
    for (uint64_t seq : {9, 3, 5})
        ASSERT_TRUE(store.put("crm", {Seq(seq), seq, 0, false, 1, "C", "m", "t", "b", 0}));
    ASSERT_TRUE(store.put("other", {Seq(4), 1, 0, false, 1, "C", "m", "t", "b", 0}));
    auto after = *store.list("crm", Seq(3), 10);
    ASSERT_EQ(after.size(), 2u);
    EXPECT_EQ(after[0].seq, Seq(5));
    EXPECT_TRUE(after[0].bytes.empty());
    EXPECT_EQ((*store.list("crm", Seq(0), 1)).size(), 1u);
    std::vector<Seq> two = {Seq(3), Seq(8)};
    EXPECT_EQ(*store.remove("crm", two), 1u);
    EXPECT_EQ(*store.remove("crm", {}), 2u);
    EXPECT_EQ(*store.count("other"), 1u);
}

}  // namespace
}  // namespace leat::db
