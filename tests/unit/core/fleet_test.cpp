// SPDX-License-Identifier: Apache-2.0
// I13-I15, I20: who may speak, who may join, who is out; and that it is written down.
#include "core/journal.hpp"
#include "unit/core/site_world.hpp"

namespace frugal::core {
namespace {

TEST(Enrolment, GivesACertificateForTheRightCodeOnce) {
    SiteWorld world;
    world.get<Done>(AddDevice{device_id("dev"), "hall 3", digest_of(9), std::chrono::hours(1)});
    const auto issued =
        world.get<CertificateIssued>(EnrolDevice{device_id("dev"), digest_of(9), {1}});
    EXPECT_EQ(issued.certificate.pem, "certificate of dev");
    const auto again = world.ask(EnrolDevice{device_id("dev"), digest_of(9), {1}});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, base::ErrorKind::kDenied);
}

TEST(Enrolment, CountsWrongCodesAndSaysTheSameForEveryReason) {
    SiteWorld world;
    world.get<Done>(AddDevice{device_id("dev"), "", digest_of(9), std::chrono::hours(1)});
    const auto unknown = world.ask(EnrolDevice{device_id("nobody"), digest_of(9), {1}});
    std::string texts;
    for (std::uint32_t i = 0; i < FleetConfig{}.claim_attempts; ++i) {
        const auto wrong = world.ask(EnrolDevice{device_id("dev"), digest_of(1), {1}});
        ASSERT_FALSE(wrong);
        EXPECT_EQ(wrong.error().describe(), unknown.error().describe());
    }
    EXPECT_FALSE(world.ask(EnrolDevice{device_id("dev"), digest_of(9), {1}}))
        << "the code is used up by guessing";
}

TEST(Enrolment, ClosesWhenTheCodeIsTooOld) {
    SiteWorld world;
    world.get<Done>(AddDevice{device_id("dev"), "", digest_of(9), std::chrono::minutes(10)});
    world.advance(std::chrono::minutes(11));
    EXPECT_FALSE(world.ask(EnrolDevice{device_id("dev"), digest_of(9), {1}}));
}

TEST(Enrolment, TheWallClockDoesNotMatter) {
    SiteWorld world;
    world.get<Done>(AddDevice{device_id("dev"), "", digest_of(9), std::chrono::minutes(10)});
    world.now.wall.unix_ms += 315'000'000'000;
    EXPECT_TRUE(world.ask(EnrolDevice{device_id("dev"), digest_of(9), {1}}));
}

TEST(Enrolment, RefusesReservedIds) {
    SiteWorld world;
    for (const auto* id : {"all", "gateway"}) {
        EXPECT_FALSE(world.ask(AddDevice{device_id(id), "", digest_of(9), {}}));
    }
}

TEST(Fleet, AcceptsNothingFromUnknownRegisteredOrRevokedDevices) {
    SiteWorld world;
    world.say("stranger", hello("stranger"));
    world.get<Done>(AddDevice{device_id("waiting"), "", digest_of(9), {}});
    world.say("waiting", hello("waiting"));
    world.enrol("dev");
    world.say("dev", hello("dev"));
    world.get<Done>(RevokeDevice{device_id("dev")});
    world.take();
    world.say("dev", decisions(0, 4));
    EXPECT_EQ(world.stored_decisions(), 0U);
    EXPECT_TRUE(world.performed<Send>().empty());
    EXPECT_EQ(world.get<Overview>(GetOverview{}).denied_messages, 3U);
}

TEST(Fleet, AnswersARevocationOnlyAfterTheBrokerEnforcesIt) {
    SiteWorld world;
    world.enrol("dev");
    world.take();
    // Without the world's automatic answer: the reply must not be there yet.
    std::vector<Event> events;
    events.push_back(AdminRequest{{77}, "ada", RevokeDevice{device_id("dev")}});
    auto output = world.tick.step(std::move(events), world.now);
    ASSERT_TRUE(output.commit);
    EXPECT_TRUE(output.effects.empty()) << "nothing leaves before the revocation is durable";
    output = world.tick.on_commit(output.commit->id, {}, world.now);
    ASSERT_EQ(output.effects.size(), 1U);
    const auto& publish = std::get<PublishRevocations>(output.effects[0]);
    EXPECT_EQ(publish.kick, device_id("dev"));
    ASSERT_EQ(publish.revoked.size(), 1U);
    world.give(RevocationDone{publish.work, {}});
    EXPECT_EQ(world.performed<Reply>().size(), 1U);
}

/// The revocation of "dev" is durable, but the process ends before anything came of it.
Snapshot unfinished_revocation() {
    SiteWorld world;
    world.enrol("dev");
    std::vector<Event> events;
    events.push_back(AdminRequest{{77}, "ada", RevokeDevice{device_id("dev")}});
    const auto output = world.tick.step(std::move(events), world.now);
    Snapshot snapshot;
    for (const auto& record : output.commit->batch->records) {
        if (const auto* device = std::get_if<DeviceRecord>(&record)) {
            snapshot.devices = {*device};
        }
    }
    return snapshot;
}

TEST(Fleet, RepeatsAKickUntilItIsConfirmed) {
    const auto kicks = [](const TickOutput& output) {
        std::vector<PublishRevocations> found;
        for (const auto& effect : output.effects) {
            const auto* publish = std::get_if<PublishRevocations>(&effect);
            if (publish != nullptr && publish->kick) {
                found.push_back(*publish);
            }
        }
        return found;
    };
    Tick tick(unfinished_revocation(), {});
    base::Now now;
    auto boot = tick.boot(now);
    EXPECT_TRUE(kicks(tick.on_commit(boot.commit->id, {}, now)).empty()) << "no broker yet";
    const auto link = [&](bool is_up) {
        std::vector<Event> events;
        events.push_back(LinkChanged{is_up});
        return tick.step(std::move(events), now);
    };
    const auto answer = [&](const PublishRevocations& kick, base::Result<void> outcome) {
        std::vector<Event> events;
        events.push_back(RevocationDone{kick.work, std::move(outcome)});
        return tick.step(std::move(events), now);
    };
    auto first = kicks(link(true));
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].kick, device_id("dev"));
    answer(first[0], base::fail(base::ErrorKind::kUnavailable, "the broker is down"));
    auto second = kicks(link(true));
    ASSERT_EQ(second.size(), 1U) << "not confirmed: repeated";
    const auto done = answer(second[0], {});
    ASSERT_TRUE(done.commit);
    EXPECT_FALSE(std::get<DeviceRecord>(done.commit->batch->records.at(0)).is_kick_pending);
    ASSERT_TRUE(tick.on_commit(done.commit->id, {}, now).effects.empty());
    EXPECT_TRUE(kicks(link(true)).empty()) << "confirmed: not again";
}

TEST(Fleet, KicksARevokedDeviceThatSpeaksSeldomEnough) {
    SiteWorld world;
    world.enrol("dev");
    world.get<Done>(RevokeDevice{device_id("dev")});
    world.take();
    for (int i = 0; i < 25; ++i) {  // one message a second
        world.advance(std::chrono::seconds(1));
        world.say("dev", decisions(0, 4));
    }
    EXPECT_EQ(world.performed<PublishRevocations>().size(), 2U);
    EXPECT_EQ(world.performed<PublishRevocations>()[0]->kick, device_id("dev"));
}

TEST(Fleet, KicksManyOneAfterTheOther) {
    auto snapshot = unfinished_revocation();
    for (std::uint32_t i = 1; i < 5; ++i) {
        auto next = snapshot.devices[0];
        next.number = static_cast<DeviceNumber>(i);
        next.id = device_id("dev-" + std::to_string(i));
        snapshot.devices.push_back(next);
    }
    SiteWorld world({}, std::move(snapshot));
    world.take();
    world.give(LinkChanged{true});
    const auto published = world.performed<PublishRevocations>();
    ASSERT_EQ(published.size(), 5U);
    EXPECT_EQ(published[4]->kick, device_id("dev-4"));
    for (const auto& record : world.written<DeviceRecord>()) {
        EXPECT_FALSE(record.is_kick_pending);
    }
}

TEST(Fleet, DropsAHelloThatNamesAnotherDevice) {
    SiteWorld world;
    world.enrol("dev");
    world.take();
    world.say("dev", hello("other"));
    EXPECT_TRUE(world.performed<Send>().empty());
    EXPECT_EQ(world.written<IncidentRecord>().at(0).kind, IncidentKind::kForeignIdentity);
}

TEST(Fleet, AnswersAHelloWithTheDesiredState) {
    SiteWorld world;
    world.enrol("dev");
    world.say("dev", hello("dev"));
    const auto desired = world.sent<Desired>("dev");
    ASSERT_EQ(desired.size(), 1U);
    EXPECT_EQ(desired[0].fencing_epoch, 1U);
    EXPECT_TRUE(desired[0].tasks.empty());
}

TEST(Fleet, LiftsItsFencingEpochAboveWhatADeviceObeyed) {
    SiteWorld world;
    world.enrol("dev");
    auto seen = hello("dev");
    seen.fencing_epoch = 41;
    world.say("dev", seen);
    EXPECT_EQ(world.sent<Desired>("dev").back().fencing_epoch, 42U);
    seen.fencing_epoch = std::uint64_t{1} << 52;
    world.say("dev", seen);
    EXPECT_EQ(world.sent<Desired>("dev").back().fencing_epoch, 42U) << "out of reach: ignored";
}

TEST(Fleet, CountsMalformedMessagesWithoutFillingTheDisk) {
    SiteWorld world;
    world.enrol("dev");
    for (int i = 0; i < 1000; ++i) {
        world.give(MalformedMessage{device_id("dev"),
                                    UpKind::kDecisions,
                                    {base::ErrorKind::kInvalidInput, "decisions.classes", "", ""}});
    }
    EXPECT_EQ(world.written<IncidentRecord>().size(), 10U);
    EXPECT_EQ(world.get<DeviceView>(GetDevice{device_id("dev")}).malformed_messages, 1000U);
}

TEST(Fleet, KnowsWhoIsThere) {
    SiteWorld world;
    world.enrol("dev");
    const auto presence = [&] {
        return world.get<DeviceView>(GetDevice{device_id("dev")}).presence;
    };
    EXPECT_EQ(presence(), Presence::kNeverSeen);
    world.say("dev", hello("dev"));
    EXPECT_EQ(presence(), Presence::kOnline);
    world.say("dev", Bye{.stream = {7}, .next_wake_s = 60});
    EXPECT_EQ(presence(), Presence::kAsleep);
    world.say("dev", Bye{.stream = {7}, .unexpected = true});
    EXPECT_EQ(presence(), Presence::kOffline);
    world.say("dev", hello("dev"));
    world.advance(std::chrono::minutes(10));
    EXPECT_EQ(presence(), Presence::kSilent);
}

TEST(Fleet, ListsDevicesInPages) {
    SiteWorld world;
    for (const auto* id : {"b", "a", "c"}) {
        world.enrol(id);
    }
    auto page = world.get<DevicePage>(ListDevices{{}, 2});
    ASSERT_EQ(page.devices.size(), 2U);
    EXPECT_EQ(page.devices[0].id.text(), "a");
    EXPECT_TRUE(page.has_more);
    page = world.get<DevicePage>(ListDevices{page.devices[1].id, 2});
    ASSERT_EQ(page.devices.size(), 1U);
    EXPECT_EQ(page.devices[0].id.text(), "c");
    EXPECT_FALSE(page.has_more);
}

TEST(Task, HasNoTwoClassesOfOneLabel) {
    SiteWorld world;
    const auto refused = world.ask(DefineTask{{.task = 2, .name = "t", .labels = {"a", "b", "a"}}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kInvalidInput);
    EXPECT_EQ(refused.error().cause, "two classes have the same label");
    world.get<Done>(DefineTask{{.task = 2, .name = "t", .labels = {"a", "b", "c"}}});
}

TEST(Audit, ChainsEveryChangeInTheBatchThatMakesIt) {
    SiteWorld world;
    world.enrol("dev");
    world.get<Done>(RevokeDevice{device_id("dev")});
    const auto rows = world.written<AuditRecord>();
    ASSERT_EQ(rows.size(), 3U);
    base::Digest previous{};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i].number, i);
        EXPECT_EQ(rows[i].previous, previous);
        EXPECT_EQ(rows[i].hash, audit_hash(rows[i]));
        previous = rows[i].hash;
    }
    EXPECT_EQ(rows[2].action, "device.revoke");
    EXPECT_EQ(rows[2].actor, "ada");
    auto forged = rows[1];
    forged.subject = "other";
    EXPECT_NE(audit_hash(forged), rows[1].hash);
}

}  // namespace
}  // namespace frugal::core
