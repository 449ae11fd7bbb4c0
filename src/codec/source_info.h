// The `source` block of Debezium's envelope: one writer per kind of source, so that each keeps its own
// fields. Belongs to the encoder that owns it, and its thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codec/debezium_options.h"
#include "model/change.h"

namespace leat {

class SourceInfoWriter {
  public:
    virtual ~SourceInfoWriter() = default;

    // Text between the values of a change that depends only on the table; of a message, which has none, with
    // the database given. What write() takes as pieces.
    virtual std::vector<std::string> compile(const TableSchema* schema, std::string_view database) const = 0;
    // `"source":{…}`. Times outside of a transaction are captured_at_us.
    virtual void write(const std::vector<std::string>& pieces, const Change& change,
                       const Transaction& transaction, int64_t captured_at_us, ByteBuffer& to) = 0;
    // The block's Connect schema as JSON, ready to stand in an envelope's fields.
    virtual std::string connect_schema() const = 0;
    // How transaction metadata names a transaction.
    virtual void write_transaction_id(const Transaction& transaction, ByteBuffer& to) const = 0;
    // What `source.connector` says.
    virtual std::string_view connector() const = 0;
    // How transaction metadata names a table.
    virtual std::string collection(const TableSchema& schema) const = 0;
};

// version, connector, name, ts_ms, snapshot, db, sequence, ts_us, ts_ns, schema, table, txId, lsn, xmin.
std::unique_ptr<SourceInfoWriter> make_postgres_source_info(const DebeziumOptions& options);

// Debezium's name of a place in a snapshot.
std::string_view snapshot_name(SnapshotPlace place);

}  // namespace leat
