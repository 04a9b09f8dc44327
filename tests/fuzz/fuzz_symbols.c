// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A damaged vmlinux or .ko: what it is, its symbols, its .debug_frame (for the CFI companion), whether its sections have addresses. The
 * input is the file. What is in libelf is not watched by the sanitizers, but the bytes it hands out are.
 */
/* max_len=4096 */
#include "fuzz.h"

#include "arch/arch.h"
#include "kernel/open/vmlinux.h"
#include "symbols/cfi/cfi.h"
#include "symbols/symtab.h"

#define TEXT 0xffffffff81000000ull

static void read_symbols(const char *path)
{
	static uint64_t addresses[] = { TEXT, TEXT + 0x10, TEXT + 0x20, TEXT + 0x30, TEXT + 0x80 };
	static struct orc_row rows[] = {
		{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = 8 },
		{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP_INDIRECT, .sp_offset = 8 },
		{ .type = ORC_TYPE_PT_REGS, .sp_base = ORC_BASE_SP, .signal = true },
		{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_BP_INDIRECT, .sp_offset = -8 },
		{ .type = ORC_TYPE_END },
	};
	struct orc_table table = { addresses, rows, sizeof(rows) / sizeof(rows[0]) };
	struct error error = { 0 };
	struct symtab *symtab;
	bool read;

	FUZZ_CHECK(symtab_new(&symtab, &error));
	read = symtab_read_elf(symtab, path, 0, &error) || fuzz_failed(&error);
	FUZZ_CHECK(symtab_finish(symtab, &error));
	for (size_t i = 0; i < symtab_count(symtab) && i < 16; i++)
		symtab_lookup(symtab, symtab_get(symtab, i)->address);
	if (read && !cfi_write_companion(&arch_x86_64, path, &table, symtab, "in memory", &error))
		fuzz_failed(&error);
	symtab_free(symtab);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vmlinux vmlinux;
	struct error error = { 0 };
	const char *path;

	if (size > 65536)
		return 0;
	path = fuzz_file(0, data, size);
	if (!vmlinux_identify(path, &vmlinux, &error))
		fuzz_failed(&error);
	FUZZ_CHECK(strlen(vmlinux.build_id) < sizeof(vmlinux.build_id));
	read_symbols(path);
	fuzz_free_image();
	return 0;
}
