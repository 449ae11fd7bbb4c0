// Every kind of value in every mode, by hand from Debezium's documentation and docs/format/block.md.

#include "codec/debezium_value.h"

#include <cmath>

#include "codec/temporal.h"
#include "codec/test_support.h"

namespace leat {
namespace {

using test::type_of;

std::string written(const Type& type, Bytes value, const DebeziumOptions& options = {}) {
    ByteBuffer to;
    switch (compile_value(type, options).write(value, to)) {
        case Written::unsupported:
            return "unsupported";
        case Written::malformed:
            return "malformed";
        case Written::ok:
            break;
    }
    return std::string(to.text());
}
template <class T>
std::string fixed(const Type& type, T value, const DebeziumOptions& options = {}) {
    uint8_t bytes[sizeof(T)];
    store(bytes, value);
    return written(type, bytes, options);
}
std::string text(const Type& type, std::string_view value, const DebeziumOptions& options = {}) {
    return written(type, as_bytes(value), options);
}

DebeziumOptions with(DecimalMode mode) {
    DebeziumOptions o;
    o.decimal = mode;
    return o;
}
DebeziumOptions with(TimePrecision mode) {
    DebeziumOptions o;
    o.time = mode;
    return o;
}
DebeziumOptions with(BinaryMode mode) {
    DebeziumOptions o;
    o.binary = mode;
    return o;
}

// 2016-11-04T13:51:30.123456 as microseconds.
constexpr int64_t moment = 1478267490123456;

}  // namespace

TEST(DebeziumValue, Numbers) {
    EXPECT_EQ(fixed<uint8_t>(type_of(Kind::boolean), 1), "true");
    EXPECT_EQ(fixed<uint8_t>(type_of(Kind::boolean), 0), "false");
    EXPECT_EQ(fixed<int16_t>(type_of(Kind::int16), -32768), "-32768");
    EXPECT_EQ(fixed<int32_t>(type_of(Kind::int32), INT32_MIN), "-2147483648");
    EXPECT_EQ(fixed<int64_t>(type_of(Kind::int64), INT64_MAX), "9223372036854775807");
    EXPECT_EQ(fixed<uint64_t>(type_of(Kind::uint64), UINT64_MAX), "18446744073709551615");
    EXPECT_EQ(fixed<int64_t>(type_of(Kind::int64, "oid"), 4294967295), "4294967295");
}

TEST(DebeziumValue, Floats) {
    Type f4 = type_of(Kind::float32), f8 = type_of(Kind::float64);
    EXPECT_EQ(fixed<float>(f4, 3.3f), "3.3");
    EXPECT_EQ(fixed<double>(f8, 1.0), "1.0");
    EXPECT_EQ(fixed<double>(f8, -0.0), "-0.0");
    EXPECT_EQ(fixed<double>(f8, 0.1), "0.1");
    EXPECT_EQ(fixed<double>(f8, 1e300), "1e+300");
    EXPECT_EQ(fixed<double>(f8, 1.7976931348623157e308), "1.7976931348623157e+308");
    EXPECT_EQ(fixed<double>(f8, 5e-324), "5e-324");
    EXPECT_EQ(fixed<double>(f8, NAN), "\"NaN\"");
    EXPECT_EQ(fixed<float>(f4, HUGE_VALF), "\"Infinity\"");
    EXPECT_EQ(fixed<double>(f8, -HUGE_VAL), "\"-Infinity\"");
    DebeziumOptions as_null;
    as_null.nonfinite_as_null = true;
    EXPECT_EQ(fixed<double>(f8, NAN, as_null), "null");
    EXPECT_EQ(fixed<float>(f4, HUGE_VALF, as_null), "null");
}

TEST(DebeziumValue, DecimalPrecise) {
    Type price = type_of(Kind::decimal, "numeric", 5, 2);
    EXPECT_EQ(text(price, "1.10"), "\"bg==\"");   // 110
    EXPECT_EQ(text(price, "1.1"), "\"bg==\"");    // the same number
    EXPECT_EQ(text(price, "-1.10"), "\"kg==\"");  // -110
    EXPECT_EQ(text(price, "0"), "\"AA==\"");
    EXPECT_EQ(text(price, "1.280"), "\"AIA=\"");  // 128 takes a zero byte before its top bit
    EXPECT_EQ(text(price, "1.001"), "unsupported");
    Type hundreds = type_of(Kind::decimal, "numeric", 3, -2);
    EXPECT_EQ(text(hundreds, "12300"), "\"ew==\"");  // 123
    Type any = type_of(Kind::decimal, "numeric");
    EXPECT_EQ(text(any, "10.1100"), R"({"scale":2,"value":"A/M="})");  // 1011
    EXPECT_EQ(text(any, "22.2200"), R"({"scale":2,"value":"CK4="})");  // 2222
    EXPECT_EQ(text(any, "1000"), R"({"scale":0,"value":"A+g="})");
    for (auto special : {"NaN", "Infinity", "-Infinity"}) {
        EXPECT_EQ(text(price, special), "unsupported");
        EXPECT_EQ(text(any, special), "unsupported");
    }
}

TEST(DebeziumValue, DecimalStringAndDouble) {
    Type price = type_of(Kind::decimal, "numeric", 5, 2);
    auto string = with(DecimalMode::string), number = with(DecimalMode::as_double);
    EXPECT_EQ(text(price, "1.10", string), "\"1.10\"");
    EXPECT_EQ(text(price, "NaN", string), "\"NAN\"");
    EXPECT_EQ(text(price, "Infinity", string), "\"POSITIVE_INFINITY\"");
    EXPECT_EQ(text(price, "-Infinity", string), "\"NEGATIVE_INFINITY\"");
    EXPECT_EQ(text(price, "1.10", number), "1.1");
    EXPECT_EQ(text(price, "-5", number), "-5.0");
    EXPECT_EQ(text(price, "NaN", number), "\"NaN\"");
    EXPECT_EQ(text(price, "-Infinity", number), "\"-Infinity\"");
    EXPECT_EQ(text(price, "1" + std::string(400, '0'), number), "\"Infinity\"");
    EXPECT_EQ(text(price, "-0." + std::string(400, '0') + "1", number), "-0.0");
}

TEST(DebeziumValue, Money) {
    Type money = type_of(Kind::decimal, "money", -1, 2);
    EXPECT_EQ(text(money, "-1234.11"), "\"/h3t\"");  // -123411
    EXPECT_EQ(text(money, "-1234.11", with(DecimalMode::string)), "\"-1234.11\"");
    EXPECT_EQ(text(money, "-1234.11", with(DecimalMode::as_double)), "-1234.11");
    DebeziumOptions one_digit;
    one_digit.money_fraction_digits = 1;
    EXPECT_EQ(text(money, "1.25", one_digit), "\"DQ==\"");  // 13: half is rounded up
}

TEST(DebeziumValue, TextAndBytes) {
    EXPECT_EQ(text(type_of(Kind::text), "a\"b\\c\n\x01 ü"), R"("a\"b\\c\n\u0001 ü")");
    EXPECT_EQ(text(type_of(Kind::json), R"({"a": 1})"), R"("{\"a\": 1}")");
    EXPECT_EQ(text(type_of(Kind::xml), "<a/>"), "\"<a/>\"");
    EXPECT_EQ(text(type_of(Kind::enumeration), "new"), "\"new\"");
    EXPECT_EQ(text(type_of(Kind::text, "int4range"), "[1,4)"), "\"[1,4)\"");
    Type bytes = type_of(Kind::bytes);
    EXPECT_EQ(text(bytes, "\xfb\xff\x01\x02"), "\"+/8BAg==\"");
    EXPECT_EQ(text(bytes, "\xfb\xff\x01\x02", with(BinaryMode::base64)), "\"+/8BAg==\"");
    EXPECT_EQ(text(bytes, "\xfb\xff\x01\x02", with(BinaryMode::base64_url_safe)), "\"-_8BAg==\"");
    EXPECT_EQ(text(bytes, "\xfb\xff\x01\x02", with(BinaryMode::hex)), "\"fbff0102\"");
    EXPECT_EQ(text(bytes, ""), "\"\"");
}

TEST(DebeziumValue, Dates) {
    Type date = type_of(Kind::date);
    EXPECT_EQ(fixed<int32_t>(date, 17109), "17109");
    EXPECT_EQ(fixed<int32_t>(date, date_infinity), "2147483647");
    auto iso = with(TimePrecision::isostring);
    EXPECT_EQ(fixed<int32_t>(date, 17109, iso), "\"2016-11-04Z\"");
    EXPECT_EQ(fixed<int32_t>(date, -735160, iso), "\"-0043-03-15Z\"");  // 44 BC
    EXPECT_EQ(fixed<int32_t>(date, date_minus_infinity, iso), "\"-infinity\"");
}

TEST(DebeziumValue, Times) {
    constexpr int64_t clock = 49890123456;  // 13:51:30.123456
    Type time = type_of(Kind::time, "time"), time3 = type_of(Kind::time, "time", 3);
    EXPECT_EQ(fixed(time, clock), "49890123456");
    EXPECT_EQ(fixed(time3, int64_t{49890123000}), "49890123");
    EXPECT_EQ(fixed(time, day_us), "86400000000");
    EXPECT_EQ(fixed(time3, day_us), "86400000");
    EXPECT_EQ(fixed(time3, int64_t{49890123000}, with(TimePrecision::adaptive_time_microseconds)),
              "49890123000");
    EXPECT_EQ(fixed(time, clock, with(TimePrecision::connect)), "49890123");
    EXPECT_EQ(fixed(time, clock, with(TimePrecision::isostring)), "\"13:51:30.123456Z\"");
    EXPECT_EQ(fixed(time, day_us, with(TimePrecision::isostring)), "\"24:00:00Z\"");
    EXPECT_EQ(fixed(time3, clock, with(TimePrecision::microseconds)), "49890123456");
    EXPECT_EQ(fixed(time, clock, with(TimePrecision::nanoseconds)), "49890123456000");
    EXPECT_EQ(fixed(time, int64_t{-3020398999999}), "-3020398999999");
}

TEST(DebeziumValue, TimesWithZone) {
    Type type = type_of(Kind::time_tz);
    auto at = [&](int64_t us, int32_t offset) {
        uint8_t bytes[12];
        store(bytes, us), store(bytes + 8, offset);
        return written(type, bytes);
    };
    EXPECT_EQ(at(49890123789, 7200), "\"11:51:30.123789Z\"");
    EXPECT_EQ(at(49890000000, 0), "\"13:51:30Z\"");
    EXPECT_EQ(at(3600000000, 7200), "\"23:00:00Z\"");
    EXPECT_EQ(at(day_us, 0), "\"24:00:00Z\"");
    EXPECT_EQ(at(day_us, -3600), "\"01:00:00Z\"");
}

TEST(DebeziumValue, Timestamps) {
    Type type = type_of(Kind::timestamp), type3 = type_of(Kind::timestamp, "timestamp", 3);
    EXPECT_EQ(fixed(type, moment), "1478267490123456");
    EXPECT_EQ(fixed(type3, moment), "1478267490123");
    EXPECT_EQ(fixed(type3, int64_t{-1}), "-1");
    EXPECT_EQ(fixed(type3, moment, with(TimePrecision::adaptive_time_microseconds)), "1478267490123");
    EXPECT_EQ(fixed(type, moment, with(TimePrecision::connect)), "1478267490123");
    EXPECT_EQ(fixed(type3, moment, with(TimePrecision::microseconds)), "1478267490123456");
    EXPECT_EQ(fixed(type, moment, with(TimePrecision::nanoseconds)), "1478267490123456000");
    EXPECT_EQ(fixed(type, moment, with(TimePrecision::isostring)), "\"2016-11-04T13:51:30.123456Z\"");
    EXPECT_EQ(fixed(type, timestamp_infinity), "9223372036825200000");
    EXPECT_EQ(fixed(type, timestamp_minus_infinity), "-9223372036832400000");
    EXPECT_EQ(fixed(type3, timestamp_infinity), "9223372036825200");
    EXPECT_EQ(fixed(type3, timestamp_minus_infinity), "-9223372036832400");
    EXPECT_EQ(fixed(type, timestamp_infinity, with(TimePrecision::nanoseconds)), "9223372036854775807");
    EXPECT_EQ(fixed(type, timestamp_infinity, with(TimePrecision::isostring)), "\"infinity\"");
    EXPECT_EQ(fixed(type, int64_t{601000000000000000}, with(TimePrecision::nanoseconds)), "unsupported");
}

TEST(DebeziumValue, TimestampsWithZone) {
    Type type = type_of(Kind::timestamp_tz), type3 = type_of(Kind::timestamp_tz, "", 3),
         type0 = type_of(Kind::timestamp_tz, "", 0);
    EXPECT_EQ(fixed(type, moment), "\"2016-11-04T13:51:30.123456Z\"");
    // As many digits as the type has, also where they are zeros.
    EXPECT_EQ(fixed(type, int64_t{1585741862000000}), "\"2020-04-01T11:51:02.000000Z\"");
    EXPECT_EQ(fixed(type3, moment), "\"2016-11-04T13:51:30.123Z\"");
    EXPECT_EQ(fixed(type0, int64_t{1478267490000000}), "\"2016-11-04T13:51:30Z\"");
    EXPECT_EQ(fixed(type, int64_t{601073012690123456}), "\"+21017-03-31T13:44:50.123456Z\"");
    EXPECT_EQ(fixed(type, int64_t{-63517824000000000}), "\"-0043-03-15T00:00:00.000000Z\"");
    EXPECT_EQ(fixed(type, timestamp_infinity), "\"infinity\"");
    EXPECT_EQ(fixed(type, timestamp_minus_infinity), "\"-infinity\"");
}

TEST(DebeziumValue, Intervals) {
    auto interval = [](int32_t months, int32_t days, int64_t us, IntervalMode mode) {
        uint8_t bytes[16];
        store(bytes, months), store(bytes + 4, days), store(bytes + 8, us);
        DebeziumOptions o;
        o.interval = mode;
        return written(type_of(Kind::interval), bytes, o);
    };
    constexpr int64_t clock = 4 * 3600000000 + 5 * 60000000 + 6780000;  // 4:05:06.78
    EXPECT_EQ(interval(14, 3, clock, IntervalMode::numeric), "37091106780000");
    EXPECT_EQ(interval(INT32_MAX, 0, 0, IntervalMode::numeric), "9223372036854775807");
    EXPECT_EQ(interval(14, 3, clock, IntervalMode::string), "\"P1Y2M3DT4H5M6.78S\"");
    EXPECT_EQ(interval(0, 3, 3723000000, IntervalMode::string), "\"P0Y0M3DT1H2M3S\"");
    EXPECT_EQ(interval(-14, -3, -500000, IntervalMode::string), "\"P-1Y-2M-3DT0H0M-0.5S\"");
}

TEST(DebeziumValue, UuidAndBits) {
    uint8_t id[16] = {0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8,
                      0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11};
    EXPECT_EQ(written(type_of(Kind::uuid), id), "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"");
    auto bits = [](int32_t length, std::vector<uint8_t> bytes, uint32_t count) {
        ByteBuffer value;
        value.put(count);
        value.put_bytes(bytes);
        return written(type_of(Kind::bits, "bit", length), value.view());
    };
    EXPECT_EQ(bits(2, {3}, 2), "\"Aw==\"");
    EXPECT_EQ(bits(1, {1}, 1), "true");
    EXPECT_EQ(bits(1, {0}, 1), "false");
    EXPECT_EQ(bits(16, {3, 0}, 16), "\"AwA=\"");
    EXPECT_EQ(written(type_of(Kind::bits), {}), "malformed");
}

TEST(DebeziumValue, Arrays) {
    Type type = type_of(Kind::array, "_int4");
    type.element = std::make_shared<Type>(type_of(Kind::int32));
    ByteBuffer value;
    value.put<uint8_t>(2);
    for (uint32_t length : {2u, 2u}) value.put(length), value.put<int32_t>(1);
    for (int32_t i : {1, 2, 3}) value.put<uint8_t>(0), value.put(i);
    value.put<uint8_t>(1);
    EXPECT_EQ(written(type, value.view()), "[[1,2],[3,null]]");
    value.truncate(value.size() - 1);
    EXPECT_EQ(written(type, value.view()), "malformed");
    ByteBuffer empty;
    empty.put<uint8_t>(0);
    EXPECT_EQ(written(type, empty.view()), "[]");

    Type texts = type_of(Kind::array);
    texts.element = std::make_shared<Type>(type_of(Kind::text));
    ByteBuffer padded;
    padded.put<uint8_t>(1), padded.put<uint32_t>(1), padded.put<int32_t>(1);
    padded.put<uint8_t>(0), padded.put_string("a  ");
    EXPECT_EQ(written(texts, padded.view()), "[\"a  \"]");
}

TEST(DebeziumValue, Composites) {
    Type type = type_of(Kind::composite, "address");
    type.fields = {{"street", type_of(Kind::text)}, {"no", type_of(Kind::int16)}};
    ByteBuffer value;
    value.put<uint32_t>(2);
    value.put<uint8_t>(0), value.put_string("Main \"St\"");
    value.put<uint8_t>(1);
    EXPECT_EQ(written(type, value.view()), R"({"street":"Main \"St\"","no":null})");
}

TEST(DebeziumValue, Hstore) {
    Type type = type_of(Kind::map, "hstore");
    ByteBuffer value;
    value.put<uint32_t>(2);
    value.put_string("k"), value.put<uint8_t>(0), value.put_string("v\"");
    value.put_string("n"), value.put<uint8_t>(1);
    EXPECT_EQ(written(type, value.view()), R"("{\"k\":\"v\\\"\",\"n\":null}")");
    DebeziumOptions as_map;
    as_map.hstore = HstoreMode::map;
    EXPECT_EQ(written(type, value.view(), as_map), R"({"k":"v\"","n":null})");
}

TEST(DebeziumValue, Geometry) {
    uint8_t point[16];
    store(point, 1.5), store(point + 8, -2.0);
    EXPECT_EQ(written(type_of(Kind::point), point),
              R"({"x":1.5,"y":-2.0,"wkb":"AQEAAAAAAAAAAAD4PwAAAAAAAADA","srid":null})");
    // POINT(4 4) with SRID 3187: the EWKB as it is, and its SRID.
    uint8_t ewkb[] = {1, 1, 0,    0,    0x20, 0x73, 0x0c, 0, 0, 0, 0,    0,   0,
                      0, 0, 0x10, 0x40, 0,    0,    0,    0, 0, 0, 0x10, 0x40};
    EXPECT_EQ(written(type_of(Kind::geometry), ewkb),
              R"({"wkb":"AQEAACBzDAAAAAAAAAAAEEAAAAAAAAAQQA==","srid":3187,"extensions":null})");
    uint8_t big_endian[] = {0, 0x20, 0, 0, 1, 0, 0, 0x0c, 0x73};
    EXPECT_EQ(written(type_of(Kind::geometry), big_endian),
              R"({"wkb":"ACAAAAEAAAxz","srid":3187,"extensions":null})");
    uint8_t plain[] = {1, 7, 0, 0, 0, 0, 0, 0, 0};
    EXPECT_EQ(written(type_of(Kind::geometry), plain),
              R"({"wkb":"AQcAAAAAAAAA","srid":null,"extensions":null})");
}

TEST(DebeziumValue, Shapes) {
    auto shape = [](std::string name, std::string_view text) {
        return written(type_of(Kind::text, std::move(name)), as_bytes(text));
    };
    EXPECT_EQ(shape("line", "{1,-1,0}"), R"({"a":1.0,"b":-1.0,"c":0.0})");
    EXPECT_EQ(
        shape("circle", "<(0,0),1.5>"),
        R"({"center":{"x":0.0,"y":0.0,"wkb":"AQEAAAAAAAAAAAAAAAAAAAAAAAAA","srid":null},"radius":1.5})");
    EXPECT_EQ(
        shape("lseg", "[(0,0),(1,1)]"),
        R"({"wkb":"AQIAAAACAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAPA/AAAAAAAA8D8=","srid":null,"extensions":{"type":"lseg"}})");
    EXPECT_NE(shape("path", "[(0,0),(1,1)]").find(R"("extensions":{"type":"path","closed":"false"})"),
              std::string::npos);
    EXPECT_NE(shape("path", "((0,0),(1,1))").find(R"("closed":"true")"), std::string::npos);
    EXPECT_EQ(
        shape("polygon", "((0,0),(1,1),(1,0))"),
        R"({"wkb":"AQMAAAABAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADwPwAAAAAAAPA/AAAAAAAA8D8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","srid":null,"extensions":{"type":"polygon"}})");
    EXPECT_EQ(
        shape("box", "(1,1),(0,0)"),
        R"({"wkb":"AQMAAAABAAAABQAAAAAAAAAAAPA/AAAAAAAA8D8AAAAAAADwPwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA8D8AAAAAAADwPwAAAAAAAPA/","srid":null,"extensions":{"type":"box"}})");
    EXPECT_EQ(shape("line", "{Infinity,NaN,-1e+300}"), R"({"a":"Infinity","b":"NaN","c":-1e+300})");
    for (auto text : {"", "{1,2}", "{1,2,3,4}", "{1,x,3}"})
        EXPECT_EQ(shape("line", text), "malformed") << text;
    EXPECT_EQ(shape("polygon", "((0,0),(1))"), "malformed");
}

TEST(DebeziumValue, Structured) {
    DebeziumOptions o;
    o.time = TimePrecision::structured;
    auto shown = [&](Type type, auto... parts) {
        ByteBuffer bytes;
        (bytes.put(parts), ...);
        return written(type, bytes.view(), o);
    };
    EXPECT_EQ(shown(type_of(Kind::date), int32_t{-719163}),
              R"({"year":0,"month":12,"day":31,"specialValue":null})");
    EXPECT_EQ(shown(type_of(Kind::date), date_infinity),
              R"({"year":null,"month":null,"day":null,"specialValue":"POSITIVE_INFINITY"})");
    EXPECT_EQ(shown(type_of(Kind::time, "", 3), int64_t{86400000000}),
              R"({"hour":24,"minute":0,"second":0,"nanos":0,"precision":3})");
    EXPECT_EQ(shown(type_of(Kind::time_tz), int64_t{40953456789}, int32_t{-7200}),
              R"({"hour":11,"minute":22,"second":33,"nanos":456789000,"offsetSeconds":-7200,"precision":6})");
    EXPECT_EQ(
        shown(type_of(Kind::timestamp), int64_t{-1}),
        R"({"year":1969,"month":12,"day":31,"hour":23,"minute":59,"second":59,"nanos":999999000,"specialValue":null,"precision":6})");
    EXPECT_EQ(
        shown(type_of(Kind::timestamp_tz), timestamp_minus_infinity),
        R"({"year":null,"month":null,"day":null,"hour":null,"minute":null,"second":null,"nanos":null,"offsetSeconds":null,"zoneId":null,"specialValue":"NEGATIVE_INFINITY","precision":6})");
    EXPECT_EQ(
        shown(type_of(Kind::interval), int32_t{-14}, int32_t{3}, int64_t{-3600500000}),
        R"({"years":-1,"months":-2,"days":3,"hours":-1,"minutes":0,"seconds":0,"nanos":-500000000,"precision":6})");
    EXPECT_EQ(fallback_json(type_of(Kind::date), o),
              R"({"year":1970,"month":1,"day":1,"specialValue":null})");
    EXPECT_EQ(unavailable_json(type_of(Kind::date), o),
              R"({"year":null,"month":null,"day":null,"specialValue":"__debezium_unavailable_value"})");
}

TEST(DebeziumValue, Vector) {
    uint8_t vector[12];
    store(vector, 1.0f), store(vector + 4, -0.25f), store(vector + 8, 3.3f);
    EXPECT_EQ(written(type_of(Kind::vector), vector), "[1.0,-0.25,3.3]");
    EXPECT_EQ(written(type_of(Kind::vector), Bytes(vector, 3)), "malformed");
}

TEST(DebeziumValue, Unavailable) {
    DebeziumOptions o;
    o.unavailable_value = "gone";
    auto array = [](Type element) {
        Type type = type_of(Kind::array);
        type.element = std::make_shared<Type>(std::move(element));
        return type;
    };
    EXPECT_EQ(unavailable_json(type_of(Kind::text), o), "\"gone\"");
    EXPECT_EQ(unavailable_json(type_of(Kind::bytes), o), "\"Z29uZQ==\"");
    EXPECT_EQ(unavailable_json(type_of(Kind::decimal), o), R"({"scale":0,"value":"Z29uZQ=="})");
    EXPECT_EQ(unavailable_json(type_of(Kind::decimal, "", 9, 2), o), "\"Z29uZQ==\"");
    EXPECT_EQ(unavailable_json(type_of(Kind::map), o), R"("{\"gone\":\"gone\"}")");
    EXPECT_EQ(unavailable_json(array(type_of(Kind::text)), o), R"(["gone"])");
    EXPECT_EQ(unavailable_json(array(type_of(Kind::bytes)), o), R"(["Z29uZQ=="])");
    EXPECT_EQ(unavailable_json(array(type_of(Kind::int32)), o), "[103,111,110,101]");
    EXPECT_EQ(unavailable_json(array(type_of(Kind::int64)), o), "[103,111,110,101]");
    EXPECT_EQ(unavailable_json(type_of(Kind::geometry), o),
              R"({"wkb":"Z29uZQ==","srid":null,"extensions":null})");
    o.binary = BinaryMode::hex;
    EXPECT_EQ(unavailable_json(type_of(Kind::bytes), o), "\"gone\"");
}

TEST(DebeziumValue, ErrorsNameTheColumnAndTheRemedyButNotTheValue) {
    auto t = test::table("prices",
                         {test::column("id", type_of(Kind::int32), false),
                          test::column("price", type_of(Kind::decimal, "numeric", 5, 2))},
                         {0});
    auto out = test::lines(test::options(), t, [&](BlockBuilder& b) {
        b.begin_row(Op::create, *t, SourceOffset(1));
        b.begin_after();
        b.set_fixed<int32_t>(0, 77);
        b.set_text(1, "NaN");
        b.end_tuple();
        b.end_row();
    });
    EXPECT_TRUE(out.starts_with("ERROR PG_VALUE_UNSUPPORTED: ")) << out;
    EXPECT_NE(out.find("column price of table public.prices"), std::string::npos) << out;
    EXPECT_NE(out.find("decimal.handling.mode=string"), std::string::npos) << out;
    EXPECT_EQ(out.find("NaN"), std::string::npos) << out;
    EXPECT_EQ(out.find("77"), std::string::npos) << out;
}

}  // namespace leat
