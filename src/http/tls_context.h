// OpenSSL's context of a server: certificate, key, and whose clients are let in.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "base/error.h"
#include "http/server.h"

namespace leat::http {

// Connections keep the one they began with; OpenSSL counts the references itself, on any thread.
using TlsContext = std::shared_ptr<SSL_CTX>;

// TLS 1.2 and 1.3. HTTP_TLS names the file. A certificate that has expired is taken, with a warning.
Result<TlsContext> load_tls_context(const TlsOptions& options);

}  // namespace leat::http
