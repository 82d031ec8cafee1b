// SPDX-License-Identifier: Apache-2.0
#include "model/compress/recipe.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/compress/recipe_table.hpp"

namespace frugal::model {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

/// Asks a reader for every parameter of a stage: parsing and reporting share this list.
template <typename Reader>
void visit(StripOptions&, Reader&) {}

template <typename Reader>
void visit(DequantizeOptions&, Reader&) {}

template <typename Reader>
void visit(QuantizeOptions& options, Reader& reader) {
    reader.number("range_margin", options.range_margin, {0, 1});
}

template <typename Reader>
void visit(PruneOptions& options, Reader& reader) {
    reader.choice("method", options.method, {"obc", "obd", "magnitude"});
    reader.number("density", options.density, {0.001, 1});
    reader.number("depthwise_density", options.depthwise_density, {0.001, 1});
    reader.number("damping", options.damping, {1e-6, 10});
}

template <typename Reader>
void visit(RegridOptions& options, Reader& reader) {
    reader.number("step", options.step, {1, 127});
    reader.number("depthwise_step", options.depthwise_step, {1, 127});
    reader.number("lambda", options.lambda, {0, 100});
    reader.number("damping", options.damping, {1e-6, 10});
    reader.number("correction", options.correction, {0, 100});
    reader.whole("passes", options.passes, {1, 20});
    reader.whole("sweeps", options.sweeps, {0, 20});
}

template <typename Reader>
void visit(RoundScalesOptions& options, Reader& reader) {
    reader.whole("mantissa_bits", options.mantissa_bits, {1, 23});
}

template <typename Reader>
void visit(RetrainOptions& options, Reader& reader) {
    reader.whole("epochs", options.epochs, {1, 1000});
    reader.whole("batch", options.batch, {1, 4096});
    reader.number("learning_rate", options.learning_rate, {1e-6, 1});
    reader.number("dropout", options.dropout, {0, 0.9});
    reader.number("density", options.density, {0.001, 1});
    reader.number("teacher_share", options.teacher_share, {0, 1});
    reader.whole("shift", options.shift, {0, 16});
    reader.whole("image_width", options.image_width, {0, 4096});
    reader.whole("seed", options.seed, {0, 1e9});
}

template <typename Reader>
void visit(ShareOptions& options, Reader& reader) {
    reader.whole("bits", options.bits, {1, 8});
    reader.whole("depthwise_bits", options.depthwise_bits, {1, 8});
}

template <typename Reader>
void visit(DeltaOptions& options, Reader& reader) {
    reader.number("lambda", options.lambda, {0, 1e6});
    reader.number("damping", options.damping, {1e-6, 10});
    reader.number("correction", options.correction, {0, 100});
    reader.whole("passes", options.passes, {1, 20});
    reader.whole("sweeps", options.sweeps, {0, 20});
}

/// Writes parameters down instead of reading them.
class Recorder {
public:
    void number(std::string_view key, const double& value, NumberRange) {
        list.emplace_back(key, fmt::format("{}", value));
    }
    void whole(std::string_view key, const int& value, NumberRange) {
        list.emplace_back(key, fmt::format("{}", value));
    }
    void choice(std::string_view key, const std::string& value,
                std::initializer_list<std::string_view>) {
        list.emplace_back(key, value);
    }

    std::vector<std::pair<std::string, std::string>> list;
};

constexpr std::string_view kStageNames[] = {"strip",  "quantize",     "prune",
                                            "regrid", "round-scales", "retrain",
                                            "share",  "dequantize",   "delta"};

/// A stage of that kind with its defaults; the index runs along StageOptions.
template <std::size_t kIndex = 0>
std::optional<StageOptions> new_stage(std::string_view kind) {
    if constexpr (kIndex < std::variant_size_v<StageOptions>) {
        return kStageNames[kIndex] == kind ? StageOptions(std::in_place_index<kIndex>)
                                           : new_stage<kIndex + 1>(kind);
    } else {
        return std::nullopt;
    }
}

Result<StageOptions> stage_of(const std::string& kind, const toml::node& node,
                              const std::string& origin) {
    if (auto stage = new_stage(kind)) {
        return *stage;
    }
    return tl::unexpected(
        RecipeTable::fault(origin, node, fmt::format("there is no stage kind \"{}\"", kind),
                           fmt::format("Kinds: {}.", fmt::join(kStageNames, ", "))));
}

Result<StageOptions> read_stage(const toml::node& node, const std::string& origin) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
        return tl::unexpected(RecipeTable::fault(origin, node, "a stage must be a table",
                                                 "Begin it with [[stage]]."));
    }
    RecipeTable reader(*table, origin, "the stage");
    std::string kind;
    reader.text("kind", kind);
    auto stage = stage_of(kind, table->contains("kind") ? *table->get("kind") : node, origin);
    if (!stage) {
        return stage;
    }
    std::visit([&](auto& options) { visit(options, reader); }, *stage);
    const auto finished = reader.finish();
    if (!finished) {
        return tl::unexpected(finished.error());
    }
    return stage;
}

Result<void> read_stages(const toml::node* node, const std::string& origin, Recipe& recipe) {
    const toml::array* list = node == nullptr ? nullptr : node->as_array();
    if (list == nullptr || list->empty() || list->size() > kStagesMax) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}: a recipe has 1 to {} stages", origin, kStagesMax), {},
                    "Begin each with [[stage]].");
    }
    for (const toml::node& one : *list) {
        auto stage = read_stage(one, origin);
        if (!stage) {
            return tl::unexpected(stage.error());
        }
        recipe.stages.push_back(std::move(*stage));
    }
    return {};
}

Result<void> read_gate(const toml::node* node, const std::string& origin, Gate& gate) {
    if (node == nullptr) {
        return {};
    }
    const toml::table* table = node->as_table();
    if (table == nullptr) {
        return tl::unexpected(
            RecipeTable::fault(origin, *node, "gate must be a table", "Begin it with [gate]."));
    }
    RecipeTable reader(*table, origin, "the gate");
    reader.number("min_agreement", gate.min_agreement, {0, 1});
    reader.number("max_accuracy_drop", gate.max_accuracy_drop, {-1, 1});
    reader.number("min_output_snr_db", gate.min_output_snr_db, {-100, 200});
    return reader.finish();
}

/// A step belongs to regrid, a lambda to delta as well, and only a gate can tell when it is too
/// much.
Result<void> check_search(const toml::node& node, const std::string& origin, const Recipe& recipe) {
    const Search& search = *recipe.search;
    const Gate& gate = recipe.gate;
    const bool has_gate = gate.min_agreement || gate.max_accuracy_drop || gate.min_output_snr_db;
    const bool has_stage =
        std::any_of(recipe.stages.begin(), recipe.stages.end(), [&](const StageOptions& stage) {
            return std::holds_alternative<RegridOptions>(stage) ||
                   (search.parameter == "lambda" && std::holds_alternative<DeltaOptions>(stage));
        });
    if (!has_stage || !has_gate || search.least > search.most) {
        return tl::unexpected(RecipeTable::fault(
            origin, node,
            "a search needs a stage with what it multiplies, a gate, and least not above most",
            "regrid has step and lambda, delta has lambda; or leave the search out."));
    }
    return {};
}

Result<void> read_search(const toml::node* node, const std::string& origin, Recipe& recipe) {
    if (node == nullptr) {
        return {};
    }
    const toml::table* table = node->as_table();
    if (table == nullptr) {
        return tl::unexpected(
            RecipeTable::fault(origin, *node, "search must be a table", "Begin it with [search]."));
    }
    RecipeTable reader(*table, origin, "the search");
    Search& search = recipe.search.emplace();
    reader.choice("multiply", search.parameter, {"step", "lambda"});
    reader.number("least", search.least, {1e-3, 1e3});
    reader.number("most", search.most, {1e-3, 1e3});
    reader.whole("tries", search.tries, {1, 32});
    const auto read = reader.finish();
    return read ? check_search(*node, origin, recipe) : read;
}

Result<Recipe> read_recipe(const toml::table& table, const std::string& origin) {
    Recipe recipe;
    RecipeTable reader(table, origin, "a recipe");
    reader.text("name", recipe.name);
    reader.whole("calibration_inputs", recipe.calibration_inputs, {0, 1e6});
    const toml::node* stages = reader.node("stage");
    const toml::node* gate = reader.node("gate");
    const toml::node* search = reader.node("search");
    auto read = reader.finish();
    read = read ? read_stages(stages, origin, recipe) : read;
    read = read ? read_gate(gate, origin, recipe.gate) : read;
    read = read ? read_search(search, origin, recipe) : read;
    if (!read) {
        return tl::unexpected(read.error());
    }
    return recipe;
}

}  // namespace

std::string_view stage_name(const StageOptions& stage) {
    return kStageNames[stage.index()];
}

std::vector<std::pair<std::string, std::string>> stage_parameters(const StageOptions& stage) {
    Recorder recorder;
    StageOptions copy = stage;
    std::visit([&](auto& options) { visit(options, recorder); }, copy);
    return recorder.list;
}

Result<Recipe> parse_recipe(std::string_view text, const std::string& origin) {
    try {
        const toml::table table = toml::parse(text);
        return read_recipe(table, origin);
    } catch (const toml::parse_error& error) {
        const auto begin = error.source().begin;
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}:{}:{}: not valid TOML", origin, begin.line, begin.column),
                    std::string(error.description()), "Correct the line.");
    }
}

}  // namespace frugal::model
