// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ORC to CFI. What was written is read back with elfutils, which knows nothing of us; expected
 * values are the table in the design (ORC row to CFI) and struct pt_regs. With VMCORE_TEST_SET,
 * every row of that kernel is compared, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/cfi/cfi.h"
#include "symbols/cfi/cfi_cover.h"
#include "symbols/cfi/cfi_frame.h"
#include "symbols/elf/elf_writer.h"
#include "symbols/symtab.h"
#include "symbols/types.h"

#define TEXT 0xffffffff81000000

/* --- reading back --- */

struct reader {
	int fd;
	Elf *elf;
	Dwarf *dwarf;
	Dwarf_CFI *cfi;
};

static struct reader open_reader(const char *path)
{
	struct reader reader;

	elf_version(EV_CURRENT);
	reader.fd = open(path, O_RDONLY);
	assert_true(reader.fd >= 0);
	reader.elf = elf_begin(reader.fd, ELF_C_READ_MMAP, NULL);
	reader.dwarf = dwarf_begin_elf(reader.elf, DWARF_C_READ, NULL);
	assert_non_null(reader.dwarf);
	reader.cfi = dwarf_getcfi(reader.dwarf);
	assert_non_null(reader.cfi);
	return reader;
}

static void close_reader(struct reader *reader)
{
	dwarf_end(reader->dwarf);
	elf_end(reader->elf);
	close(reader->fd);
}

/*
 * What is said at ADDRESS, as text: "7+8" or "*(7+0)+16" for the CFA, "c-8", "same", "undefined"
 * ... for a register.
 */
struct row {
	char cfa[64];
	char registers[64][32];
	Dwarf_Addr start, end;
	bool signal;
};

static void print_ops(char *text, size_t size, const Dwarf_Op *ops, size_t count)
{
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char op[40];

		if (ops[i].atom >= DW_OP_breg0 && ops[i].atom <= DW_OP_breg31)
			snprintf(op, sizeof(op), "r%d%+lld ", ops[i].atom - DW_OP_breg0,
				 (long long)ops[i].number);
		else if (ops[i].atom == DW_OP_bregx)
			snprintf(op, sizeof(op), "r%lld%+lld ", (long long)ops[i].number,
				 (long long)ops[i].number2);
		else if (ops[i].atom == DW_OP_call_frame_cfa)
			snprintf(op, sizeof(op), "cfa ");
		else if (ops[i].atom == DW_OP_plus_uconst || ops[i].atom == DW_OP_consts)
			snprintf(op, sizeof(op), "%lld ", (long long)ops[i].number);
		else if (ops[i].atom == DW_OP_deref)
			snprintf(op, sizeof(op), "deref ");
		else if (ops[i].atom == DW_OP_plus)
			snprintf(op, sizeof(op), "plus ");
		else if (ops[i].atom == DW_OP_stack_value)
			snprintf(op, sizeof(op), "value ");
		else
			snprintf(op, sizeof(op), "op%x:%llx ", ops[i].atom,
				 (unsigned long long)ops[i].number);
		strncat(text, op, size - strlen(text) - 1);
	}
	if (strlen(text))
		text[strlen(text) - 1] = '\0';
}

static bool read_row(struct reader *reader, uint64_t address, struct row *row)
{
	Dwarf_Frame *frame;
	Dwarf_Op *ops, memory[3];
	size_t count;

	memset(row, 0, sizeof(*row));
	if (dwarf_cfi_addrframe(reader->cfi, address, &frame) != 0)
		return false;
	assert_int_equal(dwarf_frame_info(frame, &row->start, &row->end, &row->signal), DWARF_RIP);
	assert_int_equal(dwarf_frame_cfa(frame, &ops, &count), 0);
	print_ops(row->cfa, sizeof(row->cfa), ops, count);
	for (int i = 0; i < 64; i++) {
		if (dwarf_frame_register(frame, i, memory, &ops, &count) != 0)
			strcpy(row->registers[i], "error");
		else if (count == 0)
			strcpy(row->registers[i], ops ? "undefined" : "same");
		else
			print_ops(row->registers[i], sizeof(row->registers[i]), ops, count);
	}
	free(frame);
	return true;
}

/* --- a vmlinux made by hand --- */

/*
 * TEXT + 0x000 assembly, 0x100 a C function with an FDE (CFA = rsp + 32, rbx at CFA - 24, rbp at
 * CFA - 16), 0x200 assembly again, 0x300 the padding of a function, 0x3a0 assembly that switches
 * stacks, 0x400 the end of the section.
 */
static void write_vmlinux(char *path, bool with_frames)
{
	struct cfi_state state = cfi_state_call();
	struct cfi_frame_writer frames;
	struct elf_writer writer = { .arch = &arch_x86_64 };
	Elf64_Shdr header = { .sh_type = SHT_NOBITS, .sh_addralign = 16, .sh_addr = TEXT, .sh_size =
			      0x400,
			      .sh_flags = SHF_ALLOC | SHF_EXECINSTR };

	elf_writer_add(&writer, ".text", &header, NULL, 0);
	header.sh_addr = 0;
	header.sh_size = 0x2000;
	header.sh_flags = SHF_ALLOC | SHF_WRITE;
	elf_writer_add(&writer, ".data..percpu", &header, NULL, 0);
	cfi_frame_start(&frames);
	state.cfa_offset = 32;
	state.rules[DWARF_RBX] = (struct cfi_rule){ .kind = CFI_AT_CFA, .offset = -24 };
	state.rules[DWARF_RBP] = (struct cfi_rule){ .kind = CFI_AT_CFA, .offset = -16 };
	cfi_frame_add(&frames, TEXT + 0x100, TEXT + 0x200, false, &state);
	cfi_frame_finish(&frames);
	header = (Elf64_Shdr){ .sh_type = SHT_PROGBITS, .sh_addralign = 8 };
	if (with_frames)
		elf_writer_add(&writer, ".debug_frame", &header, frames.section.data,
			       frames.section.size);
	close(mkstemp(path));
	assert_true(elf_writer_save(&writer, path, NULL));
	elf_writer_free(&writer);
	buffer_free(&frames.section);
}

static struct symtab *make_symtab(void)
{
	static const struct symbol symbols[] = {
		{ .address = TEXT, .size = 0x100, .name = "assembly", .letter = 'T', .function =
		  true },
		{ .address = TEXT + 0x100, .size = 0x100, .name = "c_function", .letter = 'T',
		  .function = true },
		{ .address = TEXT + 0x200, .size = 0x100, .name = "more_assembly", .letter = 'T',
		  .function = true },
		{ .address = TEXT + 0x380, .size = 0x10, .name = "__pfx_c", .letter = 'T',
		  .function = true },
		{ .address = TEXT + 0x3a0, .size = 0x20, .name = "asm_call_irq_on_stack",
		  .letter = 'T', .function = true },
		{ .address = TEXT + 0x3c0, .size = 0x20, .name = "do_softirq_own_stack",
		  .letter = 'T', .function = true },
	};
	struct symtab *symtab;

	assert_true(symtab_new(&symtab, NULL));
	for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++)
		assert_true(symtab_add(symtab, &symbols[i], NULL));
	assert_true(symtab_finish(symtab, NULL));
	return symtab;
}

struct source_row {
	uint64_t offset;
	struct orc_row row;
};

#define ROW(offset, type, sp_base, sp_offset, bp_base, bp_offset, signal) { offset, \
	{ ORC_TYPE_##type, ORC_BASE_##sp_base, ORC_BASE_##bp_base, signal, sp_offset, bp_offset } }

static const struct source_row source_rows[] = {
	ROW(0x00, FRAME, SP, 8, NONE, 0, false),
	ROW(0x04, FRAME, SP, 16, PREV_SP, -16, false),
	ROW(0x08, FRAME, BP, 16, PREV_SP, -16, false),
	ROW(0x10, FRAME, BP_INDIRECT, -40, BP, 0, false),
	ROW(0x20, PT_REGS, SP, 16, NONE, 0, true),
	ROW(0x28, IRET, DX, 8, NONE, 0, true),
	ROW(0x30, IRET, SP, 8, NONE, 0, false),	/* int3 */
	ROW(0x38, END, NONE, 0, NONE, 0, false),
	ROW(0x40, UNKNOWN, NONE, 0, NONE, 0, false),
	ROW(0x50, FRAME, R10, 0, BP, 8, false),
	ROW(0x58, FRAME, R13, 0, NONE, 0, false),
	ROW(0x60, FRAME, AX, 24, NONE, 0, false),
	ROW(0x68, PT_REGS, DI, 0, NONE, 0, true),
	ROW(0x100, FRAME, SP, 32, PREV_SP, -16, false),
	ROW(0x140, FRAME, SP_INDIRECT, 16, PREV_SP, -16, false),
	ROW(0x150, FRAME, SP, 32, PREV_SP, -16, false),
	ROW(0x160, FRAME, BP_INDIRECT, -8, BP, 0, false),
	ROW(0x170, UNKNOWN, NONE, 0, NONE, 0, false),
	/* runs out of the C function into assembly */
	ROW(0x1f0, FRAME, SP, 64, NONE, 0, false),
	ROW(0x300, UNKNOWN, NONE, 0, NONE, 0, false),
	ROW(0x380, FRAME, SP, 8, NONE, 0, false),
	ROW(0x390, UNKNOWN, NONE, 0, NONE, 0, false),
	ROW(0x3a0, FRAME, SP, 8, NONE, 0, false),	/* asm_call_on_stack */
	ROW(0x3a4, FRAME, BP, 16, PREV_SP, -16, false),
	ROW(0x3b0, UNKNOWN, NONE, 0, NONE, 0, false),
	ROW(0x3c0, FRAME, BP, 16, PREV_SP, -16, false),
	ROW(0x3d0, UNKNOWN, NONE, 0, NONE, 0, false),
};

static struct orc_table make_table(void)
{
	size_t count = sizeof(source_rows) / sizeof(*source_rows);
	struct orc_table table = { .count = count };

	table.addresses = calloc(count, sizeof(*table.addresses));
	table.rows = calloc(count, sizeof(*table.rows));
	for (size_t i = 0; i < count; i++) {
		table.addresses[i] = TEXT + source_rows[i].offset;
		table.rows[i] = source_rows[i].row;
	}
	return table;
}

/* Makes the companion of a vmlinux; the caller unlinks PATH. */
static struct reader make_companion(char *path, bool with_frames)
{
	char vmlinux[] = "/tmp/test-cfi-vmlinux-XXXXXX";
	struct orc_table table = make_table();
	struct symtab *symtab = make_symtab();
	struct error error = { 0 };

	write_vmlinux(vmlinux, with_frames);
	close(mkstemp(path));
	if (!cfi_write_companion(&arch_x86_64, vmlinux, &table, symtab, path, &error))
		fail_msg("%s", error.text);
	unlink(vmlinux);
	symtab_free(symtab);
	orc_free(&table);
	return open_reader(path);
}

static struct row row_at(struct reader *reader, uint64_t offset)
{
	struct row row;

	if (!read_row(reader, TEXT + offset, &row))
		fail_msg("nothing for %#llx", (unsigned long long)offset);
	return row;
}

static void test_call_rows(void **state)
{
	char path[] = "/tmp/test-cfi-XXXXXX";
	struct reader reader = make_companion(path, true);
	struct row row = row_at(&reader, 0);

	(void)state;
	assert_string_equal(row.cfa, "r7+8");
	assert_string_equal(row.registers[DWARF_RIP], "cfa -8");
	assert_string_equal(row.registers[DWARF_RSP], "cfa value");
	assert_string_equal(row.registers[DWARF_RBP], "same");
	assert_false(row.signal);
	row = row_at(&reader, 0x3);
	assert_string_equal(row.cfa, "r7+8");
	row = row_at(&reader, 0x4);
	assert_string_equal(row.cfa, "r7+16");
	assert_string_equal(row.registers[DWARF_RBP], "cfa -16");
	assert_string_equal(row.registers[DWARF_RBX], "same");
	row = row_at(&reader, 0x8);
	assert_string_equal(row.cfa, "r6+16");
	assert_string_equal(row.registers[DWARF_RBP], "cfa -16");
	assert_false(row.signal);
	row = row_at(&reader, 0x10);
	assert_string_equal(row.cfa, "r6-40 deref");
	assert_string_equal(row.registers[DWARF_RBP], "cfa r6+0");
	assert_string_equal(row.registers[DWARF_RIP], "cfa -8");
	row = row_at(&reader, 0x50);
	assert_string_equal(row.cfa, "r10+0");
	assert_string_equal(row.registers[DWARF_RBP], "cfa r6+8");
	assert_string_equal(row_at(&reader, 0x58).cfa, "r13+0");
	assert_string_equal(row_at(&reader, 0x60).cfa, "r0+24");
	close_reader(&reader);
	unlink(path);
}

/*
 * Offsets in struct pt_regs, from the end of which the CFA counts; -1 = orig_ax, which has no DWARF
 * number.
 */
static const int pt_regs_order[21] = { 15, 14, 13, 12, 6, 3, 11, 10, 9, 8, 0, 2, 1, 4, 5, -1, 16,
				       51, 49, 7, 52 };

static void test_register_rows(void **state)
{
	char path[] = "/tmp/test-cfi-XXXXXX";
	struct reader reader = make_companion(path, true);
	struct row row = row_at(&reader, 0x20);
	char expected[32];

	(void)state;
	assert_string_equal(row.cfa, "r7+184");
	assert_true(row.signal);
	for (int i = 0; i < 21; i++) {
		snprintf(expected, sizeof(expected), "cfa %d", i * 8 - 168);
		if (pt_regs_order[i] >= 0)
			assert_string_equal(row.registers[pt_regs_order[i]], expected);
	}
	row = row_at(&reader, 0x28);
	assert_string_equal(row.cfa, "r1+48");
	assert_true(row.signal);
	for (int i = 0; i < 21; i++) {
		snprintf(expected, sizeof(expected), i >= 16 ? "cfa %d" : "same", i * 8 - 168);
		if (pt_regs_order[i] >= 0)
			assert_string_equal(row.registers[pt_regs_order[i]], expected);
	}
	row = row_at(&reader, 0x30);
	assert_string_equal(row.cfa, "r7+48");
	assert_string_equal(row.registers[DWARF_RIP], "cfa -40");
	assert_false(row.signal);
	assert_string_equal(row_at(&reader, 0x68).cfa, "r5+168");
	close_reader(&reader);
	unlink(path);
}

/* rbp may be another stack's there: gdb only follows it down as a signal frame. */
static void test_stack_switch_in_assembly(void **state)
{
	char path[] = "/tmp/test-cfi-XXXXXX";
	struct reader reader = make_companion(path, true);
	struct row row = row_at(&reader, 0x3a4);

	(void)state;
	assert_string_equal(row.cfa, "r6+16");
	assert_string_equal(row.registers[DWARF_RBP], "cfa -16");
	assert_true(row.signal);
	assert_false(row_at(&reader, 0x3a0).signal);
	assert_true(row_at(&reader, 0x3c0).signal);
	close_reader(&reader);
	unlink(path);
}

static void test_ends(void **state)
{
	char path[] = "/tmp/test-cfi-XXXXXX";
	struct reader reader = make_companion(path, true);
	struct row row = row_at(&reader, 0x38);

	(void)state;
	assert_string_equal(row.registers[DWARF_RIP], "undefined");
	assert_string_equal(row.cfa, "r7+8");
	/* Not known: neither the end nor a guess, but something that cannot be read. */
	row = row_at(&reader, 0x40);
	assert_string_equal(row.registers[DWARF_RIP], "cfa ope:8000000000000000");
	assert_string_equal(row.cfa, "r7+8");
	assert_int_equal(row_at(&reader, 0x50).start, TEXT + 0x50);
	assert_string_equal(row_at(&reader, 0x50).registers[DWARF_RIP], "cfa -8");
	/* Outside of symbols, and in the padding before functions, nothing is said. */
	assert_false(read_row(&reader, TEXT + 0x300, &row));
	assert_false(read_row(&reader, TEXT + 0x380, &row));
	assert_false(read_row(&reader, TEXT + 0x390, &row));
	close_reader(&reader);
	unlink(path);
}

/*
 * In a C function only the stack switch is overridden, exactly, with the function's own rules for
 * its registers.
 */
static void test_overrides(void **state)
{
	char path[] = "/tmp/test-cfi-XXXXXX";
	struct reader reader = make_companion(path, true);
	struct row row;

	(void)state;
	for (uint64_t offset = 0x100; offset < 0x200; offset++)
		assert_int_equal(read_row(&reader, TEXT + offset, &row), offset >= 0x140 &&
				 offset < 0x150);
	row = row_at(&reader, 0x148);
	assert_string_equal(row.cfa, "r7+0 deref 16 plus");
	assert_string_equal(row.registers[DWARF_RIP], "cfa -8");
	assert_string_equal(row.registers[DWARF_RSP], "cfa value");
	assert_string_equal(row.registers[DWARF_RBX], "cfa -24");
	assert_string_equal(row.registers[DWARF_RBP], "cfa -16");
	assert_string_equal(row.registers[DWARF_R12], "same");
	/* The row that starts in the C function counts from the function's end. */
	row = row_at(&reader, 0x200);
	assert_int_equal(row.start, TEXT + 0x200);
	assert_int_equal(row.end, TEXT + 0x300);
	assert_string_equal(row.cfa, "r7+64");
	close_reader(&reader);
	unlink(path);
	/* Without .debug_frame ORC describes all, and what C functions saved elsewhere is lost. */
	strcpy(path, "/tmp/test-cfi-XXXXXX");
	reader = make_companion(path, false);
	row = row_at(&reader, 0x100);
	assert_string_equal(row.cfa, "r7+32");
	assert_string_equal(row.registers[DWARF_RBX], "undefined");
	assert_string_equal(row.registers[DWARF_RBP], "cfa -16");
	assert_string_equal(row_at(&reader, 0x160).cfa, "r6-8 deref");
	row = row_at(&reader, 0);
	/* no room on the stack to save it */
	assert_string_equal(row.registers[DWARF_RBX], "same");
	row = row_at(&reader, 4);
	assert_string_equal(row.registers[DWARF_RBX], "same");	/* the room is rbp's */
	close_reader(&reader);
	unlink(path);
}

static void test_sections(void **state)
{
	char path[] = "/tmp/test-cfi-XXXXXX";
	struct reader reader = make_companion(path, true);
	static const struct { const char *name; uint64_t address,
			      size; unsigned flags; } expected[] = {
		{ ".text", TEXT, 0x400, SHF_ALLOC | SHF_EXECINSTR },
		{ ".data..percpu", 0, 0x2000, SHF_ALLOC | SHF_WRITE },
	};
	size_t names;

	(void)state;
	assert_int_equal(elf_getshdrstrndx(reader.elf, &names), 0);
	for (size_t i = 0; i < 2; i++) {
		GElf_Shdr header;

		assert_non_null(gelf_getshdr(elf_getscn(reader.elf, i + 1), &header));
		assert_string_equal(elf_strptr(reader.elf, names, header.sh_name),
				    expected[i].name);
		assert_int_equal(header.sh_addr, expected[i].address);
		assert_int_equal(header.sh_size, expected[i].size);
		assert_int_equal(header.sh_flags, expected[i].flags);
		assert_int_equal(header.sh_type, SHT_NOBITS);
	}
	close_reader(&reader);
	unlink(path);
}

#define MODULE 0xffffffffc0100000

static void test_module(void **state)
{
	static const struct cfi_section sections[] = {
		{ ".text", MODULE, 0, true }, { ".data", MODULE + 0x2000, 0x100, false },
		{ ".init.text", MODULE + 0x1000, 0, true }, { ".bss", MODULE + 0x3000, 0, false },
	};
	static const struct symbol symbols[] = {
		{ .address = MODULE + 0x10, .size = 0x40, .name = "mod_func", .letter = 'T',
		  .function = true },
		{ .address = MODULE + 0x50, .size = 0x30, .name = "mod_static", .letter = 't',
		  .function = true },
		{ .address = MODULE + 0x2008, .size = 8, .name = "mod_data", .letter = 'd' },
		{ .address = 0x8000, .size = 8, .name = "mod_percpu", .letter = 'd', .percpu =
		  true },
	};
	struct orc_row rows[] = {
		{ ORC_TYPE_FRAME, ORC_BASE_SP, ORC_BASE_NONE, false, 8, 0 },
		{ ORC_TYPE_FRAME, ORC_BASE_SP, ORC_BASE_NONE, false, 16, 0 },
		{ ORC_TYPE_FRAME, ORC_BASE_SP, ORC_BASE_PREV_SP, false, 24, -24 },
	};
	uint64_t addresses[] = { MODULE + 0x10, MODULE + 0x11, MODULE + 0x50 };
	const struct orc_table table = { addresses, rows, 3 };
	char path[] = "/tmp/test-cfi-XXXXXX";
	struct error error = { 0 };
	struct reader reader;
	struct symtab *symtab, *back;
	GElf_Shdr header;
	struct row row;

	(void)state;
	assert_true(symtab_new(&symtab, NULL));
	for (size_t i = 0; i < 4; i++)
		assert_true(symtab_add(symtab, &symbols[i], NULL));
	assert_true(symtab_finish(symtab, NULL));
	close(mkstemp(path));
	if (!cfi_write_module(&arch_x86_64, sections, 4, &table, symtab, path, &error))
		fail_msg("%s", error.text);
	reader = open_reader(path);
	assert_non_null(gelf_getshdr(elf_getscn(reader.elf, 1), &header));
	assert_int_equal(header.sh_size, 0x80);		/* up to the last symbol */
	assert_non_null(gelf_getshdr(elf_getscn(reader.elf, 2), &header));
	assert_int_equal(header.sh_size, 0x100);
	assert_non_null(gelf_getshdr(elf_getscn(reader.elf, 3), &header));
	assert_int_equal(header.sh_addr, MODULE + 0x1000);
	assert_int_equal(header.sh_size, 1);
	assert_true(read_row(&reader, MODULE + 0x10, &row));
	assert_string_equal(row.registers[DWARF_RBX], "same");
	assert_true(read_row(&reader, MODULE + 0x11, &row));
	assert_string_equal(row.cfa, "r7+16");
	assert_string_equal(row.registers[DWARF_RBX], "undefined");
	assert_string_equal(row.registers[DWARF_R15], "undefined");
	assert_string_equal(row.registers[DWARF_RBP], "same");
	assert_true(read_row(&reader, MODULE + 0x7f, &row));
	assert_string_equal(row.registers[DWARF_RBP], "cfa -24");
	assert_false(read_row(&reader, MODULE + 0x80, &row));
	close_reader(&reader);
	assert_true(symtab_new(&back, NULL));
	assert_true(symtab_read_elf(back, path, 0, &error) && symtab_finish(back, &error));
	assert_int_equal(symtab_count(back), 3);
	assert_int_equal(symtab_find(back, "mod_func")->address, MODULE + 0x10);
	assert_int_equal(symtab_find(back, "mod_func")->letter, 'T');
	assert_int_equal(symtab_find(back, "mod_static")->letter, 't');
	assert_int_equal(symtab_find(back, "mod_static")->size, 0x30);
	/* it has no contents here */
	assert_int_equal(symtab_find(back, "mod_data")->letter, 'b');
	assert_null(symtab_find(back, "mod_percpu"));
	symtab_free(back);
	symtab_free(symtab);
	/* Nothing known at all is no reason to fail. */
	assert_true(cfi_write_module(&arch_x86_64, sections, 4, NULL, NULL, path, &error));
	assert_true(cfi_write_module(&arch_x86_64, NULL, 0, NULL, NULL, path, &error));
	assert_false(cfi_write_module(&arch_x86_64, sections, 1 << 20, NULL, NULL, path, &error));
	unlink(path);
}

static void test_user_end(void **state)
{
	char path[] = "/tmp/test-cfi-XXXXXX";
	struct reader reader;
	struct row row;

	(void)state;
	close(mkstemp(path));
	assert_true(cfi_write_user_end(&arch_x86_64, 1ull << 56, path, NULL));
	reader = open_reader(path);
	assert_true(read_row(&reader, 0, &row));	/* a NULL pointer was called */
	assert_string_equal(row.cfa, "r7+8");
	assert_string_equal(row.registers[DWARF_RIP], "cfa -8");
	for (uint64_t address = 1; address < 1ull << 56; address = address * 3 + 1) {
		assert_true(read_row(&reader, address, &row));
		assert_string_equal(row.registers[DWARF_RIP], "undefined");
	}
	assert_true(read_row(&reader, (1ull << 56) - 1, &row));
	assert_false(read_row(&reader, 1ull << 56, &row));
	close_reader(&reader);
	unlink(path);
	assert_false(cfi_write_user_end(&arch_x86_64, 1, "/nonexistent/directory/file", NULL));
}

#define LOW 0x100000000	/* the whole 64 bits above it are free */

/*
 * Long distances between rows, and offsets that are not multiples of the alignment factor or
 * positive.
 */
static void test_encoding(void **state)
{
	static const uint64_t starts[] = { 0, 1, 0x40, 0x13f, 0x10140, 0x20010140, 0x300000000 };
	static const int32_t offsets[] = { -8, -12, 8, 2, -32768, 32760, -1 };
	char path[] = "/tmp/test-cfi-XXXXXX";
	Elf64_Shdr header = { .sh_type = SHT_PROGBITS, .sh_addralign = 8 };
	struct elf_writer writer = { .arch = &arch_x86_64 };
	struct cfi_frame_writer frames;
	struct reader reader;
	char expected[32];
	struct row row;

	(void)state;
	cfi_frame_start(&frames);
	for (size_t i = 0; i < 7; i++) {
		struct cfi_state s = cfi_state_call();

		s.cfa_offset = i * 1000 - 3000;
		s.rules[DWARF_R12] = (struct cfi_rule){ .kind = CFI_AT_CFA, .offset = offsets[i] };
		cfi_frame_add(&frames, LOW + starts[i], i < 6 ? LOW + starts[i + 1] :
			      LOW + 0x300000010, false, &s);
	}
	cfi_frame_add(&frames, LOW + 5, LOW + 5, false, &frames.state);	/* empty: nothing */
	cfi_frame_finish(&frames);
	assert_int_equal(frames.nr_fdes, 1);
	elf_writer_add(&writer, ".debug_frame", &header, frames.section.data, frames.section.size);
	close(mkstemp(path));
	assert_true(elf_writer_save(&writer, path, NULL));
	reader = open_reader(path);
	for (size_t i = 0; i < 7; i++) {
		for (int last = 0; last < 2; last++) {
			uint64_t next = i < 6 ? starts[i + 1] : 0x300000010;

			assert_true(read_row(&reader, LOW + (last ? next - 1 : starts[i]), &row));
			snprintf(expected, sizeof(expected), "r7%+d", (int)i * 1000 - 3000);
			assert_string_equal(row.cfa, expected);
			snprintf(expected, sizeof(expected), offsets[i] % 8 ? "cfa %d plus" :
				 "cfa %d", offsets[i]);
			assert_string_equal(row.registers[DWARF_R12], expected);
		}
	}
	close_reader(&reader);
	unlink(path);
	elf_writer_free(&writer);
	buffer_free(&frames.section);
}

/* .debug_frame with any byte wrong, or cut off: no crash, and no endless loop. */
static void test_damaged_cover(void **state)
{
	char path[] = "/tmp/test-cfi-XXXXXX";
	struct buffer file = { 0 };
	FILE *stream;
	int c;

	(void)state;
	write_vmlinux(path, true);
	stream = fopen(path, "rb");
	while ((c = getc(stream)) != EOF)
		buffer_char(&file, c);
	fclose(stream);
	for (size_t i = 0; i < 2 * file.size; i++) {
		struct orc_table table = make_table();
		struct symtab *symtab = make_symtab();
		struct error error = { 0 };

		stream = fopen(path, "wb");
		if (i < file.size) {
			fwrite(file.data, 1, i, stream);
		} else {
			file.data[i - file.size] ^= i % 2 ? 0xff : 0x81;
			fwrite(file.data, 1, file.size, stream);
			file.data[i - file.size] ^= i % 2 ? 0xff : 0x81;
		}
		fclose(stream);
		if (!cfi_write_companion(&arch_x86_64, path, &table, symtab, "/tmp/test-cfi-damaged", &error))
			assert_true(error.text[0]);
		symtab_free(symtab);
		orc_free(&table);
	}
	unlink("/tmp/test-cfi-damaged");
	unlink(path);
	buffer_free(&file);
}

/* What a row of type FRAME means, written down a second time as text. */
static void expect_frame(const struct orc_row *orc, const struct row *row, uint64_t address,
			 bool signal)
{
	static const char *const bases[] = {
		[ORC_BASE_SP] = "r7%+d", [ORC_BASE_BP] = "r6%+d", [ORC_BASE_DI] = "r5%+d",
			[ORC_BASE_DX] = "r1%+d",
		[ORC_BASE_R10] = "r10%+d", [ORC_BASE_R13] = "r13%+d", [ORC_BASE_AX] = "r0%+d",
		[ORC_BASE_SP_INDIRECT] = "r7+0 deref %d plus", [ORC_BASE_BP_INDIRECT] =
			"r6%+d deref",
	};
	char cfa[64], rbp[32] = "same";

	snprintf(cfa, sizeof(cfa), bases[orc->sp_base], orc->sp_offset);
	if (orc->bp_base == ORC_BASE_PREV_SP)
		snprintf(rbp, sizeof(rbp), "cfa %d", orc->bp_offset);
	else if (orc->bp_base == ORC_BASE_BP)
		snprintf(rbp, sizeof(rbp), "cfa r6%+d", orc->bp_offset);
	if (strcmp(row->cfa, cfa) != 0 || strcmp(row->registers[DWARF_RBP], rbp) != 0 ||
	    strcmp(row->registers[DWARF_RIP], "cfa -8") != 0 || row->signal != signal)
		fail_msg("%#llx: cfa %s, not %s; rbp %s, not %s; signal %d, not %d",
			 (unsigned long long)address, row->cfa, cfa,
			 row->registers[DWARF_RBP], rbp, row->signal, signal);
}

/* A real kernel: all calls' rows that its .debug_frame does not cover are in the companion. */
static void test_real(void **state)
{
	const char *set = getenv("VMCORE_TEST_SET");
	char vmlinux[4096], path[] = "/tmp/test-cfi-XXXXXX";
	struct error error = { 0 };
	struct orc_table table;
	struct elf_file file;
	struct cfi_cover cover;
	struct symtab *symtab;
	struct types *types;
	struct reader reader;
	size_t compared = 0;

	(void)state;
	if (!set)
		skip();
	snprintf(vmlinux, sizeof(vmlinux), "%s/vmlinux", set);
	if (!types_open_btf_file(vmlinux, &types, &error) ||
	    !orc_read_elf(types, vmlinux, 0, &table, &error) ||
	    !symtab_new(&symtab, &error) || !symtab_read_elf(symtab, vmlinux, 0, &error) ||
	    !symtab_finish(symtab, &error) || !elf_file_open(&file, vmlinux, &error) ||
	    !cfi_cover_read(&cover, &file, &error))
		fail_msg("%s", error.text);
	close(mkstemp(path));
	if (!cfi_write_companion(&arch_x86_64, vmlinux, &table, symtab, path, &error))
		fail_msg("%s", error.text);
	reader = open_reader(path);
	for (size_t i = 0; i + 1 < table.count; i++) {
		const struct symbol *symbol;
		struct row row;
		bool switches;
		uint64_t end;

		if (table.rows[i].type != ORC_TYPE_FRAME ||
		    table.addresses[i] == table.addresses[i + 1] ||
		    cfi_cover_contains(&cover, table.addresses[i], &end))
			continue;
		symbol = symtab_lookup(symtab, table.addresses[i]);
		if (!symbol || strncmp(symbol->name, "__pfx_", 6) == 0)
			continue;
		if (!read_row(&reader, table.addresses[i], &row))
			fail_msg("nothing for %#llx %s", (unsigned long long)table.addresses[i],
				 symbol->name);
		/* Up to 5.11; its rows between the push of rbp and leave. */
		switches = strstr(symbol->name, "_on_stack") && table.rows[i].sp_base == ORC_BASE_BP;
		expect_frame(&table.rows[i], &row, table.addresses[i],
			     table.rows[i].signal || switches);
		compared++;
	}
	printf("%zu rows compared\n", compared);
	assert_true(compared > 1000);
	close_reader(&reader);
	unlink(path);
	cfi_cover_free(&cover);
	elf_file_close(&file);
	symtab_free(symtab);
	orc_free(&table);
	types_close(types);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call_rows),
		cmocka_unit_test(test_register_rows),
		cmocka_unit_test(test_stack_switch_in_assembly),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_user_end),
		cmocka_unit_test(test_encoding),
		cmocka_unit_test(test_damaged_cover),
		cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
