// SPDX-License-Identifier: Apache-2.0
// What a policy's text says to the gateway and to people alone, in words: how it learns, what it
// was measured with. No compiled form holds it, so that two texts may differ where no device can
// tell. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "policy/author/compiled_policy.hpp"

namespace frugal::policy {

/// "learn", "isogain"; every subject once.
struct GatewayWord {
    std::string what;
    std::string says;
};

/// Of one task; of no text, as a pin without a file has, that nothing is learned. kInvalidInput
/// (file:line:column, what, remedy). caps.group_share is not among them: versions hold it.
base::Result<std::vector<GatewayWord>> read_gateway_words(std::string_view text,
                                                          const std::string& origin,
                                                          const std::string& task_name);

/// What is said otherwise, in the order of `before`; "-" for what one of them does not say.
std::vector<PolicyDifference> compare(const std::vector<GatewayWord>& before,
                                      const std::vector<GatewayWord>& after);

}  // namespace frugal::policy
