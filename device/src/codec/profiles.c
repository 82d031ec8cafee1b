// SPDX-License-Identifier: Apache-2.0
// What a firmware may choose from; one that names its profiles does not link this file.
#include "codec/segments.h"

static const fr_profile_t* const kAll[] = {&fr_profile_0, &fr_profile_1, &fr_profile_2};

const fr_profile_set_t fr_profiles_all = {kAll, sizeof(kAll) / sizeof(kAll[0])};
