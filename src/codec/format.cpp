#include "codec/format.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "codec/cloudevents_encoder.h"
#include "codec/debezium_encoder.h"
#include "codec/event_encoder.h"
#include "codec/flat_encoder.h"

namespace leat {

namespace {
constexpr std::string_view names[] = {"debezium", "flat", "event", "cloudevents", "cloudevents-binary"};
}

std::span<const std::string_view> format_names() { return names; }

std::string_view name(Format format) { return names[static_cast<size_t>(format)]; }

Result<Format> parse_format(std::string_view name) {
    auto found = std::ranges::find(names, name);
    if (found != std::end(names)) return static_cast<Format>(found - std::begin(names));
    auto near = nearest(name, names);
    return fail(ErrorCode::USAGE, fmt::format("there is no format \"{}\"", name),
                near ? fmt::format("Did you mean {}?", *near)
                     : fmt::format("Formats are {}.", fmt::join(names, ", ")));
}

std::map<std::string, std::string> options_for(Format format, std::map<std::string, std::string> given) {
    if (format == Format::debezium) return given;
    given.try_emplace("decimal.handling.mode", "string");
    given.try_emplace("time.precision.mode", "isostring");
    given.try_emplace("interval.handling.mode", "string");
    return given;
}

std::unique_ptr<Encoder> make_encoder(Format format, DebeziumOptions options, ColumnProjection columns) {
    using Mode = CloudEventsEncoder::Mode;
    switch (format) {
        case Format::flat:
            return std::make_unique<FlatEncoder>(std::move(options), std::move(columns));
        case Format::event:
            return std::make_unique<EventEncoder>(std::move(options), std::move(columns));
        case Format::cloudevents:
            return std::make_unique<CloudEventsEncoder>(Mode::structured, std::move(options),
                                                        std::move(columns));
        case Format::cloudevents_binary:
            return std::make_unique<CloudEventsEncoder>(Mode::binary, std::move(options), std::move(columns));
        case Format::debezium:
            break;
    }
    return std::make_unique<DebeziumJsonEncoder>(std::move(options), std::move(columns));
}

}  // namespace leat
