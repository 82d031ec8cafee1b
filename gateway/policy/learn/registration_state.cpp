// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/registration_state.hpp"

#include "policy/learn/state_bytes.hpp"

namespace frugal::policy {

namespace {
constexpr std::uint8_t kVersion = 2;
constexpr double kClassUnit = 4;  // sums of classes in quarters of a wrong answer
}  // namespace

base::Bytes save(const Registration& registration) {
    StateWriter to;
    to.u8(kVersion);
    to.u8(registration.has_signals ? 1 : 0);
    for (const double value : {registration.temperature, registration.rho, registration.samples}) {
        to.real(value);
    }
    for (const auto* values : {&registration.counts, &registration.gains}) {
        for (const double value : *values) {
            to.real(value);
        }
    }
    for (const double gain : registration.classes.sums().gains) {
        to.i16(gain * kClassUnit);
    }
    for (const double expected : registration.classes.sums().expected) {
        to.u16(expected * kClassUnit);
    }
    return to.take();
}

std::optional<Registration> read_registration(base::ByteView state) {
    StateReader from(state);
    if (from.u8() != kVersion) {
        return std::nullopt;
    }
    Registration registration;
    registration.has_signals = from.u8() != 0;
    registration.temperature = from.real();
    registration.rho = from.real();
    registration.samples = from.real();
    for (auto* values : {&registration.counts, &registration.gains}) {
        for (double& value : *values) {
            value = from.real();
        }
    }
    ClassFactors::Sums sums;
    for (double& gain : sums.gains) {
        gain = from.i16() / kClassUnit;
    }
    for (double& expected : sums.expected) {
        expected = from.u16() / kClassUnit;
    }
    registration.classes = ClassFactors(sums);
    const bool is_whole = from.is_good() && from.rest().empty();
    return is_whole && registration.temperature > 0 ? std::optional(registration) : std::nullopt;
}

}  // namespace frugal::policy
