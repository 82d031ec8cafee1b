// SPDX-License-Identifier: Apache-2.0
// The way of a release to its devices: offers, words, reasons, ends.
#include "unit/core/rollout_site.hpp"

namespace frugal::core {
namespace {

using RolloutDeskTest = RolloutSite;

TEST_F(RolloutDeskTest, OffersToAllAndEndsWhenAllConfirmed) {
    const auto id = start();
    for (const auto* device : {"a", "b"}) {
        const auto desired = world.sent<Desired>(device);
        ASSERT_FALSE(desired.empty());
        ASSERT_EQ(desired.back().tasks.size(), 1U);
        EXPECT_EQ(desired.back().tasks[0].manifest->content().release, 1U);
        ASSERT_TRUE(desired.back().tasks[0].artifact);
        EXPECT_EQ(desired.back().tasks[0].artifact->size_bytes, 5000U);
        EXPECT_EQ(desired.back().version, 1U);
        for (const auto phase : {UpdatePhase::kTransfer, UpdatePhase::kStaged,
                                 UpdatePhase::kProbation, UpdatePhase::kConfirmed}) {
            report(device, phase);
        }
        EXPECT_EQ(world.standing(id, device).state, RolloutState::kConfirmed);
    }
    EXPECT_EQ(view(id).record.status, RolloutStatus::kFinished);
}

TEST_F(RolloutDeskTest, OffersNothingBeforeTheWishIsDurable) {
    world.hold_disk();
    world.give(AdminRequest{{1}, "ada", StartRollout{model_name("net"), 1, {}}});
    world.advance(std::chrono::seconds(1));
    EXPECT_TRUE(world.sent<Desired>("a").empty());
    world.commit();
    if (world.is_committing()) {
        world.commit();
    }
    EXPECT_FALSE(world.sent<Desired>("a").empty());
}

TEST_F(RolloutDeskTest, SettlesAMisfitWithItsReason) {
    auto small = hello("b");
    small.capability.arena_bytes = 100;
    world.say("b", small);
    const auto id = start();
    EXPECT_EQ(world.standing(id, "b").state, RolloutState::kRefused);
    EXPECT_EQ(world.standing(id, "b").reason, Reason::kUnfitArena);
    EXPECT_EQ(world.standing(id, "b").detail, 10'000U);
    EXPECT_TRUE(world.sent<Desired>("b").back().tasks.empty());
    report("a", UpdatePhase::kConfirmed);
    EXPECT_EQ(view(id).record.status, RolloutStatus::kFinished);
    EXPECT_EQ(view(id).reasons.at(Reason::kUnfitArena), 1U);
    // New firmware: the same device fits now.
    world.say("b", hello("b"));
    EXPECT_EQ(world.standing(id, "b").state, RolloutState::kOffered);
    EXPECT_EQ(view(id).record.status, RolloutStatus::kRunning);
}

TEST_F(RolloutDeskTest, KeepsTheDevicesOwnRefusal) {
    const auto id = start();
    report("a", UpdatePhase::kRefused, Reason::kUnfitIo, 0);
    EXPECT_EQ(world.standing(id, "a").state, RolloutState::kRefused);
    EXPECT_EQ(world.standing(id, "a").reason, Reason::kUnfitIo);
    world.say("a", hello("a"));
    EXPECT_EQ(world.standing(id, "a").state, RolloutState::kRefused);
}

TEST_F(RolloutDeskTest, TellsAgainUntilItHearsAndGivesUpAfterPatience) {
    const auto id = start();
    world.take();
    world.advance(std::chrono::minutes(2));
    EXPECT_GE(world.sent<Desired>("a").size(), 2U);
    world.advance(std::chrono::hours(30));
    EXPECT_EQ(world.standing(id, "a").state, RolloutState::kUnreachable);
    EXPECT_EQ(view(id).record.status, RolloutStatus::kFinished);
    world.say("a", hello("a"));
    EXPECT_EQ(world.standing(id, "a").state, RolloutState::kOffered);
}

TEST_F(RolloutDeskTest, BelievesAHelloThatRunsTheRelease) {
    const auto id = start();
    auto running = hello("a");
    running.tasks[0].release = 1;
    running.tasks[0].model_digest = digest_of(51);
    running.tasks[0].phase = UpdatePhase::kConfirmed;
    world.say("a", running);
    EXPECT_EQ(world.standing(id, "a").state, RolloutState::kConfirmed);
    EXPECT_FALSE(world.sent<Desired>("a").back().tasks[0].artifact) << "it holds the model";
}

TEST_F(RolloutDeskTest, DoesNotCallConfirmedWhatADeviceNoLongerRuns) {
    const auto id = start();
    report("a", UpdatePhase::kConfirmed);
    ASSERT_EQ(world.standing(id, "a").state, RolloutState::kConfirmed);
    // The database came back from a backup: the device has seen more wishes than it holds, runs a
    // later release, and its last word was about one of those wishes.
    auto ahead = hello("a");
    ahead.desired_version = 9;
    ahead.tasks[0].release = 3;
    ahead.tasks[0].burned_counter = 3;
    ahead.tasks[0].model_digest = digest_of(53);
    ahead.tasks[0].phase = UpdatePhase::kReverted;
    world.say("a", ahead);
    EXPECT_EQ(world.standing(id, "a").state, RolloutState::kRefused);
    EXPECT_EQ(world.standing(id, "a").reason, Reason::kDowngrade);
}

TEST_F(RolloutDeskTest, AFullEncodingFollowsADeltaWhoseBaseIsMissing) {
    auto content = manifest_content("net", 2, 2);
    content.model_digest = digest_of(52);
    const auto encoding = [](std::uint8_t name, std::uint32_t size,
                             std::optional<base::Digest> base) {
        return ArtifactRecord{.digest = digest_of(name),
                              .size_bytes = size,
                              .block_bytes = 512,
                              .list_digest = digest_of(1),
                              .base_digest = base,
                              .decoder_profile = 1,
                              .base_lag_bytes = base ? 250U : 0U};
    };
    ImportRelease command{
        .model = model_name("net"),
        .release = 2,
        .counter = 2,
        .task = 1,
        .variants = {{signed_manifest(content),
                      {encoding(110, 5000, {}), encoding(111, 300, digest_of(51))}}}};
    for (const auto& [name, size] : {std::pair{110, 5000}, std::pair{111, 300}}) {
        command.blobs.push_back({.digest = digest_of(static_cast<std::uint8_t>(name)),
                                 .bytes = std::make_shared<const base::Bytes>(size)});
    }
    start();
    report("a", UpdatePhase::kConfirmed);
    const auto plan = world.get<ReleasePlan>(PlanRelease{model_name("net"), 1});
    ASSERT_EQ(plan.bases.size(), 1U) << "what a confirmed report says it runs";
    EXPECT_EQ(plan.bases[0].model_digest, digest_of(51));
    world.get<ReleaseImported>(std::move(command));
    const auto id = start(2);
    ASSERT_TRUE(world.sent<Desired>("a").back().tasks[0].artifact);
    EXPECT_EQ(world.sent<Desired>("a").back().tasks[0].artifact->digest, digest_of(111));
    EXPECT_EQ(world.sent<Desired>("a").back().tasks[0].artifact->base_lag_bytes, 0U)
        << "with two slots nobody asks, and an older device does not know the field";
    EXPECT_EQ(world.sent<Desired>("b").back().tasks[0].artifact->digest, digest_of(110));

    const auto before = world.get<DeviceView>(GetDevice{device_id("a")}).desired_version;
    report("a", UpdatePhase::kReverted, Reason::kBaseMissing, 2);
    EXPECT_EQ(world.sent<Desired>("a").back().tasks[0].artifact->digest, digest_of(110));
    EXPECT_EQ(world.standing(id, "a").state, RolloutState::kOffered);
    world.say("a", Report{.task = 1,
                          .desired_version = before,
                          .release = 2,
                          .phase = UpdatePhase::kReverted,
                          .reason = Reason::kBaseMissing});
    EXPECT_EQ(world.standing(id, "a").state, RolloutState::kOffered) << "said of the delta";
    world.take();
    world.advance(std::chrono::minutes(2));
    EXPECT_FALSE(world.sent<Desired>("a").empty()) << "and told again if it was not heard";
    report("a", UpdatePhase::kRefused, Reason::kBaseMissing, 2);
    EXPECT_EQ(world.standing(id, "a").state, RolloutState::kRefused) << "once is enough";
}

TEST_F(RolloutDeskTest, ADeviceEnrolledLaterJoins) {
    const auto id = start();
    world.enrol("late");
    world.say("late", hello("late"));
    EXPECT_EQ(world.standing(id, "late").state, RolloutState::kOffered);
    EXPECT_FALSE(world.sent<Desired>("late").back().tasks.empty());
}

TEST_F(RolloutDeskTest, DoesNotCallConfirmedWhatADeviceLeftForAnother) {
    const auto id = start();
    report("a", UpdatePhase::kConfirmed);
    ASSERT_EQ(world.standing(id, "a").state, RolloutState::kConfirmed);
    world.take();
    // A wish of a later time, before the gateway was restored from a backup, played back to it.
    report("a", UpdatePhase::kConfirmed, Reason::kNone, 7);
    EXPECT_EQ(world.standing(id, "a").state, RolloutState::kOffered);
    world.advance(std::chrono::seconds(1));
    EXPECT_FALSE(world.sent<Desired>("a").empty()) << "and is told again what it should run";
}

TEST_F(RolloutDeskTest, ANewerRolloutSupersedesWhatIsNotSettled) {
    const auto first = start();
    report("a", UpdatePhase::kConfirmed);
    world.import(2, 2, 52);
    const auto second = start(2);
    EXPECT_EQ(world.standing(first, "a").state, RolloutState::kConfirmed);
    EXPECT_EQ(world.standing(first, "b").state, RolloutState::kCancelled);
    EXPECT_EQ(world.standing(first, "b").reason, Reason::kSuperseded);
    EXPECT_EQ(view(first).record.status, RolloutStatus::kFinished);
    EXPECT_EQ(world.sent<Desired>("b").back().tasks[0].manifest->content().release, 2U);
    report("b", UpdatePhase::kConfirmed, Reason::kNone, 2);
    EXPECT_EQ(world.standing(second, "b").state, RolloutState::kConfirmed);
}

TEST_F(RolloutDeskTest, GoesOnAfterARestart) {
    const auto id = start();
    report("a", UpdatePhase::kTransfer);
    Snapshot snapshot{.fencing_epoch = 1};
    std::map<DeviceNumber, DeviceRecord> devices;
    for (const auto& record : world.written<DeviceRecord>()) {
        devices.insert_or_assign(record.number, record);
    }
    for (const auto& [number, record] : devices) {
        snapshot.devices.push_back(record);
    }
    snapshot.releases = world.written<ReleaseRecord>();
    snapshot.rollouts = {world.written<RolloutRecord>().back()};
    std::map<DeviceNumber, RolloutDeviceRecord> entries;
    for (const auto& record : world.written<RolloutDeviceRecord>()) {
        entries.insert_or_assign(record.device, record);
    }
    for (const auto& [number, record] : entries) {
        snapshot.rollout_devices.push_back(record);
    }
    SiteWorld restarted({}, snapshot);
    restarted.advance(std::chrono::seconds(1));
    EXPECT_TRUE(restarted.sent<Desired>("a").empty()) << "its next fetch says what it pulls";
    restarted.advance(RolloutConfig{}.offer_retry);
    EXPECT_EQ(restarted.standing(id, "a").state, RolloutState::kTransferring);
    ASSERT_FALSE(restarted.sent<Desired>("a").empty());
    EXPECT_EQ(restarted.sent<Desired>("a").back().fencing_epoch, 2U);
}

TEST_F(RolloutDeskTest, PacesItsOffers) {
    CoreConfig config;
    config.rollout.offers_per_second = 20;
    SiteWorld paced(config);
    for (int i = 0; i < 40; ++i) {
        const auto id = "d" + std::to_string(i);
        paced.enrol(id);
        paced.say(id, hello(id));
    }
    paced.import(1, 1, 51);
    paced.get<RolloutStarted>(StartRollout{model_name("net"), 1, {}});
    paced.take();
    paced.advance(std::chrono::milliseconds(950));
    const auto sent = paced.performed<Send>().size();
    EXPECT_GE(sent, 15U);
    EXPECT_LE(sent, 22U);
}

TEST_F(RolloutDeskTest, RefusesBadImports) {
    auto content = manifest_content("net", 2, 1);
    const ArtifactRecord artifact{.digest = digest_of(1), .size_bytes = 100, .block_bytes = 128};
    ImportRelease command{.model = model_name("net"), .release = 2, .counter = 1, .task = 1};
    command.variants.push_back({signed_manifest(content), {artifact}});
    auto reply = world.ask(command);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, base::ErrorKind::kConflict) << "counter 1 is taken";
    command.counter = 2;
    reply = world.ask(command);
    ASSERT_FALSE(reply);
    EXPECT_NE(reply.error().cause.find("another"), std::string::npos) << "manifest says 1";
    content.counter = 2;
    command.variants[0].manifest = signed_manifest(content);
    reply = world.ask(command);
    ASSERT_FALSE(reply);
    EXPECT_NE(reply.error().cause.find("bytes"), std::string::npos);
}

TEST_F(RolloutDeskTest, SendsANewPolicyToWhomItConcerns) {
    world.get<PolicySet>(
        SetPolicy{{.task = 1,
                   .version = 5,
                   .parts = {{*base::ClassName::parse("any"), signed_policy("compiled")}}}});
    world.advance(std::chrono::seconds(1));
    const auto desired = world.sent<Desired>("a");
    ASSERT_FALSE(desired.empty());
    ASSERT_EQ(desired.back().tasks.size(), 1U);
    EXPECT_FALSE(desired.back().tasks[0].manifest);
    EXPECT_EQ(base::as_text(desired.back().tasks[0].policy->content()), "compiled");
}

TEST_F(RolloutDeskTest, ARevokedDeviceLeavesItsRollout) {
    const auto id = start();
    world.get<Done>(RevokeDevice{device_id("b")});
    EXPECT_EQ(world.standing(id, "b").state, RolloutState::kCancelled);
    report("a", UpdatePhase::kConfirmed);
    EXPECT_EQ(view(id).record.status, RolloutStatus::kFinished);
}

}  // namespace
}  // namespace frugal::core
