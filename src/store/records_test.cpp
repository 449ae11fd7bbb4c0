// Tokens, the audit log, kept answers.
#include <gmock/gmock.h>

#include "store/answer_store.h"
#include "store/audit_log.h"
#include "store/token_store.h"

namespace leat::db {
namespace {

Token named(std::string name, std::string hash) {
    Token token;
    token.name = std::move(name);
    token.role = "viewer";
    token.hash = std::move(hash);
    return token;
}

TEST(TokenStore, ANameIsFreeAgainOnceRevoked) {
    TokenStore tokens(Database::in_memory());
    auto first = tokens.insert(named("a", std::string(32, '\0')));
    ASSERT_TRUE(first);
    auto again = tokens.insert(named("a", std::string(32, '\1')));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::STORE_EXISTS);
    ASSERT_TRUE(tokens.revoke("a"));
    auto twice = tokens.revoke("a");
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, ErrorCode::STORE_NOT_FOUND);
    Token expiring = named("a", std::string(32, '\1'));
    expiring.expires_us = 7;
    ASSERT_TRUE(tokens.insert(expiring));
    auto all = tokens.list();
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 2u);
    EXPECT_TRUE((*all)[0].revoked_us);
    EXPECT_EQ((*all)[0].hash, std::string(32, '\0'));
    EXPECT_FALSE((*all)[1].revoked_us);
    EXPECT_EQ((*all)[1].expires_us, 7);
    EXPECT_GT((*all)[1].id, (*all)[0].id);
}

TEST(TokenStore, IsBounded) {
    TokenStore tokens(Database::in_memory());
    for (int i = 0; i < 1000; ++i)
        ASSERT_TRUE(tokens.insert(named(std::to_string(i), "hash" + std::to_string(i))));
    auto beyond = tokens.insert(named("one more", "x"));
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code, ErrorCode::STORE_LIMIT);
    for (int i = 0; i < 150; ++i) ASSERT_TRUE(tokens.revoke(std::to_string(i)));
    ASSERT_TRUE(tokens.insert(named("one more", "x")));
    EXPECT_EQ(tokens.list()->size(), 850u + 1 + 100);
}

TEST(AuditLog, KeepsTheNewest) {
    AuditLog audit(Database::in_memory(), 5);
    for (int i = 0; i < 8; ++i) {
        AuditEntry entry;
        entry.actor = std::to_string(i);
        entry.status = 200 + i;
        ASSERT_TRUE(audit.add(entry));
    }
    auto newest = audit.list(0, 2);
    ASSERT_TRUE(newest);
    ASSERT_EQ(newest->size(), 2u);
    EXPECT_EQ((*newest)[0].actor, "7");
    EXPECT_EQ((*newest)[1].status, 206);
    EXPECT_EQ(audit.list((*newest)[1].id, 100)->size(), 3u) << "of eight, five are kept";
}

TEST(AnswerStore, IsOfAnActorAndAKey) {
    AnswerStore answers(Database::in_memory());
    ASSERT_TRUE(answers.put("me", "k", "POST /x", {"hash", 201, "Location: /x/1\n", "{}"}));
    auto kept = answers.find("me", "k");
    ASSERT_TRUE(kept && *kept);
    EXPECT_EQ((*kept)->status, 201);
    EXPECT_EQ((*kept)->headers, "Location: /x/1\n");
    EXPECT_EQ((*kept)->request_hash, "hash");
    EXPECT_FALSE(answers.find("you", "k")->has_value());
    EXPECT_FALSE(answers.find("me", "l")->has_value());
}

}  // namespace
}  // namespace leat::db
