#include "codec/text_value.h"

#include "codec/temporal.h"
#include "codec/terminal_text.h"

namespace leat {
namespace {

DebeziumOptions readable() {
    DebeziumOptions options;
    options.decimal = DecimalMode::string;
    options.time = TimePrecision::isostring;
    options.interval = IntervalMode::string;
    options.binary = BinaryMode::hex;
    options.hstore = HstoreMode::map;
    return options;
}

// Quoted where it would be taken for something else, or for more than one word.
void write_text(std::string_view value, size_t columns_max, std::string& to) {
    bool quote = value.empty() || value == "NULL" ||
                 value.substr(0, 4096).find_first_of(" \t\n\r'\"=") != std::string_view::npos;
    if (quote) to += '\'';
    size_t before = to.size();
    put_visible(to, value, columns_max);
    if (quote && to.size() >= before) to += '\'';
}

void write_bytes(Bytes value, size_t columns_max, std::string& to) {
    to += "\\x";
    for (size_t i = 0; i < value.size() && i * 2 < columns_max; ++i) {
        to += "0123456789abcdef"[value[i] >> 4];
        to += "0123456789abcdef"[value[i] & 15];
    }
}

void write_bits(Bytes value, size_t columns_max, std::string& to) {
    if (value.size() < 4) return;
    uint32_t count = load<uint32_t>(value.data());
    if (value.size() < 4 + (size_t{count} + 7) / 8) return;
    for (uint32_t i = count; i-- > 0 && to.size() < columns_max + 1;)
        to += (value[4 + i / 8] >> (i % 8)) & 1 ? '1' : '0';
}

void write_vector(const ValueWriter& writer, Bytes value, size_t columns_max, std::string& to) {
    ByteBuffer text;
    if (value.size() > 4 * columns_max) value = value.first(columns_max / 4 * 4 + 4);
    writer.write(value, text);
    to += text.text();
}

bool write_infinity(int64_t value, int64_t plus, int64_t minus, std::string& to) {
    if (value != plus && value != minus) return false;
    to += value == plus ? "infinity" : "-infinity";
    return true;
}

void write_timestamp(int64_t us, bool zone, std::string& to) {
    if (write_infinity(us, timestamp_infinity, timestamp_minus_infinity, to)) return;
    ByteBuffer text;
    int64_t days = floor_divide(us, day_us);
    put_iso_date(text, days);
    text.put_char(' ');
    put_iso_time(text, us - days * day_us);
    if (zone) text.put_char('Z');
    to += text.text();
}

void write_date(int32_t days, std::string& to) {
    if (write_infinity(days, date_infinity, date_minus_infinity, to)) return;
    ByteBuffer text;
    put_iso_date(text, days);
    to += text.text();
}

}  // namespace

TextValue::TextValue(const Type& type) : json_(compile_value(type, readable())) {}

void TextValue::write(Bytes value, size_t columns_max, std::string& to) const {
    switch (json_.type.kind) {
        case Kind::text:
        case Kind::json:
        case Kind::xml:
        case Kind::enumeration:
            return write_text(as_text(value), columns_max, to);
        case Kind::decimal:
            to += as_text(value);
            return;
        case Kind::bytes:
            return write_bytes(value, columns_max, to);
        case Kind::bits:
            return write_bits(value, columns_max, to);
        case Kind::date:
            return write_date(load<int32_t>(value.data()), to);
        case Kind::timestamp:
            return write_timestamp(load<int64_t>(value.data()), false, to);
        case Kind::timestamp_tz:
            return write_timestamp(load<int64_t>(value.data()), true, to);
        case Kind::vector:
            return write_vector(json_, value, columns_max, to);
        default:
            break;
    }
    ByteBuffer text;
    if (json_.write(value, text) != Written::ok) {
        to += "(unreadable)";
        return;
    }
    std::string_view shown = text.text();
    bool quoted = shown.size() >= 2 && shown.front() == '"' && shown.back() == '"';
    if (quoted) shown = shown.substr(1, shown.size() - 2);
    // A time of no particular zone is written with one in JSON only because that is how Debezium does.
    if (json_.type.kind == Kind::time && shown.ends_with('Z')) shown.remove_suffix(1);
    put_visible(to, shown, columns_max);
}

}  // namespace leat
