// SPDX-License-Identifier: Apache-2.0
#include "simulation/world/network.hpp"

#include <fmt/format.h>

namespace frugal::simulation {

namespace {

constexpr std::size_t kRemembered = 400;
constexpr auto kGatewayLeg = std::chrono::milliseconds(1);
constexpr auto kHandshake = std::chrono::milliseconds(60);

std::string prefix_of(const std::string& name) {
    return fmt::format("frugal/v1/{}/{}/", kSiteName, name);
}

std::string shared_prefix() {
    return fmt::format("frugal/v1/{}/all/chunk/", kSiteName);
}

}  // namespace

Network::Network(Timeline& timeline, Trace& trace, const Options& options, std::uint64_t seed)
    : timeline_(timeline), trace_(trace), options_(options), rng_(seed) {}

base::Duration Network::delay() {
    if (is_healed_) {
        return std::chrono::milliseconds(2);
    }
    const auto span =
        static_cast<std::uint64_t>((options_.latency_max - options_.latency_min).count() + 1);
    // Mostly quick, sometimes slow: packets overtake each other.
    const auto extra = rng_.chance(0.2) ? rng_.below(span) : rng_.below(span / 8 + 1);
    return options_.latency_min + base::Duration(static_cast<std::int64_t>(extra));
}

void Network::travel(std::size_t client, Direction direction, const std::function<void()>& action) {
    auto start = timeline_.now();
    if (const auto clog = clogs_.find({client, direction}); clog != clogs_.end()) {
        start = std::max(start, clog->second);
    }
    if (!is_healed_ && rng_.below(1000) < options_.loss_permille) {
        trace_.fault("loss");
        return;
    }
    timeline_.at(start + delay(), action);
    if (!is_healed_ && rng_.below(1000) < options_.duplicate_permille) {
        trace_.fault("duplicate");
        timeline_.at(start + delay(), action);
    }
}

// Sessions --------------------------------------------------------------------------------------

void Network::connect(Client& client) {
    const auto life = broker_life_;
    timeline_.after(delay() + kHandshake, [this, &client, life] {
        const bool is_denied = denied_.contains(client.name());
        if (!broker_is_up_ || life != broker_life_ || is_denied || reconnect_is_forbidden_) {
            if (is_denied) {
                trace_.sometimes("revoked device turned away at the broker");
            }
            client.on_session_down();
            return;
        }
        for (const auto& [index, session] : sessions_) {
            if (session.client->name() == client.name() && index != client.index()) {
                trace_.sometimes("session taken over by a clone");
                drop(index, true);
                break;
            }
        }
        sessions_[client.index()] = {next_session_++, &client, {}};
        client.on_session_up();
    });
}

void Network::leave(Client& client) {
    sessions_.erase(client.index());
}

void Network::drop(std::size_t client, bool is_noticed) {
    const auto found = sessions_.find(client);
    if (found == sessions_.end()) {
        return;
    }
    Client* gone = found->second.client;
    sessions_.erase(found);
    const auto wait = is_noticed ? base::Duration(std::chrono::milliseconds(50))
                                 : base::Duration(std::chrono::seconds(20));
    timeline_.after(wait, [this, gone] {
        if (!sessions_.contains(gone->index())) {
            gone->on_session_down();
        }
    });
}

void Network::kick(const std::string& name) {
    for (const auto& [index, session] : sessions_) {
        if (session.client->name() == name) {
            drop(index, true);
            return;
        }
    }
}

void Network::subscribe(Client& client, const std::string& topic) {
    if (const auto found = sessions_.find(client.index()); found != sessions_.end()) {
        found->second.topics.insert(topic);
    }
}

void Network::unsubscribe(Client& client, const std::string& topic) {
    if (const auto found = sessions_.find(client.index()); found != sessions_.end()) {
        found->second.topics.erase(topic);
    }
}

void Network::attach_gateway() {
    const auto life = broker_life_;
    timeline_.after(kHandshake, [this, life] {
        if (broker_is_up_ && life == broker_life_) {
            gateway_session_ = next_session_++;
            on_gateway_link(true);
        }
    });
}

void Network::detach_gateway() {
    gateway_session_ = 0;
}

// Packets ---------------------------------------------------------------------------------------

bool Network::is_allowed(const Client& client, const std::string& topic) const {
    return topic.starts_with(prefix_of(client.name()) + "up/");
}

void Network::remember(std::deque<std::pair<std::string, Packet>>& where, const std::string& name,
                       const Packet& packet) {
    // An evil broker has a good memory, but ours must not cost more than the run itself.
    if (!options_.has(FaultKind::kReplay) || !rng_.chance(0.1)) {
        return;
    }
    where.emplace_back(name, packet);
    if (where.size() > kRemembered) {
        where.pop_front();
    }
}

void Network::send_up(Client& client, Packet packet) {
    const auto found = sessions_.find(client.index());
    if (found == sessions_.end()) {
        return;
    }
    const auto session = found->second.id;
    travel(client.index(), Direction::kUp,
           [this, index = client.index(), session, packet = std::move(packet)] {
               arrive_up(index, session, packet);
           });
}

void Network::arrive_up(std::size_t client, std::uint64_t session, const Packet& packet) {
    const auto found = sessions_.find(client);
    if (found == sessions_.end() || found->second.id != session) {
        return;
    }
    if (!is_allowed(*found->second.client, packet.topic)) {
        trace_.sometimes("foreign topic stopped by the broker");
        return;
    }
    remember(heard_up_, found->second.client->name(), packet);
    if (gateway_session_ == 0) {
        return;
    }
    timeline_.after(kGatewayLeg, [this, life = gateway_session_, packet] {
        if (life == gateway_session_) {
            to_gateway(packet);
        }
    });
}

void Network::publish(Packet packet) {
    if (gateway_session_ == 0) {
        return;
    }
    const bool is_shared = packet.topic.starts_with(shared_prefix());
    for (auto& [index, session] : sessions_) {
        const bool is_his = packet.topic.starts_with(prefix_of(session.client->name()) + "down/");
        if (is_his || (is_shared && session.topics.contains(packet.topic))) {
            deliver(session, packet);
        }
    }
}

void Network::deliver(Session& session, Packet packet) {
    remember(heard_down_, session.client->name(), packet);
    if (tamper && !is_healed_) {
        tamper(*session.client, packet);
    }
    travel(session.client->index(), Direction::kDown,
           [this, index = session.client->index(), id = session.id, packet = std::move(packet)] {
               const auto found = sessions_.find(index);
               if (found != sessions_.end() && found->second.id == id) {
                   found->second.client->on_packet(packet);
               }
           });
}

// Faults ----------------------------------------------------------------------------------------

void Network::clog(std::size_t client, bool is_up, base::Duration duration) {
    clogs_[{client, is_up ? Direction::kUp : Direction::kDown}] = timeline_.now() + duration;
}

void Network::break_session(std::size_t client, bool is_noticed) {
    drop(client, is_noticed);
}

void Network::restart_broker(base::Duration outage) {
    broker_is_up_ = false;
    ++broker_life_;
    std::vector<std::size_t> all;
    for (const auto& [index, session] : sessions_) {
        all.push_back(index);
    }
    for (const auto index : all) {
        drop(index, true);
    }
    const bool had_gateway = gateway_session_ != 0;
    gateway_session_ = 0;
    if (had_gateway) {
        on_gateway_link(false);
    }
    timeline_.after(outage, [this, life = broker_life_] {
        if (life == broker_life_) {
            broker_is_up_ = true;
            attach_gateway();
        }
    });
}

void Network::replay(base::Rng& rng) {
    const bool is_up = rng.chance(0.5);
    auto& heard = is_up ? heard_up_ : heard_down_;
    if (heard.empty()) {
        return;
    }
    const auto& [name, packet] = heard[rng.below(heard.size())];
    trace_.note(fmt::format("replay {} of {}", is_up ? "up" : "down", name));
    if (is_up && gateway_session_ != 0) {
        to_gateway(packet);
        return;
    }
    for (auto& [index, session] : sessions_) {
        if (!is_up && session.client->name() == name) {
            session.client->on_packet(packet);
            return;
        }
    }
}

void Network::heal() {
    is_healed_ = true;
    clogs_.clear();
    tamper = nullptr;
    if (!broker_is_up_) {
        broker_is_up_ = true;
        attach_gateway();
    }
}

}  // namespace frugal::simulation
