// SPDX-License-Identifier: Apache-2.0
// FRUGAL_ASSERT: for what only a bug can break, on in release too. Never for input.
#pragma once

#include <cstdio>
#include <cstdlib>

#define FRUGAL_ASSERT(condition)                                                                   \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            std::fprintf(stderr, "%s:%d: assertion failed: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                          \
        }                                                                                          \
    } while (false)
