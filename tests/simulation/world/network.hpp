// SPDX-License-Identifier: Apache-2.0
// The broker and the links to it: sessions by certificate name, topics, an ACL, and weather: delay,
// loss, duplication, reordering, clogs in one direction. Remembers nothing across a restart. Owned
// by one world; single-threaded; delivers through the timeline only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/rng.hpp"
#include "simulation/world/options.hpp"
#include "simulation/world/timeline.hpp"
#include "simulation/world/trace.hpp"

namespace frugal::simulation {

inline constexpr const char* kSiteName = "simulated-site";

struct Packet {
    std::string topic;
    base::Bytes payload;
};

/// A device's end of its session. Outlives the network.
class Client {
public:
    virtual ~Client() = default;
    virtual const std::string& name() const = 0;  ///< CN of its certificate
    virtual std::size_t index() const = 0;
    virtual void on_session_up() = 0;
    virtual void on_session_down() = 0;
    virtual void on_packet(const Packet& packet) = 0;
};

class Network {
public:
    Network(Timeline& timeline, Trace& trace, const Options& options, std::uint64_t seed);

    // Devices ---------------------------------------------------------------------------------
    /// Asks for a session; on_session_up follows unless the broker says no or is down.
    void connect(Client& client);
    /// The device gives its session up, or is dead.
    void leave(Client& client);
    void send_up(Client& client, Packet packet);
    void subscribe(Client& client, const std::string& topic);
    void unsubscribe(Client& client, const std::string& topic);

    // Gateway ---------------------------------------------------------------------------------
    std::function<void(const Packet&)> to_gateway;
    std::function<void(bool is_up)> on_gateway_link;
    void attach_gateway();
    void detach_gateway();
    void publish(Packet packet);
    /// From now on nobody gets in with these names.
    void deny(const std::set<std::string>& names) { denied_ = names; }
    void kick(const std::string& name);

    // Faults ----------------------------------------------------------------------------------
    void clog(std::size_t client, bool is_up, base::Duration duration);
    void break_session(std::size_t client, bool is_noticed);
    void restart_broker(base::Duration outage);
    void replay(base::Rng& rng);
    /// Alters a packet on its way down to a device.
    std::function<void(const Client&, Packet&)> tamper;
    /// No more loss, duplication, delay, clogs.
    void heal();
    void forbid_reconnect() { reconnect_is_forbidden_ = true; }

    bool has_session(std::size_t client) const { return sessions_.contains(client); }

private:
    struct Session {
        std::uint64_t id = 0;
        Client* client = nullptr;
        std::set<std::string> topics{};
    };
    enum class Direction { kUp, kDown };

    void drop(std::size_t client, bool is_noticed);
    /// Delivers `action` none, one or two times, after a delay.
    void travel(std::size_t client, Direction direction, const std::function<void()>& action);
    base::Duration delay();
    void arrive_up(std::size_t client, std::uint64_t session, const Packet& packet);
    void deliver(Session& session, Packet packet);
    bool is_allowed(const Client& client, const std::string& topic) const;
    void remember(std::deque<std::pair<std::string, Packet>>& where, const std::string& name,
                  const Packet& packet);

    Timeline& timeline_;
    Trace& trace_;
    const Options& options_;
    base::Rng rng_;
    std::map<std::size_t, Session> sessions_;  ///< by client
    std::uint64_t next_session_ = 1;
    std::uint64_t gateway_session_ = 0;  ///< 0: none
    bool broker_is_up_ = true;
    std::uint64_t broker_life_ = 0;
    std::set<std::string> denied_;
    std::map<std::pair<std::size_t, Direction>, base::Instant> clogs_;
    std::deque<std::pair<std::string, Packet>> heard_up_;
    std::deque<std::pair<std::string, Packet>> heard_down_;
    bool is_healed_ = false;
    bool reconnect_is_forbidden_ = false;
};

}  // namespace frugal::simulation
