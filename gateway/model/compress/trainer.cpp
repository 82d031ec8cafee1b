// SPDX-License-Identifier: Apache-2.0
#include "model/compress/trainer.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/assert.hpp"
#include "base/rng.hpp"
#include "model/compress/adam.hpp"
#include "model/compress/sparse_product.hpp"

namespace frugal::model {

namespace {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixView = Eigen::Map<RowMatrix>;

constexpr std::size_t kPruneEvery = 40;  // steps

MatrixView view(Matrix& matrix) {
    return {matrix.values.data(), static_cast<Eigen::Index>(matrix.rows),
            static_cast<Eigen::Index>(matrix.columns)};
}

Eigen::Map<const RowMatrix> view(const Matrix& matrix) {
    return {matrix.values.data(), static_cast<Eigen::Index>(matrix.rows),
            static_cast<Eigen::Index>(matrix.columns)};
}

Matrix transposed(const Matrix& matrix) {
    Matrix result(matrix.columns, matrix.rows);
    view(result) = view(matrix).transpose();
    return result;
}

/// A layer being trained: weights stand with a row for each input.
struct Trained {
    Matrix weights;
    Matrix effective;  ///< what the forward pass uses: masked and on its grid
    std::vector<float> bias;
    std::vector<std::uint8_t> mask;
    Matrix gradient;
    std::vector<float> bias_gradient;
    Adam weights_adam;
    Adam bias_adam;
    Matrix output;
    Matrix output_gradient;

    explicit Trained(const DenseLayer& layer)
        : weights(transposed(layer.weights)),
          effective(weights),
          bias(layer.bias),
          mask(weights.values.size(), 1),
          gradient(weights.rows, weights.columns),
          bias_gradient(bias.size()),
          weights_adam(weights.values.size()),
          bias_adam(bias.size()) {}
};

void softmax(std::span<const float> logits, float temperature, std::vector<float>& result) {
    const float most = *std::max_element(logits.begin(), logits.end());
    float sum = 0;
    result.resize(logits.size());
    for (std::size_t i = 0; i < logits.size(); ++i) {
        result[i] = std::exp((logits[i] - most) / temperature);
        sum += result[i];
    }
    for (float& value : result) {
        value /= sum;
    }
}

class Trainer {
public:
    Trainer(const Network& start, const Dataset& data, const TrainOptions& options)
        : data_(data), options_(options), rng_(options.seed), order_(data.inputs.rows) {
        for (const DenseLayer& layer : start.layers) {
            layers_.emplace_back(layer);
        }
        std::iota(order_.begin(), order_.end(), 0U);
        keep_zeros();
        steps_ = static_cast<std::size_t>(options.epochs) * (data.inputs.rows / options.batch);
        if (options.teacher != nullptr) {
            teach();
        }
    }

    void run(const std::function<void(const TrainProgress&)>& progress) {
        for (int epoch = 1; epoch <= options_.epochs; ++epoch) {
            shuffle();
            loss_ = 0;
            const std::size_t batches = order_.size() / options_.batch;
            for (std::size_t batch = 0; batch < batches; ++batch) {
                train_batch(std::span(order_).subspan(batch * options_.batch, options_.batch));
            }
            if (progress) {
                progress({epoch, options_.epochs,
                          loss_ / static_cast<double>(batches * options_.batch), density()});
            }
        }
    }

    Network result() {
        Network network;
        for (Trained& layer : layers_) {
            apply(layer);
            network.layers.push_back({transposed(layer.effective), layer.bias});
        }
        return network;
    }

private:
    void keep_zeros();
    void teach();
    void shuffle();
    void train_batch(std::span<const std::uint32_t> rows);
    void apply(Trained& layer) const;
    void forward(const SparseRows& inputs);
    void drop(Matrix& output);
    void judge(std::span<const std::uint32_t> rows);
    void judge_one(std::size_t at, std::uint32_t row);
    void backward(const SparseRows& inputs);
    void update();
    void prune();
    double density() const;

    const Dataset& data_;
    const TrainOptions& options_;
    base::Rng rng_;
    std::vector<Trained> layers_;
    std::vector<std::uint32_t> order_;
    Matrix teacher_logits_;
    std::vector<float> wanted_;
    std::vector<float> given_;
    std::size_t steps_ = 0;
    std::size_t step_ = 0;
    double loss_ = 0;
};

void Trainer::keep_zeros() {
    for (Trained& layer : layers_) {
        for (std::size_t i = 0; i < layer.mask.size(); ++i) {
            layer.mask[i] = layer.weights.values[i] != 0 ? 1 : 0;
        }
    }
}

void Trainer::teach() {
    constexpr std::size_t kChunk = 1000;
    teacher_logits_ = Matrix(data_.inputs.rows, layers_.back().bias.size());
    for (std::size_t first = 0; first < data_.inputs.rows; first += kChunk) {
        const std::size_t count = std::min(kChunk, data_.inputs.rows - first);
        const Matrix logits = logits_of(*options_.teacher, data_.part(first, count).inputs);
        std::copy(logits.values.begin(), logits.values.end(), teacher_logits_.row(first).begin());
    }
}

void Trainer::shuffle() {
    for (std::size_t i = order_.size(); i > 1; --i) {
        std::swap(order_[i - 1], order_[rng_.below(i)]);
    }
}

/// What the forward pass sees of a layer.
void Trainer::apply(Trained& layer) const {
    const auto index = static_cast<std::size_t>(&layer - layers_.data());
    const bool is_gridded = !options_.steps.empty();
    const float step = is_gridded ? options_.steps[index] : 1.0F;
    const auto most = static_cast<float>(options_.level_max);
    for (std::size_t i = 0; i < layer.mask.size(); ++i) {
        float& value = layer.weights.values[i];
        value = layer.mask[i] != 0 ? value : 0.0F;
        layer.effective.values[i] =
            is_gridded ? step * std::clamp(std::nearbyint(value / step), -most, most) : value;
    }
}

void Trainer::drop(Matrix& output) {
    if (options_.dropout <= 0) {
        return;
    }
    const auto kept = static_cast<float>(1 / (1 - options_.dropout));
    const auto threshold = static_cast<std::uint32_t>(options_.dropout * 65536);
    for (std::size_t i = 0; i < output.values.size(); i += 4) {
        std::uint64_t chance = rng_.next();
        for (std::size_t k = i; k < std::min(i + 4, output.values.size()); ++k, chance >>= 16) {
            output.values[k] *= (chance & 0xFFFF) < threshold ? 0.0F : kept;
        }
    }
}

void Trainer::forward(const SparseRows& inputs) {
    for (std::size_t index = 0; index < layers_.size(); ++index) {
        Trained& layer = layers_[index];
        apply(layer);
        layer.output = Matrix(inputs.size(), layer.bias.size());
        if (index == 0) {
            inputs.multiply(layer.effective, layer.output);
        } else {
            view(layer.output).noalias() = view(layers_[index - 1].output) * view(layer.effective);
        }
        view(layer.output).rowwise() += Eigen::Map<const Eigen::RowVectorXf>(
            layer.bias.data(), static_cast<Eigen::Index>(layer.bias.size()));
        if (index + 1 < layers_.size()) {
            view(layer.output) = view(layer.output).cwiseMax(0.0F);
            drop(layer.output);
        }
    }
}

void Trainer::judge_one(std::size_t at, std::uint32_t row) {
    Trained& last = layers_.back();
    const auto logits = std::as_const(last.output).row(at);
    auto slope = last.output_gradient.row(at);
    const auto share = static_cast<float>(options_.teacher != nullptr ? options_.teacher_share : 0);
    const auto batch = static_cast<float>(options_.batch);
    softmax(logits, 1, given_);
    const std::size_t label = data_.labels[row];
    for (std::size_t i = 0; i < slope.size(); ++i) {
        slope[i] = (1 - share) * (given_[i] - (i == label ? 1.0F : 0.0F)) / batch;
    }
    loss_ -= std::log(static_cast<double>(given_[label]) + 1e-12);
    if (share > 0) {
        const auto temperature = static_cast<float>(options_.temperature);
        softmax(logits, temperature, given_);
        softmax(std::as_const(teacher_logits_).row(row), temperature, wanted_);
        for (std::size_t i = 0; i < slope.size(); ++i) {
            slope[i] += share * temperature * (given_[i] - wanted_[i]) / batch;
        }
    }
}

void Trainer::judge(std::span<const std::uint32_t> rows) {
    Trained& last = layers_.back();
    last.output_gradient = Matrix(last.output.rows, last.output.columns);
    for (std::size_t at = 0; at < rows.size(); ++at) {
        judge_one(at, rows[at]);
    }
}

void Trainer::backward(const SparseRows& inputs) {
    for (std::size_t index = layers_.size(); index-- > 0;) {
        Trained& layer = layers_[index];
        Eigen::Map<Eigen::RowVectorXf>(layer.bias_gradient.data(),
                                       static_cast<Eigen::Index>(layer.bias_gradient.size())) =
            view(layer.output_gradient).colwise().sum();
        if (index == 0) {
            inputs.multiply_transposed(layer.output_gradient, layer.gradient);
            return;
        }
        Trained& before = layers_[index - 1];
        view(layer.gradient).noalias() =
            view(before.output).transpose() * view(layer.output_gradient);
        before.output_gradient = Matrix(before.output.rows, before.output.columns);
        view(before.output_gradient).noalias() =
            view(layer.output_gradient) * view(layer.effective).transpose();
        const auto kept = static_cast<float>(1 / (1 - options_.dropout));
        for (std::size_t i = 0; i < before.output.values.size(); ++i) {
            before.output_gradient.values[i] *= before.output.values[i] > 0 ? kept : 0.0F;
        }
    }
}

void Trainer::update() {
    const double done = static_cast<double>(step_) / static_cast<double>(steps_);
    const double cosine = 0.01 + 0.99 * 0.5 * (1 + std::cos(3.14159265358979 * done));
    const double rate = options_.learning_rate * cosine;
    for (Trained& layer : layers_) {
        layer.weights_adam.step(layer.weights.values, layer.gradient.values, rate);
        layer.bias_adam.step(layer.bias, layer.bias_gradient, rate);
    }
}

double Trainer::density() const {
    std::size_t kept = 0;
    std::size_t all = 0;
    for (const Trained& layer : layers_) {
        kept += static_cast<std::size_t>(std::count(layer.mask.begin(), layer.mask.end(), 1));
        all += layer.mask.size();
    }
    return static_cast<double>(kept) / static_cast<double>(all);
}

/// Global magnitude, along the cubic schedule of Zhu and Gupta (2017).
void Trainer::prune() {
    const double done = static_cast<double>(step_) / static_cast<double>(steps_);
    const double left = std::max(0.0, 1 - done / options_.pruning_share);
    const double wanted = options_.density + (1 - options_.density) * left * left * left;
    std::vector<float> sizes;
    for (const Trained& layer : layers_) {
        for (std::size_t i = 0; i < layer.mask.size(); ++i) {
            if (layer.mask[i] != 0) {
                sizes.push_back(std::abs(layer.weights.values[i]));
            }
        }
    }
    std::size_t all = 0;
    for (const Trained& layer : layers_) {
        all += layer.mask.size();
    }
    const auto keep = static_cast<std::size_t>(wanted * static_cast<double>(all));
    if (keep >= sizes.size()) {
        return;
    }
    const auto cut = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() - keep);
    std::nth_element(sizes.begin(), cut, sizes.end());
    const float threshold = *cut;
    for (Trained& layer : layers_) {
        for (std::size_t i = 0; i < layer.mask.size(); ++i) {
            layer.mask[i] = std::abs(layer.weights.values[i]) >= threshold ? layer.mask[i] : 0;
        }
    }
}

void Trainer::train_batch(std::span<const std::uint32_t> rows) {
    const SparseRows inputs(data_.inputs, rows);
    forward(inputs);
    judge(rows);
    backward(inputs);
    update();
    ++step_;
    if (options_.density < 1 && step_ % kPruneEvery == 0) {
        prune();
    }
}

}  // namespace

Network train(Network start, const Dataset& data, const TrainOptions& options,
              const std::function<void(const TrainProgress&)>& progress) {
    FRUGAL_ASSERT(data.labels.size() == data.inputs.rows && data.inputs.rows >= options.batch);
    FRUGAL_ASSERT(options.steps.empty() || options.steps.size() == start.layers.size());
    Trainer trainer(start, data, options);
    trainer.run(progress);
    return trainer.result();
}

float best_step(const Matrix& weights, int level_max) {
    float largest = 0;
    for (const float weight : weights.values) {
        largest = std::max(largest, std::abs(weight));
    }
    float best = largest > 0 ? largest / static_cast<float>(level_max) : 1.0F;
    double least = INFINITY;
    const auto most = static_cast<float>(level_max);
    for (int percent = 30; percent <= 100 && largest > 0; percent += 2) {
        const float step = largest * static_cast<float>(percent) / (100 * most);
        double error = 0;
        for (const float weight : weights.values) {
            const float level = std::clamp(std::nearbyint(weight / step), -most, most);
            const auto miss = static_cast<double>(weight - step * level);
            error += miss * miss;
        }
        if (error < least) {
            least = error;
            best = step;
        }
    }
    return best;
}

}  // namespace frugal::model
