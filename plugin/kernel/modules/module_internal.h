/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of module.h. */
#ifndef VMCORE_KERNEL_MODULE_INTERNAL_H
#define VMCORE_KERNEL_MODULE_INTERNAL_H

#include "kernel/modules/module.h"

/*
 * Fills in LIST, which is empty. False only for reasons that are not in the dump; damage goes into
 * list->damage. module_list.c.
 */
bool module_list_load(struct kernel *kernel, struct module_list *list, struct error *error);
/* Frees what it holds. */
void module_free(struct module *module);
/*
 * Fills in MODULE from the struct module at ADDRESS, but for used_by. False only if nothing of it
 * could be read; parts that could not be are left empty and noted in module->damage.
 */
bool module_read(struct kernel *kernel, uint64_t address, struct module *module,
		 struct error *error);
/* The names of those that use it, out of its source_list. LIST is complete but for these. */
void module_read_users(struct kernel *kernel, const struct module_list *list,
		       struct module *module);
/* Works out lost sections with the help of module->debug_path; see module_infer_sections(). */
void module_sections_from_file(struct kernel *kernel, struct module *module);
/* Notes the first thing that went wrong. */
void module_damaged(struct module *module, const struct error *error);

void module_files_free(struct module_files *files);

#endif
