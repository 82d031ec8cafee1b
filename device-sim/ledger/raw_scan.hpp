// SPDX-License-Identifier: Apache-2.0
// Looks for escalated inputs in files: every offset of every file, as bytes, as hexadecimal and as
// Base64 text, against the fingerprints in the ledger. Used by `verify`; one thread. It prints
// places, never content.
#pragma once

#include <filesystem>
#include <string>
#include <unordered_set>
#include <vector>

#include "device-sim/support/bytes.hpp"
#include "device-sim/support/result.hpp"

namespace frugal::swarm {

class RawScan {
public:
    explicit RawScan(const std::vector<std::uint64_t>& windows);

    /// Scans a file, or every regular file below a directory (symbolic links are not followed).
    /// A file that vanishes meanwhile is skipped.
    Result<void> scan(const std::filesystem::path& path);

    /// Scans bytes as found under that name.
    void scan_bytes(ByteView bytes, const std::string& name);

    std::uint64_t files() const { return files_; }
    std::uint64_t bytes() const { return bytes_; }
    std::uint64_t found_bytes() const { return found_bytes_; }
    const std::vector<std::string>& places() const { return places_; }

private:
    void scan_plain(ByteView bytes, const std::string& name, const char* form);
    void scan_text_runs(ByteView bytes, const std::string& name);
    void scan_hex(std::string_view run, const std::string& name);
    void scan_base64(std::string_view run, const std::string& name);

    std::unordered_set<std::uint64_t> windows_;
    std::vector<bool> filter_;  ///< most hashes are told apart by their low bits
    std::uint64_t files_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t found_bytes_ = 0;
    std::vector<std::string> places_;
};

}  // namespace frugal::swarm
