// SPDX-License-Identifier: Apache-2.0
// Numbers for slow work in the world's hands, so that its answer finds whoever asked. Unique within
// one Core; an answer to a number of an earlier process finds nobody and is dropped.
#pragma once

#include "base/ids.hpp"

namespace frugal::core {

class WorkNumbers {
public:
    base::WorkId next() { return {++last_}; }

private:
    std::uint64_t last_ = 0;
};

}  // namespace frugal::core
