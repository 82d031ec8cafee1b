// SPDX-License-Identifier: Apache-2.0
// Prometheus text exposition (0.0.4), written by hand. Owned by whoever answers GET /metrics; one
// thread. Families come out in the order they were begun; label values are escaped.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/admin.hpp"
#include "wire/http_message.hpp"

namespace frugal::wire {

class MetricsText {
public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    /// Begins a family; samples that follow belong to it. `type`: counter, gauge, summary.
    void family(std::string_view name, std::string_view type, std::string_view help);

    void sample(double value, Labels labels = {});

    /// A sample of the family with a suffix, e.g. "_sum".
    void sample_of(std::string_view suffix, double value, Labels labels = {});

    /// A family with one sample and no labels.
    void single(std::string_view name, std::string_view type, std::string_view help, double value);

    HttpResponse response() const;
    const std::string& text() const { return text_; }

private:
    std::string text_;
    std::string name_;
};

/// Everything the core's overview tells: nodes, decisions, escalations, transfers, rollouts,
/// energy.
void append_overview(MetricsText& metrics, const core::Overview& overview);

}  // namespace frugal::wire
