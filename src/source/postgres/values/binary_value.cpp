#include "source/postgres/values/binary_value.h"

#include <fmt/core.h>

#include <limits>

#include "source/postgres/values/interval_text.h"
#include "source/postgres/values/numeric_binary.h"
#include "source/postgres/values/temporal_text.h"
#include "source/postgres/values/well_known_types.h"

namespace leat::pg {

namespace {

constexpr int32_t epoch_days = 10957;  // from 1970-01-01 to 2000-01-01, where PostgreSQL begins to count
constexpr int64_t epoch_us = epoch_days * int64_t{86'400'000'000};

std::unexpected<Error> value_error(Fault fault, const Type& type) {
    if (fault.kind == Fault::Kind::unsupported)
        return fail(
            ErrorCode::PG_VALUE_UNSUPPORTED,
            fmt::format("a value of type {} is outside of what Leat can represent", type.native_name));
    return fail(ErrorCode::PG_VALUE_MALFORMED,
                fmt::format("a binary value of type {} is malformed", type.native_name));
}

template <class T>
T read_network(std::string_view bytes, size_t offset = 0) {
    return byte_swap(load<T>(as_bytes(bytes).data() + offset));
}

// Values of a fixed length: `read` finds that many bytes.
template <class T, size_t length, Fault (*read)(std::string_view, T&)>
Status decode_fixed(std::string_view bytes, const Type& type, size_t column, BlockBuilder& builder) {
    T value{};
    Fault fault = bytes.size() == length ? read(bytes, value) : Fault::malformed(0);
    if (fault) [[unlikely]]
        return value_error(fault, type);
    builder.set_fixed(column, value);
    return {};
}

Fault read_boolean(std::string_view bytes, uint8_t& value) {
    value = bytes[0] != 0;
    return Fault::none();
}

template <class T>
Fault read_integer(std::string_view bytes, T& value) {
    value = read_network<T>(bytes);
    return Fault::none();
}

Fault read_oid(std::string_view bytes, int64_t& value) {
    value = read_network<uint32_t>(bytes);
    return Fault::none();
}

Fault read_float32(std::string_view bytes, float& value) {
    value = std::bit_cast<float>(read_network<uint32_t>(bytes));
    return Fault::none();
}

Fault read_float64(std::string_view bytes, double& value) {
    value = std::bit_cast<double>(read_network<uint64_t>(bytes));
    return Fault::none();
}

// Infinities are the extremes, there and here.
template <class T, T epoch>
Fault read_since_2000(std::string_view bytes, T& value) {
    using Limits = std::numeric_limits<T>;
    value = read_network<T>(bytes);
    if (value == Limits::max() || value == Limits::min()) return Fault::none();
    bool overflow = __builtin_add_overflow(value, epoch, &value);
    if (overflow || value == Limits::max()) return Fault::unsupported();
    return Fault::none();
}

Fault read_time_tz(std::string_view bytes, EncodedTimeTz& value) {
    store(value.data(), read_network<int64_t>(bytes));
    store(value.data() + 8, -read_network<int32_t>(bytes, 8));  // the server counts seconds west
    return Fault::none();
}

Fault read_interval(std::string_view bytes, Interval& value) {
    value.us = read_network<int64_t>(bytes);
    value.days = read_network<int32_t>(bytes, 8);
    value.months = read_network<int32_t>(bytes, 12);
    return Fault::none();
}

Status decode_uuid(std::string_view bytes, const Type& type, size_t column, BlockBuilder& builder) {
    if (bytes.size() != 16) return value_error(Fault::malformed(0), type);
    std::memcpy(builder.set_fixed_slot(column, 16), bytes.data(), 16);
    return {};
}

Status decode_bytes(std::string_view bytes, const Type&, size_t column, BlockBuilder& builder) {
    builder.set_text(column, bytes);
    return {};
}

Status decode_jsonb(std::string_view bytes, const Type& type, size_t column, BlockBuilder& builder) {
    if (bytes.empty() || bytes[0] != 1) return value_error(Fault::malformed(0), type);
    builder.set_text(column, bytes.substr(1));
    return {};
}

Status decode_numeric(std::string_view bytes, const Type& type, size_t column, BlockBuilder& builder) {
    if (Fault fault = append_numeric(as_bytes(bytes), builder.begin_value(column))) [[unlikely]]
        return value_error(fault, type);
    builder.end_value();
    return {};
}

DecodeFn decoder_of(const Type& type) {
    if (type.kind == Kind::enumeration) return decode_bytes;
    switch (type.native_id) {
        case oid::boolean:
            return decode_fixed<uint8_t, 1, read_boolean>;
        case oid::int2:
            return decode_fixed<int16_t, 2, read_integer<int16_t>>;
        case oid::int4:
            return decode_fixed<int32_t, 4, read_integer<int32_t>>;
        case oid::int8:
            return decode_fixed<int64_t, 8, read_integer<int64_t>>;
        case oid::oid:
            return decode_fixed<int64_t, 4, read_oid>;
        case oid::float4:
            return decode_fixed<float, 4, read_float32>;
        case oid::float8:
            return decode_fixed<double, 8, read_float64>;
        case oid::numeric:
            return decode_numeric;
        case oid::date:
            return decode_fixed<int32_t, 4, read_since_2000<int32_t, epoch_days>>;
        case oid::time:
            return decode_fixed<int64_t, 8, read_integer<int64_t>>;
        case oid::timetz:
            return decode_fixed<EncodedTimeTz, 12, read_time_tz>;
        case oid::timestamp:
        case oid::timestamptz:
            return decode_fixed<int64_t, 8, read_since_2000<int64_t, epoch_us>>;
        case oid::interval:
            return decode_fixed<Interval, 16, read_interval>;
        case oid::uuid:
            return decode_uuid;
        case oid::text:
        case oid::varchar:
        case oid::bpchar:
        case oid::name:
        case oid::json:
        case oid::bytea:
            return decode_bytes;
        case oid::jsonb:
            return decode_jsonb;
        default:
            return nullptr;
    }
}

}  // namespace

std::optional<ColumnDecoder> make_binary_column_decoder(const Type& type) {
    DecodeFn decode = decoder_of(type);
    if (!decode) return std::nullopt;
    return ColumnDecoder(decode, type);
}

}  // namespace leat::pg
