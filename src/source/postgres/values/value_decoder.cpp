#include "source/postgres/values/value_decoder.h"

#include <fmt/core.h>

#include <limits>

#include "source/postgres/values/binary_text.h"
#include "source/postgres/values/geometric_text.h"
#include "source/postgres/values/interval_text.h"
#include "source/postgres/values/nested_text.h"
#include "source/postgres/values/number_text.h"
#include "source/postgres/values/temporal_text.h"
#include "source/postgres/values/well_known_types.h"

namespace leat::pg {

namespace {

std::unexpected<Error> value_error(Fault fault, const Type& type) {
    if (fault.kind == Fault::Kind::unsupported)
        return fail(
            ErrorCode::PG_VALUE_UNSUPPORTED,
            fmt::format("a value of type {} is outside of what Leat can represent", type.native_name));
    return fail(ErrorCode::PG_VALUE_MALFORMED,
                fmt::format("a value of type {} is malformed at byte {}", type.native_name, fault.offset));
}

// How a kind is read: as a column, and inside of another value.
struct KindCodec {
    DecodeFn decode;
    AppendFn append;
};

template <class T, Fault (*parse)(std::string_view, T&)>
Status decode_fixed(std::string_view text, const Type& type, size_t column, BlockBuilder& builder) {
    T value;
    if (Fault fault = parse(text, value)) [[unlikely]]
        return value_error(fault, type);
    builder.set_fixed(column, value);
    return {};
}

template <class T, Fault (*parse)(std::string_view, T&)>
Fault append_fixed(std::string_view text, const Type&, ByteBuffer& to) {
    T value;
    Fault fault = parse(text, value);
    if (!fault) to.put(value);
    return fault;
}

template <class T, Fault (*parse)(std::string_view, T&)>
constexpr KindCodec fixed{decode_fixed<T, parse>, append_fixed<T, parse>};

template <AppendFn append>
Status decode_variable(std::string_view text, const Type& type, size_t column, BlockBuilder& builder) {
    if (Fault fault = append(text, type, builder.begin_value(column))) [[unlikely]]
        return value_error(fault, type);
    builder.end_value();
    return {};
}

template <AppendFn append>
Fault append_with_length(std::string_view text, const Type& type, ByteBuffer& to) {
    size_t head = to.size();
    to.put(uint32_t{0});
    if (Fault fault = append(text, type, to)) return fault;
    size_t length = to.size() - head - 4;
    if (length > std::numeric_limits<uint32_t>::max()) return Fault::unsupported();
    store(to.data() + head, static_cast<uint32_t>(length));
    return Fault::none();
}

template <AppendFn append>
constexpr KindCodec variable{decode_variable<append>, append_with_length<append>};

// Kinds that need nothing of their type.
template <Fault (*append)(std::string_view, ByteBuffer&)>
Fault without_type(std::string_view text, const Type&, ByteBuffer& to) {
    return append(text, to);
}

Fault append_text(std::string_view text, const Type&, ByteBuffer& to) {
    to.put_text(text);
    return Fault::none();
}

Fault append_decimal(std::string_view text, const Type&, ByteBuffer& to) {
    Fault fault = check_decimal(text);
    if (!fault) to.put_text(text);
    return fault;
}

KindCodec codec_of(const Type& type) {
    switch (type.kind) {
        case Kind::boolean:
            return fixed<uint8_t, parse_boolean>;
        case Kind::int16:
            return fixed<int16_t, parse_int16>;
        case Kind::int32:
            return fixed<int32_t, parse_int32>;
        case Kind::int64:
            return fixed<int64_t, parse_int64>;
        case Kind::uint64:
            return fixed<uint64_t, parse_uint64>;
        case Kind::float32:
            return fixed<float, parse_float32>;
        case Kind::float64:
            return fixed<double, parse_float64>;
        case Kind::decimal:
            return type.native_id == oid::money ? variable<without_type<append_money>>
                                                : variable<append_decimal>;
        case Kind::date:
            return fixed<int32_t, parse_date>;
        case Kind::time:
            return fixed<int64_t, parse_time>;
        case Kind::time_tz:
            return fixed<EncodedTimeTz, parse_time_tz>;
        case Kind::timestamp:
            return fixed<int64_t, parse_timestamp>;
        case Kind::timestamp_tz:
            return fixed<int64_t, parse_timestamp_tz>;
        case Kind::interval:
            return fixed<Interval, parse_interval>;
        case Kind::uuid:
            return fixed<Uuid, parse_uuid>;
        case Kind::point:
            return fixed<Point, parse_point>;
        case Kind::bytes:
            return variable<without_type<append_bytea>>;
        case Kind::bits:
            return variable<without_type<append_bits>>;
        case Kind::geometry:
            return variable<without_type<append_hex>>;
        case Kind::vector:
            return variable<without_type<append_vector>>;
        case Kind::map:
            return variable<without_type<append_hstore>>;
        case Kind::array:
            return variable<append_array>;
        case Kind::composite:
            return variable<append_composite>;
        case Kind::text:
        case Kind::enumeration:
        case Kind::json:
        case Kind::xml:
            break;
    }
    return variable<append_text>;
}

}  // namespace

AppendFn nested_append(const Type& type) { return codec_of(type).append; }

ColumnDecoder make_value_decoder(const Type& type) { return {codec_of(type).decode, type}; }

ColumnDecoder make_column_decoder(const TableSchema& schema, size_t column, const ColumnRules& rules) {
    const Column& described = schema.columns[column];
    bool is_masked = described.is_changed();
    const ColumnMask* mask = is_masked ? rules.mask(schema.schema, schema.name, described.name) : nullptr;
    LEAT_ASSERT(!is_masked || mask != nullptr);
    return {codec_of(described.type).decode, described.type, mask};
}

Status ColumnDecoder::decode_masked(std::string_view text, size_t column, BlockBuilder& builder) const {
    if (type_->kind == Kind::bytes)  // truncated: two digits a byte, after \\x
        return decode_(text.substr(0, 2 + size_t{2} * mask_->length()), *type_, column, builder);
    char room[ColumnMask::hash_room];
    // A hash is cut to what the column could hold, as in Debezium.
    uint32_t limit = type_->precision > 0 ? static_cast<uint32_t>(type_->precision) : 0;
    return decode_(mask_->apply(text, limit, room), *type_, column, builder);
}

}  // namespace leat::pg
