#include "source/postgres/wire/lsn.h"

#include <gtest/gtest.h>

namespace leat::pg {
namespace {

TEST(LsnText, IsWrittenAsPostgresWritesIt) {
    EXPECT_EQ(format_lsn(Lsn(0)), "0/0");
    EXPECT_EQ(format_lsn(Lsn(0x16B374D848)), "16/B374D848");
    EXPECT_EQ(format_lsn(Lsn(0x100000001)), "1/1");
    EXPECT_EQ(format_lsn(Lsn(UINT64_MAX)), "FFFFFFFF/FFFFFFFF");
}

TEST(LsnText, IsReadBack) {
    for (uint64_t value : {uint64_t{0}, uint64_t{1}, uint64_t{0xffffffff}, uint64_t{0x100000000},
                           uint64_t{0x16B374D848}, uint64_t{UINT64_MAX}})
        EXPECT_EQ(parse_lsn(format_lsn(Lsn(value))), Lsn(value));
    EXPECT_EQ(parse_lsn("16/b374d848"), Lsn(0x16B374D848));
    EXPECT_EQ(parse_lsn("00000016/0B374D84"), Lsn(0x160B374D84));
}

TEST(LsnText, OtherTextIsRefused) {
    for (std::string_view text : {"", "/", "0", "0/", "/0", "0/0/0", "0/0 ", " 0/0", "-1/0", "+1/0", "0x1/0",
                                  "g/0", "123456789/0", "0/123456789", "0/-1"})
        EXPECT_FALSE(parse_lsn(text)) << text;
}

}  // namespace
}  // namespace leat::pg
