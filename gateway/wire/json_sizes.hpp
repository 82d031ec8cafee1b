// SPDX-License-Identifier: Apache-2.0
// How small a variant became, stage after stage, and where its author says it comes from. Private
// to gateway/wire: included by sources only. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "core/record.hpp"
#include "wire/bundle.hpp"

namespace frugal::wire {

/// Rows {kind, stage, file_bytes, packed_bytes, ratio, base_digest}; what is not known is null.
/// First the chain the author recorded (kind "stage"; of `provenance`, null for none: the model as
/// given), then what travels: the model in full for each profile ("encoding") and the smallest
/// delta ("delta", with its base). Packed is the stream alone: blocks bring digests of their own.
/// The ratio is to the first file.
boost::json::array sizes_of(const core::VariantRecord& variant, const Provenance* provenance);

/// Null for null.
boost::json::value json_of(const Provenance* provenance);

}  // namespace frugal::wire
