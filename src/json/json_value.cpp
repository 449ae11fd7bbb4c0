#include "json/json_value.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/utf8.h"
#include "json/json_text.h"

namespace leat::json {

namespace {

constexpr std::string_view kind_names[] = {"null",   "a truth value", "a number",
                                           "a text", "a list",        "an object"};

struct Place {
    int line = 1, column = 0;
};

// Counts while the library reads. The place is that of the last byte that was no space: the library reads one
// byte past a number, and that may be a line break.
class CountingIterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(const char* at, Place* read, Place* last) : at_(at), read_(read), last_(last) {}
    const char& operator*() const { return *at_; }
    CountingIterator& operator++() {
        char c = *at_++;
        if (c == '\n')
            *read_ = {read_->line + 1, 0};
        else if ((c & 0xC0) != 0x80)
            ++read_->column;
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') *last_ = *read_;
        return *this;
    }
    bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
    bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

  private:
    const char* at_;
    Place* read_;
    Place* last_;
};

// What the library's text says, without its repetition of what was read.
std::string reason_of(const std::string& said) {
    std::string_view text = said;
    text = text.substr(0, text.find("; last read: "));
    size_t begins = text.find(" - ");
    return std::string(begins == std::string_view::npos ? "it cannot be read" : text.substr(begins + 3));
}

class Builder : public nlohmann::json_sax<nlohmann::json> {
  public:
    Builder(const ReadLimits& limits, const Place& place) : limits_(limits), place_(place) {}

    bool null() override { return add(Value::Kind::null, "null"); }
    bool boolean(bool value) override { return add(Value::Kind::boolean, value ? "true" : "false"); }
    bool number_integer(int64_t value) override { return add(Value::Kind::number, std::to_string(value)); }
    bool number_unsigned(uint64_t value) override { return add(Value::Kind::number, std::to_string(value)); }
    bool number_float(double, const std::string& written) override {
        return add(Value::Kind::number, written);
    }
    bool string(std::string& value) override { return add(Value::Kind::text, std::move(value)); }
    bool binary(nlohmann::json::binary_t&) override { return false; }
    bool start_object(size_t) override { return open(Value::Kind::object); }
    bool start_array(size_t) override { return open(Value::Kind::array); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(std::string& name) override {
        Level& level = levels_.back();
        if (!level.seen.insert(name).second) return refuse("a member of this name stands here already");
        level.value.names.push_back(name);
        level.line = place_.line;
        return true;
    }

    bool parse_error(size_t, const std::string&, const nlohmann::json::exception& error) override {
        return refuse(error.id == 406 ? "a number is too large" : reason_of(error.what()));
    }

    Value take() { return std::move(root_); }
    const std::string& reason() const { return reason_; }

  private:
    struct Level {
        Value value;
        std::set<std::string> seen;
        int line = 1;
    };

    bool refuse(std::string why) {
        reason_ = std::move(why);
        return false;
    }
    bool count() { return ++count_ <= limits_.values || refuse("it has too many values"); }
    bool add(Value::Kind kind, std::string text) {
        if (!count()) return false;
        Value value{kind, std::move(text), {}, {}, place_.line};
        if (kind == Value::Kind::null) value.text.clear();
        return put(std::move(value));
    }
    bool put(Value value) {
        if (levels_.empty()) {
            root_ = std::move(value);
            return true;
        }
        Level& level = levels_.back();
        if (level.value.is(Value::Kind::object)) value.line = level.line;
        level.value.items.push_back(std::move(value));
        return true;
    }
    bool open(Value::Kind kind) {
        if (levels_.size() == limits_.depth) return refuse("it is nested too deeply");
        if (!count()) return false;
        levels_.push_back({{kind, {}, {}, {}, place_.line}, {}, place_.line});
        return true;
    }
    bool close() {
        Value value = std::move(levels_.back().value);
        levels_.pop_back();
        return put(std::move(value));
    }

    const ReadLimits& limits_;
    const Place& place_;
    std::vector<Level> levels_;
    Value root_;
    size_t count_ = 0;
    std::string reason_;
};

void write(ByteBuffer& to, const Value& value) {
    bool object = value.is(Value::Kind::object);
    switch (value.kind) {
        case Value::Kind::null:
            to.put_text("null");
            break;
        case Value::Kind::boolean:
        case Value::Kind::number:
            to.put_text(value.text);
            break;
        case Value::Kind::text:
            put_string(to, value.text);
            break;
        case Value::Kind::array:
        case Value::Kind::object:
            to.put_char(object ? '{' : '[');
            for (size_t i = 0; i < value.items.size(); ++i) {
                if (i) to.put_char(',');
                if (object) put_string(to, value.names[i]), to.put_char(':');
                write(to, value.items[i]);
            }
            to.put_char(object ? '}' : ']');
    }
}

}  // namespace

std::string_view name(Value::Kind kind) { return kind_names[static_cast<size_t>(kind)]; }

const Value* Value::member(std::string_view name) const {
    for (size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return &items[i];
    return nullptr;
}

std::string Value::text_of(std::string_view name) const {
    const Value* found = member(name);
    return found && found->is(Kind::text) ? found->text : std::string();
}

std::expected<Value, Fault> parse(std::string_view text, const ReadLimits& limits) {
    if (text.size() > limits.bytes)
        return std::unexpected(Fault{1, 0, fmt::format("it has more than {} bytes", limits.bytes)});
    Place read, place;
    Builder builder(limits, place);
    CountingIterator begin(text.data(), &read, &place), end(text.data() + text.size(), &read, &place);
    if (nlohmann::json::sax_parse(begin, end, &builder)) return builder.take();
    return std::unexpected(Fault{place.line, place.column, builder.reason()});
}

Result<Value> read(std::string_view text, const ReadLimits& limits) {
    auto value = parse(text, limits);
    if (value) return std::move(*value);
    const Fault& fault = value.error();
    return fail(ErrorCode::JSON_INVALID, fmt::format("line {}, column {}: not valid JSON: {}", fault.line,
                                                     fault.column, fault.reason));
}

std::string to_text(const Value& value) {
    ByteBuffer buffer;
    write(buffer, value);
    return std::string(buffer.text());
}

}  // namespace leat::json
