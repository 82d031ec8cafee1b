// SPDX-License-Identifier: Apache-2.0
#include "wire/canary_request.hpp"

#include <algorithm>
#include <vector>

#include "wire/http_multipart.hpp"
#include "wire/json_commands.hpp"
#include "wire/policy_queries.hpp"

namespace frugal::wire {

namespace {

using base::ErrorKind;
using base::Result;

std::string boundary_of(const HttpRequest& request) {
    return multipart_boundary(request.field("content-type").value_or(std::string_view()));
}

Result<std::vector<MultipartPart>> read_form(const HttpRequest& request) {
    const std::string boundary = boundary_of(request);
    if (boundary.empty()) {
        return base::fail(ErrorKind::kInvalidInput, "the samples are missing",
                          "the body is no multipart/form-data",
                          "Send the parts inputs and labels, e.g. curl -F inputs=@x.npy "
                          "-F labels=@y.txt.");
    }
    return read_multipart(request.body, boundary);
}

Result<base::Bytes> part_of(const std::vector<MultipartPart>& parts, std::string_view name) {
    const auto found = std::ranges::find(parts, name, &MultipartPart::name);
    if (found == parts.end() || found->content.empty()) {
        return base::fail(ErrorKind::kInvalidInput,
                          "part \"" + std::string(name) + "\" is missing or empty", {},
                          "Send the parts inputs and labels; with an edge model, model too.");
    }
    return base::Bytes(found->content.begin(), found->content.end());
}

Result<CanaryRequest> read_canary_parts(const HttpRequest& request,
                                        const std::vector<MultipartPart>& parts) {
    const auto names = read_compare_policy(request);
    auto inputs = part_of(parts, "inputs");
    auto labels = part_of(parts, "labels");
    if (!names || !inputs || !labels) {
        return tl::unexpected(!names ? names.error() : !inputs ? inputs.error() : labels.error());
    }
    return CanaryRequest{names->task, names->release.model, names->release.number,
                         std::move(*inputs), std::move(*labels)};
}

}  // namespace

Result<CanaryRequest> read_canary(const HttpRequest& request) {
    const auto parts = read_form(request);
    return parts ? read_canary_parts(request, *parts)
                 : Result<CanaryRequest>(tl::unexpected(parts.error()));
}

Result<EdgeModelRequest> read_set_edge_model(HttpRequest& request) {
    const auto task = read_task(request);
    if (!task) {
        return tl::unexpected(task.error());
    }
    EdgeModelRequest wanted{
        *task, std::string(request.query_value("name").value_or("edge")), {}, {}};
    if (boundary_of(request).empty()) {
        wanted.model = std::move(request.body);
        return wanted;
    }
    const auto parts = read_form(request);
    if (!parts) {
        return tl::unexpected(parts.error());
    }
    auto model = part_of(*parts, "model");
    auto canary = read_canary_parts(request, *parts);
    if (!model || !canary) {
        return tl::unexpected(!model ? model.error() : canary.error());
    }
    wanted.model = std::move(*model);
    wanted.canary = std::move(*canary);
    return wanted;
}

}  // namespace frugal::wire
