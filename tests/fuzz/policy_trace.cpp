// SPDX-License-Identifier: Apache-2.0
// The files of `frugalctl policy replay` and `policy check`: one trace, extra and canary cut out of
// the input at bytes 0xFF, and a short replay of what parses. An error says something; figures are
// finite.
#include <cmath>

#include "base/bytes.hpp"
#include "policy/author/policy_check.hpp"
#include "policy/replay/replay.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    const std::string_view text = frugal::base::as_text({input, size});
    const std::size_t first = text.find('\xFF');
    const std::size_t second =
        first == std::string_view::npos ? first : text.find('\xFF', first + 1);
    frugal::policy::TraceFiles files;
    files.trace = {text.substr(0, first), "t.csv"};
    if (first != std::string_view::npos) {
        files.extra = frugal::policy::CsvText{text.substr(first + 1, second - first - 1), "x.csv"};
    }
    if (second != std::string_view::npos) {
        files.canaries.push_back({text.substr(second + 1), "c.csv"});
    }
    const auto trace = frugal::policy::parse_trace(files);
    if (!trace && trace.error().message.empty()) {
        __builtin_trap();
    }
    if (trace && trace->rows.size() < 64) {
        frugal::policy::ReplayOptions options;
        options.seeds = 1;
        options.window_tasks = 4;
        for (const auto& figures : frugal::policy::replay(*trace, options).policies) {
            if (!std::isfinite(figures.cost_per_task) || figures.escalated_fraction > 1) {
                __builtin_trap();
            }
        }
    }
    const auto checked = frugal::policy::check_policy(text, "p.toml");
    if (!checked && checked.error().message.empty()) {
        __builtin_trap();
    }
    return 0;
}
