// Which addresses a webhook may call. A server that calls what others configure must not become their way to
// what only it can reach: the metadata service of a cloud, or services of its own network.
#pragma once

#include <string>

#include "base/error.h"

namespace leat {

// address: numeric, after the name was resolved. SINK_ADDRESS: link-local, metadata, multicast and the like
// always; loopback and private networks unless they are allowed.
Status check_destination(const std::string& address, bool allow_private);

}  // namespace leat
