// SPDX-License-Identifier: Apache-2.0
// The report of `frugalctl model compress --json`, read back as the provenance of a variant. Pure.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "wire/bundle.hpp"

namespace frugal::cli {

struct CompressReport {
    base::Digest output_digest{};  ///< of the model it is about
    wire::Provenance provenance{};
    std::uint32_t accuracy_permyriad = 0;  ///< 0: not measured
};

/// kInvalidInput if the text is no such report; `where` names it in errors.
base::Result<CompressReport> read_compress_report(std::string_view text, const std::string& where);

}  // namespace frugal::cli
