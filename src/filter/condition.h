// Row conditions: an SQL predicate over one change ("status = 'paid' AND amount > 100"), as
// docs/conditions.md describes the language. Parsed once, bound once to each version of a table's schema,
// evaluated per change without memory of its own.
//
//     text ── parse ──▶ RowCondition ── bind(schema) ──▶ BoundCondition ── evaluate(change) ──▶ Verdict
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/change.h"

namespace leat {

// Only `yes` passes.
enum class Truth : uint8_t { no, yes, unknown };

// Why a condition is unknown.
enum class Unknown : uint8_t {
    none,     // it is not
    null,     // SQL's NULL logic, or a change without a row
    missing,  // a value that the change does not have: unchanged TOAST, a column that is not in the old row
    failed,   // arithmetic that PostgreSQL would refuse: out of range, division by zero
};

struct Verdict {
    Truth truth = Truth::unknown;
    Unknown reason = Unknown::none;
    bool passes() const { return truth == Truth::yes; }
    // With all its values the change might have passed.
    bool needs_missing() const { return reason == Unknown::missing; }
};

// Which row a column means that stands without before or after.
enum class PlainColumns : uint8_t { newest, before };

// What evaluating needs for the while of one change. One per thread.
class ConditionScratch {
  public:
    static constexpr size_t bytes_max = 16 << 20;  // of what functions make of one change's values

    // Nothing (and failed() is set) beyond bytes_max. Valid until the next change.
    char* allocate(size_t size);
    void clear();
    bool failed() const { return failed_; }
    void set_failed() { failed_ = true; }

  private:
    struct Piece {
        std::unique_ptr<char[]> bytes;
        size_t size;
    };
    std::vector<Piece> pieces_;
    size_t piece_ = 0, used_ = 0, total_ = 0;
    bool failed_ = false;
};

struct ConditionProgram;

// For one version of a table's schema. Immutable; any thread. Refers to nothing outside of it.
class BoundCondition {
  public:
    explicit BoundCondition(std::shared_ptr<const ConditionProgram> program) : program_(std::move(program)) {}

    // The change is of the schema that this was bound to. A truncate or a message has no row: its columns are
    // unknown.
    Verdict evaluate(const Change& change, ConditionScratch& scratch,
                     PlainColumns plain = PlainColumns::newest) const;
    // Whether it depends on a column.
    bool reads_columns() const;

  private:
    std::shared_ptr<const ConditionProgram> program_;
};

struct Expression;

// Immutable; any thread.
class RowCondition {
  public:
    static constexpr size_t bytes_max = 64 << 10;
    static constexpr size_t depth_max = 256;  // tokens that can stand one within the other

    // Syntax only. CONDITION_INVALID says the place in the text, and what the language does not have.
    static Result<RowCondition> parse(std::string_view text);

    // CONDITION_INVALID names the column and the nearest there is, or the types that do not go together.
    Result<BoundCondition> bind(const TableSchema& schema) const;
    // For changes of no table (messages).
    Result<BoundCondition> bind_without_row() const;

    // CONDITION_INVALID if it speaks of the change rather than of a row: before.x, after.x, op.
    Status check_plain() const;

    const std::string& text() const { return *text_; }

  private:
    std::shared_ptr<const std::string> text_;
    std::shared_ptr<const Expression> root_;
};

}  // namespace leat
