// SPDX-License-Identifier: Apache-2.0
#include "policy/author/policy_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/hex.hpp"
#include "frugal/policy.h"
#include "policy/author/field_names.hpp"
#include "policy/author/policy_table.hpp"

namespace frugal::policy {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr double kUnlimitedAudit = 256;
constexpr std::int64_t kCapMax = 255 * FR_POLICY_CAP_UNIT;

/// The keys a table may have, and what they hold.
using KnownKeys = std::vector<std::pair<std::string_view, toml::node_type>>;
constexpr auto kText = toml::node_type::string;
constexpr auto kWhole = toml::node_type::integer;
constexpr auto kReal = toml::node_type::floating_point;
constexpr auto kList = toml::node_type::array;
constexpr auto kTable = toml::node_type::table;

// clang-format off
const KnownKeys kFileKeys = {{"policy", kTable}, {"units", kTable}, {"task", kTable}, {"guard", kList}};
const KnownKeys kPolicyKeys = {{"id", kText}, {"expires", kText}, {"fail_safe", kText}};
const KnownKeys kUnitKeys = {{"error", kReal}};
const KnownKeys kGuardKeys = {{"when", kText}, {"then", kText}};
const KnownKeys kTaskKeys = {
    {"edge", kText}, {"deadline", kText}, {"payload_bytes", kWhole}, {"privacy", kText},
    {"tier", kText}, {"caps", kTable}, {"classes", kTable}, {"audit", kText}, {"learn", kText},
    {"price", kTable}, {"model", kList}};
const KnownKeys kCapKeys = {{"node_per_hour", kWhole}, {"group_share", kReal}};
const KnownKeys kPriceKeys = {{"payload", kWhole}, {"latency", kWhole}, {"load", kWhole},
                              {"battery", kWhole}, {"shift", kWhole}};
const KnownKeys kModelKeys = {{"name", kText}, {"sha256", kText}, {"temperature", kReal},
                              {"rho", kReal}, {"canary", kWhole}, {"gain", kList}};
// clang-format on

bool holds(toml::node_type wanted, const toml::node& node) {
    return node.type() == wanted || (wanted == kReal && node.is_integer());
}

/// Reads one file; every error carries its place.
class PolicyReader {
public:
    PolicyReader(const toml::table& file, const std::string& origin, const PolicyTarget& target)
        : file_(file), origin_(origin), target_(target) {}

    Result<base::Bytes> compile() {
        const toml::table* task = file_["task"][target_.task_name].as_table();
        if (task == nullptr) {
            return fail(ErrorKind::kInvalidInput,
                        fmt::format("{}: no [task.{}]", origin_, target_.task_name), {},
                        "Add the table, or name another task.");
        }
        if (auto known = check_all_keys(*task); !known) {
            return tl::unexpected(known.error());
        }
        if (auto share = group_share_of(*task, origin_); !share) {
            return tl::unexpected(share.error());
        }
        for (auto step : {&PolicyReader::read_header, &PolicyReader::read_guards}) {
            if (auto done = (this->*step)(); !done) {
                return tl::unexpected(done.error());
            }
        }
        for (auto step : {&PolicyReader::read_task, &PolicyReader::read_price,
                          &PolicyReader::read_classes, &PolicyReader::read_gain}) {
            if (auto done = (this->*step)(*task); !done) {
                return tl::unexpected(done.error());
            }
        }
        return build();
    }

private:
    tl::unexpected<base::Error> refuse(const toml::node& node, const std::string& what,
                                       const std::string& remedy) const {
        const auto begin = node.source().begin;
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}:{}:{}: {}", origin_, begin.line, begin.column, what), {},
                    remedy);
    }

    // A misspelt key would silently mean its default, which may be to escalate.
    Result<void> check_all_keys(const toml::table& task) const {
        auto checked = check_keys(&file_, kFileKeys)
                           .and_then([&] { return check_keys(file_.get("policy"), kPolicyKeys); })
                           .and_then([&] { return check_keys(file_.get("units"), kUnitKeys); })
                           .and_then([&] { return check_keys(&task, kTaskKeys); })
                           .and_then([&] { return check_keys(task.get("caps"), kCapKeys); })
                           .and_then([&] { return check_keys(task.get("price"), kPriceKeys); });
        return checked.and_then([&] { return check_each(file_.get("guard"), kGuardKeys); })
            .and_then([&] { return check_each(task.get("model"), kModelKeys); });
    }

    Result<void> check_each(const toml::node* list, const KnownKeys& known) const {
        const toml::array* array = list != nullptr ? list->as_array() : nullptr;
        for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
            if (auto checked = check_keys(array->get(i), known); !checked) {
                return checked;
            }
        }
        return {};
    }

    Result<void> check_keys(const toml::node* node, const KnownKeys& known) const {
        const toml::table* table = node != nullptr ? node->as_table() : nullptr;
        if (table == nullptr) {
            return {};
        }
        for (const auto& [written, value] : *table) {
            const std::string_view name = written.str();
            const auto key = std::find_if(known.begin(), known.end(), [&](const auto& candidate) {
                return candidate.first == name;
            });
            if (key == known.end()) {
                std::vector<std::string_view> names;
                for (const auto& candidate : known) {
                    names.push_back(candidate.first);
                }
                return refuse(value, fmt::format("there is no key \"{}\" here", name),
                              fmt::format("Known are {}.", fmt::join(names, ", ")));
            }
            if (!holds(key->second, value)) {
                return refuse(value, fmt::format("\"{}\" holds the wrong type", name),
                              "Compare config/policies/fashion.toml.");
            }
        }
        return {};
    }

    Result<void> read_header() {
        spec_.id = target_.policy_id;
        const auto expires = file_["policy"]["expires"];
        if (!expires) {
            return {};
        }
        const auto text = expires.value<std::string>().value_or("");
        const auto hours = number_with_unit(text, {{"h", 1.0}, {"d", 24.0}});
        if (!hours || *hours < 1 || *hours > 65535) {
            return refuse(*expires.node(), "expires is not a time of 1 h to 65535 h",
                          "Write \"72h\" or \"3d\".");
        }
        spec_.expiry_hours = static_cast<std::uint32_t>(*hours);
        return {};
    }

    static std::optional<double> number_with_unit(
        const std::string& text, std::initializer_list<std::pair<std::string_view, double>> units) {
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
        for (const auto& [name, factor] : units) {
            if (error == std::errc() && unit == name) {
                return value * factor;
            }
        }
        return std::nullopt;
    }

    Result<void> read_guards() {
        const toml::array* guards = file_["guard"].as_array();
        for (std::size_t i = 0; guards != nullptr && i < guards->size(); ++i) {
            const toml::table* guard = guards->get(i)->as_table();
            const auto when =
                guard != nullptr ? (*guard)["when"].value<std::string>() : std::nullopt;
            const auto then =
                guard != nullptr ? (*guard)["then"].value<std::string>() : std::nullopt;
            if (!when || then != "local") {
                return refuse(*guards->get(i), "a guard needs `when` and then = \"local\"",
                              "Guards can only keep a task on the device.");
            }
            if (auto read = read_guard(*guards->get(i), *when); !read) {
                return read;
            }
        }
        if (guards_.size() > FR_POLICY_GUARDS_MAX) {
            return refuse(*guards, fmt::format("{} conditions are too many", guards_.size()),
                          fmt::format("Use at most {}.", FR_POLICY_GUARDS_MAX));
        }
        return {};
    }

    // "a < 1 or b > c": every alternative is a guard of its own.
    Result<void> read_guard(const toml::node& node, const std::string& when) {
        std::istringstream words(when);
        std::string field;
        while (words >> field) {
            std::string operation;
            std::string value;
            std::string conjunction;
            words >> operation >> value >> conjunction;
            const auto guard = parse_condition(field, operation, value);
            if (!guard || (!conjunction.empty() && conjunction != "or")) {
                return refuse(
                    node,
                    fmt::format("cannot read the condition \"{} {} {}\"", field, operation, value),
                    "Write conditions as `battery < 20%` or `rtt > slack`, joined by `or`.");
            }
            guards_.push_back(*guard);
        }
        return {};
    }

    static const FieldName* find_field(std::string_view name) {
        const auto found = std::find_if(kFields.begin(), kFields.end(),
                                        [&](const FieldName& field) { return field.name == name; });
        return found == kFields.end() ? nullptr : &*found;
    }

    static std::optional<fr_guard_spec_t> parse_condition(const std::string& field_name,
                                                          const std::string& operation_name,
                                                          const std::string& value) {
        const FieldName* field = find_field(field_name);
        const auto operation =
            std::find_if(kOperations.begin(), kOperations.end(),
                         [&](const auto& candidate) { return candidate.first == operation_name; });
        if (field == nullptr || operation == kOperations.end()) {
            return std::nullopt;
        }
        fr_guard_spec_t guard{};
        guard.field = static_cast<std::uint8_t>(field->field);
        guard.operation = static_cast<std::uint8_t>(operation->second);
        if (const FieldName* other = find_field(value); other != nullptr) {
            guard.operation = static_cast<std::uint8_t>(guard.operation | FR_GUARD_FIELD_VALUE);
            guard.value = static_cast<std::int16_t>(other->field);
            return guard;
        }
        const double percent = field->percent_factor;
        const auto number =
            percent > 0
                ? number_with_unit(value, {{"%", percent}})
                : number_with_unit(value, {{"", 1.0}, {"ms", 1.0}, {"dBm", 1.0}, {"h", 1.0}});
        if (!number || std::abs(*number) > INT16_MAX) {
            return std::nullopt;
        }
        guard.value = static_cast<std::int16_t>(std::lround(*number));
        return guard;
    }

    Result<void> read_task(const toml::table& task) {
        task_.task = static_cast<std::uint8_t>(target_.task);
        const std::string privacy = task["privacy"].value_or<std::string>("never");
        static constexpr std::array<std::string_view, 3> kPrivacy = {"public", "edge-only",
                                                                     "never"};
        const auto found = std::find(kPrivacy.begin(), kPrivacy.end(), privacy);
        if (found == kPrivacy.end()) {
            return refuse(*task.get("privacy"), "privacy \"" + privacy + "\" does not exist",
                          "Use public, edge-only or never.");
        }
        task_.privacy = static_cast<std::uint8_t>(found - kPrivacy.begin());
        const std::string tier = task["tier"].value_or<std::string>("edge");
        if (tier != "edge" && (tier != "cloud" || task_.privacy != 0)) {
            return refuse(*task.get("tier"), "tier \"" + tier + "\" cannot be had",
                          "Use edge, or cloud together with privacy = \"public\".");
        }
        task_.tier = tier == "cloud" ? FR_TIER_CLOUD : FR_TIER_EDGE;
        const auto deadline = number_with_unit(task["deadline"].value_or<std::string>("0ms"),
                                               {{"ms", 1.0}, {"s", 1e3}});
        if (!deadline || *deadline < 0 || *deadline > 65535.0 * FR_POLICY_DEADLINE_UNIT_MS) {
            return refuse(*task.get("deadline"), "deadline is not a time",
                          "Write \"800ms\" or \"2s\".");
        }
        task_.deadline_ms = static_cast<std::uint32_t>(*deadline);
        const std::int64_t cap = task["caps"]["node_per_hour"].value_or<std::int64_t>(0);
        if (cap < 0 || cap > kCapMax) {
            return refuse(*task["caps"]["node_per_hour"].node(),
                          fmt::format("node_per_hour = {} cannot be compiled", cap),
                          fmt::format("Use at most {}, or 0 for no cap.", kCapMax));
        }
        task_.cap_per_hour = static_cast<std::uint32_t>(cap);
        return read_audit(task);
    }

    Result<void> read_audit(const toml::table& task) {
        const std::string audit = task["audit"].value_or<std::string>("0/256");
        const auto slash = audit.find('/');
        const double share =
            std::atof(audit.c_str()) /
            (slash == std::string::npos ? 1 : std::atof(audit.c_str() + slash + 1));
        if (!(share >= 0 && share < 1)) {
            return refuse(*task.get("audit"), "audit \"" + audit + "\" is not a share below 1",
                          "Write \"1/256\".");
        }
        task_.audit =
            static_cast<std::uint8_t>(std::min(255.0, std::ceil(share * kUnlimitedAudit)));
        return {};
    }

    Result<void> read_price(const toml::table& task) {
        static constexpr std::array<std::string_view, 4> kWeights = {"payload", "latency", "load",
                                                                     "battery"};
        const auto price = task["price"];
        for (std::size_t i = 0; i < kWeights.size(); ++i) {
            const std::int64_t weight = price[kWeights[i]].value_or<std::int64_t>(0);
            if (weight < 0 || weight > 255) {
                return refuse(*price[kWeights[i]].node(), "a price weight is not in 0..255",
                              "Scale the weights with `shift`.");
            }
            task_.weights[i] = static_cast<std::uint8_t>(weight);
        }
        const std::int64_t shift = price["shift"].value_or<std::int64_t>(0);
        if (shift < 0 || shift > 31) {
            return refuse(*price["shift"].node(), "shift is not in 0..31", "Use 6 to begin with.");
        }
        task_.shift = static_cast<std::uint8_t>(shift);
        return {};
    }

    Result<void> read_classes(const toml::table& task) {
        const toml::table* classes = task["classes"].as_table();
        if (classes == nullptr || classes->empty()) {
            return {};
        }
        groups_.assign(target_.class_labels.size(), 0);
        for (const auto& [name, node] : *classes) {
            const auto label = std::find(target_.class_labels.begin(), target_.class_labels.end(),
                                         std::string(name.str()));
            const auto rule = node.value<std::string>().value_or("");
            if (label == target_.class_labels.end()) {
                return refuse(node, fmt::format("the task has no class \"{}\"", name.str()),
                              "frugalctl task list shows its classes.");
            }
            if (rule != "always-edge" && rule != "always-local") {
                return refuse(node, "a class rule is \"always-edge\" or \"always-local\"",
                              "Leave the class out to decide by gain.");
            }
            groups_[static_cast<std::size_t>(label - target_.class_labels.begin())] =
                rule == "always-edge" ? FR_POLICY_PIN_EDGE : FR_POLICY_PIN_LOCAL;
        }
        task_.has_pins = true;
        return {};
    }

    Result<void> read_gain(const toml::table& task) {
        const auto learn = parse_learn_mode(task["learn"].value_or<std::string>("off"));
        if (!learn) {
            return refuse(*task.get("learn"), "learn names no way of learning",
                          "Write \"isogain\", \"hedge\", \"fixed(0.62)\" or \"off\".");
        }
        if (learn->mode == LearnMode::kFixed) {
            const TableBytes table = fixed_table(learn->threshold);
            task_.group_count = 1;
            std::copy(table.begin(), table.end(), task_.gains[0]);
            return {};
        }
        const std::string wanted = base::to_hex(target_.model_digest);
        const toml::array* models = task["model"].as_array();
        for (std::size_t i = 0; models != nullptr && i < models->size(); ++i) {
            const toml::table* model = models->get(i)->as_table();
            if (model != nullptr && (*model)["sha256"].value<std::string>() == wanted) {
                return read_table(*model);
            }
        }
        return fail(ErrorKind::kNotFound,
                    fmt::format("{}: [task.{}] has no gain table for the model {}", origin_,
                                target_.task_name, wanted),
                    {},
                    "Measure one (device-sim/models/canary.py) and add it as [[task.NAME.model]].");
    }

    Result<void> read_table(const toml::table& model) {
        const toml::array* gain = model["gain"].as_array();
        if (gain == nullptr || gain->size() != FR_POLICY_TABLE_BYTES) {
            return refuse(model, fmt::format("gain must have {} numbers", FR_POLICY_TABLE_BYTES),
                          "One for each confidence bin, from least to most certain.");
        }
        task_.group_count = 1;
        for (std::size_t i = 0; i < gain->size(); ++i) {
            const std::int64_t value = gain->get(i)->value_or<std::int64_t>(-1);
            if (value < 0 || value > 255) {
                return refuse(*gain->get(i), "a gain is not a whole number in 0..255",
                              "256 stands for one wrong answer avoided.");
            }
            task_.gains[0][i] = static_cast<std::uint8_t>(value);
        }
        return {};
    }

    Result<base::Bytes> build() {
        spec_.guards = guards_.data();
        spec_.guard_count = static_cast<std::uint32_t>(guards_.size());
        spec_.tasks = &task_;
        spec_.task_count = 1;
        if (!groups_.empty()) {
            task_.classes = groups_.data();
            task_.class_count = static_cast<std::uint32_t>(groups_.size());
        }
        base::Bytes compiled(FR_POLICY_SIZE_MAX);
        std::size_t size = 0;
        if (fr_policy_build(&spec_, compiled.data(), compiled.size(), &size) != FR_OK) {
            return fail(ErrorKind::kLimit, origin_ + ": the policy does not fit its compiled form",
                        fmt::format("devices take at most {} bytes", FR_POLICY_SIZE_MAX),
                        "Use fewer guards, or smaller caps and deadlines.");
        }
        compiled.resize(size);
        return compiled;
    }

    const toml::table& file_;
    const std::string& origin_;
    const PolicyTarget& target_;
    fr_policy_spec_t spec_{};
    fr_policy_task_spec_t task_{};
    std::vector<fr_guard_spec_t> guards_;
    std::vector<std::uint8_t> groups_;
};

}  // namespace

Result<toml::table> parse_policy(std::string_view text, const std::string& origin) {
    try {
        return toml::table(toml::parse(text));
    } catch (const toml::parse_error& error) {
        const auto begin = error.source().begin;
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}:{}:{}: not valid TOML", origin, begin.line, begin.column),
                    std::string(error.description()), "Correct the line.");
    }
}

Result<base::Bytes> compile_table(const toml::table& file, const std::string& origin,
                                  const PolicyTarget& target) {
    return PolicyReader(file, origin, target).compile();
}

Result<base::Bytes> compile_policy(std::string_view text, const std::string& origin,
                                   const PolicyTarget& target) {
    const auto file = parse_policy(text, origin);
    return file ? compile_table(*file, origin, target) : tl::unexpected(file.error());
}

}  // namespace frugal::policy
