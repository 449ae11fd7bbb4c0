// What somebody wants to be told of a source, and how. A value.
#pragma once

#include <string>

#include "codec/format.h"
#include "delivery/change_selection.h"
#include "delivery/stream_framing.h"

namespace leat {

struct FeedSpec {
    std::string source;
    Framing framing = Framing::ndjson;
    SelectionSpec selection = {};
    Format format = Format::debezium;
    std::string replay = {};  // which replay it is, for records to say; empty: none
    // Asked for just now, by somebody who hears the answer: a column that is not there is refused.
    bool refuse_unknown = false;

    // The same for those who get the same bytes (Feeds).
    std::string key() const;
};

}  // namespace leat
