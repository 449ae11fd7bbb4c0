#include "model/tuple.h"
#include "source/postgres/values/nested_text.h"
#include "source/postgres/values/well_known_types.h"

namespace leat::pg {

namespace {

// Reads one array. Its number of dimensions stands at its start, in braces; their lengths are known only at
// the end, so that the head of the value is written then.
class ArrayParser {
  public:
    ArrayParser(std::string_view text, const Type& element, ByteBuffer& to)
        : from_(text),
          element_(element),
          append_(nested_append(element)),
          delimiter_(array_delimiter(element)),
          to_(to) {}

    Fault parse();

  private:
    struct Level {
        uint32_t count = 0;   // elements so far in the open braces
        int64_t length = -1;  // what the first braces of this level had, or the bounds say; -1: not known
        int32_t lower_bound = 1;
    };

    bool read_bounds();
    bool read_bound(int64_t& bound);
    bool read_depth();
    Fault read_levels();
    bool close_level();
    Fault read_element();
    void write_head(size_t head);

    TextScanner from_;
    const Type& element_;
    AppendFn append_;
    char delimiter_;
    ByteBuffer& to_;
    std::string scratch_;
    Level levels_[dimensions_max];
    size_t dimensions_ = 0;  // of the array
    size_t depth_ = 0;       // braces open
};

bool ArrayParser::read_bound(int64_t& bound) {
    bool negative = from_.take('-');
    uint64_t number = 0;
    if (from_.digits(10, number) == 0) return false;
    bound = negative ? -static_cast<int64_t>(number) : static_cast<int64_t>(number);
    return bound >= INT32_MIN && bound <= INT32_MAX;
}

// "[0:2][-1:0]=", which stands there only if a lower bound is not 1.
bool ArrayParser::read_bounds() {
    size_t count = 0;
    while (from_.take('[')) {
        int64_t lower = 0, upper = 0;
        if (count == dimensions_max || !read_bound(lower) || !from_.take(':') || !read_bound(upper))
            return false;
        if (!from_.take(']') || upper < lower) return false;
        levels_[count].lower_bound = static_cast<int32_t>(lower);
        levels_[count].length = upper - lower + 1;
        ++count;
    }
    dimensions_ = count;
    return count == 0 || from_.take('=');
}

// Elements never begin with a bare brace: the braces at the start are the dimensions.
bool ArrayParser::read_depth() {
    std::string_view rest = from_.rest();
    size_t braces = std::min(rest.find_first_not_of('{'), rest.size());
    if (braces == 0 || braces > dimensions_max || (dimensions_ > 0 && dimensions_ != braces)) return false;
    dimensions_ = braces;
    return true;
}

bool ArrayParser::close_level() {
    Level& level = levels_[depth_ - 1];
    if (level.length < 0) level.length = level.count;
    if (level.length != level.count || level.count == 0) return false;
    level.count = 0;
    if (--depth_ > 0) ++levels_[depth_ - 1].count;
    return true;
}

Fault ArrayParser::read_element() {
    size_t start = from_.offset();
    std::string_view token;
    if (from_.peek() == '"') {
        if (!read_quoted(from_, false, scratch_, token)) return from_.malformed();
    } else {
        auto ends_token = [&](char c) {
            return c == delimiter_ || c == '}' || c == '{' || c == '"' || c == '\\';
        };
        token = from_.rest().substr(0, find_first(from_.rest(), ends_token));
        if (token.empty()) return from_.malformed();
        from_.skip(token.size());
        if (token == "NULL") {
            to_.put(uint8_t{1});
            return Fault::none();
        }
    }
    to_.put(uint8_t{0});
    return append_(token, element_, to_).inside(start);
}

// Braces open up to the depth of the array, elements stand only there, and a delimiter follows whatever is
// followed by more.
Fault ArrayParser::read_levels() {
    do {
        while (depth_ < dimensions_) {
            if (!from_.take('{')) return from_.malformed();
            ++depth_;
        }
        if (Fault fault = read_element()) return fault;
        ++levels_[depth_ - 1].count;
        while (depth_ > 0 && from_.take('}'))
            if (!close_level()) return from_.malformed();
    } while (depth_ > 0 && from_.take(delimiter_));
    return depth_ == 0 ? from_.end_fault() : from_.malformed();
}

void ArrayParser::write_head(size_t head) {
    for (size_t i = 0; i < dimensions_; ++i) {
        uint8_t* dimension = to_.data() + head + 1 + i * 8;
        store(dimension, static_cast<uint32_t>(levels_[i].length));
        store(dimension + 4, levels_[i].lower_bound);
    }
}

Fault ArrayParser::parse() {
    if (from_.rest() == "{}") {
        to_.put(uint8_t{0});
        return Fault::none();
    }
    if (!read_bounds() || !read_depth()) return from_.malformed();
    size_t head = to_.size();
    to_.put(static_cast<uint8_t>(dimensions_));
    to_.grow(dimensions_ * 8);
    if (Fault fault = read_levels()) return fault;
    write_head(head);
    return Fault::none();
}

}  // namespace

char array_delimiter(const Type& element) {
    if (element.kind == Kind::geometry) return ':';
    return element.native_id == oid::box ? ';' : ',';
}

Fault append_array(std::string_view text, const Type& type, ByteBuffer& to) {
    if (!type.element) return Fault::unsupported();
    return ArrayParser(text, *type.element, to).parse();
}

}  // namespace leat::pg
