#include "config/secret.h"

#include <fmt/core.h>
#include <stdlib.h>

#include <cstdlib>
#include <memory>

#include "base/file.h"
#include "config/connector_file.h"

namespace leat {

namespace {

constexpr size_t secret_bytes_max = 64 << 10;

// The next piece of a value: literal text up to a reference, or the inside of one.
struct Piece {
    std::string_view text;
    bool is_reference;
};

// Calls take(piece) for each piece; `$${` is the literal text `${`.
template <class Take>
Status for_each_piece(std::string_view raw, Take take) {
    while (!raw.empty()) {
        size_t at = raw.find("${");
        if (at == std::string_view::npos) return take(Piece{raw, false});
        if (at > 0 && raw[at - 1] == '$') {
            LEAT_TRY(take(Piece{raw.substr(0, at - 1), false}));
            LEAT_TRY(take(Piece{"${", false}));
            raw.remove_prefix(at + 2);
            continue;
        }
        if (at > 0) LEAT_TRY(take(Piece{raw.substr(0, at), false}));
        size_t end = raw.find('}', at);
        if (end == std::string_view::npos)
            return fail(ErrorCode::CONFIG_SECRET, "a reference begins with ${ and does not end with }",
                        "Write ${env:NAME} or ${file:PATH}; for the two characters themselves write $${.");
        LEAT_TRY(take(Piece{raw.substr(at + 2, end - at - 2), true}));
        raw.remove_prefix(end + 1);
    }
    return {};
}

bool is_variable_name(std::string_view name) {
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
    for (char c : name)
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    return true;
}

std::unexpected<Error> bad_reference() {
    // Not quoted: what stands there may be a secret that was put into the braces itself.
    return fail(ErrorCode::CONFIG_SECRET,
                "a reference is neither ${env:NAME} nor ${file:PATH} nor ${file:PATH:KEY}",
                "Name an environment variable or a file with an absolute path; for ${ itself write $${.");
}

Status check_reference(std::string_view reference) {
    if (reference.starts_with("env:") && is_variable_name(reference.substr(4))) return {};
    if (reference.starts_with("file:/")) return {};
    if (reference.starts_with("directory:/") && reference.find(':', 11) != std::string_view::npos) return {};
    return bad_reference();
}

// Where the key of ${file:PATH:KEY} begins; none where the file's whole text is meant.
struct FileReference {
    std::string path;
    std::optional<std::string> key;
};

FileReference split_file_reference(std::string_view reference) {
    if (reference.starts_with("directory:")) {
        reference.remove_prefix(10);
        size_t colon = reference.find(':');
        return {fmt::format("{}/{}", reference.substr(0, colon), reference.substr(colon + 1)), {}};
    }
    reference.remove_prefix(5);
    size_t colon = reference.find(':');
    if (colon == std::string_view::npos) return {std::string(reference), {}};
    return {std::string(reference.substr(0, colon)), std::string(reference.substr(colon + 1))};
}

// The path without links and "..", so that neither leads out of an allowed directory. Empty: no such file.
std::string real_path(const std::string& path) {
    std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path.c_str(), nullptr), std::free);
    return resolved ? std::string(resolved.get()) : std::string();
}

}  // namespace

std::string redact_key(std::string_view key) {
    constexpr std::string_view before_salt = ".with.salt.";
    size_t found = key.find(before_salt);
    if (found == std::string_view::npos) return redact_url(key);
    return std::string(key.substr(0, found + before_salt.size())) + "***";
}

std::string encode_around_references(std::string_view raw) {
    std::string out;
    auto status = for_each_piece(raw, [&](Piece piece) -> Status {
        out += piece.is_reference ? fmt::format("${{{}}}", piece.text) : percent_encode(piece.text);
        return {};
    });
    return status ? out : percent_encode(raw);
}

bool SecretString::has_references() const {
    bool found = false;
    auto status = for_each_piece(raw_, [&](Piece piece) -> Status {
        found = found || piece.is_reference;
        return {};
    });
    return found || !status;
}

SecretResolver::SecretResolver(std::vector<std::string> allowed_paths, Environment environment)
    : allowed_paths_(std::move(allowed_paths)), environment_(std::move(environment)) {}

Status SecretResolver::check_syntax(std::string_view raw) {
    return for_each_piece(raw, [](Piece piece) -> Status {
        if (!piece.is_reference) return {};
        return check_reference(piece.text);
    });
}

Result<std::string> SecretResolver::resolve(std::string_view raw) const {
    return expand(raw, Encoding::none);
}

Result<std::string> SecretResolver::resolve_url(std::string_view raw) const {
    return expand(raw, Encoding::url);
}

Result<std::string> SecretResolver::expand(std::string_view raw, Encoding encoding) const {
    std::string out;
    LEAT_TRY(for_each_piece(raw, [&](Piece piece) -> Status {
        if (!piece.is_reference) {
            out += piece.text;
            return {};
        }
        LEAT_ASSIGN(std::string value, look_up(piece.text));
        out += encoding == Encoding::url && !out.empty() ? percent_encode(value) : value;
        return {};
    }));
    return out;
}

Result<std::string> SecretResolver::look_up(std::string_view reference) const {
    LEAT_TRY(check_reference(reference));
    if (!reference.starts_with("env:")) {
        FileReference file = split_file_reference(reference);
        LEAT_ASSIGN(std::string content, read_secret_file(reference, file.path));
        if (!file.key) return content;
        auto value = property_value(content, *file.key);
        if (!value)
            return fail(ErrorCode::CONFIG_SECRET,
                        fmt::format("${{{}}}: {}", reference, value.error().message), value.error().action);
        return value;
    }
    std::string variable(reference.substr(4));
    auto value = environment_(variable.c_str());
    if (!value)
        return fail(ErrorCode::CONFIG_SECRET,
                    fmt::format("${{env:{}}}: the environment variable is not set", variable),
                    fmt::format("Set {} in the environment that Leat is started in.", variable));
    return *value;
}

Result<std::string> SecretResolver::read_secret_file(std::string_view reference,
                                                     const std::string& path) const {
    std::string real = real_path(path);
    if (real.empty())
        return fail(ErrorCode::CONFIG_SECRET, fmt::format("${{{}}}: {}", reference, errno_text(errno)),
                    "Make the file readable for the user that Leat runs as.");
    bool allowed = false;
    for (const std::string& directory : allowed_paths_) {
        std::string base = real_path(directory);
        allowed =
            allowed || (!base.empty() && (real == base || real.starts_with(base == "/" ? base : base + "/")));
    }
    if (!allowed)
        return fail(
            ErrorCode::CONFIG_SECRET,
            fmt::format("${{{}}}: secrets may not be read from this place", reference),
            "Put the file beside the configuration, in /run/secrets or in /etc/leat, or list its directory "
            "in secrets.paths.");
    auto content = read_text_file(real, secret_bytes_max);
    if (!content)
        return fail(ErrorCode::CONFIG_SECRET, fmt::format("${{{}}}: {}", reference, content.error().message),
                    "Make the file readable for the user that Leat runs as.");
    if (content->ends_with('\n')) content->pop_back();
    if (content->ends_with('\r')) content->pop_back();
    return std::move(*content);
}

}  // namespace leat
