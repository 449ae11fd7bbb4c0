// From an Expression and a table's columns to a program: types are found as PostgreSQL finds them, and what
// does not go together is refused. One per condition and schema, in one thread.
#pragma once

#include <initializer_list>

#include "filter/literal.h"
#include "filter/program.h"

namespace leat {

class Binder {
  public:
    // schema null: there is no row; every column goes with everything and is unknown.
    Binder(const std::string& text, const TableSchema* schema) : text_(text), schema_(schema) {}

    Result<std::shared_ptr<const ConditionProgram>> bind(const Expression& root);

  private:
    // A value, and what is known of it while binding.
    struct Operand {
        const Expression* source = nullptr;
        uint32_t node = UINT32_MAX;  // none yet for a literal
        ValueType type;
        std::optional<std::string> literal;  // type literal: the string; none: NULL
        bool constant = false;
    };
    struct Common {
        Class of = Class::nothing;
        bool mixed = false;    // an integer and a decimal
        bool swapped = false;  // mixed: they have changed sides
    };

    // bind_truth.cpp
    Result<uint32_t> truth(const Expression& from);
    Result<uint32_t> list(NodeKind kind, const Expression& from);
    Result<uint32_t> comparison(const Expression& from);
    Result<uint32_t> compare(Operand a, Operand b, Comparison comparison, const Expression& from);
    Result<uint32_t> distinct(const Expression& from);
    Result<uint32_t> between(const Expression& from);
    Result<uint32_t> in(const Expression& from);
    Status share_type(const Operand& left, std::vector<Operand>& items, const Expression& from);
    Result<uint32_t> like(const Expression& from);
    uint32_t sorted(uint32_t left, Class of, std::vector<uint32_t> constants);

    // bind_value.cpp
    Result<Operand> value(const Expression& from);
    Result<Operand> column(const Expression& from);
    Result<Operand> cast(const Expression& from);
    ValueType named_type(std::string_view name) const;
    Result<Operand> cast_value(const Expression& from, Operand operand, ValueType to);
    Result<Operand> arithmetic(const Expression& from);
    Result<Operand> date_arithmetic(const Expression& from, const Operand& a, const Operand& b);
    Result<Operand> negation(const Expression& from, NodeKind kind);
    Result<Operand> concatenation(const Expression& from);
    Result<Operand> text_function(const Expression& from, NodeKind kind);
    Result<Operand> length(const Expression& from);
    Result<Operand> coalesce(const Expression& from);

    // binder.cpp
    Status settle(Operand& literal, const ValueType& type);
    Status settle_as(Operand& operand, Class of, std::string_view name);
    Result<Common> unify(Operand& a, Operand& b, const Expression& from);
    Result<ValueType> common_type(const std::vector<Operand>& operands, const Expression& from);
    Status convert(Operand& operand, const ValueType& to);
    std::unexpected<Error> mismatch(const Operand& a, const Operand& b, const Expression& from) const;
    std::unexpected<Error> not_comparable(const Operand& operand) const;
    std::unexpected<Error> wrong(const Expression& at, std::string_view message,
                                 std::string action = {}) const;
    static std::string describe(const Operand& operand);

    uint32_t add(Node node);
    uint32_t add(NodeKind kind, uint32_t a, uint32_t b = 0);
    uint32_t add_list(NodeKind kind, const std::vector<uint32_t>& children);
    Operand constant(const Expression& from, Value value, ValueType type);
    Operand made(const Expression& from, uint32_t node, ValueType type) const;
    void to_text(Operand& operand);
    void to_real(Operand& operand, bool single = false);
    void to_decimal(Operand& operand);

    const std::string& text_;
    const TableSchema* schema_;
    std::shared_ptr<ConditionProgram> program_ = std::make_shared<ConditionProgram>();
};

ValueType type_of(Class of, std::string_view name);
bool is_number(Class of);

}  // namespace leat
