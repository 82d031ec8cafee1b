// SPDX-License-Identifier: Apache-2.0
// I24: a device is offered the most accurate variant of a release that fits it. Judged by brute
// force from the device's own configuration, not from what it said.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "frugal/codec.h"
#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

/// A device as its firmware was built.
struct Truth {
    std::string device_class{};
    std::uint32_t arena_bytes = 0;
    std::uint32_t slot_bytes = 0;
    std::uint32_t staging_bytes = 0;
    std::uint32_t block_bytes = 0;
    std::uint32_t state_bytes = 0;
    std::uint32_t input_bytes = 0;
    std::uint32_t class_count = 0;
    std::uint32_t burned_counter = 0;
    bool has_one_slot = false;
    std::uint32_t reach_bytes = 0;
};

Truth truth_of(const fr_node_t& node) {
    const auto& config = *node.config;
    const auto& task = config.tasks[0];
    return {.device_class = config.device_class,
            .arena_bytes = config.arena_bytes,
            .slot_bytes = config.slot_bytes,
            .staging_bytes = config.staging_bytes,
            .block_bytes = config.block_bytes,
            .state_bytes = task.state_bytes,
            .input_bytes = task.input_bytes,
            .class_count = task.class_count,
            .burned_counter = node.state.tasks[0].burned_counter,
            .has_one_slot = node.layout.slot_count == 1,
            .reach_bytes = config.reach_bytes};
}

// Operators are not looked at: every node of this world runs them all.
bool model_fits(const core::ManifestContent& wants, const Truth& device) {
    const auto& name = wants.device_class.text();
    return (name == "any" || name == device.device_class) &&
           wants.arena_bytes <= device.arena_bytes && wants.model_bytes <= device.slot_bytes &&
           wants.state_bytes <= device.state_bytes && wants.input_bytes == device.input_bytes &&
           wants.output_classes == device.class_count;
}

bool encoding_fits(const core::ArtifactRecord& artifact, const Truth& device) {
    const auto decoder_room = device.arena_bytes - 16;
    const auto* profile = fr_profile_find(&fr_profiles_all, artifact.decoder_profile);
    return !artifact.base_digest && artifact.block_bytes <= device.block_bytes &&
           artifact.size_bytes <= device.staging_bytes &&
           artifact.decoder_ram_bytes <= decoder_room && profile != nullptr &&
           sizeof(fr_decoder_t) + fr_profile_memory_bytes(profile) <= decoder_room;
}

bool fits(const core::VariantRecord& variant, const Truth& device) {
    return model_fits(variant.manifest->content(), device) &&
           std::ranges::any_of(variant.artifacts, [&](const auto& artifact) {
               return encoding_fits(artifact, device);
           });
}

bool holds(const core::ReleaseRecord& release, const base::Digest& model) {
    return std::ranges::any_of(release.variants, [&](const auto& variant) {
        return variant.manifest->content().model_digest == model;
    });
}

class VariantChoice final : public Checker {
public:
    using Checker::Checker;

    void on_boot(const DeviceView& device, fr_status_t) override { look_at(device); }
    void on_step(const DeviceView& device) override { look_at(device); }

    void on_committed(const core::WriteBatch& batch) override {
        for (const auto& record : batch.records) {
            if (const auto* release = std::get_if<core::ReleaseRecord>(&record)) {
                releases_.insert_or_assign(release->counter, *release);
            }
        }
    }

    void on_send(const base::DeviceId& device, const core::DownMessage& message,
                 std::size_t) override {
        const auto* desired = std::get_if<core::Desired>(&message);
        const auto truth = devices_.find(device.text());
        if (desired == nullptr || truth == devices_.end()) {
            return;
        }
        for (const auto& task : desired->tasks) {
            if (task.manifest) {
                judge(device.text(), truth->second, task.manifest->content());
            }
            if (task.artifact && task.artifact->base_digest) {
                judge_delta(device.text(), truth->second, *task.artifact);
            }
        }
    }

private:
    void look_at(const DeviceView& device) {
        if (device.node.config != nullptr) {
            devices_.insert_or_assign(device.name, truth_of(device.node));
        }
    }

    void judge_delta(const std::string& name, const Truth& device,
                     const core::ArtifactOffer& offer) {
        trace_.sometimes(device.has_one_slot ? "a delta for the only slot" : "a delta");
        if (device.has_one_slot && offer.base_lag_bytes > device.reach_bytes) {
            trace_.violate("I24", fmt::format("{} is offered a delta that reads its base {} bytes "
                                              "back, it keeps {}",
                                              name, offer.base_lag_bytes, device.reach_bytes));
        }
    }

    void judge(const std::string& name, const Truth& device, const core::ManifestContent& offered) {
        const auto release = releases_.find(offered.counter);
        if (release == releases_.end() || !holds(release->second, offered.model_digest)) {
            return;  // of a database that amnesia took away
        }
        std::uint32_t best = 0;
        std::uint32_t candidates = 0;
        bool is_fit = false;
        for (const auto& variant : release->second.variants) {
            const auto& content = variant.manifest->content();
            candidates += content.device_class.text() == device.device_class ? 1 : 0;
            if (fits(variant, device)) {
                best = std::max(best, content.accuracy_permyriad);
                is_fit = is_fit || content.model_digest == offered.model_digest;
            }
        }
        if (candidates > 1) {
            trace_.sometimes(offered.accuracy_permyriad == best ? "the best of several variants"
                                                                : "a variant kept");
        }
        // A permit gives back what the device had; a release it confirmed stays as it was.
        const bool is_bound =
            release->second.restores.has_value() || device.burned_counter >= offered.counter;
        if (!is_fit || (!is_bound && offered.accuracy_permyriad != best)) {
            trace_.violate("I24", fmt::format("{} is offered a variant of accuracy {} that {}, the "
                                              "best that fits has {}",
                                              name, offered.accuracy_permyriad,
                                              is_fit ? "fits" : "does not fit", best));
        }
    }

    std::map<std::string, Truth> devices_;
    std::map<std::uint32_t, core::ReleaseRecord> releases_;  ///< by counter
};

}  // namespace

std::unique_ptr<Checker> make_variant_choice(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<VariantChoice>(o, t, s);
}

}  // namespace frugal::simulation
