#include "base/error.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace leat {

namespace {
struct CodeInfo {
    std::string_view name;
    Retry retry;
    std::string_view summary;
};
constexpr CodeInfo codes[] = {
#define LEAT_ERROR(code, retry, summary) {#code, Retry::retry, summary},
#include "base/error_codes.def"
#undef LEAT_ERROR
};
const CodeInfo& info(ErrorCode code) { return codes[static_cast<size_t>(code)]; }
}  // namespace

std::string_view name(ErrorCode code) { return info(code).name; }
std::string_view summary(ErrorCode code) { return info(code).summary; }
Retry retry_class(ErrorCode code) { return info(code).retry; }

std::optional<ErrorCode> error_code(std::string_view wanted) {
    for (size_t i = 0; i < std::size(codes); ++i)
        if (codes[i].name == wanted) return static_cast<ErrorCode>(i);
    return std::nullopt;
}

std::string Error::to_string() const {
    std::string text(name(code));
    text += ": ";
    text += message.empty() ? std::string(summary(code)) : message;
    if (!action.empty()) {
        text += "\n  ";
        for (char c : action) {
            text += c;
            if (c == '\n') text += "  ";
        }
    }
    return text;
}

std::string errno_text(int number) {
    char buffer[128];
    return std::string(strerror_r(number, buffer, sizeof buffer));
}

void assertion_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "INTERNAL: assertion failed at %s:%d: %s\n", file, line, condition);
    std::abort();
}

}  // namespace leat
