// One row image in a block, read in place. Format: docs/format/block.md.
#pragma once

#include "model/schema.h"

namespace leat {

// Three different things that are not a value (invariant 7), and a value.
enum class ValueState : uint8_t { value = 0, null = 1, unchanged = 2, absent = 3 };

// Valid as long as the block and the schema it was made from. Values are only to be read where state() is
// value.
class TupleView {
  public:
    TupleView() = default;
    // Checks that the bytes (the whole tuple, with its length field) fit the schema.
    static Result<TupleView> parse(Bytes tuple, const TableSchema& schema);

    ValueState state(size_t column) const {
        return static_cast<ValueState>((states()[column / 4] >> (2 * (column % 4))) & 3);
    }
    bool has_value(size_t column) const { return state(column) == ValueState::value; }

    template <class T>
    T fixed(size_t column) const {
        return load<T>(slots() + schema_->slot(column).offset);
    }
    // The value's bytes: of the slot for a fixed-width kind, of the data for a variable one.
    Bytes bytes(size_t column) const {
        const Slot& slot = schema_->slot(column);
        if (slot.width) return {slots() + slot.offset, slot.width};
        uint32_t begin = slot.previous_slot < 0 ? 0 : load<uint32_t>(slots() + slot.previous_slot);
        uint32_t end = load<uint32_t>(slots() + slot.offset);
        return {data() + begin, end - begin};
    }
    std::string_view text(size_t column) const { return as_text(bytes(column)); }
    // The row's identity columns alone, written into `to`: the others are absent.
    TupleView identity(ByteBuffer& to) const;
    const TableSchema& schema() const { return *schema_; }
    Bytes raw() const { return tuple_; }

  private:
    TupleView(Bytes tuple, const TableSchema& schema) : tuple_(tuple), schema_(&schema) {}
    const uint8_t* states() const { return tuple_.data() + 4; }
    const uint8_t* slots() const { return states() + schema_->states_bytes(); }
    const uint8_t* data() const { return slots() + schema_->slots_bytes(); }

    Bytes tuple_;
    const TableSchema* schema_ = nullptr;
};

// Walks the elements of an array, or the fields of a composite, whose bytes a tuple gave.
struct NestedValue {
    bool null = false;
    Bytes bytes;
};
// Reads one element of the given type; marks the cursor as failed where the bytes end early.
NestedValue read_nested(FormatCursor& from, const Type& type);
struct Dimension {
    uint32_t length;
    int32_t lower_bound;
};
inline constexpr size_t dimensions_max = 6;  // as in PostgreSQL
// The head of an array value; its elements follow in the cursor. Returns the number of elements.
uint64_t read_array_head(FormatCursor& from, std::vector<Dimension>& dimensions);

}  // namespace leat
