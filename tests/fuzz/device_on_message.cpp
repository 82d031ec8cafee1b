// SPDX-License-Identifier: Apache-2.0
// A booted node with a confirmed model, in one of two slots or in the only one, and a stream of
// events: raw messages, well-formed ones in the wrong order, samples, time, lost sessions, resets,
// power cuts. Checked after each: no impossible state, no breach of the flash contract, the
// confirmed slot untouched, sequence numbers only grow, what runs is a signed release.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "support/device/device_world.hpp"

namespace {

using frugal::test::DeviceWorld;
using frugal::test::Down;
using frugal::test::Release;
using frugal::test::ReleaseMaker;
using frugal::test::Tear;

struct Setup {
    ReleaseMaker maker;
    std::vector<Release> releases;
    std::unique_ptr<DeviceWorld> world;
    fr_node_t node{};
    std::vector<std::uint8_t> image;
    frugal::test::SiteModel site;

    explicit Setup(const fr_in_place_t* in_place) {
        releases.push_back(maker.make("fashion-tiny-1.tflite", 1));
        releases.push_back(maker.make("fashion-tiny-2.tflite", 2));
        releases.push_back(maker.again(releases[0], 3));
        releases.push_back(maker.make("fashion-tiny-2.tflite", 4, 256, [](auto& manifest) {
            manifest.mutable_self_tests(0)->set_seed(99);
        }));
        releases.push_back(maker.make("fashion-tiny-2.tflite", 5, 128,
                                      [](auto& manifest) { manifest.set_arena_bytes(1U << 20); }));
        // Both without a block list: a small delta, and a tree.
        releases.push_back(maker.tune(releases[0], 6));
        releases.push_back(maker.make("fashion-bonsai.frbn", 7));
        frugal::test::Shape shape;
        shape.bonsai = &fr_bonsai_kernel;
        shape.in_place = in_place;
        world = std::make_unique<DeviceWorld>(maker, shape);
        world->site.policy = maker.policy(1, 128, 1);
        if (world->boot() != FR_OK) {
            std::abort();
        }
        world->install(releases[0]);
        image = world->flash.bytes;
        node = world->node;
        site = world->site;
        guard();
    }

    void guard() const {
        auto* device = world.get();
        device->flash.guard = [device](std::uint32_t offset, std::uint32_t size) -> std::string {
            const auto& layout = device->node.layout;
            const int slot = device->node.state.tasks[0].confirmed;
            const auto start = layout.slots + static_cast<std::uint32_t>(slot) * layout.slot_bytes;
            const bool hits =
                slot >= 0 && offset < start + layout.slot_bytes && offset + size > start;
            return hits ? "the confirmed slot is written" : "";
        };
    }

    DeviceWorld& fresh() const {
        world->flash.power_on();
        world->flash.bytes = image;
        world->node = node;
        world->site = site;
        world->now_ms = 100000;
        world->is_connected = true;
        world->ups.clear();
        world->downs.clear();
        world->decided.clear();
        world->phases.clear();
        world->subscribed.clear();
        return *world;
    }
};

void deliver(DeviceWorld& world, const Down& down) {
    // An exact heap copy lets the sanitizer see a read past the end.
    const std::vector<std::uint8_t> copy(down.payload);
    fr_node_on_message(&world.node, down.kind, copy.data(), copy.size(), world.now_ms);
}

Down made_up(FuzzedDataProvider& input, const Setup& setup, DeviceWorld& world) {
    const auto& release =
        setup.releases[input.ConsumeIntegralInRange<std::size_t>(0, setup.releases.size() - 1)];
    switch (input.ConsumeIntegralInRange(0, 3)) {
        case 0:
            world.site.wanted = release;
            world.site.version += input.ConsumeBool() ? 1U : 0U;
            world.site.fencing = input.ConsumeIntegralInRange<std::uint64_t>(0, 3);
            world.site.offers_artifact = input.ConsumeBool();
            return world.site.desired();
        case 1:
            return world.site.chunk(release, input.ConsumeIntegralInRange<std::uint32_t>(
                                                 0, release.artifact.layout.block_count - 1));
        case 2:
            world.site.next_sequence = input.ConsumeIntegralInRange<std::uint64_t>(0, 200);
            world.site.credit = input.ConsumeIntegralInRange<std::uint32_t>(0, 64);
            return world.site.ack();
        default: {
            frugal::v1::Verdict verdict;
            verdict.set_stream(fr_node_stream(&world.node));
            verdict.set_sequence(input.ConsumeIntegralInRange<std::uint64_t>(0, 200));
            verdict.set_status(
                static_cast<frugal::v1::VerdictStatus>(input.ConsumeIntegralInRange(0, 3)));
            verdict.set_class_id(input.ConsumeIntegralInRange<std::uint32_t>(0, 63));
            verdict.set_tier(frugal::v1::TIER_EDGE);
            return {FR_DOWN_VERDICT, frugal::test::serialize(verdict)};
        }
    }
}

bool reboot(DeviceWorld& world) {
    world.flash.power_on();
    const auto before = fr_node_next_sequence(&world.node);
    const auto epoch = fr_node_boot_epoch(&world.node);
    if (world.boot() != FR_OK) {
        std::abort();
    }
    if (fr_node_next_sequence(&world.node) < before || fr_node_boot_epoch(&world.node) < epoch) {
        std::abort();
    }
    return true;
}

void one_event(FuzzedDataProvider& input, const Setup& setup, DeviceWorld& world) {
    switch (input.ConsumeIntegralInRange(0, 9)) {
        case 0: {
            const auto kind = static_cast<fr_down_kind_t>(input.ConsumeIntegralInRange(0, 7));
            deliver(world, {kind, input.ConsumeBytes<std::uint8_t>(
                                      input.ConsumeIntegralInRange<std::size_t>(0, 300))});
            break;
        }
        case 1:
        case 2:
        case 3:
            deliver(world, made_up(input, setup, world));
            break;
        case 4:
            (void)world.submit(input.ConsumeIntegralInRange<std::uint32_t>(0, 3000));
            break;
        case 5:
            world.now_ms += input.ConsumeIntegralInRange<std::uint64_t>(0, 20000);
            fr_node_tick(&world.node, world.now_ms);
            break;
        case 6:
            world.disconnect();
            break;
        case 7:
            world.is_connected = true;
            fr_node_on_connected(&world.node, world.now_ms);
            break;
        case 8:
            world.flash.power_on();
            world.flash.cut_at(input.ConsumeIntegralInRange<std::uint64_t>(0, 60),
                               static_cast<Tear>(input.ConsumeIntegralInRange(0, 3)));
            break;
        default:
            world.settle();
            break;
    }
    if (world.flash.is_cut()) {
        reboot(world);
    }
}

void check(const DeviceWorld& world) {
    const auto& counters = *fr_node_counters(&world.node);
    const auto status = world.status();
    if (counters.internal_errors != 0 || !world.flash.breaches().empty() ||
        fr_node_oldest_sequence(&world.node) > fr_node_next_sequence(&world.node) ||
        status.release > 7 || status.release == 5 ||
        (world.config.in_place == nullptr && !status.has_model)) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Setup two_slots(nullptr);
    static const Setup one_slot(&fr_in_place);
    FuzzedDataProvider input(data, size);
    const auto& setup = input.ConsumeBool() ? one_slot : two_slots;
    auto& world = setup.fresh();
    for (int i = 0; i < 200 && input.remaining_bytes() > 0; ++i) {
        one_event(input, setup, world);
        check(world);
    }
    return 0;
}
