#include "server/start_place.h"

#include <fmt/core.h>

#include <charconv>

#include "base/text.h"
#include "delivery/log_place.h"

namespace leat::server {

Result<Seq> place_after(uint64_t after, const LogRange& range) {
    if (after >= range.next_seq.value)
        return fail(
            ErrorCode::API_SEQUENCE_AHEAD,
            fmt::format("the log ends at {}, before the sequence {} to go on after", range.next_seq.value - 1,
                        after),
            "The cursor is of another change log, or of one that was made anew. Begin with from=earliest.");
    if (after + 1 < range.first_seq.value)
        return fail(ErrorCode::LOG_TRIMMED,
                    fmt::format("the log begins at {}; what follows {} is no longer all there",
                                range.first_seq.value, after),
                    "Begin with from=earliest, and expect a gap; or keep the log for longer "
                    "(log.retention.ms, log.retention.bytes).");
    return Seq(after);
}

Result<Seq> start_place(const http::Request& request, const Parameters& parameters, const FeedSource& source,
                        const LogRange& range) {
    if (auto id = request.header("Last-Event-ID"); id && !id->empty()) {
        uint64_t after = 0;
        auto [end, error] = std::from_chars(id->data(), id->data() + id->size(), after);
        if (error != std::errc() || end != id->data() + id->size())
            return fail(ErrorCode::API_PARAMETER, "Last-Event-ID is no id that was given");
        return place_after(after, range);
    }
    LEAT_ASSIGN(auto after, parameters.number("after"));
    auto from = parameters.text("from");
    if (after && from) return fail(ErrorCode::API_PARAMETER, "after and from exclude each other");
    if (after) return place_after(*after, range);
    if (!from || *from == "now") return Seq(range.next_seq.value - 1);
    if (*from == "earliest") return Seq(range.first_seq.value - 1);
    if (auto time = parse_time_us(*from)) return place_of_time(source.read, range, *time);
    return fail(ErrorCode::API_PARAMETER, "from takes earliest, now, or a time",
                "For example 2026-11-21 or 2026-11-21T10:15:30Z.");
}

}  // namespace leat::server
