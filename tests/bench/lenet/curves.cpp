// SPDX-License-Identifier: Apache-2.0
#include "bench/lenet/curves.hpp"

#include <algorithm>
#include <vector>

#include "model/compress/curvature.hpp"
#include "model/compress/loss_curvature.hpp"
#include "model/compress/prune.hpp"

namespace frugal::bench {

using model::Matrix;
using model::Network;

namespace {

constexpr std::size_t kCalibration = 16000;  // unlabelled images

std::vector<double> hessian_of(const Matrix& inputs) {
    model::Curvature curvature(inputs.columns);
    curvature.add(inputs);
    return curvature.hessian(0.01);
}

/// The small last layer keeps three times the share.
double density_of(std::size_t layer, double density) {
    return layer == 2 ? std::min(1.0, 3 * density) : density;
}

Network prune_by(const World& world, const std::vector<Matrix>& saliencies, double density) {
    Network pruned = world.dense;
    for (std::size_t i = 0; i < pruned.layers.size(); ++i) {
        pruned.layers[i].weights = model::prune_by_saliency(
            world.dense.layers[i].weights, saliencies[i].values, density_of(i, density));
    }
    return pruned;
}

/// w^2 times a curvature for each weight.
std::vector<Matrix> saliencies_of(const Network& network, std::vector<Matrix> curvatures) {
    for (std::size_t i = 0; i < curvatures.size(); ++i) {
        for (std::size_t k = 0; k < curvatures[i].values.size(); ++k) {
            const float weight = network.layers[i].weights.values[k];
            curvatures[i].values[k] *= weight * weight;
        }
    }
    return curvatures;
}

std::vector<Matrix> input_energies(const Network& network, const Matrix& inputs) {
    std::vector<Matrix> result;
    Matrix values = inputs;
    for (std::size_t i = 0; i < network.layers.size(); ++i) {
        model::Curvature curvature(values.columns);
        curvature.add(values);
        const auto energies = curvature.energies();
        Matrix layer(network.layers[i].weights.rows, values.columns);
        for (std::size_t k = 0; k < layer.values.size(); ++k) {
            layer.values[k] = static_cast<float>(energies[k % values.columns]);
        }
        result.push_back(std::move(layer));
        values = model::layer_output(network, i, values);
    }
    return result;
}

/// OBC layer after layer, each seeing what the pruned ones before give.
class ObcNetwork {
public:
    ObcNetwork(const Network& network, const Matrix& inputs)
        : network_(network),
          inputs_(inputs),
          hessian_(hessian_of(inputs)),
          first_(network_.layers[0].weights, hessian_) {}

    Network prune(double density) const {
        Network pruned = network_;
        pruned.layers[0].weights = first_.prune(density);
        Matrix before = model::layer_output(network_, 0, inputs_);
        Matrix now = model::layer_output(pruned, 0, inputs_);
        for (std::size_t i = 1; i < pruned.layers.size(); ++i) {
            model::Curvature curvature(now.columns);
            curvature.add(before, now);
            const Matrix target = curvature.corrected(network_.layers[i].weights, 0.01);
            pruned.layers[i].weights = model::prune_layer(
                target, curvature.hessian(0.01), model::PruneMethod::kObc, density_of(i, density));
            before = model::layer_output(network_, i, before);
            now = model::layer_output(pruned, i, now);
        }
        return pruned;
    }

private:
    const Network& network_;
    const Matrix& inputs_;
    std::vector<double> hessian_;
    model::ObcPruner first_;
};

}  // namespace

void run_curves(World& world) {
    const Matrix inputs = world.train.part(0, kCalibration).inputs;
    std::vector<Matrix> ones;
    for (const auto& layer : world.dense.layers) {
        ones.emplace_back(layer.weights.rows, layer.weights.columns);
        std::fill(ones.back().values.begin(), ones.back().values.end(), 1.0F);
    }
    const auto magnitude = saliencies_of(world.dense, ones);
    const auto textbook =
        saliencies_of(world.dense, model::diagonal_curvatures(world.dense, inputs, 1));
    const auto softened =
        saliencies_of(world.dense, model::diagonal_curvatures(world.dense, inputs, 8));
    const auto energy = saliencies_of(world.dense, input_energies(world.dense, inputs));
    const ObcNetwork obc(world.dense, inputs);
    say(world,
        "\npruning only, no retraining: % error on the test images\n"
        "density  magnitude  OBD textbook  OBD softened  OBD layer output    OBC");
    world.json += ", \"curves\": [";
    for (const double density : {0.5, 0.3, 0.2, 0.14, 0.1, 0.08, 0.05, 0.03}) {
        const auto error = [&](const Network& network) {
            return 100 * model::error_rate(network, world.test);
        };
        const double errors[] = {
            error(prune_by(world, magnitude, density)), error(prune_by(world, textbook, density)),
            error(prune_by(world, softened, density)), error(prune_by(world, energy, density)),
            error(obc.prune(density))};
        say(world, fmt::format("{:>7.2f}  {:>9.2f}  {:>12.2f}  {:>12.2f}  {:>16.2f}  {:>5.2f}",
                               density, errors[0], errors[1], errors[2], errors[3], errors[4]));
        world.json += fmt::format(
            "{}{{\"density\": {}, \"magnitude\": {:.2f}, \"obd_textbook\": {:.2f}, "
            "\"obd_softened\": {:.2f}, \"obd_layer_output\": {:.2f}, \"obc\": {:.2f}}}",
            world.json.back() == '[' ? "" : ", ", density, errors[0], errors[1], errors[2],
            errors[3], errors[4]);
    }
    world.json += "]";
}

}  // namespace frugal::bench
