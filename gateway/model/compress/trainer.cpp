// SPDX-License-Identifier: Apache-2.0
#include "model/compress/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "base/assert.hpp"
#include "base/rng.hpp"
#include "model/compress/chain_runner.hpp"
#include "model/compress/numeric.hpp"
#include "model/compress/step_run.hpp"
#include "model/compress/trained_weights.hpp"

namespace frugal::model {

namespace {

constexpr std::size_t kPruneEvery = 40;  // steps, at most
constexpr std::size_t kPrunings = 8;     // at least, of a training that is shorter

class Trainer {
public:
    Trainer(const Chain& start, const Dataset& data, const TrainOptions& options)
        : data_(data),
          options_(options),
          chain_(start),
          rng_(options.seed),
          order_(data.inputs.rows) {
        for (const ChainStep& step : start.steps) {
            weights_.emplace_back(step);
            runs_.emplace_back(step);
        }
        effective_.resize(runs_.size());
        std::iota(order_.begin(), order_.end(), 0U);
        steps_ = static_cast<std::size_t>(options.epochs) * (data.inputs.rows / options.batch);
        const double pruning = options.pruning_share * static_cast<double>(steps_);
        prune_every_ =
            std::clamp<std::size_t>(static_cast<std::size_t>(pruning) / kPrunings, 1, kPruneEvery);
        if (options.teacher != nullptr) {
            teacher_.emplace(*options.teacher);
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
                          loss_ / static_cast<double>(batches * options_.batch),
                          density_of(weights_)});
            }
        }
    }

    Chain result() {
        for (std::size_t i = 0; i < chain_.steps.size(); ++i) {
            chain_.steps[i].weights = transposed(weights_[i].apply(grid_of(i)));
            chain_.steps[i].bias = weights_[i].bias;
        }
        return chain_;
    }

private:
    WeightGrid grid_of(std::size_t step) const;
    bool is_dropped(std::size_t step) const;
    void shuffle();
    void train_batch(std::span<const std::uint32_t> rows);
    void forward(const Matrix& inputs);
    void drop(Matrix& output);
    void judge(std::span<const std::uint32_t> rows, const Matrix* taught);
    void judge_one(std::size_t at, std::uint32_t row, const Matrix* taught);
    void backward(const Matrix& inputs);
    void update();
    void prune();

    const Dataset& data_;
    const TrainOptions& options_;
    Chain chain_;
    base::Rng rng_;
    std::vector<TrainedWeights> weights_;
    std::vector<StepRun> runs_;
    std::vector<const Matrix*> effective_;  ///< what the forward pass saw
    std::vector<std::uint32_t> order_;
    std::optional<ChainRunner> teacher_;
    std::vector<float> wanted_;
    std::vector<float> given_;
    std::size_t steps_ = 0;
    std::size_t prune_every_ = 1;
    std::size_t step_ = 0;
    double loss_ = 0;
};

WeightGrid Trainer::grid_of(std::size_t step) const {
    return {options_.steps.empty() ? 0.0F : options_.steps[step], options_.level_max};
}

/// Whether dropout thins out what a step gives.
bool Trainer::is_dropped(std::size_t step) const {
    return options_.dropout > 0 && step + 1 < runs_.size() &&
           chain_.steps[step].kind == StepKind::kDense;
}

void Trainer::shuffle() {
    for (std::size_t i = order_.size(); i > 1; --i) {
        std::swap(order_[i - 1], order_[rng_.below(i)]);
    }
}

void Trainer::drop(Matrix& output) {
    const auto kept = static_cast<float>(1 / (1 - options_.dropout));
    const auto threshold = static_cast<std::uint32_t>(options_.dropout * 65536);
    for (std::size_t i = 0; i < output.values.size(); i += 4) {
        std::uint64_t chance = rng_.next();
        for (std::size_t k = i; k < std::min(i + 4, output.values.size()); ++k, chance >>= 16) {
            output.values[k] *= (chance & 0xFFFF) < threshold ? 0.0F : kept;
        }
    }
}

void Trainer::forward(const Matrix& inputs) {
    const Matrix* values = &inputs;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        effective_[i] = &weights_[i].apply(grid_of(i));
        runs_[i].forward(*values, *effective_[i], weights_[i].bias);
        if (is_dropped(i)) {
            drop(runs_[i].output);
            runs_[i].kept = static_cast<float>(1 / (1 - options_.dropout));
        }
        values = &runs_[i].output;
    }
}

void Trainer::judge_one(std::size_t at, std::uint32_t row, const Matrix* taught) {
    StepRun& last = runs_.back();
    const auto logits = std::as_const(last.output).row(at);
    auto slope = last.output_gradient.row(at);
    const auto share = static_cast<float>(taught != nullptr ? options_.teacher_share : 0);
    const auto batch = static_cast<float>(options_.batch);
    given_.resize(logits.size());
    softmax(logits, 1, given_);
    const std::size_t label = data_.labels[row];
    for (std::size_t i = 0; i < slope.size(); ++i) {
        slope[i] = (1 - share) * (given_[i] - (i == label ? 1.0F : 0.0F)) / batch;
    }
    loss_ -= std::log(static_cast<double>(given_[label]) + 1e-12);
    if (taught != nullptr) {
        const auto temperature = static_cast<float>(options_.temperature);
        softmax(logits, temperature, given_);
        wanted_.resize(logits.size());
        softmax(taught->row(at), temperature, wanted_);
        for (std::size_t i = 0; i < slope.size(); ++i) {
            slope[i] += share * temperature * (given_[i] - wanted_[i]) / batch;
        }
    }
}

/// The slope of the loss in the logits.
void Trainer::judge(std::span<const std::uint32_t> rows, const Matrix* taught) {
    StepRun& last = runs_.back();
    last.output_gradient = Matrix(last.output.rows, last.output.columns);
    for (std::size_t at = 0; at < rows.size(); ++at) {
        judge_one(at, rows[at], taught);
    }
}

void Trainer::backward(const Matrix& inputs) {
    for (std::size_t i = runs_.size(); i-- > 0;) {
        const Matrix& before = i > 0 ? runs_[i - 1].output : inputs;
        runs_[i].backward(before, *effective_[i], weights_[i].slopes,
                          i > 0 ? &runs_[i - 1].output_gradient : nullptr);
    }
}

void Trainer::update() {
    const double done = static_cast<double>(step_) / static_cast<double>(steps_);
    const double cosine = 0.01 + 0.99 * 0.5 * (1 + std::cos(3.14159265358979 * done));
    for (TrainedWeights& weights : weights_) {
        weights.update(options_.learning_rate * cosine);
    }
}

/// Along the cubic schedule of Zhu and Gupta (2017).
void Trainer::prune() {
    const double done = static_cast<double>(step_) / static_cast<double>(steps_);
    const double left = std::max(0.0, 1 - done / options_.pruning_share);
    prune_globally(weights_, options_.density + (1 - options_.density) * left * left * left);
}

void Trainer::train_batch(std::span<const std::uint32_t> rows) {
    const Matrix inputs = batch_of(data_.inputs, rows, options_.shifting, rng_);
    forward(inputs);
    judge(rows, teacher_ ? &teacher_->run(inputs) : nullptr);
    backward(inputs);
    update();
    ++step_;
    if (options_.density < 1 && (step_ % prune_every_ == 0 || step_ == steps_)) {
        prune();
    }
}

}  // namespace

Chain train(const Chain& start, const Dataset& data, const TrainOptions& options,
            const std::function<void(const TrainProgress&)>& progress) {
    FRUGAL_ASSERT(data.labels.size() == data.inputs.rows && data.inputs.rows >= options.batch);
    FRUGAL_ASSERT(options.steps.empty() || options.steps.size() == start.steps.size());
    FRUGAL_ASSERT(options.shifting.most == 0 ||
                  options.shifting.image.size() == data.inputs.columns);
    Trainer trainer(start, data, options);
    trainer.run(progress);
    return trainer.result();
}

Network train(const Network& start, const Dataset& data, const TrainOptions& options,
              const std::function<void(const TrainProgress&)>& progress) {
    return network_of(train(chain_of(start), data, options, progress));
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
