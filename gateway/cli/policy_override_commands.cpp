// SPDX-License-Identifier: Apache-2.0
// `frugalctl policy pin` and `policy clear`: policies of single devices and labels.
#include <fmt/format.h>

#include "cli/output.hpp"
#include "cli/policy_verbs.hpp"

namespace frugal::cli {

using base::Result;

namespace {

Result<int> need_audience(const PolicyOptions& options) {
    if (options.device.empty() && options.label.empty()) {
        return base::fail(base::ErrorKind::kInvalidInput, "nobody is named", {},
                          "Name --device NAME, or --label TEXT.");
    }
    return kExitDone;
}

Result<int> pin(const Context& context, const PolicyOptions& options) {
    return need_audience(options).and_then([&](int) {
        return ask(context, "policy-pin",
                   {"POST",
                    policy_path(options) + ":pin?to=" + percent_encode(options.pin) +
                        "&comment=" + percent_encode(options.comment) + audience_query(options),
                    {},
                    {}},
                   print_set);
    });
}

Result<int> clear(const Context& context, const PolicyOptions& options) {
    return need_audience(options).and_then([&](int) {
        return ask(context, "policy-clear",
                   {"POST",
                    policy_path(options) + ":clear?comment=" + percent_encode(options.comment) +
                        audience_query(options),
                    {},
                    {}},
                   print_set);
    });
}

}  // namespace

void add_override_commands(CLI::App& policy, Context& context, const Options& options) {
    auto* command = add_verb(policy, context, "pin",
                             "one device or label: always ask the edge, or never", options, pin);
    command->add_option("task", options->named, kTaskHelp)->required();
    command->add_option("to", options->pin, "always-edge or always-local")
        ->required()
        ->check(CLI::IsMember({"always-edge", "always-local"}));
    command->add_option("--comment", options->comment, "kept with the version");
    add_audience_options(*command, options);
    command =
        add_verb(policy, context, "clear",
                 "end the policy of one device or label: back to its class's", options, clear);
    command->add_option("task", options->named, kTaskHelp)->required();
    command->add_option("--comment", options->comment, "kept with the version");
    add_audience_options(*command, options);
}

}  // namespace frugal::cli
