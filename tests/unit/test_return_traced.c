// SPDX-License-Identifier: GPL-3.0-or-later
/* kernel/stacks/return_traced.c on hand-made tasks: each form in which tracing keeps a return address, and damaged ones. */
#include "test_kernel_image.h"

#include "kernel/stacks/return_traced.h"
#include "kernel/tasks/task.h"

enum { TASK = 0x1000, OTHER = 0x1100, RET_STACK = 0x2000, NODES = 0x3000, STACK = 0x4000, HANDLER = 0x8000,
       RETHOOK = 0x8100, TABLE = 0x9000 };

#define AT(offset) (IMAGE_BASE + (offset))
#define TASK_MEMBERS(ret_stack_type) \
	MEMBER("task_struct", "ret_stack", 0, 8, .kind = TYPE_POINTER, .type_name = ret_stack_type), \
	MEMBER("task_struct", "curr_ret_stack", 8, 4, .is_signed = true), \
	MEMBER("task_struct", "rethooks.first", 16, 8), \
	SIZE_OF("ftrace_ret_stack", 24), \
	MEMBER("ftrace_ret_stack", "ret", 0, 8), MEMBER("ftrace_ret_stack", "retp", 16, 8), \
	MEMBER("rethook_node", "llist", 16, 8), \
	MEMBER("rethook_node", "ret_addr", 32, 8), MEMBER("rethook_node", "frame", 40, 8)

static const struct image_member array_members[] = { TASK_MEMBERS("ftrace_ret_stack"), { NULL, NULL, { 0 } } };
static const struct image_member shadow_members[] = { TASK_MEMBERS(""), { NULL, NULL, { 0 } } };
static const struct image_member table_members[] = {
	MEMBER("kretprobe_instance", "hlist", 0, 16), MEMBER("kretprobe_instance", "ret_addr", 16, 8),
	MEMBER("kretprobe_instance", "fp", 24, 8), MEMBER("hlist_node", "next", 0, 8), { NULL, NULL, { 0 } } };

static struct error error;

static struct image *make(const struct image_member *members, const char *probe_trampoline)
{
	struct image *image = image_new(members, NULL);
	struct task_table *table = calloc(1, sizeof(*table));

	image_symbol(image, "return_to_handler", HANDLER, 0x80);
	image_symbol(image, probe_trampoline, RETHOOK, 0x80);
	image_symbol(image, "kretprobe_inst_table", TABLE, 0x200);
	image_ready(image);
	assert_non_null(table);
	table->tasks = calloc(2, sizeof(*table->tasks));
	assert_non_null(table->tasks);
	table->count = 2;
	table->tasks[0].address = AT(TASK);
	table->tasks[1].address = AT(OTHER);
	image_put_number(image, OTHER + 8, -1ull, 4);
	image_put_number(image, TASK + 8, -1ull, 4);
	assert_true(kernel_keep(&image->kernel, &tasks_slot, table, NULL));
	error = (struct error){ .text = "" };
	return image;
}

static void done(struct image *image)
{
	kernel_forget(&image->kernel);
	image_free(image);
}

static void put(struct image *image, uint64_t offset, uint64_t value)
{
	image_put_number(image, offset, value, 8);
}

static void put_graph(struct image *image, uint64_t offset, uint64_t original, uint64_t slot)
{
	put(image, offset, original);
	put(image, offset + 16, AT(slot));
}

static void put_node(struct image *image, unsigned number, unsigned next, uint64_t original, uint64_t slot)
{
	uint64_t node = NODES + number * 0x40;

	put(image, node + 16, next ? AT(NODES + next * 0x40 + 16) : 0);
	put(image, node + 32, original);
	put(image, node + 40, AT(slot));
}

static uint64_t original(struct image *image, uint64_t slot, uint64_t pc)
{
	return return_original(&image->kernel, AT(slot), &pc, &error) ? pc : 0;
}

static void put_graph_array(struct image *image)
{
	put(image, TASK, AT(RET_STACK));
	image_put_number(image, TASK + 8, 1, 4);
	put_graph(image, RET_STACK, 0x1111, STACK + 0x80);
	put_graph(image, RET_STACK + 24, 0x2222, STACK + 0x40);
	put_graph(image, RET_STACK + 48, 0x3333, STACK + 0x10);	/* above the current one: left from before */
}

static void test_graph(void **state)
{
	struct image *image = make(array_members, "arch_rethook_trampoline");

	(void)state;
	put_graph_array(image);
	assert_true(return_is_traced(&image->kernel, AT(HANDLER)));
	assert_true(return_is_traced(&image->kernel, AT(RETHOOK)));
	assert_false(return_is_traced(&image->kernel, AT(HANDLER) + 1));
	assert_false(return_is_traced(&image->kernel, 0));
	assert_int_equal(original(image, STACK + 0x80, AT(HANDLER)), 0x1111);
	assert_int_equal(original(image, STACK + 0x40, AT(HANDLER)), 0x2222);
	assert_int_equal(original(image, STACK + 0x10, AT(HANDLER)), 0);
	assert_non_null(strstr(error.text, "return_to_handler"));
	assert_int_equal(original(image, STACK + 0x80, AT(RETHOOK)), 0);	/* the other kind has none there */
	done(image);
}

/* Words 0 to 3 are a frame and its bitmap word, 4 to 6 stored data and its word, 7 to 10 another frame. */
static void put_shadow(struct image *image, uint64_t last_word)
{
	put(image, TASK, AT(RET_STACK));
	image_put_number(image, TASK + 8, 11, 4);
	put_graph(image, RET_STACK, 0x1111, STACK + 0x80);
	put(image, RET_STACK + 3 * 8, 3 << 12 | 1 << 10 | 3);
	put(image, RET_STACK + 6 * 8, 1 << 18 | 1 << 12 | 2 << 10 | 6);
	put_graph(image, RET_STACK + 7 * 8, 0x2222, STACK + 0x40);
	put(image, RET_STACK + 10 * 8, last_word);
}

static void test_shadow_stack(void **state)
{
	struct image *image = make(shadow_members, "arch_rethook_trampoline");

	(void)state;
	put_shadow(image, 1 << 12 | 1 << 10 | 3);
	assert_int_equal(original(image, STACK + 0x40, AT(HANDLER)), 0x2222);
	assert_int_equal(original(image, STACK + 0x80, AT(HANDLER)), 0x1111);
	done(image);
	for (unsigned offset = 0; offset < 0x400; offset += 0x1ff) {	/* nowhere, and before the start */
		image = make(shadow_members, "arch_rethook_trampoline");
		put_shadow(image, offset);
		assert_int_equal(original(image, STACK + 0x80, AT(HANDLER)), 0);
		assert_non_null(strstr(error.text, "shadow stack"));
		done(image);
	}
}

/* Two probes of one function: the later kept the first's trampoline. Above, the graph tracer kept a probe's. */
static void test_layers(void **state)
{
	struct image *image = make(array_members, "arch_rethook_trampoline");

	(void)state;
	put(image, TASK + 16, AT(NODES + 16));
	put_node(image, 0, 1, AT(RETHOOK), STACK + 0x20);
	put_node(image, 1, 2, 0x4444, STACK + 0x20);
	put_node(image, 2, 0, AT(HANDLER), STACK + 0x80);
	put_graph_array(image);
	assert_int_equal(original(image, STACK + 0x20, AT(RETHOOK)), 0x4444);
	assert_int_equal(original(image, STACK + 0x80, AT(RETHOOK)), 0x1111);
	done(image);
}

/* Each keeps the other's: that is damage, and it must end. */
static void test_circles(void **state)
{
	struct image *image = make(array_members, "arch_rethook_trampoline");

	(void)state;
	put_graph_array(image);
	put(image, RET_STACK, AT(RETHOOK));
	put(image, TASK + 16, AT(NODES + 16));
	put_node(image, 0, 1, AT(HANDLER), STACK + 0x80);
	put_node(image, 1, 0, 0x4444, STACK + 0x20);
	put(image, NODES + 0x40 + 16, AT(NODES + 16));
	assert_int_equal(original(image, STACK + 0x80, AT(HANDLER)), 0);
	assert_non_null(strstr(error.text, "circles"));
	/* So does the list. */
	assert_int_equal(original(image, STACK + 0x28, AT(RETHOOK)), 0);
	assert_non_null(strstr(error.text, "does not end"));
	done(image);
}

static void test_hash_table(void **state)
{
	struct image *image = make(table_members, "kretprobe_trampoline");

	(void)state;
	put(image, TABLE + 5 * 8, AT(NODES));
	put(image, NODES, AT(NODES + 0x100));
	put(image, NODES + 16, 0x1111);
	put(image, NODES + 24, AT(STACK));
	put(image, NODES + 0x100 + 16, 0x2222);
	put(image, NODES + 0x100 + 24, AT(STACK + 8));
	assert_int_equal(original(image, STACK, AT(RETHOOK)), 0x1111);
	assert_int_equal(original(image, STACK + 8, AT(RETHOOK)), 0x2222);
	done(image);
}

/* What gdb reads: whole words and pieces of them, and words that only look like a return address. */
static void test_restored_memory(void **state)
{
	struct image *image = make(array_members, "arch_rethook_trampoline");
	uint64_t words[32];
	uint8_t byte;

	(void)state;
	put_graph_array(image);
	put(image, STACK + 0x40, AT(HANDLER));
	put(image, STACK + 0x48, AT(HANDLER));		/* in a register that was saved there */
	put(image, STACK + 0x80, AT(HANDLER));
	memcpy(words, image->memory + STACK, sizeof(words));
	assert_int_equal(return_restore(&image->kernel, AT(STACK), words, sizeof(words), &error), sizeof(words));
	assert_int_equal(words[8], 0x2222);
	assert_int_equal(words[9], AT(HANDLER));
	assert_int_equal(words[16], 0x1111);
	memcpy(words, image->memory + STACK + 0x3c, 8);	/* half of it */
	assert_int_equal(return_restore(&image->kernel, AT(STACK + 0x3c), words, 8, &error), 8);
	assert_int_equal(words[0], 0x222200000000);
	byte = image->memory[STACK + 0x81];
	assert_int_equal(return_restore(&image->kernel, AT(STACK + 0x81), &byte, 1, &error), 1);
	assert_int_equal(byte, 0x11);
	done(image);
}

/* With a list that is not in the dump such a word may be a return address: rather none than that one. */
static void test_restored_memory_without_the_list(void **state)
{
	struct image *image = make(array_members, "arch_rethook_trampoline");
	uint64_t words[32];

	(void)state;
	put_graph_array(image);
	image->missing[RET_STACK / IMAGE_PAGE] = true;
	put(image, STACK + 0x40, AT(HANDLER));
	memcpy(words, image->memory + STACK, sizeof(words));
	assert_int_equal(return_restore(&image->kernel, AT(STACK), words, sizeof(words), &error), 0x40);
	assert_int_equal(error.kind, ERROR_EXCLUDED);
	assert_non_null(strstr(error.text, "task 0x"));
	assert_int_equal(return_restore(&image->kernel, AT(STACK), words, 0x40, &error), 0x40);
	done(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_graph),
		cmocka_unit_test(test_shadow_stack),
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_circles),
		cmocka_unit_test(test_hash_table),
		cmocka_unit_test(test_restored_memory),
		cmocka_unit_test(test_restored_memory_without_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
