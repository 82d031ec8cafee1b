// SPDX-License-Identifier: Apache-2.0
#include "cli/release_option.hpp"

namespace frugal::cli {

base::Result<base::ReleaseName> read_release(const std::string& text) {
    auto name = base::ReleaseName::parse(text);
    if (!name) {
        return base::fail(base::ErrorKind::kInvalidInput, "\"" + text + "\" names no release", {},
                          "Write MODEL@NUMBER; frugalctl model list shows them.");
    }
    return std::move(*name);
}

}  // namespace frugal::cli
