/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Colours by gdb's own style settings (`set style ...`), only on a terminal. Read once per command,
 * since cells ask often.
 */
#ifndef VMCORE_GDB_STYLE_H
#define VMCORE_GDB_STYLE_H

#include "gdb/plugin.h"

struct styles {
	char address[32], function[32], highlight[32]; /* escape sequences; "" = none */
	bool enabled;
};

void styles_read(struct plugin *plugin, struct styles *styles);
/* FLAG: a COLUMN_... style flag, 0 = the end of any style. NULL = no escape sequence. */
const char *styles_escape(const struct styles *styles, unsigned column_flag);

#endif
