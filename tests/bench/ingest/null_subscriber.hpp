// SPDX-License-Identifier: Apache-2.0
// The ceiling of the ingest bench: sits where frugald sits (same library, same Unix socket, same
// client id, same subscription) and acks what arrives without checking or storing it, one ack a
// device and hand-off, which is the fewest acks anybody could send. An escalation is answered with
// the same bytes whatever it asks: the bare round trip. A thread of its own.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <string>
#include <thread>
#include <unordered_map>

#include "net/mqtt_link.hpp"

namespace frugal::bench {

class NullSubscriber {
public:
    NullSubscriber(const std::string& socket, const std::string& site, std::uint32_t batch);
    ~NullSubscriber();
    NullSubscriber(const NullSubscriber&) = delete;
    NullSubscriber& operator=(const NullSubscriber&) = delete;

    base::Result<void> start();
    bool is_up() const { return link_.is_up(); }

    void stop();

private:
    struct Position {
        std::uint64_t stream = 0;
        std::uint64_t next = 0;
    };

    void on_messages(const net::MessageBatch& batch);
    void answer(std::string_view topic, base::ByteView payload);

    std::string prefix_;
    std::uint32_t batch_;
    boost::asio::io_context loop_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    net::MqttLink link_;
    std::unordered_map<std::string_view, Position> heard_;
    std::thread thread_;
};

}  // namespace frugal::bench
