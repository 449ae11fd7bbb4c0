#include "source/postgres/snapshot/copy_rows.h"

#include <fmt/core.h>

#include "source/postgres/snapshot/change_window.h"

namespace leat::pg {

using namespace std::chrono_literals;

std::string column_list(const TableSchema& schema) {
    std::string list;
    for (const Column& column : schema.columns) {
        if (!list.empty()) list += ", ";
        list += Connection::quote_identifier(column.name);
    }
    return list;
}

Result<OddTextCasts> find_odd_text_casts(Connection& connection, std::stop_token stop) {
    LEAT_ASSIGN(auto rows, connection.query(std::string(odd_text_casts_query), stop));
    OddTextCasts casts;
    for (int i = 0; i < rows.count(); ++i) casts.insert(std::stoull(rows.text(i, 0)));
    return casts;
}

CopyRows::CopyRows(Connection& connection, const Options& options)
    : options_(options),
      stream_(connection, options.change_bytes_max),
      builder_(options.block_bytes + options.block_bytes / 4) {}

Result<bool> CopyRows::copy(const Request& request, const Take& take, std::stop_token stop) {
    binary_row_.begin();
    size_t taken = 0;
    LEAT_TRY(stream_.start(request.sql, stop));
    while (true) {
        LEAT_ASSIGN(auto message, stream_.next());
        if (message) {
            LEAT_TRY(put_message(*message, request));
            bool full = taken + builder_.bytes() >= request.bytes_max;
            if (builder_.bytes() < options_.block_bytes && !full) continue;
            taken += builder_.bytes();
            LEAT_TRY(hand_on(request, take));
            if (full) return false;
        } else if (stream_.ended()) {
            LEAT_TRY(hand_on(request, take));
            return true;
        } else {
            if (stop.stop_requested()) return fail(ErrorCode::STOPPED, "stopped on request");
            LEAT_TRY(stream_.fill(500ms));
        }
    }
}

Status CopyRows::hand_on(const Request& request, const Take& take) {
    if (!builder_.in_transaction()) return {};
    builder_.end_transaction(builder_.change_count(), request.transaction.commit);
    return take(builder_.finish(BlockFlags{} | BlockFlag::snapshot));
}

Status CopyRows::put_message(Bytes message, const Request& request) {
    size_t columns = request.format.row_columns;
    if (!request.format.binary) {
        LEAT_TRY(text_row_.split(as_text(message), columns));
        return put_row(text_row_.columns(), request);
    }
    LEAT_ASSIGN(bool is_row, binary_row_.split(message, columns));
    return is_row ? put_row(binary_row_.columns(), request) : Status{};
}

Status CopyRows::put_row(Row row, const Request& request) {
    const TableSchema& schema = request.schema;
    const auto& decoders = request.format.decoders;
    if (!builder_.in_transaction()) builder_.begin_transaction(request.transaction, 0);
    builder_.begin_row(Op::read, schema, request.transaction.commit, request.place);
    builder_.begin_after();
    for (size_t i = 0; i < decoders.size(); ++i) {
        if (!row[i]) {
            decoders[i].put_state(ValueState::null, i, builder_);
            continue;
        }
        Status status = decoders[i](*row[i], i, builder_);
        if (status) [[likely]]
            continue;
        status.error().message += fmt::format(" (column {})", schema.columns[i].name);
        return status;
    }
    builder_.end_tuple();
    builder_.end_row();
    if (!request.keys) return {};
    key_.clear();
    for (size_t column : request.format.keys) append_key_value(row[column].value_or(""), key_);
    request.keys->put_string(key_);
    return {};
}

}  // namespace leat::pg
