/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NULL is no per-CPU variable.
 *
 * Up to 6.14 (9d7de2aa8b41) x86-64's per-CPU variables are linked at 0, so to gdb each NULL pointer is
 * `0x0 <fixed_percpu_data>', and a frame whose pc is NULL has that for its function. gdb names an address by the first file
 * that has a section there, and of sections that overlap keeps the one of the file that was added first (update_section_map()
 * and find_pc_section() in gdb/objfiles.c). So a file is added before vmlinux: with the per-CPU section and the names in it,
 * but for the first page's.
 */
#ifndef VMCORE_SYMBOLS_PER_CPU_NAMES_H
#define VMCORE_SYMBOLS_PER_CPU_NAMES_H

#include <stdbool.h>

#include "base/error.h"

struct arch;
struct symtab;

/*
 * Writes that file to PATH, of the kernel of ARCH with SYMTAB, for add-symbol-file without an address. *any_ret is false, and there is
 * no file, where per-CPU variables lie elsewhere.
 */
bool per_cpu_names_write(const struct arch *arch, const struct symtab *symtab, const char *path, bool *any_ret,
			 struct error *error);

#endif
