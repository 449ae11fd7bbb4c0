// The formats that changes can be had in. docs/formats.md describes them.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "codec/column_projection.h"
#include "codec/debezium_options.h"
#include "codec/encoder.h"

namespace leat {

enum class Format : uint8_t { debezium, flat, event, cloudevents, cloudevents_binary };

std::span<const std::string_view> format_names();
std::string_view name(Format format);
// USAGE, with the nearest name there is.
Result<Format> parse_format(std::string_view name);

// A source's options, by Debezium's names, as a format takes them. Those without a schema beside their rows
// have decimals, times and intervals as text, which can be read without one, where the options say nothing.
std::map<std::string, std::string> options_for(Format format, std::map<std::string, std::string> given);

std::unique_ptr<Encoder> make_encoder(Format format, DebeziumOptions options, ColumnProjection columns = {});

}  // namespace leat
