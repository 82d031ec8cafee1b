// SPDX-License-Identifier: Apache-2.0
// One process owns the database: a flock on a file beside it, released by the kernel when the
// process ends, however it ends. Owned by Database.
#pragma once

#include <string>

#include "base/result.hpp"

namespace frugal::storage {

class OwnerLock {
public:
    /// kConflict if another process holds it, kUnavailable if the file cannot be made.
    static base::Result<OwnerLock> take(const std::string& path);

    OwnerLock() = default;
    ~OwnerLock();
    OwnerLock(OwnerLock&& other) noexcept;
    OwnerLock& operator=(OwnerLock&& other) noexcept;

private:
    int descriptor_ = -1;
};

}  // namespace frugal::storage
