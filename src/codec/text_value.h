// One value for people to read, and safe to print. Compiled per column; immutable once made.
#pragma once

#include <string>

#include "codec/debezium_value.h"

namespace leat {

class TextValue {
  public:
    explicit TextValue(const Type& type);

    // Appends at most about columns_max columns: enough to see that a value is longer than that.
    void write(Bytes value, size_t columns_max, std::string& to) const;

  private:
    ValueWriter json_;  // of the kinds that are shown as JSON
};

}  // namespace leat
