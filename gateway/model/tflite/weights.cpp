// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/weights.hpp"

#include <algorithm>
#include <map>

#include "model/tflite/schema.hpp"

namespace frugal::model {

namespace {

WeightLayout layout_of(std::int32_t code, std::uint32_t port, std::size_t rank) {
    if (port == 1 && code == kConv2d && rank == 4) {
        return WeightLayout::kOutHeightWidthIn;
    }
    if (port == 1 && code == kDepthwiseConv2d && rank == 4) {
        return WeightLayout::kHeightWidthOut;
    }
    if (port == 1 && code == kFullyConnected && rank == 2) {
        return WeightLayout::kOutIn;
    }
    return rank <= 1 ? WeightLayout::kVector : WeightLayout::kOther;
}

std::uint32_t port_count(const flatbuffers::Vector<std::int32_t>* ports) {
    return ports == nullptr ? 0 : ports->size();
}

class Collector {
public:
    Collector(const flat::Model& model, base::ByteView bytes)
        : model_(model), subgraph_(*model.subgraphs()->Get(0)), bytes_(bytes) {}

    void add_operator(std::uint32_t index) {
        const flat::Operator& one = *subgraph_.operators()->Get(index);
        std::int32_t code = operator_code(*model_.operator_codes()->Get(one.opcode_index()));
        for (std::uint32_t port = 0; port < port_count(one.inputs()); ++port) {
            std::int32_t tensor = one.inputs()->Get(port);
            if (tensor >= 0) {
                add_input(index, code, port, static_cast<std::uint32_t>(tensor));
            }
        }
    }

    std::vector<WeightSummary> take() {
        std::vector<WeightSummary> list;
        for (auto& [offset, weight] : by_offset_) {
            list.push_back(std::move(weight));
        }
        return list;
    }

private:
    void add_input(std::uint32_t index, std::int32_t code, std::uint32_t port,
                   std::uint32_t tensor_index) {
        const flat::Tensor& tensor = *subgraph_.tensors()->Get(tensor_index);
        const auto* data = tensor_data(model_, tensor);
        if (data == nullptr) {
            return;
        }
        WeightSummary weight;
        weight.tensor = tensor_index;
        weight.operator_index = index;
        weight.operator_code = code;
        weight.port = port;
        if (tensor.shape() != nullptr) {
            weight.shape.assign(tensor.shape()->begin(), tensor.shape()->end());
        }
        weight.layout = layout_of(code, port, weight.shape.size());
        weight.type = tensor.type();
        weight.range.offset = static_cast<std::uint64_t>(data->data() - bytes_.data());
        weight.range.size = data->size();
        by_offset_.emplace(weight.range.offset, std::move(weight));
    }

    const flat::Model& model_;
    const flat::SubGraph& subgraph_;
    base::ByteView bytes_;
    std::map<std::uint64_t, WeightSummary> by_offset_;
};

/// First and last operator that touches each activation.
struct Lifetime {
    std::uint32_t first = UINT32_MAX;
    std::uint32_t last = 0;
};

void touch(std::vector<Lifetime>& lifetimes, std::int32_t tensor, std::uint32_t time) {
    if (tensor >= 0) {
        Lifetime& lifetime = lifetimes[static_cast<std::size_t>(tensor)];
        lifetime.first = std::min(lifetime.first, time);
        lifetime.last = std::max(lifetime.last, time);
    }
}

void touch_all(std::vector<Lifetime>& lifetimes, const flatbuffers::Vector<std::int32_t>* list,
               std::uint32_t time) {
    for (std::uint32_t i = 0; i < port_count(list); ++i) {
        touch(lifetimes, list->Get(i), time);
    }
}

std::vector<Lifetime> lifetimes_of(const flat::SubGraph& subgraph) {
    std::vector<Lifetime> lifetimes(subgraph.tensors()->size());
    std::uint32_t count = subgraph.operators() == nullptr ? 0 : subgraph.operators()->size();
    touch_all(lifetimes, subgraph.inputs(), 0);
    for (std::uint32_t index = 0; index < count; ++index) {
        touch_all(lifetimes, subgraph.operators()->Get(index)->inputs(), index + 1);
        touch_all(lifetimes, subgraph.operators()->Get(index)->outputs(), index + 1);
    }
    touch_all(lifetimes, subgraph.outputs(), count + 1);
    return lifetimes;
}

}  // namespace

std::vector<WeightSummary> collect_weights(const flat::Model& model, base::ByteView bytes) {
    Collector collector(model, bytes);
    const auto* operators = model.subgraphs()->Get(0)->operators();
    for (std::uint32_t index = 0; operators != nullptr && index < operators->size(); ++index) {
        collector.add_operator(index);
    }
    return collector.take();
}

std::uint64_t peak_activation_bytes(const flat::Model& model) {
    const flat::SubGraph& subgraph = *model.subgraphs()->Get(0);
    std::vector<Lifetime> lifetimes = lifetimes_of(subgraph);
    std::uint32_t times = subgraph.operators() == nullptr ? 2 : subgraph.operators()->size() + 2;
    std::vector<std::int64_t> change(times + 1, 0);
    for (std::uint32_t index = 0; index < lifetimes.size(); ++index) {
        const flat::Tensor& tensor = *subgraph.tensors()->Get(index);
        if (lifetimes[index].first != UINT32_MAX && tensor_data(model, tensor) == nullptr) {
            auto size = static_cast<std::int64_t>(tensor_size(tensor));
            change[lifetimes[index].first] += size;
            change[lifetimes[index].last + 1] -= size;
        }
    }
    std::int64_t live = 0;
    std::int64_t peak = 0;
    for (std::int64_t difference : change) {
        live += difference;
        peak = std::max(peak, live);
    }
    return static_cast<std::uint64_t>(peak);
}

}  // namespace frugal::model
