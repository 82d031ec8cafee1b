// SPDX-License-Identifier: Apache-2.0
#include "model/pack/pack.hpp"

#include <algorithm>
#include <map>

#include "frugal/codec.h"
#include "model/codec/codec.hpp"
#include "model/codec/entropy.hpp"
#include "model/codec/model_plan.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::model {

using base::fail;
using base::Result;

namespace {

constexpr std::uint8_t kBestProfile = 2;

using Names = std::map<std::size_t, std::string>;  // by offset of the constant

Names names_of(const ModelSummary& summary) {
    Names names;
    for (const TensorSummary& tensor : summary.tensors) {
        if (tensor.constant) {
            names.emplace(tensor.constant->offset, tensor.name.empty()
                                                       ? "tensor " + std::to_string(tensor.index)
                                                       : tensor.name);
        }
    }
    return names;
}

SegmentPlan base_plan_of(base::ByteView base) {
    return base.empty() ? SegmentPlan{} : plan_of_model(base);
}

/// What profile 2 needs for each part, by offset.
Result<std::map<std::size_t, double>> best_costs(base::ByteView file, const SegmentPlan& plan,
                                                 const Encoded& encoded,
                                                 const EncodeOptions& options) {
    std::map<std::size_t, double> costs;
    for (const PartStatistics& part : encoded.parts) {
        costs[part.offset] = part.packed_bytes;
    }
    if (encoded.profile == kBestProfile) {
        return costs;
    }
    EncodeOptions best = options;
    best.profile = kBestProfile;
    const auto other = encode_with_statistics(file, plan, best);
    if (!other) {
        return fail(other.error(), "pack: the bounds, by the best profile");
    }
    for (const PartStatistics& part : other->parts) {
        if (const auto known = costs.find(part.offset); known != costs.end()) {
            known->second = std::min(known->second, part.packed_bytes);
        }
    }
    return costs;
}

}  // namespace

Result<PackReport> pack_file(base::ByteView file, const PackOptions& options) {
    const auto summary = read_model(file);
    const SegmentPlan plan = plan_of_model(file);
    const Names names = summary ? names_of(*summary) : Names{};
    const EncodeOptions encoding{options.profile.value_or(kBestProfile), options.base,
                                 base_plan_of(options.base)};
    auto encoded = encode_with_statistics(file, plan, encoding);
    if (!encoded) {
        return tl::unexpected(encoded.error());
    }
    const auto costs = best_costs(file, plan, *encoded, encoding);
    if (!costs) {
        return tl::unexpected(costs.error());
    }
    PackReport report;
    report.stream = std::move(encoded->stream);
    report.profile = encoded->profile;
    report.is_delta = encoded->is_delta;
    report.raw_bytes = file.size();
    report.decoder_ram_bytes = fr_codec_ram_bytes(encoded->profile);
    for (const PartStatistics& part : encoded->parts) {
        const auto name = names.find(part.offset);
        double bound = costs->at(part.offset);
        if (part.kind == PartKind::kWeights || part.kind == PartKind::kRaw) {
            bound = std::min(bound, entropy_bytes(file.subspan(part.offset, part.size_bytes)));
        }
        report.segments.push_back({std::string(to_string(part.kind)),
                                   name == names.end() ? std::string() : name->second, part.offset,
                                   part.size_bytes, part.packed_bytes, bound});
        report.bound_bytes += bound;
    }
    return report;
}

}  // namespace frugal::model
