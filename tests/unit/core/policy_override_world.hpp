// SPDX-License-Identifier: Apache-2.0
// A site whose devices get policies of their own, one by one or by label.
#pragma once

#include <algorithm>

#include "unit/core/policy_world.hpp"

namespace frugal::core {

/// node-3 is of class "tiny", node-4 of class "m4"; version 5 is in force for both classes. A
/// policy's bytes name their version and class where a compiled one has its id, and then its rules.
class PolicyOverrideTest : public TwoClassesTest {
protected:
    PolicyOverrideTest() {
        world.get<PolicySet>(SetPolicy{ruled(10, {"m4", "tiny"}, "all")});
        world.advance(std::chrono::seconds(1));
        world.take();
    }
    static PolicyVersionRecord ruled(std::uint32_t number, std::vector<std::string> classes,
                                     const std::string& rules, base::Audience audience = {}) {
        auto record = version(number);
        record.audience = std::move(audience);
        record.parts.clear();
        for (const auto& name : classes) {
            auto id = std::to_string(number);
            id.insert(0, 4 - id.size(), '0');
            record.parts.push_back(
                {*base::ClassName::parse(name), signed_policy("policy" + id + rules + name)});
        }
        return record;
    }
    static base::Audience device(const std::string& name) {
        return base::Audience::device(device_id(name));
    }
    static PolicyVersionRecord ended(std::uint32_t number, std::vector<std::string> classes,
                                     const std::string& rules, base::Audience audience) {
        auto record = ruled(number, std::move(classes), rules, std::move(audience));
        record.origin = PolicyOrigin::kWithdrawn;
        return record;
    }
    /// Sets it at once; who is told what because of it.
    std::map<std::string, std::string> tell(PolicyVersionRecord record) {
        world.take();
        world.get<PolicySet>(SetPolicy{std::move(record)});
        world.advance(std::chrono::seconds(1));
        return told_policies();
    }
    std::map<std::string, std::string> told_policies() {
        std::map<std::string, std::string> policies;
        for (const auto& [name, desired] : told()) {
            policies[name] = policy_in(desired);
        }
        return policies;
    }
    /// What the device is told to obey when it comes back.
    std::string obeys(const std::string& name) {
        world.take();
        auto word = hello(name, 77);
        word.capability = capability(class_of(name));
        world.say(name, word);
        return policy_in(world.sent<Desired>(name).at(0));
    }
    /// What the device is told by another process that read what this one wrote.
    std::string obeys_after_restart(const std::string& name) {
        Snapshot snapshot;
        for (const auto& record : world.written<PolicyRecord>()) {
            std::erase_if(snapshot.policies, [&](const PolicyRecord& older) {
                return older.device_class == record.device_class &&
                       older.audience == record.audience;
            });
            snapshot.policies.push_back(record);
        }
        snapshot.policy_versions = world.written<PolicyVersionRecord>();
        std::map<std::string, DeviceRecord> devices;
        for (const auto& record : world.written<DeviceRecord>()) {
            devices.insert_or_assign(record.id.text(), record);
        }
        for (int i = 0; i < kDevices; ++i) {
            snapshot.devices.push_back(devices.at(name_of(i)));
        }
        SiteWorld again({}, std::move(snapshot));
        auto word = hello(name, 4);
        word.capability = capability(class_of(name));
        again.say(name, word);
        return policy_in(again.sent<Desired>(name).at(0));
    }
    base::ErrorKind refusal_kind(PolicyVersionRecord record, std::vector<PolicyStep> steps = {}) {
        return refusal(std::move(record), std::move(steps)).kind;
    }
    std::uint32_t next() { return world.get<TaskList>(ListTasks{}).next_policy; }
};

}  // namespace frugal::core
