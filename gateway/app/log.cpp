// SPDX-License-Identifier: Apache-2.0
#include "app/log.hpp"

#include <unistd.h>

#include <fmt/format.h>

namespace frugal::app {

namespace {

constexpr std::size_t kValueSizeMax = 512;

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::kError:
            return "error";
        case LogLevel::kWarning:
            return "warning";
        case LogLevel::kInfo:
            return "info";
        case LogLevel::kDebug:
            return "debug";
    }
    return "info";
}

void append_quoted(std::string& line, std::string_view value) {
    const bool cut = value.size() > kValueSizeMax;
    line += '"';
    for (const char c : value.substr(0, kValueSizeMax)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            line += '\\';
            line += c;
        } else if (byte < 0x20 || byte >= 0x7f) {
            line += fmt::format("\\x{:02x}", byte);
        } else {
            line += c;
        }
    }
    line += cut ? "...\"" : "\"";
}

}  // namespace

LogLevel parse_log_level(std::string_view text) {
    if (text == "error") {
        return LogLevel::kError;
    }
    if (text == "warning") {
        return LogLevel::kWarning;
    }
    return text == "debug" ? LogLevel::kDebug : LogLevel::kInfo;
}

LogLevel level_of(core::LogEvent event) {
    switch (event) {
        case core::LogEvent::kInferenceFailed:
        case core::LogEvent::kCertificateFailed:
        case core::LogEvent::kRevocationFailed:
        case core::LogEvent::kIncident:
            return LogLevel::kError;
        case core::LogEvent::kUnknownDevice:
        case core::LogEvent::kDeniedDevice:
        case core::LogEvent::kMalformedMessage:
        case core::LogEvent::kGap:
        case core::LogEvent::kUpdateRefused:
        case core::LogEvent::kUpdateReverted:
        case core::LogEvent::kCloudFailed:
        case core::LogEvent::kIntakeShed:
        case core::LogEvent::kLinkDown:
        case core::LogEvent::kReopened:
        case core::LogEvent::kPolicyAlarm:
        case core::LogEvent::kPolicyAhead:
        case core::LogEvent::kPolicyNotBound:
            return LogLevel::kWarning;
        case core::LogEvent::kDeviceFirstSeen:
            return LogLevel::kDebug;
        default:
            return LogLevel::kInfo;
    }
}

std::string format_log_line(LogLevel level, std::string_view event, const Log::Fields& fields) {
    std::string line = fmt::format("{} {}", name_of(level), event);
    for (const auto& [key, value] : fields) {
        line += fmt::format(" {}=", key);
        append_quoted(line, value);
    }
    return line;
}

void Log::write(LogLevel level, std::string_view event, const Fields& fields) const {
    if (level > level_) {
        return;
    }
    const std::string line = format_log_line(level, event, fields) + "\n";
    (void)!::write(STDERR_FILENO, line.data(), line.size());  // nowhere left to report a failure
}

void Log::error(std::string_view event, const base::Error& error) const {
    write(LogLevel::kError, event,
          {{"kind", std::string(base::to_string(error.kind))},
           {"message", error.message},
           {"cause", error.cause},
           {"remedy", error.remedy}});
}

}  // namespace frugal::app
