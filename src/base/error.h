// Errors as values. Every function that can fail for a reason outside the program returns Result<T> or
// Status; exceptions of third-party libraries stop where that library is called.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace leat {

enum class ErrorCode : uint16_t {
#define LEAT_ERROR(code, retry, summary) code,
#include "base/error_codes.def"
#undef LEAT_ERROR
};

enum class Retry : uint8_t { never, backoff };

// The stable name, as users see it: "PG_SLOT_LOST".
std::string_view name(ErrorCode code);
std::string_view summary(ErrorCode code);
Retry retry_class(ErrorCode code);
// Of its name; empty: this version has no such code.
std::optional<ErrorCode> error_code(std::string_view name);

// What happened, for an operator. Never holds a secret or a column value.
struct Error {
    ErrorCode code = ErrorCode::INTERNAL;
    std::string message;  // what happened and what is safe
    std::string action;   // what to do, with the SQL where there is one; may be empty

    // "CODE: message" and, on lines of its own, the action.
    std::string to_string() const;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string action = {}) {
    return std::unexpected<Error>(Error{code, std::move(message), std::move(action)});
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(std::move(error)); }

// "…: No space left on device (28)" for the current or given errno.
std::string errno_text(int number);

}  // namespace leat

#define LEAT_CONCAT_(a, b) a##b
#define LEAT_CONCAT(a, b) LEAT_CONCAT_(a, b)

// Returns from the enclosing function if the Status or Result is an error.
#define LEAT_TRY(expression)                                                            \
    do {                                                                                \
        auto leat_status_ = (expression);                                               \
        if (!leat_status_) [[unlikely]]                                                 \
            return ::std::unexpected<::leat::Error>(::std::move(leat_status_.error())); \
    } while (false)

// LEAT_ASSIGN(auto x, f()): the value of a Result, or returns its error.
#define LEAT_ASSIGN(target, expression) LEAT_ASSIGN_(target, expression, LEAT_CONCAT(leat_result_, __LINE__))
#define LEAT_ASSIGN_(target, expression, result)                              \
    auto result = (expression);                                               \
    if (!result) [[unlikely]]                                                 \
        return ::std::unexpected<::leat::Error>(::std::move(result.error())); \
    target = ::std::move(*result)

// A mistake of the programmer: checked in release builds too. Bytes from outside never reach one.
#define LEAT_ASSERT(condition) \
    ((condition) ? static_cast<void>(0) : ::leat::assertion_failed(#condition, __FILE__, __LINE__))

namespace leat {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}
