// SPDX-License-Identifier: Apache-2.0
#include "device-sim/fleet/message_view.hpp"

#include <pb_decode.h>

#include "frugal/v1/uplink.pb.h"

namespace frugal::swarm {
namespace {

bool keep_features(pb_istream_t* stream, const pb_field_t*, void** argument) {
    auto* features = static_cast<Bytes*>(*argument);
    features->resize(stream->bytes_left);
    return pb_read(stream, features->data(), features->size());
}

}  // namespace

std::optional<DecisionsView> view_decisions(ByteView payload) {
    frugal_v1_Decisions message = frugal_v1_Decisions_init_zero;
    pb_istream_t stream = pb_istream_from_buffer(payload.data(), payload.size());
    if (!pb_decode(&stream, frugal_v1_Decisions_fields, &message)) {
        return std::nullopt;
    }
    DecisionsView view{message.stream, message.first_sequence, message.classes_count, {}};
    if (message.has_dropped_from) {
        view.dropped_from = message.dropped_from;
    }
    return view;
}

std::optional<EscalateView> view_escalate(ByteView payload) {
    EscalateView view;
    frugal_v1_Escalate message = frugal_v1_Escalate_init_zero;
    message.features.funcs.decode = &keep_features;
    message.features.arg = &view.features;
    pb_istream_t stream = pb_istream_from_buffer(payload.data(), payload.size());
    if (!pb_decode(&stream, frugal_v1_Escalate_fields, &message)) {
        return std::nullopt;
    }
    view.stream = message.stream;
    view.sequence = message.sequence;
    return view;
}

}  // namespace frugal::swarm
