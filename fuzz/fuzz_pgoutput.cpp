// Any bytes as a replication stream: length-prefixed messages (u16, little endian) to the assembler and its
// decoder, whose blocks are read back. What they accept has to be readable, and to say of units and
// transactions what it should.
#include "model/block_reader.h"
#include "source/postgres/stream/transaction_assembler.h"
#include "source/postgres/wire/replication_protocol.h"
#include "source/schema_versions.h"

namespace {

using namespace leat;

constexpr uint32_t left_out_oid = 3;  // a table that is not captured

// The stream says the types: small OIDs are kinds, the same from 100 on are arrays of them.
Type type_of(uint32_t oid) {
    Type type;
    type.native_name = "t";
    type.native_id = oid;
    uint32_t kind = oid % 100;
    bool array = oid >= 100 && oid < 200;
    if (kind >= 1 && kind <= kind_max) type.kind = static_cast<Kind>(kind);
    if (type.kind == Kind::array) type.kind = Kind::text;
    if (type.kind == Kind::composite)
        for (Kind field : {Kind::int32, Kind::text, Kind::timestamp_tz}) {
            Type of;
            of.kind = field;
            type.fields.push_back({"f", std::move(of)});
        }
    if (!array) return type;
    Type outer;
    outer.kind = Kind::array;
    outer.native_name = "_t";
    outer.element = std::make_shared<const Type>(std::move(type));
    return outer;
}

class Reader {
  public:
    void read(Block block) {
        const BlockHeader& header = block.header();
        LEAT_ASSERT(header.has(BlockFlag::unit_begin) == !in_unit_);
        in_unit_ = !header.has(BlockFlag::unit_end);
        LEAT_ASSERT(in_unit_ == (header.position_length == 0));
        if (!in_unit_) {
            auto state = pg::ResumeState::decode(block.position());
            LEAT_ASSERT(state && state->lsn >= lsn_ && state->start() <= state->lsn);
            lsn_ = state->lsn;
        }
        block.seal(next_, UnitId(1));
        next_ = Seq(header.end_seq());
        BlockReader items(block, schemas_);
        uint32_t changes = 0;
        for (auto item = items.next();; item = items.next()) {
            LEAT_ASSERT(item);
            if (*item == BlockReader::Item::end_of_block) break;
            if (*item == BlockReader::Item::begin) {
                LEAT_ASSERT(items.continued() == open_);
                open_ = true;
            }
            if (*item == BlockReader::Item::commit) {
                LEAT_ASSERT(items.transaction_changes() == next_index_);
                open_ = false;
                next_index_ = 0;
            }
            if (*item != BlockReader::Item::change) continue;
            ++changes;
            if (!items.change().transactional) continue;
            LEAT_ASSERT(items.change().index == next_index_);
            ++next_index_;
        }
        LEAT_ASSERT(changes == header.change_count);
        LEAT_ASSERT(!open_ || in_unit_);
    }

  private:
    SchemaSet schemas_;
    Seq next_{1};
    pg::Lsn lsn_;
    bool in_unit_ = false, open_ = false;
    uint64_t next_index_ = 0;
};

// A prepared transaction has made the stream begin before the end of the log.
pg::ResumeState beside_snapshot() {
    pg::ResumeState state;
    state.lsn = SourceOffset(64);
    state.prepared = SourceOffset(16);
    state.phase = pg::ResumeState::Phase::streaming;
    state.snapshots = {{10, 20, {15}, SourceOffset(1 << 20)}};
    state.tables = {{2, 0}};
    return state;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    SchemaVersions versions{std::vector<std::shared_ptr<const TableSchema>>{}};
    auto describe = [&](const pg::RelationMessage& message) -> Result<std::shared_ptr<const TableSchema>> {
        if (message.relation == left_out_oid) return nullptr;
        TableDefinition definition;
        definition.table = TableId(message.relation);
        definition.schema = message.schema;
        definition.name = message.name;
        definition.replica_identity = message.replica_identity;
        for (const pg::RelationColumn& announced : message.columns) {
            Column column;
            column.name = announced.name;
            column.type = type_of(announced.type);
            column.identity = announced.part_of_key;
            definition.columns.push_back(std::move(column));
        }
        return versions.assign(std::move(definition));
    };
    pg::StreamDecoder decoder(beside_snapshot(), {}, describe, 512);
    // So little memory that the longer ones go through a file.
    Spill spill(std::make_shared<SpillSpace>("/tmp", 1 << 20), 8 << 10);
    pg::TransactionAssembler assembler(decoder, spill);
    Reader reader;
    FormatCursor from(Bytes{data, size});
    while (from.ok() && !from.at_end()) {
        size_t length = from.u16();
        Bytes bytes = from.bytes(std::min(length, from.remaining()));
        auto message = pg::decode_replication_message(bytes);
        if (!message) continue;
        if (message->type == pg::ReplicationMessage::Type::keepalive)
            assembler.reached(message->keepalive.wal_end);
        else if (!assembler.take(message->wal))
            return 0;  // as its contract says: it is not used again
        while (assembler.replaying()) {
            if (!assembler.replay()) return 0;
            if (decoder.block_is_full()) reader.read(decoder.take());
        }
        bool between = !decoder.in_transaction();
        if (decoder.block_is_full() || (between && decoder.has_changes())) reader.read(decoder.take());
    }
    if (!decoder.in_transaction() && decoder.position_moved()) reader.read(decoder.take());
    return 0;
}
