// SPDX-License-Identifier: Apache-2.0
// I7: whatever a device runs has a manifest that the author really signed, for this class of
// devices, and the bytes in flash have the digest it names.
#include <algorithm>

#include <fmt/format.h>

#include "frugal/wire.h"
#include "simulation/checkers/make.hpp"
#include "simulation/world/release_shelf.hpp"

namespace frugal::simulation {

namespace {

class OnlySigned final : public Checker {
public:
    using Checker::Checker;

    void on_boot(const DeviceView& device, fr_status_t status) override {
        if (status == FR_OK) {
            check(device);
        }
    }

    void on_wiped(std::size_t device) override { checked_.erase(device); }

    void on_step(const DeviceView& device) override {
        const auto release = device.node.tasks[0].loaded.release;
        if (release != 0 && checked_[device.index] != release) {
            checked_[device.index] = release;
            check(device);
        }
    }

private:
    void check(const DeviceView& device) {
        const auto slot = device.node.state.tasks[0].active;
        if (slot < 0 || device.node.tasks[0].loaded.release == 0) {
            return;
        }
        std::uint32_t size = 0;
        const auto type = fr_record_manifest(0, static_cast<std::uint32_t>(slot));
        const auto* record = fr_record_log_get(&device.node.records, type, &size);
        if (record == nullptr || size <= FR_SIGNATURE_SIZE) {
            trace_.violate("I7", device.name + " runs a model without a manifest");
            return;
        }
        const base::ByteView content(record + FR_SIGNATURE_SIZE, size - FR_SIGNATURE_SIZE);
        if (!ReleaseShelf::instance().has_signed(content)) {
            trace_.violate("I7", device.name + " runs a model whose manifest nobody signed");
            return;
        }
        check_bytes(device, content, static_cast<std::uint32_t>(slot));
    }

    void check_bytes(const DeviceView& device, base::ByteView content, std::uint32_t slot) {
        fr_manifest_t manifest;
        if (fr_manifest_decode(&manifest, content.data(),
                               static_cast<std::uint32_t>(content.size())) != FR_OK) {
            trace_.violate("I7", device.name + " runs under a manifest that does not parse");
            return;
        }
        const auto* bytes = fr_slot_bytes(&device.node.port->flash, &device.node.layout, 0, slot);
        const auto digest = sha256({bytes, manifest.model_bytes});
        const std::string device_class = device.node.config->device_class;
        const bool fits =
            manifest.device_class.size == device_class.size() &&
            std::equal(device_class.begin(), device_class.end(), manifest.device_class.bytes);
        if (!std::equal(digest.begin(), digest.end(), manifest.model_digest.bytes) || !fits) {
            trace_.violate("I7", fmt::format("{} runs bytes that are not what its manifest of "
                                             "counter {} names",
                                             device.name, manifest.counter));
        }
    }

    std::map<std::size_t, std::uint32_t> checked_;
};

}  // namespace

std::unique_ptr<Checker> make_only_signed(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<OnlySigned>(o, t, s);
}

}  // namespace frugal::simulation
