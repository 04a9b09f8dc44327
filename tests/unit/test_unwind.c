// SPDX-License-Identifier: GPL-3.0-or-later
/* kernel/stacks/unwind.c: hand-made stacks, row by row as arch/x86/include/asm/orc_types.h defines them, and a real dump's against its guest's. */
#include "test_kernel_image.h"
#include "kernel/open/open.h"
#include "test_kernel_set.h"
#include "test_orc_rows.h"

#include "kernel/tasks/cpu.h"
#include "kernel/modules/module.h"
#include "kernel/tasks/task.h"
#include "kernel/stacks/bad_pointer.h"
#include "kernel/stacks/unwind.h"

#define TEXT (IMAGE_BASE + 0x100000)
#define STACK (IMAGE_BASE + 0x20000)
#define LOW_STACK (IMAGE_BASE + 0x10000)	/* an interrupt's: below the task's */

/* The code that test_orc_rows.h has rows for. */
enum { LEAF = 0x000, BIG = 0x100, FRAMED = 0x200, ENTRY = 0x300, END = 0x400, UNKNOWN = 0x500, IRET = 0x600,
       SWITCH = 0x700, BY_R10 = 0x800, SWITCH_BP = 0x900, LOOP = 0xa00 };

static struct frame frames[32];
static size_t count;
static struct error error;

static int setup(void **state)
{
	struct image *image = image_new(NULL, NULL);

	image_ready(image);
	for (size_t i = 0; i < NR_ORC_ROWS; i++)
		orc_addresses[i] = TEXT + i * 0x100;
	image->kernel.orc = (struct orc_table){ orc_addresses, orc_rows, NR_ORC_ROWS };
	image->kernel.orc_loaded = true;
	image->kernel.text_start = TEXT;
	image->kernel.text_end = TEXT + 0x1000;
	*state = image;
	return 0;
}

static int teardown(void **state)
{
	struct image *image = *state;

	kernel_forget(&image->kernel);
	image_free(image);
	return 0;
}

static void put(struct image *image, uint64_t address, uint64_t value)
{
	image_put_number(image, address - IMAGE_BASE, value, 8);
}

static struct registers at(uint64_t pc, uint64_t sp, uint64_t bp)
{
	struct registers registers = { .valid = 1ull << X86_RIP | 1ull << X86_RSP | 1ull << X86_RBP };

	registers.value[X86_RIP] = pc;
	registers.value[X86_RSP] = sp;
	registers.value[X86_RBP] = bp;
	return registers;
}

static enum unwind_end run(struct image *image, uint64_t pc, uint64_t sp, uint64_t bp)
{
	struct registers registers = at(pc, sp, bp);

	error = (struct error){ .text = "" };
	return unwind(&image->kernel, &registers, frames, 32, &count, &error);
}

static void test_calls(void **state)
{
	struct image *image = *state;

	put(image, STACK + 0, TEXT + BIG + 0x10);	/* leaf called by big */
	put(image, STACK + 8 + 0x20, TEXT + FRAMED + 0x20);
	put(image, STACK + 0x100, 0x1234);		/* framed's rbp points here: caller's rbp, return address */
	put(image, STACK + 0x108, TEXT + END + 4);
	assert_int_equal(run(image, TEXT + LEAF + 4, STACK, STACK + 0x100), UNWIND_COMPLETE);
	assert_int_equal(count, 4);
	assert_int_equal(frames[0].kind, FRAME_CALL);
	assert_int_equal(frames[0].cfa, STACK + 8);
	assert_int_equal(frames[1].pc, TEXT + BIG + 0x10);
	assert_int_equal(frames[1].sp, STACK + 8);
	assert_int_equal(frames[1].cfa, STACK + 0x30);
	assert_int_equal(frames[2].pc, TEXT + FRAMED + 0x20);
	assert_int_equal(frames[2].cfa, STACK + 0x110);
	assert_int_equal(frames[2].registers.value[X86_RBP], STACK + 0x100);	/* BIG left it alone */
	assert_int_equal(frames[3].pc, TEXT + END + 4);
	assert_int_equal(frames[3].registers.value[X86_RBP], 0x1234);
	assert_int_equal(frames[3].registers.valid, 1ull << X86_RIP | 1ull << X86_RSP | 1ull << X86_RBP);
}

/* A call at the very end of a function returns to the next one's first byte; the row is that of the call. */
static void test_return_address_is_looked_up_before(void **state)
{
	struct image *image = *state;

	put(image, STACK, TEXT + FRAMED);	/* from BIG's last instruction */
	put(image, STACK + 0x28, TEXT + END + 1);
	assert_int_equal(run(image, TEXT + LEAF, STACK, 0), UNWIND_COMPLETE);
	assert_int_equal(count, 3);
	assert_int_equal(frames[1].cfa, STACK + 0x30);
}

/* But the first pc, and an interrupted one, are exact: at its first byte FRAMED is FRAMED. */
static void test_exact_pc(void **state)
{
	struct image *image = *state;

	put(image, STACK + 0x48, TEXT + END + 1);
	assert_int_equal(run(image, TEXT + FRAMED, STACK, STACK + 0x40), UNWIND_COMPLETE);
	assert_int_equal(frames[0].cfa, STACK + 0x50);
}

static void put_pt_regs(struct image *image, uint64_t address, uint64_t pc, uint64_t cs, uint64_t sp, uint64_t bp)
{
	put(image, address + 4 * 8, bp);
	put(image, address + 5 * 8, 0xbbbb);		/* rbx */
	put(image, address + 16 * 8, pc);
	put(image, address + 17 * 8, cs);
	put(image, address + 18 * 8, 0x246);
	put(image, address + 19 * 8, sp);
	put(image, address + 20 * 8, cs == 0x33 ? 0x2b : 0x18);
}

static void test_interrupt_on_another_stack_and_user(void **state)
{
	struct image *image = *state;

	/* An interrupt's handler, called by its entry code on a higher stack, interrupted LEAF on a lower one. */
	put(image, STACK, TEXT + ENTRY + 0x10);
	put_pt_regs(image, STACK + 8, TEXT + LEAF, 0x10, LOW_STACK, 77);
	put(image, LOW_STACK, TEXT + ENTRY + 0x20);	/* called by system call entry */
	put_pt_regs(image, LOW_STACK + 8, 0x401234, 0x33, 0x7ffc00001000, 88);
	assert_int_equal(run(image, TEXT + LEAF, STACK, 0), UNWIND_COMPLETE);
	assert_int_equal(count, 5);
	assert_int_equal(frames[1].cfa, STACK + 8 + 168);
	assert_int_equal(frames[2].kind, FRAME_INTERRUPTED);
	assert_int_equal(frames[2].regs_address, STACK + 8);
	assert_int_equal(frames[2].pc, TEXT + LEAF);
	assert_int_equal(frames[2].registers.value[X86_RBX], 0xbbbb);
	assert_int_equal(frames[3].kind, FRAME_CALL);
	assert_int_equal(frames[3].regs_address, 0);
	assert_int_equal(frames[4].kind, FRAME_USER);
	assert_int_equal(frames[4].pc, 0x401234);
	assert_int_equal(frames[4].sp, 0x7ffc00001000);
	assert_int_equal(frames[4].cfa, 0);
	assert_int_equal(frames[4].registers.value[X86_RBP], 88);
}

static void test_user_registers_are_one_frame(void **state)
{
	struct registers registers = at(0x401000, 0x7ffc00000000, 1);
	struct image *image = *state;

	registers.value[X86_CS] = 0x33;
	registers.valid |= 1ull << X86_CS;
	assert_int_equal(unwind(&image->kernel, &registers, frames, 32, &count, &error), UNWIND_COMPLETE);
	assert_int_equal(count, 1);
	assert_int_equal(frames[0].kind, FRAME_USER);
}

/* Only ip, cs, flags, sp, ss are on the stack; the other registers still have their values. */
static void test_iret_frame(void **state)
{
	struct registers registers = at(TEXT + IRET + 2, STACK, 0x5555);
	struct image *image = *state;

	registers.value[X86_RBX] = 0x77;
	registers.value[X86_CS] = 0x10;
	registers.valid |= 1ull << X86_RBX | 1ull << X86_CS;
	put(image, STACK, TEXT + LEAF);
	put(image, STACK + 8, 0x10);
	put(image, STACK + 16, 0x246);
	put(image, STACK + 24, STACK + 0x80);
	put(image, STACK + 32, 0x18);
	put(image, STACK + 0x80, TEXT + END + 1);
	assert_int_equal(unwind(&image->kernel, &registers, frames, 32, &count, &error), UNWIND_COMPLETE);
	assert_int_equal(count, 3);
	assert_int_equal(frames[0].kind, FRAME_INTERRUPTED);
	assert_int_equal(frames[0].cfa, STACK + 40);
	assert_int_equal(frames[1].kind, FRAME_INTERRUPTED);
	assert_int_equal(frames[1].sp, STACK + 0x80);
	assert_int_equal(frames[1].registers.value[X86_RBX], 0x77);
	assert_int_equal(frames[1].registers.value[X86_RBP], 0x5555);
}

static void test_stack_switch_in_c(void **state)
{
	struct image *image = *state;

	/* *(rsp) is the old stack's pointer; CFA = that + 8. And *(rbp - 8) is the CFA itself. */
	put(image, LOW_STACK, STACK);
	put(image, STACK, TEXT + SWITCH_BP + 3);
	put(image, STACK + 0xf8, STACK + 0x200);
	put(image, STACK + 0x1f8, TEXT + END + 1);
	assert_int_equal(run(image, TEXT + SWITCH, LOW_STACK, STACK + 0x100), UNWIND_COMPLETE);
	assert_int_equal(count, 3);
	assert_int_equal(frames[0].cfa, STACK + 8);
	assert_int_equal(frames[1].cfa, STACK + 0x200);
}

/* asm_call_on_stack: rbp is the old stack's pointer, and the word where the new stack begins says so. */
static void test_stack_switch_in_assembly(void **state)
{
	struct image *image = *state;

	put(image, STACK, TEXT + FRAMED + 0x10);	/* a leaf, on the new stack */
	put(image, STACK + 8, LOW_STACK);		/* its first word */
	put(image, LOW_STACK, 0x1234);
	put(image, LOW_STACK + 8, TEXT + END + 1);
	assert_int_equal(run(image, TEXT + LEAF, STACK, LOW_STACK), UNWIND_COMPLETE);
	assert_int_equal(count, 3);
	assert_int_equal(frames[1].cfa, LOW_STACK + 16);
	assert_int_equal(frames[2].registers.value[X86_RBP], 0x1234);

	put(image, STACK + 8, LOW_STACK + 8);		/* another's: then rbp is a wrong one */
	assert_int_equal(run(image, TEXT + LEAF, STACK, LOW_STACK), UNWIND_FAILED);
	assert_non_null(strstr(error.text, "circle"));
}

static void test_unknown_code_ends_with_a_sentence(void **state)
{
	struct image *image = *state;

	put(image, STACK, TEXT + UNKNOWN + 5);
	assert_int_equal(run(image, TEXT + LEAF, STACK, 0), UNWIND_FAILED);
	assert_int_equal(count, 2);
	assert_non_null(strstr(error.text, "frame 1"));
	assert_non_null(strstr(error.text, "no unwind information"));
}

static void test_register_that_is_not_known(void **state)
{
	struct image *image = *state;

	put(image, STACK, TEXT + BY_R10 + 5);
	assert_int_equal(run(image, TEXT + LEAF, STACK, 0), UNWIND_FAILED);
	assert_int_equal(count, 2);
	assert_non_null(strstr(error.text, "r10"));
}

static void test_wild_return_address(void **state)
{
	struct image *image = *state;

	put(image, STACK, 0x4141414141414141);
	assert_int_equal(run(image, TEXT + LEAF, STACK, 0), UNWIND_FAILED);
	assert_int_equal(count, 1);
	assert_non_null(strstr(error.text, "0x4141414141414141"));
}

static void test_stack_that_is_not_in_the_dump(void **state)
{
	struct image *image = *state;

	image->missing[0x20] = true;
	assert_int_equal(run(image, TEXT + LEAF, STACK, 0), UNWIND_FAILED);
	assert_int_equal(count, 1);
	assert_int_equal(error.kind, ERROR_EXCLUDED);
}

/* A call through a null pointer: the return address is on top of the stack. */
static void test_call_of_null(void **state)
{
	struct image *image = *state;

	put(image, STACK, TEXT + BIG + 8);
	put(image, STACK + 0x28, TEXT + END + 1);
	assert_int_equal(run(image, 0, STACK, 0), UNWIND_COMPLETE);
	assert_int_equal(count, 3);
	assert_int_equal(frames[1].pc, TEXT + BIG + 8);
}

/* One frame for the pointer, then its caller; nothing where that may be code, or where nothing was called. */
static void test_bad_pointers(void **state)
{
	static const struct { uint64_t pc; const char *is; } places[] = {
		{ 0x10, "a NULL pointer was called, plus 0x10" },
		{ 0x401000, "an address of user space was called by the kernel" },
		{ IMAGE_BASE + 0x8010, "not code: memory that cannot be executed" },
		{ IMAGE_BASE + IMAGE_SIZE, "not code: nothing is mapped there" },
		{ 0xdead000000000122, "not code: nothing is mapped there" },
	};
	struct image *image = *state;
	struct registers registers;
	uint64_t caller;
	char text[128];

	image->no_execute[8] = true;
	put(image, STACK, TEXT + END + 4);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		assert_int_equal(run(image, places[i].pc, STACK, 0), UNWIND_COMPLETE);
		assert_int_equal(count, 2);
		assert_int_equal(frames[0].pc, places[i].pc);
		assert_int_equal(frames[1].pc, TEXT + END + 4);
		assert_int_equal(frames[1].sp, STACK + 8);
		assert_true(bad_pointer(&image->kernel, places[i].pc, STACK, text, sizeof(text)));
		assert_string_equal(text, places[i].is);
	}
	registers = at(0x401000, STACK, 0);
	assert_true(bad_pointer_caller(&image->kernel, &registers, &caller));
	assert_int_equal(caller, TEXT + END + 4);
	registers.valid |= 1ull << X86_CS;
	registers.value[X86_CS] = 0x33;		/* there it is no bad one: user space */
	assert_false(bad_pointer_caller(&image->kernel, &registers, &caller));
	/* Pages that may be executed, and code. */
	assert_int_equal(run(image, IMAGE_BASE + 0x9010, STACK, 0), UNWIND_FAILED);
	assert_false(bad_pointer(&image->kernel, TEXT + LEAF, STACK, text, sizeof(text)));
	/* Firmware, or a CPU that is starting: nobody has called anything. */
	assert_false(bad_pointer(&image->kernel, 0xfd09a, 0x6c5c, text, sizeof(text)));
	/* No return address on top of the stack: the pc's frame alone, and what it is. */
	put(image, STACK, 0x1234);
	assert_int_equal(run(image, IMAGE_BASE + 0x8010, STACK, 0), UNWIND_FAILED);
	assert_int_equal(count, 1);
}

/* Code that nobody knows but that has a frame pointer: BPF programs. */
static void test_frame_pointer_code(void **state)
{
	struct image *image = *state;

	put(image, STACK + 0x40, STACK + 0x80);
	put(image, STACK + 0x48, TEXT + END + 1);
	assert_int_equal(run(image, IMAGE_BASE + 0x180000, STACK, STACK + 0x40), UNWIND_COMPLETE);
	assert_int_equal(count, 2);
	assert_int_equal(frames[1].registers.value[X86_RBP], STACK + 0x80);
}

static void test_circles(void **state)
{
	struct image *image = *state;

	/* A row that makes no progress. */
	put(image, STACK - 8, TEXT + LOOP + 1);
	assert_int_equal(run(image, TEXT + LOOP + 1, STACK, 0), UNWIND_FAILED);
	assert_non_null(strstr(error.text, "circle"));
	/* Saved registers that lead back to themselves. */
	put_pt_regs(image, STACK, TEXT + ENTRY + 1, 0x10, STACK, 0);
	assert_int_equal(run(image, TEXT + ENTRY + 1, STACK, 0), UNWIND_FAILED);
	assert_non_null(strstr(error.text, "circle"));
	assert_in_range(count, 2, 31);
}

static void test_limit(void **state)
{
	struct image *image = *state;
	struct registers registers = at(TEXT + LEAF + 1, STACK, 0);

	for (int i = 0; i < 40; i++)
		put(image, STACK + i * 8, TEXT + LEAF + 1 + i);
	assert_int_equal(unwind(&image->kernel, &registers, frames, 5, &count, &error), UNWIND_MORE);
	assert_int_equal(count, 5);
}

static void test_no_registers(void **state)
{
	struct registers registers = { 0 };
	struct image *image = *state;

	assert_int_equal(unwind(&image->kernel, &registers, frames, 5, &count, &error), UNWIND_FAILED);
	assert_int_equal(count, 0);
}

/* --- real dumps --- */

/* A place as the kernel prints it: "func+0x12/0x34 [module]". */
struct place {
	char function[200], module[64];
	uint64_t offset;
};

static bool parse_place(const char *line, size_t length, struct place *place)
{
	char copy[300];
	unsigned long offset, whole;

	*place = (struct place){ 0 };
	snprintf(copy, sizeof(copy), "%.*s", (int)length, line);
	if (sscanf(copy, "%199[^+ ]+%lx/%lx [%63[^] ]", place->function, &offset, &whole, place->module) < 3)
		return false;
	place->offset = offset;
	return true;
}

/* Does frame I return to that place? By address: a function can have several names. */
static bool is_at(struct kernel *kernel, size_t i, const struct place *place)
{
	struct symtab *symbols = kernel->symbols;
	struct module *module = place->module[0] ? module_find(kernel, place->module) : NULL;

	if (place->module[0] && (!module || !module_symbols(kernel, module, &symbols, NULL)))
		return false;
	for (const struct symbol *symbol = symtab_find_next(symbols, place->function, NULL); symbol;
	     symbol = symtab_find_next(symbols, place->function, symbol))
		if (symbol->address + place->offset == frames[i].pc)
			return true;
	return false;
}

static size_t kernel_frames(void)
{
	return count && frames[count - 1].kind == FRAME_USER ? count - 1 : count;
}

/* What the panicking CPU printed about itself: the frames below panic() that it is sure of ("?" marks the others). */
static void test_set_panic_trace(void **state)
{
	char *console = set_read("console.log", NULL), *panic, *at, *line;
	struct place places[64];
	size_t nr_names = 0;
	struct kernel *kernel;
	const struct cpu *cpu;

	(void)state;
	panic = console ? strstr(console, "Kernel panic - not syncing: sysrq") : NULL;
	at = panic ? strstr(panic, "<TASK>") : NULL;
	if (!at) {
		free(console);
		skip();
	}
	for (line = strchr(at, '\n') + 1; *line && nr_names < 64;) {
		char *end = strchr(line, '\n'), *text = strstr(line, "]  ");
		char *next = end ? end + 1 : line + strlen(line);

		if (strncmp(line, "RIG", 3) != 0 && text && text < next) {
			text += strspn(text, "] ");
			if (strncmp(text, "RIP:", 4) == 0 || strncmp(text, "</TASK>", 7) == 0)
				break;
			if (text[0] != '?' && parse_place(text, strcspn(text, "\r\n"), &places[nr_names]))
				nr_names++;
			if (nr_names && strstr(places[nr_names - 1].function, "panic"))
				nr_names = 0;
		}
		line = next;
	}
	free(console);
	kernel = set_open();
	cpu = cpu_panicked(kernel);
	assert_non_null(cpu);
	assert_true(cpu->panicked);
	assert_int_equal(unwind(kernel, &cpu->registers, frames, 32, &count, &error), UNWIND_COMPLETE);
	assert_int_equal(frames[count - 1].kind, FRAME_USER);
	assert_in_range(nr_names, 5, kernel_frames());
	for (size_t i = 0; i < nr_names; i++)
		if (!is_at(kernel, kernel_frames() - nr_names + i, &places[i]))
			fail_msg("the guest has %s where we have 0x%llx", places[i].function,
				 (unsigned long long)frames[kernel_frames() - nr_names + i].pc);
	kernel_close(kernel);
}

/* 1 = the same, 0 = not, -1 = the guest could not tell (a running task's is empty). The guest leaves the scheduler out. */
static int compare_stack(struct kernel *kernel, const struct set_record *record)
{
	const char *line = record->data, *end = record->data + record->size;
	size_t nr_lines = 0, first;
	struct place place;

	for (const char *c = line; c < end; c++)
		nr_lines += *c == '\n';
	if (nr_lines == 0)
		return -1;
	if (nr_lines > kernel_frames())
		return 0;
	first = kernel_frames() - nr_lines;
	for (size_t i = 0; i < nr_lines; i++) {
		const char *next = memchr(line, '\n', end - line), *text = memchr(line, ' ', next - line);

		if (!text || !parse_place(text + 1, next - text - 1, &place) ||
		    !is_at(kernel, first + i, &place))
			return 0;
		line = next + 1;
	}
	return 1;
}

/* Each sleeping task's stack as /proc/PID/stack had it before the crash. Some have moved on since. */
static void test_set_proc_stacks(void **state)
{
	size_t size, same = 0, compared = 0;
	char *text = set_read("oracle/tasks", &size);
	const char *at = text;
	struct set_record record;
	struct kernel *kernel;

	(void)state;
	if (!text)
		skip();
	kernel = set_open();
	while (set_next_record(&at, text + size, &record)) {
		const struct task *task;
		struct registers registers;
		int result;

		if (strcmp(record.name, "stack") != 0 || !(task = task_find_pid(kernel, record.tid)) || task->on_cpu ||
		    task->exit_state)
			continue;
		if (!task_registers(kernel, task, &registers, NULL, &error))
			fail_msg("%s", error.text);
		if (unwind(kernel, &registers, frames, 32, &count, &error) != UNWIND_COMPLETE)
			fail_msg("pid %u: %s", task->pid, error.text);
		result = compare_stack(kernel, &record);
		if (result < 0)
			continue;
		compared++;
		same += result;
		if (!result)
			print_message("pid %u (%s) differs, moved on?\n", task->pid, task->comm);
	}
	print_message("%zu of %zu stacks are as the guest had them\n", same, compared);
	assert_true(compared > 20);
	assert_true(same * 100 >= compared * 90);
	kernel_close(kernel);
	free(text);
}

/* --- kernels without ORC --- */

/* push %rbp; mov %rsp,%rbp behind the nop in place of a call of __fentry__. */
static const uint8_t framed_code[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00, 0x55, 0x48, 0x89, 0xe5, 0x90 };

static void add_function(struct image *image, const char *name, uint64_t address, bool framed)
{
	const struct symbol symbol = { .name = name, .address = address, .size = 0x100, .letter = 't' };

	assert_true(symtab_add(image->kernel.symbols, &symbol, &error));
	if (framed)
		image_put(image, address - IMAGE_BASE, framed_code, sizeof(framed_code));
}

/* Built with frame pointers: entry code at ENTRY, the functions LEAF, BIG and FRAMED, and at UNKNOWN one that keeps none. */
static int setup_records(void **state)
{
	struct image *image;

	setup(state);
	image = *state;
	image->kernel.orc = (struct orc_table){ 0 };
	image->kernel.orc_loaded = false;
	symtab_free(image->kernel.symbols);
	assert_true(symtab_new(&image->kernel.symbols, &error));
	add_function(image, "leaf", TEXT + LEAF, true);
	add_function(image, "big", TEXT + BIG, true);
	add_function(image, "framed", TEXT + FRAMED, true);
	add_function(image, "apic_timer_interrupt", TEXT + ENTRY, false);
	add_function(image, "ret_from_fork", TEXT + END, false);
	add_function(image, "naked", TEXT + UNKNOWN, false);
	assert_true(symtab_finish(image->kernel.symbols, &error));
	return 0;
}

static void put_record(struct image *image, uint64_t fp, uint64_t next, uint64_t pc)
{
	put(image, fp, next);
	put(image, fp + 8, pc);
}

static void test_frame_records(void **state)
{
	struct image *image = *state;

	put_record(image, STACK + 0x40, STACK + 0x80, TEXT + BIG + 0x20);
	put_record(image, STACK + 0x80, 0, TEXT + END + 5);
	assert_int_equal(run(image, TEXT + LEAF + 0x20, STACK, STACK + 0x40), UNWIND_COMPLETE);
	assert_int_equal(count, 3);
	assert_int_equal(frames[1].pc, TEXT + BIG + 0x20);
	assert_int_equal(frames[1].sp, STACK + 0x50);
	assert_int_equal(frames[2].pc, TEXT + END + 5);
}

/* Interrupted before the record was there, between push and mov, and at the ret. */
static void test_record_is_not_there_yet(void **state)
{
	struct image *image = *state;
	const uint8_t ret = 0xc3;

	image_put(image, TEXT + LEAF + 0x40 - IMAGE_BASE, &ret, 1);
	put_record(image, STACK + 0x80, 0, TEXT + END + 5);
	put(image, STACK, TEXT + BIG + 0x20);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(run(image, TEXT + LEAF + (i ? 0x40 : 5), STACK, STACK + 0x80), UNWIND_COMPLETE);
		assert_int_equal(count, 3);
		assert_int_equal(frames[1].pc, TEXT + BIG + 0x20);
		assert_int_equal(frames[1].sp, STACK + 8);
	}
	put(image, STACK - 8, STACK + 0x80);
	assert_int_equal(run(image, TEXT + LEAF + 6, STACK - 8, STACK + 0x80), UNWIND_COMPLETE);
	assert_int_equal(count, 3);
	assert_int_equal(frames[1].sp, STACK + 8);
}

/* What the compiler put into rbp instead of a frame pointer is not followed. */
static void test_no_record(void **state)
{
	struct image *image = *state;

	put_record(image, STACK + 0x40, STACK + 0x80, TEXT + BIG + 0x20);
	assert_int_equal(run(image, TEXT + UNKNOWN + 0x20, STACK, STACK + 0x40), UNWIND_FAILED);
	assert_int_equal(count, 1);
}

/* 4.9 and later mark a frame pointer that is a pt_regs. */
static void test_encoded_pt_regs(void **state)
{
	struct image *image = *state;

	put_pt_regs(image, STACK + 0x100, TEXT + FRAMED + 0x30, 0x10, STACK + 0x200, STACK + 0x240);
	put_record(image, STACK + 0x240, 0, TEXT + END + 5);
	assert_int_equal(run(image, TEXT + LEAF + 0x20, STACK, (STACK + 0x100) | 1), UNWIND_COMPLETE);
	assert_int_equal(count, 3);
	assert_int_equal(frames[1].kind, FRAME_INTERRUPTED);
	assert_int_equal(frames[1].pc, TEXT + FRAMED + 0x30);
	assert_int_equal(frames[1].regs_address, STACK + 0x100);
}

/* Entry code's pt_regs: at its stack pointer; by the word there (4.12 to 5.7); by the word to its rbp (to 4.1). */
static void test_entry_code(void **state)
{
	struct image *image = *state;
	const uint64_t regs = STACK + 0x100, words[] = { 0, regs, regs + 32 };

	put_record(image, STACK + 0x240, 0, TEXT + END + 5);
	for (size_t i = 0; i < 3; i++) {
		uint64_t sp = words[i] ? LOW_STACK + 0x50 : regs;

		put_pt_regs(image, regs, TEXT + FRAMED + 0x30, 0x10, STACK + 0x200, STACK + 0x240);
		put(image, regs, 0xbad15);
		put_record(image, LOW_STACK + 0x40, 0, TEXT + ENTRY + 0x20);
		if (words[i])
			put(image, sp, words[i]);
		else
			put_record(image, sp - 16, 0, TEXT + ENTRY + 0x20);
		assert_int_equal(run(image, TEXT + LEAF + 0x20, LOW_STACK, sp - 16), UNWIND_COMPLETE);
		assert_int_equal(count, 4);
		assert_int_equal(frames[1].sp, sp);
		assert_int_equal(frames[2].pc, TEXT + FRAMED + 0x30);
		assert_int_equal(frames[2].regs_address, regs);
		/* Entry code to 4.1 saved no callee-saved register there: what lies in r15's place is not r15. */
		assert_int_equal(!!(frames[2].registers.valid & 1ull << X86_R15), i < 2);
	}
	put_pt_regs(image, regs, 0x401000, 0x33, 0x7fff0000, 0);
	assert_int_equal(run(image, TEXT + LEAF + 0x20, LOW_STACK, LOW_STACK + 0x40), UNWIND_COMPLETE);
	assert_int_equal(count, 3);
	assert_int_equal(frames[2].kind, FRAME_USER);
}

/* switch_to() to 4.8: rbp alone, in some versions the flags above it. */
static void test_inlined_switch(void **state)
{
	struct image *image = *state;
	struct registers registers = { 0 };

	image->kernel.memory->switch_pc = TEXT + BIG + 0x50;
	put(image, STACK, STACK + 0x40);
	for (int flags = 0; flags < 2; flags++) {
		put(image, STACK + 8, flags ? 0x86 : STACK + 0x1000);
		assert_true(arch_x86_64.task_registers(image->kernel.memory, STACK, &registers, &error));
		assert_int_equal(registers.value[X86_RIP], TEXT + BIG + 0x50);
		assert_int_equal(registers.value[X86_RBP], STACK + 0x40);
		assert_int_equal(registers.value[X86_RSP], STACK + 8 + 8 * flags);
		assert_false(registers.valid & 1ull << X86_RBX);
	}
	image->kernel.memory->switch_pc = 0;
}

int main(void)
{
#define RECORDS(name) cmocka_unit_test_setup_teardown(name, setup_records, teardown)
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_calls), TEST(test_return_address_is_looked_up_before), TEST(test_exact_pc),
		TEST(test_interrupt_on_another_stack_and_user), TEST(test_user_registers_are_one_frame),
		TEST(test_iret_frame), TEST(test_stack_switch_in_c), TEST(test_stack_switch_in_assembly), TEST(test_unknown_code_ends_with_a_sentence),
		TEST(test_register_that_is_not_known), TEST(test_wild_return_address),
		TEST(test_stack_that_is_not_in_the_dump), TEST(test_call_of_null), TEST(test_bad_pointers), TEST(test_frame_pointer_code),
		RECORDS(test_frame_records), RECORDS(test_record_is_not_there_yet), RECORDS(test_no_record),
		RECORDS(test_encoded_pt_regs), RECORDS(test_entry_code), RECORDS(test_inlined_switch),
		TEST(test_circles), TEST(test_limit), TEST(test_no_registers),
		cmocka_unit_test(test_set_panic_trace), cmocka_unit_test(test_set_proc_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
