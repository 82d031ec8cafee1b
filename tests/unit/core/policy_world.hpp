// SPDX-License-Identifier: Apache-2.0
// Sites of sixty devices for the tests of policies on their way: what each is told, obeys and
// decides.
#pragma once

#include <set>

#include "core/offload/policy_desk.hpp"
#include "unit/core/site_world.hpp"

namespace frugal::core {

inline constexpr int kDevices = 60;

inline std::string name_of(int number) {
    return "node-" + std::to_string(number);
}

/// Of a device that runs a model of the task: one without can obey no policy.
inline Hello hello_of(int number) {
    auto word = hello(name_of(number), static_cast<std::uint64_t>(number) + 1);
    word.tasks[0].release = 1;
    return word;
}

class PolicyDeskTest : public ::testing::Test {
protected:
    PolicyDeskTest() {
        for (int i = 0; i < kDevices; ++i) {
            world.enrol(name_of(i));
            world.say(name_of(i), hello_of(i));
        }
        set(1, {});
        world.take();
    }

public:
    static PolicyVersionRecord version(std::uint32_t number) {
        return {.task = 1,
                .version = number,
                .release = "net@1",
                .text = "text " + std::to_string(number),
                .parts = {{*base::ClassName::parse("any"),
                           signed_policy("policy" + std::to_string(number))}}};
    }

protected:
    base::Result<AdminReply> set(std::uint32_t number, std::vector<PolicyStep> steps) {
        auto reply = world.ask(SetPolicy{version(number), std::move(steps)});
        world.advance(std::chrono::seconds(1));
        return reply;
    }
    static std::vector<PolicyStep> usual() {
        return {
            {2500, std::chrono::minutes(10)}, {5000, std::chrono::minutes(10)}, {kWholeFleet, {}}};
    }
    PolicyRolloutView view() { return world.get<PolicyRolloutView>(GetPolicyRollout{1}); }
    PolicyHistory history() { return world.get<PolicyHistory>(ListPolicyVersions{1}); }

    /// What each device was last told since the last take(), by name.
    std::map<std::string, Desired> told() {
        std::map<std::string, Desired> told;
        for (int i = 0; i < kDevices; ++i) {
            const auto desired = world.sent<Desired>(name_of(i));
            if (!desired.empty()) {
                told[name_of(i)] = desired.back();
            }
        }
        return told;
    }
    static std::string policy_in(const Desired& desired) {
        return std::string(base::as_text(desired.tasks.at(0).policy->content()));
    }
    void obey(const std::string& device, std::uint32_t policy, std::uint64_t stream,
              std::uint32_t ticks = 0) {
        world.say(device, Health{.stream = {stream},
                                 .boot_epoch = 1,
                                 .uptime_ticks = ticks,
                                 .tasks = {{1, policy, 0, {}, 0}}});
    }
    /// Decisions of one device, `late` of each batch too late and `escalated` asked.
    void decide(int device, std::uint32_t batches, std::uint32_t late, std::uint32_t energy_uj,
                std::uint32_t escalated = 0) {
        const auto stream = static_cast<std::uint64_t>(device) + 1;
        for (std::uint32_t i = 0; i < batches; ++i) {
            auto batch = decisions(next_[device], 16, stream);
            next_[device] += 16;
            batch.energy_uj = 16 * energy_uj;
            for (std::uint32_t k = 0; k < late; ++k) {
                batch.outcomes[k] = 0x1E;  // local after all: LATE
            }
            for (std::uint32_t k = late; k < late + escalated; ++k) {
                batch.outcomes[k] = 0x2A;  // the edge's answer: ESC_GAIN
            }
            world.say(name_of(device), std::move(batch));
        }
    }
    /// Splits the fleet by what each device was told, as they report it from now on.
    std::set<int> candidates_obey(std::uint32_t number, std::uint32_t before = 1) {
        std::set<int> candidates;
        for (const auto& [device, desired] : told()) {
            if (policy_in(desired).starts_with("policy" + std::to_string(number))) {
                candidates.insert(std::stoi(device.substr(5)));
            }
        }
        for (int i = 0; i < kDevices; ++i) {
            obey(name_of(i), candidates.contains(i) ? number : before,
                 static_cast<std::uint64_t>(i) + 1);
        }
        return candidates;
    }
    void all_decide(std::uint32_t batches) {
        for (int i = 0; i < kDevices; ++i) {
            decide(i, batches, 0, 100);
        }
    }

    SiteWorld world;
    std::map<int, std::uint64_t> next_;
};

/// Two device classes in turn, "m4" and "tiny"; policies name both.
class TwoClassesTest : public PolicyDeskTest {
protected:
    TwoClassesTest() {
        for (int i = 1; i < kDevices; i += 2) {
            auto tiny = hello_of(i);
            tiny.capability = capability("tiny");
            world.say(name_of(i), tiny);
        }
        world.get<PolicySet>(SetPolicy{of(5, {"m4", "tiny"})});
        world.advance(std::chrono::seconds(1));
        world.take();
    }
    static PolicyVersionRecord of(std::uint32_t number, std::vector<std::string> classes) {
        auto record = version(number);
        record.parts.clear();
        for (const auto& name : classes) {
            record.parts.push_back({*base::ClassName::parse(name),
                                    signed_policy("policy" + std::to_string(number) + name)});
        }
        return record;
    }
    static std::string class_of(const std::string& device) {
        return std::stoi(device.substr(5)) % 2 == 0 ? "m4" : "tiny";
    }
    PolicySet learn(std::uint32_t number, std::uint32_t source, const std::string& device_class) {
        auto learned = of(number, {device_class});
        learned.origin = PolicyOrigin::kLearned;
        learned.source = source;
        auto done = world.get<PolicySet>(SetPolicy{std::move(learned)});
        world.advance(std::chrono::seconds(1));
        return done;
    }
    base::Error refusal(PolicyVersionRecord record, std::vector<PolicyStep> steps) {
        const auto reply = world.ask(SetPolicy{std::move(record), std::move(steps)});
        EXPECT_FALSE(reply);
        return reply ? base::Error{} : reply.error();
    }
};

}  // namespace frugal::core
