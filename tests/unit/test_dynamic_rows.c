// SPDX-License-Identifier: GPL-3.0-or-later
/* modules/dynamic_code.c and stacks/dynamic_rows.c on hand-made lists and code, instruction by instruction. */
#include "test_kernel_image.h"

#include "kernel/modules/dynamic_code.h"
#include "kernel/modules/symbolize.h"
#include "kernel/stacks/dynamic_rows.h"

#define AT(offset) (IMAGE_BASE + (offset))

enum { TEXT = 0x100000, CALLER = TEXT, PROBED = TEXT + 0x100, LISTS = 0x1000, PROGRAMS = 0x2000, OPS = 0x3000,
       PROBES = 0x4000, PROGRAM = 0x10000, TRAMPOLINE = 0x20000, SLOTS = 0x30000, OPT_SLOTS = 0x31000 };
enum { LIST_BPF = LISTS, LIST_OPS = LISTS + 0x20, CACHE = LISTS + 0x40, OPT_CACHE = LISTS + 0x80, TABLE = LISTS + 0x100,
       AGGREGATE = TEXT + 0x800, ITS = LISTS + 0x400, THUNKS = 0x40000, THUNK = THUNKS + 0x20, AREAS = LISTS + 0x500,
       NODES = LISTS + 0x600, BPF_ALLOC = TEXT + 0x900 };

static const struct image_member members[] = {
	MEMBER("list_head", "next", 0, 8), MEMBER("hlist_node", "next", 0, 8),
	MEMBER("bpf_ksym", "start", 0, 8), MEMBER("bpf_ksym", "end", 8, 8), MEMBER("bpf_ksym", "name", 16, 64),
	MEMBER("bpf_ksym", "lnode", 80, 16),
	MEMBER("ftrace_ops", "next", 0, 8), MEMBER("ftrace_ops", "trampoline", 8, 8),
	MEMBER("ftrace_ops", "trampoline_size", 16, 8), MEMBER("ftrace_ops", "flags", 24, 8),
	MEMBER("kprobe", "hlist", 0, 16), MEMBER("kprobe", "addr", 16, 8), MEMBER("kprobe", "pre_handler", 24, 8),
	MEMBER("kprobe", "ainsn.insn", 32, 8),
	MEMBER("optimized_kprobe", "kp", 0, 64), MEMBER("optimized_kprobe", "optinsn.insn", 64, 8),
	MEMBER("optimized_kprobe", "optinsn.size", 72, 8),
	MEMBER("kprobe_insn_cache", "pages", 0, 16), MEMBER("kprobe_insn_cache", "insn_size", 16, 8),
	MEMBER("kprobe_insn_page", "list", 0, 16), MEMBER("kprobe_insn_page", "insns", 16, 8),
	MEMBER("its_array", "pages", 0, 8), MEMBER("its_array", "num", 8, 4),
	MEMBER("vmap_area", "va_start", 0, 8), MEMBER("vmap_area", "va_end", 8, 8), MEMBER("vmap_area", "list", 16, 16),
	MEMBER("vmap_area", "vm", 32, 8), MEMBER("vm_struct", "caller", 0, 8), MEMBER("vmap_node", "busy.head", 8, 16),
	SIZE_OF("vmap_node", 32),
	{ NULL, NULL, { 0 } }
};

/* ftrace_caller: 8, from 4 on 0xb0; the probed function: 0x28, from 5 on 0x30. */
static uint64_t addresses[] = { AT(CALLER), AT(CALLER) + 4, AT(CALLER) + 0x20, AT(PROBED), AT(PROBED) + 5, AT(TEXT) + 0x200 };
static struct orc_row orc[] = {
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = 8 },
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = 0xb0 },
	{ .type = ORC_TYPE_UNKNOWN },
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = 0x28 },
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = 0x30 },
	{ .type = ORC_TYPE_UNKNOWN },
};

static void put(struct image *image, uint64_t offset, uint64_t value)
{
	image_put_number(image, offset, value, 8);
}

/* Both ways of an empty list, or of one with a single node. */
static void put_list(struct image *image, uint64_t head, uint64_t node)
{
	put(image, head, AT(node));
	put(image, node, AT(head));
}

static int make(void **state, const char *its_symbol, const char *areas_symbol)
{
	struct image *image = image_new(members, NULL);

	image_symbol(image, "bpf_kallsyms", LIST_BPF, 16);
	image_symbol(image, "ftrace_ops_list", LIST_OPS, 8);
	image_symbol(image, "ftrace_caller", CALLER, 0x10);
	image_symbol(image, "ftrace_caller_end", CALLER + 0x10, 0x10);
	image_symbol(image, "kprobe_insn_slots", CACHE, 0x40);
	image_symbol(image, "kprobe_optinsn_slots", OPT_CACHE, 0x40);
	image_symbol(image, "kprobe_table", TABLE, 0x200);
	image_symbol(image, "aggr_pre_handler", AGGREGATE, 8);
	image_symbol(image, its_symbol, ITS, 16);
	image_symbol(image, areas_symbol, AREAS, 16);
	image_symbol(image, "nr_vmap_nodes", AREAS + 0x20, 4);
	image_symbol(image, "bpf_jit_binary_alloc", BPF_ALLOC, 0x40);
	image_ready(image);
	image->kernel.orc = (struct orc_table){ addresses, orc, sizeof(orc) / sizeof(orc[0]) };
	image->kernel.orc_loaded = true;
	image->kernel.text_start = AT(TEXT);
	image->kernel.text_end = AT(TEXT) + 0x1000;
	put_list(image, LIST_BPF, LIST_BPF);
	put_list(image, CACHE, CACHE);
	put_list(image, OPT_CACHE, OPT_CACHE);
	put_list(image, AREAS, AREAS);
	put(image, CACHE + 16, 16);
	put(image, OPT_CACHE + 16, 160);
	*state = image;
	return 0;
}

/* A kernel that keeps no list of its own thunks, and one that does. */
static int setup(void **state) { return make(state, "its_mitigation", "vmap_area_list"); }
static int setup_its_pages(void **state) { return make(state, "its_pages", "vmap_area_list"); }
static int setup_nodes(void **state) { return make(state, "its_mitigation", "vmap_nodes"); }

static int teardown(void **state)
{
	struct image *image = *state;

	kernel_forget(&image->kernel);
	image_free(image);
	return 0;
}

static const struct orc_row *row(struct image *image, uint64_t offset)
{
	return orc_find(dynamic_rows(&image->kernel), AT(offset));
}

static void assert_row(struct image *image, uint64_t offset, unsigned type, unsigned base, int sp_offset)
{
	const struct orc_row *found = row(image, offset);

	assert_non_null(found);
	assert_int_equal(found->type, type);
	if (type == ORC_TYPE_UNKNOWN)
		return;
	assert_int_equal(found->sp_base, base);
	assert_int_equal(found->sp_offset, sp_offset);
}

static void put_program(struct image *image, const void *code, size_t size, const char *name)
{
	put_list(image, LIST_BPF, PROGRAMS + 80);
	put(image, PROGRAMS, AT(PROGRAM));
	put(image, PROGRAMS + 8, AT(PROGRAM) + size);
	image_put_string(image, PROGRAMS + 16, name);
	image_put(image, PROGRAM, code, size);
}

static void test_bpf_program(void **state)
{
	/* nopl; xchg ax, ax; push rbp; mov rbp, rsp; call; xor eax, eax; leave; ret; int3; jmp back; int3 */
	static const uint8_t code[] = { 0x0f, 0x1f, 0x44, 0, 0, 0x66, 0x90, 0x55, 0x48, 0x89, 0xe5, 0xe8, 1, 2, 3, 4,
					0x31, 0xc0, 0xc9, 0xc3, 0xcc, 0xeb, 0xf0, 0xcc };
	struct image *image = *state;
	char name[64];

	put_program(image, code, sizeof(code), "bpf_prog_6deef7357e7b4530_x");
	assert_row(image, PROGRAM, ORC_TYPE_FRAME, ORC_BASE_SP, 8);
	assert_row(image, PROGRAM + 7, ORC_TYPE_FRAME, ORC_BASE_SP, 8);	/* at the push */
	assert_row(image, PROGRAM + 8, ORC_TYPE_FRAME, ORC_BASE_SP, 16);
	assert_row(image, PROGRAM + 11, ORC_TYPE_FRAME, ORC_BASE_BP, 16);
	assert_row(image, PROGRAM + 18, ORC_TYPE_FRAME, ORC_BASE_BP, 16);	/* at the leave */
	assert_row(image, PROGRAM + 19, ORC_TYPE_FRAME, ORC_BASE_SP, 8);	/* at the ret */
	assert_row(image, PROGRAM + 20, ORC_TYPE_FRAME, ORC_BASE_BP, 16);	/* behind it the program goes on */
	assert_row(image, PROGRAM + sizeof(code), ORC_TYPE_UNKNOWN, 0, 0);
	assert_non_null(kernel_symbolize(&image->kernel, AT(PROGRAM) + 16, name, sizeof(name)));
	assert_string_equal(name, "bpf_prog_6deef7357e7b4530_x+0x10");
	assert_null(dynamic_code_at(&image->kernel, AT(PROGRAM) + sizeof(code)));
	assert_null(dynamic_code_at(&image->kernel, AT(PROGRAM) - 1));
}

static void test_bpf_dispatcher(void **state)
{
	static const uint8_t code[] = { 0x48, 0x81, 0xfa, 0, 0, 0, 0, 0xff, 0xe2 };
	struct image *image = *state;

	put_program(image, code, sizeof(code), "bpf_dispatcher_xdp");
	assert_row(image, PROGRAM + 7, ORC_TYPE_FRAME, ORC_BASE_SP, 8);
}

/* push rbp; mov rbp, rsp; xor eax, eax; leave; ret */
static const uint8_t filter[] = { 0x55, 0x48, 0x89, 0xe5, 0x31, 0xc0, 0xc9, 0xc3 };
enum { FILTER = PROGRAM + 0x20, AREA = AREAS + 0x40 };

/* An area of a page on the list at HEAD that CALLER asked for: its header, int3, FILTER, int3. */
static void put_area(struct image *image, uint64_t head, uint64_t caller)
{
	for (size_t i = 4; i < 4096; i++)
		image_put_number(image, PROGRAM + i, 0xcc, 1);
	image_put_number(image, PROGRAM, 1, 4);
	image_put(image, FILTER, filter, sizeof(filter));
	put(image, AREA, AT(PROGRAM));
	put(image, AREA + 8, AT(PROGRAM) + 4096);
	put_list(image, head, AREA + 16);
	put(image, AREA + 32, AT(AREA + 0x40));
	put(image, AREA + 0x40, caller);
}

static void assert_filter(struct image *image)
{
	char name[64];

	assert_row(image, FILTER, ORC_TYPE_FRAME, ORC_BASE_SP, 8);
	assert_row(image, FILTER + 1, ORC_TYPE_FRAME, ORC_BASE_SP, 16);
	assert_row(image, FILTER + 4, ORC_TYPE_FRAME, ORC_BASE_BP, 16);
	assert_null(dynamic_code_at(&image->kernel, AT(FILTER) - 1));
	assert_non_null(kernel_symbolize(&image->kernel, AT(FILTER) + 4, name, sizeof(name)));
	assert_string_equal(name, "bpf_prog+0x4");
	assert_int_equal(dynamic_codes_get(&image->kernel)->damage.kind, ERROR_NONE);
}

static void test_filter_that_is_not_listed(void **state)
{
	struct image *image = *state;

	/* A return address can be behind the last instruction of who called. */
	put_area(image, AREAS, AT(BPF_ALLOC) + 0x40);
	assert_filter(image);
}

static void test_filter_in_the_second_node(void **state)
{
	struct image *image = *state;

	put(image, AREAS, AT(NODES));
	image_put_number(image, AREAS + 0x20, 2, 4);
	put_list(image, NODES + 8, NODES + 8);
	put_area(image, NODES + 32 + 8, AT(BPF_ALLOC) + 5);
	assert_filter(image);
}

/* What lies in the first node is lost, and that is said. */
static void test_node_that_cannot_be_read(void **state)
{
	struct image *image = *state;

	put(image, AREAS, AT(NODES));
	image_put_number(image, AREAS + 0x20, 2, 4);
	put(image, NODES + 8, AT(IMAGE_SIZE));
	put_area(image, NODES + 32 + 8, AT(BPF_ALLOC) + 5);
	assert_non_null(dynamic_code_at(&image->kernel, AT(FILTER)));
	assert_non_null(strstr(dynamic_codes_get(&image->kernel)->damage.text, "BPF programs may be missing"));
}

/* Somebody else's area, and one of a program that has a name. */
static void test_areas_of_others(void **state)
{
	struct image *image = *state;
	char name[64];

	put_area(image, AREAS, AT(CALLER) + 4);
	assert_null(dynamic_code_at(&image->kernel, AT(FILTER)));
	kernel_forget(&image->kernel);
	put_area(image, AREAS, AT(BPF_ALLOC) + 5);
	put_list(image, LIST_BPF, PROGRAMS + 80);
	put(image, PROGRAMS, AT(FILTER));
	put(image, PROGRAMS + 8, AT(FILTER) + sizeof(filter));
	image_put_string(image, PROGRAMS + 16, "bpf_prog_6deef7357e7b4530_x");
	assert_non_null(kernel_symbolize(&image->kernel, AT(FILTER) + 4, name, sizeof(name)));
	assert_string_equal(name, "bpf_prog_6deef7357e7b4530_x+0x4");
	assert_int_equal(dynamic_codes_get(&image->kernel)->count, 1);
}

static void test_ftrace_trampoline(void **state)
{
	struct image *image = *state;

	put(image, LIST_OPS, AT(OPS));
	put(image, OPS, AT(OPS + 0x100));	/* then one without a trampoline, then the end */
	put(image, OPS + 8, AT(TRAMPOLINE));
	put(image, OPS + 16, 0x10 + 5 + 8);
	assert_row(image, TRAMPOLINE, ORC_TYPE_FRAME, ORC_BASE_SP, 8);
	assert_row(image, TRAMPOLINE + 4, ORC_TYPE_FRAME, ORC_BASE_SP, 0xb0);
	assert_row(image, TRAMPOLINE + 0xf, ORC_TYPE_FRAME, ORC_BASE_SP, 0xb0);
	assert_row(image, TRAMPOLINE + 0x10, ORC_TYPE_FRAME, ORC_BASE_SP, 8);	/* the return behind the copy */
	assert_row(image, TRAMPOLINE + 0x1d, ORC_TYPE_UNKNOWN, 0, 0);
}

/* As a 6.1 kernel has made one, but for the registers between the first and the last. */
static const uint8_t slot_code[] = {
	0x6a, 0x18, 0x54, 0x9c, 0x0f, 0x01, 0xca, 0x48, 0x83, 0xec, 0x18,	/* push ss, rsp, flags; clac; sub rsp, 24 */
	0x57, 0x41, 0x57,							/* push rdi, r15 */
	0x48, 0x89, 0xe6, 0x48, 0xbf, 1, 2, 3, 4, 5, 6, 7, 8, 0xe8, 1, 2, 3, 4,	/* mov rsi, rsp; mov rdi, op; call */
	0x48, 0x8b, 0x94, 0x24, 0x90, 0, 0, 0, 0x48, 0x89, 0x94, 0x24, 0xa0, 0, 0, 0,
	0x41, 0x5f, 0x5f, 0x48, 0x83, 0xc4, 0x18, 0x48, 0x83, 0xc4, 0x10, 0x9d,	/* pop r15, rdi; add rsp; popf */
	0x0f, 0x1f, 0x44, 0, 0, 0xe9, 1, 2, 3, 4,				/* the copy, the jump back */
};
enum { AFTER_CALL = 32, COPY = 60 };

static void put_probe(struct image *image, bool optimized)
{
	put(image, TABLE + 7 * 8, AT(PROBES));
	put(image, PROBES + 16, AT(PROBED));
	put(image, PROBES + 24, optimized ? AT(AGGREGATE) : 0);
	put(image, PROBES + 32, AT(SLOTS));
	put(image, PROBES + 64, AT(OPT_SLOTS));
	put(image, PROBES + 72, 5);
	put_list(image, CACHE, PROBES + 0x100);
	put(image, PROBES + 0x100 + 16, AT(SLOTS));
	put_list(image, OPT_CACHE, PROBES + 0x200);
	put(image, PROBES + 0x200 + 16, AT(OPT_SLOTS));
	image_put(image, OPT_SLOTS, slot_code, sizeof(slot_code));
}

static void test_optimized_kprobe(void **state)
{
	struct image *image = *state;
	char name[64];

	put_probe(image, true);
	assert_row(image, OPT_SLOTS, ORC_TYPE_FRAME, ORC_BASE_SP, 0x28);
	assert_row(image, OPT_SLOTS + 2, ORC_TYPE_FRAME, ORC_BASE_SP, 0x30);	/* one word was pushed */
	assert_row(image, OPT_SLOTS + 11, ORC_TYPE_FRAME, ORC_BASE_SP, 0x28 + 0x30);
	assert_row(image, OPT_SLOTS + 14, ORC_TYPE_FRAME, ORC_BASE_SP, 0x28 + 0x40);
	/* Where the call returns to, and before that, where the return address is looked up. */
	assert_row(image, OPT_SLOTS + AFTER_CALL - 1, ORC_TYPE_PT_REGS, ORC_BASE_SP, 0);
	assert_row(image, OPT_SLOTS + AFTER_CALL, ORC_TYPE_PT_REGS, ORC_BASE_SP, 0);
	assert_true(row(image, OPT_SLOTS + AFTER_CALL)->signal);
	assert_row(image, OPT_SLOTS + AFTER_CALL + 18, ORC_TYPE_FRAME, ORC_BASE_SP, 0x28 + 0x38);
	assert_row(image, OPT_SLOTS + COPY, ORC_TYPE_FRAME, ORC_BASE_SP, 0x28);
	assert_row(image, OPT_SLOTS + COPY + 5, ORC_TYPE_FRAME, ORC_BASE_SP, 0x30);	/* as behind the original */
	assert_row(image, OPT_SLOTS + 160, ORC_TYPE_UNKNOWN, 0, 0);
	assert_non_null(kernel_symbolize(&image->kernel, AT(OPT_SLOTS) + 0x20, name, sizeof(name)));
	assert_string_equal(name, "kprobe_optinsn_page+0x20");
}

/* One that is not what the kernel makes: nothing is said of what follows. */
static void test_unknown_instruction_in_a_slot(void **state)
{
	struct image *image = *state;

	put_probe(image, true);
	image_put_number(image, OPT_SLOTS + 11, 0xf4, 1);
	assert_row(image, OPT_SLOTS + 7, ORC_TYPE_FRAME, ORC_BASE_SP, 0x28 + 0x18);
	assert_row(image, OPT_SLOTS + 12, ORC_TYPE_UNKNOWN, 0, 0);
	assert_row(image, OPT_SLOTS + AFTER_CALL, ORC_TYPE_UNKNOWN, 0, 0);
}

static void test_kprobe_slot(void **state)
{
	const int32_t distance = (int32_t)(AT(PROBED) + 5 - (AT(SLOTS) + 10));
	struct image *image = *state;

	put_probe(image, false);
	image_put(image, SLOTS, "\x0f\x1f\x44\0\0\xe9", 6);
	image_put_number(image, SLOTS + 6, (uint32_t)distance, 4);
	assert_row(image, SLOTS, ORC_TYPE_FRAME, ORC_BASE_SP, 0x28);
	assert_row(image, SLOTS + 5, ORC_TYPE_FRAME, ORC_BASE_SP, 0x30);
	assert_row(image, SLOTS + 16, ORC_TYPE_UNKNOWN, 0, 0);
	assert_row(image, OPT_SLOTS, ORC_TYPE_UNKNOWN, 0, 0);
}

static void put_thunks(struct image *image)
{
	for (size_t i = 0; i < 4096; i++)
		image_put_number(image, THUNKS + i, 0xcc, 1);
	image_put(image, THUNK, "\x41\xff\xe3\xcc", 4);	/* jmp *r11 */
}

static void call(struct image *image, uint64_t from, uint64_t to)
{
	image_put_number(image, from, 0xe8, 1);
	image_put_number(image, from + 1, (uint32_t)(to - from - 5), 4);
}

static void test_thunks_that_are_listed(void **state)
{
	struct image *image = *state;
	char name[64];

	put_thunks(image);
	put(image, ITS, AT(ITS + 0x100));
	put(image, ITS + 8, 1);
	put(image, ITS + 0x100, AT(THUNKS));
	assert_row(image, THUNK, ORC_TYPE_FRAME, ORC_BASE_SP, 8);
	assert_non_null(kernel_symbolize(&image->kernel, AT(THUNK), name, sizeof(name)));
	assert_string_equal(name, "its_thunks+0x20");
}

static void test_thunks_that_are_called(void **state)
{
	struct image *image = *state;

	put_thunks(image);
	put(image, ITS, 1);
	call(image, TEXT + 0x300, THUNK);
	call(image, TEXT + 0x305, THUNK);
	assert_row(image, THUNK + 1, ORC_TYPE_FRAME, ORC_BASE_SP, 8);
	assert_int_equal(dynamic_codes_get(&image->kernel)->count, 1);
}

/* Not where the kernel makes none, and not what only looks a little like one. */
static void test_no_thunks(void **state)
{
	struct image *image = *state;

	put_thunks(image);
	image_put_number(image, THUNKS + 0x10, 0x90, 1);
	put(image, ITS, 1);
	call(image, TEXT + 0x300, THUNK);
	assert_null(dynamic_code_at(&image->kernel, AT(THUNK)));
	put_thunks(image);
	put(image, ITS, 0);
	kernel_forget(&image->kernel);
	assert_null(dynamic_code_at(&image->kernel, AT(THUNK)));
	put(image, ITS, 1);
	kernel_forget(&image->kernel);
	assert_non_null(dynamic_code_at(&image->kernel, AT(THUNK)));
}

static void test_damage_is_said(void **state)
{
	struct image *image = *state;

	put(image, LIST_BPF, AT(IMAGE_SIZE));
	put_probe(image, true);
	assert_row(image, OPT_SLOTS, ORC_TYPE_FRAME, ORC_BASE_SP, 0x28);	/* the rest is there */
	assert_non_null(strstr(dynamic_codes_get(&image->kernel)->damage.text, "BPF programs may be missing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bpf_program, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bpf_dispatcher, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filter_that_is_not_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filter_in_the_second_node, setup_nodes, teardown),
		cmocka_unit_test_setup_teardown(test_node_that_cannot_be_read, setup_nodes, teardown),
		cmocka_unit_test_setup_teardown(test_areas_of_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ftrace_trampoline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_optimized_kprobe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_instruction_in_a_slot, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kprobe_slot, setup, teardown),
		cmocka_unit_test_setup_teardown(test_thunks_that_are_listed, setup_its_pages, teardown),
		cmocka_unit_test_setup_teardown(test_thunks_that_are_called, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_thunks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage_is_said, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
