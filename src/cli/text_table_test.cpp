#include "cli/text_table.h"

#include <gtest/gtest.h>

namespace leat::cli {
namespace {

TEST(TextTable, ColumnsAreAsWideAsTheyHaveToBe) {
    TextTable table({"NAME", ">COUNT", "NOTE"});
    EXPECT_TRUE(table.empty());
    table.add({"a", "7", ""});
    table.add({"größer", "1,234"});
    EXPECT_EQ(table.render(),
              "NAME    COUNT  NOTE\n"
              "a           7\n"
              "größer  1,234\n");
}

}  // namespace
}  // namespace leat::cli
