#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/backoff.h"
#include "base/bounded_queue.h"
#include "base/byte_buffer.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/text.h"

namespace leat {

TEST(Crc32c, KnownVectors) {
    // RFC 3720 B.4.
    std::vector<uint8_t> bytes(32, 0);
    EXPECT_EQ(crc32c(bytes), 0x8A9136AAu);
    bytes.assign(32, 0xff);
    EXPECT_EQ(crc32c(bytes), 0x62A8AB43u);
    EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283u);
}

TEST(Crc32c, LongInputEqualsPiecewise) {
    std::vector<uint8_t> bytes(100000);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 31 + i / 251);
    uint32_t pieces = 0;
    for (size_t at = 0; at < bytes.size(); at += 997)
        pieces = crc32c(Bytes(bytes).subspan(at, std::min<size_t>(997, bytes.size() - at)), pieces);
    EXPECT_EQ(crc32c(bytes), pieces);
}

TEST(ByteCursor, ReadsBothOrders) {
    const uint8_t raw[] = {1, 2, 3, 4, 'a', 'b', 0, 9};
    NetworkCursor network(raw);
    EXPECT_EQ(network.u32(), 0x01020304u);
    EXPECT_EQ(network.c_string(), "ab");
    EXPECT_EQ(network.u8(), 9);
    EXPECT_TRUE(network.ok() && network.at_end());
    FormatCursor format(raw);
    EXPECT_EQ(format.u32(), 0x04030201u);
}

TEST(ByteCursor, FailsForGoodPastTheEnd) {
    const uint8_t raw[] = {1, 2, 3};
    NetworkCursor cursor(raw);
    EXPECT_EQ(cursor.u32(), 0u);
    EXPECT_FALSE(cursor.ok());
    EXPECT_EQ(cursor.u8(), 0);  // though a byte is there
    NetworkCursor unterminated(raw);
    unterminated.c_string();
    EXPECT_FALSE(unterminated.ok());
    NetworkCursor huge(raw);
    huge.bytes(SIZE_MAX);
    EXPECT_FALSE(huge.ok());
}

TEST(BoundedQueue, AdmitsOneItemLargerThanTheBound) {
    BoundedQueue<int> queue(10);
    int item = 1;
    EXPECT_TRUE(queue.push(item, 100, std::chrono::milliseconds(0)));
    item = 2;
    EXPECT_FALSE(queue.push(item, 1, std::chrono::milliseconds(0)));
    EXPECT_EQ(queue.pop(std::chrono::milliseconds(0)), 1);
    EXPECT_TRUE(queue.push(item, 1, std::chrono::milliseconds(0)));
    queue.close();
    EXPECT_EQ(queue.pop(std::chrono::milliseconds(0)), 2);
    EXPECT_EQ(queue.pop(std::chrono::milliseconds(0)), std::nullopt);
    EXPECT_FALSE(queue.push(item, 1, std::chrono::milliseconds(0)));
}

TEST(Text, Glob) {
    EXPECT_TRUE(glob_match("public.*", "public.orders"));
    EXPECT_TRUE(glob_match("*.or*s", "public.orders"));
    EXPECT_TRUE(glob_match("public.order?", "public.orders"));
    EXPECT_FALSE(glob_match("public.order", "public.orders"));
    EXPECT_FALSE(glob_match("public.order?", "public.order"));
    EXPECT_TRUE(glob_match("**", ""));
}

TEST(Text, NearestName) {
    std::vector<std::string_view> names = {"snapshot.mode", "tables", "url"};
    EXPECT_EQ(nearest("snapshot.mod", names), "snapshot.mode");
    EXPECT_EQ(nearest("table", names), "tables");
    EXPECT_EQ(nearest("completely-different", names), std::nullopt);
}

TEST(Text, TimeRoundTrip) {
    EXPECT_EQ(format_time_us(0), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(format_time_us(-1), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(parse_time_us("1970-01-01T00:00:01.5Z"), 1500000);
    EXPECT_EQ(parse_time_us("1970-01-01 01:00:00+01:00"), 0);
    EXPECT_EQ(parse_time_us("1970-01-02"), 86400000000);
    EXPECT_EQ(parse_time_us("1970-13-02"), std::nullopt);
    EXPECT_EQ(parse_time_us("12345"), std::nullopt);
}

TEST(File, ReplaceLeavesOldOrNew) {
    std::string path = testing::TempDir() + "/leat_replace";
    ASSERT_TRUE(replace_file(path, "one"));
    ASSERT_TRUE(replace_file(path, "two"));
    EXPECT_EQ(read_text_file(path).value(), "two");
    EXPECT_FALSE(open_file(path + ".new", O_RDONLY));
    EXPECT_EQ(read_text_file(path + ".absent").error().code, ErrorCode::IO);
}

TEST(Error, TextHasCodeMessageAndAction) {
    Error error{ErrorCode::PG_SLOT_LOST, "gone", "do this\nthen that"};
    EXPECT_EQ(error.to_string(), "PG_SLOT_LOST: gone\n  do this\n  then that");
}

}  // namespace leat
