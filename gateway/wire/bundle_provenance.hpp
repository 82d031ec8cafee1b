// SPDX-License-Identifier: Apache-2.0
// The provenance of a bundle's variant, to and from Protobuf. Private to gateway/wire: included by
// sources only.
#pragma once

#include "frugal/v1/bundle.pb.h"
#include "wire/bundle.hpp"
#include "wire/fields.hpp"

namespace frugal::wire {

/// What is out of range is refused in `fields`.
Provenance read_provenance(Fields& fields, const v1::Provenance& from);

void put_provenance(const Provenance& from, v1::Provenance& to);

}  // namespace frugal::wire
