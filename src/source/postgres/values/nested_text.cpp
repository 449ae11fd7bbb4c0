#include "source/postgres/values/nested_text.h"

namespace leat::pg {

namespace {

bool ends_bare_field(char c) { return c == ',' || c == ')' || c == '(' || c == '"' || c == '\\'; }

// From the first escape on; the text before it is in `scratch` already.
bool unescape(TextScanner& from, bool doubled, std::string& scratch) {
    while (!from.at_end()) {
        char c = from.peek();
        from.skip(1);
        if (c == '"' && !(doubled && from.peek() == '"')) return true;
        if (c == '\\' || c == '"') {
            if (from.at_end()) return false;
            c = from.peek();
            from.skip(1);
        }
        scratch.push_back(c);
    }
    return false;
}

}  // namespace

bool read_quoted(TextScanner& from, bool doubled, std::string& scratch, std::string_view& token) {
    if (!from.take('"')) return false;
    std::string_view rest = from.rest();
    size_t end = find_first(rest, [](char c) { return c == '"' || c == '\\'; });
    if (end == rest.size()) return false;
    bool doubled_quote = doubled && rest.substr(end).starts_with("\"\"");
    if (rest[end] == '"' && !doubled_quote) {
        token = rest.substr(0, end);
        from.skip(end + 1);
        return true;
    }
    scratch.assign(rest.substr(0, end));
    from.skip(end);
    if (!unescape(from, doubled, scratch)) return false;
    token = scratch;
    return true;
}

Fault append_composite(std::string_view text, const Type& type, ByteBuffer& to) {
    TextScanner from(text);
    std::string scratch;
    to.put(static_cast<uint32_t>(type.fields.size()));
    if (!from.take('(')) return from.malformed();
    for (size_t i = 0; i < type.fields.size(); ++i) {
        if (i > 0 && !from.take(',')) return from.malformed();
        size_t start = from.offset();
        std::string_view token;
        if (from.peek() == '"') {
            if (!read_quoted(from, true, scratch, token)) return from.malformed();
        } else {
            token = from.rest().substr(0, find_first(from.rest(), ends_bare_field));
            from.skip(token.size());
            if (token.empty()) {
                to.put(uint8_t{1});
                continue;
            }
        }
        to.put(uint8_t{0});
        const Type& field = type.fields[i].type;
        if (Fault fault = nested_append(field)(token, field, to)) return fault.inside(start);
    }
    return from.take(')') ? from.end_fault() : from.malformed();
}

Fault append_hstore(std::string_view text, ByteBuffer& to) {
    TextScanner from(text);
    std::string scratch;
    std::string_view token;
    size_t head = to.size();
    uint32_t pairs = 0;
    to.put(pairs);
    while (!from.at_end()) {
        if (pairs > 0 && !from.take(", ")) return from.malformed();
        if (!read_quoted(from, false, scratch, token)) return from.malformed();
        to.put_string(token);
        if (!from.take("=>")) return from.malformed();
        bool null = from.take("NULL");
        to.put(static_cast<uint8_t>(null));
        if (!null) {
            if (!read_quoted(from, false, scratch, token)) return from.malformed();
            to.put_string(token);
        }
        ++pairs;
    }
    store(to.data() + head, pairs);
    return Fault::none();
}

}  // namespace leat::pg
