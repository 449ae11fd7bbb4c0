#include "codec/text_encoder.h"

#include "codec/terminal_text.h"
#include "codec/test_support.h"

namespace leat {
namespace {

using test::column;
using test::type_of;

std::shared_ptr<const TableSchema> orders(std::string schema = "public") {
    auto t = test::table(
        "orders",
        {column("id", type_of(Kind::int32), false), column("status", type_of(Kind::text)),
         column("total", type_of(Kind::decimal, "numeric", 10, 2)), column("note", type_of(Kind::text))},
        {0});
    TableDefinition d = *t;
    d.schema = std::move(schema);
    return TableSchema::make(d);
}

void row(BlockBuilder& b, int32_t id, std::string_view status, std::string_view total, ValueState note) {
    b.set_fixed<int32_t>(0, id);
    b.set_text(1, status);
    b.set_text(2, total);
    b.set_state(3, note);
    b.end_tuple();
}

std::string line(const std::shared_ptr<const TableSchema>& t, const std::function<void(BlockBuilder&)>& fill,
                 TextOptions options = {}) {
    setenv("TZ", "UTC", 1);
    tzset();
    TextEncoder encoder(options);
    ByteBuffer buffer;
    LineWriter writer(buffer);
    Status status = test::run(encoder, t, fill, writer);
    if (!status) return status.error().to_string();
    return std::string(buffer.text());
}

auto insert(const TableSchema& t, Op op = Op::create) {
    return [&t, op](BlockBuilder& b) {
        b.begin_row(op, t, SourceOffset(1));
        b.begin_after();
        row(b, 42, "new", "19.90", ValueState::null);
        b.end_row();
    };
}

}  // namespace

TEST(TextEncoder, Rows) {
    auto t = orders();
    EXPECT_EQ(line(t, insert(*t)),
              "08:58:24.863  orders        INSERT    id=42  status=new  total=19.90  note=NULL\n");
    EXPECT_EQ(line(t, insert(*t, Op::read)),
              "08:58:24.863  orders        SNAPSHOT  id=42  status=new  total=19.90  note=NULL\n");
    auto s = orders("sales");
    EXPECT_EQ(line(s, insert(*s)),
              "08:58:24.863  sales.orders  INSERT    id=42  status=new  total=19.90  note=NULL\n");
}

TEST(TextEncoder, UpdateShowsWhatChanged) {
    auto t = orders();
    auto update = [&](bool before) {
        return [&t, before](BlockBuilder& b) {
            b.begin_row(Op::update, *t, SourceOffset(1));
            if (before) {
                b.begin_before(false);
                row(b, 42, "new", "19.90", ValueState::null);
            }
            b.begin_after();
            row(b, 42, "paid", "19.90", before ? ValueState::null : ValueState::unchanged);
            b.end_row();
        };
    };
    EXPECT_EQ(line(t, update(true)), "08:58:24.863  orders        UPDATE    id=42  status: new → paid\n");
    EXPECT_EQ(line(t, update(false)),
              "08:58:24.863  orders        UPDATE    id=42  status=paid  total=19.90  note=(unchanged)\n");
}

TEST(TextEncoder, UpdateOfTheKeyAndOfNothing) {
    auto t = orders();
    EXPECT_EQ(line(t,
                   [&](BlockBuilder& b) {
                       b.begin_row(Op::update, *t, SourceOffset(1));
                       b.begin_before(true);
                       b.set_fixed<int32_t>(0, 41);
                       b.end_tuple();
                       b.begin_after();
                       row(b, 42, "new", "1", ValueState::null);
                       b.end_row();
                   }),
              "08:58:24.863  orders        UPDATE    id: 41 → 42  status=new  total=1  note=NULL\n");
    EXPECT_EQ(line(t,
                   [&](BlockBuilder& b) {
                       b.begin_row(Op::update, *t, SourceOffset(1));
                       b.begin_before(false);
                       row(b, 42, "new", "1", ValueState::null);
                       b.begin_after();
                       row(b, 42, "new", "1", ValueState::unchanged);
                       b.end_row();
                   }),
              "08:58:24.863  orders        UPDATE    id=42  (nothing changed)\n");
}

TEST(TextEncoder, DeleteTruncateMessage) {
    auto t = orders();
    EXPECT_EQ(line(t,
                   [&](BlockBuilder& b) {
                       b.begin_row(Op::remove, *t, SourceOffset(1));
                       b.begin_before(true);
                       b.set_fixed<int32_t>(0, 42);
                       b.end_tuple();
                       b.end_row();
                   }),
              "08:58:24.863  orders        DELETE    id=42\n");
    EXPECT_EQ(line(t, [&](BlockBuilder& b) { b.add_truncate(*t, SourceOffset(1), true, false); }),
              "08:58:24.863  orders        TRUNCATE  cascade\n");
    EXPECT_EQ(
        line(t, [&](BlockBuilder& b) { b.add_message(SourceOffset(1), true, "audit", as_bytes("a\nb")); }),
        "08:58:24.863                MESSAGE   audit  a\\nb\n");
}

TEST(TextEncoder, LongLinesAreShortenedToTheWidth) {
    auto t = orders();
    std::string text(500, 'x');
    auto fill = [&](BlockBuilder& b) {
        b.begin_row(Op::create, *t, SourceOffset(1));
        b.begin_after();
        b.set_fixed<int32_t>(0, 42);
        b.set_text(1, text);
        b.set_text(2, "1.00");
        b.set_text(3, "short");
        b.end_tuple();
        b.end_row();
    };
    for (size_t width : {60u, 72u, 80u, 100u, 120u, 200u}) {
        auto shown = line(t, fill, {false, width});
        shown.pop_back();
        EXPECT_LE(visible_columns(shown), width) << shown;
        EXPECT_NE(shown.find("…"), std::string::npos) << shown;
    }
    auto shown = line(t, fill, {false, 100});
    EXPECT_NE(shown.find("total=1.00  note=short"), std::string::npos) << shown;
    auto narrow = line(t, fill, {false, 60});
    EXPECT_NE(narrow.find("… +"), std::string::npos) << narrow;
}

TEST(TextEncoder, NoValueActsOnTheTerminal) {
    auto t = test::table("evil\x1b[2J", {column("a\nb", type_of(Kind::text))}, {});
    std::string bad =
        "\x1b]0;x\x07 \xc2\x9b"
        "31m \xff \xe2\x80\xae tail\x7f";
    auto shown = line(t, [&](BlockBuilder& b) {
        b.begin_row(Op::create, *t, SourceOffset(1));
        b.begin_after();
        b.set_text(0, bad);
        b.end_tuple();
        b.end_row();
        b.add_message(SourceOffset(2), true, bad, as_bytes(bad));
    });
    for (char c : shown) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << shown;
    EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 2);
    EXPECT_NE(shown.find("\\e]0;x\\x07 \\x9b31m \\xff \\u202e tail\\x7f"), std::string::npos) << shown;
}

TEST(TextEncoder, ColourIsOnlyColour) {
    auto t = orders();
    auto plain = line(t, insert(*t)), coloured = line(t, insert(*t), {true, 0});
    std::string stripped;
    for (size_t i = 0; i < coloured.size(); ++i) {
        if (coloured[i] == '\x1b')
            i = coloured.find('m', i);
        else
            stripped += coloured[i];
    }
    EXPECT_EQ(stripped, plain);
    EXPECT_NE(coloured.find("\x1b[32mINSERT\x1b[0m"), std::string::npos);
}

TEST(TextEncoder, ValuesForPeople) {
    auto shown = [](const Type& type, Bytes value) {
        std::string to;
        TextValue(type).write(value, 1000, to);
        return to;
    };
    auto number = [&](const Type& type, auto value) {
        uint8_t bytes[sizeof value];
        store(bytes, value);
        return shown(type, bytes);
    };
    EXPECT_EQ(shown(type_of(Kind::text), as_bytes("two words")), "'two words'");
    EXPECT_EQ(shown(type_of(Kind::text), as_bytes("")), "''");
    EXPECT_EQ(shown(type_of(Kind::text), as_bytes("NULL")), "'NULL'");
    EXPECT_EQ(shown(type_of(Kind::decimal), as_bytes("1.10")), "1.10");
    EXPECT_EQ(shown(type_of(Kind::bytes), as_bytes("\x01\xff")), "\\x01ff");
    EXPECT_EQ(number(type_of(Kind::date), int32_t{17109}), "2016-11-04");
    EXPECT_EQ(number(type_of(Kind::timestamp), int64_t{1478267490123000}), "2016-11-04 13:51:30.123");
    EXPECT_EQ(number(type_of(Kind::timestamp_tz), int64_t{1478267490000000}), "2016-11-04 13:51:30Z");
    EXPECT_EQ(number(type_of(Kind::timestamp_tz), timestamp_infinity), "infinity");
    EXPECT_EQ(number(type_of(Kind::time), int64_t{49890000000}), "13:51:30");
    EXPECT_EQ(number(type_of(Kind::boolean), uint8_t{1}), "true");
    ByteBuffer bits;
    bits.put<uint32_t>(3);
    bits.put<uint8_t>(5);
    EXPECT_EQ(shown(type_of(Kind::bits), bits.view()), "101");
}

TEST(TerminalText, WidthOfWideAndCombiningCharacters) {
    EXPECT_EQ(visible_columns("abc"), 3u);
    EXPECT_EQ(visible_columns("日本"), 4u);
    EXPECT_EQ(visible_columns("e\xcc\x81"), 1u);
    std::string to;
    put_shortened(to, "日本語", 4);
    EXPECT_EQ(to, "日…");
}

}  // namespace leat
