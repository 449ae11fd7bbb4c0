#include "model/block_reader.h"

#include <fmt/core.h>

#include "model/record.h"

namespace leat {

namespace {
std::unexpected<Error> malformed(std::string_view what) {
    return fail(ErrorCode::BLOCK_MALFORMED, std::string(what));
}
}  // namespace

Result<std::vector<std::shared_ptr<const TableSchema>>> schemas_of(const Block& block) {
    std::vector<std::shared_ptr<const TableSchema>> schemas;
    if (!block.header().has(BlockFlag::has_schemas)) return schemas;
    FormatCursor cursor(block.records());
    while (!cursor.at_end()) {
        uint32_t length = cursor.u32();
        uint8_t type = cursor.u8();
        cursor.bytes(3);
        if (length < record_head_bytes) return malformed("record is shorter than its head");
        Bytes body = cursor.bytes(length - record_head_bytes);
        if (!cursor.ok()) return malformed("record is cut off");
        if (type != record_schema) continue;
        LEAT_ASSIGN(auto schema, TableSchema::decode(body));
        schemas.push_back(std::move(schema));
    }
    return schemas;
}

Status SchemaSet::add_from(const Block& block) {
    LEAT_ASSIGN(auto found, schemas_of(block));
    for (auto& schema : found) {
        // A repeated schema must not replace the object that encoders already refer to.
        if (auto* known = find(schema->id); known && known->same_shape(*schema)) continue;
        add(std::move(schema));
    }
    return {};
}

BlockReader::BlockReader(const Block& block, SchemaSet& schemas)
    : schemas_(schemas), cursor_(block.records()), next_seq_(block.header().first_seq) {}

Result<BlockReader::Item> BlockReader::next() {
    if (cursor_.at_end()) return Item::end_of_block;
    size_t at = cursor_.offset() + block_header_bytes;
    uint32_t length = cursor_.u32();
    uint8_t type = cursor_.u8();
    uint8_t flags = cursor_.u8();
    uint16_t op = cursor_.u16();
    Bytes body = length < record_head_bytes ? Bytes{} : cursor_.bytes(length - record_head_bytes);
    Result<Item> item = length < record_head_bytes || !cursor_.ok() ? malformed("record is cut off")
                                                                    : read_record(type, flags, op, body);
    if (!item) {
        cursor_.set_failed();
        item.error().message = fmt::format("at byte {} of the block: {}", at, item.error().message);
    }
    return item;
}

Result<BlockReader::Item> BlockReader::read_record(uint8_t type, uint8_t flags, uint16_t op, Bytes body) {
    switch (type) {
        case record_schema: {
            LEAT_ASSIGN(auto schema, TableSchema::decode(body));
            schema_ = schema.get();
            // A repeated schema must not replace the object that views already given refer to.
            if (auto* known = schemas_.find(schema->id); known && known->same_shape(*schema))
                schema_ = known;
            else
                schemas_.add(std::move(schema));
            return Item::schema;
        }
        case record_transaction:
            LEAT_TRY(read_transaction(flags, body));
            return Item::begin;
        case record_end: {
            FormatCursor from(body);
            transaction_changes_ = from.u64();
            transaction_end_ = SourceOffset(from.u64());
            if (!from.ok() || !from.at_end() || !in_transaction_) return malformed("end of no transaction");
            in_transaction_ = false;
            return Item::commit;
        }
        case record_row:
            LEAT_TRY(read_row(flags, op, body));
            return Item::change;
        case record_truncate:
            LEAT_TRY(read_truncate(flags, body));
            return Item::change;
        case record_message:
            LEAT_TRY(read_message(flags, body));
            return Item::change;
        default:
            return malformed(fmt::format("unknown record type {}", type));
    }
}

Status BlockReader::read_transaction(uint8_t flags, Bytes body) {
    FormatCursor from(body);
    transaction_.id = TransactionId(from.u64());
    transaction_.commit = SourceOffset(from.u64());
    transaction_.commit_time_us = from.i64();
    next_index_ = from.u64();
    transaction_.previous_end = SourceOffset(from.u64());
    transaction_.snapshot = flags & transaction_snapshot;
    continued_ = flags & transaction_continued;
    if (!from.ok() || !from.at_end() || in_transaction_) return malformed("transaction is malformed");
    in_transaction_ = true;
    return {};
}

void BlockReader::count_change() {
    change_.seq = next_seq_;
    ++next_seq_.value;
    change_.index = in_transaction_ ? next_index_++ : 0;
}

Status BlockReader::find_schema(SchemaId id) {
    if (schema_ && schema_->id == id) return {};
    schema_ = schemas_.find(id);
    if (!schema_) return malformed(fmt::format("schema {} is not in the log before its first row", id.value));
    return {};
}

Status BlockReader::read_row(uint8_t flags, uint16_t op, Bytes body) {
    FormatCursor from(body);
    SchemaId id(from.u32());
    change_.offset = SourceOffset(from.u64());
    if (!from.ok() || !in_transaction_) return malformed("row outside of a transaction");
    LEAT_TRY(find_schema(id));
    change_.schema = schema_;
    if (op != 'c' && op != 'u' && op != 'd' && op != 'r') return malformed("row has an unknown operation");
    change_.op = static_cast<Op>(op);
    change_.has_before = flags & row_has_before;
    change_.before_is_key = flags & row_before_is_key;
    change_.has_after = flags & row_has_after;
    int place = (flags >> row_place_shift) & 7;
    if (place > static_cast<int>(SnapshotPlace::incremental))
        return malformed("row has an unknown place in a snapshot");
    change_.snapshot_place = static_cast<SnapshotPlace>(place);
    if (change_.has_before) LEAT_TRY(read_tuple(from, change_.before));
    if (change_.has_after) LEAT_TRY(read_tuple(from, change_.after));
    if (!from.at_end()) return malformed("row has bytes after its tuples");
    change_.transactional = true;
    change_.message_prefix = {};
    change_.message_content = {};
    change_.truncate_cascade = change_.truncate_restart_identity = false;
    count_change();
    return {};
}

Status BlockReader::read_tuple(FormatCursor& from, TupleView& tuple) {
    FormatCursor peek = from;
    uint32_t length = peek.u32();
    Bytes bytes = from.bytes(length);
    if (!peek.ok() || !from.ok()) return malformed("tuple is cut off");
    LEAT_ASSIGN(tuple, TupleView::parse(bytes, *schema_));
    return {};
}

Status BlockReader::read_truncate(uint8_t flags, Bytes body) {
    FormatCursor from(body);
    SchemaId id(from.u32());
    change_ = Change{};
    change_.offset = SourceOffset(from.u64());
    if (!from.ok() || !from.at_end() || !in_transaction_) return malformed("truncate is malformed");
    LEAT_TRY(find_schema(id));
    change_.op = Op::truncate;
    change_.schema = schema_;
    change_.truncate_cascade = flags & truncate_cascade;
    change_.truncate_restart_identity = flags & truncate_restart_identity;
    count_change();
    return {};
}

Status BlockReader::read_message(uint8_t flags, Bytes body) {
    FormatCursor from(body);
    change_ = Change{};
    change_.offset = SourceOffset(from.u64());
    change_.message_prefix = from.text(from.u32());
    change_.message_content = from.bytes(from.u32());
    change_.transactional = flags & message_transactional;
    if (!from.ok() || !from.at_end() || change_.transactional != in_transaction_)
        return malformed("message is malformed");
    change_.op = Op::message;
    count_change();
    return {};
}

}  // namespace leat
