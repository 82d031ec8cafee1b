// SPDX-License-Identifier: Apache-2.0
#include "core/rollout/transitions.hpp"

#include "base/assert.hpp"

namespace frugal::core {

namespace {

using Row = std::array<RolloutState, kRolloutEventCount>;

constexpr auto kPend = RolloutState::kPending;
constexpr auto kOffr = RolloutState::kOffered;
constexpr auto kTran = RolloutState::kTransferring;
constexpr auto kStag = RolloutState::kStaged;
constexpr auto kProb = RolloutState::kProbation;
constexpr auto kConf = RolloutState::kConfirmed;
constexpr auto kRefu = RolloutState::kRefused;
constexpr auto kReve = RolloutState::kReverted;
constexpr auto kQuar = RolloutState::kQuarantined;
constexpr auto kUnre = RolloutState::kUnreachable;
constexpr auto kCanc = RolloutState::kCancelled;

// A confirmed device stays confirmed unless it says itself that it went back; a cancelled one has
// another rollout to answer to, until that is aborted. Refused and reverted devices may try again:
// their next word counts.
// clang-format off
constexpr std::array<Row, kRolloutStateLast> kTable = {{
    //            kOffer kMisfit Offered Refused Transf Staged Probat Confirm Revert Quarant Silence kCancel kRelease Gone
    /*Pending */ {kOffr, kRefu,  kOffr,  kRefu,  kTran, kStag, kProb, kConf,  kReve, kQuar,  kUnre,  kCanc,  kPend, kPend},
    /*Offered */ {kOffr, kRefu,  kOffr,  kRefu,  kTran, kStag, kProb, kConf,  kReve, kQuar,  kUnre,  kCanc,  kOffr, kOffr},
    /*Transfer*/ {kTran, kRefu,  kTran,  kRefu,  kTran, kStag, kProb, kConf,  kReve, kQuar,  kUnre,  kCanc,  kTran, kTran},
    /*Staged  */ {kStag, kRefu,  kStag,  kRefu,  kTran, kStag, kProb, kConf,  kReve, kQuar,  kUnre,  kCanc,  kStag, kStag},
    /*Probat  */ {kProb, kRefu,  kProb,  kRefu,  kTran, kStag, kProb, kConf,  kReve, kQuar,  kUnre,  kCanc,  kProb, kProb},
    /*Confirm */ {kConf, kConf,  kConf,  kConf,  kConf, kConf, kConf, kConf,  kReve, kQuar,  kConf,  kConf,  kConf, kOffr},
    /*Refused */ {kOffr, kRefu,  kOffr,  kRefu,  kTran, kStag, kProb, kConf,  kReve, kQuar,  kRefu,  kRefu,  kRefu, kRefu},
    /*Reverted*/ {kReve, kReve,  kOffr,  kRefu,  kTran, kStag, kProb, kConf,  kReve, kQuar,  kReve,  kReve,  kReve, kReve},
    /*Quarant */ {kQuar, kQuar,  kQuar,  kQuar,  kQuar, kQuar, kQuar, kConf,  kQuar, kQuar,  kQuar,  kQuar,  kPend, kQuar},
    /*Unreach */ {kOffr, kRefu,  kOffr,  kRefu,  kTran, kStag, kProb, kConf,  kReve, kQuar,  kUnre,  kCanc,  kUnre, kUnre},
    /*Cancel  */ {kCanc, kCanc,  kCanc,  kCanc,  kCanc, kCanc, kCanc, kCanc,  kCanc, kCanc,  kCanc,  kCanc,  kPend, kCanc},
}};
// clang-format on

}  // namespace

RolloutState next_state(RolloutState state, RolloutEvent event) {
    const auto row = static_cast<std::size_t>(state) - 1;
    const auto column = static_cast<std::size_t>(event);
    FRUGAL_ASSERT(row < kTable.size() && column < kRolloutEventCount);
    return kTable[row][column];
}

std::optional<RolloutEvent> event_of(UpdatePhase phase) {
    switch (phase) {
        case UpdatePhase::kOffered:
            return RolloutEvent::kSaysOffered;
        case UpdatePhase::kRefused:
            return RolloutEvent::kSaysRefused;
        case UpdatePhase::kTransfer:
            return RolloutEvent::kSaysTransfer;
        case UpdatePhase::kStaged:
        case UpdatePhase::kWaiting:
        case UpdatePhase::kSelfTest:
            return RolloutEvent::kSaysStaged;
        case UpdatePhase::kShadow:
        case UpdatePhase::kProbation:
            return RolloutEvent::kSaysProbation;
        case UpdatePhase::kConfirmed:
            return RolloutEvent::kSaysConfirmed;
        case UpdatePhase::kReverted:
            return RolloutEvent::kSaysReverted;
        case UpdatePhase::kQuarantined:
            return RolloutEvent::kSaysQuarantined;
        case UpdatePhase::kUnspecified:
        case UpdatePhase::kIdle:
            return std::nullopt;
    }
    return std::nullopt;
}

bool is_settled(RolloutState state) {
    switch (state) {
        case RolloutState::kConfirmed:
        case RolloutState::kRefused:
        case RolloutState::kReverted:
        case RolloutState::kQuarantined:
        case RolloutState::kUnreachable:
        case RolloutState::kCancelled:
            return true;
        case RolloutState::kPending:
        case RolloutState::kOffered:
        case RolloutState::kTransferring:
        case RolloutState::kStaged:
        case RolloutState::kProbation:
            return false;
    }
    return false;
}

}  // namespace frugal::core
