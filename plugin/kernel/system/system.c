// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The machine as a whole: names, clocks, load, memory, taint. The panic message is
 * system_panic.c's; see system.h.
 */
#include "kernel/system/system.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kernel/memory/memory_use.h"
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
	/* Before 3fdb14fd1df7, 3.17, and still RHEL 7's. */
	if (!symbol && kernel_symbol(kernel, "timekeeper", address_ret, NULL))
		return true;
	if (!symbol)
		return error_set(error, ERROR_NO_SYMBOL,
				 "the kernel has none of timekeeper_data, tk_core and timekeeper");
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
	if (base > LONGEST_UPTIME_NS || sleep > LONGEST_UPTIME_NS)
		return error_set(error, ERROR_CORRUPT, "the timekeeper is damaged: no machine has been up for %" PRIu64 " seconds",
				 (uint64_t)((base > sleep ? base : sleep) / NSEC_PER_SEC));
	/* It has the time of day twice. */
	if ((base + offset) / NSEC_PER_SEC - seconds + 2 > 4)
		return error_set(error, ERROR_CORRUPT, "the timekeeper is damaged: it is %" PRIu64 " seconds after 1970, or %" PRIu64, seconds,
				 (uint64_t)((base + offset) / NSEC_PER_SEC));
	clock->uptime_ns = base + (fraction >> shift) + sleep;
	clock->wall_seconds = seconds;
	clock->wall_offset_ns = offset;
	clock->wall_valid = true;
	return true;
}

/* Ticks since boot over their rate. */
static bool clock_from_jiffies(struct kernel *kernel, struct system_clock *clock)
{
	uint64_t jiffies, tick, hz;

	if (!kernel_read_variable(kernel, "jiffies_64", 8, &jiffies, NULL) || !kernel_tick(kernel, &tick, NULL))
		return false;
	hz = (NSEC_PER_SEC + tick / 2) / tick;
	/* INITIAL_JIFFIES: it wraps 32 bits five minutes after boot */
	jiffies -= (uint32_t)(-300 * (int64_t)hz);
	if (jiffies / hz > LONGEST_UPTIME_NS / NSEC_PER_SEC)
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

static bool read_name(struct kernel *kernel, uint64_t uts, const char *member_name,
		      const char *header, char *name, size_t size, struct error *why)
{
	struct member member;

	name[0] = 0;
	if (uts && types_member(kernel->types, "new_utsname", member_name, &member, why) &&
	    memory_read_string(kernel->memory, uts + member.offset,
			       name, member.size && member.size < size ? member.size : size, why))
		return true;
	snprintf(name, size, "%s", header);
	return header[0] != 0;
}

static void read_names(struct kernel *kernel, struct system_info *info)
{
	const struct dump *dump = kernel->dump;
	struct error why = { .kind = ERROR_NONE };
	struct member name;
	uint64_t uts = 0;
	bool known = true;

	if (kernel_symbol(kernel, "init_uts_ns", &uts, &why)) {
		if (types_member(kernel->types, "uts_namespace", "name", &name, &why))
			uts += name.offset;
		else
			uts = 0;
	}
	/* Each of them is wanted, whatever becomes of the others. */
	known &= read_name(kernel, uts, "nodename", dump->uts.nodename, info->nodename, sizeof(info->nodename), &why);
	known &= read_name(kernel, uts, "release", kernel->release, info->release, sizeof(info->release), &why);
	known &= read_name(kernel, uts, "version", dump->uts.version, info->version, sizeof(info->version), &why);
	known &= read_name(kernel, uts, "machine", dump->uts.machine, info->machine, sizeof(info->machine), &why);
	read_name(kernel, uts, "domainname", "", info->domainname, sizeof(info->domainname), NULL);
	if (!known)
		system_unknown(info, "its names", &why);
}

void system_unknown(struct system_info *info, const char *what, const struct error *why)
{
	size_t used = strlen(info->unknown);

	snprintf(info->unknown + used, sizeof(info->unknown) - used, "%s%s (%s)", used ? "; " : "", what, why->text);
}

static void read_memory_size(struct kernel *kernel, struct system_info *info)
{
	struct error why;

	if (!memory_total(kernel, &info->memory_bytes, &why))
		system_unknown(info, "the memory's size", &why);
}

/* avenrun[] is fixed point with 11 bits of fraction (FSHIFT). */
static void read_load(struct kernel *kernel, struct system_info *info)
{
	unsigned word = kernel->arch->pointer_size;
	uint64_t address, value;
	struct error why;

	info->load_valid = kernel_symbol(kernel, "avenrun", &address, &why);
	for (unsigned i = 0; i < 3 && info->load_valid; i++) {
		info->load_valid = memory_read_uint(kernel->memory, address + i * word, word, &value, &why);
		/* It is an average of how many tasks ran. */
		if (info->load_valid && value / 2048 > TASK_MAX_PID)
			info->load_valid = error_set(&why, ERROR_CORRUPT, "avenrun is damaged: no machine has %" PRIu64 " tasks",
						     value / 2048);
		if (info->load_valid)
			info->load[i] = value / 2048.0;
	}
	if (!info->load_valid)
		system_unknown(info, "the load average", &why);
}

static void read_clock(struct kernel *kernel, struct system_info *info)
{
	struct system_clock clock;
	struct error why = { .kind = ERROR_NONE };

	if (!system_clock(kernel, &clock, &why)) {
		system_unknown(info, "date and uptime", &why);
		return;
	}
	info->uptime_ns = clock.uptime_ns;
	info->wall_seconds = clock.wall_seconds;
	info->uptime_from_jiffies = clock.from_jiffies;
	if (clock.from_jiffies)
		system_unknown(info, "the date", &why);
}

static void read_taint(struct kernel *kernel, struct system_info *info)
{
	struct error why;

	info->taint_known = kernel_read_variable(kernel, "tainted_mask", kernel->arch->pointer_size,
						 &info->taint_mask, &why);
	if (!info->taint_known)
		system_unknown(info, "what tainted it", &why);
	else if (info->taint_mask)
		system_taint_letters(kernel, info->taint_mask, true, info->taint_letters,
				     sizeof(info->taint_letters));
}

/* How many CPUs are in MASK; 0 if it cannot be read. */
static unsigned count_mask(struct kernel *kernel, const char *mask, struct error *why)
{
	unsigned count = 0;

	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		bool in;

		if (!cpu_in_mask(kernel, mask, cpu, &in, why))
			return 0;
		count += in;
	}
	return count;
}

/* Those that were there and off, as the kernel lists CPUs: "1,4-9". */
static bool list_offline(struct kernel *kernel, struct system_info *info, struct error *why)
{
	size_t size = 0;

	for (unsigned cpu = 0, first = 0, count = 0; cpu <= kernel->nr_cpu_ids; cpu++) {
		bool present = false, online = false;

		if (cpu < kernel->nr_cpu_ids && (!cpu_in_mask(kernel, "present", cpu, &present, why) ||
						 !cpu_in_mask(kernel, "online", cpu, &online, why)))
			return false;
		if (present && !online) {
			first = count++ ? first : cpu;
			continue;
		}
		if (count && size < sizeof(info->cpus_offline))
			size += snprintf(info->cpus_offline + size, sizeof(info->cpus_offline) - size,
					 count > 1 ? "%s%u-%u" : "%s%u", size ? "," : "", first, cpu - 1);
		count = 0;
	}
	return true;
}

static void count_cpus(struct kernel *kernel, struct system_info *info)
{
	struct error why = { .kind = ERROR_NONE };

	if (!kernel->nr_cpu_ids) {
		error_set(&why, ERROR_EXCLUDED, "%s", kernel->damage);
	} else {
		info->cpus_online = count_mask(kernel, "online", &why);
		info->cpus_possible = count_mask(kernel, "possible", &why);
		info->cpus_offline_known = info->cpus_online && list_offline(kernel, info, &why);
		if (!info->cpus_online && why.kind == ERROR_NONE)
			error_set(&why, ERROR_CORRUPT, "the mask of online CPUs is empty");
	}
	if (why.kind != ERROR_NONE)
		system_unknown(info, "the number of CPUs", &why);
}

static void count_tasks(struct kernel *kernel, struct system_info *info)
{
	struct task_table *tasks;
	struct error why;

	if (!tasks_get(kernel, &tasks, &why)) {
		system_unknown(info, "the tasks", &why);
		return;
	}
	info->nr_tasks = tasks->count;
	info->tasks_whole = !tasks->damage;
	if (tasks->damage) {
		error_set(&why, ERROR_CORRUPT, "%s", tasks->damage);
		system_unknown(info, "how many tasks there were", &why);
	}
}

bool system_info(struct kernel *kernel, struct system_info *info, struct error *error)
{
	memset(info, 0, sizeof(*info));
	if (!kernel_check_interrupt(kernel, error))
		return false;
	read_names(kernel, info);
	read_memory_size(kernel, info);
	read_clock(kernel, info);
	read_load(kernel, info);
	read_taint(kernel, info);
	count_cpus(kernel, info);
	count_tasks(kernel, info);
	system_panic(kernel, info);
	return kernel_check_interrupt(kernel, error);
}
