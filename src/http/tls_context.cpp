#include "http/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/logging.h"

namespace leat::http {

namespace {

constexpr std::string_view action =
    "Give PEM files that the user running Leat can read: the certificate followed by its intermediates, and "
    "its key without a password.";

std::unexpected<Error> tls_failure(std::string_view what, const std::string& file) {
    auto number = ERR_get_error();
    const char* reason = number ? ERR_reason_error_string(number) : nullptr;
    if (ERR_SYSTEM_ERROR(number)) reason = nullptr;
    std::string cause = reason                     ? reason
                        : ERR_SYSTEM_ERROR(number) ? errno_text(ERR_GET_REASON(number))
                                                   : "unknown reason";
    ERR_clear_error();
    return fail(ErrorCode::HTTP_TLS, fmt::format("{} {}: {}", what, file, cause), std::string(action));
}

// Without this OpenSSL asks for the password on the terminal.
int no_password(char*, int, int, void*) { return -1; }

int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned int in_size, void*) {
    static constexpr std::string_view http_1_1 = "http/1.1";
    for (unsigned int at = 0; at < in_size; at += in[at] + 1u) {
        if (at + 1u + in[at] > in_size) break;
        std::string_view offered(reinterpret_cast<const char*>(in + at + 1), in[at]);
        if (offered != http_1_1) continue;
        *out = in + at + 1;
        *out_size = in[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

void warn_if_expired(SSL_CTX* context, const std::string& file) {
    X509* certificate = SSL_CTX_get0_certificate(context);
    if (certificate && X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        log_event(LogLevel::warning, "", "the server's TLS certificate has expired",
                  {{"file", file}, {"code", std::string(name(ErrorCode::HTTP_TLS))}});
}

Status require_clients(SSL_CTX* context, const std::string& ca_file) {
    if (SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1)
        return tls_failure("cannot load the client CA", ca_file);
    if (auto* names = SSL_load_client_CA_file(ca_file.c_str())) SSL_CTX_set_client_CA_list(context, names);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return {};
}

}  // namespace

Result<TlsContext> load_tls_context(const TlsOptions& options) {
    ERR_clear_error();
    TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (!context) return tls_failure("OpenSSL cannot be set up for", options.certificate_file);
    auto* raw = context.get();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    // Of TLS 1.2 only what has forward secrecy and authenticated encryption; 1.3 has nothing else.
    SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
    // An idle connection keeps no buffers: 34 KB less of each.
    SSL_CTX_set_mode(
        raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(raw, reinterpret_cast<const unsigned char*>("leat"), 4);
    SSL_CTX_set_alpn_select_cb(raw, select_protocol, nullptr);
    SSL_CTX_set_default_passwd_cb(raw, no_password);
    if (SSL_CTX_use_certificate_chain_file(raw, options.certificate_file.c_str()) != 1)
        return tls_failure("cannot load the certificate", options.certificate_file);
    if (SSL_CTX_use_PrivateKey_file(raw, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        return tls_failure("cannot load the key", options.key_file);
    if (SSL_CTX_check_private_key(raw) != 1)
        return tls_failure("the certificate does not belong to the key", options.key_file);
    if (!options.client_ca_file.empty()) LEAT_TRY(require_clients(raw, options.client_ca_file));
    warn_if_expired(raw, options.certificate_file);
    return context;
}

}  // namespace leat::http
