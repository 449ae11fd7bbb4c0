#include "source/postgres/values/geometric_text.h"

#include "source/postgres/values/number_text.h"

namespace leat::pg {

Fault parse_point(std::string_view text, Point& value) {
    size_t comma = text.find(',');
    if (!text.starts_with('(') || !text.ends_with(')') || comma == std::string_view::npos)
        return Fault::malformed(0);
    if (Fault fault = parse_float64(text.substr(1, comma - 1), value.x)) return fault.inside(1);
    std::string_view second = text.substr(comma + 1, text.size() - comma - 2);
    return parse_float64(second, value.y).inside(comma + 1);
}

Fault append_vector(std::string_view text, ByteBuffer& to) {
    if (text.size() < 2 || text.front() != '[' || text.back() != ']') return Fault::malformed(0);
    size_t end = text.size() - 1;
    for (size_t at = 1; at < end;) {
        size_t comma = std::min(text.find(',', at), end);
        float element = 0;
        if (Fault fault = parse_float32(text.substr(at, comma - at), element)) return fault.inside(at);
        to.put(element);
        at = comma + 1;
        if (at == end && comma != end) return Fault::malformed(at);
    }
    return Fault::none();
}

}  // namespace leat::pg
