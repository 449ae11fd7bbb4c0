// Values: columns, constants and what is computed of them.
#include <fmt/core.h>

#include "base/text.h"
#include "filter/binder.h"

namespace leat {
namespace {

bool is_real(Class of) { return of == Class::real || of == Class::real4; }

}  // namespace

Result<Binder::Operand> Binder::value(const Expression& from) {
    switch (from.form) {
        case Form::column:
            return column(from);
        case Form::operation: {
            Node node;
            node.kind = NodeKind::operation;
            return made(from, add(node), type_of(Class::text, "text"));
        }
        case Form::string:
        case Form::null: {
            Operand literal = made(from, UINT32_MAX, type_of(Class::literal, "unknown"));
            if (from.form == Form::string) literal.literal = from.text;
            return literal;
        }
        case Form::number: {
            Class of = Class::integer;
            auto number = parse_number(from.text, program_->storage, of);
            if (!number) return wrong(from, fmt::format("{} {}", from.text, number.error()));
            return constant(from, *number, type_of(of, of == Class::integer ? "integer" : "numeric"));
        }
        case Form::bit_string: {
            auto bits = parse_bits(from.text, program_->storage);
            if (!bits) return wrong(from, fmt::format("{} {}", from.text, bits.error()));
            return constant(from, *bits, type_of(Class::bits, "bit"));
        }
        case Form::boolean:
            return constant(from, Value::of_number(from.text == "true"), type_of(Class::boolean, "boolean"));
        case Form::cast:
            return cast(from);
        case Form::negate:
            return negation(from, NodeKind::negate);
        case Form::arithmetic:
            return arithmetic(from);
        case Form::concatenate:
            return concatenation(from);
        case Form::call:
            if (from.text == "coalesce") return coalesce(from);
            if (from.text == "abs") return negation(from, NodeKind::absolute);
            if (from.text == "length") return length(from);
            return text_function(from, from.text == "lower" ? NodeKind::lower : NodeKind::upper);
        default: {
            LEAT_ASSIGN(auto inner, truth(from));
            return made(from, add(NodeKind::value_of, inner), type_of(Class::boolean, "boolean"));
        }
    }
}

Result<Binder::Operand> Binder::column(const Expression& from) {
    program_->reads_columns = true;
    if (!schema_) return made(from, add(NodeKind::absent, 0), type_of(Class::nothing, "unknown"));
    auto index = schema_->column_index(from.text);
    if (!index) {
        std::vector<std::string_view> names;
        for (const Column& column : schema_->columns) names.push_back(column.name);
        auto near = nearest(from.text, names);
        std::string action = near ? fmt::format("Did you mean {}? ", *near) : std::string();
        action +=
            "The condition has to fit every table that is selected, from the first change on: choose tables "
            "with "
            "--table, and by --from what comes after the column was added.";
        return wrong(from,
                     fmt::format("the table {} has no column {} in version {} of its schema",
                                 schema_->qualified_name(), from.text, schema_->version),
                     std::move(action));
    }
    Node node;
    node.kind = NodeKind::column;
    node.index = static_cast<uint32_t>(*index);
    node.image = from.image;
    ValueType type = value_type(schema_->columns[*index].type);
    node.of = type.of;
    node.column_kind = schema_->columns[*index].type.kind;
    return made(from, add(node), std::move(type));
}

// One of the types that every database has, or an enum that a column is of.
ValueType Binder::named_type(std::string_view name) const {
    ValueType known = value_type(name);
    if (known.of != Class::opaque || !schema_) return known;
    if (size_t point = name.rfind('.'); point != std::string_view::npos) name.remove_prefix(point + 1);
    for (const Column& column : schema_->columns)
        if (column.type.kind == Kind::enumeration && column.type.native_name == name)
            return value_type(column.type);
    return known;
}

Result<Binder::Operand> Binder::cast(const Expression& from) {
    const Expression& argument = from.arguments[0];
    LEAT_ASSIGN(auto operand, value(argument));
    ValueType to = named_type(from.text);
    if (operand.type.of == Class::nothing) return operand;
    if (to.of == Class::opaque && schema_)
        return wrong(from, fmt::format("{} is not a type that a condition knows", from.text));
    if (operand.type.of == Class::literal) {
        operand.source = &from;
        LEAT_TRY(settle(operand, to));
        return operand;
    }
    if (argument.form == Form::number) {
        auto number = parse_literal(to, argument.text, program_->storage);
        if (!number) return wrong(argument, fmt::format("{} {}", argument.text, number.error()));
        return constant(from, *number, std::move(to));
    }
    return cast_value(from, std::move(operand), std::move(to));
}

// Of a column, or of what is computed: only where every value has one of the other type.
Result<Binder::Operand> Binder::cast_value(const Expression& from, Operand operand, ValueType to) {
    Class of = operand.type.of;
    bool wider =
        (of == Class::integer && to.name == "int8") ||
        (of == Class::integer && (to.of == Class::decimal || to.of == Class::real)) ||
        (of == Class::decimal && to.of == Class::real) || (of == Class::real4 && to.of == Class::real) ||
        (of == Class::date && to.of == Class::timestamp) || (of == Class::padded && to.of == Class::text) ||
        (of == Class::enumeration && to.of == Class::text);
    bool same = of == to.of && of != Class::integer && of != Class::bits && to.name != "name";
    if (!wider && !same)
        return wrong(from, fmt::format("{} cannot be cast to {} here", describe(operand), to.name),
                     "Constants can be cast, and columns to a type that holds every value of theirs.");
    if (of == Class::enumeration) operand.type = to;
    if (to.of == Class::decimal) to_decimal(operand);
    if (to.of == Class::real && of != Class::real) to_real(operand);
    LEAT_TRY(convert(operand, to));
    operand.source = &from;
    operand.type = std::move(to);
    return operand;
}

Result<Binder::Operand> Binder::arithmetic(const Expression& from) {
    LEAT_ASSIGN(auto a, value(from.arguments[0]));
    LEAT_ASSIGN(auto b, value(from.arguments[1]));
    if (a.type.of == Class::literal && b.type.of == Class::literal)
        return wrong(from, fmt::format("it is not known what {} is to be done with", from.text),
                     "Cast one of the constants.");
    if (b.type.of != Class::date) LEAT_TRY(settle(a, b.type));
    if (a.type.of != Class::date) LEAT_TRY(settle(b, a.type));
    if (a.type.of == Class::date || b.type.of == Class::date) return date_arithmetic(from, a, b);
    if (a.type.of == Class::nothing || b.type.of == Class::nothing)
        return made(from, add(NodeKind::absent, 0), type_of(Class::nothing, "unknown"));
    if (!is_number(a.type.of) || !is_number(b.type.of)) {
        if (a.type.of == Class::opaque || b.type.of == Class::opaque) return mismatch(a, b, from);
        return wrong(
            from, fmt::format("{} is for numbers, not for {} and {}", from.text, describe(a), describe(b)));
    }
    bool both_single = a.type.of == Class::real4 && b.type.of == Class::real4;
    if (is_real(a.type.of) || is_real(b.type.of)) {
        if (from.text == "%") return wrong(from, "% is for integers");
        to_real(a), to_real(b);
    } else if (a.type.of == Class::decimal || b.type.of == Class::decimal) {
        if (from.text == "/" || from.text == "%")
            return wrong(from, fmt::format("{} is for integers and floats, not for numeric", from.text),
                         "Multiply the other side of the comparison: that is exact.");
        to_decimal(a), to_decimal(b);
    }
    Node node;
    node.kind = NodeKind::arithmetic;
    node.a = a.node, node.b = b.node;
    node.symbol = from.text[0];
    node.of = a.type.of;
    node.single = both_single;
    Class of = both_single ? Class::real4 : a.type.of;
    std::string_view name = of == Class::integer ? "integer" : of == Class::decimal ? "numeric" : "float";
    return made(from, add(node), type_of(of, name));
}

// date ± integer, date - date.
Result<Binder::Operand> Binder::date_arithmetic(const Expression& from, const Operand& a, const Operand& b) {
    bool minus = from.text == "-";
    bool days = (a.type.of == Class::date && b.type.of == Class::integer && (minus || from.text == "+")) ||
                (a.type.of == Class::integer && b.type.of == Class::date && from.text == "+");
    bool between = minus && a.type.of == Class::date && b.type.of == Class::date;
    if (!days && !between)
        return wrong(from, fmt::format("{} {} {} is not there: only days can be added to a date", describe(a),
                                       from.text, describe(b)));
    bool turned = a.type.of == Class::integer;
    Node node;
    node.kind = NodeKind::arithmetic;
    node.a = turned ? b.node : a.node, node.b = turned ? a.node : b.node;
    node.symbol = between ? 'd' : from.text[0];
    node.of = Class::date;
    return made(from, add(node), between ? type_of(Class::integer, "integer") : type_of(Class::date, "date"));
}

Result<Binder::Operand> Binder::negation(const Expression& from, NodeKind kind) {
    LEAT_ASSIGN(auto operand, value(from.arguments[0]));
    if (operand.type.of == Class::nothing) return operand;
    LEAT_TRY(settle_as(operand, Class::real, "float8"));
    if (!is_number(operand.type.of))
        return wrong(from, fmt::format("{} is for numbers, not for {}",
                                       kind == NodeKind::absolute ? "abs" : "-", describe(operand)));
    uint32_t node = add(kind, operand.node);
    program_->nodes[node].of = operand.type.of;
    return made(from, node, type_of(operand.type.of, operand.type.name));
}

Result<Binder::Operand> Binder::concatenation(const Expression& from) {
    LEAT_ASSIGN(auto a, value(from.arguments[0]));
    LEAT_ASSIGN(auto b, value(from.arguments[1]));
    Class of = a.type.of == Class::bytes || b.type.of == Class::bytes ? Class::bytes : Class::text;
    for (Operand* operand : {&a, &b}) {
        LEAT_TRY(settle_as(*operand, of, of == Class::bytes ? "bytea" : "text"));
        to_text(*operand);
        if (operand->type.of != of && operand->type.of != Class::nothing)
            return wrong(from, fmt::format("|| is for text, and for bytea, not for {} and {}", describe(a),
                                           describe(b)));
    }
    return made(from, add(NodeKind::concatenate, a.node, b.node),
                type_of(of, of == Class::bytes ? "bytea" : "text"));
}

Result<Binder::Operand> Binder::text_function(const Expression& from, NodeKind kind) {
    LEAT_ASSIGN(auto operand, value(from.arguments[0]));
    if (operand.type.of == Class::nothing) return operand;
    LEAT_TRY(settle_as(operand, Class::text, "text"));
    to_text(operand);
    if (operand.type.of != Class::text)
        return wrong(from, fmt::format("{} is for text, not for {}", from.text, describe(operand)));
    return made(from, add(kind, operand.node), type_of(Class::text, "text"));
}

Result<Binder::Operand> Binder::length(const Expression& from) {
    LEAT_ASSIGN(auto operand, value(from.arguments[0]));
    if (operand.type.of == Class::nothing) return operand;
    LEAT_TRY(settle_as(operand, Class::text, "text"));
    to_text(operand);
    Class of = operand.type.of;
    if (of != Class::text && of != Class::bytes && of != Class::bits)
        return wrong(from, fmt::format("length is for text, bytea and bits, not for {}", describe(operand)));
    uint32_t node = add(NodeKind::length, operand.node);
    program_->nodes[node].of = of;
    return made(from, node, type_of(Class::integer, "integer"));
}

Result<Binder::Operand> Binder::coalesce(const Expression& from) {
    std::vector<Operand> operands;
    for (const Expression& argument : from.arguments) {
        LEAT_ASSIGN(auto operand, value(argument));
        operands.push_back(std::move(operand));
    }
    LEAT_ASSIGN(auto type, common_type(operands, from));
    std::vector<uint32_t> children;
    for (Operand& operand : operands) {
        LEAT_TRY(convert(operand, type));
        children.push_back(operand.node);
    }
    return made(from, add_list(NodeKind::coalesce, children), std::move(type));
}

}  // namespace leat
