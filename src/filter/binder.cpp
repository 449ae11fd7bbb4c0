#include "filter/binder.h"

#include <fmt/core.h>

#include "base/text.h"

namespace leat {

ValueType type_of(Class of, std::string_view name) {
    ValueType type;
    type.of = of;
    type.name = name;
    return type;
}

bool is_number(Class of) {
    return of == Class::integer || of == Class::decimal || of == Class::real || of == Class::real4;
}

namespace {

bool is_real(Class of) { return of == Class::real || of == Class::real4; }
bool is_day(Class of) { return of == Class::date || of == Class::timestamp || of == Class::timestamp_tz; }

// PostgreSQL's names for the classes of constants.
std::string_view name_of(Class of) {
    switch (of) {
        case Class::integer:
            return "integer";
        case Class::decimal:
            return "numeric";
        case Class::real:
            return "float8";
        case Class::timestamp_tz:
            return "timestamptz";
        case Class::timestamp:
            return "timestamp";
        default:
            return "text";
    }
}

}  // namespace

Result<std::shared_ptr<const ConditionProgram>> Binder::bind(const Expression& root) {
    LEAT_ASSIGN(program_->root, truth(root));
    return std::shared_ptr<const ConditionProgram>(std::move(program_));
}

uint32_t Binder::add(Node node) {
    program_->nodes.push_back(node);
    return static_cast<uint32_t>(program_->nodes.size() - 1);
}

uint32_t Binder::add(NodeKind kind, uint32_t a, uint32_t b) {
    Node node;
    node.kind = kind;
    node.a = a, node.b = b;
    return add(node);
}

uint32_t Binder::add_list(NodeKind kind, const std::vector<uint32_t>& children) {
    Node node;
    node.kind = kind;
    node.first_child = static_cast<uint32_t>(program_->children.size());
    node.children = static_cast<uint32_t>(children.size());
    program_->children.insert(program_->children.end(), children.begin(), children.end());
    return add(node);
}

Binder::Operand Binder::made(const Expression& from, uint32_t node, ValueType type) const {
    Operand operand;
    operand.source = &from;
    operand.node = node;
    operand.type = std::move(type);
    return operand;
}

Binder::Operand Binder::constant(const Expression& from, Value value, ValueType type) {
    Node node;
    node.index = static_cast<uint32_t>(program_->constants.size());
    program_->constants.push_back(value);
    Operand operand = made(from, add(node), std::move(type));
    operand.constant = true;
    return operand;
}

std::unexpected<Error> Binder::wrong(const Expression& at, std::string_view message,
                                     std::string action) const {
    return invalid_condition(text_, at.place, message, std::move(action));
}

std::string Binder::describe(const Operand& operand) {
    const Expression& source = *operand.source;
    if (source.form == Form::column) return fmt::format("the column {} ({})", source.text, operand.type.name);
    if (operand.type.of == Class::literal) return operand.literal ? "a string" : "NULL";
    return operand.type.name;
}

std::unexpected<Error> Binder::not_comparable(const Operand& operand) const {
    return wrong(*operand.source,
                 fmt::format("{} has no comparison here: {}", describe(operand), operand.type.reason),
                 "IS NULL and IS NOT NULL work.");
}

std::unexpected<Error> Binder::mismatch(const Operand& a, const Operand& b, const Expression& from) const {
    if (a.type.of == Class::opaque) return not_comparable(a);
    if (b.type.of == Class::opaque) return not_comparable(b);
    std::string action;
    bool label = a.type.of == Class::enumeration || b.type.of == Class::enumeration;
    if (label && (a.type.is_text() || b.type.is_text()))
        action = "Write the label without a type, or cast the column to text.";
    return wrong(from, fmt::format("{} and {} do not go together", describe(a), describe(b)),
                 std::move(action));
}

// Gives a literal the type that it meets.
Status Binder::settle(Operand& operand, const ValueType& type) {
    if (operand.type.of != Class::literal) return {};
    if (type.of == Class::opaque || type.of == Class::literal || type.of == Class::nothing)
        return settle_as(operand, Class::text, "text");
    const Expression& source = *operand.source;
    if (!operand.literal) {
        operand = constant(source, Value(), type);
        return {};
    }
    auto value = parse_literal(type, *operand.literal, program_->storage);
    if (!value) {
        std::string action;
        if (type.of == Class::enumeration) {
            std::vector<std::string_view> labels(type.labels->begin(), type.labels->end());
            if (auto near = nearest(*operand.literal, labels))
                action = fmt::format("Did you mean '{}'?", *near);
        }
        return wrong(source, fmt::format("'{}' {}", *operand.literal, value.error()), std::move(action));
    }
    operand = constant(source, *value, type);
    return {};
}

Status Binder::settle_as(Operand& operand, Class of, std::string_view name) {
    return settle(operand, type_of(of, name));
}

void Binder::to_text(Operand& operand) {
    if (operand.type.of != Class::padded) return;
    operand.node = add(NodeKind::strip, operand.node);
    operand.type = type_of(Class::text, operand.type.name);
    operand.constant = false;
}

void Binder::to_real(Operand& operand, bool single) {
    if (is_real(operand.type.of) && !single) {
        operand.type.of = Class::real;
        return;
    }
    Node node;
    node.kind = NodeKind::to_real;
    node.a = operand.node;
    node.of = operand.type.of;
    node.single = single;
    if (operand.constant) {
        const Value& value = program_->constants[program_->nodes[operand.node].index];
        Value real = value.known == Known::value
                         ? Value::of_real(is_real(node.of)            ? value.real
                                          : node.of == Class::integer ? static_cast<double>(value.number)
                                                                      : decimal_to_real(value))
                         : value;
        if (single) real.real = static_cast<double>(static_cast<float>(real.real));
        operand =
            constant(*operand.source, real, type_of(single ? Class::real4 : Class::real, operand.type.name));
        return;
    }
    operand.node = add(node);
    operand.type.of = single ? Class::real4 : Class::real;
}

void Binder::to_decimal(Operand& operand) {
    if (operand.type.of != Class::integer) return;
    if (operand.constant) {
        Value value = program_->constants[program_->nodes[operand.node].index];
        if (value.known == Known::value)
            value = integer_to_decimal(value.number,
                                       program_->storage.emplace_back(integer_text_max, ' ').data());
        operand = constant(*operand.source, value, type_of(Class::decimal, operand.type.name));
        return;
    }
    operand.node = add(NodeKind::to_decimal, operand.node);
    operand.type.of = Class::decimal;
}

// Makes two operands comparable.
Result<Binder::Common> Binder::unify(Operand& a, Operand& b, const Expression& from) {
    if (a.type.of == Class::opaque) return not_comparable(a);
    if (b.type.of == Class::opaque) return not_comparable(b);
    LEAT_TRY(settle(a, b.type));
    LEAT_TRY(settle(b, a.type));
    Class left = a.type.of, right = b.type.of;
    if (left == Class::nothing || right == Class::nothing) return Common{};
    if (left == Class::enumeration && right == left) {
        if (a.type.name != b.type.name || *a.type.labels != *b.type.labels) return mismatch(a, b, from);
        return Common{left};
    }
    if (left == right) return Common{left};
    if (is_number(left) && is_number(right)) {
        if (is_real(left) || is_real(right)) {
            to_real(a), to_real(b);
            return Common{Class::real};
        }
        bool swapped = left == Class::decimal;
        if (swapped) std::swap(a, b);
        return Common{Class::decimal, true, swapped};
    }
    if (a.type.is_text() && b.type.is_text()) {
        // PostgreSQL compares char(n) with varchar as char(n), with text as text.
        const Operand& other = left == Class::padded ? b : a;
        if (other.type.name == "varchar") return Common{Class::padded};
        to_text(a), to_text(b);
        return Common{Class::text};
    }
    if (is_day(left) && is_day(right)) {
        for (Operand* operand : {&a, &b})
            if (operand->type.of == Class::date)
                operand->node = add(NodeKind::date_to_timestamp, operand->node), operand->constant = false;
        return Common{Class::timestamp};
    }
    return mismatch(a, b, from);
}

// The type of what is one of several.
Result<ValueType> Binder::common_type(const std::vector<Operand>& operands, const Expression& from) {
    const Operand* first = nullptr;
    ValueType common = type_of(Class::text, "text");
    for (const Operand& operand : operands) {
        if (operand.type.of == Class::literal || operand.type.of == Class::nothing) continue;
        if (operand.type.of == Class::opaque) return not_comparable(operand);
        if (!first) {
            first = &operand, common = operand.type;
            continue;
        }
        Class have = common.of, next = operand.type.of;
        auto rank = [](Class of) { return static_cast<int>(of); };
        if (have == next && (have != Class::enumeration || common.name == operand.type.name)) continue;
        if (is_number(have) && is_number(next)) {
            // integer < decimal < real4 < real
            auto order = [](Class of) {
                return of == Class::integer ? 0 : of == Class::decimal ? 1 : of == Class::real4 ? 2 : 3;
            };
            if (order(next) > order(have)) common = type_of(next, name_of(next));
        } else if (common.is_text() && operand.type.is_text()) {
            // The first one's: each of them goes into each.
        } else if (is_day(have) && is_day(next)) {
            if (rank(next) > rank(have)) common = type_of(next, name_of(next));
        } else {
            return mismatch(*first, operand, from);
        }
    }
    return common;
}

// To a type that common_type() has found.
Status Binder::convert(Operand& operand, const ValueType& to) {
    LEAT_TRY(settle(operand, to));
    if (operand.type.of == to.of || operand.type.of == Class::nothing) return {};
    if (to.of == Class::text) to_text(operand);
    if (to.of == Class::padded) operand.type = to;
    if (to.of == Class::decimal) to_decimal(operand);
    if (to.of == Class::real || to.of == Class::real4) to_real(operand, to.of == Class::real4);
    if (is_day(to.of) && operand.type.of == Class::date) {
        operand.node = add(NodeKind::date_to_timestamp, operand.node);
        operand.constant = false;
        operand.type = to;
    }
    return {};
}

}  // namespace leat
