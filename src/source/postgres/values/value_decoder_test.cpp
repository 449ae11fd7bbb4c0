#include <fmt/format.h>

#include <random>

#include "model/tuple.h"
#include "source/postgres/values/value_test_support.h"

namespace leat::pg {

namespace {

std::string show_array(const Type& type, Bytes value) {
    FormatCursor from(value);
    std::vector<Dimension> dimensions;
    uint64_t count = read_array_head(from, dimensions);
    std::string text;
    for (const Dimension& d : dimensions) text += fmt::format("[{}:{}]", d.lower_bound, d.length);
    text += "{";
    for (uint64_t i = 0; i < count && from.ok(); ++i) {
        NestedValue element = read_nested(from, *type.element);
        text += (i ? "," : "") + (element.null ? "~" : show(*type.element, element.bytes));
    }
    EXPECT_TRUE(from.ok() && from.at_end());
    return text + "}";
}

std::string show_composite(const Type& type, Bytes value) {
    FormatCursor from(value);
    EXPECT_EQ(from.u32(), type.fields.size());
    std::string text = "(";
    for (const Field& field : type.fields) {
        NestedValue nested = read_nested(from, field.type);
        text += (text.size() > 1 ? "," : "") + (nested.null ? "~" : show(field.type, nested.bytes));
    }
    EXPECT_TRUE(from.ok() && from.at_end());
    return text + ")";
}

std::string show_map(Bytes value) {
    FormatCursor from(value);
    std::string text = "{";
    for (uint32_t count = from.u32(); count > 0 && from.ok(); --count) {
        text += (text.size() > 1 ? "," : "") + std::string(from.text(from.u32())) + "=>";
        text += from.u8() ? "~" : from.text(from.u32());
    }
    EXPECT_TRUE(from.ok() && from.at_end());
    return text + "}";
}

// A well-formed text of every kind, to break.
struct Sample {
    Type type;
    std::string text;
};
std::vector<Sample> samples() {
    Type box = type_of(Kind::text, "box", 603);
    Type pair = composite_of({type_of(Kind::int32), type_of(Kind::text)});
    return {
        {type_of(Kind::boolean), "t"},
        {type_of(Kind::int16), "-32768"},
        {type_of(Kind::int32), "2147483647"},
        {type_of(Kind::int64), "-9223372036854775808"},
        {type_of(Kind::uint64), "18446744073709551615"},
        {type_of(Kind::float32), "1.1754944e-38"},
        {type_of(Kind::float64), "-1.7976931348623157e+308"},
        {type_of(Kind::decimal), "-123456789012345678901234567890.000001"},
        {type_of(Kind::decimal, "money", 790), "-$92,233,720,368,547,758.08"},
        {type_of(Kind::text), "some text"},
        {type_of(Kind::bytes), "\\x00ff10"},
        {type_of(Kind::bytes), "a\\\\\\001b"},
        {type_of(Kind::date), "4714-11-24 BC"},
        {type_of(Kind::time), "23:59:59.999999"},
        {type_of(Kind::time_tz), "13:51:30.123789+02:30:15"},
        {type_of(Kind::timestamp), "294246-12-31 23:59:59.999999"},
        {type_of(Kind::timestamp_tz), "0044-03-15 10:00:00.5+00 BC"},
        {type_of(Kind::interval), "-1 years -2 mons +3 days -04:05:06.789"},
        {type_of(Kind::uuid), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
        {type_of(Kind::bits), "1011000011"},
        {type_of(Kind::point), "(1.5,-Infinity)"},
        {type_of(Kind::vector), "[1,2.5,-3e-05]"},
        {type_of(Kind::geometry), "0101000000000000000000F03F0000000000000040"},
        {type_of(Kind::map), R"("a"=>"1", "b\"c"=>NULL)"},
        {array_of(type_of(Kind::int32)), "[0:1][-1:1]={{1,2,NULL},{4,5,6}}"},
        {array_of(box), "{(1,1),(0,0);(2,2),(1,1)}"},
        {array_of(pair), R"*({"(1,\"a b\")","(,)",NULL})*"},
        {composite_of({pair, array_of(type_of(Kind::text))}), R"*(("(1,""x\\\\y"")","{a,""b c""}"))*"},
    };
}

}  // namespace

std::string show(const Type& type, Bytes value) {
    switch (type.kind) {
        case Kind::int32:
            return fmt::format("{}", number_at<int32_t>(as_text(value)));
        case Kind::array:
            return show_array(type, value);
        case Kind::composite:
            return show_composite(type, value);
        case Kind::map:
            return show_map(value);
        default:
            return std::string(as_text(value));
    }
}

TEST(ValueDecoder, ScalarsStandInTheBlockAsTheFormatSays) {
    EXPECT_EQ(fixed_value<uint8_t>(type_of(Kind::boolean), "t"), 1);
    EXPECT_EQ(fixed_value<int16_t>(type_of(Kind::int16), "-7"), -7);
    EXPECT_EQ(fixed_value<int32_t>(type_of(Kind::int32), "42"), 42);
    EXPECT_EQ(fixed_value<int64_t>(type_of(Kind::int64, "oid", 26), "4294967295"), 4294967295);
    EXPECT_EQ(fixed_value<uint64_t>(type_of(Kind::uint64), "18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(fixed_value<float>(type_of(Kind::float32), "1.5"), 1.5F);
    EXPECT_EQ(fixed_value<double>(type_of(Kind::float64), "-0.1"), -0.1);
    EXPECT_EQ(fixed_value<int32_t>(type_of(Kind::date), "1970-01-02"), 1);
    EXPECT_EQ(fixed_value<int64_t>(type_of(Kind::time), "24:00:00"), 86400000000);
    EXPECT_EQ(fixed_value<int64_t>(type_of(Kind::timestamp), "1970-01-01 00:00:01"), 1000000);
    EXPECT_EQ(fixed_value<int64_t>(type_of(Kind::timestamp_tz), "1970-01-01 00:00:01+00"), 1000000);
    EXPECT_EQ(shown(type_of(Kind::decimal), "1.50"), "1.50");
    EXPECT_EQ(shown(type_of(Kind::decimal, "money", 790), "($1234.11)"), "-1234.11");
    for (Kind kind : {Kind::text, Kind::json, Kind::xml, Kind::enumeration}) {
        EXPECT_EQ(shown(type_of(kind), "a \xC3\xBC"), "a \xC3\xBC");
        EXPECT_EQ(shown(type_of(kind), ""), "");
    }
}

TEST(ValueDecoder, WideSlots) {
    auto time_tz = decode_value(type_of(Kind::time_tz), "00:00:01-01:00");
    ASSERT_TRUE(time_tz && time_tz->size() == 12);
    EXPECT_EQ(number_at<int64_t>(*time_tz), 1000000);
    EXPECT_EQ(number_at<int32_t>(*time_tz, 8), -3600);

    auto interval = decode_value(type_of(Kind::interval), "1 year 2 mons -3 days +00:00:01");
    ASSERT_TRUE(interval && interval->size() == 16);
    EXPECT_EQ(number_at<int32_t>(*interval), 14);
    EXPECT_EQ(number_at<int32_t>(*interval, 4), -3);
    EXPECT_EQ(number_at<int64_t>(*interval, 8), 1000000);

    auto uuid = decode_value(type_of(Kind::uuid), "00010203-0405-0607-0809-0a0b0c0d0eff");
    ASSERT_TRUE(uuid);
    EXPECT_EQ(*uuid, std::string("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\xFF", 16));

    auto point = decode_value(type_of(Kind::point), "(1.5,-2)");
    ASSERT_TRUE(point && point->size() == 16);
    EXPECT_EQ(number_at<double>(*point), 1.5);
    EXPECT_EQ(number_at<double>(*point, 8), -2.0);
}

TEST(ValueDecoder, ErrorsNameTypeAndOffsetOnly) {
    auto error = decode_value(type_of(Kind::int32, "int4"), "12secret").error();
    EXPECT_EQ(error.code, ErrorCode::PG_VALUE_MALFORMED);
    EXPECT_EQ(error.message, "a value of type int4 is malformed at byte 2");
    error = decode_value(type_of(Kind::timestamp, "timestamp"), "294276-12-31 23:59:59.999999").error();
    EXPECT_EQ(error.code, ErrorCode::PG_VALUE_UNSUPPORTED);
    // Of a nested value: where it begins in the whole text.
    error = decode_value(array_of(type_of(Kind::int32, "int4")), "{1,2,x}").error();
    EXPECT_EQ(error.message, "a value of type _int4 is malformed at byte 5");
}

TEST(ValueDecoder, EmptyTextIsMalformedWhereTheTypeHasNone) {
    for (const Sample& sample : samples()) {
        bool may_be_empty = sample.type.kind == Kind::text || sample.type.kind == Kind::bytes ||
                            sample.type.kind == Kind::bits || sample.type.kind == Kind::map ||
                            sample.type.kind == Kind::geometry;
        EXPECT_EQ(malformed(sample.type, ""), !may_be_empty) << sample.text;
    }
}

// Nothing here looks at results: the sanitizers look for reads and writes outside.
TEST(ValueDecoder, BrokenTextIsHarmless) {
    std::mt19937 random(4711);
    const std::string_view alphabet = "0159-+:. ,;{}[]()\"\\=>NULBCinfty$xe\0\xFF";
    for (const Sample& sample : samples()) {
        ASSERT_TRUE(decode_value(sample.type, sample.text)) << sample.text;
        for (size_t length = 0; length < sample.text.size(); ++length) {
            // A copy of its own, so that reading past its end is seen.
            std::vector<char> prefix(sample.text.begin(), sample.text.begin() + static_cast<long>(length));
            (void)decode_value(sample.type, {prefix.data(), length});
        }
        for (int i = 0; i < 1000; ++i) {
            std::string broken = sample.text;
            for (unsigned edits = 1 + random() % 3; edits > 0; --edits)
                broken[random() % broken.size()] = alphabet[random() % alphabet.size()];
            (void)decode_value(sample.type, broken);
        }
    }
}

TEST(ValueDecoder, EveryKindReadsEverySample) {
    for (const Sample& sample : samples())
        for (uint8_t kind = 1; kind <= kind_max; ++kind) {
            Type type = sample.type;
            type.kind = static_cast<Kind>(kind);
            (void)decode_value(type, sample.text);
        }
}

}  // namespace leat::pg
