// A block of any bytes: refused, or read to its end without a step outside of it. The checksum is mended
// first, since a fuzzer would not find a right one, and a wrong one hides the rest.
#include "base/crc32c.h"
#include "model/block_reader.h"

using namespace leat;

namespace {

size_t touched;

void touch(Bytes bytes) {
    for (uint8_t byte : bytes) touched += byte;
}

void read_values(const TupleView& tuple) {
    const TableSchema& schema = tuple.schema();
    for (size_t i = 0; i < schema.column_count(); ++i) {
        if (tuple.state(i) != ValueState::value) continue;
        const Type& type = schema.columns[i].type;
        if (fixed_width(type.kind)) {
            touched += tuple.fixed<uint8_t>(i);
            continue;
        }
        touch(tuple.bytes(i));
        if (type.kind != Kind::array) continue;
        FormatCursor from(tuple.bytes(i));
        std::vector<Dimension> dimensions;
        for (uint64_t n = read_array_head(from, dimensions); n > 0 && from.ok(); --n)
            touch(read_nested(from, *type.element).bytes);
    }
}

void read_items(const Block& block) {
    SchemaSet schemas;
    static_cast<void>(schemas.add_from(block));
    BlockReader reader(block, schemas);
    while (true) {
        auto item = reader.next();
        if (!item || *item == BlockReader::Item::end_of_block) return;
        if (*item != BlockReader::Item::change) continue;
        const Change& change = reader.change();
        if (change.has_before) read_values(change.before);
        if (change.has_after) read_values(change.after);
        if (change.op == Op::message) touch(change.message_content);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    ByteBuffer bytes;
    bytes.put_bytes({data, size});
    if (size >= block_header_bytes) {
        store(bytes.data(), block_magic);
        store(bytes.data() + 4, static_cast<uint32_t>(size));
        store(bytes.data() + 8, crc32c(bytes.view().subspan(12)));
    }
    auto block = Block::parse(std::move(bytes));
    if (!block) return 0;
    touch(as_bytes(block->position()));
    read_items(*block);
    return 0;
}
