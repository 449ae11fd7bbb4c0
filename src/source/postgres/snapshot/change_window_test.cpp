#include "source/postgres/snapshot/change_window.h"

#include <gtest/gtest.h>

namespace leat::pg {
namespace {

using Changes = ChangeWindow::Changes;
using Row = ChangeWindow::Row;

constexpr uint32_t table = 100, other = 101;

// Shows every transaction below 700, and none from there on but those given.
Visibility seen(std::vector<uint64_t> in_progress = {}, uint64_t xmax = 700) {
    return {in_progress.empty() ? xmax : in_progress.front(), xmax, in_progress, Lsn(1)};
}
std::string key(std::string_view value) {
    std::string text;
    append_key_value(value, text);
    return text;
}
std::vector<const Visibility*> pointers(const std::vector<Visibility>& all) {
    std::vector<const Visibility*> list;
    for (auto& one : all) list.push_back(&one);
    return list;
}

TEST(Keys, AreSplitIntoWhatTheyWereMadeOf) {
    std::string text;
    for (std::string_view value : {std::string_view("a"), std::string_view(), std::string_view("\0x", 2)})
        append_key_value(value, text);
    EXPECT_EQ(split_key(text), (KeyText{"a", "", std::string("\0x", 2)}));
    EXPECT_NE(key("ab") + key(""), key("a") + key("b"));
}

TEST(ChangeWindow, TellsRowsOfTransactionsThatAreNotShown) {
    ChangeWindow window(1 << 20);
    window.add_row(table, key("1"), 699, true);
    window.add_row(table, key("2"), 700, true);
    window.add_row(table, key("3"), 650, false);
    EXPECT_EQ(window.of_row(table, key("1"), seen()), Row::not_changed);
    EXPECT_EQ(window.of_row(table, key("2"), seen()), Row::changed);
    EXPECT_EQ(window.of_row(table, key("3"), seen({650})), Row::changed_in_part);
    EXPECT_EQ(window.of_row(other, key("2"), seen()), Row::not_changed);
    EXPECT_EQ(window.of_table(table, seen()), Changes::rows);
    EXPECT_EQ(window.of_table(table, seen({}, 701)), Changes::none);
    EXPECT_EQ(window.of_table(other, seen()), Changes::none);
}

TEST(ChangeWindow, WhatOneChangeBroughtWholeALaterOneLeavesWhole) {
    ChangeWindow window(1 << 20);
    window.add_row(table, key("1"), 700, true);
    window.add_row(table, key("1"), 701, false);
    EXPECT_EQ(window.of_row(table, key("1"), seen()), Row::changed);
    // But a whole change that the chunk shows is no help.
    EXPECT_EQ(window.of_row(table, key("1"), seen({}, 701)), Row::changed_in_part);
}

TEST(ChangeWindow, ChangesOfOneTransactionCountTogether) {
    ChangeWindow window(1 << 20);
    window.add_row(table, key("1"), 700, false);
    window.add_row(table, key("1"), 700, true);
    window.add_row(table, key("1"), 700, false);
    EXPECT_EQ(window.of_row(table, key("1"), seen()), Row::changed);
}

TEST(ChangeWindow, ATruncateOutweighsEverything) {
    ChangeWindow window(1 << 20);
    window.add_row(table, key("1"), 700, true);
    window.add_unknown(table, 701);
    EXPECT_EQ(window.of_table(table, seen()), Changes::unknown);
    window.add_truncate(table, 702);
    EXPECT_EQ(window.of_table(table, seen()), Changes::truncated);
    EXPECT_EQ(window.of_table(table, seen({}, 702)), Changes::truncated);
    EXPECT_EQ(window.of_table(table, seen({}, 703)), Changes::none);
}

TEST(ChangeWindow, ForgetsWhatAllSnapshotsShow) {
    ChangeWindow window(1 << 20);
    window.add_row(table, key("1"), 700, true);
    window.add_row(table, key("1"), 705, true);
    window.add_row(table, key("2"), 701, true);
    window.add_truncate(table, 702);
    window.add_unknown(other, 703);
    std::vector<Visibility> both = {seen({}, 702), seen({701}, 710)};
    window.forget(pointers(both));
    EXPECT_EQ(window.of_row(table, key("2"), both[1]), Row::changed);  // 701 runs in one of them
    EXPECT_EQ(window.of_table(table, seen()), Changes::truncated);
    window.forget(pointers({seen({}, 706)}));
    EXPECT_EQ(window.bytes(), 0u);
    EXPECT_EQ(window.of_table(table, seen()), Changes::none);
}

TEST(ChangeWindow, AboveItsBytesWhatATransactionChangedIsUnknown) {
    ChangeWindow window(1000);
    for (int i = 0; i < 100; ++i) window.add_row(table, key(std::to_string(i)), 700, true);
    EXPECT_LT(window.bytes(), 1200u);
    EXPECT_FALSE(window.overrun());
    EXPECT_EQ(window.of_table(table, seen()), Changes::unknown);
    EXPECT_EQ(window.of_table(table, seen({}, 701)), Changes::none);
    for (uint32_t xid = 701; !window.overrun() && xid < 5000; ++xid)
        window.add_row(table, key("x"), xid, true);
    EXPECT_TRUE(window.overrun());
    window.clear();
    EXPECT_EQ(window.bytes(), 0u);
}

TEST(ChangeWindow, ForgetsATable) {
    ChangeWindow window(1 << 20);
    window.add_row(table, key("1"), 700, true);
    window.add_row(other, key("1"), 700, true);
    window.add_truncate(table, 700);
    window.forget_table(table);
    EXPECT_EQ(window.of_table(table, seen()), Changes::none);
    EXPECT_EQ(window.of_table(other, seen()), Changes::rows);
    window.forget_table(other);
    EXPECT_EQ(window.bytes(), 0u);
}

}  // namespace
}  // namespace leat::pg
