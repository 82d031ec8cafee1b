// SPDX-License-Identifier: Apache-2.0
#include "app/policy_builder.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/any_class.hpp"
#include "base/hex.hpp"
#include "crypto/verified_manifest.hpp"
#include "policy/author/compiled_policy.hpp"
#include "policy/author/gateway_words.hpp"
#include "policy/author/policy_check.hpp"
#include "policy/learn/compiled_table.hpp"

namespace frugal::app {

using base::Result;

Result<void> prove(const std::string& text, const core::TaskRecord& task,
                   std::uint32_t payload_bytes) {
    const policy::DefinedTask defined{task.name, static_cast<std::uint8_t>(task.privacy),
                                      payload_bytes};
    return policy::check_policy(text, "policy", &defined).map([](const auto& /*proof*/) {});
}

Result<void> prove_again(const core::PolicyVersionRecord& version, const core::TaskRecord& task,
                         std::uint32_t payload_bytes) {
    auto proved = prove(version.text, task, payload_bytes);
    for (const auto& part : version.parts) {
        if (proved && part.source) {
            proved = prove(part.source->text, task, payload_bytes);
        }
    }
    if (!proved) {
        return base::fail(proved.error(), "the text of version " + std::to_string(version.version));
    }
    return proved;
}

Result<std::vector<CompiledPart>> compile_parts(const std::string& text,
                                                const core::TaskRecord& task,
                                                const core::ReleaseRecord& release,
                                                const CompileFor& wanted) {
    if (auto proved = prove(text, task, wanted.payload_bytes); !proved) {
        return tl::unexpected(proved.error());
    }
    std::vector<CompiledPart> parts;
    for (const auto& variant : release.variants) {
        const auto& manifest = variant.manifest->content();
        const bool is_done = std::ranges::find(parts, manifest.device_class,
                                               &CompiledPart::device_class) != parts.end();
        const bool is_wanted = !wanted.only || manifest.device_class == *wanted.only ||
                               manifest.device_class == base::any_class();
        if (is_done || !is_wanted) {
            continue;
        }
        auto compiled = policy::compile_policy(
            text, "policy",
            {task.name, task.task, manifest.model_digest, task.labels, wanted.version});
        if (!compiled) {
            return base::fail(compiled.error(), "device class " + manifest.device_class.text());
        }
        parts.push_back({manifest.device_class, std::move(*compiled)});
    }
    return parts;
}

Result<base::Bytes> compile_for(const std::string& text, policy::PolicyTarget target,
                                const base::Digest& model) {
    target.model_digest = model;
    target.without_table = policy::WithoutTable::kBeginAnew;
    return policy::compile_policy(text, "policy", target);
}

Result<core::SignedPointer> bind_policy(const core::BindPolicy& wanted,
                                        const crypto::ReleaseKey& key) {
    const auto& task = wanted.task;
    // The task may have become more private, its inputs smaller, since the version was set.
    if (auto proved = prove(wanted.text, task, wanted.payload_bytes); !proved) {
        return base::fail(proved.error(), fmt::format("the text of version {}", wanted.version));
    }
    auto compiled =
        compile_for(wanted.text, {task.name, task.task, wanted.model, task.labels, wanted.version},
                    wanted.model);
    if (!compiled) {
        return base::fail(compiled.error(),
                          fmt::format("version {} for the model {}", wanted.version,
                                      base::to_hex(base::ByteView(wanted.model).first(4))));
    }
    auto parts = sign_parts({{base::any_class(), std::move(*compiled)}}, key);
    return parts ? Result<core::SignedPointer>(parts->front().blob) : tl::unexpected(parts.error());
}

Result<std::vector<core::PolicyPart>> sign_parts(const std::vector<CompiledPart>& parts,
                                                 const crypto::ReleaseKey& key) {
    std::vector<core::PolicyPart> all;
    for (const auto& part : parts) {
        auto signature = key.sign(part.compiled);
        if (!signature) {
            return tl::unexpected(signature.error());
        }
        auto verified =
            crypto::VerifiedManifest::verify(part.compiled, *signature, key.public_key());
        if (!verified) {
            return tl::unexpected(verified.error());
        }
        all.push_back(
            {part.device_class, std::make_shared<const core::SignedBlob>(*verified), part.source});
    }
    return all;
}

std::vector<CompiledPart> parts_of(const core::PolicyVersionRecord& version) {
    std::vector<CompiledPart> parts;
    for (const auto& part : version.parts) {
        parts.push_back({part.device_class, part.blob->content(), part.source});
    }
    return parts;
}

std::vector<CompiledPart> parts_again(const core::PolicyVersionRecord& version,
                                      std::uint32_t number) {
    auto parts = parts_of(version);
    for (auto& part : parts) {
        part.compiled = policy::with_policy_id(std::move(part.compiled), number);
    }
    return parts;
}

std::vector<wire::PolicyPartDifference> compare_parts(const std::vector<CompiledPart>& before,
                                                      const std::vector<CompiledPart>& after,
                                                      std::uint32_t task,
                                                      const std::vector<std::string>& labels) {
    struct Pair {
        const base::Bytes* before = nullptr;
        const base::Bytes* after = nullptr;
    };
    std::map<std::string, Pair> by_class;
    for (const auto& part : before) {
        by_class[part.device_class.text()].before = &part.compiled;
    }
    for (const auto& part : after) {
        by_class[part.device_class.text()].after = &part.compiled;
    }
    std::vector<wire::PolicyPartDifference> differences;
    for (const auto& [device_class, pair] : by_class) {
        if (pair.before == nullptr || pair.after == nullptr) {
            differences.push_back({device_class, "device class",
                                   pair.before != nullptr ? "has a policy" : "-",
                                   pair.after != nullptr ? "has a policy" : "-"});
            continue;
        }
        const auto left = policy::read_compiled(*pair.before);
        const auto right = policy::read_compiled(*pair.after);
        if (!left || !right) {
            if (*pair.before != *pair.after) {
                differences.push_back({device_class, "rules", left ? "-" : "cannot be read",
                                       right ? "-" : "cannot be read"});
            }
            continue;
        }
        for (const auto& difference : policy::compare(*left, *right, task, labels)) {
            differences.push_back(
                {device_class, difference.what, difference.before, difference.after});
        }
    }
    return differences;
}

Result<policy::OwnerBounds> owner_bounds_of(const std::string& text, const core::TaskRecord& task) {
    return text.empty() ? policy::OwnerBounds{}
                        : policy::read_owner_bounds(text, "policy", task.name, task.labels);
}

void add_bounds(const std::string& text, const core::TaskRecord& task, policy::AnswerFacts& facts) {
    const auto bounds = owner_bounds_of(text, task);
    if (!bounds) {
        facts.bounds_error = bounds.error().describe();
    } else if (facts.local_class) {
        facts.bounds = bounds->of(*facts.local_class);
    }
}

void compare_bounds(const TextPair& texts, const core::TaskRecord& task,
                    std::vector<wire::PolicyPartDifference>& differences) {
    if (texts.before == texts.after) {
        return;
    }
    const auto left = owner_bounds_of(texts.before, task);
    const auto right = owner_bounds_of(texts.after, task);
    if (left && right) {
        for (const auto& one : policy::compare(*left, *right, task.labels)) {
            differences.push_back({texts.device_class, one.what, one.before, one.after});
        }
        return;
    }
    const auto words = [&](const Result<policy::OwnerBounds>& bounds) {
        if (!bounds) {
            return "cannot be read: " + bounds.error().describe();
        }
        const auto lines = policy::describe(*bounds, task.labels);
        return lines.empty() ? "-" : fmt::format("{}", fmt::join(lines, "; "));
    };
    differences.push_back({texts.device_class, "bounds of gains", words(left), words(right)});
}

void compare_words(const TextPair& texts, const core::TaskRecord& task,
                   std::vector<wire::PolicyPartDifference>& differences) {
    const auto left = policy::read_gateway_words(texts.before, "policy", task.name);
    const auto right = policy::read_gateway_words(texts.after, "policy", task.name);
    if (!left || !right) {
        return;
    }
    for (const auto& one : policy::compare(*left, *right)) {
        differences.push_back({texts.device_class, one.what, one.before, one.after});
    }
}

namespace {

std::string share_words(std::uint32_t permille) {
    return permille == 0 ? std::string("-") : fmt::format("{:g} %", permille / 10.0);
}

}  // namespace

std::vector<std::string> words_of_text(const core::PolicyVersionRecord& version,
                                       const base::ClassName& device_class,
                                       const core::TaskRecord& task) {
    const std::string text = core::source_of(version, device_class).text;
    const auto bounds = owner_bounds_of(text, task);
    auto lines = bounds
                     ? policy::describe(*bounds, task.labels)
                     : std::vector{"bounds of gains cannot be read: " + bounds.error().describe()};
    if (version.group_share_permille != 0) {
        lines.push_back("group share: " + share_words(version.group_share_permille));
    }
    if (const auto words = policy::read_gateway_words(text, "policy", task.name)) {
        for (const auto& [what, says] : *words) {
            lines.push_back(what + ": " + says);
        }
    }
    return lines;
}

void compare_shares(std::uint32_t before, std::uint32_t after,
                    std::vector<wire::PolicyPartDifference>& differences) {
    if (before != after) {
        differences.push_back({"any", "group share", share_words(before), share_words(after)});
    }
}

}  // namespace frugal::app
