// SPDX-License-Identifier: Apache-2.0
// How small a variant became, stage after stage, and where its author says it comes from. Private
// to gateway/wire: included by sources only. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "core/record.hpp"
#include "wire/bundle.hpp"

namespace frugal::wire {

/// One row a stage: {stage, file_bytes, packed_bytes, ratio}; what is not known is null. The
/// author's stages first (`provenance`, null for none), then the stripped file, the full encoding
/// for each profile and the smallest delta. The ratio is to the first file.
boost::json::array sizes_of(const core::VariantRecord& variant, const Provenance* provenance);

/// Null for null.
boost::json::value json_of(const Provenance* provenance);

}  // namespace frugal::wire
