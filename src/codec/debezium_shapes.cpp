#include "codec/debezium_shapes.h"

#include <array>
#include <charconv>

#include "json/json_text.h"

namespace leat {
namespace {

constexpr std::string_view names[] = {"", "box", "lseg", "path", "polygon", "line", "circle"};

// The numbers of a text like ((0,0),(1,1)), whatever the brackets.
class Numbers {
  public:
    explicit Numbers(std::string_view text) : text_(text) {}
    bool next(double& value) {
        size_t start = text_.find_first_not_of("()[]<>{},");
        if (start == std::string_view::npos) return false;
        text_.remove_prefix(start);
        auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
        if (end == text_.data()) return broken_ = true, false;
        text_.remove_prefix(static_cast<size_t>(end - text_.data()));
        return true;
    }
    bool broken() const { return broken_; }

  private:
    std::string_view text_;
    bool broken_ = false;
};

// Floats as Jackson writes them.
void put_number(ByteBuffer& to, double value) {
    if (value - value == 0) return json::put_double(to, value);
    to.put_text(value != value ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

void put_point(ByteBuffer& to, double x, double y) {
    uint8_t wkb[21] = {1, 1};
    store(wkb + 5, x), store(wkb + 13, y);
    to.put_text("{\"x\":");
    put_number(to, x);
    to.put_text(",\"y\":");
    put_number(to, y);
    to.put_text(",\"wkb\":");
    json::put_base64(to, {wkb, sizeof wkb});
    to.put_text(",\"srid\":null}");
}

// Up to four numbers; false if there are not exactly `count`.
bool read_numbers(std::string_view text, size_t count, std::array<double, 4>& values) {
    Numbers numbers(text);
    for (size_t i = 0; i < count; ++i)
        if (!numbers.next(values[i])) return false;
    double more = 0;
    return !numbers.next(more) && !numbers.broken();
}

Written write_line(const ValueWriter&, Bytes value, ByteBuffer& to) {
    std::array<double, 4> n{};
    if (!read_numbers(as_text(value), 3, n)) return Written::malformed;
    to.put_text("{\"a\":");
    put_number(to, n[0]);
    to.put_text(",\"b\":");
    put_number(to, n[1]);
    to.put_text(",\"c\":");
    put_number(to, n[2]);
    to.put_char('}');
    return Written::ok;
}

Written write_circle(const ValueWriter&, Bytes value, ByteBuffer& to) {
    std::array<double, 4> n{};
    if (!read_numbers(as_text(value), 3, n)) return Written::malformed;
    to.put_text("{\"center\":");
    put_point(to, n[0], n[1]);
    to.put_text(",\"radius\":");
    put_number(to, n[2]);
    to.put_char('}');
    return Written::ok;
}

void put_geometry(ByteBuffer& to, Bytes wkb, std::string_view extensions) {
    to.put_text("{\"wkb\":");
    json::put_base64(to, wkb);
    to.put_text(",\"srid\":null,\"extensions\":");
    to.put_text(extensions);
    to.put_char('}');
}

// Little endian; type 2 is a line string, 3 a polygon of one ring.
void begin_wkb(ByteBuffer& wkb, uint32_t type) {
    wkb.put_char(1);
    wkb.put(type);
    if (type == 3) wkb.put(uint32_t{1});
}

Written write_box(const ValueWriter&, Bytes value, ByteBuffer& to) {
    std::array<double, 4> n{};  // the upper right corner, then the lower left one
    if (!read_numbers(as_text(value), 4, n)) return Written::malformed;
    ByteBuffer wkb;
    begin_wkb(wkb, 3);
    wkb.put(uint32_t{5});
    for (auto [x, y] : {std::pair{n[0], n[1]}, {n[0], n[3]}, {n[2], n[3]}, {n[2], n[1]}, {n[0], n[1]}})
        wkb.put(x), wkb.put(y);
    put_geometry(to, wkb.view(), R"({"type":"box"})");
    return Written::ok;
}

// A polygon's ring is closed by its first point.
Written write_points(Bytes value, bool ring, std::string_view extensions, ByteBuffer& to) {
    Numbers numbers(as_text(value));
    ByteBuffer wkb;
    begin_wkb(wkb, ring ? 3 : 2);
    size_t count_at = wkb.size();
    wkb.put(uint32_t{0});
    uint32_t count = 0;
    double x = 0, y = 0, first_x = 0, first_y = 0;
    while (numbers.next(x)) {
        if (!numbers.next(y)) return Written::malformed;
        if (count++ == 0) first_x = x, first_y = y;
        wkb.put(x), wkb.put(y);
    }
    if (numbers.broken()) return Written::malformed;
    if (ring && count > 0) wkb.put(first_x), wkb.put(first_y), ++count;
    store(wkb.data() + count_at, count);
    put_geometry(to, wkb.view(), extensions);
    return Written::ok;
}

Written write_lseg(const ValueWriter&, Bytes value, ByteBuffer& to) {
    return write_points(value, false, R"({"type":"lseg"})", to);
}
Written write_polygon(const ValueWriter&, Bytes value, ByteBuffer& to) {
    return write_points(value, true, R"({"type":"polygon"})", to);
}
// An open path stands in brackets.
Written write_path(const ValueWriter&, Bytes value, ByteBuffer& to) {
    bool open = !value.empty() && value[0] == '[';
    return write_points(value, false,
                        open ? R"({"type":"path","closed":"false"})" : R"({"type":"path","closed":"true"})",
                        to);
}

}  // namespace

Shape shape_of(const Type& type) {
    if (type.kind != Kind::text) return Shape::none;
    for (size_t i = 1; i < std::size(names); ++i)
        if (type.native_name == names[i]) return static_cast<Shape>(i);
    return Shape::none;
}

ValueWriter::Write shape_function(Shape shape) {
    switch (shape) {
        case Shape::none:
            return nullptr;
        case Shape::box:
            return write_box;
        case Shape::lseg:
            return write_lseg;
        case Shape::path:
            return write_path;
        case Shape::polygon:
            return write_polygon;
        case Shape::line:
            return write_line;
        case Shape::circle:
            return write_circle;
    }
    return nullptr;
}

std::string shape_placeholder(Shape shape, const std::string& text) {
    if (shape == Shape::line || shape == Shape::circle) return shape_fallback(shape);  // never that large
    ByteBuffer to;
    put_geometry(to, as_bytes(text), "null");
    return std::string(to.text());
}

std::string shape_fallback(Shape shape) {
    if (shape == Shape::line) return R"({"a":0.0,"b":0.0,"c":0.0})";
    if (shape == Shape::circle)
        return R"({"center":{"x":0.0,"y":0.0,"wkb":"AQEAAAAAAAAAAAAAAAAAAAAAAAAA","srid":null},"radius":0.0})";
    return R"({"wkb":"AQcAAAAAAAAA","srid":null,"extensions":null})";  // an empty collection
}

}  // namespace leat
