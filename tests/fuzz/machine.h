/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small whole kernel (eight tasks, three modules, a log, stacks, two CPUs) whose memory a fuzz target's input overwrites.
 *
 * A change is three bytes of place (the low 20 bits; the high ones say what) and then: 0 to 7 that many bytes and one more; 8 a pointer
 * (three bytes) into the image; 9 a page goes missing; 10 a pointer at itself; 11 to 15 a small number as eight bytes.
 */
#ifndef VMCORE_FUZZ_MACHINE_H
#define VMCORE_FUZZ_MACHINE_H

#include "../unit/test_kernel_image.h"
#include "../unit/test_orc_rows.h"
#include "fuzz.h"

#include "commands/command.h"
#include "kernel/tasks/cpu.h"
#include "kernel/modules/module.h"
#include "kernel/tasks/task.h"

#define PLACES (1u << 20)	/* what the input can reach; the image has two of them */
#define NR_TASKS 8
#define TASK(i) (0x60000u + (i) * 0x1000u)
#define SIGNALS(i) (0x68000u + (i) * 0x200u)
#define MODULE(i) (0x70000u + (i) * 0x1000u)
#define MODULE_DATA 0x78000u
#define MM 0x80000u
#define QUEUES 0x82000u
#define STACK(i) (0x90000u + (i) * 0x1000u)
#define MODULES_HEAD 0x100u
#define TEXT (IMAGE_BASE + 0x100000)
#define AT(offset) (IMAGE_BASE + (offset))

#define ARRAY(type_, path_, offset_, count_, each_) \
	{ type_, path_, { .offset = offset_, .size = (count_) * (each_), .kind = TYPE_ARRAY, .count = count_, \
			  .element_size = each_, .type_name = "" } }

static const struct image_member members[] = {
	SIZE_OF("task_struct", 0x200), SIZE_OF("list_head", 16), SIZE_OF("thread_union", 0x1000), SIZE_OF("module", 512),
	MEMBER("task_struct", "tasks", 0, 16), MEMBER("task_struct", "tasks.next", 0, 8), MEMBER("task_struct", "tasks.prev", 8, 8),
	MEMBER("task_struct", "pid", 0x10, 4), MEMBER("task_struct", "tgid", 0x14, 4),
	ARRAY("task_struct", "comm", 0x18, 16, 1),
	MEMBER("task_struct", "real_parent", 0x28, 8), MEMBER("task_struct", "group_leader", 0x30, 8),
	MEMBER("task_struct", "mm", 0x38, 8), MEMBER("task_struct", "stack", 0x40, 8), MEMBER("task_struct", "thread.sp", 0x48, 8),
	MEMBER("task_struct", "start_boottime", 0x50, 8), MEMBER("task_struct", "utime", 0x58, 8),
	MEMBER("task_struct", "stime", 0x60, 8), MEMBER("task_struct", "sched_info.last_arrival", 0x68, 8),
	MEMBER("task_struct", "flags", 0x70, 4), MEMBER("task_struct", "__state", 0x74, 4),
	MEMBER("task_struct", "exit_state", 0x78, 4), MEMBER("task_struct", "cpu", 0x7c, 4),
	MEMBER("task_struct", "policy", 0x80, 4), MEMBER("task_struct", "prio", 0x84, 4),
	MEMBER("task_struct", "signal", 0x88, 8), MEMBER("task_struct", "thread_node", 0x90, 16),
	MEMBER("task_struct", "thread_node.next", 0x90, 8), MEMBER("task_struct", "thread_node.prev", 0x98, 8),
	MEMBER("signal_struct", "thread_head", 0, 16), MEMBER("signal_struct", "rlim", 16, 256, .count = 16, .element_size = 16),
	MEMBER("mm_struct", "pgd", 0, 8), MEMBER("mm_struct", "arg_start", 8, 8), MEMBER("mm_struct", "arg_end", 16, 8),
	MEMBER("mm_struct", "env_start", 24, 8), MEMBER("mm_struct", "env_end", 32, 8), MEMBER("mm_struct", "total_vm", 40, 8),
	ARRAY("mm_struct", "rss_stat", 48, 4, 40), MEMBER("percpu_counter", "count", 8, 8),
	MEMBER("percpu_counter", "counters", 32, 8),
	MEMBER("rq", "clock", 0, 8), MEMBER("pt_regs", "orig_ax", 120, 8),
	MEMBER("module", "state", 0, 4), MEMBER("module", "list", 8, 16), ARRAY("module", "name", 24, 56, 1),
	MEMBER("module", "taints", 80, 8), MEMBER("module", "refcnt.counter", 88, 4, .is_signed = true),
	MEMBER("module", "source_list", 96, 16), MEMBER("module", "sect_attrs", 112, 8), MEMBER("module", "notes_attrs", 120, 8),
	MEMBER("module", "init", 128, 8), MEMBER("module", "exit", 136, 8), MEMBER("module", "version", 144, 8),
	MEMBER("module", "kallsyms", 152, 8), MEMBER("module", "percpu", 160, 8), MEMBER("module", "percpu_size", 168, 4),
	MEMBER("mod_kallsyms", "symtab", 0, 8), MEMBER("mod_kallsyms", "num_symtab", 8, 4),
	MEMBER("mod_kallsyms", "strtab", 16, 8), MEMBER("mod_kallsyms", "typetab", 24, 8),
	MEMBER("module_use", "source_list", 0, 16), MEMBER("module_use", "source", 32, 8),
	SIZE_OF("bin_attribute", 64), MEMBER("bin_attribute", "attr.name", 0, 8), MEMBER("bin_attribute", "size", 16, 8),
	MEMBER("bin_attribute", "private", 24, 8),
	ARRAY("module", "mem", 200, 7, 24), MEMBER("module_memory", "base", 0, 8), MEMBER("module_memory", "size", 12, 4),
	MEMBER("module_sect_attrs", "nsections", 40, 4), MEMBER("module_sect_attrs", "attrs", 48, 0, .type_name = "module_sect_attr"),
	SIZE_OF("module_sect_attr", 72), MEMBER("module_sect_attr", "battr.attr.name", 0, 8),
	MEMBER("module_sect_attr", "address", 64, 8),
	MEMBER("module_notes_attrs", "notes", 8, 4), MEMBER("module_notes_attrs", "attrs", 16, 0, .type_name = "bin_attribute"),
	MEMBER("module", "num_orcs", 400, 4), MEMBER("module", "arch.num_orcs", 400, 4),
	MEMBER("module", "arch.orc_unwind_ip", 408, 8), MEMBER("module", "arch.orc_unwind", 416, 8),
	{ NULL, NULL, { 0 } }
};

struct machine {
	struct image *image;
	struct cpu cpus[2];
	uint64_t per_cpu_offset[2];
	uint8_t whole[PLACES];		/* the image before any change */
	bool touched[PLACES / IMAGE_PAGE];
};

static void put8(struct image *image, uint64_t offset, uint64_t value)
{
	image_put_number(image, offset, value, 8);
}

static bool user_root(struct memory *memory, uint64_t mm_pgd, uint64_t *root_ret, struct error *error)
{
	(void)memory;
	if (!mm_pgd)
		return error_set(error, ERROR_NOT_MAPPED, "no page tables");
	*root_ret = 0x1000;
	return true;
}

static bool enumerators(void *private, const char *type, bool (*callback)(void *context, const char *name, int64_t value),
			void *context, struct error *error)
{
	if (type)
		return image_enumerators(private, type, callback, context, error);
	(void)(callback(context, "MM_FILEPAGES", 0) && callback(context, "MM_ANONPAGES", 1) &&
	       callback(context, "MM_SWAPENTS", 2) && callback(context, "MM_SHMEMPAGES", 3));
	return true;
}

static void put_task(struct image *image, unsigned i)
{
	unsigned leader = i == 5 ? 4 : i;	/* 5 is 4's thread; 1 is an idle task, on no list */
	char comm[16];

	put8(image, TASK(i), AT(TASK(i == 0 ? 2 : (i + 1) % NR_TASKS)));
	put8(image, TASK(i) + 8, AT(TASK(i == 2 ? 0 : (i + NR_TASKS - 1) % NR_TASKS)));
	image_put_number(image, TASK(i) + 0x10, i < 2 ? 0 : i * 100, 4);
	image_put_number(image, TASK(i) + 0x14, i < 2 ? 0 : leader * 100, 4);
	snprintf(comm, sizeof(comm), "task-%u", i);
	image_put_string(image, TASK(i) + 0x18, comm);
	put8(image, TASK(i) + 0x28, AT(TASK(i < 3 ? 0 : i - 1)));
	put8(image, TASK(i) + 0x30, AT(TASK(leader)));
	put8(image, TASK(i) + 0x38, i < 3 ? 0 : AT(MM));
	put8(image, TASK(i) + 0x40, AT(STACK(i)));
	put8(image, TASK(i) + 0x48, AT(STACK(i) + 0xe00));
	put8(image, TASK(i) + 0x50, 1500000000);
	put8(image, TASK(i) + 0x68, 1000000000ull * i);
	image_put_number(image, TASK(i) + 0x70, i < 3 ? 0x200000 : 0, 4);
	image_put_number(image, TASK(i) + 0x74, i & 3, 4);
	image_put_number(image, TASK(i) + 0x7c, i & 1, 4);
	put8(image, TASK(i) + 0x88, AT(SIGNALS(leader)));
	put8(image, TASK(i) + 0x90, AT(i == 4 ? TASK(5) + 0x90 : SIGNALS(leader)));
	put8(image, TASK(i) + 0x98, AT(i == 5 ? TASK(4) + 0x90 : SIGNALS(leader)));
	put8(image, SIGNALS(i), AT(TASK(i) + 0x90));
	put8(image, SIGNALS(i) + 8, AT(TASK(i == 4 ? 5 : i) + 0x90));
	/* What a switch-out leaves, and frames of each kind above it. */
	for (unsigned word = 0; word < 64; word++)
		put8(image, STACK(i) + 0xe00 + word * 8,
		     word % 3 == 2 ? AT(STACK(i) + 0xe00 + word * 8 + 16) : TEXT + (word * 7 + i) % NR_ORC_ROWS * 0x100 + 4);
}

static void put_module(struct image *image, unsigned i)
{
	static const uint8_t note[] = { 4, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0, 0xab, 0xcd, 0xef, 1, 0x23, 0, 0, 0 };
	uint64_t at = MODULE(i), data = MODULE_DATA + i * 0x1000;
	char name[] = { 'm', 'o', 'd', '0' + i, 0 };

	put8(image, at + 8, AT(i == 2 ? MODULES_HEAD : MODULE(i + 1) + 8));
	put8(image, at + 16, AT(i ? MODULE(i - 1) + 8 : MODULES_HEAD));
	image_put_string(image, at + 24, name);
	put8(image, at + 80, 1 << 12);
	image_put_number(image, at + 88, 2, 4);
	put8(image, at + 96, i == 0 ? AT(data) : AT(at + 96));
	put8(image, data, AT(at + 96));
	put8(image, data + 32, AT(MODULE(1)));
	put8(image, at + 112, AT(data + 0x100));
	image_put_number(image, data + 0x100 + 40, 2, 4);
	for (unsigned j = 0; j < 2; j++) {
		put8(image, data + 0x130 + 72 * j, AT(data + 0x200));
		put8(image, data + 0x130 + 72 * j + 64, 0xffffffffc0000000 + i * 0x10000 + j * 0x1000);
	}
	image_put_string(image, data + 0x200, ".text");
	put8(image, at + 120, AT(data + 0x300));
	image_put_number(image, data + 0x300 + 8, 1, 4);
	put8(image, data + 0x310 + 16, sizeof(note));
	put8(image, data + 0x310 + 24, AT(data + 0x400));
	image_put(image, data + 0x400, note, sizeof(note));
	put8(image, at + 144, AT(data + 0x200));
	put8(image, at + 152, AT(data + 0x500));
	put8(image, data + 0x500, AT(data + 0x540));
	image_put_number(image, data + 0x508, 3, 4);
	put8(image, data + 0x510, AT(data + 0x600));
	put8(image, data + 0x518, AT(data + 0x640));
	for (unsigned j = 1; j < 3; j++) {
		image_put_number(image, data + 0x540 + 24 * j, 1, 4);
		image_put_number(image, data + 0x540 + 24 * j + 4, 2, 1);
		put8(image, data + 0x540 + 24 * j + 8, 0xffffffffc0000000 + i * 0x10000 + 0x100 * j);
	}
	image_put(image, data + 0x600, "\0init", 6);
	image_put(image, data + 0x640, "?tt", 4);
	for (unsigned j = 0; j < 2; j++) {
		put8(image, at + 200 + 24 * j, 0xffffffffc0000000 + i * 0x10000 + 0x1000 * j);
		image_put_number(image, at + 200 + 24 * j + 12, 0x1000, 4);
	}
}

static struct machine *make_machine(void)
{
	static const char *const lines[] = { "Linux version 6.1", "BUG: kernel NULL pointer dereference", "Kernel panic - not syncing", NULL };
	static struct types_source source;
	struct machine *machine = calloc(1, sizeof(*machine));
	struct image *image = image_new(members, RING_VMCOREINFO "SYMBOL(prb)=ffff888000000800\n");
	struct symbol queues = { .address = AT(QUEUES), .size = 64, .name = "runqueues", .letter = 'D', .percpu = true };

	machine->image = image;
	source = image_types;
	source.for_each_enumerator = enumerators;
	types_close(image->kernel.types);
	FUZZ_CHECK(types_new(&source, image, "image", &image->kernel.types, NULL));
	image_symbol(image, "init_task", TASK(0), 0x1000);
	image_symbol(image, "modules", MODULES_HEAD, 16);
	image_symbol(image, "prb", RING_POINTER, 8);
	image_symbol(image, "jiffies_64", 0x200, 8);
	image_symbol(image, "tainted_mask", 0x208, 8);
	image_symbol(image, "avenrun", 0x210, 24);
	image_symbol(image, "_totalram_pages", 0x230, 8);
	for (unsigned i = 0; i < NR_ORC_ROWS; i++) {
		char name[] = { 'f', 'u', 'n', 'a' + i, 0 };
		struct symbol symbol = { .address = TEXT + i * 0x100, .size = 0x100, .name = name, .letter = 'T', .function = true };

		orc_addresses[i] = symbol.address;
		FUZZ_CHECK(symtab_add(image->kernel.symbols, &symbol, NULL));
	}
	FUZZ_CHECK(symtab_add(image->kernel.symbols, &queues, NULL));
	image_ready(image);
	image->arch.user_root = user_root;
	ring_of(image, lines);
	put8(image, MODULES_HEAD, AT(MODULE(0) + 8));
	for (unsigned i = 0; i < 3; i++)
		put_module(image, i);
	for (unsigned i = 0; i < NR_TASKS; i++)
		put_task(image, i);
	put8(image, MM, AT(MM));
	put8(image, MM + 8, AT(MM + 0x100));
	put8(image, MM + 16, AT(MM + 0x110));
	put8(image, MM + 24, AT(MM + 0x110));
	put8(image, MM + 32, AT(MM + 0x140));
	image_put(image, MM + 0x100, "/bin/sh\0-c\0true\0A=b\0", 21);
	for (unsigned i = 0; i < 2; i++)
		put8(image, QUEUES + i * 0x1000, 4000000000);
	image->kernel.orc = (struct orc_table){ orc_addresses, orc_rows, NR_ORC_ROWS };
	image->kernel.orc_loaded = true;
	image->kernel.text_start = TEXT;
	image->kernel.text_end = TEXT + NR_ORC_ROWS * 0x100;
	image->kernel.nr_cpu_ids = image->kernel.nr_cpus = 2;
	image->kernel.per_cpu_offset = machine->per_cpu_offset;
	image->kernel.cpus = machine->cpus;
	machine->per_cpu_offset[1] = 0x1000;
	memcpy(machine->whole, image->memory, PLACES);
	return machine;
}

static void set_cpus(struct machine *machine)
{
	for (unsigned i = 0; i < 2; i++) {
		struct registers registers = { .valid = 1ull << X86_RIP | 1ull << X86_RSP | 1ull << X86_RBP };

		registers.value[X86_RIP] = TEXT + i * 0x300;
		registers.value[X86_RSP] = AT(STACK(i) + 0xe08);
		registers.value[X86_RBP] = AT(STACK(i) + 0xe80);
		machine->cpus[i] = (struct cpu){ .number = i, .online = true, .idle = AT(TASK(i)), .task = AT(TASK(i ? 3 : 0)),
						 .registers = registers, .registers_source = CPU_REGISTERS_NOTE, .panicked = i };
	}
}

static void touch(struct machine *machine, uint32_t place, const void *data, size_t size)
{
	if (place + size > PLACES)
		return;
	memcpy(machine->image->memory + place, data, size);
	machine->touched[place / IMAGE_PAGE] = machine->touched[(place + size - 1) / IMAGE_PAGE] = true;
}

/* Only places from START on, SIZE of them (a power of two). */
static void machine_change(struct machine *machine, struct fuzz_input *input, uint32_t start, uint32_t size)
{
	uint32_t place = fuzz_number(input, 3);
	unsigned what = place >> 20;
	uint64_t value;

	place = start + (place & (PLACES - 1) & (size - 1));
	if (what < 8) {
		value = fuzz_number(input, what + 1);
		touch(machine, place, &value, what + 1);
	} else if (what == 9) {
		machine->image->missing[place / IMAGE_PAGE] = true;
	} else {
		value = what == 8 ? AT(fuzz_number(input, 3) % IMAGE_SIZE) : what == 10 ? AT(place) : fuzz_number(input, 2);
		touch(machine, place, &value, 8);
	}
}

/* Holes between what is used, or a wild length would take a megabyte of zeros for its object. */
static bool has_page(uint64_t offset)
{
	return offset < 0x48000 || (offset >= TASK(0) && offset < 0x84000) || (offset >= STACK(0) && offset < STACK(NR_TASKS));
}

static void machine_restore(struct machine *machine)
{
	for (size_t i = 0; i < PLACES / IMAGE_PAGE; i++) {
		if (machine->touched[i])
			memcpy(machine->image->memory + i * IMAGE_PAGE, machine->whole + i * IMAGE_PAGE, IMAGE_PAGE);
		machine->touched[i] = false;
		machine->image->missing[i] = !has_page(i * IMAGE_PAGE);
	}
	set_cpus(machine);
}

/*
 * The kernel that a whole input makes: as it was at first, and then changed (machine_change) from START on, SIZE bytes. The input's
 * first byte is the target's CHOICE. NULL for an input of another size than 4 to MOST bytes.
 */
__attribute__((unused))
static struct kernel *machine_of(const uint8_t *data, size_t size, size_t most, uint32_t start, uint32_t room, unsigned *choice)
{
	static struct machine *machine;
	struct fuzz_input input = { data, size };

	if (size < 4 || size > most)
		return NULL;
	if (!machine)
		machine = make_machine();
	machine_restore(machine);
	*choice = fuzz_number(&input, 1);
	while (input.size)
		machine_change(machine, &input, start, room);
	return &machine->image->kernel;
}

static bool count_text(void *context, const char *text, size_t size)
{
	size_t *total = context;

	*total += size;
	if (getenv("FUZZ_SHOW"))	/* to look at one input */
		fwrite(text, 1, size, stdout);
	FUZZ_CHECK(*total < 64 << 20);
	/* As a person who has seen enough: what a command does after that is bounded by what it does before. */
	return *total < 4096;
}

__attribute__((unused))
static void machine_run(struct kernel *kernel, const char *line)
{
	size_t total = 0, length = strcspn(line, " ");
	struct output *output = output_text_new(count_text, NULL, &total);
	struct error error = { 0 };
	struct host host = { 0 };
	struct arguments arguments;
	char name[16], *storage = NULL;
	bool json;

	snprintf(name, sizeof(name), "%.*s", (int)length, line);
	if (!command_parse(command_find(name), line + length, &arguments, &storage, &json, &error) ||
	    !command_find(name)->run(kernel, &arguments, output, &host, &error))
		fuzz_failed(&error);
	output_text_flush(output);
	output_text_free(output);
	free(storage);
}

#endif
