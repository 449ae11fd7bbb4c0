// Certificates for the tests of TLS.
#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <memory>
#include <string>

namespace leat::http::test {

template <auto release>
struct Releases {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Releases<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Releases<X509_free>>;

class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string pattern = std::filesystem::temp_directory_path() / "leat-http-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

  private:
    std::string path_;
};

// Self-signed, so each is its own CA. days: from now on. For 127.0.0.1 and localhost, unless told otherwise.
inline void write_certificate(const std::string& certificate_file, const std::string& key_file,
                              const char* common_name, long days = 1,
                              const char* hosts = "IP:127.0.0.1,DNS:localhost") {
    Key key(EVP_EC_gen("P-256"));
    Certificate certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3 * 86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * 86400);
    X509_set_pubkey(certificate.get(), key.get());
    auto* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name),
                               -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    if (*hosts) {
        auto* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, hosts);
        X509_add_ext(certificate.get(), names, -1);
        X509_EXTENSION_free(names);
    }
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    auto* file = std::fopen(certificate_file.c_str(), "w");
    PEM_write_X509(file, certificate.get());
    std::fclose(file);
    file = std::fopen(key_file.c_str(), "w");
    PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
}

}  // namespace leat::http::test
