// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error. Absent is std::optional, never an error; bugs are asserts.
#pragma once

#include <tl/expected.hpp>

#include "base/error.hpp"

namespace frugal::base {

template <typename T>
using Result = tl::expected<T, Error>;

/// Builds the error side of any Result.
inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::string cause = {},
                                  std::string remedy = {}) {
    return tl::unexpected<Error>(
        Error{kind, std::move(message), std::move(cause), std::move(remedy)});
}

/// Passes an error on with context put before its message.
inline tl::unexpected<Error> fail(const Error& error, std::string_view context) {
    return tl::unexpected<Error>(error.with_context(context));
}

}  // namespace frugal::base
