// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The machine as a whole: names, clocks, load, memory, taint. The panic message is
 * system_panic.c's; see system.h.
 */
#include "kernel/system/system.h"

#include <stdio.h>
#include <string.h>

#include "kernel/tasks/cpu.h"
#include "kernel/system/system_internal.h"
#include "kernel/tasks/task.h"

#define NSEC_PER_SEC 1000000000ull
#define MAX_TAINT_BITS 64

/* --- taint --- */

struct taint {
	char set, clear;
	const char *meaning;
};

/*
 * Documentation/admin-guide/tainted-kernels.rst. Bits never change their meaning. The letters are
 * read from the kernel's own table, this one is for their meaning, and for dumps without that
 * table.
 */
static const struct taint taints[] = {
	{ 'P', 'G', "proprietary module was loaded" },
	{ 'F', ' ', "module was force loaded" },
	{ 'S', ' ', "kernel running on an out of specification system" },
	{ 'R', ' ', "module was force unloaded" },
	{ 'M', ' ', "processor reported a machine check exception" },
	{ 'B', ' ', "bad page referenced or some unexpected page flags" },
	{ 'U', ' ', "taint requested by userspace application" },
	{ 'D', ' ', "kernel died recently: there was an oops or BUG" },
	{ 'A', ' ', "an ACPI table was overridden by user" },
	{ 'W', ' ', "kernel issued warning" },
	{ 'C', ' ', "staging driver was loaded" },
	{ 'I', ' ', "workaround for bug in platform firmware applied" },
	{ 'O', ' ', "externally built (out-of-tree) module was loaded" },
	{ 'E', ' ', "unsigned module was loaded" },
	{ 'L', ' ', "soft lockup occurred" },
	{ 'K', ' ', "kernel has been live patched" },
	{ 'X', ' ', "auxiliary taint, defined by the distribution" },
	{ 'T', ' ', "kernel was built with the struct randomization plugin" },
	{ 'N', ' ', "an in-kernel test has been run" },
	{ 'J', ' ', "userspace used a mutating debug operation in fwctl" },
};

/*
 * Bit BIT of the kernel's taint_flags[]. False if it has no such bit; the table above then still
 * may.
 */
static bool taint_of_kernel(struct kernel *kernel, unsigned bit, char *set_ret, char *clear_ret,
			    char *name, size_t size)
{
	const struct symbol *symbol = symtab_find(kernel->symbols, "taint_flags");
	uint64_t each, set, clear, text, entry;

	if (!symbol || !types_size(kernel->types, "taint_flag", &each, NULL) || each == 0 ||
	    symbol->size / each <= bit)
		return false;
	entry = symbol->address + bit * each;
	if (!kernel_read_member(kernel, entry, "taint_flag", "c_true", &set, NULL) ||
	    !kernel_read_member(kernel, entry, "taint_flag", "c_false", &clear, NULL))
		return false;
	*set_ret = set;
	*clear_ret = clear;
	/* 6.12 has it, 6.1 has not. */
	if (!kernel_read_member(kernel, entry, "taint_flag", "desc", &text, NULL) ||
	    !memory_read_string(kernel->memory, text, name, size, NULL))
		name[0] = 0;
	return *set_ret > ' ' && *set_ret < 0x7f;
}

/* What is known of bit BIT; '?' for a bit that nobody knows. NAME receives the meaning. */
static void taint_describe(struct kernel *kernel, unsigned bit, char *set_ret, char *clear_ret,
			   char *name, size_t size)
{
	bool known = bit < sizeof(taints) / sizeof(taints[0]);

	name[0] = 0;
	if (!taint_of_kernel(kernel, bit, set_ret, clear_ret, name, size)) {
		*set_ret = known ? taints[bit].set : '?';
		*clear_ret = known ? taints[bit].clear : ' ';
	}
	if (known)
		snprintf(name, size, "%s", taints[bit].meaning);
	else if (!name[0])
		snprintf(name, size, "bit %u, meaning not known", bit);
}

void system_taint_letters(struct kernel *kernel, uint64_t mask, bool others, char *buffer,
			  size_t size)
{
	size_t length = 0;
	char set, clear, name[80];

	for (unsigned bit = 0; bit < MAX_TAINT_BITS && length + 1 < size; bit++) {
		if (!(mask >> bit & 1) && !(others && bit < sizeof(taints) / sizeof(taints[0])))
			continue;
		taint_describe(kernel, bit, &set, &clear, name, sizeof(name));
		if (mask >> bit & 1)
			buffer[length++] = set;
		else if (clear > ' ' && clear < 0x7f)
			buffer[length++] = clear;
	}
	buffer[length] = 0;
}

void system_taint_text(struct kernel *kernel, uint64_t mask, struct buffer *text)
{
	char set, clear, name[80];

	for (unsigned bit = 0; bit < MAX_TAINT_BITS; bit++) {
		if (!(mask >> bit & 1))
			continue;
		taint_describe(kernel, bit, &set, &clear, name, sizeof(name));
		buffer_printf(text, "%c  %s\n", set, name);
	}
}

/* --- clocks --- */

/* Where struct timekeeper is. */
static bool find_timekeeper(struct kernel *kernel, uint64_t *address_ret, struct error *error)
{
	const struct symbol *symbol;
	struct member member;
	uint64_t size;

	/* 7.2: an array of struct tk_data, the first one is the system's (TIMEKEEPER_CORE). */
	symbol = symtab_find(kernel->symbols, "timekeeper_data");
	if (!symbol)
		symbol = symtab_find(kernel->symbols, "tk_core");
	if (!symbol)
		return error_set(error, ERROR_NO_SYMBOL,
				 "the kernel has neither timekeeper_data nor tk_core");
	/* when the type got a name */
	if (types_member(kernel->types, "tk_data", "timekeeper", &member, NULL)) {
		*address_ret = symbol->address + member.offset;
		return true;
	}
	/*
	 * Before that (6.12 still), tk_core's type had no name: a sequence counter, then the
	 * timekeeper, which ends it.
	 */
	if (!types_size(kernel->types, "timekeeper", &size, error))
		return false;
	if (symbol->size < size || symbol->size - size > 64)
		return error_set(error, ERROR_CORRUPT,
				 "tk_core has %llu bytes, struct timekeeper %llu",
				 (unsigned long long)symbol->size, (unsigned long long)size);
	*address_ret = symbol->address + (symbol->size - size);
	return true;
}

static bool clock_from_timekeeper(struct kernel *kernel, struct system_clock *clock,
				  struct error *error)
{
	uint64_t keeper = 0, base, fraction, shift, sleep, seconds, offset;

	if (!find_timekeeper(kernel, &keeper, error) ||
	    !kernel_read_member(kernel, keeper, "timekeeper", "tkr_mono.base", &base, error) ||
	    !kernel_read_member(kernel, keeper, "timekeeper", "tkr_mono.xtime_nsec", &fraction,
				error) ||
	    !kernel_read_member(kernel, keeper, "timekeeper", "tkr_mono.shift", &shift, error) ||
	    !kernel_read_member(kernel, keeper, "timekeeper", "offs_boot", &sleep, error) ||
	    !kernel_read_member(kernel, keeper, "timekeeper", "offs_real", &offset, error) ||
	    !kernel_read_member(kernel, keeper, "timekeeper", "xtime_sec", &seconds, error))
		return false;
	if (shift > 63)
		return error_set(error, ERROR_CORRUPT, "the timekeeper's shift is %llu",
				 (unsigned long long)shift);
	clock->uptime_ns = base + (fraction >> shift) + sleep;
	clock->wall_seconds = seconds;
	clock->wall_offset_ns = offset;
	clock->wall_valid = true;
	return true;
}

/* Ticks since boot over their rate, which the jiffies clock source knows: TICK_NSEC << shift. */
static bool clock_from_jiffies(struct kernel *kernel, struct system_clock *clock)
{
	uint64_t jiffies, source, mult, shift, tick, hz;

	if (!kernel_read_variable(kernel, "jiffies_64", 8, &jiffies, NULL) ||
	    !kernel_symbol(kernel, "clocksource_jiffies", &source, NULL) ||
	    !kernel_read_member(kernel, source, "clocksource", "mult", &mult, NULL) ||
	    !kernel_read_member(kernel, source, "clocksource", "shift", &shift, NULL) || shift > 31)
		return false;
	tick = mult >> shift;
	if (tick < 100000 || tick > 100000000)
		return false;
	hz = (NSEC_PER_SEC + tick / 2) / tick;
	/* INITIAL_JIFFIES: it wraps 32 bits five minutes after boot */
	jiffies -= (uint32_t)(-300 * (int64_t)hz);
	if (jiffies >> 56)
		return false;
	clock->uptime_ns = jiffies / hz * NSEC_PER_SEC + jiffies % hz * NSEC_PER_SEC / hz;
	clock->from_jiffies = true;
	return true;
}

bool system_clock(struct kernel *kernel, struct system_clock *clock, struct error *error)
{
	*clock = (struct system_clock){ .uptime_ns = 0 };
	return clock_from_timekeeper(kernel, clock, error) || clock_from_jiffies(kernel, clock);
}

/* --- all of it --- */

static void read_name(struct kernel *kernel, uint64_t uts, const char *member_name,
		      const char *header, char *name, size_t size)
{
	struct member member;

	name[0] = 0;
	if (uts && types_member(kernel->types, "new_utsname", member_name, &member, NULL) &&
	    memory_read_string(kernel->memory, uts + member.offset,
			       name, member.size && member.size < size ? member.size : size, NULL))
		return;
	snprintf(name, size, "%s", header);
}

static void read_names(struct kernel *kernel, struct system_info *info)
{
	const struct dump *dump = kernel->dump;
	struct member name;
	uint64_t uts = 0;

	if (kernel_symbol(kernel, "init_uts_ns", &uts, NULL)) {
		if (types_member(kernel->types, "uts_namespace", "name", &name, NULL))
			uts += name.offset;
		else
			uts = 0;
	}
	read_name(kernel, uts, "nodename", dump->uts.nodename, info->nodename,
		  sizeof(info->nodename));
	read_name(kernel, uts, "release", kernel->release, info->release, sizeof(info->release));
	read_name(kernel, uts, "version", dump->uts.version, info->version, sizeof(info->version));
	read_name(kernel, uts, "machine", dump->uts.machine, info->machine, sizeof(info->machine));
	read_name(kernel, uts, "domainname", "", info->domainname, sizeof(info->domainname));
}

static void read_memory_size(struct kernel *kernel, struct system_info *info)
{
	uint64_t pages;

	/* 5.0, ca79b0c211af */
	if (kernel_read_variable(kernel, "_totalram_pages", 8, &pages, NULL) ||
	    kernel_read_variable(kernel, "totalram_pages", 8, &pages, NULL))
		info->memory_bytes = pages << kernel->dump->page_shift;
}

/* avenrun[] is fixed point with 11 bits of fraction (FSHIFT). */
static void read_load(struct kernel *kernel, struct system_info *info)
{
	uint64_t address, value;

	if (!kernel_symbol(kernel, "avenrun", &address, NULL))
		return;
	for (unsigned i = 0; i < 3; i++) {
		if (!memory_read_uint(kernel->memory, address + i * kernel->arch->pointer_size,
				      kernel->arch->pointer_size, &value, NULL))
			return;
		info->load[i] = value / 2048.0;
	}
	info->load_valid = true;
}

static void count_cpus(struct kernel *kernel, struct system_info *info)
{
	uint64_t address, word;

	for (size_t i = 0; i < kernel->nr_cpus; i++)
		info->cpus_online += kernel->cpus[i].online;
	info->cpus_possible = kernel->nr_cpu_ids;
	if (!kernel_symbol(kernel, "__cpu_possible_mask", &address, NULL))
		return;
	info->cpus_possible = 0;
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu += 64) {
		if (!memory_read_uint(kernel->memory, address + cpu / 8, 8, &word, NULL)) {
			info->cpus_possible = kernel->nr_cpu_ids;
			return;
		}
		if (kernel->nr_cpu_ids - cpu < 64)
			word &= (1ull << (kernel->nr_cpu_ids - cpu)) - 1;
		info->cpus_possible += __builtin_popcountll(word);
	}
}

bool system_info(struct kernel *kernel, struct system_info *info, struct error *error)
{
	struct task_table *tasks;
	struct system_clock clock;

	memset(info, 0, sizeof(*info));
	if (!kernel_check_interrupt(kernel, error))
		return false;
	read_names(kernel, info);
	read_memory_size(kernel, info);
	if (system_clock(kernel, &clock, NULL)) {
		info->uptime_ns = clock.uptime_ns;
		info->wall_seconds = clock.wall_seconds;
	}
	read_load(kernel, info);
	if (kernel_read_variable(kernel, "tainted_mask", kernel->arch->pointer_size,
				 &info->taint_mask, NULL) &&
	    info->taint_mask)
		system_taint_letters(kernel, info->taint_mask, true, info->taint_letters,
				     sizeof(info->taint_letters));
	count_cpus(kernel, info);
	if (tasks_get(kernel, &tasks, NULL))
		info->nr_tasks = tasks->count;
	system_panic(kernel, info->panic, sizeof(info->panic));
	return kernel_check_interrupt(kernel, error);
}
