// The parse tree of PostgreSQL's grammar as an Expression. What is not named here is refused.
#include <fmt/core.h>

#include <array>

#include "filter/expression.h"
#include "filter/json_tree.h"
#include "filter/scan_check.h"

namespace leat {
namespace {

constexpr std::string_view prefix = "SELECT WHERE ";

// What a user would call a node of the grammar.
std::string_view name_of(std::string_view node) {
    constexpr std::pair<std::string_view, std::string_view> names[] = {
        {"SubLink", "a subquery"},
        {"CaseExpr", "CASE"},
        {"A_ArrayExpr", "ARRAY"},
        {"A_Indirection", "a part of a composite or an array"},
        {"RowExpr", "ROW"},
        {"ParamRef", "a parameter"},
        {"CollateClause", "COLLATE"},
        {"MinMaxExpr", "GREATEST and LEAST"},
        {"XmlExpr", "an XML function"},
        {"SQLValueFunction", "the current time or user"},
        {"SetToDefault", "DEFAULT"},
        {"GroupingFunc", "GROUPING"},
        {"CurrentOfExpr", "CURRENT OF"},
        {"NamedArgExpr", "a named argument"},
    };
    for (auto& [from, to] : names)
        if (from == node) return to;
    return node;
}

using Parsed = Result<Expression>;

class Converter {
  public:
    Converter(const std::string& text, const std::vector<SqlToken>& tokens) : text_(text), tokens_(tokens) {}

    Parsed statement(const JsonNode& tree) {
        auto& statements = tree.items_of("stmts");
        if (statements.size() != 1) return unknown_shape();
        const JsonNode* statement = statements[0].find("stmt");
        const JsonNode* select = statement ? statement->find("SelectStmt") : nullptr;
        const JsonNode* where = select ? select->find("whereClause") : nullptr;
        if (!where) return unknown_shape();
        for (auto& [key, value] : select->members)
            if (key != "whereClause" && key != "limitOption" && key != "op") return unknown_shape();
        return expression(*where);
    }

  private:
    std::unexpected<Error> refuse(std::string_view what, std::string action = {}) const {
        return invalid_condition(text_, place_, what, std::move(action));
    }
    std::unexpected<Error> unsupported(std::string_view what, std::string action = {}) const {
        return refuse(fmt::format("{} is not part of the language of conditions", what), std::move(action));
    }
    std::unexpected<Error> unknown_shape() const {
        return invalid_condition(text_, 0, "it is not one condition");
    }

    Expression make(Form form, std::string text = {}) const {
        Expression made;
        made.form = form;
        made.place = place_;
        made.text = std::move(text);
        return made;
    }

    // A node is an object with one member: its kind.
    Parsed expression(const JsonNode& node) {
        if (node.members.size() != 1) return unknown_shape();
        auto& [kind, body] = node.members[0];
        size_t outer = place_;
        int64_t place = body.integer_of("location", -1);
        if (place >= static_cast<int64_t>(prefix.size())) place_ = static_cast<size_t>(place) - prefix.size();
        Parsed made = of_kind(kind, body);
        place_ = outer;
        return made;
    }

    Parsed of_kind(std::string_view kind, const JsonNode& body) {
        if (kind == "ColumnRef") return column(body);
        if (kind == "A_Const") return constant(body);
        if (kind == "A_Expr") return operation(body);
        if (kind == "BoolExpr") return logic(body);
        if (kind == "NullTest") return null_test(body);
        if (kind == "BooleanTest") return boolean_test(body);
        if (kind == "TypeCast") return cast(body);
        if (kind == "FuncCall") return call(body);
        if (kind == "CoalesceExpr")
            return with_arguments(make(Form::call, "coalesce"), body.items_of("args"));
        return unsupported(name_of(kind));
    }

    Parsed with_arguments(Expression made, const std::vector<JsonNode>& arguments) {
        for (const JsonNode& argument : arguments) {
            LEAT_ASSIGN(auto converted, expression(argument));
            made.arguments.push_back(std::move(converted));
        }
        return made;
    }
    Parsed with_argument(Expression made, const JsonNode* argument) {
        if (!argument) return unknown_shape();
        LEAT_ASSIGN(auto converted, expression(*argument));
        made.arguments.push_back(std::move(converted));
        return made;
    }

    static std::string_view string_of(const JsonNode& node) {
        const JsonNode* string = node.find("String");
        return string ? string->text_of("sval") : std::string_view();
    }
    // A name that may be qualified by pg_catalog.
    static std::string name(const std::vector<JsonNode>& parts) {
        std::string joined;
        for (const JsonNode& part : parts) {
            std::string_view text = string_of(part);
            if (parts.size() > 1 && &part == &parts[0] && text == "pg_catalog") continue;
            if (!joined.empty()) joined += '.';
            joined += text;
        }
        return joined;
    }

    Parsed column(const JsonNode& body) {
        auto& fields = body.items_of("fields");
        for (const JsonNode& field : fields)
            if (!field.find("String")) return unsupported("*");
        if (fields.empty() || fields.size() > 2)
            return refuse("a column is x, before.x or after.x, without schema and table");
        Expression made = make(Form::column, std::string(string_of(fields.back())));
        if (fields.size() == 1) {
            if (made.text == "op") made.form = Form::operation;
            return made;
        }
        std::string_view image = string_of(fields[0]);
        if (image != "before" && image != "after")
            return refuse(fmt::format("\"{}\" stands where only before or after can", image),
                          "A column is x, before.x or after.x. Tables are chosen by --table.");
        made.image = image == "before" ? Image::before : Image::after;
        return made;
    }

    Parsed constant(const JsonNode& body) {
        if (body.find("isnull")) return make(Form::null);
        if (auto* value = body.find("ival")) return make(Form::number, integer(value->text_of("ival")));
        if (auto* value = body.find("fval")) return make(Form::number, std::string(value->text_of("fval")));
        if (auto* value = body.find("boolval"))
            return make(Form::boolean, value->text_of("boolval") == "true" ? "true" : "false");
        if (auto* value = body.find("sval")) return make(Form::string, std::string(value->text_of("sval")));
        if (auto* value = body.find("bsval"))
            return make(Form::bit_string, std::string(value->text_of("bsval")));
        return unknown_shape();
    }

    // The library leaves 0 out, and by mistake negative numbers too: those begin with '-' here, and what is
    // negated follows after other signs, parentheses and comments.
    std::string integer(std::string_view written) const {
        if (!written.empty()) return std::string(written);
        for (const SqlToken& token : tokens_) {
            if (token.begin < place_ || text_[token.begin] < '0' || text_[token.begin] > '9') continue;
            std::string digits = text_.substr(token.begin, token.end - token.begin);
            return text_[place_] == '-' ? "-" + digits : digits;
        }
        return "0";
    }

    Parsed logic(const JsonNode& body) {
        std::string_view op = body.text_of("boolop");
        Form form = op == "AND_EXPR"  ? Form::conjunction
                    : op == "OR_EXPR" ? Form::disjunction
                                      : Form::logical_not;
        return with_arguments(make(form), body.items_of("args"));
    }

    Parsed null_test(const JsonNode& body) {
        Expression made = make(Form::is_null);
        made.negated = body.text_of("nulltesttype") == "IS_NOT_NULL";
        return with_argument(std::move(made), body.find("arg"));
    }

    Parsed boolean_test(const JsonNode& body) {
        std::string_view test = body.text_of("booltesttype");
        Expression made = make(Form::is_truth, test.ends_with("TRUE")    ? "true"
                                               : test.ends_with("FALSE") ? "false"
                                                                         : "unknown");
        made.negated = test.starts_with("IS_NOT_");
        return with_argument(std::move(made), body.find("arg"));
    }

    Parsed cast(const JsonNode& body) {
        const JsonNode* type = body.find("typeName");
        if (!type) return unknown_shape();
        std::string to = name(type->items_of("names"));
        if (type->find("arrayBounds") || type->find("setof") || type->find("pct_type"))
            return unsupported("a cast to an array");
        // bit and char without a length have one; INTERVAL '1' DAY has a mask of fields.
        if (type->find("typmods"))
            return unsupported(fmt::format("a cast to {} with a length, a precision or fields", to));
        return with_argument(make(Form::cast, std::move(to)), body.find("arg"));
    }

    Parsed call(const JsonNode& body) {
        std::string function = name(body.items_of("funcname"));
        for (std::string_view key : {"agg_order", "agg_filter", "over", "agg_within_group", "agg_star",
                                     "agg_distinct", "func_variadic"})
            if (body.find(key)) return unsupported("an aggregate or window function");
        constexpr std::string_view known[] = {"lower", "upper", "length", "char_length", "character_length",
                                              "abs"};
        if (std::find(std::begin(known), std::end(known), function) == std::end(known)) {
            bool of_time = function == "now" || function == "current_timestamp" || function == "age" ||
                           function == "random" || function == "clock_timestamp";
            return unsupported(
                fmt::format("the function {}", function),
                of_time ? "The same change must always give the same answer: compare with a constant."
                        : "There are coalesce, lower, upper, length and abs.");
        }
        if (function.starts_with("char")) function = "length";
        Expression made = make(Form::call, std::move(function));
        LEAT_ASSIGN(auto whole, with_arguments(std::move(made), body.items_of("args")));
        if (whole.arguments.size() != 1) return refuse(fmt::format("{} takes one argument", whole.text));
        return whole;
    }

    Parsed operation(const JsonNode& body) {
        std::string_view kind = body.text_of("kind");
        std::string op = name(body.items_of("name"));
        if (kind == "AEXPR_OP") return plain_operator(op, body);
        if (kind == "AEXPR_DISTINCT" || kind == "AEXPR_NOT_DISTINCT") {
            Expression made = make(Form::distinct);
            made.negated = kind == "AEXPR_NOT_DISTINCT";
            return both_sides(std::move(made), body);
        }
        if (kind == "AEXPR_IN") {
            Expression made = make(Form::in);
            made.negated = op == "<>";
            return side_and_list(std::move(made), body);
        }
        if (kind.find("BETWEEN") != std::string_view::npos) {
            Expression made = make(Form::between);
            made.negated = kind.starts_with("AEXPR_NOT_");
            made.symmetric = kind.ends_with("_SYM");
            return side_and_list(std::move(made), body);
        }
        if (kind == "AEXPR_LIKE" || kind == "AEXPR_ILIKE") {
            Expression made = make(Form::like);
            made.negated = op.starts_with('!');
            made.ignore_case = kind == "AEXPR_ILIKE";
            return like(std::move(made), body);
        }
        if (kind == "AEXPR_SIMILAR") return unsupported("SIMILAR TO", "Use LIKE.");
        if (kind == "AEXPR_NULLIF") return unsupported("NULLIF");
        return unsupported("ANY and ALL", "Use IN (...).");
    }

    Parsed plain_operator(const std::string& op, const JsonNode& body) {
        bool binary = body.find("lexpr");
        for (std::string_view known : {"=", "<>", "<", "<=", ">", ">="})
            if (op == known && binary) return both_sides(make(Form::compare, op), body);
        for (std::string_view known : {"+", "-", "*", "/", "%"}) {
            if (op != known) continue;
            if (binary) return both_sides(make(Form::arithmetic, op), body);
            if (op == "-") return with_argument(make(Form::negate), body.find("rexpr"));
            if (op == "+") return expression(*body.find("rexpr"));
        }
        if (op == "||" && binary) return both_sides(make(Form::concatenate), body);
        if (op.starts_with('~') || op.starts_with("!~"))
            return unsupported(
                "a regular expression (" + op + ")",
                "Use LIKE or ILIKE: their cost per row is bounded, a regular expression's is not.");
        return unsupported("the operator " + op);
    }

    Parsed both_sides(Expression made, const JsonNode& body) {
        LEAT_ASSIGN(auto with_left, with_argument(std::move(made), body.find("lexpr")));
        return with_argument(std::move(with_left), body.find("rexpr"));
    }

    Parsed side_and_list(Expression made, const JsonNode& body) {
        LEAT_ASSIGN(auto with_left, with_argument(std::move(made), body.find("lexpr")));
        const JsonNode* right = body.find("rexpr");
        const JsonNode* list = right ? right->find("List") : nullptr;
        if (!list) return unknown_shape();
        return with_arguments(std::move(with_left), list->items_of("items"));
    }

    // With ESCAPE the pattern is a call of like_escape(pattern, escape).
    Parsed like(Expression made, const JsonNode& body) {
        const JsonNode* pattern = body.find("rexpr");
        const JsonNode* call = pattern ? pattern->find("FuncCall") : nullptr;
        if (call && name(call->items_of("funcname")) == "like_escape" && call->items_of("args").size() == 2) {
            pattern = &call->items_of("args")[0];
            LEAT_ASSIGN(auto escape, expression(call->items_of("args")[1]));
            if (escape.form != Form::string) return refuse("ESCAPE takes a constant string");
            made.escape = escape.text;
        }
        LEAT_ASSIGN(auto with_left, with_argument(std::move(made), body.find("lexpr")));
        LEAT_ASSIGN(auto whole, with_argument(std::move(with_left), pattern));
        return whole;
    }

    const std::string& text_;
    const std::vector<SqlToken>& tokens_;
    size_t place_ = 0;
};

}  // namespace

std::unexpected<Error> invalid_at_character(size_t character, std::string_view message) {
    std::string where = character ? fmt::format(" at character {}", character) : std::string();
    return fail(ErrorCode::CONDITION_INVALID, fmt::format("the condition is not valid{}: {}", where, message),
                "docs/conditions.md describes the language.");
}

std::unexpected<Error> invalid_condition(std::string_view text, size_t place, std::string_view message,
                                         std::string action) {
    size_t character = 1;
    for (size_t i = 0; i < place && i < text.size(); ++i)
        if ((text[i] & 0xC0) != 0x80) ++character;
    auto error = invalid_at_character(character, message);
    if (!action.empty()) error.error().action = std::move(action);
    return error;
}

Parsed parse_expression(const std::string& text) {
    LEAT_ASSIGN(auto tokens, check_tokens(text));
    auto tree = parse_sql(std::string(prefix) + text);
    if (!tree) {
        size_t character = tree.error().character;
        return invalid_at_character(character > prefix.size() ? character - prefix.size() : 0,
                                    tree.error().message);
    }
    LEAT_ASSIGN(auto json, parse_json(*tree));
    return Converter(text, tokens).statement(json);
}

}  // namespace leat
