// SPDX-License-Identifier: Apache-2.0
#include "app/service_notification.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace frugal::app {

ServiceNotification::ServiceNotification() {
    if (const char* path = std::getenv("NOTIFY_SOCKET"); path != nullptr) {
        socket_path_ = path;
    }
    const char* limit = std::getenv("WATCHDOG_USEC");
    if (limit == nullptr) {
        return;
    }
    long microseconds = 0;
    const auto [end, error] = std::from_chars(limit, limit + std::strlen(limit), microseconds);
    if (error == std::errc() && *end == '\0' && microseconds > 0) {
        watchdog_interval_ = base::Duration(microseconds / 2);
    }
}

void ServiceNotification::send(const std::string& state) const {
    sockaddr_un address{};
    if (socket_path_.empty() || socket_path_.size() >= sizeof(address.sun_path)) {
        return;
    }
    const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return;
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_path_.data(), socket_path_.size());
    if (address.sun_path[0] == '@') {
        address.sun_path[0] = '\0';  // an abstract socket, as sd_notify(3) says
    }
    const auto length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_path_.size());
    // A lost notification is repaired by the next one, so the result is not needed.
    (void)::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL,
                   reinterpret_cast<const sockaddr*>(&address), length);
    ::close(descriptor);
}

}  // namespace frugal::app
