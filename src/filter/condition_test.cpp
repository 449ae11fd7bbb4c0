#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "filter/test_support.h"

namespace leat {
namespace {

using namespace test;
using testing::HasSubstr;

Cell labels(Cell made, std::vector<std::string> labels) {
    made.column.type.labels = std::move(labels);
    return made;
}

std::vector<Cell> all_kinds() {
    return {
        identity(fixed_cell<int32_t>("id", Kind::int32, "int4", 42)),
        fixed_cell<uint8_t>("active", Kind::boolean, "bool", 1),
        fixed_cell<int16_t>("small", Kind::int16, "int2", -7),
        fixed_cell<int64_t>("big", Kind::int64, "int8", 9007199254740993),
        fixed_cell<float>("f4", Kind::float32, "float4", 0.1F),
        fixed_cell<double>("f8", Kind::float64, "float8", 0.1),
        fixed_cell<double>("nan", Kind::float64, "float8", std::numeric_limits<double>::quiet_NaN()),
        text_cell("amount", "123.450", Kind::decimal, "numeric"),
        text_cell("debt", "-0.5", Kind::decimal, "numeric"),
        text_cell("huge", "123456789012345678901234567890", Kind::decimal, "numeric"),
        text_cell("no_number", "NaN", Kind::decimal, "numeric"),
        text_cell("status", "paid"),
        text_cell("Mixed Case", "Größe"),
        text_cell("code", "ab   ", Kind::text, "bpchar"),
        text_cell("body", std::string("\0\xff", 2), Kind::bytes, "bytea"),
        fixed_cell<int32_t>("day", Kind::date, "date", 19723),  // 2024-01-01
        fixed_cell<int32_t>("never", Kind::date, "date", date_infinity),
        fixed_cell<int64_t>("clock", Kind::time, "time", 86400000000),
        fixed_cell<std::array<uint8_t, 12>>("zoned", Kind::time_tz, "timetz",
                                            [] {
                                                std::array<uint8_t, 12> value;
                                                store<int64_t>(value.data(), 3600000000);  // 01:00+01:00
                                                store<int32_t>(value.data() + 8, 3600);
                                                return value;
                                            }()),
        fixed_cell<int64_t>("at", Kind::timestamp, "timestamp", 19723 * int64_t{86400000000} + 1),
        fixed_cell<int64_t>("at_tz", Kind::timestamp_tz, "timestamptz", 19723 * int64_t{86400000000}),
        fixed_cell<std::array<uint8_t, 16>>("span", Kind::interval, "interval",
                                            [] {
                                                std::array<uint8_t, 16> value{};
                                                store<int32_t>(value.data(), 1);  // 1 month
                                                return value;
                                            }()),
        fixed_cell<std::array<uint8_t, 16>>(
            "uid", Kind::uuid, "uuid",
            {0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11}),
        text_cell("bits", std::string("\x03\0\0\0\x05", 5), Kind::bits, "bit"),
        labels(text_cell("mood", "happy", Kind::enumeration, "mood"), {"sad", "ok", "happy"}),
        text_cell("doc", "{}", Kind::json, "jsonb"),
        text_cell("net", "10.0.0.1", Kind::text, "inet"),
        state_cell("nothing", ValueState::null),
        state_cell("nothing_int", ValueState::null, Kind::int32, "int4"),
        state_cell("toasted", ValueState::unchanged),
        state_cell("toasted_doc", ValueState::unchanged, Kind::json, "jsonb"),
    };
}

Verdict evaluate(const std::string& text, const OneChange& one, PlainColumns plain = PlainColumns::newest) {
    auto condition = RowCondition::parse(text);
    if (!condition) {
        ADD_FAILURE() << text << ": " << condition.error().to_string();
        return {};
    }
    auto bound = condition->bind(one.schema());
    if (!bound) {
        ADD_FAILURE() << text << ": " << bound.error().to_string();
        return {};
    }
    ConditionScratch scratch;
    return bound->evaluate(one.change(), scratch, plain);
}

const OneChange& insert() {
    static const auto cells = all_kinds();
    static const OneChange one(Op::create, nullptr, false, &cells);
    return one;
}

std::string answer(const std::string& text, const OneChange& one = insert()) {
    Verdict verdict = evaluate(text, one);
    if (verdict.truth == Truth::yes) return "true";
    if (verdict.truth == Truth::no) return "false";
    return verdict.reason == Unknown::missing  ? "missing"
           : verdict.reason == Unknown::failed ? "failed"
                                               : "null";
}

// The message of parse or bind.
std::string refusal(const std::string& text) {
    auto condition = RowCondition::parse(text);
    if (!condition) return condition.error().to_string();
    auto bound = condition->bind(insert().schema());
    return bound ? "accepted" : bound.error().to_string();
}

struct Case {
    const char* condition;
    const char* answer;
};

void check(std::initializer_list<Case> cases) {
    for (const Case& one : cases) EXPECT_EQ(answer(one.condition), one.answer) << one.condition;
}

TEST(Condition, ComparesEveryKind) {
    check({
        {"id = 42", "true"},
        {"42 <> id", "false"},
        {"ID < 43", "true"},
        {"small = -7", "true"},
        {"small > -(5 + 3)", "true"},
        {"big = 9007199254740993", "true"},
        {"big = 9007199254740992.5", "false"},
        {"big > 9007199254740992.5", "true"},
        {"big = 9007199254740992::float8", "true"},
        {"id < 99999999999999999999999999999999999999999999", "true"},
        {"id > -99999999999999999999", "true"},
        {"f4 = 0.1", "false"},
        {"f4 = '0.1'", "true"},
        {"f8 = 0.1", "true"},
        {"nan > 1e308", "true"},
        {"nan = 'NaN'", "true"},
        {"amount = 123.45", "true"},
        {"amount > 123", "true"},
        {"123 < amount AND amount < 124", "true"},
        {"debt < 0", "true"},
        {"debt > -1", "true"},
        {"debt = -0.50", "true"},
        {"huge > 1e29 AND huge < 1.3e29", "true"},
        {"huge > big", "true"},
        {"no_number > huge", "true"},
        {"no_number = 'NaN'", "true"},
        {"status = 'paid'", "true"},
        {"status < 'paidd' AND status > 'Paid'", "true"},
        {"\"Mixed Case\" = 'Größe'", "true"},
        {"code = 'ab'", "true"},
        {"code = 'ab '", "true"},
        {"code = 'ab '::text", "false"},
        {"code LIKE 'ab'", "false"},
        {"length(code) = 2", "true"},
        {"body = '\\x00ff'", "true"},
        {"body < '\\x00ff00'", "true"},
        {"day = '2024-01-01'", "true"},
        {"day >= DATE '2024-01-01' AND day < '0044-03-15 BC'", "false"},
        {"never > '5874897-12-31' AND never = 'infinity'", "true"},
        {"day + 1 = '2024-01-02' AND day - DATE '2023-12-31' = 1", "true"},
        {"clock = '24:00'", "true"},
        {"zoned > '00:00+00'", "false"},
        {"zoned < '00:00+00'", "true"},
        {"zoned = '01:00+01'", "true"},
        {"at > day", "true"},
        {"at > TIMESTAMP '2024-01-01 00:00:00.000000'", "true"},
        {"at_tz = '2024-01-01 02:00+02'", "true"},
        {"at_tz = day", "true"},
        {"span = '30 days' AND span < '30 days 00:00:00.000001'", "true"},
        {"span > INTERVAL '29 days 23:59'", "true"},
        {"uid = '{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}'", "true"},
        {"bits = B'101' AND bits > B'10' AND bits < '11' AND bits = X'5'", "false"},
        {"bits = B'101' AND bits > B'10' AND bits < '11'", "true"},
        {"mood > 'ok' AND mood = 'happy' AND mood <> 'sad'", "true"},
        {"mood::text = 'happy' AND mood::text > 'a'", "true"},
        {"mood = 'happy'::mood", "true"},
        {"active", "true"},
        {"NOT active OR active = 'no'", "false"},
        {"doc IS NOT NULL AND net IS NOT NULL", "true"},
    });
}

TEST(Condition, NegativeConstantsAreNotLost) {
    check({{"-5 = -5 AND -5 < 0", "true"},
           {"small = -(7)", "true"},
           {"small = - /* 3 */ 7", "true"},
           {"small = -(-(-7))", "true"},
           {"0 = -0", "true"},
           {"small IN (-1, -7)", "true"}});
}

TEST(Condition, FollowsNullLogic) {
    check({{"nothing = 'x'", "null"},
           {"nothing IS NULL", "true"},
           {"nothing_int + 1 IS NULL", "true"},
           {"NOT (nothing = 'x')", "null"},
           {"nothing = 'x' AND id = 1", "false"},
           {"nothing = 'x' OR id = 42", "true"},
           {"nothing = 'x' OR id = 1", "null"},
           {"(nothing = 'x') IS UNKNOWN", "true"},
           {"(nothing = 'x') IS NOT TRUE", "true"},
           {"nothing IS DISTINCT FROM 'x'", "true"},
           {"nothing IS NOT DISTINCT FROM NULL", "true"},
           {"id IN (1, NULL)", "null"},
           {"id IN (42, NULL)", "true"},
           {"id NOT IN (1, NULL)", "null"},
           {"id = NULL", "null"},
           {"NULL", "null"},
           {"coalesce(nothing, status) = 'paid'", "true"},
           {"coalesce(nothing = 'x', true)", "true"}});
}

TEST(Condition, KeepsMissingApartFromNull) {
    check({{"toasted IS NULL", "missing"},
           {"toasted = 'x'", "missing"},
           {"toasted_doc IS NOT NULL", "missing"},
           {"toasted = 'x' AND id = 1", "false"},
           {"toasted = 'x' OR id = 42", "true"},
           {"toasted = 'x' AND nothing = 'x'", "null"},  // false or NULL: it cannot have passed
           {"NOT (toasted = 'x' AND nothing = 'x')", "missing"},
           {"(toasted = 'x') IS NULL", "missing"},
           {"coalesce(toasted, 'x') = 'x'", "missing"},
           {"toasted IS DISTINCT FROM 'x'", "missing"},
           {"toasted || nothing IS NULL", "true"}});
}

TEST(Condition, HasInBetweenAndLike) {
    check({{"id IN (1, 2, 3, 4, 5, 6, 7, 8, 42)", "true"},
           {"id NOT IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10.5, 42.0)", "false"},
           {"status IN ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'paid')", "true"},
           {"amount IN (1, 2.5, 123.45)", "true"},
           {"mood IN ('sad', 'happy')", "true"},
           {"'paid' IN (status, 'x')", "true"},
           {"f4 IN (0.1, 0.2)", "true"},  // two constants: as float4
           {"f4 IN (0.1, f8)", "false"},
           {"day IN (DATE '2020-01-01', '2024-01-01'::timestamp)", "true"},
           {"code IN ('ab '::text, 'x'::text)", "true"},
           {"id BETWEEN 42 AND 50", "true"},
           {"id BETWEEN 50 AND 40", "false"},
           {"id BETWEEN SYMMETRIC 50 AND 40", "true"},
           {"id NOT BETWEEN 1 AND 41", "true"},
           {"status LIKE 'p%d'", "true"},
           {"status LIKE 'p__d'", "true"},
           {"status LIKE '%a%i%'", "true"},
           {"status LIKE 'P%'", "false"},
           {"status ILIKE 'P%D'", "true"},
           {"\"Mixed Case\" ILIKE 'gRÖ_E'", "true"},
           {"'100%' LIKE '100\\%'", "true"},
           {"'100x' LIKE '100\\%'", "false"},
           {"'100%' LIKE '100!%' ESCAPE '!'", "true"},
           {"'a\\b' LIKE 'a\\b' ESCAPE ''", "true"},
           {"status NOT LIKE '%x%'", "true"},
           {"nothing LIKE '%'", "null"}});
}

TEST(Condition, Calculates) {
    check({{"id * 2 + 1 = 85", "true"},
           {"id / 5 = 8 AND -id / 5 = -8 AND id % 5 = 2 AND small % 4 = -3", "true"},
           {"amount * 2 = 246.9 AND amount + 0.55 = 124 AND amount - 124 = -0.55", "true"},
           {"amount * id > 5184", "true"},
           {"abs(debt) = 0.5 AND abs(small) = 7 AND -debt = 0.5 AND abs(-f8) = f8", "true"},
           {"f8 * 10 = 1.0 AND f8 + f8 = 0.2", "true"},
           {"f4 + f4 = f4 * 2::float4", "true"},
           {"id / (id - 42) = 1", "failed"},
           {"big * big * big > 0", "failed"},
           {"huge * huge = 15241578753238836750495351562536198787501905199875019052100", "true"},
           {"status || '!' = 'paid!'", "true"},
           {"upper(status) = 'PAID' AND lower(upper(\"Mixed Case\")) = lower(\"Mixed Case\")", "true"},
           {"upper('größe') = 'GRÖßE' AND length(\"Mixed Case\") = 5", "true"},
           {"length(body) = 2 AND length(bits) = 3", "true"},
           {"coalesce(nothing_int, amount) > 123", "true"}});
}

TEST(Condition, RefusesWithPlaceAndReason) {
    EXPECT_THAT(refusal("id = "), HasSubstr("syntax error"));
    EXPECT_THAT(refusal("größe == 1 )"), HasSubstr("at character 12"));
    EXPECT_THAT(refusal("amout > 1"),
                testing::AllOf(HasSubstr("public.orders"), HasSubstr("Did you mean amount?")));
    EXPECT_THAT(refusal("id = 1 AND (SELECT true)"), HasSubstr("at character 13: SELECT is not part"));
    EXPECT_THAT(refusal("CASE WHEN id = 1 THEN true END"), HasSubstr("CASE"));
    EXPECT_THAT(refusal("id = 1; DELETE FROM orders"), HasSubstr("; is not part"));
    EXPECT_THAT(refusal("id = 1 GROUP BY id"), HasSubstr("GROUP"));
    EXPECT_THAT(refusal(""), HasSubstr("empty"));
    EXPECT_THAT(refusal("-- only a comment"), HasSubstr("CONDITION_INVALID"));
    EXPECT_THAT(refusal("status ~ 'a+'"), HasSubstr("regular expression"));
    EXPECT_THAT(refusal("status SIMILAR TO 'a'"), HasSubstr("SIMILAR"));
    EXPECT_THAT(refusal("at > now()"), HasSubstr("the function now"));
    EXPECT_THAT(refusal("day > 'today'"), HasSubstr("no constant"));
    EXPECT_THAT(refusal("id = 'x'"), HasSubstr("'x' is not an integer"));
    EXPECT_THAT(refusal("id = status"), HasSubstr("the column id (int4) and the column status (text)"));
    EXPECT_THAT(refusal("doc = '{}'"), HasSubstr("IS NULL"));
    EXPECT_THAT(refusal("net = '10.0.0.1'"), HasSubstr("has no comparison"));
    EXPECT_THAT(refusal("mood = 'hapy'"), HasSubstr("Did you mean 'happy'?"));
    EXPECT_THAT(refusal("mood = status"), HasSubstr("do not go together"));
    EXPECT_THAT(refusal("id"), HasSubstr("not a boolean"));
    EXPECT_THAT(refusal("op = 'insert'"), HasSubstr("op is never 'insert'"));
    EXPECT_THAT(refusal("orders.id = 1"), HasSubstr("before or after"));
    EXPECT_THAT(refusal("status LIKE status"), HasSubstr("constant string"));
    EXPECT_THAT(refusal("status LIKE 'a\\'"), HasSubstr("escape character"));
    EXPECT_THAT(refusal("amount / 2 > 1"), HasSubstr("Multiply"));
    EXPECT_THAT(refusal("id::text = '42'"), HasSubstr("cannot be cast"));
    EXPECT_THAT(refusal("id = ANY ('{1,2}')"), HasSubstr("ANY"));
    EXPECT_THAT(refusal("id = $1"), HasSubstr("a parameter"));
    EXPECT_THAT(refusal("user = 'x'"), HasSubstr("\"user\""));
    EXPECT_THAT(refusal("status = 'x'::varchar(3)"), HasSubstr("with a length"));
}

TEST(Condition, BoundsLengthAndDepth) {
    auto repeat = [](const std::string& what, int count) {
        std::string text;
        for (int i = 0; i < count; ++i) text += what;
        return text;
    };
    auto deep = HasSubstr("too deep");
    EXPECT_THAT(refusal(repeat("(", 1000) + "id = 1" + repeat(")", 1000)), deep);
    EXPECT_THAT(refusal(repeat("NOT ", 5000) + "active"), deep);
    EXPECT_THAT(refusal("id = " + repeat("1 + ", 5000) + "1"), deep);
    EXPECT_THAT(refusal("id = " + repeat("- ", 5000) + "id"), deep);
    EXPECT_THAT(refusal("active" + repeat(" IS TRUE", 5000)), deep);
    EXPECT_THAT(refusal(repeat("id BETWEEN 1 AND NOT ", 2000) + "active"), deep);
    EXPECT_THAT(refusal(repeat("lower(", 1000) + "status" + repeat(")", 1000) + " = 'a'"), deep);
    EXPECT_THAT(refusal("status = 'a'" + repeat("::text", 2000)), deep);
    EXPECT_THAT(refusal(std::string(70000, 'x')), HasSubstr("more than 65536"));
    EXPECT_EQ(answer("id IN (" + repeat("1, ", 5000) + "42)"), "true");
    EXPECT_EQ(answer("id = 1" + repeat(" OR id = 1", 2000)), "false");
    EXPECT_EQ(answer("id = 42" + repeat(" AND (id = 1 OR id = 42)", 1000)), "true");
}

TEST(Condition, KnowsOldAndNewRow) {
    std::vector<Cell> old = {identity(fixed_cell<int32_t>("id", Kind::int32, "int4", 1)),
                             text_cell("status", "new"), text_cell("doc", "big")};
    std::vector<Cell> key = {identity(fixed_cell<int32_t>("id", Kind::int32, "int4", 1)),
                             state_cell("status", ValueState::absent), state_cell("doc", ValueState::absent)};
    std::vector<Cell> fresh = {identity(fixed_cell<int32_t>("id", Kind::int32, "int4", 1)),
                               text_cell("status", "paid"), state_cell("doc", ValueState::unchanged)};
    OneChange created(Op::create, nullptr, false, &old), full(Op::update, &old, false, &fresh),
        short_update(Op::update, nullptr, false, &fresh), deleted(Op::remove, &old, false, nullptr),
        key_deleted(Op::remove, &key, true, nullptr);

    EXPECT_EQ(answer("before.status = 'new' AND after.status = 'paid' AND status = 'paid'", full), "true");
    EXPECT_EQ(answer("before.status IS DISTINCT FROM after.status", full), "true");
    EXPECT_EQ(answer("doc = 'big'", full), "true");  // unchanged is what it was
    EXPECT_EQ(answer("before.status = 'new'", short_update), "missing");
    EXPECT_EQ(answer("before.id = after.id", short_update), "true");
    EXPECT_EQ(answer("before.doc IS DISTINCT FROM after.doc", short_update), "false");
    EXPECT_EQ(answer("doc = 'big'", short_update), "missing");
    EXPECT_EQ(answer("before.status IS NULL AND status = 'new'", created), "true");
    EXPECT_EQ(answer("status = 'new' AND after.status IS NULL", deleted), "true");
    EXPECT_EQ(answer("id = 1", key_deleted), "true");
    EXPECT_EQ(answer("status = 'new'", key_deleted), "missing");
    EXPECT_EQ(answer("status IS NULL", key_deleted), "missing");
    EXPECT_EQ(answer("op = 'd' OR status = 'x'", key_deleted), "true");
    EXPECT_EQ(answer("op IN ('c', 'u')", full), "true");
    EXPECT_EQ(evaluate("status = 'new'", full, PlainColumns::before).truth, Truth::yes);
    EXPECT_EQ(evaluate("status = 'new'", full).truth, Truth::no);
}

TEST(Condition, WithoutARowColumnsAreUnknown) {
    std::vector<Cell> cells = {fixed_cell<int32_t>("id", Kind::int32, "int4", 1)};
    OneChange truncated(Op::truncate, nullptr, false, &cells);
    EXPECT_EQ(answer("op = 't'", truncated), "true");
    EXPECT_EQ(answer("op = 't' OR id = 1", truncated), "true");
    EXPECT_EQ(answer("id = 1", truncated), "null");
    EXPECT_EQ(answer("id IS NULL", truncated), "null");
    EXPECT_EQ(answer("id IS NOT NULL OR id IS NULL", truncated), "null");

    Change message;
    message.op = Op::message;
    ConditionScratch scratch;
    auto of_message = [&](const char* text) {
        auto bound = RowCondition::parse(text)->bind_without_row();
        return bound ? bound->evaluate(message, scratch).truth : Truth::no;
    };
    EXPECT_EQ(of_message("op = 'm'"), Truth::yes);
    EXPECT_EQ(of_message("op <> 'd' OR anything > 1"), Truth::yes);
    EXPECT_EQ(of_message("anything + 1 > 2 OR lower(x) LIKE 'a%' OR coalesce(a, 1) = 2"), Truth::unknown);
}

TEST(Condition, ScratchIsBounded) {
    ConditionScratch scratch;
    EXPECT_NE(scratch.allocate(ConditionScratch::bytes_max), nullptr);
    EXPECT_EQ(scratch.allocate(1), nullptr);
    EXPECT_TRUE(scratch.failed());
    scratch.clear();
    EXPECT_FALSE(scratch.failed());
    char* first = scratch.allocate(3000);
    char* second = scratch.allocate(3000);
    EXPECT_NE(first, second);
    scratch.clear();
    EXPECT_EQ(scratch.allocate(3000), first);
}

TEST(Condition, AnyThreadMayParse) {
    std::vector<std::jthread> threads;
    std::atomic<int> right = 0;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            for (int n = 0; n < 20; ++n)
                right += answer("id = " + std::to_string(42 + i)) == (i ? "false" : "true");
        });
    threads.clear();
    EXPECT_EQ(right, 160);
}

}  // namespace
}  // namespace leat
