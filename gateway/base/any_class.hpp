// SPDX-License-Identifier: Apache-2.0
// The device class "any": what is for it fits every class without a line of its own. Any thread.
#pragma once

#include "base/ids.hpp"

namespace frugal::base {

inline const ClassName& any_class() {
    static const auto name = *ClassName::parse("any");
    return name;
}

}  // namespace frugal::base
