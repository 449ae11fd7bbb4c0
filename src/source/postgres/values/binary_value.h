// Values as the types' send functions give them (COPY ... FORMAT binary), straight into a change block. The
// same canonical values as from text (value_decoder.h), for less work of the server: docs/adr/0006.
// PostgreSQL source, the *send functions of src/backend/utils/adt. Pure and free of state.
#pragma once

#include <optional>

#include "source/postgres/values/value_decoder.h"

namespace leat::pg {

// None: Leat reads this type only as text.
std::optional<ColumnDecoder> make_binary_column_decoder(const Type& type);

}  // namespace leat::pg
