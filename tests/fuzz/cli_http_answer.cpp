// SPDX-License-Identifier: Apache-2.0
// Any bytes as a gateway's answer to frugalctl: no crash, and what comes out does not depend on the
// pieces it arrives in. The first byte chooses the cut.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cli/http_answer.hpp"

namespace {

/// Status, body and how the reading ended, as one text.
std::string read(std::string_view first, std::string_view second) {
    frugal::cli::HttpAnswerReader reader;
    const bool is_fine = reader.feed(first) && reader.feed(second);
    if (!is_fine || !reader.is_whole()) {
        return is_fine && !reader.finish() ? "unfinished" : "refused";
    }
    const auto answer = reader.take();
    return std::to_string(answer.status) + " " + answer.body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > 64 * 1024) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t cut = data[0] % (text.size() + 1);
    if (read(text, {}) != read(text.substr(0, cut), text.substr(cut))) {
        std::abort();
    }
    return 0;
}
