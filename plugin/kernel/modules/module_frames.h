/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Call frame information of modules on machines without ORC: the .debug_frame of the .ko, if that is found (kernel->find_module_file),
 * at the addresses that its sections were loaded at. Opened once and kept with the module.
 */
#ifndef VMCORE_KERNEL_MODULE_FRAMES_H
#define VMCORE_KERNEL_MODULE_FRAMES_H

#include "kernel/modules/module.h"
#include "symbols/cfi/frame_table.h"

/* NULL with *error set (which may be NULL) if there is none. */
const struct frame_table *module_frame_table(struct kernel *kernel, struct module *module, struct error *error);
void module_frames_close(struct module_frames *frames);	/* NULL is fine */

#endif
