// SPDX-License-Identifier: Apache-2.0
// Small numbers the core gives to things it keeps, so that rows and hot paths carry four bytes
// instead of a name. Stable for the life of a database, dense from 0. Plain values.
#pragma once

#include <cstdint>

namespace frugal::core {

enum class DeviceNumber : std::uint32_t {};
enum class StreamNumber : std::uint32_t {};
enum class ReleaseNumber : std::uint32_t {
};  ///< one release of one model; not the number people see

template <typename Number>
constexpr std::uint32_t index_of(Number number) {
    return static_cast<std::uint32_t>(number);
}

}  // namespace frugal::core
