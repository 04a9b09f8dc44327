// SPDX-License-Identifier: GPL-3.0-or-later
/* ps on a hand-made kernel: what is selected, in which order, and how each view looks. */
#include "test_command_image.h"

static int setup(void **state)
{
	*state = command_image_new(NULL, 0);
	return 0;
}

static int teardown(void **state)
{
	command_image_free(*state);
	return 0;
}

/* How many lines of the output have PART in them. */
static size_t count_lines(struct command_image *set, const char *line, const char *part)
{
	char *text = run_line(set, line, NULL);
	size_t count = 0;

	for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n"))
		count += strstr(at, part) != NULL;
	free(text);
	return count;
}

/* Idle tasks by CPU, then by PID; > on the CPUs' tasks; brackets; escaped names. */
static void order(void **state)
{
	static const char *const lines[] = {
		">    0      0    0  ffff888000010000  RU", "[swapper/0]\n",
		"     0      0    1  ffff888000011000  RU", "[swapper/1]\n",
		"     1      0    0  ffff888000012000  IN", "  init\n",
		"    30      0    0  ffff888000014000  ID", "[kworker/0:1]\n",
		"    40    900    0  ffff888000016000  UN", "  900\n",
		"    50    900    0  ffff888000017000  ZO", "zombie\\x1b[m\n",
		">  900      1    1  ffff888000013000  RU", "  bash\n",
		"   901      1    0  ffff888000015000  IN", "  bash\n",
	};
	char *text = run_line(*state, "ps", NULL);
	char *at = strchr(text, '\n');

	assert_memory_equal(text, "   PID   PPID  CPU        TASK        ST  %MEM", 45);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		at = strstr(at, lines[i]);
		if (!at)
			fail_msg("no or not in order: %s\n%s", lines[i], text);
	}
	free(text);
}

static void filters(void **state)
{
	assert_int_equal(count_lines(*state, "ps -k", "["), 3);
	assert_int_equal(count_lines(*state, "ps -k", "bash"), 0);
	assert_int_equal(count_lines(*state, "ps -u", "swapper"), 0);
	assert_int_equal(count_lines(*state, "ps -u", "ffff8880"), 5);
	assert_int_equal(count_lines(*state, "ps -G bash", "bash"), 1);
	assert_int_equal(count_lines(*state, "ps -A", ">"), 2);
	assert_int_equal(count_lines(*state, "ps -A", "ffff8880"), 2);
	assert_int_equal(count_lines(*state, "ps -I", "swapper"), 0);
	assert_int_equal(count_lines(*state, "ps -I", "ffff8880"), 6);
	assert_int_equal(count_lines(*state, "ps -H", "COMM"), 0);
	assert_int_equal(count_lines(*state, "ps -H", "ffff8880"), 8);
	assert_int_equal(count_lines(*state, "ps -y fifo -Y", " FIFO "), 1);
	assert_int_equal(count_lines(*state, "ps -Y", "RSS"), 0);
	expect_part(*state, "ps -S -Y", "error: ps: -Y and -H are for the table, -S shows none");
	assert_int_equal(count_lines(*state, "ps -y fifo", "ffff8880"), 1);
	assert_int_equal(count_lines(*state, "ps -y 1", "kworker"), 1);
	assert_int_equal(count_lines(*state, "ps -y 0,FIFO", "ffff8880"), 8);
	assert_int_equal(count_lines(*state, "ps -y RR", "ffff8880"), 0);
	expect_part(*state, "ps -y RR", "note: no task is like that\n");
	expect_part(*state, "ps -y 12",
		    "error: ps: there is no scheduling policy \"12\"; they are 0 NORMAL");
}

static void selectors(void **state)
{
	assert_int_equal(count_lines(*state, "ps 900", "ffff888000013000"), 1);
	assert_int_equal(count_lines(*state, "ps 900", "ffff8880"), 1);
	assert_int_equal(count_lines(*state, "ps \\900", "ffff888000016000"), 1);
	assert_int_equal(count_lines(*state, "ps 0", "swapper"), 2);
	assert_int_equal(count_lines(*state, "ps ffff888000014000", "kworker"), 1);
	assert_int_equal(count_lines(*state, "ps 0xffff888000014000 1", "ffff8880"), 2);
	assert_int_equal(count_lines(*state, "ps bash", "bash"), 2);
	assert_int_equal(count_lines(*state, "ps bas", "bash"), 0);
	assert_int_equal(count_lines(*state, "ps '^[bk].*'", "ffff8880"), 3);
	expect_part(*state, "ps 77", "error: no task has the PID 77");
	expect_part(*state, "ps nobody", "error: nobody is no task's name");
	expect_part(*state, "ps 'x+'", "error: no task's name matches 'x+'");
	expect_part(*state, "ps '('", "error: '(' is not a regular expression");
}

static void stack_pointers(void **state)
{
	expect_part(*state, "ps -s 30", "KSTACKP");
	expect_part(*state, "ps -s 30", "ffff888000093f00");
	assert_int_equal(count_lines(*state, "ps -s 30", "ffff888000014000"), 0);
}

static void conflicts(void **state)
{
	expect_part(*state, "ps -pc", "error: ps: -p and -c are different views");
	expect_part(*state, "ps -ku", "error: ps: -k and -u leave nothing");
	expect_part(*state, "ps -C 1", "error: ps: -C goes with -l or -m only");
	expect_part(*state, "ps -st", "error: ps: -s is for the table");
	expect_part(*state, "ps -m -C 7", "error: there is no CPU 7: they are 0 to 1");
}

/* Now is CPU 1's clock, the later one: 5 s. */
static void last_run(void **state)
{
	expect_text(*state, "ps -m -u",
		    "[ 0 00:00:00.000] [RU] PID: 900   TASK: ffff888000013000 CPU: 1  bash\n"
		    "[ 0 00:00:01.000] [UN] PID: 40    TASK: ffff888000016000 CPU: 0  900\n"
		    "[ 0 00:00:02.000] [IN] PID: 901   TASK: ffff888000015000 CPU: 0  bash\n"
		    "[ 0 00:00:04.000] [IN] PID: 1     TASK: ffff888000012000 CPU: 0  init\n"
		    "[ 0 00:00:05.000] [ZO] PID: 50    TASK: ffff888000017000 CPU: 0  zombie\\x1b[m\n");
	expect_text(*state, "ps -l -C 1 bash swapper/1 900",
		    "CPU: 1\n"
		    "[   5000000000] [RU] PID: 900   TASK: ffff888000013000 CPU: 1  bash\n"
		    "[   5000000000] [RU] PID: 900   TASK: ffff888000013000 CPU: 1  bash\n"
		    "[            0] [RU] PID: 0     TASK: ffff888000011000 CPU: 1  swapper/1\n");
}

static void families(void **state)
{
	expect_text(*state, "ps -p 40",
		    "PID: 0        TASK: ffff888000010000  CPU: 0    COMMAND: \"swapper/0\"\n"
		    " PID: 1        TASK: ffff888000012000  CPU: 0    COMMAND: \"init\"\n"
		    "  PID: 900      TASK: ffff888000013000  CPU: 1    COMMAND: \"bash\"\n"
		    "   PID: 40       TASK: ffff888000016000  CPU: 0    COMMAND: \"900\"\n");
	expect_text(*state, "ps -c 900 40",
		    "PID: 900      TASK: ffff888000013000  CPU: 1    COMMAND: \"bash\"\n"
		    "  PID: 40       TASK: ffff888000016000  CPU: 0    COMMAND: \"900\"\n"
		    "  PID: 50       TASK: ffff888000017000  CPU: 0    COMMAND: \"zombie\\x1b[m\"\n"
		    "\n"
		    "PID: 40       TASK: ffff888000016000  CPU: 0    COMMAND: \"900\"\n");
	expect_text(*state, "ps -g 901 900",
		    "PID: 900      TASK: ffff888000013000  CPU: 1    COMMAND: \"bash\"\n"
		    "  PID: 901      TASK: ffff888000015000  CPU: 0    COMMAND: \"bash\"\n");
}

/* Damage: two tasks that are each other's parents must not hang it. */
static void circle(void **state)
{
	struct command_image *set = *state;

	image_put_number(set->image, TASKS + 3 * TASK_SIZE + 0x28, TASK(6), 8);
	expect_part(set, "ps -p 40", "note: its parents go round in a circle");
	image_put_number(set->image, TASKS + 3 * TASK_SIZE + 0x28, 0xffff888000099000, 8);
	kernel_forget(&set->image->kernel);
	expect_part(set, "ps -p 40",
		    "note: the parent of PID 900 is at ffff888000099000, where no known task is");
}

static void times(void **state)
{
	expect_part(*state, "ps -t 1",
		    "  START TIME: 1.500000000 s after boot\n"
		    "       UTIME: 2.000000001 s\n"
		    "       STIME: 0.000000003 s\n");
}

static void put_strings(struct command_image *set, uint64_t member, uint64_t offset,
			const char *strings, size_t size)
{
	image_put(set->image, offset, strings, size);
	image_put_number(set->image, MM + member, IMAGE_BASE + offset, 8);
	image_put_number(set->image, MM + member + 8, IMAGE_BASE + offset + size, 8);
}

static void command_lines(void **state)
{
	struct command_image *set = *state;

	put_strings(set, 8, 0x70ff8, "sh\0-c\0a b\0\0c\033", 14);	/* over a page's end */
	put_strings(set, 24, 0x73000, "HOME=/\0TERM=x", 14);
	expect_text(set, "ps -a 1",
		    "PID: 1        TASK: ffff888000012000  CPU: 0    COMMAND: \"init\"\n"
		    "ARG: sh -c a b  c\\x1b\n"
		    "ENV: HOME=/\n"
		    "     TERM=x\n");
	expect_part(set, "ps -a 30", "note: a kernel thread: it has no command line\n");
	expect_part(set, "ps -a 50", "note: it has exited: its memory is gone\n");
	assert_int_equal(count_lines(set, "ps -a", "PID:"), 4);
	memory_forget_translations(set->image->kernel.memory);
	set->image->missing[0x71] = true;
	set->image->missing[0x73] = true;
	expect_part(
		set, "ps -a 1",
		"ARG: sh -c a \nnote: the arguments are cut off, the rest is not in the dump: ");
	expect_part(set, "ps -a 1", "note: the environment strings are not in the dump: ");
	image_put_number(set->image, MM + 16, IMAGE_BASE, 8);
	expect_part(
		set, "ps -a 1",
		"note: the arguments are not readable: mm_struct.arg_start is behind arg_end\n");
}

static void limits(void **state)
{
	struct command_image *set = *state;

	for (unsigned i = 0; i < 32; i++)
		image_put_number(set->image, SIGNAL + 16 + i * 8, UINT64_MAX, 8);
	image_put_number(set->image, SIGNAL + 16 + 7 * 16, 1024, 8);
	expect_part(set, "ps -r 1", "      NOFILE                  1024           (unlimited)\n");
	expect_part(set, "ps -r 1", "         CPU           (unlimited)           (unlimited)\n");
	expect_part(set, "ps -r 50", "note: no limits: it has exited");
}

static void summary(void **state)
{
	expect_text(*state, "ps -S", "  RU: 3\n  IN: 2\n  ID: 1\n  UN: 1\n  ZO: 1\n");
}

static bool always(void *context)
{
	(void)context;
	return true;
}

static void interrupted(void **state)
{
	struct command_image *set = *state;
	struct task_table *table;

	assert_true(tasks_get(&set->image->kernel, &table, NULL));
	set->image->kernel.interrupted = always;
	expect_part(set, "ps -c", "error: ");
	expect_part(set, "ps -a", "error: ");
	expect_part(set, "ps", "error: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(order, setup, teardown),
		cmocka_unit_test_setup_teardown(filters, setup, teardown),
		cmocka_unit_test_setup_teardown(selectors, setup, teardown),
		cmocka_unit_test_setup_teardown(stack_pointers, setup, teardown),
		cmocka_unit_test_setup_teardown(conflicts, setup, teardown),
		cmocka_unit_test_setup_teardown(last_run, setup, teardown),
		cmocka_unit_test_setup_teardown(families, setup, teardown),
		cmocka_unit_test_setup_teardown(circle, setup, teardown),
		cmocka_unit_test_setup_teardown(times, setup, teardown),
		cmocka_unit_test_setup_teardown(command_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
		cmocka_unit_test_setup_teardown(summary, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
