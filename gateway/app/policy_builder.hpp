// SPDX-License-Identifier: Apache-2.0
// Makes versions of policies ready to be set: compiles a file for every device class of a release,
// or takes an old version up again under a new number, and signs. Pure but for the signature's
// randomness; any thread. Never decides who gets it.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/admin.hpp"
#include "core/effect.hpp"
#include "crypto/release_key.hpp"
#include "policy/author/explain.hpp"
#include "policy/author/gain_bounds.hpp"
#include "policy/author/policy_file.hpp"
#include "wire/json_views_policy.hpp"

namespace frugal::app {

/// The compiled form for one device class, not signed.
struct CompiledPart {
    base::ClassName device_class;
    base::Bytes compiled;
    std::optional<core::PolicySource> source{};  ///< as core::PolicyPart's
};

/// What a text is compiled for.
struct CompileFor {
    std::uint32_t version = 0;
    std::optional<base::ClassName> only{};  ///< this class, or "any"; absent: every class
    std::uint32_t payload_bytes = 0;        ///< of an input of the edge model; 0: there is none
};

/// What `frugalctl policy check` proves of a text, and that it keeps the task as private as it is
/// defined. `payload_bytes`: of an input of its edge model, 0 without one. kInvalidInput with line
/// and column, kLimit.
base::Result<void> prove(const std::string& text, const core::TaskRecord& task,
                         std::uint32_t payload_bytes = 0);

/// The same of the texts of a version that is to come into force again.
base::Result<void> prove_again(const core::PolicyVersionRecord& version,
                               const core::TaskRecord& task, std::uint32_t payload_bytes = 0);

/// One part a class, made for the class's first variant, of a text that is proved. kInvalidInput
/// with line and column, kLimit, kNotFound if that variant's model has no gain table.
base::Result<std::vector<CompiledPart>> compile_parts(const std::string& text,
                                                      const core::TaskRecord& task,
                                                      const core::ReleaseRecord& release,
                                                      const CompileFor& wanted);

/// The text for another device model than the target's; what learns and has no table for it begins
/// anew. kInvalidInput; kNotFound if it does not learn.
base::Result<base::Bytes> compile_for(const std::string& text, policy::PolicyTarget target,
                                      const base::Digest& model);

/// What BindPolicy asks for. kInvalidInput if the key cannot sign; kNotFound likewise.
base::Result<core::SignedPointer> bind_policy(const core::BindPolicy& wanted,
                                              const crypto::ReleaseKey& key);

/// kInvalidInput if the key cannot sign.
base::Result<std::vector<core::PolicyPart>> sign_parts(const std::vector<CompiledPart>& parts,
                                                       const crypto::ReleaseKey& key);

/// An old version's parts under a new number.
std::vector<CompiledPart> parts_again(const core::PolicyVersionRecord& version,
                                      std::uint32_t number);
/// A version's parts as they are.
std::vector<CompiledPart> parts_of(const core::PolicyVersionRecord& version);

/// What `after` says otherwise, for every device class of either.
std::vector<wire::PolicyPartDifference> compare_parts(const std::vector<CompiledPart>& before,
                                                      const std::vector<CompiledPart>& after,
                                                      std::uint32_t task,
                                                      const std::vector<std::string>& labels);

/// The bounds that a policy's text sets to the gains of a task; none for no text. kInvalidInput if
/// it cannot be read, as when a class it names is none of the task's any more.
base::Result<policy::OwnerBounds> owner_bounds_of(const std::string& text,
                                                  const core::TaskRecord& task);

/// Adds what a policy's text lets the gain of the local class be, or why it cannot be read.
void add_bounds(const std::string& text, const core::TaskRecord& task, policy::AnswerFacts& facts);

/// Two texts, and the device classes that differ by them.
struct TextPair {
    std::string device_class = "any";
    std::string before;
    std::string after;
};

/// Adds a line for each bound of gains that the later text sets otherwise; they stand in the texts.
/// One line for all if a text cannot be read.
void compare_bounds(const TextPair& texts, const core::TaskRecord& task,
                    std::vector<wire::PolicyPartDifference>& differences);

/// Adds a line for everything else that the later text says otherwise and no device is told, as
/// how it learns; nothing if a text cannot be read, which compare_bounds() says.
void compare_words(const TextPair& texts, const core::TaskRecord& task,
                   std::vector<wire::PolicyPartDifference>& differences);

/// What a version says of a class that no device is told, a line each: bounds of gains, how it
/// learns, what it was measured with, and for whole classes the share of a group.
std::vector<std::string> words_of_text(const core::PolicyVersionRecord& version,
                                       const base::ClassName& device_class,
                                       const core::TaskRecord& task);

/// Adds a line if the share that groups may escalate is another; in thousandths, 0 for none.
void compare_shares(std::uint32_t before, std::uint32_t after,
                    std::vector<wire::PolicyPartDifference>& differences);

}  // namespace frugal::app
