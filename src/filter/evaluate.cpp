#include <cmath>
#include <limits>

#include "base/utf8.h"
#include "filter/decimal_math.h"
#include "filter/literal.h"
#include "filter/program.h"

namespace leat {
namespace {

constexpr TruthSet of_bool(bool truth) { return truth ? may_be_true : may_be_false; }

// For each pair of what two truths may be, what their conjunction may be.
struct ConjunctionTable {
    TruthSet sets[8][8] = {};
    constexpr ConjunctionTable() {
        for (TruthSet a = 0; a < 8; ++a)
            for (TruthSet b = 0; b < 8; ++b) {
                TruthSet set = 0;
                if ((a | b) & may_be_false) set |= may_be_false;
                if (a & b & may_be_true) set |= may_be_true;
                if ((a & may_be_null && b & (may_be_null | may_be_true)) ||
                    (b & may_be_null && a & may_be_true))
                    set |= may_be_null;
                sets[a][b] = set;
            }
    }
};
constexpr ConjunctionTable conjunctions;

constexpr TruthSet inverted(TruthSet set) {
    return static_cast<TruthSet>((set & may_be_null) | (set & may_be_true ? may_be_false : 0) |
                                 (set & may_be_false ? may_be_true : 0));
}

bool holds(Comparison comparison, int order) {
    switch (comparison) {
        case Comparison::equal:
            return order == 0;
        case Comparison::not_equal:
            return order != 0;
        case Comparison::less:
            return order < 0;
        case Comparison::less_equal:
            return order <= 0;
        case Comparison::greater:
            return order > 0;
        default:
            return order >= 0;
    }
}

class Evaluation {
  public:
    Evaluation(const ConditionProgram& program, const Change& change, ConditionScratch& scratch,
               PlainColumns plain)
        : program_(program), change_(change), scratch_(scratch), plain_(plain) {}

    bool has_row() const { return change_.schema && change_.op != Op::truncate && change_.op != Op::message; }

    TruthSet truth(uint32_t index) {
        const Node& node = program_.nodes[index];
        Value a_room, b_room;
        switch (node.kind) {
            case NodeKind::conjunction: {
                TruthSet set = may_be_true;
                for (uint32_t i = 0; i < node.children && set != may_be_false; ++i)
                    set = conjunctions.sets[set][truth(child(node, i))];
                return set;
            }
            case NodeKind::disjunction: {
                TruthSet set = may_be_true;  // that all are false
                for (uint32_t i = 0; i < node.children && set != may_be_false; ++i)
                    set = conjunctions.sets[set][inverted(truth(child(node, i)))];
                return inverted(set);
            }
            case NodeKind::logical_not:
                return inverted(truth(node.a));
            case NodeKind::compare:
            case NodeKind::compare_mixed: {
                const Value &a = value(node.a, a_room), &b = value(node.b, b_room);
                if (a.known == Known::value && b.known == Known::value)
                    return of_bool(
                        holds(node.comparison, order(node, node.kind == NodeKind::compare_mixed, a, b)));
                return strict(a, b);
            }
            case NodeKind::distinct:
            case NodeKind::distinct_mixed:
                return distinct(node);
            case NodeKind::in_sorted:
                return in_sorted(node);
            case NodeKind::like: {
                const Value& a = value(node.a, a_room);
                if (a.known != Known::value) return strict(a, a);
                return of_bool(program_.patterns[node.index].matches(a.text));
            }
            case NodeKind::is_null: {
                const Value& a = value(node.a, a_room);
                if (a.known == Known::missing) return may_be_true | may_be_false;
                return of_bool((a.known == Known::null) != node.negated);
            }
            case NodeKind::is_truth: {
                TruthSet set = truth(node.a), result = 0;
                if (set & node.wanted) result |= of_bool(!node.negated);
                if (set & ~node.wanted) result |= of_bool(node.negated);
                return result;
            }
            default: {
                const Value& a = value(node.a, a_room);
                return a.known == Known::value ? of_bool(a.number != 0) : strict(a, a);
            }
        }
    }

  private:
    uint32_t child(const Node& node, uint32_t i) const { return program_.children[node.first_child + i]; }

    // Of an operator that gives NULL for NULL.
    static TruthSet strict(const Value& a, const Value& b) {
        return a.known == Known::null || b.known == Known::null ? may_be_null : may_be_anything;
    }

    static int order(const Node& node, bool mixed, const Value& a, const Value& b) {
        return mixed ? compare_integer_decimal(a, b) : compare_values(node.of, a, b);
    }

    TruthSet distinct(const Node& node) {
        if (node.same_column && change_.has_after && has_row() &&
            change_.after.state(node.index) == ValueState::unchanged)
            return of_bool(node.negated);
        Value a_room, b_room;
        const Value &a = value(node.a, a_room), &b = value(node.b, b_room);
        if (a.known == Known::missing || b.known == Known::missing) return may_be_true | may_be_false;
        bool differ = a.known != b.known;
        if (!differ && a.known == Known::value)
            differ = order(node, node.kind == NodeKind::distinct_mixed, a, b) != 0;
        return of_bool(differ != node.negated);
    }

    TruthSet in_sorted(const Node& node) {
        Value room;
        const Value& a = value(node.a, room);
        if (a.known != Known::value) return strict(a, a);
        uint32_t from = 0, to = node.children;
        while (from < to) {
            uint32_t middle = (from + to) / 2;
            int order = compare_values(node.of, a, program_.constants[child(node, middle)]);
            if (order == 0) return may_be_true;
            if (order < 0)
                to = middle;
            else
                from = middle + 1;
        }
        return may_be_false;
    }

    // The value of a node: a constant in its place, anything else in the room.
    const Value& value(uint32_t index, Value& room) {
        const Node& node = program_.nodes[index];
        if (node.kind == NodeKind::constant) return program_.constants[node.index];
        room = computed(node);
        return room;
    }

    Value computed(const Node& node) {
        switch (node.kind) {
            case NodeKind::column:
                return column(node);
            case NodeKind::operation: {
                op_ = static_cast<char>(change_.op);
                return Value::of_text({&op_, 1});
            }
            case NodeKind::absent:
                return Value::missing();
            case NodeKind::value_of: {
                TruthSet set = truth(node.a);
                if (set == may_be_null) return {};
                if (set != may_be_true && set != may_be_false) return Value::missing();
                return Value::of_number(set == may_be_true);
            }
            case NodeKind::coalesce:
                return coalesce(node);
            case NodeKind::arithmetic:
            case NodeKind::concatenate:
                return binary(node);
            default:
                return unary(node);
        }
    }

    Value coalesce(const Node& node) {
        for (uint32_t i = 0; i < node.children; ++i) {
            Value room;
            const Value& found = value(child(node, i), room);
            if (found.known != Known::null) return found;
        }
        return {};
    }

    // Which row a column is looked for in: of the change, or null where that change has none such.
    Value column(const Node& node) {
        if (!has_row()) return Value::missing();
        Image image = node.image;
        if (image == Image::plain)
            image = plain_ == PlainColumns::before ? Image::before
                    : change_.has_after            ? Image::after
                                                   : Image::before;
        return image == Image::after ? after(node) : before(node);
    }

    Value loaded(const Node& node, const TupleView& row) {
        switch (row.state(node.index)) {
            case ValueState::value:
                return load_value(node.of, node.column_kind, row.bytes(node.index));
            case ValueState::null:
                return {};
            default:
                return Value::missing();
        }
    }

    Value after(const Node& node) {
        if (!change_.has_after) return change_.op == Op::remove ? Value() : Value::missing();
        // What is unchanged is what it was.
        if (change_.after.state(node.index) == ValueState::unchanged && change_.has_before)
            return loaded(node, change_.before);
        return loaded(node, change_.after);
    }

    Value before(const Node& node) {
        if (change_.has_before) return loaded(node, change_.before);
        if (change_.op == Op::create || change_.op == Op::read) return {};
        // PostgreSQL sends the old identity only where it has changed.
        char identity = change_.schema->replica_identity;
        bool same = change_.has_after && (identity == 'd' || identity == 'i') &&
                    change_.schema->columns[node.index].identity;
        return same ? loaded(node, change_.after) : Value::missing();
    }

    Value failed() {
        scratch_.set_failed();
        return Value::missing();
    }

    Value unary(const Node& node) {
        Value room;
        const Value& a = value(node.a, room);
        if (a.known != Known::value) return a;
        switch (node.kind) {
            case NodeKind::to_decimal: {
                char* digits = scratch_.allocate(integer_text_max);
                return digits ? integer_to_decimal(a.number, digits) : failed();
            }
            case NodeKind::to_real: {
                double real = node.of == Class::integer   ? static_cast<double>(a.number)
                              : node.of == Class::decimal ? decimal_to_real(a)
                                                          : a.real;
                return Value::of_real(node.single ? static_cast<double>(static_cast<float>(real)) : real);
            }
            case NodeKind::label_order: {
                auto& labels = *program_.labels[node.index];
                for (size_t i = 0; i < labels.size(); ++i)
                    if (labels[i] == a.text) return Value::of_number(static_cast<Integer>(i));
                return failed();
            }
            case NodeKind::strip:
                return Value::of_text(without_padding(a.text));
            case NodeKind::date_to_timestamp:
                return date_to_timestamp(a);
            case NodeKind::negate:
                return negated(node.of, a);
            case NodeKind::absolute:
                return node.of == Class::decimal && a.rank < 0     ? negate_decimal(a)
                       : node.of == Class::integer && a.number < 0 ? negated(node.of, a)
                       : node.of == Class::decimal || node.of == Class::integer
                           ? a
                           : Value::of_real(std::fabs(a.real));
            case NodeKind::length:
                return length(node.of, a.text);
            default:
                return with_case(a.text, node.kind == NodeKind::upper);
        }
    }

    Value negated(Class of, const Value& a) {
        if (of == Class::decimal) return negate_decimal(a);
        return of == Class::integer ? Value::of_number(-a.number) : Value::of_real(-a.real);
    }

    static Value length(Class of, std::string_view text) {
        if (of == Class::bytes) return Value::of_number(static_cast<Integer>(text.size()));
        if (of == Class::bits) return Value::of_number(load<uint32_t>(as_bytes(text).data()));
        Integer characters = 0;
        for (char c : text) characters += (c & 0xC0) != 0x80;
        return Value::of_number(characters);
    }

    Value with_case(std::string_view text, bool upper) {
        // A character of two bytes may become one of three.
        char* to = scratch_.allocate(text.size() * 3 / 2 + 4);
        if (!to) return failed();
        size_t size = 0;
        for (size_t at = 0; at < text.size();) {
            size_t begin = at;
            char32_t character = next_character(text, at);
            char32_t other = upper ? upper_character(character) : lower_character(character);
            if (other == character) {
                while (begin < at) to[size++] = text[begin++];
            } else {
                size += put_utf8(static_cast<uint32_t>(other), to + size);
            }
        }
        return Value::of_text({to, size});
    }

    static size_t put_utf8(uint32_t code, char* to) {
        if (code < 0x80) return to[0] = static_cast<char>(code), 1;
        size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        for (size_t i = length; --i > 0; code >>= 6) to[i] = static_cast<char>(0x80 | (code & 0x3F));
        to[0] = static_cast<char>((0xF00 >> length) | code);
        return length;
    }

    Value binary(const Node& node) {
        Value a_room, b_room;
        const Value &a = value(node.a, a_room), &b = value(node.b, b_room);
        if (a.known == Known::null || b.known == Known::null) return {};
        if (a.known == Known::missing || b.known == Known::missing) return Value::missing();
        if (node.kind == NodeKind::concatenate) {
            char* to = scratch_.allocate(a.text.size() + b.text.size() + 1);
            if (!to) return failed();
            std::copy(a.text.begin(), a.text.end(), to);
            std::copy(b.text.begin(), b.text.end(), to + a.text.size());
            return Value::of_text({to, a.text.size() + b.text.size()});
        }
        std::optional<Value> result;
        if (node.of == Class::date)
            result = date_arithmetic(node.symbol, a, b);
        else if (node.of == Class::integer)
            result = integer_arithmetic(node.symbol, a.number, b.number);
        else if (node.of == Class::decimal)
            result = decimal_arithmetic(node.symbol, a, b);
        else
            result = real_arithmetic(node.symbol, node.single, a.real, b.real);
        return result ? *result : failed();
    }

    // Each result is within 64 bits, so no product goes beyond 128.
    static std::optional<Value> integer_arithmetic(char symbol, Integer a, Integer b) {
        if ((symbol == '/' || symbol == '%') && b == 0) return std::nullopt;
        constexpr Integer most = std::numeric_limits<uint64_t>::max(),
                          least = std::numeric_limits<int64_t>::min();
        if (a < least || a > most || b < least || b > most) return std::nullopt;
        Integer result = symbol == '+'   ? a + b
                         : symbol == '-' ? a - b
                         : symbol == '*' ? a * b
                         : symbol == '/' ? a / b
                                         : a % b;
        if (result < least || result > most) return std::nullopt;
        return Value::of_number(result);
    }

    std::optional<Value> decimal_arithmetic(char symbol, const Value& a, const Value& b) {
        if (symbol == '*') return multiply_decimals(a, b, scratch_);
        return add_decimals(a, symbol == '-' ? negate_decimal(b) : b, scratch_);
    }

    static std::optional<Value> real_arithmetic(char symbol, bool single, double a, double b) {
        if (symbol == '/' && b == 0 && !std::isnan(a)) return std::nullopt;
        double result = symbol == '+' ? a + b : symbol == '-' ? a - b : symbol == '*' ? a * b : a / b;
        if (single) result = static_cast<double>(static_cast<float>(result));
        bool too_large = std::isinf(result) && !std::isinf(a) && !std::isinf(b);
        bool too_small = result == 0 && a != 0 && (symbol == '*' || (symbol == '/' && !std::isinf(b))) &&
                         (symbol == '/' || b != 0);
        if (too_large || too_small) return std::nullopt;
        return Value::of_real(result);
    }

    // A date ± days, or ('d') the days between two dates.
    static std::optional<Value> date_arithmetic(char symbol, const Value& a, const Value& b) {
        if (symbol == 'd') {
            if (infinite_date(a.number) || infinite_date(b.number)) return std::nullopt;
            return Value::of_number(a.number - b.number);
        }
        if (infinite_date(a.number)) return a;
        Integer result = symbol == '+' ? a.number + b.number : a.number - b.number;
        if (result <= date_minus_infinity || result >= date_infinity) return std::nullopt;
        return Value::of_number(result);
    }

    const ConditionProgram& program_;
    const Change& change_;
    ConditionScratch& scratch_;
    const PlainColumns plain_;
    char op_ = 0;
};

}  // namespace

Verdict BoundCondition::evaluate(const Change& change, ConditionScratch& scratch, PlainColumns plain) const {
    scratch.clear();
    Evaluation evaluation(*program_, change, scratch, plain);
    TruthSet set = evaluation.truth(program_->root);
    if (set == may_be_true) return {Truth::yes, Unknown::none};
    if (set == may_be_false) return {Truth::no, Unknown::none};
    if (!(set & may_be_true) || !evaluation.has_row()) return {Truth::unknown, Unknown::null};
    return {Truth::unknown, scratch.failed() ? Unknown::failed : Unknown::missing};
}

bool BoundCondition::reads_columns() const { return program_->reads_columns; }

}  // namespace leat
