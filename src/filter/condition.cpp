#include "filter/condition.h"

#include "filter/binder.h"

namespace leat {

namespace {

constexpr size_t piece_bytes = 4096, kept_bytes = 1 << 20;

// What has a meaning for a change only.
const Expression* part_of_change(const Expression& expression) {
    if (expression.form == Form::operation) return &expression;
    if (expression.form == Form::column && expression.image != Image::plain) return &expression;
    for (const Expression& argument : expression.arguments)
        if (const Expression* part = part_of_change(argument)) return part;
    return nullptr;
}

}  // namespace

char* ConditionScratch::allocate(size_t size) {
    if (size > bytes_max - total_) {
        failed_ = true;
        return nullptr;
    }
    total_ += size;
    while (piece_ < pieces_.size() && pieces_[piece_].size - used_ < size) ++piece_, used_ = 0;
    if (piece_ == pieces_.size()) {
        size_t room = std::max(size, piece_bytes);
        pieces_.push_back({std::make_unique<char[]>(room), room});
    }
    char* at = pieces_[piece_].bytes.get() + used_;
    used_ += size;
    return at;
}

void ConditionScratch::clear() {
    if (total_ > kept_bytes) pieces_.clear();
    piece_ = used_ = total_ = 0;
    failed_ = false;
}

Result<RowCondition> RowCondition::parse(std::string_view text) {
    RowCondition made;
    made.text_ = std::make_shared<const std::string>(text);
    LEAT_ASSIGN(auto root, parse_expression(*made.text_));
    made.root_ = std::make_shared<const Expression>(std::move(root));
    return made;
}

Status RowCondition::check_plain() const {
    const Expression* part = part_of_change(*root_);
    if (!part) return {};
    return invalid_condition(*text_, part->place,
                             "whether a row leaves the condition is asked of its old and its new values",
                             "Write columns without before. and after., and choose operations apart from the "
                             "condition.");
}

Result<BoundCondition> RowCondition::bind(const TableSchema& schema) const {
    LEAT_ASSIGN(auto program, Binder(*text_, &schema).bind(*root_));
    return BoundCondition(std::move(program));
}

Result<BoundCondition> RowCondition::bind_without_row() const {
    LEAT_ASSIGN(auto program, Binder(*text_, nullptr).bind(*root_));
    return BoundCondition(std::move(program));
}

}  // namespace leat
