// SPDX-License-Identifier: Apache-2.0
#include "web/assets.hpp"

// Written by cmake/embed.cmake from the files in src/.
extern const unsigned char frugal_asset_index[];
extern const unsigned long frugal_asset_index_size;
extern const unsigned char frugal_asset_css[];
extern const unsigned long frugal_asset_css_size;
extern const unsigned char frugal_asset_js[];
extern const unsigned long frugal_asset_js_size;
extern const unsigned char frugal_asset_icon[];
extern const unsigned long frugal_asset_icon_size;

namespace frugal::web {

std::optional<Asset> find_asset(std::string_view path) {
    if (path == "/" || path == "/start" || path == "/index.html") {
        return Asset{"text/html; charset=utf-8", {frugal_asset_index, frugal_asset_index_size}};
    }
    if (path == "/assets/page.css") {
        return Asset{"text/css; charset=utf-8", {frugal_asset_css, frugal_asset_css_size}};
    }
    if (path == "/assets/page.js") {
        return Asset{"text/javascript; charset=utf-8", {frugal_asset_js, frugal_asset_js_size}};
    }
    if (path == "/assets/favicon.svg") {
        return Asset{"image/svg+xml", {frugal_asset_icon, frugal_asset_icon_size}};
    }
    return std::nullopt;
}

}  // namespace frugal::web
