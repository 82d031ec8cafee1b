// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/learn_terms.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/hex.hpp"

namespace frugal::policy {

namespace {

constexpr std::array<std::pair<LearnMode, std::string_view>, 4> kModes = {
    {{LearnMode::kOff, "off"},
     {LearnMode::kFixed, "fixed"},
     {LearnMode::kIsoGain, "isogain"},
     {LearnMode::kHedge, "hedge"}}};

std::optional<double> parse_number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_whole = error == std::errc() && end == text.data() + text.size();
    return is_whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string number_text(double value) {
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

bool take_field(LearnTerms& terms, std::string_view word) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string_view key = word.substr(0, equals);
    const std::string_view value = word.substr(std::min(word.size(), equals + 1));
    if (key == "model" || key == "edge") {
        (key == "model" ? terms.model : terms.edge) = value;
        return true;
    }
    double* field = key == "temperature" ? &terms.temperature
                    : key == "rho"       ? &terms.rho
                    : key == "samples"   ? &terms.samples
                                         : nullptr;
    const auto number = parse_number(value);
    if (field == nullptr || !number) {
        return false;
    }
    *field = *number;
    return true;
}

std::string_view take_word(std::string_view& line) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(line.size(), end + 1));
    return word;
}

}  // namespace

std::string_view to_string(LearnMode mode) {
    return kModes[static_cast<std::size_t>(mode)].second;
}

std::optional<LearnTerms> parse_learn_mode(std::string_view text) {
    LearnTerms terms;
    const std::size_t open = text.find('(');
    const std::string_view name = text.substr(0, open);
    for (const auto& [mode, word] : kModes) {
        if (word == name) {
            terms.mode = mode;
            if (mode != LearnMode::kFixed) {
                return open == std::string_view::npos ? std::optional(terms) : std::nullopt;
            }
            if (open == std::string_view::npos || !text.ends_with(')')) {
                return std::nullopt;
            }
            const auto threshold = parse_number(text.substr(open + 1, text.size() - open - 2));
            if (!threshold || *threshold < 0 || *threshold > 1) {
                return std::nullopt;
            }
            terms.threshold = *threshold;
            return terms;
        }
    }
    return std::nullopt;
}

std::string format_terms(const LearnTerms& terms) {
    std::string line(to_string(terms.mode));
    if (terms.mode == LearnMode::kFixed) {
        line += "(" + number_text(terms.threshold) + ")";
    }
    line += " temperature=" + number_text(terms.temperature) + " rho=" + number_text(terms.rho) +
            " samples=" + number_text(terms.samples);
    line += terms.model.empty() ? "" : " model=" + terms.model;
    line += terms.edge.empty() ? "" : " edge=" + terms.edge;
    return line;
}

LearnTerms parse_terms(std::string_view line) {
    auto terms = parse_learn_mode(take_word(line));
    while (terms && !line.empty()) {
        if (!take_field(*terms, take_word(line))) {
            return {};
        }
    }
    return terms && terms->temperature > 0 && terms->samples >= 0 ? *terms : LearnTerms{};
}

Registration registration_of(const LearnTerms& terms, const TableBytes& authored) {
    Registration registration;
    registration.temperature = terms.temperature;
    registration.rho = terms.rho;
    registration.has_signals = terms.samples > 0;
    registration.samples = terms.samples;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        registration.counts[bin] = terms.samples / static_cast<double>(kBins);
        registration.gains[bin] = registration.counts[bin] * authored[bin] / 256;
    }
    return registration;
}

bool is_measured_for(const LearnTerms& terms, const base::Digest& model, const base::Digest& edge) {
    return base::to_hex(model).starts_with(terms.model) &&
           base::to_hex(edge).starts_with(terms.edge);
}

TableBytes fixed_table(double threshold) {
    TableBytes table{};
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        const double middle = (static_cast<double>(bin) + 0.5) / static_cast<double>(kBins);
        table[bin] = middle < threshold ? 255 : 0;
    }
    return table;
}

}  // namespace frugal::policy
