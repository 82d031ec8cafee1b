// SPDX-License-Identifier: Apache-2.0
// Numbers with a unit in policy files: kept exactly or refused with place, cause and remedy.
#include <gtest/gtest.h>

#include "base/hex.hpp"
#include "frugal/policy.h"
#include "policy/author/compiled_policy.hpp"
#include "policy/author/policy_file.hpp"

namespace frugal::policy {
namespace {

base::Result<CompiledPolicy> compiled(const std::string& text) {
    PolicyTarget target;
    target.task_name = "leaf";
    target.task = 3;
    target.model_digest = *base::digest_from_hex(std::string(64, 'a'));
    target.policy_id = 9;
    const auto bytes = compile_policy(text, "leaf.toml", target);
    return bytes ? read_compiled(*bytes) : tl::unexpected(bytes.error());
}

base::Result<CompiledPolicy> with_task(const std::string& line) {
    return compiled("[task.leaf]\nlearn = \"fixed(0.5)\"\n" + line + "\n");
}

base::Result<CompiledPolicy> with_guard(const std::string& when) {
    return compiled("[task.leaf]\nlearn = \"fixed(0.5)\"\n[[guard]]\nwhen = \"" + when +
                    "\"\nthen = \"local\"\n");
}

TEST(PolicyGuards, AQuantityIsKeptExactlyAndToldInItsUnit) {
    struct Case {
        std::string when;
        int value;
        std::string told;
    };
    for (const auto& [when, value, told] : {
             Case{"battery < 20%", 40, "battery < 20%"},
             Case{"battery <= 12.5%", 25, "battery <= 12.5%"},
             Case{"rtt > 800", 800, "rtt > 800ms"},
             Case{"rtt > 800ms", 800, "rtt > 800ms"},
             Case{"rtt > 2s", 2000, "rtt > 2000ms"},
             Case{"rtt > 1.001s", 1001, "rtt > 1001ms"},
             Case{"slack < 0.5min", 30000, "slack < 30000ms"},
             Case{"uptime < 120min", 2, "uptime < 2h"},
             Case{"uptime < 7200s", 2, "uptime < 2h"},
             Case{"policy_age >= 3d", 72, "policy_age >= 72h"},
             Case{"rssi < -70dBm", -70, "rssi < -70dBm"},
             Case{"rssi < -70", -70, "rssi < -70dBm"},
             Case{"budget < 0.0625mJ", 1, "budget < 0.0625mJ"},
             Case{"budget < 1J", 16000, "budget < 1000mJ"},
             Case{"payload > 784B", 49, "payload > 784B"},
             Case{"payload > 2KiB", 128, "payload > 2048B"},
             Case{"free_ram < 4KiB", 64, "free_ram < 4096B"},
             Case{"confidence >= 205", 205, "confidence >= 205"},
             Case{"confidence >= 205.0", 205, "confidence >= 205"},
             Case{"class == 2", 2, "class == 2"},
             Case{"busy != 0", 0, "busy != 0"},
         }) {
        const auto policy = with_guard(when);
        ASSERT_TRUE(policy) << when << ": " << policy.error().describe();
        ASSERT_EQ(policy->guards.size(), 1U) << when;
        EXPECT_EQ(policy->guards[0].value, value) << when;
        EXPECT_EQ(words_of(policy->guards[0]), told);
    }
}

struct Refused {
    std::string written;
    std::string expected;
};

void expect_refused(const base::Result<CompiledPolicy>& policy, const Refused& refused) {
    ASSERT_FALSE(policy) << refused.written;
    EXPECT_NE(policy.error().describe().find(refused.expected), std::string::npos)
        << refused.written << "\n"
        << policy.error().describe();
    EXPECT_FALSE(policy.error().cause.empty()) << refused.written;
    EXPECT_FALSE(policy.error().remedy.empty()) << refused.written;
}

TEST(PolicyGuards, WhatCannotBeMeantIsRefusedWithItsPlace) {
    for (const Refused& one : {
             Refused{"uptime < 500dBm", "leaf.toml:4:18: uptime: \"500dBm\" has the wrong unit"},
             Refused{"rtt > 2d", "\"2d\" has the wrong unit \"d\" (units here: ms, s, min, h)"},
             Refused{"rtt > 2%", "wrong unit"},
             Refused{"rssi < -70ms", "wrong unit \"ms\" (units here: dBm)"},
             Refused{"class == 2ms", "\"2ms\" has the unit \"ms\""},
             Refused{"confidence < 80%", "has the unit \"%\""},
             Refused{"confidence < 0.8", "cannot be kept exactly"},
             Refused{"confidence < 0.8", "Write 128 for one half, 205 for 0.8."},
             Refused{"battery < 20", "\"20\" has no unit (units here: %)"},
             Refused{"budget < 16", "\"16\" has no unit (units here: mJ, J)"},
             Refused{"battery < 20.3%", "cannot be kept exactly (devices count in halves"},
             Refused{"uptime < 30min", "cannot be kept exactly (devices count in whole hours)"},
             Refused{"uptime < 500ms", "cannot be kept exactly"},
             Refused{"rtt > 0.5ms", "cannot be kept exactly"},
             Refused{"payload > 1000B", "cannot be kept exactly (devices count in steps of 16"},
             Refused{"payload > 1000B", "The nearest are 992B and 1008B."},
             Refused{"rssi < -70.5", "The nearest are -71dBm and -70dBm."},
             Refused{"tokens < 1.5", "cannot be kept exactly"},
             Refused{"rtt > 40s", "out of range (it must lie in 0ms to 32767ms)"},
             Refused{"rtt > 99999999999h", "out of range"},
             Refused{"rtt > 123456789012ms", "is not a number"},
             Refused{"rtt > nan", "leaf.toml:4:15: rtt: \"nan\" is not a number"},
             Refused{"rtt > nanms", "is not a number"},
             Refused{"rtt > infms", "is not a number"},
             Refused{"rtt > -infms", "is not a number"},
             Refused{"rtt > 1e3ms", "wrong unit \"e3ms\""},
             Refused{"rtt > 0x10", "wrong unit \"x10\""},
             Refused{"rtt > .5s", "is not a number"},
             Refused{"rtt > 5.s", "is not a number"},
             Refused{"rtt > -", "is not a number"},
             Refused{"rtt > battery", "rtt cannot be compared with battery"},
             Refused{"rtt > 2 s", "cannot read \"s\" here"},
             Refused{"rtt >", "the condition ends behind \">\""},
             Refused{"rtt > 2s or", "leaf.toml:4:18: nothing follows the last `or`"},
             Refused{"rtt > 2s or rtt", "the condition ends behind \"rtt\""},
             Refused{"rtt>2s", "leaf.toml:4:9: blanks are missing in \"rtt>2s\""},
             Refused{"rtt >2s", "leaf.toml:4:13: blanks are missing in \">2s\""},
             Refused{"battery < 20% or rtt>= 2s", "blanks are missing in \"rtt>=\""},
             Refused{"rtt > 2s and rssi < -70", "joined by `or`"},
             Refused{"rtt is 2s", "leaf.toml:4:13: \"is\" compares nothing"},
             Refused{"ping > 2s", "leaf.toml:4:9: there is no field \"ping\""},
             Refused{"", "`when` is empty"},
             Refused{"  ", "`when` is empty"},
         }) {
        expect_refused(with_guard(one.written), one);
    }
}

TEST(PolicyGuards, AConditionThatSaysNothingIsRefused) {
    for (const Refused& one : {
             Refused{"battery < 0%", "leaf.toml:4:9: the condition is never true"},
             Refused{"battery <= 100%", "the condition is always true (battery is 0% to 100%)"},
             Refused{"battery < 120%", "out of range (it must lie in 0% to 100%)"},
             Refused{"confidence < 256", "out of range (it must lie in 0 to 255)"},
             Refused{"busy >= 0", "always true"},
             Refused{"rtt < 0ms", "never true"},
             Refused{"battery < battery", "battery is compared with itself"},
             Refused{"battery < 20% or battery >= 20%",
                     "leaf.toml:3:1: the conditions on battery together are always true"},
             Refused{"busy == 1 or rtt > 2s or busy == 0", "the conditions on busy together"},
         }) {
        expect_refused(with_guard(one.written), one);
    }
    EXPECT_TRUE(with_guard("battery < 20% or battery > 20%")) << "there is one left";
    EXPECT_TRUE(with_guard("rssi < -32000 or rssi > -70"));
}

TEST(PolicyFile, ATimeIsATime) {
    EXPECT_EQ(with_task("deadline = \"0.8s\"")->tasks[0].deadline_ms, 800U);
    EXPECT_EQ(with_task("deadline = \"2min\"")->tasks[0].deadline_ms, 120'000U);
    EXPECT_EQ(with_task("deadline = \"808ms\"")->tasks[0].deadline_ms, 808U);
    EXPECT_EQ(with_task("deadline = \"524280ms\"")->tasks[0].deadline_ms, 524'280U);
    EXPECT_EQ(with_task("deadline = \"0ms\"")->tasks[0].deadline_ms, 0U) << "the application's";
    EXPECT_EQ(with_task("[policy]\nexpires = \"120min\"")->expiry_hours, 2U);
    EXPECT_EQ(with_task("[policy]\nexpires = \"3d\"")->expiry_hours, 72U);
    for (const Refused& one : {
             Refused{"deadline = \"nanms\"", "leaf.toml:3:12: deadline: \"nanms\" is not a number"},
             Refused{"deadline = \"infs\"", "is not a number"},
             Refused{"deadline = \"800\"", "deadline: \"800\" has no unit"},
             Refused{"deadline = \"-8ms\"", "out of range (it must lie in 0ms to 524280ms)"},
             Refused{"deadline = \"1h\"", "out of range"},
             Refused{"deadline = \"0.5ms\"", "cannot be kept exactly"},
             Refused{"deadline = \"801ms\"",
                     "cannot be kept exactly (devices count in steps of 8 milliseconds)"},
             Refused{"deadline = \"801ms\"", "The nearest are 800ms and 808ms."},
             Refused{"deadline = \"0.804s\"", "The nearest are 800ms and 808ms."},
             Refused{"deadline = \"4ms\"", "The nearest are 0ms and 8ms."},
             Refused{"deadline = \"524281ms\"", "The nearest is 524280ms."},
             Refused{"deadline = \"\"", "is not a number"},
             Refused{"[policy]\nexpires = \"nanh\"", "leaf.toml:4:11: expires: \"nanh\""},
             Refused{"[policy]\nexpires = \"infd\"", "is not a number"},
             Refused{"[policy]\nexpires = \"90min\"", "cannot be kept exactly"},
             Refused{"[policy]\nexpires = \"1.5h\"", "cannot be kept exactly"},
             Refused{"[policy]\nexpires = \"0h\"", "out of range (it must lie in 1h to 65535h)"},
             Refused{"[policy]\nexpires = \"72\"", "has no unit"},
         }) {
        expect_refused(with_task(one.written), one);
    }
}

TEST(PolicyFile, AnAuditIsAShareOfTwoWholeNumbers) {
    EXPECT_EQ(with_task("audit = \"0/256\"")->tasks[0].audit, 0);
    EXPECT_EQ(with_task("audit = \"1/256\"")->tasks[0].audit, 1);
    EXPECT_EQ(with_task("audit = \"1/3\"")->tasks[0].audit, 86) << "rounded up";
    EXPECT_EQ(with_task("audit = \"1/1000\"")->tasks[0].audit, 1) << "rounded up";
    EXPECT_EQ(with_task("audit = \"999/1000\"")->tasks[0].audit, 255);
    for (const auto* written :
         {"one/256", "o.5",    "0.5",   "1/256abc", "1/256 ",  " 1/256",       "1",      "1/",
          "/256",    "",       "1/0",   "0/0",      "256/256", "2/1",          "-1/256", "1/-256",
          "+1/256",  "1//256", "1/2/3", "nan",      "1/inf",   "1/99999999999"}) {
        expect_refused(with_task("audit = \"" + std::string(written) + "\""),
                       {written, "leaf.toml:3:9: audit \"" + std::string(written) +
                                     "\" is not a share below 1"});
    }
}

}  // namespace
}  // namespace frugal::policy
