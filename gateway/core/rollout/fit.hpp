// SPDX-License-Identifier: Apache-2.0
// Whether a release fits a device, found out before a byte travels: which variant and which
// artifact to offer, or the reason why none. Pure functions of the release and of what the device
// said about itself: the same words give the same answer, in whatever order they came.
#pragma once

#include <variant>

#include "core/record.hpp"
#include "core/rollout/energy.hpp"

namespace frugal::core {

struct Misfit {
    Reason reason = Reason::kNone;
    std::uint32_t detail = 0;  ///< operator code * 256 + version, or bytes needed
    bool operator==(const Misfit&) const = default;
};

/// What a device may lack, in the order it is looked at: the further a variant comes, the nearer
/// it is to fitting.
enum class Need : std::uint8_t {
    kTask,
    kDeviceClass,
    kRuntimeAbi,
    kOperator,
    kArena,
    kState,
    kSlot,
    kInput,
    kClasses,
    kEnergy,
    kCounter,
    kDecoder,
    kBlock,
    kStaging,
};
std::string_view to_string(Need need);  ///< "arena"

/// Why one variant does not fit one device.
struct Shortfall {
    Misfit misfit;
    Need need = Need::kDeviceClass;
    std::uint64_t needed = 0;
    std::uint64_t available = 0;
};

/// One sentence: "needs 61440 bytes of arena, the device has 49152".
std::string describe(const Shortfall& shortfall);

struct Fit {
    const VariantRecord* variant = nullptr;
    const ArtifactRecord* artifact = nullptr;
    bool is_on_device = false;  ///< a slot holds the model already: no bytes travel

    std::uint32_t bytes_on_air() const { return is_on_device ? 0 : artifact->size_bytes; }
};

/// False once a device told its tasks and this is none of them.
bool may_decide(const DeviceRecord& device, std::uint32_t task);

/// A device as a task sees it.
struct FitSubject {
    const Capability& capability;
    const TaskState* reported = nullptr;  ///< what it says about the task; null if nothing
    bool without_deltas = false;          ///< it answered a delta with "base missing"
    bool is_foreign = false;              ///< it decides other tasks, not this one
    EnergyBound energy{};
    std::optional<base::Digest> pulls{};  ///< the artifact it holds blocks of, if it is at it
};

/// The model that a delta for this device would build on: the one that stays while another is
/// written. None if it told nothing, or cannot take deltas.
std::optional<base::Digest> delta_base_of(const FitSubject& subject);

/// One variant against one device. The encoding is the smallest the device can decode; a delta
/// counts when the device runs its base and, with one slot, keeps of it what the delta reads. But
/// what a device is pulling it goes on with: encodings may be added at any time.
std::variant<Fit, Shortfall> judge_variant(const VariantRecord& variant, const FitSubject& subject);

/// The most accurate variant that fits; of equally accurate ones that of the device's own class,
/// then what it pulls, the fewest bytes on the air, the smallest arena, the first. But a device
/// that runs a variant of this release keeps it, and a permit to go back prefers the model a slot
/// still holds. If none fits, what the variant lacks that came nearest.
std::variant<Fit, Misfit> fit_release(const ReleaseRecord& release, const FitSubject& subject);

}  // namespace frugal::core
