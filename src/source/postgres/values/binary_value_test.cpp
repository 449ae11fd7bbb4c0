#include "source/postgres/values/binary_value.h"

#include <cmath>
#include <random>

#include "source/postgres/values/numeric_binary.h"
#include "source/postgres/values/value_test_support.h"
#include "source/postgres/values/well_known_types.h"

namespace leat::pg {

namespace {

template <class... T>
std::string network(T... parts) {
    std::string bytes;
    auto put = [&](auto part) {
        part = byte_swap(part);
        bytes.append(reinterpret_cast<const char*>(&part), sizeof part);
    };
    (put(parts), ...);
    return bytes;
}

// The value's slot or data after a binary decoder; nothing if it refused.
std::optional<std::string> decoded(const Type& type, std::string_view bytes) {
    TableDefinition definition;
    definition.id = SchemaId(1);
    definition.columns.emplace_back().type = type;
    auto schema = TableSchema::make(definition);
    auto decoder = make_binary_column_decoder(schema->columns[0].type);
    if (!decoder) return std::nullopt;
    BlockBuilder builder;
    builder.add_schema(*schema);
    builder.begin_transaction({}, 0);
    builder.begin_row(Op::read, *schema, SourceOffset(1));
    builder.begin_after();
    if (!(*decoder)(bytes, 0, builder)) {
        builder.abort_row();
        return std::nullopt;
    }
    builder.end_tuple();
    builder.end_row();
    builder.end_transaction(1, SourceOffset(2));
    Block block = builder.finish(BlockFlag::unit_begin | BlockFlag::unit_end, "p");
    block.seal(Seq(1), UnitId(1));
    SchemaSet schemas;
    BlockReader reader(block, schemas);
    for (auto item = reader.next(); item; item = reader.next())
        if (*item == BlockReader::Item::change) return std::string(reader.change().after.text(0));
    return std::nullopt;
}

Type builtin(Kind kind, uint32_t id) { return type_of(kind, "builtin", id); }

// Both decoders have to give the same bytes.
void same(const Type& type, std::string_view text, const std::string& bytes) {
    auto from_text = decode_value(type, text);
    ASSERT_TRUE(from_text) << text;
    EXPECT_EQ(decoded(type, bytes), *from_text) << text;
}

std::string numeric(std::string_view bytes) {
    ByteBuffer to;
    if (append_numeric(as_bytes(bytes), to)) return "malformed";
    return std::string(to.text());
}

std::string numeric(int16_t weight, uint16_t sign, int16_t scale, const std::vector<uint16_t>& groups) {
    std::string bytes = network(static_cast<int16_t>(groups.size()), weight, sign, scale);
    for (uint16_t group : groups) bytes += network(group);
    return numeric(bytes);
}

}  // namespace

TEST(BinaryValue, SameAsFromText) {
    same(builtin(Kind::boolean, 16), "t", "\1");
    same(builtin(Kind::boolean, 16), "f", std::string(1, '\0'));
    same(builtin(Kind::int16, 21), "-32768", network(int16_t{-32768}));
    same(builtin(Kind::int32, 23), "2147483647", network(int32_t{INT32_MAX}));
    same(builtin(Kind::int64, 20), "-9223372036854775808", network(INT64_MIN));
    same(builtin(Kind::int64, 26), "4294967295", network(UINT32_MAX));
    same(builtin(Kind::float32, 700), "-1.5", network(std::bit_cast<uint32_t>(-1.5F)));
    same(builtin(Kind::float64, 701), "1e-300", network(std::bit_cast<uint64_t>(1e-300)));
    same(builtin(Kind::float64, 701), "-Infinity", network(std::bit_cast<uint64_t>(-HUGE_VAL)));
    same(builtin(Kind::date, 1082), "2000-01-01", network(int32_t{0}));
    same(builtin(Kind::date, 1082), "1970-01-01", network(int32_t{-10957}));
    same(builtin(Kind::date, 1082), "4713-01-01 BC", network(int32_t{-2451507}));
    same(builtin(Kind::date, 1082), "infinity", network(INT32_MAX));
    same(builtin(Kind::date, 1082), "-infinity", network(INT32_MIN));
    same(builtin(Kind::time, 1083), "24:00:00", network(int64_t{86'400'000'000}));
    same(builtin(Kind::time_tz, 1266), "00:00:01+02:30", network(int64_t{1'000'000}, int32_t{-9000}));
    same(builtin(Kind::timestamp, 1114), "2000-01-01 00:00:00.000001", network(int64_t{1}));
    same(builtin(Kind::timestamp, 1114), "infinity", network(INT64_MAX));
    same(builtin(Kind::timestamp_tz, 1184), "1999-12-31 23:59:59+00", network(int64_t{-1'000'000}));
    same(builtin(Kind::timestamp_tz, 1184), "-infinity", network(INT64_MIN));
    same(builtin(Kind::interval, 1186), "1 mon -2 days 00:00:03",
         network(int64_t{3'000'000}, int32_t{-2}, int32_t{1}));
    same(builtin(Kind::uuid, 2950), "00112233-4455-6677-8899-aabbccddeeff",
         network(uint64_t{0x0011223344556677}, uint64_t{0x8899aabbccddeeff}));
    same(builtin(Kind::text, 1042), "pad  ", "pad  ");
    same(builtin(Kind::bytes, 17), "\\x00ff", std::string("\0\xff", 2));
    same(builtin(Kind::json, 3802), "{\"a\": 1}", "\1{\"a\": 1}");
    same(builtin(Kind::decimal, 1700), "-12345.600",
         network(int16_t{3}, int16_t{1}, uint16_t{0x4000}, int16_t{3}, uint16_t{1}, uint16_t{2345},
                 uint16_t{6000}));
    Type label = type_of(Kind::enumeration, "mood", 16500);
    same(label, "happy", "happy");
}

TEST(BinaryValue, RefusesOtherLengthsAndWhatDoesNotFit) {
    for (auto [kind, id] : {std::pair{Kind::boolean, 16},
                            {Kind::int16, 21},
                            {Kind::int32, 23},
                            {Kind::int64, 20},
                            {Kind::float32, 700},
                            {Kind::float64, 701},
                            {Kind::date, 1082},
                            {Kind::time, 1083},
                            {Kind::time_tz, 1266},
                            {Kind::timestamp, 1114},
                            {Kind::interval, 1186},
                            {Kind::uuid, 2950},
                            {Kind::decimal, 1700},
                            {Kind::json, 3802}}) {
        Type type = builtin(kind, static_cast<uint32_t>(id));
        ASSERT_TRUE(make_binary_column_decoder(type));
        EXPECT_EQ(decoded(type, ""), std::nullopt) << id;
        EXPECT_EQ(decoded(type, std::string(33, '\2')), std::nullopt) << id;
    }
    EXPECT_EQ(decoded(builtin(Kind::timestamp, 1114), network(INT64_MAX - 1)), std::nullopt);
    EXPECT_EQ(decoded(builtin(Kind::date, 1082), network(INT32_MAX - 1)), std::nullopt);
}

TEST(BinaryValue, TypesThatAreReadAsText) {
    for (uint32_t id : {18U, 142U, 650U, 869U, 790U, 3614U, 16400U})
        EXPECT_FALSE(make_binary_column_decoder(builtin(Kind::text, id))) << id;
}

TEST(NumericBinary, AsTheServerWritesIt) {
    EXPECT_EQ(numeric(0, 0, 0, {}), "0");
    EXPECT_EQ(numeric(0, 0, 2, {}), "0.00");
    EXPECT_EQ(numeric(0, 0, 0, {7}), "7");
    EXPECT_EQ(numeric(0, 0x4000, 0, {7}), "-7");
    EXPECT_EQ(numeric(1, 0, 0, {1}), "10000");
    EXPECT_EQ(numeric(2, 0, 1, {12, 3, 40, 5000}), "1200030040.5");
    EXPECT_EQ(numeric(-1, 0, 5, {1234, 5000}), "0.12345");
    EXPECT_EQ(numeric(-2, 0, 8, {1}), "0.00000001");
    EXPECT_EQ(numeric(-1, 0, 1, {9000}), "0.9");
    EXPECT_EQ(numeric(0, 0, 6, {1, 100}), "1.010000");
    EXPECT_EQ(numeric(0, 0xC000, 0, {}), "NaN");
    EXPECT_EQ(numeric(0, 0xD000, 0, {}), "Infinity");
    EXPECT_EQ(numeric(0, 0xF000, 0, {}), "-Infinity");
}

TEST(NumericBinary, Malformed) {
    EXPECT_EQ(numeric(""), "malformed");
    EXPECT_EQ(numeric(0, 0, 0, {10000}), "malformed");
    EXPECT_EQ(numeric(0, 0x1234, 0, {1}), "malformed");
    EXPECT_EQ(numeric(0, 0, -1, {1}), "malformed");
    EXPECT_EQ(numeric(network(int16_t{2}, int16_t{0}, uint16_t{0}, int16_t{0}, uint16_t{1})), "malformed");
    EXPECT_EQ(numeric(network(int16_t{-1}, int16_t{0}, uint16_t{0}, int16_t{0})), "malformed");
}

}  // namespace leat::pg
