// Kafka Connect schemas as JsonConverter writes them, for schemas.enable. Made once per table schema.
// Pure functions; any thread.
#pragma once

#include <string>

#include "codec/debezium_options.h"
#include "codec/source_type.h"
#include "model/schema.h"

namespace leat {

// What a value's schema says apart from being optional, its default and its field name.
struct ConnectSchema {
    std::string type;        // `"type":"int32"`, with fields, items, keys and values
    std::string attributes;  // `,"name":…,"version":…,"parameters":…`, may be empty

    // The whole object. field empty: not in a struct. default_value is JSON, empty: none.
    std::string render(bool optional, std::string_view field = {}, std::string_view default_value = {}) const;
};

ConnectSchema connect_schema(const Type& type, const DebeziumOptions& options);

// `{"type":"struct",…}` of a row or a key; `columns` by index. told: columns whose type in the source is
// told.
std::string row_schema(const TableSchema& table, const std::vector<uint32_t>& columns, std::string_view name,
                       bool optional, std::string_view field, const DebeziumOptions& options,
                       const SourceTypeSelector* told = nullptr);
// The envelope of a table's changes.
std::string envelope_schema(const TableSchema& table, std::string_view topic, std::string_view source,
                            const DebeziumOptions& options);
// Of logical decoding messages.
std::string message_key_schema();
std::string message_schema(std::string_view source, const DebeziumOptions& options);
// Of the transaction topic.
std::string transaction_key_schema();
std::string transaction_value_schema();
// Of the heartbeat topic.
std::string heartbeat_key_schema();
std::string heartbeat_value_schema();

}  // namespace leat
