#include "codec/debezium_heartbeat.h"

#include "codec/connect_schema.h"
#include "codec/debezium_encoder.h"
#include "json/json_text.h"

namespace leat {

std::string make_heartbeat_topic(const DebeziumOptions& options) {
    if (!options.heartbeat_topic.empty()) return sanitized_topic(options.heartbeat_topic);
    return sanitized_topic(options.heartbeat_prefix + options.topic_delimiter + options.topic_prefix);
}

// The times are those of the log, so that the same log gives the same heartbeats.
void DebeziumJsonEncoder::end_unit(int64_t captured_at_us, RecordSink& out) {
    if (options_.heartbeat_interval_ms == 0) return;
    if (heartbeat_us_ == 0) heartbeat_us_ = captured_at_us;
    if (captured_at_us - heartbeat_us_ < static_cast<int64_t>(options_.heartbeat_interval_ms) * 1000) return;
    heartbeat_us_ = captured_at_us;
    auto put = [&](ByteBuffer& to, bool has_schema, std::string (*schema)(), auto payload) {
        to.clear();
        if (has_schema) to.put_text("{\"schema\":" + schema() + ",\"payload\":");
        payload(to);
        if (has_schema) to.put_char('}');
    };
    put(key_, options_.key_schemas, heartbeat_key_schema, [&](ByteBuffer& to) {
        to.put_text("{\"serverName\":");
        json::put_string(to, options_.topic_prefix);
        to.put_char('}');
    });
    put(value_, options_.schemas_enable, heartbeat_value_schema, [&](ByteBuffer& to) {
        to.put_text("{\"ts_ms\":");
        json::put_int(to, captured_at_us / 1000);
        to.put_char('}');
    });
    record_.headers.clear();
    record_.topic = heartbeat_topic_;
    record_.key = key_.text();
    record_.value = value_.text();
    out.write(record_);
}

}  // namespace leat
