// SPDX-License-Identifier: Apache-2.0
// Private to Api: how a version of a policy is made and set, shared by the policy routes. Gathers
// what is known of a task, compiles, signs, and sets once more from the start if somebody was
// faster. Loop thread only. Never keeps a version: the core does.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/api_parts.hpp"
#include "app/policy_builder.hpp"
#include "wire/policy_queries.hpp"

namespace frugal::app {

/// Everything a change of a task's policy starts from.
struct Known {
    core::TaskList tasks;
    core::ModelList models;
    core::PolicyHistory history;
    std::optional<core::DeviceView> device{};  ///< if one was named
};

const core::TaskRecord* find_task(const core::TaskList& list, std::uint32_t task);
/// Of an input of the task's edge model; 0 if it has none.
std::uint32_t input_bytes(const core::TaskList& list, std::uint32_t task);
const std::vector<std::string>& labels_of(const Known& known, std::uint32_t task);

/// Asks the core one thing after the other; any error is the response, also kNotFound for a named
/// device that there is not.
void gather(ApiParts& parts, const std::string& actor, std::uint32_t task,
            const base::Audience& audience, net::Responder respond,
            std::function<void(Known)> then);

/// The key that signs policies, or the problem that answers instead.
const crypto::ReleaseKey* signing_key(const ApiParts& parts, const net::Responder& respond);

/// For every class of the release, or for that of the named device. kInvalidInput, kNotFound.
base::Result<std::vector<CompiledPart>> compile(const Known& known,
                                                const wire::PolicyTargetQuery& wanted,
                                                const std::string& text);
/// What a text for a known task lets each group escalate, in thousandths; 0: no limit.
/// kInvalidInput.
base::Result<std::uint32_t> group_share(const Known& known, std::uint32_t task,
                                        const std::string& text);

/// A text compiled, signed, and complete but for its steps.
base::Result<core::SetPolicy> authored_version(const Known& known,
                                               const wire::PolicyTargetQuery& wanted,
                                               const std::string& text,
                                               const crypto::ReleaseKey& key);

/// The content of an earlier version, or of several, under a new number.
base::Result<core::SetPolicy> version_again(const core::PolicyVersionRecord& source,
                                            std::uint32_t number, const std::string& comment,
                                            const crypto::ReleaseKey& key);

using MakeVersion = std::function<base::Result<core::SetPolicy>(const Known&)>;

/// Makes a version of what is known and sets it: once more from the start if somebody was faster,
/// for numbers are shared by all tasks.
struct PolicyRequest {
    std::string actor;
    std::uint32_t task = 0;
    base::Audience audience{};
    MakeVersion make;
    /// What the caller has seen: 412 if another was set since. Absent: whatever is set.
    std::optional<std::string> if_match{};
    /// The answer to what was set, or would be; absent: the version's number and ETag.
    std::function<wire::HttpResponse(const Known&, const core::PolicySet&)> answer{};
};
/// The header If-Match.
std::optional<std::string> if_match_of(const wire::HttpRequest& request);
void set_version(ApiParts& parts, const PolicyRequest& request, const net::Responder& respond);

}  // namespace frugal::app
