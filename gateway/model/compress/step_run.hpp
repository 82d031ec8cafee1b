// SPDX-License-Identifier: Apache-2.0
// One step of a chain over a batch, forwards and backwards: dense and convolution as products of
// matrices (a convolution gathers its patches first), depthwise convolution and pooling tap by tap.
// Keeps what the way back needs. Owned by the trainer or a runner; one thread; knows no weights.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/compress/chain.hpp"
#include "model/compress/sparse_product.hpp"

namespace frugal::model {

/// One input pixel under one position of a window.
struct Tap {
    std::uint32_t output = 0;  ///< pixel
    std::uint32_t tap = 0;     ///< place in the window
    std::uint32_t input = 0;   ///< pixel
};

/// The slope of the loss in a step's parameters.
struct StepSlopes {
    Matrix weights;  ///< with a row for each input
    std::vector<float> bias;
};

class StepRun {
public:
    /// Takes the shape; the weights come with each call and have a row for each input.
    explicit StepRun(const ChainStep& step);

    Matrix output;           ///< after the activation
    Matrix output_gradient;  ///< set by whoever comes after, before backward()
    float kept = 1;  ///< what survivors of dropout in `output` were multiplied with; 1: no dropout

    void forward(const Matrix& input, const Matrix& weights, const std::vector<float>& bias);

    /// @param input as forward() saw it
    /// @param input_gradient nullptr for the first step
    void backward(const Matrix& input, const Matrix& weights, StepSlopes& slopes,
                  Matrix* input_gradient);

private:
    bool is_plain_product() const;
    void gather_patches(const Matrix& input);
    void scatter_patches(const Matrix& patches, Matrix& input_gradient) const;
    void multiply(const Matrix& input, const Matrix& weights);
    void multiply_back(const Matrix& input, const Matrix& weights, StepSlopes& slopes,
                       Matrix* input_gradient);
    void depthwise(const Matrix& input, const Matrix& weights);
    void depthwise_back(const Matrix& input, const Matrix& weights, StepSlopes& slopes,
                        Matrix* input_gradient) const;
    void average(const Matrix& input);
    void average_back(Matrix& input_gradient) const;
    void take_largest(const Matrix& input);
    void take_largest_back(const Matrix& input, Matrix& input_gradient) const;
    void activate();
    void close_activation();

    StepKind kind_;
    Frame input_;
    Frame output_;
    Activation activation_;
    std::size_t patch_size_ = 0;
    std::vector<Tap> taps_;
    std::vector<float> shares_;  ///< of an input pixel in the mean, for each output pixel
    Matrix patches_;
    std::optional<SparseRows> sparse_;  ///< the input, if it is mostly zero
};

Matrix transposed(const Matrix& matrix);

}  // namespace frugal::model
