// SPDX-License-Identifier: Apache-2.0
// Errors as RFC 9457 problem documents: what, where, cause, remedy, and a stable code. Pure.
#pragma once

#include <string_view>

#include "base/error.hpp"
#include "wire/http_message.hpp"

namespace frugal::wire {

/// The HTTP status for a kind of error: 400, 404, 409, 403, 429, 503, 500, 507, 501.
int status_of(base::ErrorKind kind);

/// A problem document with the status of the error's kind.
HttpResponse problem(const base::Error& error);

/// A problem document with a status the kind does not tell (401, 405, 413, 431...).
HttpResponse problem(int status, const base::Error& error);

}  // namespace frugal::wire
