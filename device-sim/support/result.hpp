// SPDX-License-Identifier: Apache-2.0
// Result<T> of the swarm: a value, or an Error that says what happened where, why and what to do.
// Plain values, any thread. The swarm has its own, because it may not include the gateway.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace frugal::swarm {

struct Error {
    std::string message;  ///< what happened, where
    std::string cause;    ///< why, if known
    std::string remedy;   ///< what the reader can do, if anything

    /// "message (cause). remedy" for a terminal.
    std::string describe() const {
        std::string text = message;
        if (!cause.empty()) {
            text += " (" + cause + ")";
        }
        return remedy.empty() ? text : text + ". " + remedy;
    }
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string message, std::string cause = {},
                                  std::string remedy = {}) {
    return tl::unexpected<Error>(Error{std::move(message), std::move(cause), std::move(remedy)});
}

/// Passes an error on with context put before its message.
inline tl::unexpected<Error> fail_with(const Error& error, const std::string& context) {
    return tl::unexpected<Error>(Error{context + ": " + error.message, error.cause, error.remedy});
}

}  // namespace frugal::swarm
