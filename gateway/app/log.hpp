// SPDX-License-Identifier: Apache-2.0
// The daemon's log: one line an event to standard error (the journal), "level event key=value ...".
// Values are quoted and escaped, so nothing a device sends can forge a line. Never logs payloads
// or secrets: callers hand over names, numbers and errors only. Thread-safe (one write a line).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "core/effect.hpp"

namespace frugal::app {

enum class LogLevel { kError = 0, kWarning = 1, kInfo = 2, kDebug = 3 };

/// "error", "warning", "info" or "debug"; anything else is info.
LogLevel parse_log_level(std::string_view text);

/// How loud an event of the core is. What happens once for every device of a fleet is debug.
LogLevel level_of(core::LogEvent event);

class Log {
public:
    using Fields = std::vector<core::LogField>;

    explicit Log(LogLevel level) : level_(level) {}

    void write(LogLevel level, std::string_view event, const Fields& fields = {}) const;
    void error(std::string_view event, const base::Error& error) const;

private:
    LogLevel level_;
};

/// The line write() prints, without the newline. Values longer than 512 bytes are cut.
std::string format_log_line(LogLevel level, std::string_view event, const Log::Fields& fields);

}  // namespace frugal::app
