#include "server/feed_parameters.h"

#include "delivery/operations.h"

namespace leat::server {

Result<FeedSpec> feed_spec(const Parameters& parameters, const std::string& source) {
    FeedSpec spec{.source = source};
    spec.refuse_unknown = true;
    SelectionSpec& selection = spec.selection;
    selection.tables = parameters.list("tables");
    selection.columns = parameters.list("columns");
    LEAT_ASSIGN(selection.ops, parse_ops(parameters.list("ops")));
    selection.where = parameters.text("where").value_or("");
    auto leaving = parameters.text("leaving").value_or("ignore");
    if (leaving != "ignore" && leaving != "delete")
        return fail(ErrorCode::API_PARAMETER, "leaving is ignore or delete");
    if (leaving == "delete" && selection.where.empty())
        return fail(ErrorCode::API_PARAMETER, "leaving=delete needs a condition: where");
    if (leaving == "delete") selection.leaving = Leaving::as_delete;
    if (auto format = parameters.text("format")) {
        LEAT_ASSIGN(spec.format, parse_format(*format));
    }
    return spec;
}

}  // namespace leat::server
