#include "codec/event_encoder.h"

#include "json/json_text.h"

namespace leat {

namespace {

std::string_view operation(char op) {
    switch (op) {
        case 'c':
            return "INSERT";
        case 'u':
            return "UPDATE";
        case 'd':
            return "DELETE";
        case 'r':
            return "SNAPSHOT";
        case 't':
            return "TRUNCATE";
        default:
            return "MESSAGE";
    }
}

}  // namespace

std::string EventEncoder::piece(std::string_view database, std::string_view table_json) {
    return "\",\"source_db\":" + json::quoted(database) + ",\"table_name\":" + std::string(table_json) +
           ",\"operation\":\"";
}

EventEncoder::Pieces EventEncoder::compile(const TableSchema* table) const {
    return {piece(table->database, json::quoted(table->qualified_name()))};
}

Status EventEncoder::put(const Told& told) {
    value_.put_text("{\"event_id\":\"");
    put_id(told, value_);
    value_.put_text(told.table ? told.table->pieces[0] : message_piece_);
    value_.put_text(operation(told.op));
    value_.put_text("\",\"before_data\":");
    LEAT_TRY(put_row(told, told.before));
    value_.put_text(",\"after_data\":");
    if (told.table) {
        LEAT_TRY(put_row(told, told.after));
    } else {
        value_.put_char('{');
        put_message_members(told.change);
        value_.put_char('}');
    }
    value_.put_text(",\"timestamp\":\"");
    value_.put_text(time());
    value_.put_text("\",\"transaction_id\":");
    put_transaction_id(told, value_);
    value_.put_text(",\"sequence_number\":");
    json::put_uint(value_, told.change.seq.value);
    value_.put_text(replay_);
    value_.put_char('}');
    return {};
}

}  // namespace leat
