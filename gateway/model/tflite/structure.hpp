// SPDX-License-Identifier: Apache-2.0
// The checks between FlatBuffers' verifier and everything else: after check_structure() every index
// of the main subgraph is in range, every constant has the size of its shape, and no entry of a
// list is missing in any subgraph. Inside this folder only.
#pragma once

#include <tflite_subset_generated.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::model {

inline constexpr std::uint64_t kFileSizeMax = 64ull << 20;
inline constexpr std::uint32_t kTablesMax = 200000;
inline constexpr std::uint32_t kDepthMax = 16;
inline constexpr std::uint32_t kTensorsMax = 4096;
inline constexpr std::uint32_t kOperatorsMax = 4096;
inline constexpr std::uint32_t kRankMax = 8;

/// A file that passed the checks. Its numbers are read in place, so bytes from the middle of a
/// message are moved to aligned memory first: offsets into bytes() are offsets into what was given.
class CheckedModel {
public:
    CheckedModel(CheckedModel&&) = default;
    CheckedModel& operator=(CheckedModel&&) = default;

    const flat::Model& operator*() const { return *model_; }
    const flat::Model* operator->() const { return model_; }
    base::ByteView bytes() const { return bytes_; }

private:
    friend base::Result<CheckedModel> check_structure(base::ByteView bytes);
    explicit CheckedModel(base::ByteView bytes);

    base::Bytes aligned_;  ///< empty where the given bytes are aligned
    base::ByteView bytes_;
    const flat::Model* model_ = nullptr;
};

/// Verifies the bytes and the structure. The result leads into `bytes`, which must outlive it.
base::Result<CheckedModel> check_structure(base::ByteView bytes);

/// The elements of a vector, none if it is absent. By memcpy: the verifier does not promise that
/// elements of 64 bits are aligned.
template <typename T>
std::vector<T> values_of(const flatbuffers::Vector<T>* vector) {
    static_assert(std::endian::native == std::endian::little);
    std::vector<T> values(vector == nullptr ? 0 : vector->size());
    if (!values.empty()) {
        std::memcpy(values.data(), vector->Data(), values.size() * sizeof(T));
    }
    return values;
}

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
