// SPDX-License-Identifier: Apache-2.0
#include "cli/command.hpp"

#include "cli/output.hpp"

namespace frugal::cli {

void on_command(CLI::App& command, Context& context, std::function<base::Result<int>()> action) {
    command.callback([&context, action = std::move(action)] {
        context.chosen = [action] {
            const auto result = action();
            return result ? *result : print_error(result.error());
        };
    });
}

}  // namespace frugal::cli
