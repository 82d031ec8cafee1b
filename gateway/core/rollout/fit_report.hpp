// SPDX-License-Identifier: Apache-2.0
// Which variant of a release every device would get, and why not the others: what a rollout would
// do, without doing it. Pure reading of the core's parts.
#pragma once

#include "core/views.hpp"

namespace frugal::core {

/// Every variant against one device.
DeviceFit fit_of(const ReleaseRecord& release, const Device& device, const FitSubject& subject);

/// kNotFound for an unknown release.
base::Result<FitReport> fit_report(const Site& site, const GetFit& query);

}  // namespace frugal::core
