// SPDX-License-Identifier: Apache-2.0
// Runs a program that answers one request: bytes to its standard input, bytes from its standard
// output, an end in time or by our hand. Whatever the child does, the caller gets an answer or an
// error that says how it ended. Blocks; on a worker thread. Never touches a process it did not
// start.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace frugal::app {

struct ChildCommand {
    std::string program;
    std::vector<std::string> arguments;
    base::Duration wall_limit = std::chrono::seconds(60);
    std::size_t answer_bytes_max = 1 << 20;
};

/// Errors: kUnavailable if it cannot be started; kLimit if it took too long, too much processor
/// time, or answers too much; kInvalidInput if it was killed by any other signal (named) or ended
/// without success: what it was given is at fault.
base::Result<base::Bytes> run_child(const ChildCommand& command, base::ByteView request);

}  // namespace frugal::app
