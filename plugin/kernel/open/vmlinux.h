/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which kernel a vmlinux file is, and where that kernel lies in the dump.
 *
 * Two builds of the same version have the same symbols at other addresses, so a wrong vmlinux gives
 * wrong answers rather than errors. The build-id decides; where the dump has none, the kernel's
 * banner does ("Linux version ... #1 SMP ..."), which is a constant in the file and in memory
 * alike.
 */
#ifndef VMCORE_KERNEL_VMLINUX_H
#define VMCORE_KERNEL_VMLINUX_H

#include "kernel/kernel.h"

struct vmlinux {
	char path[4096];
	uint16_t machine;		/* EM_* */
	char build_id[65];		/* hex; "" = the file has none */
	char release[65];		/* uname -r, out of the banner; "" = no banner found */
	char banner[512];		/* linux_banner */
	uint64_t banner_address;	/* at link time; 0 = not found */
};

/* Fills in *vmlinux from the file PATH. A file that is no kernel at all is an error. */
bool vmlinux_identify(const char *path, struct vmlinux *vmlinux, struct error *error);
/*
 * Refuses a vmlinux that is not the dump's kernel, as far as the dump's own headers tell. Sets
 * *certain_ret if build-ids were compared; otherwise vmlinux_check_memory has to be asked later.
 */
bool vmlinux_check_headers(const struct kernel *kernel, const struct vmlinux *vmlinux, bool force,
			   bool *certain_ret, struct error *error);
/*
 * The same from the kernel's memory (build-id note, banner); needs kernel->symbols. Fills in
 * kernel->build_id.
 */
bool vmlinux_check_memory(struct kernel *kernel, const struct vmlinux *vmlinux, bool force,
			  struct error *error);
/* Finds out memory->kaslr_offset where VMCOREINFO did not simply say it. */
bool vmlinux_find_kaslr(struct kernel *kernel, const struct vmlinux *vmlinux, bool force,
			struct error *error);
/* The build-id out of the kernel's memory, which needs kernel->symbols; "" if it is not there. */
void vmlinux_build_id_from_memory(struct kernel *kernel, char *hex, size_t hex_size);
/* The hex build-id in the ELF notes at DATA ("GNU", type 3); "" if there is none. */
void vmlinux_build_id_from_notes(const uint8_t *data, size_t size, bool big_endian, char *hex, size_t hex_size);

#endif
