// SPDX-License-Identifier: Apache-2.0
// Virtual devices against the site model: real models, real signatures, real node library, virtual
// time. What the swarm does over MQTT, without MQTT.
#include <gtest/gtest.h>

#include <deque>

#include "device-sim/device/virtual_device.hpp"
#include "device-sim/hostile/evil_broker.hpp"
#include "support/device/site_model.hpp"

namespace frugal::swarm {
namespace {

class NoiseSensor : public Sensor {
public:
    std::size_t input_bytes() const override { return 784; }
    std::size_t class_count() const override { return 10; }
    void measure(Random& random, Sample& sample) const override {
        sample.input.resize(784);
        for (std::uint8_t& byte : sample.input) {
            byte = static_cast<std::uint8_t>(random.next());
        }
        sample.label = static_cast<int>(random.below(10));
    }
};

/// One device and its gateway, joined by a link that may be hostile.
class World : public DeviceHost {
public:
    explicit World(Attack attack = Attack::kNone) {
        HostileScenario hostile;
        hostile.attack = attack;
        evil = std::make_unique<EvilBroker>(hostile, 3);
        environment.site = "site";
        environment.release_key = maker.public_key();
        environment.policy_key = maker.public_key();
        environment.sensor = &sensor;
        environment.verifier = &verifier;
        environment.task = {1, 784, 10, FR_PRIVACY_EDGE_ONLY, nullptr, 0};
        auto made = VirtualDevice::create(
            environment, {"tiny-0001", find_device_profile("tiny"), 1, 2, std::nullopt}, *this);
        device = std::move(*made);
    }

    bool send(fr_up_kind_t kind, ByteView payload) override {
        ups.push_back({kind, Bytes(payload.begin(), payload.end())});
        return true;
    }
    void join_shared(ByteView) override {}
    void leave_shared(ByteView) override {}
    std::uint16_t rtt_ms() const override { return 10; }
    void on_decided(const fr_decision_t& decision, std::optional<int> label) override {
        decided.push_back(decision);
        labelled += label ? 1 : 0;
    }
    void on_phase(std::uint32_t, fr_phase_t phase, fr_reason_t reason) override {
        phases.push_back(phase);
        if (phase == FR_PHASE_REFUSED) {
            refusals.push_back(reason);
        }
        if (phase == FR_PHASE_TRANSFER && cut_at > 0) {
            device->cut_power_after(std::exchange(cut_at, 0));
        }
    }

    void boot() {
        ASSERT_TRUE(device->boot(now));
        device->on_connected(now);
    }

    /// Delivers both ways and lets the device sample, in steps of 100 ms.
    void run(Milliseconds duration, bool samples = true) {
        for (const Milliseconds end = now + duration; now < end; now += Milliseconds{100}) {
            deliver();
            device->tick(now);
            if (samples && device->is_alive()) {
                (void)device->sample(now);
            }
            if (!device->is_alive()) {
                ++cuts;
                ups.clear();
                boot();
                resumed_blocks = std::max(resumed_blocks, device->task_status().blocks_held);
            }
        }
    }

    test::ReleaseMaker maker;
    test::SiteModel site;
    NoiseSensor sensor;
    SignatureVerifier verifier;
    DeviceEnvironment environment;
    std::unique_ptr<VirtualDevice> device;
    std::unique_ptr<EvilBroker> evil;
    std::deque<std::pair<fr_up_kind_t, Bytes>> ups;
    std::vector<fr_decision_t> decided;
    std::vector<fr_phase_t> phases;
    std::vector<fr_reason_t> refusals;
    int labelled = 0;
    int cuts = 0;
    std::uint64_t cut_at = 0;
    std::uint32_t resumed_blocks = 0;
    Milliseconds now{1000};

private:
    void deliver() {
        for (int round = 0; round < 50 && !ups.empty(); ++round) {
            for (const auto& [kind, payload] : std::exchange(ups, {})) {
                for (const test::Down& down : site.receive(kind, payload)) {
                    give({down.kind, down.payload});
                }
            }
        }
    }
    void give(DownMessage message) {
        for (const DownMessage& passed :
             evil->pass(std::move(message), device->task_status().burned_counter)) {
            device->on_message(passed.kind, passed.payload, now);
        }
    }
};

TEST(SwarmUpdate, InstallsDecidesAndDrains) {
    World world;
    world.site.want(world.maker.make("fashion-tiny-1.tflite", 1, 256));
    world.boot();
    world.run(Milliseconds{30000});
    EXPECT_EQ(world.device->task_status().release, 1u);
    EXPECT_EQ(world.device->task_status().phase, FR_PHASE_CONFIRMED);
    EXPECT_GT(world.decided.size(), 100u);
    EXPECT_EQ(world.labelled, static_cast<int>(world.decided.size()));
    world.run(Milliseconds{5000}, false);
    EXPECT_EQ(world.site.stored.size(), world.decided.size());
    EXPECT_EQ(fr_node_acked_sequence(&world.device->node()), world.decided.size());
    EXPECT_TRUE(world.site.complaints.empty());
    EXPECT_EQ(world.device->flash_violations(), 0u);
    EXPECT_GT(world.device->energy().inference_uj(), 0);
}

TEST(SwarmUpdate, AnUpdatePaysForItsFlashAndDecisionsForTheirs) {
    World world;
    world.site.want(world.maker.make("fashion-tiny-1.tflite", 1, 256));
    world.boot();
    world.run(Milliseconds{30000});
    const auto& counters = *fr_node_counters(&world.device->node());
    // A slot of 16 KiB is erased at 0.311 uJ a byte, and the staging area before it.
    EXPECT_GT(counters.use_uj[FR_USE_UPDATES], 5000u);
    EXPECT_GT(counters.use_uj[FR_USE_DECISIONS], 0u);
    EXPECT_GT(counters.use_uj[FR_USE_INFERENCE], 0u);
    EXPECT_GT(counters.use_bytes[FR_USE_UPDATES], counters.block_bytes_received);
}

TEST(SwarmUpdate, RefusesABrokenSignatureBeforeAnySlotIsWritten) {
    World world(Attack::kBadSignature);
    world.site.want(world.maker.make("fashion-tiny-1.tflite", 1, 256));
    world.boot();
    world.run(Milliseconds{5000});
    ASSERT_FALSE(world.refusals.empty());
    EXPECT_EQ(world.refusals[0], FR_REASON_BAD_SIGNATURE);
    EXPECT_FALSE(world.device->task_status().has_model);
    EXPECT_EQ(world.site.chunk_bytes_sent, 0u);
}

TEST(SwarmUpdate, RefusesAReplayedManifest) {
    World world(Attack::kDowngrade);
    world.site.want(world.maker.make("fashion-tiny-1.tflite", 1, 256));
    world.boot();
    world.run(Milliseconds{15000});
    ASSERT_EQ(world.device->task_status().release, 1u);
    world.site.want(world.maker.make("fashion-tiny-2.tflite", 2, 256));
    world.device->on_connected(world.now);
    world.run(Milliseconds{30000});
    ASSERT_FALSE(world.refusals.empty());
    EXPECT_EQ(world.refusals[0], FR_REASON_DOWNGRADE);
    EXPECT_EQ(world.device->task_status().release, 2u);
}

TEST(SwarmUpdate, ATransferGoesOnAfterAPowerCut) {
    World world;
    world.site.want(world.maker.make("fashion-tiny-2.tflite", 1, 256));
    world.cut_at = 24;
    world.boot();
    world.run(Milliseconds{60000});
    EXPECT_EQ(world.cuts, 1);
    EXPECT_GT(world.resumed_blocks, 0u);
    EXPECT_EQ(world.device->task_status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.device->flash_violations(), 0u);
}

TEST(SwarmUpdate, FlashTellsWhatTheLedgerMissed) {
    World world;
    world.site.acks = false;
    world.site.want(world.maker.make("fashion-tiny-1.tflite", 1, 256));
    world.boot();
    world.run(Milliseconds{8000});
    ASSERT_GT(world.decided.size(), 10u);
    std::vector<std::uint64_t> sequences;
    world.device->read_log(5, [&](const fr_decision_t& decision) {
        EXPECT_EQ(decision.class_id, world.decided[decision.sequence].class_id);
        EXPECT_EQ(decision.ticks, world.decided[decision.sequence].ticks);
        EXPECT_EQ(decision.tier, world.decided[decision.sequence].tier);
        EXPECT_EQ(decision.reason, world.decided[decision.sequence].reason);
        sequences.push_back(decision.sequence);
    });
    ASSERT_EQ(sequences.size(), world.decided.size() - 5);
    EXPECT_EQ(sequences.front(), 5u);
}

}  // namespace
}  // namespace frugal::swarm
