#include "source/postgres/wire/start_replication.h"

#include <fmt/core.h>

#include "source/postgres/wire/connection.h"

namespace leat::pg {

namespace {
constexpr int messages_version = 140000;
constexpr int parallel_version = 160000;  // from here on aborts say where they happened
}  // namespace

std::string start_replication_command(const StreamRequest& request) {
    bool streaming = request.streaming && request.server_version >= streaming_version;
    bool parallel = streaming && request.server_version >= parallel_version;
    int protocol = parallel ? 4 : request.two_phase ? 3 : streaming ? 2 : 1;
    std::string names;
    for (const std::string& publication : request.publications)
        names += (names.empty() ? "" : ",") + Connection::quote_identifier(publication);
    std::string options = fmt::format("proto_version '{}', publication_names {}", protocol,
                                      Connection::quote_replication_literal(names));
    if (request.server_version >= messages_version) options += ", messages 'true'";
    if (streaming) options += fmt::format(", streaming '{}'", parallel ? "parallel" : "on");
    if (request.two_phase) options += ", two_phase 'on'";
    return fmt::format("START_REPLICATION SLOT {} LOGICAL {} ({})",
                       Connection::quote_identifier(request.slot), format_lsn(request.start), options);
}

}  // namespace leat::pg
