// SPDX-License-Identifier: Apache-2.0
// The gain table that a policy file has for a model.
#include <algorithm>

#include <fmt/format.h>

#include "base/hex.hpp"
#include "policy/author/policy_parts.hpp"

namespace frugal::policy {

using base::Result;

namespace {

Result<TableBytes> read_table(const toml::table& model, const std::string& origin) {
    const toml::array* gain = model["gain"].as_array();
    if (gain == nullptr || gain->size() != FR_POLICY_TABLE_BYTES) {
        return refuse_at(
            model, origin, fmt::format("gain must have {} numbers", FR_POLICY_TABLE_BYTES),
            "Write one for each confidence bin, from least to most certain.",
            gain == nullptr ? "the model has no gain" : fmt::format("it has {}", gain->size()));
    }
    TableBytes table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        const std::int64_t value = gain->get(i)->value_or<std::int64_t>(-1);
        if (value < 0 || value > 255) {
            return refuse_at(*gain->get(i), origin, "a gain is not a whole number in 0..255",
                             "Write 128 for half a wrong answer avoided.",
                             "256 stands for one wrong answer avoided, and a byte holds it");
        }
        table[i] = static_cast<std::uint8_t>(value);
    }
    return table;
}

}  // namespace

const toml::table* find_model(const toml::table& task, const base::Digest& digest) {
    const toml::array* models = task["model"].as_array();
    for (std::size_t i = 0; models != nullptr && i < models->size(); ++i) {
        const toml::table* model = models->get(i)->as_table();
        if (model != nullptr &&
            base::digest_from_hex((*model)["sha256"].value_or<std::string>("")) == digest) {
            return model;
        }
    }
    return nullptr;
}

Result<TableBytes> read_gain(const toml::table& task, const std::string& origin,
                             const PolicyTarget& target) {
    const auto learn = read_learn_mode(task, origin);
    if (!learn) {
        return tl::unexpected(learn.error());
    }
    if (learn->mode == LearnMode::kFixed) {
        return fixed_table(learn->threshold);
    }
    if (const toml::table* model = find_model(task, target.model_digest)) {
        return read_table(*model, origin);
    }
    const bool is_learned = learn->mode == LearnMode::kIsoGain || learn->mode == LearnMode::kHedge;
    if (is_learned && target.without_table == WithoutTable::kBeginAnew) {
        BinValues gains{};
        for (std::size_t bin = 0; bin < gains.size(); ++bin) {
            gains[bin] = chow_gain(bin);
        }
        return to_q8(gains);
    }
    const auto& place = task.source().begin;
    return base::fail(
        base::ErrorKind::kNotFound,
        fmt::format("{}:{}:{}: [task.{}] has no gain table for the model {}", origin, place.line,
                    place.column, target.task_name, base::to_hex(target.model_digest)),
        "each gain table is measured for one model, told by its sha256",
        "Measure one (device-sim/models/canary.py) and add it as "
        "[[task.NAME.model]].");
}

}  // namespace frugal::policy
