// SPDX-License-Identifier: Apache-2.0
#include "bench/ingest/process_meter.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace frugal::bench {

ProcessUse& ProcessUse::operator+=(const ProcessUse& other) {
    cpu_us += other.cpu_us;
    written_bytes += other.written_bytes;
    return *this;
}

ProcessUse ProcessUse::operator-(const ProcessUse& other) const {
    return {cpu_us - other.cpu_us, written_bytes - other.written_bytes};
}

ProcessUse use_of(int pid) {
    const std::string folder = "/proc/" + std::to_string(pid);
    ProcessUse use;
    std::string text;
    std::getline(std::ifstream(folder + "/stat"), text);
    // The name, in parentheses, may hold spaces; utime and stime are the 12th and 13th after it.
    if (const auto close = text.rfind(')'); close != std::string::npos) {
        std::istringstream fields(text.substr(close + 2));
        std::string skipped;
        for (int i = 0; i < 11; ++i) {
            fields >> skipped;
        }
        double user = 0;
        double system = 0;
        fields >> user >> system;
        use.cpu_us = (user + system) * 1e6 / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }
    std::ifstream io(folder + "/io");
    for (std::string name; io >> name;) {
        std::uint64_t value = 0;
        io >> value;
        if (name == "write_bytes:") {
            use.written_bytes = value;
        }
    }
    return use;
}

std::uint64_t database_bytes(const std::string& path) {
    std::uint64_t bytes = 0;
    for (const auto& file : {path, path + "-wal"}) {
        std::error_code error;
        const auto size = std::filesystem::file_size(file, error);
        bytes += error ? 0 : size;
    }
    return bytes;
}

}  // namespace frugal::bench
