// SPDX-License-Identifier: Apache-2.0
// Registration of a pair (device model, edge model) from labelled samples both were run on: the
// edge model's temperature, the bias of its gain signal, and true gains by bin. Pure functions,
// any thread. Keeps no sample.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "policy/learn/gain_evidence.hpp"

namespace frugal::policy {

/// Samples of a true gain of 1 for each unit of signal that rho begins from.
inline constexpr double kRhoPrior = 3;

/// What the edge model gives of two classes; the rest is shared evenly by the others.
struct EdgeOpinion {
    double top = 1;    ///< of the class it answers
    double local = 0;  ///< of the class the device answers
};

/// Both models' answers to one task instance.
struct Answers {
    std::uint32_t local_class = 0;
    std::uint32_t edge_class = 0;
    std::uint8_t confidence_q8 = 0;  ///< of the local answer
    std::optional<EdgeOpinion> opinion;
    std::optional<double> finished_signal;  ///< instead: a signal that needs no temperature
};

struct CanarySample {
    Answers answers;
    std::uint32_t true_class = 0;
};

struct Registration {
    double temperature = 1;
    double rho = 1;  ///< true gain for each unit of signal; 0 or less: never escalate
    /// False when the canary carried no signals: rho is then for bare disagreement.
    bool has_signals = false;
    double samples = 0;
    BinValues counts{};      ///< of samples, each by the factor of its class
    BinValues gains{};       ///< sums of (edge right) - (device right)
    ClassFactors classes{};  ///< of the classes in them
};

/// P(edge class) - P(local class) by the edge model after the temperature, 0 when both agree; 1
/// for a disagreement without an opinion. `classes` is at least 2.
double gain_signal(const Answers& answers, double temperature, std::uint32_t classes);

/// What a pair gains by bin whatever the class: for a policy file, which has one table for all.
/// `registered`: the same samples.
Registration without_classes(const Registration& registered, std::span<const CanarySample> canary);

/// Design 4.4, and what gain_evidence.hpp says of classes: temperature by least negative log
/// likelihood over 81 steps of e^[-2, 2], rho = (sum of true gains + 3) / (sum of signals + 3). No
/// samples: counts 0, rho 1, temperature 1.
Registration register_pair(std::span<const CanarySample> canary, std::uint32_t classes);

}  // namespace frugal::policy
