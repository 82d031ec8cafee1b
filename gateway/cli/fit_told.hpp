// SPDX-License-Identifier: Apache-2.0
// What `model build` and `model import` say of models that do not fit: on a workstation by the
// usual device classes, at a gateway by its own devices. Talk for people; never fails a command.
#pragma once

#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "base/bytes.hpp"
#include "cli/command.hpp"

namespace frugal::cli {

/// A line for each reason to doubt: the model is too large for the usual class it is named for, or
/// for the largest of all. Nothing for bytes that are no model.
std::vector<std::string> doubts_of(const std::string& device_class, base::ByteView model);

/// The same from an answer of GET .../fit: each class of devices that gets no variant, and why; or
/// that no device is known yet.
std::vector<std::string> misfits_of(const boost::json::value& fit_report);

/// Asks the gateway about a release just imported and says its misfits.
void say_misfits(const Context& context, const std::string& model, std::uint64_t release);

}  // namespace frugal::cli
