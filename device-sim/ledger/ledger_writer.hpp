// SPDX-License-Identifier: Apache-2.0
// Appends records to DIR/ledger.log and fingerprints to DIR/windows.bin. Owned by the fleet, loop
// thread. Records gather until flush(), which is one write(2): kill -9 of the swarm tears at most
// the last line. Nothing may reach a socket before the decisions it speaks of are flushed.
#pragma once

#include <filesystem>

#include "device-sim/ledger/record.hpp"
#include "device-sim/support/file.hpp"

namespace frugal::swarm {

class LedgerWriter {
public:
    static constexpr const char* kFileName = "ledger.log";
    static constexpr const char* kWindowsFileName = "windows.bin";

    /// Creates the directory and files as needed; ends a line that an earlier kill tore.
    static Result<LedgerWriter> open(const std::filesystem::path& directory);

    void append(const LedgerRecord& record) { append_line(record, lines_); }
    void append_windows(ByteView input);

    /// An error means the ledger is no longer the truth: stop.
    Result<void> flush();

private:
    LedgerWriter(FileDescriptor log, FileDescriptor windows)
        : log_(std::move(log)), windows_file_(std::move(windows)) {}

    FileDescriptor log_;
    FileDescriptor windows_file_;
    std::string lines_;
    std::string windows_;
};

}  // namespace frugal::swarm
