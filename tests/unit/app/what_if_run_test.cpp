// SPDX-License-Identifier: Apache-2.0
// What a what-if makes of stored records: the time they cover, and whose samples judge the gains.
#include "app/what_if_run.hpp"

#include <gtest/gtest.h>

#include "policy/learn/registration_state.hpp"
#include "support/policy_bytes.hpp"

namespace frugal::app {
namespace {

constexpr std::int64_t kMinute_ms = 60'000;
constexpr auto kLocalByConfidence =
    static_cast<std::uint8_t>(static_cast<unsigned>(core::Tier::kLocal) * 16 +
                              static_cast<unsigned>(core::PolicyReason::kLocalConfidence));

class WhatIfRun : public testing::Test {
protected:
    WhatIfRun() {
        part.device_class = "m4";
        part.compiled = test::policy_bytes(1, test::task_that_asks());
        part.task = 1;
        part.model.fill(1);
        part.edge.fill(2);
        part.terms.samples = 500;
        records.device_classes = {"m4", "esp32"};
    }

    /// Newest first, as the database gives them: one a minute, every fourth answered by the edge.
    void record(std::uint32_t device, int minutes) {
        for (int minute = minutes; minute >= 0; --minute) {
            const base::WallTime at{1'000'000 + minute * kMinute_ms};
            if (minute % 4 == 0) {
                core::ObservationRecord record;
                record.device = core::DeviceNumber{device};
                record.edge_class = 1;
                record.edge_chance = 200;
                record.local_confidence = 100;
                record.propensity_q8 = 256;
                record.is_in_time = true;
                record.at = at;
                records.observations.push_back(record);
            } else {
                records.decisions.push_back({.device = device,
                                             .confidence = 200,
                                             .outcome = kLocalByConfidence,
                                             .received_at = at});
            }
        }
    }

    WhatIfPart part;
    WhatIfRecords records;
};

TEST_F(WhatIfRun, RatesAreOverTheTimeThatRecordsCover) {
    record(0, 12);
    part.hours = 24;
    const auto day = run_what_if(part, records);
    EXPECT_EQ(day.tasks, 13u);
    EXPECT_DOUBLE_EQ(day.hours, 24);
    EXPECT_DOUBLE_EQ(day.covered_hours, 0.2);
    EXPECT_DOUBLE_EQ(day.recorded_escalations_per_hour.value(), 20);
    EXPECT_DOUBLE_EQ(day.escalations_per_hour.value(), 65);
    part.hours = 1;
    EXPECT_EQ(run_what_if(part, records).escalations_per_hour, day.escalations_per_hour);
}

TEST_F(WhatIfRun, ACapHoldsOfWhatIsPredicted) {
    for (const std::uint32_t device : {0u, 2u, 3u}) {
        record(device, 6 * 60);
    }
    records.device_classes = {"m4", "esp32", "m4", "m4"};
    for (const std::uint32_t cap : {8u, 16u, 40u}) {
        part.compiled = test::policy_bytes(1, test::task_that_asks(cap));
        const auto view = run_what_if(part, records);
        EXPECT_LE(view.escalations_per_hour.value(), 3.0 * cap) << cap;
        EXPECT_GE(view.escalations_per_hour.value(), 3.0 * cap * 0.8) << cap;
        EXPECT_LT(view.cost_high - view.cost_low, 2) << cap;
    }
}

TEST_F(WhatIfRun, DecisionsOfOneBatchWereNotMadeAtOnce) {
    for (int batch = 12; batch >= 0; --batch) {
        for (int task = 0; task < 60; ++task) {  // one a minute, told once an hour
            records.decisions.push_back({.confidence = 200,
                                         .outcome = kLocalByConfidence,
                                         .received_at = {1'000'000 + batch * 60 * kMinute_ms}});
        }
    }
    part.compiled = test::policy_bytes(1, test::task_that_asks(8));
    const auto view = run_what_if(part, records);
    EXPECT_GE(view.escalations_per_hour.value(), 7) << "as if all came at once: 1";
    EXPECT_LE(view.escalations_per_hour.value(), 8);
}

TEST_F(WhatIfRun, AShareHoldsOfWhatIsPredicted) {
    record(0, 60 * 60);
    part.share_permille = 250;
    const auto view = run_what_if(part, records);
    EXPECT_LE(view.escalated_share, 0.25 + 66.0 / 3600);
    EXPECT_GE(view.escalated_share, 0.25);
}

TEST_F(WhatIfRun, SaysHowManyTasksOtherModelsDecided) {
    record(0, 12);
    part.releases = {7};
    EXPECT_EQ(run_what_if(part, records).tasks_of_other_models, 13u);
    for (auto& one : records.decisions) {
        one.release = 7;
    }
    EXPECT_EQ(run_what_if(part, records).tasks_of_other_models, 4u);
    part.releases = {6, 0, 7};
    EXPECT_EQ(run_what_if(part, records).tasks_of_other_models, 0u);
}

TEST_F(WhatIfRun, AnotherClassDoesNotStretchTheTime) {
    record(0, 12);
    record(1, 600);
    EXPECT_DOUBLE_EQ(run_what_if(part, records).covered_hours, 0.2);
}

TEST_F(WhatIfRun, WithoutTimeThereAreNoRates) {
    record(0, 0);
    const auto view = run_what_if(part, records);
    EXPECT_EQ(view.tasks, 1u);
    EXPECT_FALSE(view.escalations_per_hour);
    EXPECT_FALSE(view.deadline_misses_per_hour);
    EXPECT_NE(wire::simulation_json(1, {view}).find("\"escalations_per_hour\":null"),
              std::string::npos);
}

TEST_F(WhatIfRun, FewLabelledSamplesWidenTheInterval) {
    record(0, 4000);
    part.terms.samples = 50;
    const auto few = run_what_if(part, records);
    part.terms.samples = 50'000;
    const auto many = run_what_if(part, records);
    EXPECT_DOUBLE_EQ(few.cost_per_task, many.cost_per_task);
    EXPECT_GT(few.cost_high - few.cost_low, 1.5 * (many.cost_high - many.cost_low));
    EXPECT_GT(few.rho_high - few.rho_low, 5 * (many.rho_high - many.rho_low));
}

TEST_F(WhatIfRun, TheLastCanaryOfThePairJudgesTheGains) {
    policy::Registration registration;
    registration.rho = 1.25;
    registration.temperature = 0.75;
    registration.samples = 400;
    core::CanaryRecord canary{.task = 1, .model = part.model, .edge_model = part.edge};
    canary.state = policy::save(registration);
    core::CanaryRecord of_another = canary;
    of_another.edge_model.fill(9);
    take_canaries(part, {of_another});
    EXPECT_DOUBLE_EQ(part.terms.samples, 500);
    take_canaries(part, {of_another, canary});
    EXPECT_DOUBLE_EQ(part.terms.rho, 1.25);
    EXPECT_DOUBLE_EQ(part.terms.temperature, 0.75);
    EXPECT_DOUBLE_EQ(part.terms.samples, 400);
}

TEST_F(WhatIfRun, AFileMeasuredForAnotherPairSaysNothingOfThisOne) {
    part.terms.edge = "ffff";
    part.terms.rho = 0.4;
    take_canaries(part, {});
    EXPECT_DOUBLE_EQ(part.terms.rho, 1);
    EXPECT_DOUBLE_EQ(part.terms.samples, 0);
}

/// 100 decisions of device 0: 80 local, 15 answered by the edge, 3 late, 2 refused.
class WhatIfEnergy : public WhatIfRun {
protected:
    WhatIfEnergy() {
        part.payload_bytes = 784;
        decide(80, core::Tier::kLocal, core::PolicyReason::kLocalConfidence, 1'500);
        decide(15, core::Tier::kEdge, core::PolicyReason::kEscalateGain, 200);
        decide(3, core::Tier::kLocal, core::PolicyReason::kLate, 1'000);
        decide(2, core::Tier::kLocal, core::PolicyReason::kBusyRetry, 2'000);
        // 50 escalations of 4,000 uJ; the other two have no part in these records.
        records.accounts = {{200'000, 50 * 784}, {999'999, 784}, {7, 784}};
    }
    void decide(int count, core::Tier tier, core::PolicyReason reason, std::uint32_t energy_uj) {
        for (int i = 0; i < count; ++i) {
            records.decisions.push_back(
                {.confidence = 200,
                 .outcome = static_cast<std::uint8_t>(static_cast<unsigned>(tier) * 16 +
                                                      static_cast<unsigned>(reason)),
                 .energy_uj = energy_uj,
                 .received_at = {1'000'000 - next++ * kMinute_ms}});
        }
    }
    std::int64_t next = 0;
};

// Booked: 80 * 1500 + 15 * 200 + 3 * 1000 + 2 * 2000 = 130,000 uJ, 1,300 a task. 20 of 100 asked,
// at 4,000 uJ each: 500 uJ do not hang on that.
TEST_F(WhatIfEnergy, IsWhatWasBookedAndTheAccountsEscalations) {
    const auto all = run_what_if(part, records);  // the policy asks always
    EXPECT_DOUBLE_EQ(all.recorded_energy_uj_per_task.value(), 1'300);
    EXPECT_DOUBLE_EQ(all.escalated_share, 1);
    EXPECT_DOUBLE_EQ(all.energy_uj_per_task.value(), 500 + 4'000);
    part.compiled = test::policy_bytes(1, test::task_that_asks(8));
    const auto capped = run_what_if(part, records);
    EXPECT_LT(capped.escalated_share, 0.2);
    EXPECT_DOUBLE_EQ(capped.energy_uj_per_task.value(), 500 + 4'000 * capped.escalated_share);
}

TEST_F(WhatIfEnergy, IsUnknownWhereNoAccountTells) {
    const auto unknown = [this](WhatIfRecords all) {
        const auto view = run_what_if(part, all);
        EXPECT_DOUBLE_EQ(view.recorded_energy_uj_per_task.value(), 1'300);
        EXPECT_NE(wire::simulation_json(1, {view}).find("\"energy_uj_per_task\":null"),
                  std::string::npos);
        return !view.energy_uj_per_task;
    };
    auto other = records;
    other.accounts = {};
    EXPECT_TRUE(unknown(other)) << "no account";
    other.accounts = {{0, 0}};
    EXPECT_TRUE(unknown(other)) << "nothing was ever escalated";
    other.accounts = {{200'000, 10 * 784}};
    EXPECT_TRUE(unknown(other)) << "20 of 100 at 20,000 uJ are more than all that was booked";
    part.payload_bytes = 0;
    EXPECT_TRUE(unknown(records)) << "nobody knows how large an input is";
}

TEST_F(WhatIfEnergy, IsUnknownOfDevicesThatBookNone) {
    for (auto& decision : records.decisions) {
        decision.energy_uj = 0;
    }
    const auto view = run_what_if(part, records);
    EXPECT_FALSE(view.energy_uj_per_task);
    EXPECT_FALSE(view.recorded_energy_uj_per_task);
}

}  // namespace
}  // namespace frugal::app
