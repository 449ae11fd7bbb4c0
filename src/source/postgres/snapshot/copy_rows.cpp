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

CopyRows::CopyRows(Connection& connection, const Options& options)
    : options_(options),
      stream_(connection, options.change_bytes_max),
      builder_(options.block_bytes + options.block_bytes / 4) {}

Result<bool> CopyRows::copy(const Request& request, const Take& take, std::stop_token stop) {
    auto& columns = decoders_[request.schema.id];
    if (columns.empty())
        for (size_t i = 0; i < request.schema.column_count(); ++i)
            columns.push_back(make_column_decoder(request.schema, i, options_.columns));
    columns_ = &columns;
    size_t taken = 0;
    LEAT_TRY(stream_.start(request.sql, stop));
    while (true) {
        LEAT_ASSIGN(auto row, stream_.next());
        if (row) {
            LEAT_TRY(put_row(*row, request));
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

Status CopyRows::put_row(Bytes row, const Request& request) {
    const TableSchema& schema = request.schema;
    if (!builder_.in_transaction()) builder_.begin_transaction(request.transaction, 0);
    builder_.begin_row(Op::read, schema, request.transaction.commit, request.place);
    builder_.begin_after();
    LEAT_TRY(row_.split(as_text(row), columns_->size()));
    for (size_t i = 0; i < columns_->size(); ++i) {
        if (!row_[i]) {
            (*columns_)[i].put_state(ValueState::null, i, builder_);
            continue;
        }
        Status status = (*columns_)[i](*row_[i], i, builder_);
        if (status) [[likely]]
            continue;
        status.error().message += fmt::format(" (column {})", schema.columns[i].name);
        return status;
    }
    builder_.end_tuple();
    builder_.end_row();
    if (!request.keys) return {};
    key_.clear();
    for (uint32_t column : schema.key) append_key_value(row_[column].value_or(""), key_);
    request.keys->put_string(key_);
    return {};
}

}  // namespace leat::pg
