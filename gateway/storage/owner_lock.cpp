// SPDX-License-Identifier: Apache-2.0
#include "storage/owner_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace frugal::storage {

base::Result<OwnerLock> OwnerLock::take(const std::string& path) {
    OwnerLock lock;
    lock.descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock.descriptor_ < 0) {
        return base::fail(base::ErrorKind::kUnavailable, "lock file " + path + " not opened",
                          std::strerror(errno),
                          "Check that the directory exists and belongs to the gateway's user");
    }
    if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
        return base::fail(base::ErrorKind::kConflict, "database beside " + path + " is in use",
                          "another frugald owns it", "Stop that one, or name another directory");
    }
    return lock;
}

OwnerLock::~OwnerLock() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

OwnerLock::OwnerLock(OwnerLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

OwnerLock& OwnerLock::operator=(OwnerLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

}  // namespace frugal::storage
