// SPDX-License-Identifier: Apache-2.0
#include "frugal/bonsai.h"

const fr_bonsai_kernel_t fr_bonsai_kernel = {fr_bonsai_open, fr_bonsai_scores, fr_bonsai_classify};
