// Snapshots that are taken while the stream goes on: tables that were added, or whose initial snapshot was
// interrupted (docs/adr/0008).
//
// Some threads, each with a connection, read chunks in the order of a table's key. The reader thread sees all
// that the stream brings meanwhile (ChangeObserver), and merges a chunk into it, between two transactions,
// once it has passed everything that the chunk shows. Nothing is written into the source.
//
// Everything public is for the reader thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "source/postgres/snapshot/key_chunk_reader.h"
#include "source/postgres/stream/stream_decoder.h"
#include "source/schema_versions.h"

namespace leat::pg {

class IncrementalSnapshot : public ChangeObserver {
  public:
    struct Description {
        std::shared_ptr<const TableSchema> schema;
        std::string quoted_name;
        bool partitioned = false;
        std::string version;  // asked before the schema
        uint64_t rows_estimate = 0;
        std::string row_filter = {};  // of the publication
    };
    // What the reader thread's own connection is asked.
    struct Database {
        std::function<Result<std::optional<Description>>(uint32_t table)> describe;  // none: it is gone
        std::function<Result<uint64_t>()> next_transaction;  // every transaction that runs has a lower id
    };

    // Reads one chunk; of one thread. Each thread makes its own.
    using ReadChunk =
        std::function<Result<KeyResult>(const KeyTask&, const KeyChunkReader::Progress&, std::stop_token)>;
    using MakeReader = std::function<ReadChunk()>;

    IncrementalSnapshot(const Options& options, Database database, std::vector<TableProgress> tables,
                        MakeReader make_reader);
    ~IncrementalSnapshot() override;  // ends the threads

    // The stream has started, and this observes it: what it brought before is known to no chunk.
    Status begin();

    // Whether merge() has something to do now; to be asked between transactions.
    bool is_due(Lsn streamed) const { return streamed.value >= due_; }
    // Whether a chunk waits until the stream gets beyond this place.
    bool waits_beyond(Lsn streamed) const { return waiting_ > streamed.value; }
    bool done() const { return tables_.empty(); }

    // Reads a table, from its beginning if it is being read already: then all of the rows of both conditions.
    void add(TableProgress table);
    // Forgets what is left of a table.
    void remove(uint32_t table);
    std::vector<uint32_t> tables() const;
    // No chunk is begun while it is paused, or while the stream is behind.
    void set_paused(bool paused);
    void set_behind(bool behind) { behind_ = behind; }

    // What to tell of tables that merge() has completed, once its blocks were handed on.
    std::vector<std::string> take_completed() { return std::exchange(completed_, {}); }

    // What the position has to say. Changes with merge(), and with what is observed.
    std::optional<std::vector<TableProgress>> changed_progress();

    // The blocks of a unit, if there is one: to be appended before anything else that the stream brings. The
    // decoder has nothing that waits to be taken.
    Result<std::vector<Block>> merge(StreamDecoder& decoder, const SchemaVersions& schemas);

    bool watches(uint32_t relation) const override { return tables_.contains(relation); }
    void row(Op op, uint32_t xid, const TableSchema& schema, const RowMessage& row) override;
    void truncate(uint32_t xid, const TableSchema& schema) override;
    void committed(uint32_t xid, Lsn end) override;

  private:
    // Part of a table that is read at once, or is still to be cut.
    struct Piece {
        uint64_t id = 0;
        KeyRange range;
        bool to_last_key = false;
        std::vector<KeyText> keys;
        bool reading = false;
        // While it is read and until it is merged: what its snapshot shows, at least.
        std::optional<Visibility> seen;
    };
    Piece range_piece(KeyRange range);
    Piece whole_piece();
    Piece rows_piece(std::vector<KeyText> keys);
    struct Table {
        TableProgress delivered;  // as it began: condition, pages
        std::optional<Description> description;
        bool needs_description = true;
        std::optional<Error> altered;  // why it is described again
        bool cut = false;
        bool given_up = false;
        bool some_read = false;  // rows were merged, by this process or an earlier one
        std::vector<Piece> pieces;
        SteadyClock::time_point not_before, started;
        size_t row_bytes = 0;  // on average, 0: not known
        uint64_t rows = 0;
    };
    struct Finished {
        uint64_t piece = 0;
        KeyChunk chunk;
    };
    using Lock = std::unique_lock<std::mutex>;

    // The threads that read.
    void work(std::stop_token stop);
    bool may_read() const;
    bool choose(KeyTask& task, uint64_t& piece);
    bool choose_piece(Table& table, KeyTask& task, uint64_t& piece);
    void finish(const KeyTask& task, uint64_t piece, Result<KeyResult> result);
    void failed(Error error);

    // With the mutex held.
    void wake();
    Piece* find(uint32_t table, uint64_t piece);
    void split(uint32_t table, uint64_t piece, const KeyText& at);
    void put_back(Piece& piece);
    void restart(Table& table);
    void update_due();
    bool hides(const Table& table, uint32_t xid) const;
    void forget_what_is_shown();
    void give_up_window();
    TableProgress progress_of(const Table& table) const;
    void report();

    Status prepare(Lock& lock);
    Status describe(uint32_t oid, Lock& lock);
    bool is_described_again(Table& table, std::optional<Description> now);
    Result<bool> merge_one(Finished finished, const SchemaVersions& schemas, std::vector<Block>& rows);
    std::vector<Block> unit(StreamDecoder& decoder, std::vector<Block> rows,
                            const std::vector<std::shared_ptr<const TableSchema>>& schemas);
    void end_table(uint32_t oid);
    bool is_worth_noting(uint32_t xid);
    void add_again(uint32_t oid, KeyText key, uint32_t xid);

    const Options& options_;
    const Database database_;
    const MakeReader make_reader_;
    const size_t chunk_bytes_;
    ChangeWindow window_;
    bool progress_changed_ = false;
    std::vector<std::string> completed_;
    std::optional<std::pair<uint32_t, bool>> noted_;  // a transaction, and whether it is worth noting
    std::string key_;
    std::atomic<uint64_t> due_{0}, waiting_{0};

    // Shared with the threads that read:
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    uint64_t wakeups_ = 0;
    std::map<uint32_t, Table> tables_;  // by OID; only the reader thread adds and removes
    std::deque<Finished> finished_;
    size_t buffered_ = 0;               // bytes of finished_
    std::optional<Visibility> newest_;  // of all that were seen, one of the latest
    std::optional<uint64_t> xmin_least_;
    uint64_t next_piece_ = 1;
    std::optional<Error> error_;
    bool told_waiting_ = false, told_busy_ = false;
    bool paused_ = false;
    bool unobserved_ = false;  // paused, and nothing is under way: the window stays empty
    std::atomic<bool> behind_{false};
    SteadyClock::time_point not_before_, next_read_, reported_;
    std::vector<std::jthread> threads_;
};

}  // namespace leat::pg
