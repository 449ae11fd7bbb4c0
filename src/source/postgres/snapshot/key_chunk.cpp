#include "source/postgres/snapshot/key_chunk.h"

#include "model/block_reader.h"

namespace leat::pg {

namespace {

constexpr uint64_t page_header = 24, segment_header = 40;  // SizeOfXLogShortPHD, SizeOfXLogLongPHD

// The rows of a block but those to be dropped. `row` counts over the blocks of the chunk.
Result<Block> without(const Block& block, const TableSchema& schema, SchemaSet& schemas,
                      const std::vector<bool>& drop, size_t& row) {
    BlockBuilder builder(block.size());
    BlockReader reader(block, schemas);
    while (true) {
        LEAT_ASSIGN(auto item, reader.next());
        if (item == BlockReader::Item::end_of_block) break;
        if (item != BlockReader::Item::change || drop[row++]) continue;
        const Change& change = reader.change();
        if (!builder.in_transaction()) builder.begin_transaction(reader.transaction(), 0);
        builder.begin_row(change.op, schema, change.offset, change.snapshot_place);
        builder.copy_after(change.after.raw());
        builder.end_row();
    }
    if (builder.in_transaction()) builder.end_transaction(builder.change_count(), reader.transaction_end());
    return builder.finish(BlockFlags{} | BlockFlag::snapshot);
}

}  // namespace

Result<MergedChunk> merge(KeyChunk chunk, const ChangeWindow& window, size_t again_max) {
    MergedChunk result;
    auto changes = window.of_table(chunk.table, chunk.seen);
    if (changes == ChangeWindow::Changes::unknown) return result;
    result.merged = true;
    if (changes == ChangeWindow::Changes::truncated) return result;  // none of its rows is there any more
    if (changes == ChangeWindow::Changes::none) {
        result.blocks = std::move(chunk.blocks);
        result.rows = chunk.rows;
        return result;
    }
    std::vector<bool> drop;
    FormatCursor keys(chunk.keys.view());
    while (!keys.at_end()) {
        std::string_view key = keys.text(keys.u32());
        auto row = window.of_row(chunk.table, key, chunk.seen);
        drop.push_back(row != ChangeWindow::Row::not_changed);
        if (row == ChangeWindow::Row::changed_in_part) result.again.push_back(split_key(key));
    }
    LEAT_ASSERT(keys.ok() && drop.size() == chunk.rows);
    if (result.again.size() > again_max) return MergedChunk{};
    SchemaSet schemas;
    schemas.add(chunk.schema);
    size_t row = 0;
    for (const Block& block : chunk.blocks) {
        LEAT_ASSIGN(auto kept, without(block, *chunk.schema, schemas, drop, row));
        result.rows += kept.header().change_count;
        if (kept.header().change_count) result.blocks.push_back(std::move(kept));
    }
    return result;
}

Lsn reachable(Lsn insert, uint64_t page_bytes, uint64_t segment_bytes) {
    bool new_segment = insert.value % segment_bytes == segment_header;
    bool new_page = insert.value % page_bytes == page_header;
    if (new_segment || new_page) return Lsn(insert.value - insert.value % page_bytes);
    return insert;
}

}  // namespace leat::pg
