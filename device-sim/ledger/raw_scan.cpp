// SPDX-License-Identifier: Apache-2.0
#include "device-sim/ledger/raw_scan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "device-sim/ledger/input_window.hpp"
#include "device-sim/support/file.hpp"
#include "device-sim/support/text.hpp"

namespace frugal::swarm {
namespace {

constexpr std::size_t kFilterBits = 1u << 22;
constexpr std::size_t kPlacesMax = 20;
constexpr std::size_t kHexRunMin = 2 * kWindowBytes;
constexpr std::size_t kBase64RunMin = 24;

bool is_base64_digit(std::uint8_t byte) {
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '+' || byte == '/';
}

bool is_hex_digit(char digit) {
    return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f') ||
           (digit >= 'A' && digit <= 'F');
}

}  // namespace

RawScan::RawScan(const std::vector<std::uint64_t>& windows)
    : windows_(windows.begin(), windows.end()), filter_(kFilterBits) {
    for (const std::uint64_t hash : windows_) {
        filter_[hash % kFilterBits] = true;
    }
}

Result<void> RawScan::scan(const std::filesystem::path& path) {
    std::error_code code;
    if (std::filesystem::is_regular_file(path, code)) {
        if (const auto content = read_file(path)) {
            scan_bytes(*content, path.string());
        }
        return {};
    }
    std::filesystem::recursive_directory_iterator entry(path, code);
    if (code) {
        return fail("cannot scan " + path.string(), code.message());
    }
    for (; entry != std::filesystem::recursive_directory_iterator(); entry.increment(code)) {
        if (entry->is_regular_file(code) && !entry->is_symlink(code)) {
            if (const auto content = read_file(entry->path())) {
                scan_bytes(*content, entry->path().string());
            }
        }
    }
    return {};
}

void RawScan::scan_bytes(ByteView bytes, const std::string& name) {
    ++files_;
    bytes_ += bytes.size();
    if (!windows_.empty()) {
        scan_plain(bytes, name, "bytes");
        scan_text_runs(bytes, name);
    }
}

void RawScan::scan_plain(ByteView bytes, const std::string& name, const char* form) {
    for (std::size_t at = 0; at + kWindowBytes <= bytes.size(); ++at) {
        const std::uint64_t hash = window_hash(bytes.data() + at);
        if (filter_[hash % kFilterBits] && windows_.contains(hash)) {
            found_bytes_ += kWindowBytes;
            if (places_.size() < kPlacesMax) {
                places_.push_back(fmt::format("{} at {} as {}", name, at, form));
            }
        }
    }
}

void RawScan::scan_text_runs(ByteView bytes, const std::string& name) {
    for (auto first = bytes.begin(); first != bytes.end();) {
        first = std::find_if(first, bytes.end(), is_base64_digit);
        const auto last = std::find_if_not(first, bytes.end(), is_base64_digit);
        const std::string_view run =
            as_text(bytes.subspan(static_cast<std::size_t>(first - bytes.begin()),
                                  static_cast<std::size_t>(last - first)));
        if (run.size() >= kBase64RunMin) {
            scan_base64(run, name);
        }
        if (run.size() >= kHexRunMin) {
            scan_hex(run, name);
        }
        first = last;
    }
}

void RawScan::scan_hex(std::string_view run, const std::string& name) {
    for (std::size_t skip = 0; skip < 2; ++skip) {
        std::string_view digits = run.substr(skip);
        digits = digits.substr(0, digits.size() / 2 * 2);
        if (!std::all_of(digits.begin(), digits.end(), is_hex_digit)) {
            return;
        }
        if (const auto decoded = from_hex(digits)) {
            scan_plain(*decoded, name, "hexadecimal");
        }
    }
}

void RawScan::scan_base64(std::string_view run, const std::string& name) {
    for (std::size_t skip = 0; skip < 4; ++skip) {
        std::string_view digits = run.substr(skip);
        digits = digits.substr(0, digits.size() / 4 * 4);
        if (const auto decoded = from_base64(digits)) {
            scan_plain(*decoded, name, "Base64");
        }
    }
}

}  // namespace frugal::swarm
