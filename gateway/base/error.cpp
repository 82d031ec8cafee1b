// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

namespace frugal::base {

std::string_view to_string(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::kInvalidInput:
            return "invalid input";
        case ErrorKind::kNotFound:
            return "not found";
        case ErrorKind::kConflict:
            return "conflict";
        case ErrorKind::kDenied:
            return "denied";
        case ErrorKind::kLimit:
            return "limit reached";
        case ErrorKind::kUnavailable:
            return "unavailable";
        case ErrorKind::kCorrupt:
            return "corrupt";
        case ErrorKind::kStorage:
            return "storage failed";
        case ErrorKind::kUnsupported:
            return "unsupported";
        case ErrorKind::kInternal:
            return "internal";
    }
    return "unknown";
}

Error Error::with_context(std::string_view context) const {
    Error result = *this;
    result.message = std::string(context) + ": " + message;
    return result;
}

std::string Error::describe() const {
    std::string text = message;
    if (!cause.empty()) {
        text += " (" + cause + ")";
    }
    if (!remedy.empty()) {
        text += ". " + remedy;
    }
    return text;
}

}  // namespace frugal::base
