#include "filter/json_tree.h"

#include <fmt/core.h>

#include <charconv>

#include "base/utf8.h"

namespace leat {
namespace {

constexpr int depth_max = 2000;

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    Result<JsonNode> read() {
        JsonNode root;
        bool whole = value(root, 0) && (skip_space(), at_ == text_.size());
        if (!whole)
            return fail(ErrorCode::INTERNAL, fmt::format("the parse tree is not JSON at offset {}", at_));
        return root;
    }

  private:
    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
            ++at_;
    }
    bool take(char c) {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    bool value(JsonNode& to, int depth) {
        if (depth > depth_max) return false;
        skip_space();
        if (at_ >= text_.size()) return false;
        switch (text_[at_]) {
            case '{':
                return object(to, depth);
            case '[':
                return array(to, depth);
            case '"':
                to.kind = JsonNode::Kind::string;
                return string(to.text);
            default:
                return word(to);
        }
    }

    bool object(JsonNode& to, int depth) {
        to.kind = JsonNode::Kind::object;
        ++at_;
        if (take('}')) return true;
        do {
            auto& [name, member] = to.members.emplace_back();
            skip_space();
            if (!string(name) || !take(':') || !value(member, depth + 1)) return false;
        } while (take(','));
        return take('}');
    }

    bool array(JsonNode& to, int depth) {
        to.kind = JsonNode::Kind::array;
        ++at_;
        if (take(']')) return true;
        do {
            if (!value(to.items.emplace_back(), depth + 1)) return false;
        } while (take(','));
        return take(']');
    }

    bool word(JsonNode& to) {
        size_t begin = at_;
        while (at_ < text_.size() &&
               std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos)
            ++at_;
        to.text = text_.substr(begin, at_ - begin);
        if (to.text == "null")
            to.kind = JsonNode::Kind::null;
        else if (to.text == "true" || to.text == "false")
            to.kind = JsonNode::Kind::boolean;
        else if (!to.text.empty() &&
                 std::string_view("-0123456789").find(to.text[0]) != std::string_view::npos)
            to.kind = JsonNode::Kind::number;
        else
            return false;
        return true;
    }

    bool string(std::string& to) {
        if (at_ >= text_.size() || text_[at_] != '"') return false;
        for (++at_; at_ < text_.size(); ++at_) {
            char c = text_[at_];
            if (c == '"') return ++at_, true;
            if (c != '\\')
                to += c;
            else if (!escape(to))
                return false;
        }
        return false;
    }

    // At the backslash; leaves the place at the last character of the escape.
    bool escape(std::string& to) {
        if (++at_ >= text_.size()) return false;
        constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
        if (size_t i = letters.find(text_[at_]); i != std::string_view::npos) return to += meant[i], true;
        if (text_[at_] != 'u' || text_.size() - at_ < 5) return false;
        uint32_t code = 0;
        const char* from = text_.data() + at_ + 1;
        auto [end, error] = std::from_chars(from, from + 4, code, 16);
        if (error != std::errc() || end != from + 4) return false;
        at_ += 4;
        append_utf8(code, to);
        return true;
    }

    std::string_view text_;
    size_t at_ = 0;
};

}  // namespace

const JsonNode* JsonNode::find(std::string_view name) const {
    for (const auto& [key, member] : members)
        if (key == name) return &member;
    return nullptr;
}

std::string_view JsonNode::text_of(std::string_view name) const {
    const JsonNode* member = find(name);
    return member ? std::string_view(member->text) : std::string_view();
}

const std::vector<JsonNode>& JsonNode::items_of(std::string_view name) const {
    static const std::vector<JsonNode> none;
    const JsonNode* member = find(name);
    return member ? member->items : none;
}

int64_t JsonNode::integer_of(std::string_view name, int64_t otherwise) const {
    std::string_view written = text_of(name);
    int64_t value = otherwise;
    std::from_chars(written.data(), written.data() + written.size(), value);
    return value;
}

Result<JsonNode> parse_json(std::string_view text) { return Reader(text).read(); }

}  // namespace leat
