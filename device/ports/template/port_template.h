// SPDX-License-Identifier: Apache-2.0
// A port to fill in for new hardware: see port_template.c.
#ifndef FRUGAL_PORT_TEMPLATE_H
#define FRUGAL_PORT_TEMPLATE_H

#include "frugal/port.h"

/// The table to hand to fr_node_boot() once its functions are yours.
fr_port_t fr_port_template(void);

#endif
