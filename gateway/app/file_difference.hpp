// SPDX-License-Identifier: Apache-2.0
// What a policy file says otherwise than what its devices obey now. Pure, any thread. Never signs
// or sets.
#pragma once

#include <string>
#include <vector>

#include "app/policy_changes.hpp"

namespace frugal::app {

/// By device class. The errors of compiling: kInvalidInput with line and column, kNotFound.
base::Result<std::vector<wire::PolicyPartDifference>> file_difference(
    const Known& known, const wire::PolicyTargetQuery& wanted, const std::string& text);
/// Of a text that is compiled already.
base::Result<std::vector<wire::PolicyPartDifference>> file_difference(
    const Known& known, const wire::PolicyTargetQuery& wanted, const std::string& text,
    const std::vector<CompiledPart>& compiled);

}  // namespace frugal::app
