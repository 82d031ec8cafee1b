// SPDX-License-Identifier: Apache-2.0
// How near a compressed model is to the original, on inputs with or without labels, run by the
// device's reference runtime. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "frugal/runtime.h"

namespace frugal::model {

/// Inputs as the model takes them, with the right class of each if known.
struct Samples {
    std::vector<base::Bytes> inputs;
    std::vector<std::uint32_t> labels;  ///< as many as inputs, or empty
};

struct Evaluation {
    std::size_t inputs = 0;
    double agreement = 0;                   ///< share of inputs with the same top class, 0 to 1
    double output_snr_db = 0;               ///< of all outputs
    std::size_t classes = 0;                ///< the models tell apart
    std::size_t classes_answered = 0;       ///< the original's answers; of 1, agreement says little
    std::optional<double> accuracy_before;  ///< 0 to 1, with labels
    std::optional<double> accuracy_after;
};

/// Compares two models of the same inputs and outputs. The class is the largest value of output 0;
/// an output of one value is a class by its being at least 0.5.
/// Fails as Replay::open(); with kInvalidInput for a label that is none of the classes and for an
/// original whose output is NaN or infinite; with kConflict if only the compressed one's is.
base::Result<Evaluation> evaluate(base::ByteView original, base::ByteView compressed,
                                  const Samples& samples);

/// What is said of a label that is none of the classes.
tl::unexpected<base::Error> no_class(std::size_t sample, std::uint32_t label, std::size_t classes);

/// The same for models that take the inputs in different types.
struct Comparison {
    base::ByteView original;
    base::ByteView compressed;
    const fr_operator_set_t* operators = &fr_operators_all;
    const std::vector<base::Bytes>* inputs_compressed = nullptr;  ///< as `compressed` takes them
};
base::Result<Evaluation> evaluate(const Comparison& models, const Samples& samples);

}  // namespace frugal::model
