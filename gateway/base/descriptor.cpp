// SPDX-License-Identifier: Apache-2.0
#include "base/descriptor.hpp"

#include <unistd.h>

#include <cerrno>

namespace frugal::base {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        close();
        number_ = std::exchange(other.number_, -1);
    }
    return *this;
}

void Descriptor::close() {
    if (number_ >= 0) {
        const int before = errno;
        ::close(std::exchange(number_, -1));
        errno = before;
    }
}

int write_all(int number, ByteView bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(number, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? errno : EIO;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return 0;
}

}  // namespace frugal::base
