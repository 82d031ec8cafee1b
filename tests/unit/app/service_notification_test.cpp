// SPDX-License-Identifier: Apache-2.0
#include "app/service_notification.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace frugal::app {
namespace {

class ServiceNotificationTest : public testing::Test {
protected:
    void SetUp() override {
        path_ = testing::TempDir() + "/notify-" + std::to_string(::getpid());
        listener_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        ASSERT_LT(path_.size(), sizeof(address.sun_path));
        std::memcpy(address.sun_path, path_.data(), path_.size());
        ASSERT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
        ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
        ::setenv("WATCHDOG_USEC", "3000000", 1);
    }
    void TearDown() override {
        ::unsetenv("NOTIFY_SOCKET");
        ::unsetenv("WATCHDOG_USEC");
        ::close(listener_);
        ::unlink(path_.c_str());
    }
    std::string receive() {
        char buffer[256];
        const auto size = ::recv(listener_, buffer, sizeof(buffer), MSG_DONTWAIT);
        return size < 0 ? std::string() : std::string(buffer, static_cast<std::size_t>(size));
    }

    std::string path_;
    int listener_ = -1;
};

TEST_F(ServiceNotificationTest, SpeaksTheNotifyProtocol) {
    const ServiceNotification notification;
    notification.ready();
    EXPECT_EQ(receive(), "READY=1");
    notification.status("3 devices");
    EXPECT_EQ(receive(), "STATUS=3 devices");
    EXPECT_EQ(notification.watchdog_interval(), base::Duration(1'500'000));
}

TEST_F(ServiceNotificationTest, IsSilentOutsideSystemd) {
    ::unsetenv("NOTIFY_SOCKET");
    ::setenv("WATCHDOG_USEC", "soon", 1);
    const ServiceNotification notification;
    notification.ready();
    EXPECT_EQ(receive(), "");
    EXPECT_FALSE(notification.watchdog_interval());
}

}  // namespace
}  // namespace frugal::app
