#include "codec/ndjson_writer.h"

#include "codec/json_text.h"

namespace leat {

void NdjsonWriter::write(const Record& record) {
    to_.put_text("{\"topic\":");
    json::put_string(to_, record.topic);
    to_.put_text(",\"key\":");
    to_.put_text(record.key.value_or("null"));
    to_.put_text(",\"headers\":{");
    bool first = true;
    for (auto& header : record.headers) {
        if (!first) to_.put_char(',');
        first = false;
        json::put_string(to_, header.name);
        to_.put_char(':');
        to_.put_text(header.value);
    }
    to_.put_text("},\"value\":");
    to_.put_text(record.value.value_or("null"));
    to_.put_text("}\n");
    ++records_;
    if (flush_ && to_.size() >= flush_bytes_) flush_(to_);
}

}  // namespace leat
