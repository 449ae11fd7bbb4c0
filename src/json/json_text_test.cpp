#include "json/json_text.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

std::string escaped_slowly(std::string_view text) {
    std::string out;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        char hex[8];
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            default:
                if (byte < 0x20)
                    std::snprintf(hex, sizeof hex, "\\u%04x", byte), out += hex;
                else
                    out += c;
        }
    }
    return out;
}

std::string base64(std::string_view text) {
    ByteBuffer to;
    json::put_base64(to, as_bytes(text));
    return std::string(to.text());
}

}  // namespace

TEST(JsonText, EveryByteAtEveryOffset) {
    for (int byte = 0; byte < 256; ++byte) {
        for (size_t offset = 0; offset < 35; ++offset) {
            std::string text(35, 'x');
            text[offset] = static_cast<char>(byte);
            ByteBuffer to;
            json::put_escaped(to, text);
            ASSERT_EQ(to.text(), escaped_slowly(text)) << byte << " at " << offset;
        }
    }
    EXPECT_EQ(json::quoted(""), "\"\"");
    EXPECT_EQ(json::quoted(std::string(40, '"')), "\"" + escaped_slowly(std::string(40, '"')) + "\"");
}

TEST(JsonText, Base64) {  // RFC 4648, section 10
    EXPECT_EQ(base64(""), "\"\"");
    EXPECT_EQ(base64("f"), "\"Zg==\"");
    EXPECT_EQ(base64("fo"), "\"Zm8=\"");
    EXPECT_EQ(base64("foo"), "\"Zm9v\"");
    EXPECT_EQ(base64("foob"), "\"Zm9vYg==\"");
    EXPECT_EQ(base64("fooba"), "\"Zm9vYmE=\"");
    EXPECT_EQ(base64("foobar"), "\"Zm9vYmFy\"");
}

TEST(JsonText, IntegersOfEveryLength) {
    auto check = [](int64_t value) {
        ByteBuffer to;
        json::put_int(to, value);
        ASSERT_EQ(to.text(), std::to_string(value));
        to.clear();
        json::put_uint(to, static_cast<uint64_t>(value));
        ASSERT_EQ(to.text(), std::to_string(static_cast<uint64_t>(value)));
    };
    for (int64_t i = -1001; i < 100001; ++i) check(i);
    for (uint64_t power = 1; power < 1000000000000000000; power *= 10)
        for (uint64_t near : {power - 1, power, power + 1, power * 7 + 3}) {
            check(static_cast<int64_t>(near));
            check(-static_cast<int64_t>(near));
        }
    for (int64_t value : {INT64_MIN, INT64_MIN + 1, INT64_MAX, int64_t{0}}) check(value);
}

TEST(JsonText, Numbers) {
    ByteBuffer to;
    json::put_int(to, INT64_MIN);
    to.put_char(' ');
    json::put_uint(to, UINT64_MAX);
    to.put_char(' ');
    json::put_double(to, 100);
    to.put_char(' ');
    json::put_float(to, 0.1f);
    EXPECT_EQ(to.text(), "-9223372036854775808 18446744073709551615 100.0 0.1");
}

}  // namespace leat
