// Text from outside made safe and measured for a terminal: no byte of a value ever acts as a control.
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace leat {

// Appends text with everything escaped that a terminal would act on or that would reorder a line: C0 and C1
// controls, DEL, bidirectional controls, line separators, bytes that are not UTF-8. Stops at columns_max
// columns; returns the columns appended. Compare with visible_columns() to see whether all of it fitted.
size_t put_visible(std::string& to, std::string_view text, size_t columns_max = SIZE_MAX);

// The columns that text made by put_visible() takes.
size_t visible_columns(std::string_view text);

// The start of text made by put_visible() that fits columns_max, ending in "…" where something was cut.
void put_shortened(std::string& to, std::string_view visible, size_t columns_max);

}  // namespace leat
