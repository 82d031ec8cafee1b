// SPDX-License-Identifier: Apache-2.0
// A stranger's model is read, planned and run in a confined child first; only what the child
// survived is read by the daemon. Reading, planning and running are functions of the bytes alone,
// so what they do in the child they do again in the daemon. Blocks; on a worker thread.
#pragma once

#include <string>

#include "app/sandbox/confine.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::app {

enum class TrialKind : std::uint8_t {
    kDeviceModel = 1,  ///< for devices: a .tflite or Bonsai tree that a node can run
    kEdgeModel = 2,    ///< a classifier that answers escalations
    kDeltaBase = 3,    ///< what devices have, for an encoder to compare with; it is not run
};

/// The first argument of a process that shall try a model; the limits follow,
/// and kTrialNeedsOnnx if it is an ONNX network, see trial_main().
inline constexpr std::string_view kTrialArgument = "try-model";
inline constexpr std::string_view kTrialNeedsOnnx = "onnx";

class ModelTrial {
public:
    /// `program` ends up in trial_main() when its first argument is kTrialArgument.
    explicit ModelTrial(std::string program) : program_(std::move(program)) {}

    /// `name` is put before every message. Errors: what the reader finds wrong; kInvalidInput if it
    /// crashed, naming the signal; kLimit for too much memory, processor time or wall time;
    /// kUnavailable if no child can be started.
    base::Result<void> run(TrialKind kind, base::ByteView model, std::string_view name) const;

private:
    std::string program_;
};

/// How much a model of this size may use.
Confinement trial_limits(std::size_t model_bytes);

/// The child: confines itself to the limits given as arguments (memory in bytes, processor time in
/// seconds), reads a model from standard input, tries it and writes the outcome to standard output.
int trial_main(int argc, char** argv);

}  // namespace frugal::app
