// SPDX-License-Identifier: Apache-2.0
// Composition of the daemon: joins the tick with the broker, the database, the edge workers, the
// authority and the REST interface, and performs the effects the core asks for. Owned by main; all
// members run on the loop's thread. Decides nothing itself. After a failed commit it opens and
// loads the database again and goes on with a new core, exactly as after a crash.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "app/config.hpp"
#include "app/log.hpp"
#include "app/site_files.hpp"
#include "base/result.hpp"
#include "core/admin.hpp"
#include "core/tick.hpp"
#include "net/mqtt_link.hpp"

namespace boost::asio {
class io_context;
}

namespace frugal::app {

using Clock = std::function<base::Now()>;

class Gateway {
public:
    using ReplyHandler = std::function<void(base::Result<core::AdminReply>)>;

    /// Opens everything but starts nothing. Errors of the database, the authority and the files.
    static base::Result<std::unique_ptr<Gateway>> open(boost::asio::io_context& loop,
                                                       const Config& config, const Log& log,
                                                       Clock clock);
    ~Gateway();
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    /// Boots the core and connects to the broker.
    base::Result<void> start();

    /// Stops taking messages, lets the commit under way finish and its acks out, disconnects.
    void stop();

    /// Asks the core; the handler is called once, on the loop.
    void ask(std::string actor, core::AdminCommand command, ReplyHandler handler);

    core::Overview overview() const;
    net::MqttCounters mqtt_counters() const;
    bool is_link_up() const;

    /// Bytes of messages since the start, payloads only: up, down.
    std::pair<std::uint64_t, std::uint64_t> traffic_bytes() const;

    /// The last error of the database, until it is open again.
    std::optional<base::Error> storage_trouble() const;

    /// What a learner is told; called on the loop. Absent functions are not called.
    struct EvidenceHandlers {
        std::function<void(core::Observed&&)> on_answer{};
        std::function<void(core::DecisionsStored&&)> on_decisions{};
    };
    void on_evidence(EvidenceHandlers handlers);

    /// Who makes policies for the models of devices: called on the loop, answers there, later.
    /// Without one no policy is made for another model than it was set for.
    using PolicyBinder = std::function<void(
        core::BindPolicy&&, std::function<void(base::Result<core::SignedPointer>)> answer)>;
    void on_bind(PolicyBinder binder);

    /// "sensor-7 first seen": what the log says, for the event stream. Called on the loop.
    void on_log(std::function<void(const core::Log&)> observer);

private:
    class Impl;
    explicit Gateway(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace frugal::app
