/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Debug files from debuginfod servers, through elfutils' libdebuginfod, which is loaded when it is
 * first needed. Asked only if the person has set DEBUGINFOD_URLS: what kernel somebody looks at is
 * nobody else's business.
 */
#ifndef VMCORE_SYMBOLS_DEBUGINFOD_H
#define VMCORE_SYMBOLS_DEBUGINFOD_H

#include "symbols/elf/unpack.h"

/*
 * *path_ret is the file with the debug information of BUILD_ID (hex), in libdebuginfod's cache;
 * malloc'ed. ERROR_UNSUPPORTED where no server may be asked, ERROR_IO where none has it.
 */
bool debuginfod_find(const char *build_id, const struct patience *patience, char **path_ret,
		     struct error *error);

#endif
