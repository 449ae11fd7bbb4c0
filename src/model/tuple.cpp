#include "model/tuple.h"

namespace leat {

Result<TupleView> TupleView::parse(Bytes tuple, const TableSchema& schema) {
    size_t head = 4 + size_t{schema.states_bytes()} + schema.slots_bytes();
    if (tuple.size() < head || load<uint32_t>(tuple.data()) != tuple.size())
        return fail(ErrorCode::BLOCK_MALFORMED, "tuple length does not fit its schema");
    TupleView view(tuple, schema);
    uint32_t end = 0, data_bytes = static_cast<uint32_t>(tuple.size() - head);
    for (size_t i = 0; i < schema.column_count(); ++i) {
        const Slot& slot = schema.slot(i);
        if (slot.width) continue;
        uint32_t next = load<uint32_t>(view.slots() + slot.offset);
        if (next < end || next > data_bytes)
            return fail(ErrorCode::BLOCK_MALFORMED, "value ends outside of its tuple");
        end = next;
    }
    if (end != data_bytes) return fail(ErrorCode::BLOCK_MALFORMED, "tuple has bytes that belong to no value");
    return view;
}

TupleView TupleView::identity(ByteBuffer& to) const {
    to.clear();
    to.put_bytes(tuple_);
    uint8_t* states = to.data() + (this->states() - tuple_.data());
    for (size_t i = 0; i < schema_->column_count(); ++i)
        if (!schema_->columns[i].identity) states[i / 4] |= static_cast<uint8_t>(3 << (2 * (i % 4)));
    return {to.view(), *schema_};
}

NestedValue read_nested(FormatCursor& from, const Type& type) {
    NestedValue value;
    value.null = from.u8() != 0;
    if (value.null) return value;
    uint32_t width = fixed_width(type.kind);
    value.bytes = from.bytes(width ? width : from.u32());
    return value;
}

uint64_t read_array_head(FormatCursor& from, std::vector<Dimension>& dimensions) {
    dimensions.clear();
    size_t count = from.u8();
    if (count > dimensions_max) {
        from.set_failed();
        return 0;
    }
    uint64_t elements = count ? 1 : 0;
    for (size_t i = 0; i < count; ++i) {
        uint32_t length = from.u32();
        dimensions.push_back({length, from.i32()});
        elements *= length;
        if (elements > from.remaining()) {  // each element takes a byte at least
            from.set_failed();
            return 0;
        }
    }
    return elements;
}

}  // namespace leat
