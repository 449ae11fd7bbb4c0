#include "codec/cloudevents_encoder.h"

#include <fmt/format.h>

#include "json/json_text.h"

namespace leat {

namespace {

enum Piece : size_t { subject, subject_header, data_head };

std::string_view type_of(char op) {
    switch (op) {
        case 'c':
            return "\"leat.change.insert\"";
        case 'u':
            return "\"leat.change.update\"";
        case 'd':
            return "\"leat.change.delete\"";
        case 'r':
            return "\"leat.change.snapshot\"";
        case 't':
            return "\"leat.change.truncate\"";
        default:
            return "\"leat.change.message\"";
    }
}

std::string escaped(std::string_view text, bool (*stays)(uint8_t)) {
    std::string result;
    for (char c : text) {
        if (stays(static_cast<uint8_t>(c)))
            result += c;
        else
            result += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
    return result;
}

// RFC 3986: what a segment of a path may have without being escaped.
bool is_unreserved(uint8_t c) { return std::isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

std::string source_of(std::string_view name) { return "/leat/" + escaped(name, is_unreserved); }

std::string header_json(std::string_view text) { return "\"" + cloudevents_header_value(text) + "\""; }

}  // namespace

std::string cloudevents_header_value(std::string_view text) {
    return escaped(text, [](uint8_t c) { return c > 0x20 && c < 0x7f && c != '"' && c != '%' && c != '\\'; });
}

CloudEventsEncoder::CloudEventsEncoder(Mode mode, DebeziumOptions options, ColumnProjection columns)
    : ObjectEncoder(std::move(options), std::move(columns)),
      mode_(mode),
      source_(json::quoted(source_of(options_.topic_prefix))),
      source_header_(header_json(source_of(options_.topic_prefix))),
      id_header_head_(cloudevents_header_value(options_.topic_prefix) + ":"),
      message_pieces_(pieces_of(options_.database, nullptr)),
      replay_(replay_member("leatreplay")),
      replay_header_(header_json(options_.replay)) {}

CloudEventsEncoder::Pieces CloudEventsEncoder::compile(const TableSchema* table) const {
    return pieces_of(table->database, table);
}

// Messages have no subject.
CloudEventsEncoder::Pieces CloudEventsEncoder::pieces_of(std::string_view database,
                                                         const TableSchema* table) const {
    std::string name = table ? table->qualified_name() : "";
    std::string quoted = table ? json::quoted(name) : "null";
    return {table ? ",\"subject\":" + quoted : "", header_json(name),
            "\",\"database\":" + json::quoted(database) + ",\"table\":" + quoted + ",\"transaction_id\":"};
}

Status CloudEventsEncoder::put(const Told& told) {
    const Pieces& pieces = told.table ? told.table->pieces : message_pieces_;
    sequence_.clear();
    fmt::format_int digits(told.change.seq.value);
    constexpr std::string_view zeros = "\"00000000000000000000";
    sequence_.put_text(zeros.substr(0, zeros.size() - digits.size()));  // the extension compares text
    sequence_.put_text({digits.data(), digits.size()});
    sequence_.put_char('"');
    if (mode_ == Mode::binary) {
        put_headers(told, pieces);
        return put_data(told, pieces);
    }
    put_attributes(told, pieces);
    LEAT_TRY(put_data(told, pieces));
    value_.put_char('}');
    return {};
}

void CloudEventsEncoder::put_attributes(const Told& told, const Pieces& pieces) {
    value_.put_text("{\"specversion\":\"1.0\",\"id\":\"");
    put_id(told, value_);
    value_.put_text("\",\"source\":");
    value_.put_text(source_);
    value_.put_text(",\"type\":");
    value_.put_text(type_of(told.op));
    value_.put_text(pieces[subject]);
    value_.put_text(",\"time\":\"");
    value_.put_text(time());
    value_.put_text("\",\"datacontenttype\":\"application/json\",\"sequence\":");
    value_.put_text(sequence_.text());
    value_.put_text(replay_);
    value_.put_text(",\"data\":");
}

void CloudEventsEncoder::put_headers(const Told& told, const Pieces& pieces) {
    id_.clear();
    id_.put_char('"');
    id_.put_text(id_header_head_);
    put_id_numbers(told, id_);
    id_.put_char('"');
    time_header_.clear();
    time_header_.put_char('"');
    time_header_.put_text(time());
    time_header_.put_char('"');
    record_.headers.push_back({"ce-specversion", "\"1.0\""});
    record_.headers.push_back({"ce-id", id_.text()});
    record_.headers.push_back({"ce-source", source_header_});
    record_.headers.push_back({"ce-type", type_of(told.op)});
    if (told.table) record_.headers.push_back({"ce-subject", pieces[subject_header]});
    record_.headers.push_back({"ce-time", time_header_.text()});
    record_.headers.push_back({"ce-sequence", sequence_.text()});
    if (!replay_.empty()) record_.headers.push_back({"ce-leatreplay", replay_header_});
    record_.headers.push_back({"content-type", "\"application/json\""});
}

Status CloudEventsEncoder::put_data(const Told& told, const Pieces& pieces) {
    value_.put_text("{\"op\":\"");
    value_.put_char(told.op);
    value_.put_text(pieces[data_head]);
    put_transaction_id(told, value_);
    if (told.table) {
        value_.put_text(",\"before\":");
        LEAT_TRY(put_row(told, told.before));
        value_.put_text(",\"after\":");
        LEAT_TRY(put_row(told, told.after));
    } else {
        value_.put_text(",\"message\":{");
        put_message_members(told.change);
        value_.put_char('}');
    }
    value_.put_char('}');
    return {};
}

}  // namespace leat
