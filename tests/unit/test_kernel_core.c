// SPDX-License-Identifier: GPL-3.0-or-later
/* kernel/{kernel,vmlinux,containers,cpu}.c on a hand-made kernel, and what kernel_open finds in a real dump. */
#include "test_kernel_image.h"
#include "kernel/open/open.h"
#include "test_kernel_set.h"

#include "kernel/containers.h"
#include "kernel/tasks/cpu.h"
#include "kernel/modules/module.h"
#include "kernel/open/vmlinux.h"

#define POINTER(type_, path_, offset_) \
	{ type_, path_, { .offset = offset_, .size = 8, .kind = TYPE_POINTER, .type_name = "" } }

static const struct image_member members[] = {
	POINTER("rb_node", "rb_right", 8), POINTER("rb_node", "rb_left", 16),
	POINTER("rq", "curr", 16), POINTER("rq", "idle", 24),
	MEMBER("task_struct", "pid", 0, 4), MEMBER("task_struct", "thread.sp", 8, 8),
	SIZE_OF("note_buf_t", 368),
	{ NULL, NULL, { 0 } }
};

static struct error error;

static struct image *bare_image(void)
{
	struct image *image = image_new(members, NULL);

	image_ready(image);
	return image;
}

static void put8(struct image *image, uint64_t offset, uint64_t value)
{
	image_put_number(image, offset, value, 8);
}

/* --- build-ids --- */

static void put_note(uint8_t *at, uint32_t name_size, uint32_t size, uint32_t type, const char *name, uint8_t fill)
{
	memcpy(at, &name_size, 4);
	memcpy(at + 4, &size, 4);
	memcpy(at + 8, &type, 4);
	memcpy(at + 12, name, name_size);
	memset(at + 12 + (name_size + 3) / 4 * 4, fill, size);
}

static void test_build_id_from_notes(void **state)
{
	uint8_t notes[128] = { 0 };
	char hex[65];

	(void)state;
	put_note(notes, 6, 5, 3, "Linux", 0x11);		/* 12 + 8 + 8: padded */
	put_note(notes + 28, 4, 20, 1, "GNU", 0x22);		/* GNU, but an ABI tag */
	put_note(notes + 28 + 36, 4, 20, 3, "GNU", 0xa5);
	vmlinux_build_id_from_notes(notes, 100, false, hex, sizeof(hex));
	assert_string_equal(hex, "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5");
	for (size_t size = 0; size < 100; size++) {		/* cut off anywhere: nothing */
		vmlinux_build_id_from_notes(notes, size, false, hex, sizeof(hex));
		assert_string_equal(hex, "");
	}
	vmlinux_build_id_from_notes((const uint8_t *)"\0\0\0\4\0\0\0\4\0\0\0\3GNU\0\x12\x34\x56\x78", 20, true, hex, sizeof(hex));
	assert_string_equal(hex, "12345678");
	memset(notes, 0xff, sizeof(notes));
	vmlinux_build_id_from_notes(notes, sizeof(notes), false, hex, sizeof(hex));
	assert_string_equal(hex, "");
}

static void test_wrong_vmlinux_is_refused(void **state)
{
	struct vmlinux vmlinux = { .path = "/x/vmlinux", .machine = EM_X86_64, .build_id = "aaaa", .release = "6.1.0-1" };
	struct image *image = bare_image();
	struct kernel *kernel = &image->kernel;
	bool certain;

	(void)state;
	strcpy(kernel->build_id, "bbbb");
	strcpy(kernel->release, "6.12.0-2");
	assert_false(vmlinux_check_headers(kernel, &vmlinux, false, &certain, &error));
	assert_non_null(strstr(error.text, "vmlinux is 6.1.0-1 (build-id aaaa)"));
	assert_non_null(strstr(error.text, "the dump is of 6.12.0-2 (build-id bbbb)"));
	assert_non_null(strstr(error.text, "set vmcore force-vmlinux on"));
	assert_true(vmlinux_check_headers(kernel, &vmlinux, true, &certain, &error));
	/* The same id is enough, whatever the release says; upper case is the same. */
	strcpy(vmlinux.build_id, "BBBB");
	assert_true(vmlinux_check_headers(kernel, &vmlinux, false, &certain, &error));
	assert_true(certain);
	/* Without an id in the dump the release decides, for now. */
	kernel->build_id[0] = 0;
	assert_false(vmlinux_check_headers(kernel, &vmlinux, false, &certain, &error));
	strcpy(vmlinux.release, "6.12.0-2");
	assert_true(vmlinux_check_headers(kernel, &vmlinux, false, &certain, &error));
	assert_false(certain);
	vmlinux.machine = EM_AARCH64;
	assert_false(vmlinux_check_headers(kernel, &vmlinux, true, &certain, &error));
	image_free(image);
}

/* --- numbers --- */

static void test_fields(void **state)
{
	struct image *image = bare_image();
	struct kernel *kernel = &image->kernel;
	struct member member = { .offset = 1, .size = 2, .kind = TYPE_INTEGER, .is_signed = true };
	uint64_t value;

	(void)state;
	put8(image, 0x100, 0x8877665544fffe11);
	assert_true(kernel_read_field(kernel, IMAGE_BASE + 0x100, &member, &value, &error));
	assert_int_equal(value, (uint64_t)-2);
	member.is_signed = false;
	assert_true(kernel_read_field(kernel, IMAGE_BASE + 0x100, &member, &value, &error));
	assert_int_equal(value, 0xfffe);
	/* Bits 12 to 19 of the word, as the byte with the first bit and a shift say it. */
	member = (struct member){ .offset = 1, .size = 4, .kind = TYPE_INTEGER, .bit_offset = 4, .bit_size = 8 };
	assert_true(kernel_read_field(kernel, IMAGE_BASE + 0x100, &member, &value, &error));
	assert_int_equal(value, 0xff);
	member.is_signed = true;
	assert_true(kernel_decode_field(kernel, image->memory + 0x100, 8, &member, &value));
	assert_int_equal(value, (uint64_t)-1);
	assert_true(kernel_decode_field(kernel, image->memory + 0x100, 3, &member, &value));
	assert_false(kernel_decode_field(kernel, image->memory + 0x100, 2, &member, &value));
	member = (struct member){ .offset = UINT64_MAX - 1, .size = 4 };
	assert_false(kernel_decode_field(kernel, image->memory, 64, &member, &value));
	member = (struct member){ .offset = 0, .size = 3 };
	assert_false(kernel_read_field(kernel, IMAGE_BASE, &member, &value, &error));
	image_free(image);
}

/* --- containers --- */

struct seen {
	uint64_t entries[16];
	size_t count, stop_after;
	bool fail;
};

static bool see(void *context, uint64_t entry, struct error *err)
{
	struct seen *seen = context;

	if (seen->count < 16)
		seen->entries[seen->count] = entry;
	seen->count++;
	if (seen->fail)
		return error_set(err, ERROR_CORRUPT, "the callback says so");
	return seen->count != seen->stop_after;
}

#define NODE(n) (IMAGE_BASE + 0x1000 + (n) * 0x40)

static void link_nodes(struct image *image, unsigned from, unsigned to)
{
	put8(image, NODE(from) - IMAGE_BASE, NODE(to));
}

static unsigned freed[2];
static void count_first(void *value)
{
	freed[0] += *(unsigned *)value;
}
static void count_second(void *value)
{
	freed[1] += *(unsigned *)value;
}

/* What two subjects keep is apart, is freed once, and can be kept again. */
static void test_slots(void **state)
{
	static const struct kernel_slot first = { count_first }, second = { count_second };
	unsigned values[2] = { 1, 10 };
	struct kernel kernel = { 0 };

	(void)state;
	assert_null(kernel_kept(&kernel, &first));
	assert_true(kernel_keep(&kernel, &first, &values[0], NULL));
	assert_null(kernel_kept(&kernel, &second));
	assert_true(kernel_keep(&kernel, &second, &values[1], NULL));
	assert_ptr_equal(kernel_kept(&kernel, &first), &values[0]);
	assert_ptr_equal(kernel_kept(&kernel, &second), &values[1]);
	kernel_forget(&kernel);
	assert_int_equal(freed[0], 1);
	assert_int_equal(freed[1], 10);
	assert_null(kernel_kept(&kernel, &first));
	assert_true(kernel_keep(&kernel, &first, &values[0], NULL));
	kernel_forget(&kernel);
	assert_int_equal(freed[0], 2);
	assert_int_equal(freed[1], 10);
}

static void test_list(void **state)
{
	struct image *image = bare_image();
	struct seen seen = { .count = 0 };

	(void)state;
	link_nodes(image, 0, 0);
	assert_true(list_for_each(&image->kernel, NODE(0), 8, see, &seen, &error));
	assert_int_equal(seen.count, 0);
	link_nodes(image, 0, 1);
	link_nodes(image, 1, 2);
	link_nodes(image, 2, 3);
	link_nodes(image, 3, 0);
	assert_true(list_for_each(&image->kernel, NODE(0), 8, see, &seen, &error));
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.entries[2], NODE(3) - 8);
	seen = (struct seen){ .stop_after = 2 };
	assert_true(list_for_each(&image->kernel, NODE(0), 8, see, &seen, &error));
	assert_int_equal(seen.count, 2);
	seen = (struct seen){ .fail = true };
	assert_false(list_for_each(&image->kernel, NODE(0), 8, see, &seen, &error));
	assert_string_equal(error.text, "the callback says so");
	image_free(image);
}

static void test_broken_lists(void **state)
{
	struct image *image = bare_image();
	struct seen seen = { .count = 0 };

	(void)state;
	/* A circle that does not pass through the head: 0 -> 1 -> 2 -> 3 -> 2. */
	link_nodes(image, 0, 1);
	link_nodes(image, 1, 2);
	link_nodes(image, 2, 3);
	link_nodes(image, 3, 2);
	assert_false(list_for_each(&image->kernel, NODE(0), 0, see, &seen, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	assert_true(seen.count < 12);
	link_nodes(image, 3, 3);
	assert_false(list_for_each(&image->kernel, NODE(0), 0, see, &seen, &error));
	put8(image, NODE(3) - IMAGE_BASE, 0);
	assert_false(list_for_each(&image->kernel, NODE(0), 0, see, &seen, &error));
	assert_non_null(strstr(error.text, "null pointer after 3 entries"));
	/* Which is how a hash list ends. */
	seen.count = 0;
	assert_true(hlist_for_each(&image->kernel, NODE(0), 0, see, &seen, &error));
	assert_int_equal(seen.count, 3);
	/* LIST_POISON1 */
	put8(image, NODE(3) - IMAGE_BASE, 0xdead000000000100);
	assert_false(list_for_each(&image->kernel, NODE(0), 0, see, &seen, &error));
	assert_non_null(strstr(error.text, "breaks off after 4 entries"));
	image_free(image);
}

static void tree_node(struct image *image, unsigned n, unsigned left, unsigned right)
{
	put8(image, NODE(n) - IMAGE_BASE + 8, right ? NODE(right) : 0);
	put8(image, NODE(n) - IMAGE_BASE + 16, left ? NODE(left) : 0);
}

static void test_tree(void **state)
{
	struct image *image = bare_image();
	struct seen seen = { .count = 0 };

	(void)state;
	put8(image, 0x800, 0);
	assert_true(rbtree_for_each(&image->kernel, IMAGE_BASE + 0x800, 0, see, &seen, &error));
	assert_int_equal(seen.count, 0);
	put8(image, 0x800, NODE(4));
	tree_node(image, 4, 2, 6);
	tree_node(image, 2, 1, 3);
	tree_node(image, 6, 5, 0);
	tree_node(image, 1, 0, 0);
	tree_node(image, 3, 0, 0);
	tree_node(image, 5, 0, 0);
	assert_true(rbtree_for_each(&image->kernel, IMAGE_BASE + 0x800, 0, see, &seen, &error));
	assert_int_equal(seen.count, 6);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(seen.entries[i], NODE(i + 1));
	tree_node(image, 1, 4, 0);	/* a circle to the left */
	assert_false(rbtree_for_each(&image->kernel, IMAGE_BASE + 0x800, 0, see, &seen, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	image_free(image);
}

static void test_visited(void **state)
{
	struct visited visited = { 0 };

	(void)state;
	assert_false(visited_has(&visited, 8));
	for (uint64_t i = 1; i <= 5000; i++)
		assert_int_equal(visited_add(&visited, i * 64), VISITED_NEW);
	for (uint64_t i = 1; i <= 5000; i++)
		assert_int_equal(visited_add(&visited, i * 64), VISITED_BEFORE);
	assert_false(visited_has(&visited, 8));
	visited_free(&visited);
}

/* --- CPUs --- */

enum { RUNQUEUES = 0x40, CRASH_NOTES = 0x400, AREAS = 0x10000, AREA = 0x1000, MASK = 0x2000, NOTES_POINTER = 0x2010,
       PANIC_CPU = 0x2018, CURRENT = 0x30000 };
#define PRSTATUS_SIZE 336

static uint64_t offsets[4];

/* Four possible CPUs, the first three on; CPU N runs the task at CURRENT + N * 64, with pid 100 + N. */
static struct image *cpu_image_named(const char *mask)
{
	struct image *image = image_new(members, NULL);
	struct symbol percpu = { .address = RUNQUEUES, .size = 64, .name = "runqueues", .letter = 'D', .percpu = true };

	assert_true(symtab_add(image->kernel.symbols, &percpu, NULL));
	image_symbol(image, mask, MASK, 8);
	image_symbol(image, "crash_notes", NOTES_POINTER, 8);
	image_symbol(image, "panic_cpu", PANIC_CPU, 4);
	image_ready(image);
	put8(image, MASK, 7);
	put8(image, NOTES_POINTER, CRASH_NOTES);
	image_put_number(image, PANIC_CPU, 0xffffffff, 4);
	for (unsigned cpu = 0; cpu < 4; cpu++) {
		offsets[cpu] = IMAGE_BASE + AREAS + cpu * AREA;
		put8(image, AREAS + cpu * AREA + RUNQUEUES + 16, IMAGE_BASE + CURRENT + cpu * 64);
		put8(image, AREAS + cpu * AREA + RUNQUEUES + 24, IMAGE_BASE + 0x5000 + cpu * 64);
		image_put_number(image, CURRENT + cpu * 64, 100 + cpu, 4);
	}
	image->kernel.per_cpu_offset = offsets;
	image->kernel.nr_cpu_ids = 4;
	return image;
}

static struct image *cpu_image(void)
{
	return cpu_image_named("__cpu_online_mask");
}

static void drop_cpu_image(struct image *image)
{
	cpus_free(&image->kernel);
	image_free(image);
}

/* An NT_PRSTATUS: pr_pid at byte 32, the registers from 112, rip the 17th of them. */
static const uint8_t *prstatus(unsigned slot, uint32_t pid, uint64_t rip)
{
	static uint8_t notes[8][PRSTATUS_SIZE];

	memset(notes[slot], 0, PRSTATUS_SIZE);
	memcpy(notes[slot] + 32, &pid, 4);
	memcpy(notes[slot] + 112 + 16 * 8, &rip, 8);
	return notes[slot];
}

static void put_crash_note(struct image *image, unsigned cpu, const uint8_t *data)
{
	uint64_t at = AREAS + cpu * AREA + CRASH_NOTES;

	image_put_number(image, at, 5, 4);
	image_put_number(image, at + 4, PRSTATUS_SIZE, 4);
	image_put_number(image, at + 8, NT_PRSTATUS, 4);
	image_put_string(image, at + 12, "CORE");
	image_put(image, at + 20, data, PRSTATUS_SIZE);
}

static struct dump_note file_notes[8];

static void file_note(struct image *image, const char *name, uint32_t type, const uint8_t *data, uint32_t size)
{
	struct dump_note *note = &file_notes[image->dump.nr_notes++];

	*note = (struct dump_note){ .type = type, .size = size, .data = data };
	strcpy(note->name, name);
	image->dump.notes = file_notes;
}

static void expect_cpu(struct image *image, unsigned number, enum cpu_registers_source from, uint64_t rip)
{
	struct cpu *cpu = cpu_find(&image->kernel, number);

	assert_non_null(cpu);
	assert_int_equal(cpu->registers_source, from);
	if (from == CPU_REGISTERS_NOTE)
		assert_int_equal(cpu->registers.value[X86_RIP], rip);
}

static void test_cpus_from_crash_notes(void **state)
{
	struct image *image = cpu_image();

	(void)state;
	/* CPU 1 did not answer, so the file's second note is CPU 2's. */
	put_crash_note(image, 0, prstatus(0, 100, 0x1000));
	put_crash_note(image, 2, prstatus(1, 102, 0x2000));
	file_note(image, "CORE", NT_PRSTATUS, prstatus(2, 100, 0x1000), PRSTATUS_SIZE);
	file_note(image, "CORE", NT_PRSTATUS, prstatus(3, 102, 0x2000), PRSTATUS_SIZE);
	image_put_number(image, PANIC_CPU, 2, 4);
	assert_true(cpus_load(&image->kernel, &error));
	assert_int_equal(image->kernel.nr_cpus, 3);
	expect_cpu(image, 0, CPU_REGISTERS_NOTE, 0x1000);
	expect_cpu(image, 1, CPU_REGISTERS_NONE, 0);
	expect_cpu(image, 2, CPU_REGISTERS_NOTE, 0x2000);
	assert_int_equal(cpu_panicked(&image->kernel)->number, 2);
	assert_int_equal(cpu_find(&image->kernel, 1)->task, IMAGE_BASE + CURRENT + 64);
	assert_int_equal(cpu_find(&image->kernel, 1)->idle, IMAGE_BASE + 0x5000 + 64);
	assert_null(cpu_find(&image->kernel, 3));
	drop_cpu_image(image);
}

/* A CPU that saved a note and then went off (a stopped one) is still shown. */
static void test_cpu_that_is_off_but_was_caught(void **state)
{
	struct image *image = cpu_image();

	(void)state;
	put8(image, MASK, 1);
	put_crash_note(image, 3, prstatus(0, 103, 0x3000));
	assert_true(cpus_load(&image->kernel, &error));
	assert_int_equal(image->kernel.nr_cpus, 2);
	expect_cpu(image, 3, CPU_REGISTERS_NOTE, 0x3000);
	assert_false(cpu_find(&image->kernel, 3)->online);
	drop_cpu_image(image);
}

/* Without the buffers: as many notes as CPUs on go by order, fewer by the pid in them. */
static void test_cpus_from_file_notes(void **state)
{
	struct image *image = cpu_image();

	(void)state;
	put8(image, NOTES_POINTER, 0);
	for (unsigned i = 0; i < 3; i++)
		file_note(image, "CORE", NT_PRSTATUS, prstatus(i, 0, 0x1000 + i), PRSTATUS_SIZE);
	assert_true(cpus_load(&image->kernel, &error));
	for (unsigned i = 0; i < 3; i++)
		expect_cpu(image, i, CPU_REGISTERS_NOTE, 0x1000 + i);
	drop_cpu_image(image);

	image = cpu_image();
	put8(image, NOTES_POINTER, 0);
	file_note(image, "CORE", NT_PRSTATUS, prstatus(0, 102, 0x2000), PRSTATUS_SIZE);
	assert_true(cpus_load(&image->kernel, &error));
	expect_cpu(image, 0, CPU_REGISTERS_NONE, 0);
	expect_cpu(image, 2, CPU_REGISTERS_NOTE, 0x2000);
	drop_cpu_image(image);
}

/*
 * QEMU's notes: of each of the COUNT CPUs its number, from 1 on, and the base of its own data; rip is 0x1000 and its
 * place among them.
 */
static void qemu_notes(struct image *image, size_t count, const uint32_t *pids, const uint64_t *bases)
{
	static uint8_t own[4][432];

	memset(own, 0, sizeof(own));
	for (unsigned i = 0; i < count; i++)
		file_note(image, "CORE", NT_PRSTATUS, prstatus(i, pids[i], 0x1000 + i), PRSTATUS_SIZE);
	for (unsigned i = 0; i < count; i++) {
		uint32_t header[2] = { 1, 432 };
		uint64_t rip = 0x1000 + i, cr3 = 0x7000 + i;

		memcpy(own[i], header, 8);
		memcpy(own[i] + 8 + 16 * 8, &rip, 8);
		memcpy(own[i] + 8 + 18 * 8 + 4 * 24 + 16, &bases[i], 8);
		memcpy(own[i] + 8 + 18 * 8 + 10 * 24 + 3 * 8, &cr3, 8);
		file_note(image, "QEMU", 0, own[i], 432);
	}
}

/* QEMU's notes are of the moment of the dump: they win over what the kernel saved. */
static void test_cpus_from_qemu(void **state)
{
	struct image *image = cpu_image();

	(void)state;
	put_crash_note(image, 0, prstatus(6, 100, 0x9999));
	qemu_notes(image, 3, (uint32_t[]){ 1, 2, 3 }, (uint64_t[]){ 0, 0, 0 });
	assert_true(cpus_load(&image->kernel, &error));
	for (unsigned i = 0; i < 3; i++) {
		expect_cpu(image, i, CPU_REGISTERS_NOTE, 0x1000 + i);
		assert_int_equal(cpu_find(&image->kernel, i)->registers.value[X86_CR3], 0x7000 + i);
	}
	assert_false(cpu_panicked(&image->kernel)->panicked);
	drop_cpu_image(image);
}

/* CPU 1 was taken out: the second note is CPU 2's. */
static void test_qemu_after_unplugging(void **state)
{
	struct image *image = cpu_image();

	(void)state;
	put8(image, MASK, 5);
	qemu_notes(image, 2, (uint32_t[]){ 1, 3 }, (uint64_t[]){ 0, 0 });
	assert_true(cpus_load(&image->kernel, &error));
	assert_int_equal(image->kernel.nr_cpus, 2);
	expect_cpu(image, 0, CPU_REGISTERS_NOTE, 0x1000);
	expect_cpu(image, 2, CPU_REGISTERS_NOTE, 0x1001);
	drop_cpu_image(image);
}

/* A machine that booted without QEMU's CPU 1: the kernel counts what there is, and each CPU knows its own data. */
static void test_qemu_counts_otherwise(void **state)
{
	struct image *image = cpu_image();

	(void)state;
	qemu_notes(image, 3, (uint32_t[]){ 1, 3, 4 }, (uint64_t[]){ offsets[0], offsets[1], 0 });
	assert_true(cpus_load(&image->kernel, &error));
	expect_cpu(image, 0, CPU_REGISTERS_NOTE, 0x1000);
	expect_cpu(image, 1, CPU_REGISTERS_NOTE, 0x1001);
	expect_cpu(image, 3, CPU_REGISTERS_NOTE, 0x1002);	/* in user mode: QEMU's number is all there is */
	expect_cpu(image, 2, CPU_REGISTERS_NONE, 0);
	drop_cpu_image(image);
}

/* Numbers that cannot be: by place, those that are on first. */
static void test_qemu_without_numbers(void **state)
{
	struct image *image = cpu_image();

	(void)state;
	put8(image, MASK, 6);
	qemu_notes(image, 2, (uint32_t[]){ 0, 77 }, (uint64_t[]){ 0, IMAGE_BASE });
	assert_true(cpus_load(&image->kernel, &error));
	expect_cpu(image, 1, CPU_REGISTERS_NOTE, 0x1000);
	expect_cpu(image, 2, CPU_REGISTERS_NOTE, 0x1001);
	drop_cpu_image(image);
}

/* An idle task is never in user mode: that note is someone else's. */
static void test_implausible_note(void **state)
{
	struct image *image = cpu_image();
	uint8_t note[PRSTATUS_SIZE];
	uint64_t cs = 0x33;

	(void)state;
	memcpy(note, prstatus(0, 0, 0x401000), sizeof(note));
	memcpy(note + 112 + 17 * 8, &cs, 8);
	for (unsigned cpu = 0; cpu < 2; cpu++)
		put_crash_note(image, cpu, note);
	put8(image, AREAS + RUNQUEUES + 24, IMAGE_BASE + CURRENT);	/* CPU 0 ran its idle task */
	assert_true(cpus_load(&image->kernel, &error));
	expect_cpu(image, 0, CPU_REGISTERS_NONE, 0);
	assert_non_null(strstr(cpu_find(&image->kernel, 0)->doubt, "it ran its idle task"));
	expect_cpu(image, 1, CPU_REGISTERS_NOTE, 0x401000);
	assert_null(cpu_find(&image->kernel, 1)->doubt);
	drop_cpu_image(image);
}

/* Of a dump that has nothing but notes every note is a CPU, and what is not certain is said. */
static void test_notes_alone(void **state)
{
	struct image *image = cpu_image();

	(void)state;
	memset(image->missing, true, sizeof(image->missing));
	image->kernel.per_cpu_offset = NULL;
	for (unsigned i = 0; i < 3; i++)
		file_note(image, "CORE", NT_PRSTATUS, prstatus(i, i, 0x1000 + i), PRSTATUS_SIZE);
	assert_int_equal(cpus_in_notes(&image->dump), 3);
	assert_true(cpus_load(&image->kernel, &error));
	assert_int_equal(image->kernel.nr_cpus, 3);
	for (unsigned i = 0; i < 3; i++) {
		struct cpu *cpu = cpu_find(&image->kernel, i);

		expect_cpu(image, i, CPU_REGISTERS_NOTE, 0x1000 + i);
		assert_int_equal(cpu->task, 0);
		assert_non_null(strstr(cpu->doubt, "inferred from their place"));
		assert_false(cpu_task_reason(&image->kernel, cpu, &error));
		assert_non_null(strstr(error.text, "where CPU"));
	}
	image->kernel.per_cpu_offset = offsets;
	drop_cpu_image(image);
}

/* The kernel has the running task's address twice. */
static void test_second_word_on_the_current_task(void **state)
{
	struct image *image = image_new(members, NULL);
	struct symbol percpu[] = {
		{ .address = RUNQUEUES, .size = 64, .name = "runqueues", .letter = 'D', .percpu = true },
		{ .address = 0x800, .size = 8, .name = "current_task", .letter = 'D', .percpu = true },
		{ .address = 0x808, .size = 8, .name = "idle_threads", .letter = 'D', .percpu = true },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_true(symtab_add(image->kernel.symbols, &percpu[i], NULL));
	image_symbol(image, "__cpu_online_mask", MASK, 8);
	image_ready(image);
	put8(image, MASK, 1);
	offsets[0] = IMAGE_BASE + AREAS;
	put8(image, AREAS + 0x800, IMAGE_BASE + CURRENT);
	put8(image, AREAS + 0x808, IMAGE_BASE + CURRENT + 64);
	image->kernel.per_cpu_offset = offsets;
	image->kernel.nr_cpu_ids = 1;
	assert_true(cpus_load(&image->kernel, &error));
	assert_int_equal(cpu_find(&image->kernel, 0)->task, IMAGE_BASE + CURRENT);
	assert_int_equal(cpu_find(&image->kernel, 0)->idle, IMAGE_BASE + CURRENT + 64);
	drop_cpu_image(image);
}

static void test_damaged_crash_notes(void **state)
{
	struct image *image = cpu_image();
	uint64_t at = AREAS + CRASH_NOTES;

	(void)state;
	put_crash_note(image, 0, prstatus(0, 100, 0x1000));
	image_put_number(image, at + 4, 0xffffffff, 4);		/* an absurd size */
	put_crash_note(image, 1, prstatus(1, 100, 0x1000));
	image_put_number(image, at + AREA + 8, 77, 4);		/* another type */
	assert_true(cpus_load(&image->kernel, &error));
	expect_cpu(image, 0, CPU_REGISTERS_NONE, 0);
	expect_cpu(image, 1, CPU_REGISTERS_NONE, 0);
	drop_cpu_image(image);
}

/* Before 4.5 the masks have other names; where there is none of several CPUs' nothing is known of who was on. */
static void test_names_of_masks(void **state)
{
	struct image *image = cpu_image_named("cpu_online_bits");
	bool online;

	(void)state;
	assert_true(cpus_load(&image->kernel, &error));
	assert_int_equal(image->kernel.nr_cpus, 3);
	assert_false(cpu_was_offline(&image->kernel, 2));
	assert_true(cpu_was_offline(&image->kernel, 3));
	drop_cpu_image(image);

	image = cpu_image_named("some_mask");
	assert_true(cpus_load(&image->kernel, &error));
	assert_int_equal(image->kernel.nr_cpus, 4);
	for (unsigned cpu = 0; cpu < 4; cpu++) {
		assert_true(image->kernel.cpus[cpu].online_unknown && !image->kernel.cpus[cpu].online);
		assert_false(cpu_was_offline(&image->kernel, cpu));
	}
	assert_false(cpu_in_mask(&image->kernel, "online", 1, &online, &error));
	assert_non_null(strstr(error.text, "no symbol __cpu_online_mask"));
	cpus_free(&image->kernel);
	/* One CPU: built without SMP. */
	image->kernel.nr_cpu_ids = 1;
	assert_true(cpus_load(&image->kernel, &error));
	assert_true(image->kernel.nr_cpus == 1 && image->kernel.cpus[0].online && !image->kernel.cpus[0].online_unknown);
	drop_cpu_image(image);
}

/* --- a real dump --- */

static void test_set_kernel(void **state)
{
	char *console = set_read("console.log", NULL), *line;
	struct kernel *kernel = set_open();
	unsigned cpu, pid;
	char banner[64];
	uint64_t address;

	(void)state;
	assert_string_equal(kernel->damage, "");
	assert_true(kernel_symbol(kernel, "linux_banner", &address, &error));
	assert_true(memory_read_string(kernel->memory, address, banner, sizeof(banner), &error));
	assert_int_equal(strncmp(banner, "Linux version ", 14), 0);
	assert_int_equal(strncmp(banner + 14, kernel->release, strlen(kernel->release)), 0);
	/* "Kernel panic - not syncing: ..." and in the next line who panicked. */
	line = console ? strstr(console, "Kernel panic - not syncing") : NULL;
	line = line ? strstr(line, "CPU: ") : NULL;
	if (line && (sscanf(line, "CPU: %u PID: %u", &cpu, &pid) == 2 ||
		     sscanf(line, "CPU: %u UID: %*u PID: %u", &cpu, &pid) == 2)) {
		uint64_t current = 0;

		assert_true(cpu_panicked(kernel)->panicked);
		assert_int_equal(cpu_panicked(kernel)->number, cpu);
		assert_true(kernel_read_member(kernel, cpu_panicked(kernel)->task, "task_struct", "pid", &current, &error));
		assert_int_equal(current, pid);
	}
	for (size_t i = 0; i < kernel->nr_cpus; i++)
		assert_int_equal(kernel->cpus[i].registers_source, CPU_REGISTERS_NOTE);
	kernel_close(kernel);
	free(console);
}

/* The ways to the KASLR offset without VMCOREINFO's word for it must give the same. */
static void test_set_kaslr(void **state)
{
	struct kernel *kernel = set_open();
	uint64_t said = kernel->memory->kaslr_offset;
	struct vmlinux *vmlinux = calloc(1, sizeof(*vmlinux));
	const char *original, *key;
	char *text;

	(void)state;
	assert_true(vmlinux_identify(kernel->vmlinux_path, vmlinux, &error));
	assert_string_equal(vmlinux->release, kernel->release);
	kernel->memory->kaslr_offset = 1;
	kernel->memory->root_from_cpu = true;	/* as if VMCOREINFO were not to be trusted: the banner's turn */
	if (!vmlinux_find_kaslr(kernel, vmlinux, false, &error))
		fail_msg("%s", error.text);
	assert_int_equal(kernel->memory->kaslr_offset, said);
	original = kernel->dump->vmcoreinfo;
	if (original && (key = strstr(original, "KERNELOFFSET="))) {
		text = strdup(original);
		text[key - original] = 'X';
		kernel->dump->vmcoreinfo = text;
		kernel->memory->root_from_cpu = false;
		kernel->memory->kaslr_offset = 1;
		assert_true(vmlinux_find_kaslr(kernel, vmlinux, false, &error));
		assert_int_equal(kernel->memory->kaslr_offset, said);
		kernel->dump->vmcoreinfo = original;
		free(text);
	}
	/* And the build-id in memory is the file's. */
	kernel->build_id[0] = 0;
	assert_true(vmlinux_check_memory(kernel, vmlinux, false, &error));
	assert_string_equal(kernel->build_id, vmlinux->build_id);
	vmlinux->build_id[0] ^= 1;
	assert_false(vmlinux_check_memory(kernel, vmlinux, false, &error));
	free(vmlinux);
	kernel_close(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_id_from_notes), cmocka_unit_test(test_wrong_vmlinux_is_refused),
		cmocka_unit_test(test_fields), cmocka_unit_test(test_slots), cmocka_unit_test(test_list), cmocka_unit_test(test_broken_lists),
		cmocka_unit_test(test_tree), cmocka_unit_test(test_visited), cmocka_unit_test(test_cpus_from_crash_notes),
		cmocka_unit_test(test_cpu_that_is_off_but_was_caught), cmocka_unit_test(test_cpus_from_file_notes),
		cmocka_unit_test(test_cpus_from_qemu), cmocka_unit_test(test_qemu_after_unplugging),
		cmocka_unit_test(test_qemu_counts_otherwise), cmocka_unit_test(test_qemu_without_numbers),
		cmocka_unit_test(test_implausible_note), cmocka_unit_test(test_notes_alone),
		cmocka_unit_test(test_second_word_on_the_current_task), cmocka_unit_test(test_damaged_crash_notes),
		cmocka_unit_test(test_names_of_masks),
		cmocka_unit_test(test_set_kernel), cmocka_unit_test(test_set_kaslr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
