// SPDX-License-Identifier: Apache-2.0
#include "core/reason.hpp"

#include <array>

namespace frugal::core {

namespace {

struct ReasonText {
    std::string_view word;
    std::string_view cause;
    std::string_view remedy;
};

// clang-format off
constexpr std::array<ReasonText, kReasonLast + 1> kReasons = {{
    {"", "", ""},
    {"NO_SPACE", "The decoded model is larger than the device's slot, or the artifact larger than its staging area.", "Compress the release further, or build a smaller variant for this device class."},
    {"NO_SLOT", "No slot of the device may be written now.", "Wait until its running update is confirmed or reverted."},
    {"UNFIT_ARENA", "The model needs more working memory than the device has.", "Build a variant with a smaller arena for this device class."},
    {"UNFIT_OPS", "The model uses an operator, or a version of one, that the device's runtime lacks.", "Update the firmware, or export the model without that operator."},
    {"UNFIT_IO", "The device does not decide this task, or the model's input or output shapes are not the task's.", "Leave the device out, or import a model with the shapes of the task."},
    {"UNFIT_RUNTIME", "No variant matches the device's class, runtime version or decoder.", "Import a variant for this device class, or update the firmware."},
    {"BAD_SIGNATURE", "The manifest or policy is not signed by a key the device trusts.", "Sign with the site's release key; check that the device was set up for this site."},
    {"BAD_DIGEST", "The decoded bytes are not the signed ones.", "Import the release again; if it stays, check the device's flash."},
    {"BAD_BLOCK", "Too many blocks failed their digest.", "Check the link between device and broker."},
    {"DOWNGRADE", "The release counter is not above the one the device has burned.", "Use a rollback: it signs the older model under a higher counter."},
    {"BASE_MISSING", "The delta's base model is in no slot of the device.", "Offer the full artifact."},
    {"BATTERY_LOW", "The battery is below the wished level.", "Charge the device; the update goes on by itself."},
    {"WINDOW_CLOSED", "The update window is not open.", "Wait for the window, or change it."},
    {"LINK_POOR", "The radio link is too weak for a transfer.", "Wait for a better link, or move the device."},
    {"SELF_TEST_FAILED", "The golden vectors gave other outputs on the device.", "Compare the firmware's runtime with the gateway's; report a defect."},
    {"SHADOW_DISAGREES", "The new model disagreed too often with the running one.", "Look at the decisions before trying again."},
    {"PROBATION_FAILED", "The device failed before it made enough decisions with the new model.", "Read the device's health counters before trying again."},
    {"WATCHDOG", "The device was reset, or reset again and again, under the new model.", "Do not roll this release out further; test it on one such device."},
    {"STORAGE_FAULT", "The device's flash failed.", "Replace the device if it happens again."},
    {"TIMED_OUT", "There was no progress in time.", "Check power and link of the device."},
    {"SUPERSEDED", "A newer wish took its place, or the rollout was ended.", "Nothing to do."},
    {"ASLEEP", "The device sleeps until its next wake time.", "Wait; it is told when it wakes."},
    {"UNREACHABLE", "Nothing was heard of the device.", "Check power, link and certificate of the device."},
    {"QUARANTINED", "Too many failed attempts, or the device contradicted itself.", "Find the cause, then release the device from quarantine."},
    {"UNFIT_ENERGY", "An inference is estimated to cost more energy than the owner allows on this device class.", "Build a variant with fewer multiply-accumulates, or raise rollout.energy_budgets."},
}};

constexpr std::array<std::string_view, kUpdatePhaseLast + 1> kPhases = {
    "", "IDLE", "OFFERED", "REFUSED", "TRANSFER", "STAGED", "WAITING", "SELF_TEST", "SHADOW",
    "PROBATION", "CONFIRMED", "REVERTED", "QUARANTINED"};

constexpr std::array<std::string_view, kTierLast + 1> kTiers = {"", "LOCAL", "EDGE", "CLOUD"};

constexpr std::array<std::string_view, kPolicyReasonLast + 1> kPolicyReasons = {
    "", "LOCAL_CONF", "PRIVATE", "GUARD", "NOLINK", "DEADLINE", "BUDGET", "EXPIRED", "BADPOLICY",
    "CLASS_RULE", "ESC_GAIN", "AUDIT", "ESC_RULE", "BUSY_RETRY", "LATE", "SHADOW"};
// clang-format on

template <typename Table, typename Enum>
auto at(const Table& table, Enum value) {
    const auto index = static_cast<std::size_t>(value);
    return index < table.size() ? table[index] : table[0];
}

}  // namespace

std::string_view to_string(Reason reason) {
    return at(kReasons, reason).word;
}
std::string_view cause_of(Reason reason) {
    return at(kReasons, reason).cause;
}
std::string_view remedy_of(Reason reason) {
    return at(kReasons, reason).remedy;
}
std::string_view to_string(UpdatePhase phase) {
    return at(kPhases, phase);
}
std::string_view to_string(Tier tier) {
    return at(kTiers, tier);
}
std::string_view to_string(PolicyReason reason) {
    return at(kPolicyReasons, reason);
}

}  // namespace frugal::core
