#include "source/postgres/snapshot/copy_binary_row.h"

#include <gtest/gtest.h>

namespace leat::pg {

namespace {

const std::string head("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
const std::string row("\0\2\0\0\0\1a\377\377\377\377", 11);  // 'a', NULL
const std::string end("\377\377", 2);

Result<bool> split(CopyBinaryRow& splitter, const std::string& message, size_t columns = 2) {
    return splitter.split(as_bytes(message), columns);
}

}  // namespace

TEST(CopyBinaryRow, HeaderRowsAndEnd) {
    CopyBinaryRow splitter;
    splitter.begin();
    for (const std::string& message : {head + row, row}) {
        auto is_row = split(splitter, message);
        ASSERT_TRUE(is_row && *is_row);
        ASSERT_EQ(splitter.columns().size(), 2U);
        EXPECT_EQ(splitter.columns()[0], "a");
        EXPECT_EQ(splitter.columns()[1], std::nullopt);
    }
    auto is_row = split(splitter, end);
    EXPECT_TRUE(is_row && !*is_row);
    splitter.begin();
    is_row = split(splitter, head + end);  // a table without rows
    EXPECT_TRUE(is_row && !*is_row);
}

TEST(CopyBinaryRow, Malformed) {
    std::string oids = head;
    oids[12] = 1;
    std::string extended = head;
    extended[18] = 5;
    for (const std::string& message : {std::string(), row, head, oids + row, extended + end,
                                       head + row.substr(0, 7), head + row + "x", head + end + "x"}) {
        CopyBinaryRow splitter;
        splitter.begin();
        auto is_row = split(splitter, message);
        ASSERT_FALSE(is_row);
        EXPECT_EQ(is_row.error().code, ErrorCode::PG_VALUE_MALFORMED);
    }
    CopyBinaryRow splitter;
    EXPECT_FALSE(split(splitter, head + row, 3));
    std::string negative("\0\1\377\377\377\376", 6);
    splitter.begin();
    EXPECT_FALSE(split(splitter, head + negative, 1));
}

TEST(CopyBinaryRow, ExtensionOfTheHeaderIsPassed) {
    std::string extended = head;
    extended[18] = 3;
    CopyBinaryRow splitter;
    splitter.begin();
    auto is_row = split(splitter, extended + "abc" + row);
    EXPECT_TRUE(is_row && *is_row);
}

}  // namespace leat::pg
