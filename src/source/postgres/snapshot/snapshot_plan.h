// The snapshot of a PostgreSQL source: which tables, under which snapshot, and what is remembered of it.
//
// The first one reads under the snapshot that the slot exports: it shows exactly what was committed before
// the stream begins. Later ones (tables not finished before a kill, tables added to the configuration,
// snapshot.mode always) read under a new snapshot, whose visibility is kept in the position: the stream
// leaves out what it already shows (DESIGN.md, Snapshots).
#pragma once

#include <atomic>
#include <functional>
#include <map>

#include "snapshot/snapshot.h"
#include "source/postgres/server/position.h"
#include "source/postgres/server/publication.h"
#include "source/postgres/server/slot.h"
#include "source/postgres/snapshot/chunk_reader.h"
#include "source/postgres/snapshot/table_guard.h"
#include "source/schema_versions.h"

namespace leat::pg {

class PostgresSnapshotPlan : public SnapshotPlan {
  public:
    struct Context {
        const Options& options;
        Connection& sql;
        Connection& replication;
        Catalog& catalog;
        SchemaVersions& schemas;
        ResumeState& state;          // the source's; moved on by begin() and position_after()
        Publications& publications;  // the source's; filled by begin()
        uint32_t& left_out;          // attempts that had to leave tables out; counted by position_after()
    };
    enum class Kind : uint8_t {
        with_new_slot,    // makes the slot; reads the tables under its snapshot
        without_slot,     // initial_only: reads the tables, leaves nothing behind
        beside_old_slot,  // reads the tables under a snapshot of its own
    };

    // A table that a signal has asked for, whose rows are read whether or not it was captured before. It
    // stands in the position's unfinished tables until it is read.
    struct Asked {
        std::string condition;  // SQL, or a SELECT that reads the table; empty: all rows
        std::atomic<bool>* refused =
            nullptr;  // set where the condition cannot be carried out; outlives the plan
    };
    using AskedTables = std::map<uint32_t, Asked>;  // by OID

    // captured: all tables of the source, which are published; to_read: those that the snapshot reads;
    // markers: see schemas_before(); asked: of to_read.
    PostgresSnapshotPlan(Context context, Kind kind, std::vector<TableInfo> captured,
                         std::vector<TableInfo> to_read,
                         std::vector<std::shared_ptr<const TableSchema>> markers, AskedTables asked = {});
    ~PostgresSnapshotPlan() override;

    Position position_before() const override;
    std::vector<std::shared_ptr<const TableSchema>> schemas_before() const override { return markers_; }
    Status begin(std::stop_token stop) override;
    const std::vector<SnapshotTable>& tables() const override { return tables_; }
    const std::vector<SnapshotStep>& steps() const override { return steps_; }
    void leave_out(uint32_t table) override { left_out_[table] = true; }
    Result<std::unique_ptr<ChunkReader>> open_reader() override;
    void step_begun(size_t step) override;
    void chunk_done(const Chunk& chunk) override;
    Position position_within_step() override { return context_.state.encode(); }
    Position position_after_step(size_t step) override;
    Position position_after() override;

  private:
    Status drop_unused_slot(std::stop_token stop);
    Status make_slot(std::stop_token stop);
    Status export_snapshot(std::stop_token stop);
    Status wait_for_older_transactions(std::stop_token stop);
    Status hold_tables(std::stop_token stop);
    Status read_storage(std::stop_token stop);
    Status plan_tables(std::stop_token stop);
    bool all_were_captured() const;
    void ask_for(CopyTable& table, const TableInfo& info) const;
    void note_visibility(uint32_t table);

    Context context_;
    const Kind kind_;
    const std::vector<TableInfo> captured_;
    std::vector<TableInfo> infos_;  // to be read
    const std::vector<std::shared_ptr<const TableSchema>> markers_;
    const AskedTables asked_;
    std::vector<SnapshotTable> tables_;
    std::vector<CopyTable> copy_tables_;
    std::vector<SnapshotStep> steps_;
    std::optional<TableGuard> guard_;
    std::vector<bool> left_out_;  // by table
    std::vector<bool> known_;     // by table: all of it was captured before
    std::vector<size_t> left_;    // by table: chunks
    uint64_t xmin_ = 0;           // of the snapshot
    std::string snapshot_;
    Transaction transaction_;
    std::stop_token stop_;
    bool exporting_ = false;  // the SQL connection holds the exporting transaction
};

// Whether a condition is a whole SELECT, as Debezium has it for blocking snapshots.
bool is_select(std::string_view condition);

}  // namespace leat::pg
