#include "codec/flat_encoder.h"

#include "json/json_text.h"

namespace leat {

namespace {
constexpr std::string_view members[] = {"__op", "__table", "__ts", "__deleted", "__replay", "__seq"};
constexpr std::string_view message_piece = "\",\"__table\":null,\"__ts\":\"";
}  // namespace

FlatEncoder::FlatEncoder(DebeziumOptions options, ColumnProjection columns)
    : ObjectEncoder(std::move(options), std::move(columns), members, true),
      replay_(replay_member("__replay")) {}

FlatEncoder::Pieces FlatEncoder::compile(const TableSchema* table) const {
    return {"\",\"__table\":" + json::quoted(table->qualified_name()) + ",\"__ts\":\""};
}

Status FlatEncoder::put(const Told& told) {
    const TupleView* row = told.after ? told.after : told.before;
    if (row) LEAT_TRY(told.table->row.write_members(*row, told.after ? told.old : nullptr, value_));
    if (!told.table) {
        value_.put_char(',');
        put_message_members(told.change);
    }
    value_.put_text(",\"__op\":\"");
    value_.put_char(told.op);
    value_.put_text(told.table ? std::string_view(told.table->pieces[0]) : message_piece);
    value_.put_text(time());
    // Strings, as Debezium has them.
    value_.put_text(!row ? "\"" : told.after ? "\",\"__deleted\":\"false\"" : "\",\"__deleted\":\"true\"");
    value_.put_text(replay_);
    if (told.last) {
        value_.put_text(",\"__seq\":");
        json::put_uint(value_, told.change.seq.value);
    }
    value_.put_char('}');
    value_.data()[0] = '{';
    return {};
}

}  // namespace leat
