// SPDX-License-Identifier: Apache-2.0
#include "model/compress/step_run.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/assert.hpp"
#include "model/compress/density.hpp"
#include "model/compress/eigen_view.hpp"

namespace frugal::model {

namespace {

using ConstRow = Eigen::Map<const Eigen::RowVectorXf>;
using Row = Eigen::Map<Eigen::RowVectorXf>;

constexpr double kSparseBelow = 0.35;  ///< share of inputs that are not 0

/// Every pixel under every position of the window that is inside the input.
std::vector<Tap> taps_of(const ChainStep& step) {
    const ChainWindow& window = step.window;
    std::vector<Tap> taps;
    for (std::size_t position = 0; position < step.output.pixels(); ++position) {
        const std::size_t top = position / step.output.width * window.stride_height;
        const std::size_t left = position % step.output.width * window.stride_width;
        for (std::size_t tap = 0; tap < window.height * window.width; ++tap) {
            // Unsigned: what lies before the input wraps round and is far behind it.
            const std::size_t y = top + tap / window.width * window.dilation_height - window.top;
            const std::size_t x = left + tap % window.width * window.dilation_width - window.left;
            if (y < step.input.height && x < step.input.width) {
                taps.push_back({static_cast<std::uint32_t>(position),
                                static_cast<std::uint32_t>(tap),
                                static_cast<std::uint32_t>(y * step.input.width + x)});
            }
        }
    }
    return taps;
}

}  // namespace

Matrix transposed(const Matrix& matrix) {
    Matrix result(matrix.columns, matrix.rows);
    view(result) = view(matrix).transpose();
    return result;
}

StepRun::StepRun(const ChainStep& step)
    : kind_(step.kind), input_(step.input), output_(step.output), activation_(step.activation) {
    if (kind_ == StepKind::kDense) {
        return;
    }
    patch_size_ = step.window.height * step.window.width * input_.channels;
    const bool is_every_pixel = kind_ == StepKind::kConvolution && patch_size_ == input_.channels &&
                                input_.pixels() == output_.pixels();
    if (is_every_pixel) {
        return;
    }
    taps_ = taps_of(step);
    shares_.assign(output_.pixels(), 0.0F);
    for (const Tap& tap : taps_) {
        shares_[tap.output] += 1;
    }
    for (float& share : shares_) {
        share = 1 / std::max(share, 1.0F);
    }
}

/// A dense step, or a convolution that looks at one pixel at a time.
bool StepRun::is_plain_product() const {
    return taps_.empty();
}

void StepRun::gather_patches(const Matrix& input) {
    const std::size_t depth = input_.channels;
    patches_ = Matrix(input.rows * output_.pixels(), patch_size_);
    for (std::size_t row = 0; row < input.rows; ++row) {
        const float* from = input.row(row).data();
        float* to = patches_.values.data() + row * output_.pixels() * patch_size_;
        for (const Tap& tap : taps_) {
            std::copy_n(from + tap.input * depth, depth,
                        to + tap.output * patch_size_ + tap.tap * depth);
        }
    }
}

void StepRun::scatter_patches(const Matrix& patches, Matrix& input_gradient) const {
    const std::size_t depth = input_.channels;
    for (std::size_t row = 0; row < input_gradient.rows; ++row) {
        const float* from = patches.values.data() + row * output_.pixels() * patch_size_;
        float* to = input_gradient.row(row).data();
        for (const Tap& tap : taps_) {
            const float* slopes = from + tap.output * patch_size_ + tap.tap * depth;
            for (std::size_t channel = 0; channel < depth; ++channel) {
                to[tap.input * depth + channel] += slopes[channel];
            }
        }
    }
}

void StepRun::multiply(const Matrix& input, const Matrix& weights) {
    sparse_.reset();
    if (kind_ == StepKind::kDense && density_of(input.values) < kSparseBelow) {
        sparse_.emplace(input).multiply(weights, output);
    } else if (is_plain_product()) {
        view_in_rows_of(output, output_.channels).noalias() =
            view_in_rows_of(input, weights.rows) * view(weights);
    } else {
        gather_patches(input);
        view_in_rows_of(output, output_.channels).noalias() = view(patches_) * view(weights);
    }
}

void StepRun::multiply_back(const Matrix& input, const Matrix& weights, StepSlopes& slopes,
                            Matrix* input_gradient) {
    const auto slope = view_in_rows_of(std::as_const(output_gradient), output_.channels);
    if (sparse_) {
        sparse_->multiply_transposed(output_gradient, slopes.weights);
    } else if (is_plain_product()) {
        view(slopes.weights).noalias() = view_in_rows_of(input, weights.rows).transpose() * slope;
    } else {
        view(slopes.weights).noalias() = view(patches_).transpose() * slope;
    }
    if (input_gradient == nullptr) {
        return;
    }
    if (is_plain_product()) {
        view_in_rows_of(*input_gradient, weights.rows).noalias() =
            slope * view(weights).transpose();
    } else {
        view(patches_).noalias() = slope * view(weights).transpose();
        scatter_patches(patches_, *input_gradient);
    }
}

void StepRun::depthwise(const Matrix& input, const Matrix& weights) {
    const std::size_t depth = input_.channels;
    for (std::size_t row = 0; row < input.rows; ++row) {
        const float* from = input.row(row).data();
        float* to = output.row(row).data();
        for (const Tap& tap : taps_) {
            const float* pixel = from + tap.input * depth;
            const float* weight = weights.values.data() + tap.tap * depth;
            for (std::size_t channel = 0; channel < depth; ++channel) {
                to[tap.output * depth + channel] += pixel[channel] * weight[channel];
            }
        }
    }
}

void StepRun::depthwise_back(const Matrix& input, const Matrix& weights, StepSlopes& slopes,
                             Matrix* input_gradient) const {
    const std::size_t depth = input_.channels;
    std::fill(slopes.weights.values.begin(), slopes.weights.values.end(), 0.0F);
    for (std::size_t row = 0; row < input.rows; ++row) {
        const float* from = input.row(row).data();
        const float* above = output_gradient.row(row).data();
        for (const Tap& tap : taps_) {
            const float* slope = above + tap.output * depth;
            float* weight_slope = slopes.weights.values.data() + tap.tap * depth;
            for (std::size_t channel = 0; channel < depth; ++channel) {
                weight_slope[channel] += from[tap.input * depth + channel] * slope[channel];
            }
        }
        for (std::size_t i = 0; input_gradient != nullptr && i < taps_.size(); ++i) {
            const float* slope = above + taps_[i].output * depth;
            const float* weight = weights.values.data() + taps_[i].tap * depth;
            float* to = input_gradient->row(row).data() + taps_[i].input * depth;
            for (std::size_t channel = 0; channel < depth; ++channel) {
                to[channel] += weight[channel] * slope[channel];
            }
        }
    }
}

void StepRun::average(const Matrix& input) {
    const std::size_t depth = input_.channels;
    for (std::size_t row = 0; row < input.rows; ++row) {
        for (const Tap& tap : taps_) {
            for (std::size_t channel = 0; channel < depth; ++channel) {
                output.at(row, tap.output * depth + channel) +=
                    shares_[tap.output] * input.at(row, tap.input * depth + channel);
            }
        }
    }
}

void StepRun::average_back(Matrix& input_gradient) const {
    const std::size_t depth = input_.channels;
    for (std::size_t row = 0; row < input_gradient.rows; ++row) {
        for (const Tap& tap : taps_) {
            for (std::size_t channel = 0; channel < depth; ++channel) {
                input_gradient.at(row, tap.input * depth + channel) +=
                    shares_[tap.output] * output_gradient.at(row, tap.output * depth + channel);
            }
        }
    }
}

void StepRun::take_largest(const Matrix& input) {
    const std::size_t depth = input_.channels;
    std::fill(output.values.begin(), output.values.end(), std::numeric_limits<float>::lowest());
    for (std::size_t row = 0; row < input.rows; ++row) {
        for (const Tap& tap : taps_) {
            for (std::size_t channel = 0; channel < depth; ++channel) {
                float& most = output.at(row, tap.output * depth + channel);
                most = std::max(most, input.at(row, tap.input * depth + channel));
            }
        }
    }
}

/// Where several are largest each is given the slope: rare but for zeros, whose slope ends in ReLU.
void StepRun::take_largest_back(const Matrix& input, Matrix& input_gradient) const {
    const std::size_t depth = input_.channels;
    for (std::size_t row = 0; row < input_gradient.rows; ++row) {
        for (const Tap& tap : taps_) {
            for (std::size_t channel = 0; channel < depth; ++channel) {
                const std::size_t from = tap.input * depth + channel;
                const std::size_t to = tap.output * depth + channel;
                if (input.at(row, from) == output.at(row, to)) {
                    input_gradient.at(row, from) += output_gradient.at(row, to);
                }
            }
        }
    }
}

void StepRun::activate() {
    if (activation_ == Activation::kRelu) {
        view(output) = view(output).cwiseMax(0.0F);
    } else if (activation_ == Activation::kRelu6) {
        view(output) = view(output).cwiseMax(0.0F).cwiseMin(6.0F);
    }
}

/// Takes the slope back through dropout and the activation.
void StepRun::close_activation() {
    if (activation_ == Activation::kNone && kept == 1) {
        return;
    }
    const bool is_open_below = activation_ == Activation::kNone;
    const float most =
        activation_ == Activation::kRelu6 ? 6 * kept : std::numeric_limits<float>::infinity();
    for (std::size_t i = 0; i < output.values.size(); ++i) {
        const float value = output.values[i];
        const bool passes = value < most && (is_open_below ? value != 0 : value > 0);
        output_gradient.values[i] *= passes ? kept : 0.0F;
    }
}

void StepRun::forward(const Matrix& input, const Matrix& weights, const std::vector<float>& bias) {
    FRUGAL_ASSERT(input.columns == input_.size());
    output = Matrix(input.rows, output_.size());
    switch (kind_) {
        case StepKind::kDense:
        case StepKind::kConvolution:
            multiply(input, weights);
            break;
        case StepKind::kDepthwise:
            depthwise(input, weights);
            break;
        case StepKind::kAveragePool:
            average(input);
            break;
        case StepKind::kMaxPool:
            take_largest(input);
            break;
    }
    if (!bias.empty()) {
        view_in_rows_of(output, bias.size()).rowwise() +=
            ConstRow(bias.data(), static_cast<Eigen::Index>(bias.size()));
    }
    activate();
}

void StepRun::backward(const Matrix& input, const Matrix& weights, StepSlopes& slopes,
                       Matrix* input_gradient) {
    if (input_gradient != nullptr) {
        *input_gradient = Matrix(input.rows, input.columns);
    }
    close_activation();
    if (!slopes.bias.empty()) {
        Row(slopes.bias.data(), static_cast<Eigen::Index>(slopes.bias.size())) =
            view_in_rows_of(output_gradient, slopes.bias.size()).colwise().sum();
    }
    if (kind_ == StepKind::kDense || kind_ == StepKind::kConvolution) {
        multiply_back(input, weights, slopes, input_gradient);
    } else if (kind_ == StepKind::kDepthwise) {
        depthwise_back(input, weights, slopes, input_gradient);
    } else if (kind_ == StepKind::kAveragePool && input_gradient != nullptr) {
        average_back(*input_gradient);
    } else if (input_gradient != nullptr) {
        take_largest_back(input, *input_gradient);
    }
}

}  // namespace frugal::model
