// SPDX-License-Identifier: Apache-2.0
// The one way from a JSON document to its text, for REST answers and frugalctl alike. JSON has no
// word for NaN and infinity (RFC 8259, 6): such a number becomes null here, so that one bad figure
// never costs the reader the document. Pure function, any thread.
#pragma once

#include <string>

#include <boost/json/value.hpp>

namespace frugal::wire {

std::string json_text(boost::json::value document);

}  // namespace frugal::wire
