#include "codec/ndjson_writer.h"

#include "json/json_text.h"

namespace leat {

void put_open_record(ByteBuffer& to, const Record& record) {
    to.put_text("{\"topic\":");
    json::put_string(to, record.topic);
    to.put_text(",\"key\":");
    to.put_text(record.key.value_or("null"));
    to.put_text(",\"headers\":{");
    bool first = true;
    for (auto& header : record.headers) {
        if (!first) to.put_char(',');
        first = false;
        json::put_string(to, header.name);
        to.put_char(':');
        to.put_text(header.value);
    }
    to.put_text("},\"value\":");
    to.put_text(record.value.value_or("null"));
}

void NdjsonWriter::write(const Record& record) {
    put_open_record(to_, record);
    to_.put_text("}\n");
    ++records_;
    if (flush_ && to_.size() >= flush_bytes_) flush_(to_);
}

}  // namespace leat
