// SPDX-License-Identifier: Apache-2.0
// Private to this folder: Health -> core type, every field checked; a part of device_messages.
#pragma once

#include "core/message.hpp"
#include "wire/fields.hpp"

namespace frugal::v1 {
class Health;
}

namespace frugal::wire {

core::Health read(Fields& fields, const v1::Health& from);

}  // namespace frugal::wire
