// SPDX-License-Identifier: Apache-2.0
#include "device-sim/ledger/ledger_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "device-sim/ledger/input_window.hpp"

namespace frugal::swarm {
namespace {

Result<FileDescriptor> open_append(const std::filesystem::path& path) {
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file.is_open()) {
        return fail("cannot open the ledger " + path.string(), system_cause());
    }
    return file;
}

Result<void> write_all(const FileDescriptor& file, std::string& bytes) {
    std::size_t written = 0;
    while (written < bytes.size()) {
        const ssize_t count = ::write(file.get(), bytes.data() + written, bytes.size() - written);
        if (count < 0) {
            return fail("cannot write to the ledger", system_cause(), "free some disk space");
        }
        written += static_cast<std::size_t>(count);
    }
    bytes.clear();
    return {};
}

bool ends_inside_a_line(const FileDescriptor& file) {
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    char last = '\n';
    return size > 0 && ::pread(file.get(), &last, 1, size - 1) == 1 && last != '\n';
}

/// Cuts a hash that a kill left incomplete.
void drop_torn_hash(const FileDescriptor& file) {
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    if (size % 8 != 0) {
        [[maybe_unused]] const int code = ::ftruncate(file.get(), size - size % 8);
    }
}

}  // namespace

Result<LedgerWriter> LedgerWriter::open(const std::filesystem::path& directory) {
    if (auto made = make_directory(directory); !made) {
        return tl::unexpected<Error>(made.error());
    }
    auto log = open_append(directory / kFileName);
    auto windows = open_append(directory / kWindowsFileName);
    if (!log || !windows) {
        return tl::unexpected<Error>(!log ? log.error() : windows.error());
    }
    drop_torn_hash(*windows);
    LedgerWriter writer(std::move(*log), std::move(*windows));
    if (ends_inside_a_line(writer.log_)) {
        writer.lines_ = " torn\n";  // one field too many: no reader takes it for whole
    }
    return writer;
}

void LedgerWriter::append_windows(ByteView input) {
    for (const std::uint64_t hash : input_windows(input)) {
        windows_.append(reinterpret_cast<const char*>(&hash), sizeof hash);
    }
}

Result<void> LedgerWriter::flush() {
    if (auto written = write_all(windows_file_, windows_); !written) {
        return written;
    }
    return write_all(log_, lines_);
}

}  // namespace frugal::swarm
