// SPDX-License-Identifier: Apache-2.0
// The range check of options that are no whole numbers. CLI11's own lets NaN pass, which is neither
// below nor above anything. Pure; main thread.
#pragma once

#include <CLI/App.hpp>

namespace frugal::cli {

/// Accepts finite decimal numbers from `least` to `most`, both included.
CLI::Validator number_within(double least, double most);

}  // namespace frugal::cli
