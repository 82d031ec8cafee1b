// SPDX-License-Identifier: Apache-2.0
// Reads values out of the daemon's answers for display. Pure: a missing or odd value is an empty
// text or 0, never an error, so that an older frugalctl can still show what it knows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace frugal::cli {

/// The value at "a.b.c"; null if there is none.
const boost::json::value& at_path(const boost::json::value& root, std::string_view path);

std::string text_at(const boost::json::value& root, std::string_view path);
std::uint64_t number_at(const boost::json::value& root, std::string_view path);
double real_at(const boost::json::value& root, std::string_view path);

/// The elements of the array at the path; empty if it is none.
const boost::json::array& list_at(const boost::json::value& root, std::string_view path);

}  // namespace frugal::cli
