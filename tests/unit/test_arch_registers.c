// SPDX-License-Identifier: GPL-3.0-or-later
/* x86_64's register table, target description, and every place registers are read from. */
#include "test_arch_image.h"

static bool valid(const struct registers *registers, unsigned index)
{
	return registers->valid >> index & 1;
}

/* The <reg> elements must be the table: same order, names and sizes, because `g` packets rely on it. */
static void test_description_is_the_table(void **state)
{
	const struct arch *arch = &arch_x86_64;
	const char *at = arch->target_xml;
	char expected[64];

	(void)state;
	for (unsigned i = 0; i < arch->nr_registers; i++) {
		snprintf(expected, sizeof(expected), "<reg name=\"%s\" bitsize=\"%u\" ",
			 arch->registers[i].name, arch->registers[i].size * 8u);
		at = strstr(at, "<reg ");
		assert_non_null(at);
		assert_memory_equal(at, expected, strlen(expected));
		at += strlen(expected);
	}
	assert_null(strstr(at, "<reg "));
	assert_null(strstr(arch->target_xml, "i386.linux"));
	assert_non_null(strstr(arch->target_xml, "<osabi>none</osabi>"));
	assert_true(arch->nr_registers <= ARCH_MAX_REGISTERS);
}

/* System V ABI, AMD64 supplement, figure 3.36. */
static void test_dwarf_numbers(void **state)
{
	static const char *const names[] = { "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
					     "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip" };
	const struct arch *arch = &arch_x86_64;

	(void)state;
	for (int dwarf = 0; dwarf <= 16; dwarf++) {
		unsigned found = 0;

		for (unsigned i = 0; i < arch->nr_registers; i++)
			if (arch->registers[i].dwarf == dwarf) {
				assert_string_equal(arch->registers[i].name, names[dwarf]);
				found++;
			}
		assert_int_equal(found, 1);
	}
	assert_string_equal(arch->registers[arch->pc].name, "rip");
	assert_string_equal(arch->registers[arch->sp].name, "rsp");
	assert_string_equal(arch->registers[arch->fp].name, "rbp");
}

static void test_find(void **state)
{
	(void)state;
	assert_ptr_equal(arch_find(EM_X86_64), &arch_x86_64);
	assert_null(arch_find(EM_NONE));
}

/* struct elf_prstatus: 112 bytes of process data, then struct user_regs_struct. */
struct prstatus {
	uint8_t before[32];
	uint32_t pid;
	uint8_t between[76];
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs,
		eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
	uint32_t fpvalid, pad;
};

static void test_prstatus(void **state)
{
	struct prstatus note = { .pid = 4711, .r15 = 15, .r14 = 14, .r13 = 13, .r12 = 12, .rbp = 6, .rbx = 3,
				 .r11 = 11, .r10 = 10, .r9 = 9, .r8 = 8, .rax = 100, .rcx = 102, .rdx = 101,
				 .rsi = 104, .rdi = 105, .orig_rax = UINT64_MAX, .rip = 0xffffffff81000000,
				 .cs = 0x10, .eflags = 0x246, .rsp = 0xffffc90000001000, .ss = 0x18,
				 .fs_base = 0x7f01, .gs_base = 0x7f02, .ds = 1, .es = 2, .fs = 3, .gs = 4 };
	const uint64_t expected[] = { 100, 3, 102, 101, 104, 105, 6, 0xffffc90000001000, 8, 9, 10, 11, 12,
				      13, 14, 15, 0xffffffff81000000, 0x246, 0x10, 0x18, 1, 2, 3, 4 };
	struct registers registers = { 0 };
	struct error error;
	uint32_t pid;

	(void)state;
	assert_int_equal(sizeof(note), 336);	/* what every x86_64 core file has */
	assert_true(arch_x86_64.prstatus_registers((uint8_t *)&note, sizeof(note), &registers, &error));
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_true(valid(&registers, i));
		assert_int_equal(registers.value[i], expected[i]);
	}
	/* Kernel mode: the bases in the note are the user's. The x87 registers are never known. */
	for (unsigned i = X86_ST0; i < X86_NR_REGISTERS; i++)
		assert_false(valid(&registers, i));
	assert_false(arch_x86_64.is_user(&registers));
	assert_true(arch_x86_64.prstatus_pid((uint8_t *)&note, sizeof(note), &pid));
	assert_int_equal(pid, 4711);

	note.cs = 0x33;
	memset(&registers, 0, sizeof(registers));
	assert_false(arch_x86_64.is_user(&registers));
	assert_true(arch_x86_64.prstatus_registers((uint8_t *)&note, sizeof(note), &registers, &error));
	assert_true(arch_x86_64.is_user(&registers));
	assert_true(valid(&registers, X86_FS_BASE) && valid(&registers, X86_GS_BASE));
	assert_int_equal(registers.value[X86_FS_BASE], 0x7f01);
	assert_int_equal(registers.value[X86_GS_BASE], 0x7f02);

	assert_true(arch_x86_64.prstatus_registers((uint8_t *)&note, 112 + 27 * 8, &registers, &error));
	assert_false(arch_x86_64.prstatus_registers((uint8_t *)&note, 112 + 27 * 8 - 1, &registers, &error));
	assert_int_equal(error.kind, ERROR_FORMAT);
	assert_false(arch_x86_64.prstatus_pid((uint8_t *)&note, 35, &pid));
}

static void test_qemu(void **state)
{
	struct image_qemu_state note = { .version = 1, .size = sizeof(note), .rax = 1, .rbx = 2, .rcx = 3,
		.rdx = 4, .rsi = 5, .rdi = 6, .rsp = 8, .rbp = 7, .r8 = 9, .r15 = 16, .rip = 17, .rflags = 18,
		.cs = { .selector = 19 }, .ss = { .selector = 20 }, .ds = { .selector = 21 },
		.es = { .selector = 22 }, .fs = { .selector = 23, .base = 43 },
		.gs = { .selector = 24, .base = 44 }, .cr = { 45, 0, 46, 47, 48 } };
	static const struct { unsigned index; uint64_t value; } expected[] = {
		{ X86_RAX, 1 }, { X86_RBX, 2 }, { X86_RCX, 3 }, { X86_RDX, 4 }, { X86_RSI, 5 }, { X86_RDI, 6 },
		{ X86_RBP, 7 }, { X86_RSP, 8 }, { X86_R8, 9 }, { X86_R15, 16 }, { X86_RIP, 17 },
		{ X86_EFLAGS, 18 }, { X86_CS, 19 }, { X86_SS, 20 }, { X86_DS, 21 }, { X86_ES, 22 },
		{ X86_FS, 23 }, { X86_GS, 24 }, { X86_FS_BASE, 43 }, { X86_GS_BASE, 44 }, { X86_CR0, 45 },
		{ X86_CR2, 46 }, { X86_CR3, 47 }, { X86_CR4, 48 },
	};
	struct registers registers = { 0 };
	struct error error;

	(void)state;
	assert_true(arch_x86_64.qemu_registers((uint8_t *)&note, sizeof(note), &registers, &error));
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_true(valid(&registers, expected[i].index));
		assert_int_equal(registers.value[expected[i].index], expected[i].value);
	}
	assert_false(valid(&registers, X86_ST0));
	/* Notes before kernel_gs_base was added, and ones that are too short. */
	note.size = 432;
	assert_true(arch_x86_64.qemu_registers((uint8_t *)&note, 432, &registers, &error));
	assert_false(arch_x86_64.qemu_registers((uint8_t *)&note, 431, &registers, &error));
	note.size = 8;
	assert_false(arch_x86_64.qemu_registers((uint8_t *)&note, sizeof(note), &registers, &error));
	assert_int_equal(error.kind, ERROR_FORMAT);
	assert_false(arch_x86_64.qemu_registers((uint8_t *)&note, 3, &registers, &error));
}

static struct image *with_words(uint64_t physical, const uint64_t *words, size_t count)
{
	struct image *image = image_four_levels();

	for (size_t i = 0; i < count; i++)
		image_put(image, physical + i * 8, words[i]);
	image_vmcoreinfo(image, FOUR_LEVELS_VMCOREINFO);
	image_open(image);
	return image;
}

static void test_pt_regs(void **state)
{
	/* r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss; FRED's high bits */
	static const uint64_t words[] = { 15, 14, 13, 12, 6, 1, 11, 10, 9, 8, 100, 2, 3, 4, 5, 77, 0x401000,
					  0x30033, 0x202, 0x7fff00, 0xabc00000002b };
	static const uint64_t expected[] = { 100, 1, 2, 3, 4, 5, 6, 0x7fff00, 8, 9, 10, 11, 12, 13, 14, 15,
					     0x401000, 0x202, 0x33, 0x2b };
	struct image *image = with_words(0x2000000, words, 21);
	struct registers registers = { 0 };
	struct error error;

	(void)state;
	assert_true(arch_x86_64.pt_regs(image->memory, DIRECT_MAP + 0x2000000, &registers, &error));
	for (unsigned i = 0; i < 20; i++) {
		assert_true(valid(&registers, i));
		assert_int_equal(registers.value[i], expected[i]);
	}
	assert_int_equal(registers.valid, (1u << 20) - 1);	/* nothing that pt_regs does not have */
	assert_true(arch_x86_64.is_user(&registers));
	assert_int_equal(arch_x86_64.pt_regs_size, 168);
	assert_false(arch_x86_64.pt_regs(image->memory, DIRECT_MAP + 0x9000000, &registers, &error));
	image_free(image);
}

static void test_task_registers(void **state)
{
	static const uint64_t words[] = { 0x246, 15, 14, 13, 12, 3, 6, 0xffffffff81001234, 0xffffffff81005678 };
	const uint64_t saved = 1ull << X86_R15 | 1ull << X86_R14 | 1ull << X86_R13 | 1ull << X86_R12 |
			       1ull << X86_RBX | 1ull << X86_RBP | 1ull << X86_RIP | 1ull << X86_RSP;
	struct image *image = with_words(0x2000000, words, 9);

	(void)state;
	/* 0: judged by the frame; the sizes as the kernel's types would say. */
	for (int i = 0; i < 4; i++) {
		bool flags = i & 1;
		uint64_t sp = DIRECT_MAP + 0x2000000 + (flags ? 0 : 8);
		struct registers registers = { 0 };

		image->memory->task_frame_size = i < 2 ? 0 : flags ? 64 : 56;
		assert_true(arch_x86_64.task_registers(image->memory, sp, &registers, NULL));
		assert_int_equal(registers.value[X86_R15], 15);
		assert_int_equal(registers.value[X86_R12], 12);
		assert_int_equal(registers.value[X86_RBX], 3);
		assert_int_equal(registers.value[X86_RBP], 6);
		assert_int_equal(registers.value[X86_RIP], 0xffffffff81001234);
		assert_int_equal(registers.value[X86_RSP], DIRECT_MAP + 0x2000040);
		assert_int_equal(registers.valid, saved | (flags ? 1ull << X86_EFLAGS : 0));
	}
	image_free(image);
}

static void test_task_registers_errors(void **state)
{
	struct image *image = with_words(0x2000000, NULL, 0);
	struct registers registers = { 0 };
	struct error error;

	(void)state;
	assert_false(arch_x86_64.task_registers(image->memory, 0, &registers, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	assert_false(arch_x86_64.task_registers(image->memory, DIRECT_MAP + 4, &registers, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	assert_false(arch_x86_64.task_registers(image->memory, DIRECT_MAP + 0x9000000, &registers, &error));
	assert_true(error_is_missing_memory(&error));
	assert_int_equal(registers.valid, 0);
	image_free(image);
}

/* Stock gdb takes the description: it knows the registers afterwards, with the right types. */
static void test_gdb_accepts(void **state)
{
	char path[] = "/tmp/test-arch-tdesc-XXXXXX", command[512], line[256], all[8192] = "";
	int fd = mkstemp(path);
	FILE *pipe;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, arch_x86_64.target_xml, strlen(arch_x86_64.target_xml)),
			 strlen(arch_x86_64.target_xml));
	close(fd);
	snprintf(command, sizeof(command),
		 "LC_ALL=C ASAN_OPTIONS= gdb -nx -batch -ex 'set tdesc filename %s' -ex 'show architecture' "
		 "-ex 'show osabi' -ex 'maint print registers' 2>&1", path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		static const char *const wanted[] = { "architecture", "OS ABI", "warning", " cr4 ", " fs_base " };

		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (strstr(line, wanted[i]) && strlen(all) + strlen(line) < sizeof(all))
				strcat(all, line);
	}
	if (pclose(pipe) != 0 && !strstr(all, "architecture")) {
		unlink(path);
		skip();		/* no gdb here */
	}
	unlink(path);
	assert_null(strstr(all, "warning"));
	assert_non_null(strstr(all, "i386:x86-64"));
	assert_non_null(strstr(all, "\"none\""));
	assert_non_null(strstr(all, " cr4 "));
	assert_non_null(strstr(all, " fs_base "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_description_is_the_table),
		cmocka_unit_test(test_dwarf_numbers),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_prstatus),
		cmocka_unit_test(test_qemu),
		cmocka_unit_test(test_pt_regs),
		cmocka_unit_test(test_task_registers),
		cmocka_unit_test(test_task_registers_errors),
		cmocka_unit_test(test_gdb_accepts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
