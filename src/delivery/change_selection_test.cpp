#include "delivery/change_selection.h"

#include <gtest/gtest.h>

#include "delivery/feed_spec.h"
#include "delivery/operations.h"
#include "delivery/test_support.h"

namespace leat {
namespace {

constexpr int absent = -1, unchanged = -2, null = -3;

// `public.rows` with id (the key), status and size, all numbers.
std::shared_ptr<const TableSchema> rows_table(char replica_identity) {
    TableDefinition d;
    d.id = SchemaId(1);
    d.table = TableId(7);
    d.schema = "public";
    d.name = "rows";
    d.replica_identity = replica_identity;
    for (const char* name : {"id", "status", "size"}) {
        Column column;
        column.name = name;
        column.type.kind = Kind::int32;
        column.identity = replica_identity == 'f' || d.columns.empty();
        d.columns.push_back(column);
    }
    d.key = {0};
    return TableSchema::make(d);
}

using Row = std::vector<int>;

// What a selection makes of one change: the letter it is told with, and its rows; "-": nothing.
class Picked {
  public:
    Picked(SelectionSpec spec, char replica_identity = 'd')
        : schema_(rows_table(replica_identity)), selection_(*ChangeSelection::make(std::move(spec))) {}

    std::string of(Op op, std::optional<Row> before, std::optional<Row> after) {
        BlockBuilder builder;
        builder.begin_transaction({}, 0);
        if (op == Op::truncate) {
            builder.add_truncate(*schema_, SourceOffset(1), false, false);
        } else {
            builder.begin_row(op, *schema_, SourceOffset(1));
            if (before) {
                builder.begin_before((*before)[1] == absent);
                put(builder, *before);
            }
            if (after) {
                builder.begin_after();
                put(builder, *after);
            }
            builder.end_row();
        }
        builder.end_transaction(1, SourceOffset(2));
        Block block = builder.finish(BlockFlag::unit_begin | BlockFlag::unit_end, "P");
        block.seal(Seq(1), UnitId(1));
        SchemaSet schemas;
        schemas.add(schema_);
        BlockReader reader(block, schemas);
        while (*reader.next() != BlockReader::Item::change) continue;
        auto told = selection_.pick(reader.change());
        if (!told) return told.error().to_string();
        return *told ? shown(**told) : "-";
    }
    uint64_t missing() const { return selection_.missing(); }

  private:
    static void put(BlockBuilder& builder, const Row& row) {
        for (size_t i = 0; i < row.size(); ++i) {
            if (row[i] == unchanged)
                builder.set_state(i, ValueState::unchanged);
            else if (row[i] == null)
                builder.set_state(i, ValueState::null);
            else if (row[i] != absent)
                builder.set_fixed<int32_t>(i, row[i]);
        }
        builder.end_tuple();
    }
    static std::string shown(const Change& change) {
        std::string text(1, static_cast<char>(change.op));
        auto add = [&](std::string_view name, const TupleView& row) {
            text.append(" ").append(name);
            for (size_t i = 0; i < 3; ++i)
                text += (i ? "," : " ") + (row.has_value(i) ? std::to_string(row.fixed<int32_t>(i))
                                                            : std::string(1, "vnu."[int(row.state(i))]));
        };
        if (change.has_before) add(change.before_is_key ? "key" : "before", change.before);
        if (change.has_after) add("after", change.after);
        return text;
    }

    std::shared_ptr<const TableSchema> schema_;
    ChangeSelection selection_;
};

SelectionSpec following(std::string where, std::string ops = {}) {
    return {.ops = std::move(ops), .where = std::move(where), .leaving = Leaving::as_delete};
}

TEST(Leaving, WithTheOldRow) {
    Picked picked(following("status = 1"), 'f');
    EXPECT_EQ(picked.of(Op::update, Row{7, 1, 5}, Row{7, 1, 6}), "u before 7,1,5 after 7,1,6");
    EXPECT_EQ(picked.of(Op::update, Row{7, 1, 5}, Row{7, 2, 6}), "d before 7,1,5");
    EXPECT_EQ(picked.of(Op::update, Row{7, 2, 5}, Row{7, 1, 6}), "c before 7,2,5 after 7,1,6");
    EXPECT_EQ(picked.of(Op::update, Row{7, 2, 5}, Row{7, 3, 6}), "-");
    EXPECT_EQ(picked.of(Op::update, Row{7, null, 5}, Row{7, 1, 6}), "c before 7,n,5 after 7,1,6");
    EXPECT_EQ(picked.of(Op::update, Row{7, 1, 5}, Row{7, null, 6}), "d before 7,1,5");
    EXPECT_EQ(picked.of(Op::remove, Row{7, 1, 5}, {}), "d before 7,1,5");
    EXPECT_EQ(picked.of(Op::remove, Row{7, 2, 5}, {}), "-");
    EXPECT_EQ(picked.of(Op::create, {}, Row{7, 1, 5}), "c after 7,1,5");
    EXPECT_EQ(picked.of(Op::create, {}, Row{7, 2, 5}), "-");
    EXPECT_EQ(picked.of(Op::truncate, {}, {}), "t");
    EXPECT_EQ(picked.missing(), 0u);
}

TEST(Leaving, WithoutTheOldRowADeleteIsSafe) {
    Picked picked(following("status = 1"));
    EXPECT_EQ(picked.of(Op::update, {}, Row{7, 1, 6}), "u after 7,1,6");
    EXPECT_EQ(picked.of(Op::update, {}, Row{7, 2, 6}), "d key 7,.,.") << "it may have been told";
    EXPECT_EQ(picked.of(Op::update, Row{7, absent, absent}, Row{8, 2, 6}), "d key 7,.,.") << "its old key";
    EXPECT_EQ(picked.of(Op::update, Row{7, absent, absent}, Row{8, 1, 6}), "u key 7,.,. after 8,1,6");
    EXPECT_EQ(picked.of(Op::remove, Row{7, absent, absent}, {}), "d key 7,.,.");
    EXPECT_EQ(picked.missing(), 0u);
    EXPECT_EQ(picked.of(Op::update, {}, Row{7, unchanged, 6}), "-") << "nobody knows where it is now";
    EXPECT_EQ(picked.missing(), 1u);
}

TEST(Leaving, TheKeyIsKnownWithoutTheOldRow) {
    Picked picked(following("id > 10"));
    EXPECT_EQ(picked.of(Op::update, {}, Row{7, 1, 6}), "-");
    EXPECT_EQ(picked.of(Op::update, {}, Row{17, 1, 6}), "u after 17,1,6");
    EXPECT_EQ(picked.of(Op::update, Row{17, absent, absent}, Row{7, 1, 6}), "d key 17,.,.");
    EXPECT_EQ(picked.of(Op::update, Row{7, absent, absent}, Row{17, 1, 6}), "c key 7,.,. after 17,1,6");
}

TEST(Leaving, OperationsAreThoseThatAreTold) {
    Picked deletes(following("status = 1", "d"), 'f');
    EXPECT_EQ(deletes.of(Op::update, Row{7, 1, 5}, Row{7, 2, 6}), "d before 7,1,5");
    EXPECT_EQ(deletes.of(Op::update, Row{7, 1, 5}, Row{7, 1, 6}), "-");
    EXPECT_EQ(deletes.of(Op::update, Row{7, 2, 5}, Row{7, 1, 6}), "-");
}

TEST(Leaving, IsIgnoredUnlessAskedFor) {
    Picked picked({.where = "status = 1"}, 'f');
    EXPECT_EQ(picked.of(Op::update, Row{7, 1, 5}, Row{7, 2, 6}), "-");
    EXPECT_EQ(picked.of(Op::update, Row{7, 2, 5}, Row{7, 1, 6}), "u before 7,2,5 after 7,1,6");
    EXPECT_EQ(picked.of(Op::truncate, {}, {}), "-");
}

TEST(Leaving, AsksOfRowsNotOfChanges) {
    for (const char* where : {"before.status = 1", "status = 1 AND NOT (after.size > 2)", "op = 'u'"}) {
        auto made = ChangeSelection::make(following(where));
        ASSERT_FALSE(made) << where;
        EXPECT_EQ(made.error().code, ErrorCode::CONDITION_INVALID);
    }
}

TEST(Operations, AreLettersOrWords) {
    auto parse = [](std::vector<std::string> names) { return parse_ops(names); };
    EXPECT_EQ(*parse({"c", "delete", "ut"}), "cdut");
    EXPECT_EQ(*parse({"snapshot", "message", "insert", "truncate"}), "rmct");
    EXPECT_EQ(*parse({}), "");
    for (const char* wrong : {"x", "cx", "", "INSERT"}) {
        auto failed = parse({wrong});
        ASSERT_FALSE(failed) << wrong;
        EXPECT_EQ(failed.error().code, ErrorCode::USAGE);
    }
}

TEST(FeedSpec, TheSameKeyMeansTheSame) {
    FeedSpec one{.source = "shop"};
    EXPECT_EQ(one.key(), FeedSpec{.source = "shop"}.key());
    std::vector<FeedSpec> others(9, one);
    others[0].source = "shop2";
    others[1].framing = Framing::server_sent_events;
    others[2].format = Format::flat;
    others[3].selection.tables = {"a", "b"};
    others[4].selection.columns = {"a", "b"};
    others[5].selection.where = "a";
    others[6].selection.leaving = Leaving::as_delete;
    others[7].selection.tables = {"a,b"};
    others[8].replay = "a";
    for (size_t i = 0; i < others.size(); ++i) {
        EXPECT_NE(others[i].key(), one.key()) << i;
        for (size_t j = 0; j < i; ++j) EXPECT_NE(others[i].key(), others[j].key()) << i << j;
    }
}

}  // namespace
}  // namespace leat
