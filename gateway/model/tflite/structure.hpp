// SPDX-License-Identifier: Apache-2.0
// The checks between FlatBuffers' verifier and everything else: after check_structure() every index
// of the main subgraph is in range and every constant has the size of its shape. Inside this
// folder only.
#pragma once

#include <tflite_subset_generated.h>

#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::model {

inline constexpr std::uint64_t kFileSizeMax = 64ull << 20;
inline constexpr std::uint32_t kTablesMax = 200000;
inline constexpr std::uint32_t kDepthMax = 16;
inline constexpr std::uint32_t kTensorsMax = 4096;
inline constexpr std::uint32_t kOperatorsMax = 4096;
inline constexpr std::uint32_t kRankMax = 8;

/// Verifies the bytes and the structure; the pointer leads into `bytes`.
base::Result<const flat::Model*> check_structure(base::ByteView bytes);

/// Operator number: the wide field counts once it exceeds the old narrow one.
std::int32_t operator_code(const flat::OperatorCode& code);

/// Elements of a shape whose dimensions were checked.
std::uint64_t element_count(const flat::Tensor& tensor);

/// Bytes by shape and type, 0 if the type has no fixed size.
std::uint64_t tensor_size(const flat::Tensor& tensor);

/// The constant bytes of a tensor, or nullptr.
const flatbuffers::Vector<std::uint8_t>* tensor_data(const flat::Model& model,
                                                     const flat::Tensor& tensor);

/// "tensor 3 (conv1/weights)".
std::string describe_tensor(const flat::SubGraph& subgraph, std::uint32_t index);

}  // namespace frugal::model
