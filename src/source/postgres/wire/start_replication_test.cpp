#include "source/postgres/wire/start_replication.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat::pg {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string command(int version, bool streaming, bool two_phase) {
    return start_replication_command(
        {version, "s", Lsn(0x1600000010), {"a", "b \"c'"}, streaming, two_phase});
}

TEST(StartReplication, AsksForWhatTheServerHas) {
    EXPECT_THAT(command(130010, true, false),
                AllOf(HasSubstr("'1'"), Not(HasSubstr("streaming")), Not(HasSubstr("messages"))));
    EXPECT_THAT(command(140000, true, false),
                AllOf(HasSubstr("'2'"), HasSubstr("streaming 'on'"), HasSubstr("messages")));
    EXPECT_THAT(command(150004, true, false), AllOf(HasSubstr("'2'"), HasSubstr("streaming 'on'")));
    EXPECT_THAT(command(160000, true, false), AllOf(HasSubstr("'4'"), HasSubstr("streaming 'parallel'")));
    EXPECT_THAT(command(180000, false, false), AllOf(HasSubstr("'1'"), Not(HasSubstr("streaming"))));
    EXPECT_THAT(command(150004, true, true),
                AllOf(HasSubstr("'3'"), HasSubstr("streaming 'on'"), HasSubstr("two_phase 'on'")));
    EXPECT_THAT(command(160000, false, true),
                AllOf(HasSubstr("'3'"), Not(HasSubstr("streaming")), HasSubstr("two_phase 'on'")));
    EXPECT_THAT(command(180000, true, true),
                AllOf(HasSubstr("'4'"), HasSubstr("parallel"), HasSubstr("two_phase 'on'")));
}

TEST(StartReplication, QuotesNames) {
    EXPECT_EQ(
        command(130000, true, false),
        R"(START_REPLICATION SLOT "s" LOGICAL 16/10 (proto_version '1', publication_names '"a","b ""c''"'))");
}

}  // namespace
}  // namespace leat::pg
