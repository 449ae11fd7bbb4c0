// Puts together what the server sends of transactions before they are decided: pieces of those in progress
// (protocols 2 and 4), and those that are prepared (protocol 3). Their messages are kept as they came; at the
// commit they go to the StreamDecoder, as if they came just then between Begin and Commit. Everything else
// goes there at once. docs/adr/0007.
//
// Belongs to one thread.
#pragma once

#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "source/postgres/stream/stream_decoder.h"
#include "source/postgres/stream/xid_set.h"
#include "spill/spill.h"

namespace leat::pg {

class TransactionAssembler {
  public:
    // Both outlive it; the decoder has not taken anything yet.
    TransactionAssembler(StreamDecoder& decoder, Spill& spill);

    // Takes one message; not while replaying(). After an error it is not used again. SPILL_FULL, SPILL_FAILED
    // and PG_STREAMED_MESSAGE say that these transactions cannot be kept here: without streaming the server
    // keeps them.
    Status take(const WalData& wal);
    // As StreamDecoder::reached.
    void reached(Lsn wal_end);

    // A transaction was committed, and its changes are being decoded.
    bool replaying() const { return replay_ != nullptr; }
    // Goes on with that: until the decoder's block is full, the transaction is through, or for a while.
    Status replay();

  private:
    struct Kept {
        explicit Kept(Spill& spill) : records(spill) {}
        SpilledRecords records;
        XidSet aborted;             // subtransactions that were rolled back
        bool has_messages = false;  // of pg_logical_emit_message
        Lsn prepared;               // where; 0: it is not
        CommitMessage commit;       // once it is decided
    };
    using Transactions = std::unordered_map<uint32_t, std::unique_ptr<Kept>>;

    Status stream_start(Bytes message);
    Status stream_stop(Bytes message);
    Status stream_commit(Bytes message);
    Status stream_abort(Bytes message);
    Status begin_prepare(Bytes message);
    Status prepare(Bytes message);
    Status stream_prepare(Bytes message);
    Status commit_prepared(Bytes message);
    Status rollback_prepared(Bytes message);

    Status keep(const WalData& wal);
    Status keep_streamed(const WalData& wal);
    Status keep_prepared(const WalData& wal);
    Status keep_relation_of(uint32_t oid);
    Status append(uint64_t place, uint32_t xid, char type, Bytes body);
    Status abort_subtransaction(Kept& kept, uint32_t xid);
    Status start_replay(Transactions::iterator found, const CommitMessage& commit);
    Status replay_record(Bytes record);
    Result<Transactions::iterator> find(uint32_t xid, char type);
    void prepared_changed();
    bool open_or_decoding() const { return open_ || decoder_.in_transaction(); }
    Status out_of_order(Bytes message, std::string_view what) const;

    StreamDecoder& decoder_;
    Spill& spill_;
    Transactions transactions_;
    Kept* open_ = nullptr;  // between Stream Start and Stop, or Begin Prepare and Prepare
    uint32_t open_xid_ = 0;
    bool open_is_streamed_ = false;
    std::unordered_set<uint32_t>
        open_relations_;        // whose message is among the records, if it is not streamed
    size_t aborted_bytes_ = 0;  // of all XidSets

    std::unique_ptr<Kept> replay_;

    // Until the stream has come back to where the log ends, not all prepared transactions have been sent
    // again.
    const Lsn log_end_, log_prepared_;
    bool past_log_end_ = false;
};

}  // namespace leat::pg
