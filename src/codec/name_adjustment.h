// Names of fields and schemas that Avro takes: field.name.adjustment.mode and schema.name.adjustment.mode.
// Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace leat {

enum class NameAdjustment : uint8_t {
    none,
    avro,         // what Avro does not take becomes '_'
    avro_unicode  // ... becomes _uXXXX, and so does '_' itself, so that different names stay different
};

// A field's name: letters and digits of ASCII and '_', not beginning with a digit.
std::string adjusted_field_name(std::string_view name, NameAdjustment mode);
// A schema's: dots too.
std::string adjusted_schema_name(std::string_view name, NameAdjustment mode);

}  // namespace leat
