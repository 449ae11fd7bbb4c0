#include "codec/source_info.h"

#include "json/json_text.h"

namespace leat {

std::string_view snapshot_name(SnapshotPlace place) {
    switch (place) {
        case SnapshotPlace::none:
            return "false";
        case SnapshotPlace::inside:
            return "true";
        case SnapshotPlace::first:
            return "first";
        case SnapshotPlace::first_of_table:
            return "first_in_data_collection";
        case SnapshotPlace::last_of_table:
            return "last_in_data_collection";
        case SnapshotPlace::last:
            return "last";
        case SnapshotPlace::incremental:
            return "incremental";
    }
    return "false";
}

namespace {

constexpr std::string_view postgres_schema =
    R"({"type":"struct","fields":[)"
    R"({"type":"string","optional":false,"field":"version"},)"
    R"({"type":"string","optional":false,"field":"connector"},)"
    R"({"type":"string","optional":false,"field":"name"},)"
    R"({"type":"int64","optional":false,"field":"ts_ms"},)"
    R"({"type":"string","optional":true,"name":"io.debezium.data.Enum","version":1,"parameters":{"allowed":)"
    R"("true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"},)"
    R"("default":"false","field":"snapshot"},)"
    R"({"type":"string","optional":false,"field":"db"},)"
    R"({"type":"string","optional":true,"field":"sequence"},)"
    R"({"type":"int64","optional":true,"field":"ts_us"},)"
    R"({"type":"int64","optional":true,"field":"ts_ns"},)"
    R"({"type":"string","optional":false,"field":"schema"},)"
    R"({"type":"string","optional":false,"field":"table"},)"
    R"({"type":"int64","optional":true,"field":"txId"},)"
    R"({"type":"int64","optional":true,"field":"lsn"},)"
    R"({"type":"int64","optional":true,"field":"xmin"},)"
    R"({"type":"string","optional":true,"field":"origin"},)"
    R"({"type":"int64","optional":true,"field":"origin_lsn"}],)"
    R"("optional":false,"name":"io.debezium.connector.postgresql.Source","version":1,"field":"source"})";

class PostgresSourceInfo : public SourceInfoWriter {
  public:
    explicit PostgresSourceInfo(const DebeziumOptions& options)
        : head_("\"source\":{\"version\":" + json::quoted(options.version) +
                ",\"connector\":\"postgresql\",\"name\":" + json::quoted(options.topic_prefix) +
                ",\"ts_ms\":") {}

    std::vector<std::string> compile(const TableSchema* schema, std::string_view database) const override {
        std::string_view db = schema ? std::string_view(schema->database) : database;
        return {head_, "\",\"db\":" + json::quoted(db) + ",\"sequence\":\"[",
                ",\"schema\":" + json::quoted(schema ? schema->schema : "") +
                    ",\"table\":" + json::quoted(schema ? schema->name : "") + ",\"txId\":"};
    }

    void write(const std::vector<std::string>& pieces, const Change& change, const Transaction& transaction,
               int64_t captured_at_us, ByteBuffer& to) override {
        bool outside = change.op == Op::message && !change.transactional;
        int64_t time_us = outside ? captured_at_us : transaction.commit_time_us;
        uint64_t lsn = change.offset.value ? change.offset.value : transaction.commit.value;
        if (time_us != time_us_ || milliseconds_.empty()) set_time(time_us);
        to.put_text(pieces[0]);
        to.put_text(milliseconds_.text());
        to.put_text(",\"snapshot\":\"");
        to.put_text(snapshot_name(change.snapshot_place));
        to.put_text(pieces[1]);
        put_sequence(outside ? 0 : transaction.previous_end.value, lsn, to);
        to.put_text(finer_.text());
        to.put_text(pieces[2]);
        put_or_null(outside ? 0 : transaction.id.value, to);
        to.put_text(",\"lsn\":");
        put_or_null(lsn, to);
        to.put_text(",\"xmin\":null,\"origin\":null,\"origin_lsn\":null}");
    }

    std::string_view connector() const override { return "postgresql"; }
    std::string connect_schema() const override { return std::string(postgres_schema); }

    void write_transaction_id(const Transaction& transaction, ByteBuffer& to) const override {
        to.put_char('"');
        json::put_uint(to, transaction.id.value);
        to.put_char(':');
        json::put_uint(to, transaction.commit.value);
        to.put_char('"');
    }

    std::string collection(const TableSchema& schema) const override { return schema.qualified_name(); }

  private:
    // All changes of a transaction have the same time: it is made into text once.
    void set_time(int64_t time_us) {
        time_us_ = time_us;
        milliseconds_.clear();
        json::put_int(milliseconds_, time_us / 1000);
        finer_.clear();
        finer_.put_text("]\",\"ts_us\":");
        json::put_int(finer_, time_us);
        finer_.put_text(",\"ts_ns\":");
        json::put_int(finer_, time_us);
        finer_.put_text("000");
    }
    static void put_or_null(uint64_t number, ByteBuffer& to) {
        if (number)
            json::put_uint(to, number);
        else
            to.put_text("null");
    }
    // Both numbers are strings of a JSON array inside a JSON string.
    static void put_sequence(uint64_t previous, uint64_t lsn, ByteBuffer& to) {
        if (previous) {
            to.put_text("\\\"");
            json::put_uint(to, previous);
            to.put_text("\\\",\\\"");
        } else {
            to.put_text("null,\\\"");
        }
        json::put_uint(to, lsn);
        to.put_text("\\\"");
    }

    std::string head_;
    int64_t time_us_ = 0;
    ByteBuffer milliseconds_, finer_;
};

}  // namespace

std::unique_ptr<SourceInfoWriter> make_postgres_source_info(const DebeziumOptions& options) {
    return std::make_unique<PostgresSourceInfo>(options);
}

}  // namespace leat
