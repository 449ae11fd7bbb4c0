#include "source/table_selector.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

TableSelector select(TableSelection selection) {
    auto selector = TableSelector::make(selection);
    EXPECT_TRUE(selector) << selector.error().to_string();
    return selector ? *selector : TableSelector{};
}
TableSelector globs(std::vector<std::string> patterns) {
    TableSelection selection;
    selection.globs = std::move(patterns);
    return select(selection);
}

TEST(TableSelector, WithoutASelectionEveryTableIsSelected) {
    TableSelector selector = select({});
    EXPECT_TRUE(selector.selects_all());
    EXPECT_TRUE(selector.selects("public", "orders"));
    EXPECT_TRUE(TableSelector().selects("", ""));
}

TEST(TableSelector, AGlobIsOverSchemaAndTable) {
    TableSelector selector = globs({"shop.order_*"});
    EXPECT_FALSE(selector.selects_all());
    EXPECT_TRUE(selector.selects("shop", "order_lines"));
    EXPECT_FALSE(selector.selects("shop", "orders"));
    EXPECT_FALSE(selector.selects("public", "order_lines"));
}

TEST(TableSelector, AGlobWithoutSchemaIsTheTableOfAnySchema) {
    TableSelector selector = globs({"orders"});
    EXPECT_TRUE(selector.selects("shop", "orders"));
    EXPECT_TRUE(selector.selects("public", "orders"));
    EXPECT_FALSE(selector.selects("orders", "lines"));
    EXPECT_FALSE(selector.selects("public", "orders_old"));
}

TEST(TableSelector, OneGlobThatMatchesIsEnough) {
    TableSelector selector = globs({"a.x", "b.?"});
    EXPECT_TRUE(selector.selects("a", "x"));
    EXPECT_TRUE(selector.selects("b", "y"));
    EXPECT_FALSE(selector.selects("b", "yy"));
}

TEST(TableSelector, AGlobKeepsCase) { EXPECT_FALSE(globs({"public.Orders"}).selects("public", "orders")); }

TEST(TableSelector, RegularExpressionsAreAnchoredAndIgnoreCase) {
    TableSelection selection;
    selection.table_include = {"public\\.orders"};
    TableSelector selector = select(selection);
    EXPECT_TRUE(selector.selects("public", "orders"));
    EXPECT_TRUE(selector.selects("public", "ORDERS"));
    EXPECT_FALSE(selector.selects("public", "orders_old"));
    EXPECT_FALSE(selector.selects("my_public", "orders"));
}

TEST(TableSelector, SchemaListsSeeTheSchemaAlone) {
    TableSelection include, exclude;
    include.schema_include = {"shop|stock"};
    exclude.schema_exclude = {"audit.*"};
    EXPECT_TRUE(select(include).selects("stock", "x"));
    EXPECT_FALSE(select(include).selects("public", "shop"));
    EXPECT_FALSE(select(exclude).selects("audit_log", "x"));
    EXPECT_TRUE(select(exclude).selects("public", "audit"));
}

TEST(TableSelector, EveryListHasToAgree) {
    TableSelection selection;
    selection.globs = {"shop.*"};
    selection.schema_include = {"shop"};
    selection.table_exclude = {"shop\\.secret"};
    TableSelector selector = select(selection);
    EXPECT_TRUE(selector.selects("shop", "orders"));
    EXPECT_FALSE(selector.selects("shop", "secret"));
    EXPECT_FALSE(selector.selects("public", "orders"));
}

TEST(TableSelector, EachListAloneSelectsNoLongerAll) {
    for (auto list :
         {&TableSelection::globs, &TableSelection::schema_include, &TableSelection::schema_exclude,
          &TableSelection::table_include, &TableSelection::table_exclude}) {
        TableSelection selection;
        selection.*list = {"x"};
        EXPECT_FALSE(select(selection).selects_all());
    }
}

TEST(TableSelector, ARegularExpressionThatIsNoneIsNamed) {
    for (auto list : {&TableSelection::schema_include, &TableSelection::schema_exclude,
                      &TableSelection::table_include, &TableSelection::table_exclude}) {
        TableSelection selection;
        selection.*list = {"fine", "(broken"};
        auto selector = TableSelector::make(selection);
        ASSERT_FALSE(selector);
        EXPECT_EQ(selector.error().code, ErrorCode::CONFIG_INVALID);
        EXPECT_NE(selector.error().message.find("(broken"), std::string::npos);
    }
}

TEST(TableSelector, UnmatchedGlobsAreTold) {
    TableSelector selector = globs({"shop.orders", "shop.odrers", "lines"});
    EXPECT_EQ(selector.unmatched_globs({"shop.orders"}),
              (std::vector<std::string>{"shop.odrers", "*.lines"}));
    EXPECT_TRUE(TableSelector().unmatched_globs({}).empty());
}

TEST(TableSelector, NamesWithSignsOfPatternsAreOnlyNames) {
    EXPECT_TRUE(globs({"public.*"}).selects("public", "we[i]rd*?"));
    TableSelection selection;
    selection.table_include = {"public\\.a\\+b"};
    EXPECT_TRUE(select(selection).selects("public", "a+b"));
}

}  // namespace
}  // namespace leat
