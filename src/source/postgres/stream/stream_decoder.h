// Turns the messages of a replication stream into change blocks: rows of whole transactions, in commit order,
// each value decoded once, straight into the block. No I/O, except through the function that describes a
// table. Belongs to one thread.
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "model/block_builder.h"
#include "source/postgres/server/position.h"
#include "source/postgres/values/value_decoder.h"
#include "source/postgres/wire/pgoutput.h"
#include "source/postgres/wire/replication_protocol.h"

namespace leat::pg {

// The schema for a relation that the server announces; null if its table is not captured.
using DescribeTable = std::function<Result<std::shared_ptr<const TableSchema>>(const RelationMessage&)>;

// Sees the changes of the tables it watches as they are decoded, in the order of the log. What it notes of a
// transaction counts once committed() was called, which comes before the block that ends it is taken.
class ChangeObserver {
  public:
    virtual ~ChangeObserver() = default;
    virtual bool watches(uint32_t relation) const = 0;
    virtual void row(Op op, uint32_t xid, const TableSchema& schema, const RowMessage& row) = 0;
    virtual void truncate(uint32_t xid, const TableSchema& schema) = 0;
    virtual void committed(uint32_t xid, Lsn end) = 0;
};

class StreamDecoder {
  public:
    // in_log: the schemas that the change log holds already. block_bytes: when a block is full. columns:
    // those that `describe` leaves out, and the masks of the others; outlives the decoder.
    StreamDecoder(ResumeState resume, const std::vector<std::shared_ptr<const TableSchema>>& in_log,
                  DescribeTable describe, size_t block_bytes, const ColumnRules& columns = every_column);

    // Outlives the decoder. Null: nobody looks.
    void set_observer(ChangeObserver* observer) { observer_ = observer; }

    // Takes one message of protocol 1; what later ones add is TransactionAssembler's. After an error the
    // decoder is not used again.
    Status decode(const WalData& wal);

    // For transactions whose messages come from elsewhere, as if they came between Begin and Commit.
    enum class Order : uint8_t { as_received, kept };
    Status begin(const BeginMessage& message, Order order = Order::as_received);
    Status commit(const CommitMessage& message);
    // Relation messages are numbered as they are received: one that was kept takes the place of another only
    // if it was received later. Within its transaction it counts in any case.
    uint64_t number_relation() { return ++relations_received_; }
    Status relation(Bytes message, uint64_t number);
    struct KnownRelation {
        Bytes message;  // valid until the next one
        uint64_t number = 0;
    };
    std::optional<KnownRelation> known_relation(uint32_t oid) const;

    // Where the oldest open prepared transaction has to be sent from again; 0: none.
    void keep_prepared(Lsn prepared) { resume_.prepared = prepared; }

    // The server has nothing before wal_end that it did not send. Only moves the position if no transaction
    // is open.
    void reached(Lsn wal_end);

    bool block_is_full() const { return builder_.bytes() >= block_bytes_; }
    bool in_transaction() const { return in_transaction_; }
    bool has_changes() const { return !builder_.empty(); }
    // Whether the position has moved since the last block, so that even an empty one is worth appending.
    bool position_moved() const { return resume_.lsn != position_taken_; }
    Lsn position() const { return resume_.lsn; }
    // When the transaction that is being read, or was last, committed at the server. 0: none yet.
    int64_t commit_time_us() const { return transaction_.commit_time_us; }

    // For units that others append between transactions, when nothing decoded is waiting to be taken. The
    // position of such a unit:
    void set_unfinished(std::vector<TableProgress> tables) { resume_.unfinished = std::move(tables); }
    const ResumeState& resume() const { return resume_; }
    // Whether the log has the schema; and that it has it from now on.
    bool is_in_log(const TableSchema& schema) const { return in_log_.contains(schema.id); }
    void set_in_log(const TableSchema& schema);

    // What was decoded so far: to the end of a unit between transactions, part of one within.
    Block take();

  private:
    // As announced. It is described when its first row is to be written: the catalog shows nothing of DDL
    // that was not committed, and what was announced by a subtransaction that was rolled back never gets a
    // row.
    struct Relation {
        ByteBuffer message;
        uint64_t number = 0;
        bool described = false;
        std::shared_ptr<const TableSchema> schema;  // null: not captured
        std::vector<ColumnDecoder> columns;
        // Where the schema has fewer columns than the stream: which of the stream's they are.
        std::vector<uint32_t> captured;
        size_t streamed_columns = 0;
        bool in_log = false;
        int snapshot = -1;  // index into ResumeState::snapshots
    };
    using Relations = std::unordered_map<uint32_t, Relation>;

    Status set_columns(Relation& relation, const RelationMessage& announced);
    Status row(char type, const WalData& wal);
    Status truncate(const WalData& wal);
    Status logical_message(const WalData& wal);

    Result<Relation*> find(uint32_t oid);
    Result<Relation*> find_captured(uint32_t oid);
    Status describe(Relation& relation);
    int snapshot_of(uint32_t oid) const;
    void keep_relations();
    uint32_t xid() const { return static_cast<uint32_t>(transaction_.id.value); }
    void open_transaction();
    void announce(Relation& relation);
    Status put_tuple(const Relation& relation, const Tuple& tuple, const Tuple* old, bool key_only);
    Status put_value(const Relation& relation, size_t column, const TupleValue& value);
    Result<Op> operation(char type) const;
    void refresh_snapshots();
    Status out_of_order(char type) const;

    ResumeState resume_;
    DescribeTable describe_;
    ChangeObserver* observer_ = nullptr;
    const size_t block_bytes_;
    const ColumnRules& columns_;
    BlockBuilder builder_;
    Relations relations_;
    Relations kept_relations_;  // announced within the transaction that is read, if it was kept
    uint64_t relations_received_ = 0;
    std::unordered_set<SchemaId> in_log_;

    bool in_transaction_ = false;  // between Begin and Commit
    Order order_ = Order::as_received;
    bool in_log_already_ = false;  // the transaction is: it was sent again for another that is prepared
    bool unit_open_ = false;       // a block of the unit has been taken
    Transaction transaction_;
    uint64_t changes_ = 0;     // of the open transaction
    std::vector<bool> shown_;  // by snapshot: whether it shows the open transaction
    Lsn position_taken_;
    RowMessage row_;
    uint32_t last_oid_ = 0;
    Relation* last_relation_ = nullptr;
};

}  // namespace leat::pg
