// SPDX-License-Identifier: Apache-2.0
// The files of the live page, built by esbuild and embedded at build time. Immutable, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.hpp"

namespace frugal::web {

struct Asset {
    std::string_view content_type;
    base::ByteView content;
};

/// The asset served at a URL path ("/", "/page.js", ...); absent if there is none.
std::optional<Asset> find_asset(std::string_view path);

}  // namespace frugal::web
