// A PostgreSQL database as a source: logical replication through pgoutput, snapshots by COPY. PostgreSQL 13
// to 18.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/clock.h"
#include "source/postgres/server/publication.h"
#include "source/postgres/server/server_watch.h"
#include "source/postgres/signal_table.h"
#include "source/postgres/snapshot/incremental_snapshot.h"
#include "source/postgres/snapshot/snapshot_plan.h"
#include "source/postgres/stream/transaction_assembler.h"
#include "source/postgres/wire/read_pace.h"
#include "source/source.h"

namespace leat::pg {

class PostgresSource : public Source {
  public:
    explicit PostgresSource(Options options);
    // Removes what a temporary source made, and the slot if slot.drop.on.stop says so.
    ~PostgresSource() override;

    Result<std::vector<Finding>> check() override;
    Result<std::unique_ptr<SnapshotPlan>> open(const ResumePoint& from, std::stop_token stop) override;
    void listen_to(SignalQueue& signals) override { inner_signals_ = &signals; }
    Status start_streaming(std::stop_token stop) override;
    Result<std::optional<Block>> read(std::chrono::milliseconds wait) override;
    Status keep_alive() override;
    void confirm(const Position& durable) override;
    ServerLoad server_load() const override;
    void close() override;
    Status release(std::stop_token stop) override;
    std::string describe(const Position& position) const override;

  private:
    using Plan = PostgresSnapshotPlan;

    Status connect(std::stop_token stop);
    Result<ServerIdentity> connect_replication(std::stop_token stop);
    Status connect_sql(std::stop_token stop);
    std::chrono::milliseconds answer_deadline() const;
    Status check_findings(const std::vector<TableInfo>& tables, bool needs_slot, std::stop_token stop);
    Result<std::unique_ptr<SnapshotPlan>> start_new(const ServerIdentity& server,
                                                    std::vector<TableInfo> tables, std::stop_token stop);
    Result<std::unique_ptr<SnapshotPlan>> resume(const ServerIdentity& server, std::vector<TableInfo> tables,
                                                 std::stop_token stop);
    Status check_no_copy(std::stop_token stop);
    void begin_state(const ServerIdentity& server);
    Status check_unknown_slot(const ServerIdentity& server, const SlotInfo& slot, std::stop_token stop);
    Result<std::unique_ptr<SnapshotPlan>> take_over(const ServerIdentity& server, const SlotInfo& slot,
                                                    std::vector<TableInfo> tables, std::stop_token stop);
    Status prepare_take_over(const SlotInfo& slot, const std::vector<TableInfo>& tables, bool reads,
                             std::stop_token stop);
    bool is_captured(const TableInfo& table) const;
    void keep_unfinished(const std::vector<TableInfo>& tables);
    std::vector<TableInfo> to_snapshot(std::vector<TableInfo> tables) const;
    void read_incrementally(std::vector<TableInfo>& to_read);
    std::vector<std::shared_ptr<const TableSchema>> no_longer_captured(const std::vector<TableInfo>& tables);
    Error slot_in_use(const SlotInfo& slot) const;
    Status wait_until_slot_is_free(std::stop_token stop);
    std::unique_ptr<SnapshotPlan> plan(Plan::Kind kind, std::vector<TableInfo> captured,
                                       std::vector<TableInfo> to_read,
                                       std::vector<std::shared_ptr<const TableSchema>> markers,
                                       Plan::AskedTables asked = {});
    Result<std::shared_ptr<const TableSchema>> describe_relation(const RelationMessage& message);

    bool can_be_read_by_key(const TableInfo& table) const;
    Status start_incremental();
    void make_incremental(std::vector<TableProgress> tables);
    Status carry_out_signals();
    bool inner_signals_wait() const;
    Status carry_out_inner_signals();
    Result<SignalOutcome> carry_out(const Signal& signal, const std::string& id);
    // source_blocking.cpp
    Status ask_for(const Signal& signal, const TableInfo& table);
    Status check_condition(const TableInfo& table, const std::string& condition);
    void note_asked();
    std::vector<TableInfo> take_asked(const std::vector<TableInfo>& tables);
    Plan::AskedTables asked_of(const std::vector<TableInfo>& tables);
    SignalOutcome carry_out_of(const Signal& signal, const std::vector<TableInfo>& tables);
    Status read_again(const Signal& signal, const TableInfo& table);
    Result<std::optional<IncrementalSnapshot::Description>> describe_for_snapshot(uint32_t table);
    Result<uint64_t> next_transaction();
    bool merge_is_due() const;
    Status merge();
    Status move_idle_server();
    void tell_completed();
    Block take_block();

    Status take_message(Bytes copy_data);
    Status check_notice(const ServerMessage& notice) const;
    Status replay();
    Error stream_error(Error error) const;
    Error assembly_error(Error error);
    Error server_error(Error error);
    Error stop_streaming(Error error);
    Status send_status_if_due();
    Status send_status(bool reply_requested);
    bool position_is_due() const;
    Status check_alive();
    Status watch();
    Status give_up_slot();
    void remember(const std::vector<TableInfo>& tables);
    Result<std::vector<TableInfo>> selected_tables(std::stop_token stop);
    Status look_for_tables();
    Error reopened(Error error) const;

    Options options_;
    std::optional<Connection> sql_, replication_;
    std::optional<Catalog> catalog_;
    std::optional<SchemaVersions> schemas_;
    std::vector<std::shared_ptr<const TableSchema>> in_log_;
    ResumeState state_;
    Publications publications_;
    uint32_t undecodable_ = 0;  // attempts that the server could not decode, without a change in between
    uint32_t left_out_ = 0;     // attempts of a snapshot that left tables out, one after the other
    bool streamed_ = false;     // once; a temporary source cannot do so twice
    std::stop_token stop_;      // of the stream

    std::unique_ptr<FrameStream> stream_;
    std::unique_ptr<StreamDecoder> decoder_;
    std::unique_ptr<Spill> spill_;
    std::unique_ptr<TransactionAssembler> assembler_;
    bool streaming_ = false, without_streaming_ = false;  // this connection, the next one
    std::optional<ServerWatch> watch_;
    std::unordered_map<uint32_t, bool>
        tables_;                            // that are captured, and whether they have a replica identity
    std::unordered_set<uint32_t> refused_;  // tables that may not be captured, of which it was told
    SteadyClock::time_point sql_tried_{};   // to connect for the watch
    std::optional<SignalTable> signals_;
    SignalQueue* inner_signals_ = nullptr;
    bool incremental_paused_ = false;
    // Tables that signals have asked for, to be read while the stream stands still.
    struct Asked {
        std::atomic<bool> refused{false};  // its condition
    };
    std::map<uint32_t, Asked> asked_;                   // by OID; of this process
    std::vector<TableProgress> to_ask_;                 // noted when the unit ends that has the signal
    bool stops_for_snapshot_ = false;                   // that unit was taken
    std::unique_ptr<IncrementalSnapshot> incremental_;  // while tables are unfinished
    std::vector<std::string> completed_;                // tables, to be told when it was
    Lsn stuck_at_;                                      // since stuck_since_
    SteadyClock::time_point stuck_since_;
    std::deque<Block> merged_;  // a unit of its rows, to be handed on
    std::optional<ReadPace> pace_;
    size_t last_fill_ = 0;
    bool reply_requested_ = false;
    std::atomic<uint64_t> durable_{0};
    std::atomic<uint64_t> held_bytes_{UINT64_MAX}, lag_bytes_{UINT64_MAX};  // UINT64_MAX: unknown
    uint64_t told_ = 0;  // of durable_, with the last status update
    SteadyClock::time_point status_sent_, received_, position_taken_;
};

// The conditions of a signal that are for a table, joined; "" for none.
Result<std::string> condition_of(const Signal& signal, const TableInfo& table);

}  // namespace leat::pg
