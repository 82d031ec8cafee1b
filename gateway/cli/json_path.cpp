// SPDX-License-Identifier: Apache-2.0
#include "cli/json_path.hpp"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

namespace frugal::cli {

namespace json = boost::json;

const json::value& at_path(const json::value& root, std::string_view path) {
    static const json::value null;
    const json::value* value = &root;
    while (!path.empty() && value != nullptr) {
        const auto dot = path.find('.');
        const auto* object = value->if_object();
        value = object != nullptr ? object->if_contains(path.substr(0, dot)) : nullptr;
        path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    }
    return value != nullptr ? *value : null;
}

std::string text_at(const json::value& root, std::string_view path) {
    const auto& value = at_path(root, path);
    if (value.is_null()) {
        return {};
    }
    if (value.is_double()) {
        return fmt::format("{}", value.get_double());  // Boost.JSON would write 0E0
    }
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

std::uint64_t number_at(const json::value& root, std::string_view path) {
    const auto& value = at_path(root, path);
    if (value.is_uint64()) {
        return value.get_uint64();
    }
    return value.is_int64() && value.get_int64() > 0 ? static_cast<std::uint64_t>(value.get_int64())
                                                     : 0;
}

double real_at(const json::value& root, std::string_view path) {
    const auto& value = at_path(root, path);
    return value.is_double() ? value.get_double() : static_cast<double>(number_at(root, path));
}

const json::array& list_at(const json::value& root, std::string_view path) {
    static const json::array empty;
    const auto* array = at_path(root, path).if_array();
    return array != nullptr ? *array : empty;
}

}  // namespace frugal::cli
