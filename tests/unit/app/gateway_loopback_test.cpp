// SPDX-License-Identifier: Apache-2.0
// I1-I3, I20 on the real composition: after a failed commit the gateway opens and loads again, the
// fencing epoch rises, nothing is lost, nothing is stored twice, nothing uncommitted is
// acknowledged.
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "app/policy_builder.hpp"
#include "app/policy_renewal.hpp"
#include "frugal/limits.h"
#include "frugal/policy.h"
#include "support/earlier_policy.hpp"
#include "unit/app/gateway_fixture.hpp"

namespace {

std::atomic<int> failing_flushes{0};

int flush(int descriptor) {
    if (failing_flushes.load() > 0 && failing_flushes.fetch_sub(1) > 0) {
        errno = EIO;  // the bytes are in the page cache: visible, and perhaps durable, perhaps not
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

}  // namespace

// In the place of libc's for this program, SQLite's calls too.
extern "C" int fdatasync(int descriptor) {
    return flush(descriptor);
}
extern "C" int fsync(int descriptor) {
    return flush(descriptor);
}

namespace frugal::app {
namespace {

TEST_F(GatewayTest, AFailedFlushIsFollowedByAFreshLoadAndNothingIsLost) {
    start();
    say_hello();
    decide(0);
    run_until([&] { return acked == kBatch; });
    const auto first_epoch = epoch;

    failing_flushes = 1;
    decide(kBatch);
    run_until([&] { return logged(core::LogEvent::kReopened) == 1; });
    EXPECT_EQ(failing_flushes, 0);
    EXPECT_EQ(acked, kBatch) << "the outcome of that commit was unknown";
    EXPECT_EQ(logged(core::LogEvent::kStarted), 1U) << "one process, one start";
    const auto reopened = std::find_if(lines.begin(), lines.end(), [](const auto& line) {
        return line.event == core::LogEvent::kReopened;
    });
    EXPECT_EQ(reopened->fields.back().key, "cause");
    EXPECT_NE(reopened->fields.back().value.find("commit of"), std::string::npos);

    decide(kBatch);  // as the device does that got no ack
    run_until([&] { return acked == 2 * kBatch; });
    EXPECT_EQ(epoch, first_epoch + 1);
    EXPECT_EQ(stored(), 2U * kBatch) << "whether the first attempt was stored or not: once";
    decide(2 * kBatch);
    run_until([&] { return acked == 3 * kBatch; });
    EXPECT_FALSE(gateway->storage_trouble());
}

TEST_F(GatewayTest, AFullDatabaseAcknowledgesNothingAndGoesOnWhenThereIsRoom) {
    config.store_pages = 1;  // SQLite takes what is there already as the limit
    start();
    say_hello();
    const auto first_epoch = epoch;
    std::uint64_t next = 0;
    while (!gateway->storage_trouble()) {
        decide(next);
        // A first trouble is over at once, perhaps unseen; the next one waits a second.
        const auto reopened = logged(core::LogEvent::kReopened);
        run_until([&] {
            return acked == next + kBatch || gateway->storage_trouble() ||
                   logged(core::LogEvent::kReopened) > reopened;
        });
        next = acked;
        ASSERT_LT(next, 10'000U) << "it never filled up";
    }
    EXPECT_NE(gateway->storage_trouble()->remedy.find("Make room on the disk"), std::string::npos);
    std::optional<base::Error> refusal;
    gateway->ask("test", core::ListTasks{}, [&](base::Result<core::AdminReply> reply) {
        refusal = reply ? std::optional<base::Error>() : reply.error();
    });
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->kind, base::ErrorKind::kUnavailable);

    const auto before = acked;
    for (int repeat = 0; repeat < 2; ++repeat) {  // it opens again, and is full again
        const auto reopened = logged(core::LogEvent::kReopened);
        run_until([&] { return logged(core::LogEvent::kReopened) > reopened; });
        decide(next);
        run_until([&] { return gateway->storage_trouble().has_value(); });
    }
    EXPECT_EQ(acked, before);
    config.store_pages = 100'000;
    run_until([&] { return !gateway->storage_trouble(); });
    decide(next);
    run_until([&] { return acked == next + kBatch; });
    EXPECT_EQ(stored(), next + kBatch);
    EXPECT_GT(epoch, first_epoch);
}

TEST_F(GatewayTest, AnEdgeModelThatIsGoneRefusesOneEscalationAtATime) {
    start();
    say_hello();
    const auto received = gateway->mqtt_counters().received;
    for (std::uint64_t i = 0; i < 5; ++i) {
        v1::Escalate escalate;
        escalate.set_stream(kStream);
        escalate.set_sequence(i);
        escalate.set_task(1);
        escalate.set_deadline_ms(60'000);
        escalate.set_release(1);
        escalate.set_policy_reason(v1::POLICY_REASON_ESC_GAIN);
        escalate.set_features("abc");
        say("escalate", escalate);
    }
    // The loop stands still until all five wait for it: one step, one queue.
    while (gateway->mqtt_counters().received < received + 5) {
        std::this_thread::yield();
    }
    std::size_t before = 0;
    run_until([&] {
        const auto now = logged(core::LogEvent::kInferenceFailed);
        EXPECT_LE(now, before + 1) << "an answer inside the step that asked for it";
        before = now;
        return verdicts == 5;
    });
    EXPECT_EQ(before, 5U);
}

TEST_F(GatewayTest, PoliciesOfAnEarlierGatewayAreRenewedWithItsKeyBeforeAnythingElse) {
    const SiteFiles files(config.site_directory);
    const auto key = *crypto::ReleaseKey::load(files.policy_key());
    fr_policy_task_spec_t task{};
    task.task = 1;
    task.tier = FR_TIER_EDGE;
    task.group_count = 1;
    const fr_policy_spec_t spec{3, 0, nullptr, 0, &task, 1};
    base::Bytes form(FR_POLICY_SIZE_MAX);
    std::size_t size = 0;
    ASSERT_EQ(fr_policy_build(&spec, form.data(), form.size(), &size), FR_OK);
    form.resize(size);
    core::PolicyVersionRecord version{.task = 1, .version = 3};
    version.parts = *sign_parts({{*base::ClassName::parse("m4"), test::earlier(form)}}, key);
    core::WriteBatch batch;
    batch.records = {
        version, core::PolicyRecord{version.parts[0].device_class, 1, 3, version.parts[0].blob}};
    ASSERT_TRUE(storage::Database::open({.path = database_path})->commit(batch));

    std::filesystem::rename(files.policy_key(), files.policy_key().string() + ".away");
    start();  // nothing can be done, which is no reason not to serve
    TearDown();
    EXPECT_TRUE(has_earlier_forms(*storage::Database::open({.path = database_path})->load()));

    std::filesystem::rename(files.policy_key().string() + ".away", files.policy_key());
    start();
    TearDown();
    const auto after = *storage::Database::open({.path = database_path})->load();
    EXPECT_FALSE(has_earlier_forms(after));
    EXPECT_EQ(after.policies.at(0).blob->content(), form);
    EXPECT_EQ(after.policy_versions.at(0).parts.at(0).blob->content(), form);
}

}  // namespace
}  // namespace frugal::app
