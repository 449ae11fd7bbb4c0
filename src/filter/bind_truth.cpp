// Predicates: what is true, false or unknown.
#include <fmt/core.h>

#include <algorithm>

#include "filter/binder.h"

namespace leat {
namespace {

constexpr size_t sorted_least = 8;  // fewer constants of IN are compared one by one

Comparison comparison_of(std::string_view text) {
    if (text == "=") return Comparison::equal;
    if (text == "<>") return Comparison::not_equal;
    if (text == "<") return Comparison::less;
    if (text == "<=") return Comparison::less_equal;
    return text == ">" ? Comparison::greater : Comparison::greater_equal;
}

Comparison swapped(Comparison comparison) {
    switch (comparison) {
        case Comparison::less:
            return Comparison::greater;
        case Comparison::less_equal:
            return Comparison::greater_equal;
        case Comparison::greater:
            return Comparison::less;
        case Comparison::greater_equal:
            return Comparison::less_equal;
        default:
            return comparison;
    }
}

bool reads_row(const Expression& from) {
    return from.form == Form::column || from.form == Form::operation ||
           std::any_of(from.arguments.begin(), from.arguments.end(), reads_row);
}

bool is_order(Comparison comparison) {
    return comparison != Comparison::equal && comparison != Comparison::not_equal;
}

}  // namespace

Result<uint32_t> Binder::truth(const Expression& from) {
    switch (from.form) {
        case Form::conjunction:
            return list(NodeKind::conjunction, from);
        case Form::disjunction:
            return list(NodeKind::disjunction, from);
        case Form::logical_not: {
            LEAT_ASSIGN(auto inner, truth(from.arguments[0]));
            return add(NodeKind::logical_not, inner);
        }
        case Form::compare:
            return comparison(from);
        case Form::distinct:
            return distinct(from);
        case Form::between:
            return between(from);
        case Form::in:
            return in(from);
        case Form::like:
            return like(from);
        case Form::is_null: {
            LEAT_ASSIGN(auto operand, value(from.arguments[0]));
            LEAT_TRY(settle_as(operand, Class::text, "text"));
            uint32_t node = add(NodeKind::is_null, operand.node);
            program_->nodes[node].negated = from.negated;
            return node;
        }
        case Form::is_truth: {
            LEAT_ASSIGN(auto inner, truth(from.arguments[0]));
            uint32_t node = add(NodeKind::is_truth, inner);
            program_->nodes[node].negated = from.negated;
            program_->nodes[node].wanted = from.text == "true"    ? may_be_true
                                           : from.text == "false" ? may_be_false
                                                                  : may_be_null;
            return node;
        }
        default:
            break;
    }
    LEAT_ASSIGN(auto operand, value(from));
    LEAT_TRY(settle_as(operand, Class::boolean, "boolean"));
    if (operand.type.of != Class::boolean && operand.type.of != Class::nothing)
        return wrong(
            from, fmt::format("{} stands where a condition has to: it is not a boolean", describe(operand)));
    return add(NodeKind::truth_of, operand.node);
}

Result<uint32_t> Binder::list(NodeKind kind, const Expression& from) {
    std::vector<uint32_t> children;
    for (const Expression& argument : from.arguments) {
        LEAT_ASSIGN(auto child, truth(argument));
        children.push_back(child);
    }
    return add_list(kind, children);
}

Result<uint32_t> Binder::compare(Operand a, Operand b, Comparison comparison, const Expression& from) {
    for (auto [side, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
        if (side->source->form != Form::operation || other->source->form != Form::string) continue;
        const std::string& letter = other->source->text;
        if (!is_order(comparison) &&
            (letter.size() != 1 || std::string_view("cudrtm").find(letter[0]) == std::string_view::npos))
            return wrong(
                *other->source, fmt::format("op is never '{}'", letter),
                "It is 'c' create, 'u' update, 'd' delete, 'r' snapshot read, 't' truncate or 'm' message. A "
                "column of the name op is after.op or before.op.");
    }
    LEAT_ASSIGN(auto common, unify(a, b, from));
    Class of = common.of;
    if (of == Class::enumeration && !is_order(comparison)) of = Class::text;
    if (of == Class::enumeration) {
        program_->labels.push_back(a.type.labels);
        for (Operand* operand : {&a, &b}) {
            operand->node = add(NodeKind::label_order, operand->node);
            program_->nodes[operand->node].index = static_cast<uint32_t>(program_->labels.size() - 1);
        }
    }
    uint32_t node = add(common.mixed ? NodeKind::compare_mixed : NodeKind::compare, a.node, b.node);
    program_->nodes[node].of = of;
    program_->nodes[node].comparison = common.swapped ? swapped(comparison) : comparison;
    return node;
}

Result<uint32_t> Binder::comparison(const Expression& from) {
    LEAT_ASSIGN(auto a, value(from.arguments[0]));
    LEAT_ASSIGN(auto b, value(from.arguments[1]));
    return compare(std::move(a), std::move(b), comparison_of(from.text), from);
}

Result<uint32_t> Binder::distinct(const Expression& from) {
    LEAT_ASSIGN(auto a, value(from.arguments[0]));
    LEAT_ASSIGN(auto b, value(from.arguments[1]));
    LEAT_ASSIGN(auto common, unify(a, b, from));
    uint32_t node = add(common.mixed ? NodeKind::distinct_mixed : NodeKind::distinct, a.node, b.node);
    const Expression &left = from.arguments[0], &right = from.arguments[1];
    Node& made = program_->nodes[node];
    made.of = common.of == Class::enumeration ? Class::text : common.of;
    made.negated = from.negated;
    made.same_column = left.form == Form::column && right.form == Form::column && left.text == right.text &&
                       left.image != right.image &&
                       (left.image == Image::before || right.image == Image::before) && schema_;
    if (made.same_column) made.index = static_cast<uint32_t>(*schema_->column_index(left.text));
    return node;
}

Result<uint32_t> Binder::between(const Expression& from) {
    LEAT_ASSIGN(auto a, value(from.arguments[0]));
    LEAT_ASSIGN(auto low, value(from.arguments[1]));
    LEAT_ASSIGN(auto high, value(from.arguments[2]));
    auto within = [&](const Operand& least, const Operand& most) -> Result<uint32_t> {
        LEAT_ASSIGN(auto above, compare(a, least, Comparison::greater_equal, from));
        LEAT_ASSIGN(auto below, compare(a, most, Comparison::less_equal, from));
        return add_list(NodeKind::conjunction, {above, below});
    };
    LEAT_ASSIGN(auto node, within(low, high));
    if (from.symmetric) {
        LEAT_ASSIGN(auto turned, within(high, low));
        node = add_list(NodeKind::disjunction, {node, turned});
    }
    return from.negated ? add(NodeKind::logical_not, node) : node;
}

// Constants of one class that the left side is compared with as it is, in their order: found by halving.
uint32_t Binder::sorted(uint32_t left, Class of, std::vector<uint32_t> constants) {
    auto value = [&](uint32_t node) -> const Value& {
        return program_->constants[program_->nodes[node].index];
    };
    std::sort(constants.begin(), constants.end(),
              [&](uint32_t a, uint32_t b) { return compare_values(of, value(a), value(b)) < 0; });
    for (uint32_t& node : constants) node = program_->nodes[node].index;
    uint32_t made = add_list(NodeKind::in_sorted, constants);
    program_->nodes[made].a = left;
    program_->nodes[made].of = of;
    return made;
}

// Where two items or more are constant, PostgreSQL gives those the type that the left side and they have in
// common: a float4 is compared with 0.1 as a float4, which it is not by "=".
Status Binder::share_type(const Operand& left, std::vector<Operand>& items, const Expression& from) {
    std::vector<Operand> shared{left};
    for (const Operand& item : items)
        if (!reads_row(*item.source)) shared.push_back(item);
    auto type = shared.size() > 2 ? common_type(shared, from) : std::unexpected(Error());
    if (!type) return {};  // each on its own
    for (Operand& item : items)
        if (!reads_row(*item.source)) LEAT_TRY(convert(item, *type));
    return {};
}

Result<uint32_t> Binder::in(const Expression& from) {
    LEAT_ASSIGN(auto left, value(from.arguments[0]));
    std::vector<Operand> items;
    for (size_t i = 1; i < from.arguments.size(); ++i) {
        LEAT_ASSIGN(auto item, value(from.arguments[i]));
        items.push_back(std::move(item));
    }
    LEAT_TRY(share_type(left, items, from));
    std::vector<uint32_t> comparisons, constants;
    Class of = Class::nothing;
    for (size_t i = 0; i < items.size(); ++i) {
        LEAT_ASSIGN(auto node, compare(left, std::move(items[i]), Comparison::equal, from.arguments[i + 1]));
        const Node& made = program_->nodes[node];
        const Node& right = program_->nodes[made.b];
        bool plain = made.kind == NodeKind::compare && made.a == left.node &&
                     right.kind == NodeKind::constant &&
                     program_->constants[right.index].known == Known::value;
        if (plain && (constants.empty() || of == made.of)) {
            of = made.of;
            constants.push_back(made.b);
        } else {
            comparisons.push_back(node);
        }
    }
    if (constants.size() >= sorted_least) {
        comparisons.push_back(sorted(left.node, of, std::move(constants)));
    } else {
        for (uint32_t right : constants) {
            uint32_t node = add(NodeKind::compare, left.node, right);
            program_->nodes[node].of = of;
            comparisons.push_back(node);
        }
    }
    uint32_t node = comparisons.size() == 1 ? comparisons[0] : add_list(NodeKind::disjunction, comparisons);
    return from.negated ? add(NodeKind::logical_not, node) : node;
}

Result<uint32_t> Binder::like(const Expression& from) {
    LEAT_ASSIGN(auto left, value(from.arguments[0]));
    LEAT_TRY(settle_as(left, Class::text, "text"));
    if (left.type.of != Class::text && left.type.of != Class::padded && left.type.of != Class::nothing)
        return wrong(from, fmt::format("{} is not text: LIKE does not go with it", describe(left)));
    const Expression& pattern = from.arguments[1];
    if (pattern.form != Form::string)
        return wrong(pattern, "the pattern of LIKE has to be a constant string");
    auto compiled = LikePattern::compile(pattern.text, from.escape, from.ignore_case);
    if (!compiled) return wrong(pattern, compiled.error());
    uint32_t node = add(NodeKind::like, left.node);
    program_->nodes[node].index = static_cast<uint32_t>(program_->patterns.size());
    program_->patterns.push_back(std::move(*compiled));
    return from.negated ? add(NodeKind::logical_not, node) : node;
}

}  // namespace leat
