// SPDX-License-Identifier: GPL-3.0-or-later
/* bt on hand-made stacks: what is printed around the frames, who is chosen, and equal stacks
 * counted once. */
#include "test_command_image.h"

#include "kernel/modules/module.h"

#define TEXT 0xffffffff81000000ull

enum { LEAF = 0x000, BIG = 0x100, ENTRY = 0x300, END = 0x400, UNKNOWN = 0x500, LAST = 0x600 };

static uint64_t addresses[] = { TEXT + LEAF, TEXT + BIG,     TEXT + ENTRY,
				TEXT + END,  TEXT + UNKNOWN, TEXT + LAST };
static struct orc_row rows[] = {
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = 8 },
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = 0x28 },
	{ .type = ORC_TYPE_PT_REGS, .sp_base = ORC_BASE_SP, .signal = true },
	{ .type = ORC_TYPE_END },
	{ .type = ORC_TYPE_UNKNOWN },
	{ .type = ORC_TYPE_END },
};

#define FUNCTION(text_, name_)                                                                     \
	{                                                                                          \
		.address = TEXT + text_, .size = 0x100, .name = name_, .letter = 't',              \
		.function = true                                                                   \
	}

static const struct symbol symbols[] = {
	FUNCTION(LEAF, "leaf"), FUNCTION(BIG, "big"),	      FUNCTION(ENTRY, "entry"),
	FUNCTION(END, "end"),	FUNCTION(UNKNOWN, "unknown"),
};

static void put(struct command_image *set, uint64_t offset, uint64_t value)
{
	image_put_number(set->image, offset, value, 8);
}

/* What a switch-out leaves at thread.sp: six callee-saved registers, then where to go on. */
static void put_switched(struct command_image *set, unsigned task, uint64_t pc)
{
	put(set, STACK(task) + 0x3f30, pc);
}

/* leaf, called by big, called by end. */
static void put_sleeper(struct command_image *set, unsigned task)
{
	put_switched(set, task, TEXT + LEAF + 4);
	put(set, STACK(task) + 0x3f38, TEXT + BIG + 0x10);
	put(set, STACK(task) + 0x3f48, IMAGE_BASE + TASKS + 0x20);	/* points into init_task */
	put(set, STACK(task) + 0x3f50, TEXT + LEAF); /* a function's start: nobody returns there */
	put(set, STACK(task) + 0x3f60, TEXT + END + 4);
}

static void put_pt_regs(struct command_image *set, uint64_t at, uint64_t pc, uint64_t cs,
			uint64_t sp)
{
	put(set, at + 4 * 8, 0xb9);		/* rbp */
	put(set, at + 10 * 8, 0xa1);		/* rax */
	put(set, at + 15 * 8, cs == 0x33 ? 2 : UINT64_MAX);
	put(set, at + 16 * 8, pc);
	put(set, at + 17 * 8, cs);
	put(set, at + 18 * 8, 0x246);
	put(set, at + 19 * 8, sp);
	put(set, at + 20 * 8, cs == 0x33 ? 0x2b : 0x18);
}

static void set_registers(struct cpu *cpu, uint64_t pc, uint64_t sp)
{
	cpu->registers_source = CPU_REGISTERS_NOTE;
	cpu->registers = (struct registers){ .valid = 1ull << X86_RIP | 1ull << X86_RSP | 1ull << X86_CS };
	/* A note has CS; what a switch-out saved has not. */
	cpu->registers.value[X86_CS] = pc >> 63 ? 0x10 : 0x33;
	cpu->registers.value[X86_RIP] = pc;
	cpu->registers.value[X86_RSP] = sp;
}

static int setup(void **state)
{
	struct command_image *set =
		command_image_new(symbols, sizeof(symbols) / sizeof(symbols[0]));
	struct kernel *kernel = &set->image->kernel;
	uint64_t handler = STACK(3) + 0x3000, interrupted = STACK(3) + 0x3800;

	kernel->orc = (struct orc_table){ addresses, rows, sizeof(rows) / sizeof(rows[0]) };
	kernel->orc_loaded = true;
	kernel->text_start = TEXT;
	kernel->text_end = TEXT + 0x1000;
	kernel->memory->task_frame_size = 7 * 8;
	for (unsigned i = 0; i < NR_TEST_TASKS; i++)
		put_sleeper(set, i);
	put_switched(set, 4, TEXT + UNKNOWN + 8);
	/* 900 runs on CPU 1: in leaf, called by an interrupt's entry, which hit big, called by a
	 * system call's entry. */
	set_registers(&set->cpus[1], TEXT + LEAF, IMAGE_BASE + handler);
	put(set, handler, TEXT + ENTRY + 0x10);
	put_pt_regs(set, handler + 8, TEXT + BIG + 0x20, 0x10, IMAGE_BASE + interrupted);
	put(set, interrupted + 0x20, TEXT + ENTRY + 0x20);
	put_pt_regs(set, interrupted + 0x28, 0x401234, 0x33, 0x7ffc00001000);
	set->cpus[1].panicked = true;
	*state = set;
	return 0;
}

static int teardown(void **state)
{
	struct command_image *set = *state;

	command_image_free(set);
	return 0;
}

#define HEADING_1 "PID: 1        TASK: ffff888000012000  CPU: 0    COMMAND: \"init\"\n"
#define FRAMES_1 \
	" #0 [ffff88800008bf38] leaf+0x4 at ffffffff81000004\n" \
	" #1 [ffff88800008bf40] big+0x10 at ffffffff81000110\n" \
	" #2 [ffff88800008bf68] end+0x4 at ffffffff81000404\n"

static const char running[] =
	"PID: 900      TASK: ffff888000013000  CPU: 1    COMMAND: \"bash\"\n"
	"    RIP: ffffffff81000000  RSP: ffff88800008f000  RFLAGS: -\n"
	"    RAX: -  RBX: -  RCX: -\n"
	"    RDX: -  RSI: -  RDI: -\n"
	"    RBP: -   R8: -   R9: -\n"
	"    R10: -  R11: -  R12: -\n"
	"    R13: -  R14: -  R15: -\n"
	"    CS: 0010  SS: -\n"
	" #0 [ffff88800008f000] leaf+0x0 at ffffffff81000000\n"
	" #1 [ffff88800008f008] entry+0x10 at ffffffff81000310\n"
	"    [exception RIP: big+0x20]\n"
	"    RIP: ffffffff81000120  RSP: ffff88800008f800  RFLAGS: 00000246\n"
	"    RAX: 00000000000000a1  RBX: 0000000000000000  RCX: 0000000000000000\n"
	"    RDX: 0000000000000000  RSI: 0000000000000000  RDI: 0000000000000000\n"
	"    RBP: 00000000000000b9   R8: 0000000000000000   R9: 0000000000000000\n"
	"    R10: 0000000000000000  R11: 0000000000000000  R12: 0000000000000000\n"
	"    R13: 0000000000000000  R14: 0000000000000000  R15: 0000000000000000\n"
	"    ORIG_RAX: ffffffffffffffff  CS: 0010  SS: 0018\n"
	" #2 [ffff88800008f800] big+0x20 at ffffffff81000120\n"
	" #3 [ffff88800008f828] entry+0x20 at ffffffff81000320\n"
	"    RIP: 0000000000401234  RSP: 00007ffc00001000  RFLAGS: 00000246\n"
	"    RAX: 00000000000000a1  RBX: 0000000000000000  RCX: 0000000000000000\n"
	"    RDX: 0000000000000000  RSI: 0000000000000000  RDI: 0000000000000000\n"
	"    RBP: 00000000000000b9   R8: 0000000000000000   R9: 0000000000000000\n"
	"    R10: 0000000000000000  R11: 0000000000000000  R12: 0000000000000000\n"
	"    R13: 0000000000000000  R14: 0000000000000000  R15: 0000000000000000\n"
	"    ORIG_RAX: 0000000000000002  CS: 0033  SS: 002b\n";

static void sleeper(void **state)
{
	expect_text(*state, "bt 1", HEADING_1 FRAMES_1);
}

static void registers(void **state)
{
	expect_text(*state, "bt 900", running);
}

static void user_mode(void **state)
{
	struct command_image *set = *state;

	set_registers(&set->cpus[1], 0x401000, 0x7ffc00000000);
	set->cpus[1].registers.value[X86_CS] = 0x33;
	set->cpus[1].registers.valid |= 1ull << X86_CS;
	expect_part(set, "bt 900",
		    "\n    RIP: 0000000000401000  RSP: 00007ffc00000000  RFLAGS: -\n"
		    "    RAX: -  RBX: -  RCX: -\n");
	expect_part(set, "bt 900",
		    "\n    CS: 0033  SS: -\n"
		    " #0 [00007ffc00000000] (user space) at 0000000000401000\n");
}

static void end_is_told(void **state)
{
	struct command_image *set = *state;

	expect_part(set, "bt 30",
		    " #0 [ffff888000093f38] unknown+0x8 at ffffffff81000508\n"
		    "     stack ends: ");
	put(set, TASKS + 4 * TASK_SIZE + 0x48, 8);	/* thread.sp */
	kernel_forget(&set->image->kernel);
	expect_text(set, "bt 30",
		    "PID: 30       TASK: ffff888000014000  CPU: 0    COMMAND: \"kworker/0:1\"\n"
		    "     stack ends: its registers: the task's saved stack pointer 0x8 "
		    "is not one\n");
}

static void inferred(void **state)
{
	expect_part(*state, "bt -c 0",
		    "COMMAND: \"swapper/0\"\n"
		    "note: no registers of CPU 0 were saved in the dump; this is its task's last "
		    "switch-out, inferred and stale\n"
		    " #0 [");
}

static uint64_t select_init(void *context)
{
	(void)context;
	return TASK(2);
}

/* leaf() has two functions inlined in it, big() none. */
static size_t source_of(void *context, uint64_t pc, bool exact,
			const struct source_frame **frames_ret)
{
	static struct source_frame leaf[] = { { "a\n", "x//y.h", 0 },
					      { "b", NULL, 0 },
					      { "leaf", "l.c", 7 } };
	static struct source_frame big[] = { { "big", "b.c", 0 } };

	(void)context;
	assert_false(exact);
	leaf[0].line = big[0].line = pc & 0xff;
	*frames_ret = pc < TEXT + BIG ? leaf : big;
	return pc < TEXT + BIG ? ARRAY_SIZE(leaf) : pc < TEXT + END;
}

static void choice(void **state)
{
	const struct host host = { .selected_task = select_init };
	struct command_image *set = *state;
	char *text = run_line(set, "bt", &host);

	assert_string_equal(text, HEADING_1 FRAMES_1);
	free(text);
	expect_text(set, "bt", running);	/* nothing is selected: the one that panicked */
	expect_text(set, "bt -p", running);
	expect_part(set, "bt -a", "COMMAND: \"swapper/0\"");
	expect_part(set, "bt -a", running);
	expect_text(set, "bt -a -n idle", running);
	expect_part(set, "bt -g 901", running);
	expect_part(set, "bt -A", "COMMAND: \"zombie\\x1b[m\"");
	set->cpus[0].task = 0;
	expect_part(set, "bt -c 0-1",
		    "CPU: 0\nnote: CPU 0: its current task is not known: no rq.curr\n"
		    "     stack ends: the dump has no registers of CPU 0\n\nPID: 900 ");
	/* What was asked for and is not there makes it fail, after what is. */
	set->image->kernel.nr_cpu_ids = 3;
	expect_part(set, "bt -c 1-2", running);
	expect_part(set, "bt -c 1-2", "note: CPU 2: whether it was online cannot be read, and nothing is known of it\n");
	expect_part(set, "bt -c 1-2", "error: bt: 1 of the CPUs asked for has no stack");
	expect_part(set, "bt -c 2", "error: bt: 1 of the CPUs asked for has no stack");
	set->image->kernel.nr_cpu_ids = 2;
	expect_part(set, "bt -a 1",
		    "error: bt: -a, -c, -p, -A and words are different ways to say which tasks");
	expect_part(set, "bt -ut", "error: bt: -u, -t, -T, -r, -e and -v are different views");
	expect_part(set, "bt -ft 1", "error: bt: -f needs frames");
	expect_part(set, "bt -n 1", "error: bt: -n can leave out idle tasks only: -n idle");
}

static void lines(void **state)
{
	const struct host host = { .source = source_of };
	char *text = run_line(*state, "bt -l 1", &host);

	assert_string_equal(
		text,
		HEADING_1 " #0 [ffff88800008bf38] leaf+0x4 at ffffffff81000004\n"
			  "    a\\x0a at x/y.h:4\n"
			  "    (inlined by) b\n"
			  "    (inlined by) leaf at l.c:7\n"
			  " #1 [ffff88800008bf40] big+0x10 at ffffffff81000110\n    b.c:16\n"
			  " #2 [ffff88800008bf68] end+0x4 at ffffffff81000404\n");
	free(text);
}

static void words(void **state)
{
	expect_text(*state, "bt -f 1", HEADING_1
		    " #0 [ffff88800008bf38] leaf+0x4 at ffffffff81000004\n"
		    "    ffff88800008bf38: ffffffff81000110  big+0x10\n"
		    " #1 [ffff88800008bf40] big+0x10 at ffffffff81000110\n"
		    "    ffff88800008bf40: 0000000000000000\n"
		    "    ffff88800008bf48: ffff888000010020  init_task+0x20\n"
		    "    ffff88800008bf50: ffffffff81000000  leaf+0x0\n"
		    "    ffff88800008bf58: 0000000000000000\n"
		    "    ffff88800008bf60: ffffffff81000404  end+0x4\n"
		    " #2 [ffff88800008bf68] end+0x4 at ffffffff81000404\n");
	expect_text(*state, "bt -t 1",
		    HEADING_1 "    [ffff88800008bf38] big+0x10 at ffffffff81000110\n"
			      "    [ffff88800008bf60] end+0x4 at ffffffff81000404\n"
			      "note: these words only look like return addresses: some are left "
			      "over from earlier calls\n");
}

static void raw(void **state)
{
	struct command_image *set = *state;
	char *text = run_line(set, "bt -r 1", NULL);
	size_t count = 0;

	for (char *at = text; (at = strchr(at, '\n')); at++)
		count++;
	assert_int_equal(count, 1 + 0x4000 / 8);
	free(text);
	set->image->missing[(STACK(2) + 0x1000) / IMAGE_PAGE] = true;
	memory_forget_translations(set->image->kernel.memory);
	expect_part(set, "bt -r 1",
		    "    ffff888000088ff8: 0000000000000000\nnote: 4096 bytes of stack at "
		    "ffff888000089000: ");
	expect_part(set, "bt -r 1", "\n    ffff88800008a000: 0000000000000000\n");
}

/* Six sleepers (901 and 900 differ only in what runs), one unknown, one running; the biggest group
 * first. */
static void groups(void **state)
{
	static const char first[] =
		"6 tasks:  900 40; bash 901; init 1; swapper/0 0; swapper/1 0; zombie\\x1b[m 50\n"
		" #0 leaf+0x4 at ffffffff81000004\n"
		" #1 big+0x10 at ffffffff81000110\n"
		" #2 end+0x4 at ffffffff81000404\n\n"
		"1 task:  kworker/0:1 30\n"
		" #0 unknown+0x8 at ffffffff81000508\n"
		"     stack ends: ";
	struct command_image *set = *state;
	char *text = run_line(set, "bt -u", NULL);

	assert_int_equal(strncmp(text, first, strlen(first)), 0);
	assert_non_null(strstr(text, "\n\n1 task:  bash 900\n #0 leaf+0x0 at ffffffff81000000\n"));
	assert_null(strstr(text, "RIP:"));
	free(text);
	expect_part(set, "bt -u bash", "1 task:  bash 901\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(sleeper), TEST(registers), TEST(user_mode), TEST(end_is_told), TEST(inferred),
		TEST(choice),  TEST(lines),	TEST(words),	 TEST(raw),	    TEST(groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
