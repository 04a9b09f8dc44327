// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/system/irq_counters.h"

#include <stdio.h>
#include <string.h>

#include "kernel/system/irqs.h"

/* Members of irq_stat that count, with what the kernel calls them (in its code, not in its data, up to 7.0). */
static const struct {
	const char *member;	/* of irq_cpustat_t, or with VARIABLE the name of one per CPU */
	const char *name, *description;
	bool variable;
} members[] = {
	{ "__nmi_count", "NMI", "Non-maskable interrupts", false },
	{ "apic_timer_irqs", "LOC", "Local timer interrupts", false },
	{ "irq_spurious_count", "SPU", "Spurious interrupts", false },
	{ "apic_perf_irqs", "PMI", "Performance monitoring interrupts", false },
	{ "apic_irq_work_irqs", "IWI", "IRQ work interrupts", false },
	{ "icr_read_retry_count", "RTR", "APIC ICR read retries", false },
	{ "x86_platform_ipis", "PLT", "Platform interrupts", false },
	{ "irq_resched_count", "RES", "Rescheduling interrupts", false },
	{ "irq_call_count", "CAL", "Function call interrupts", false },
	{ "irq_tlb_count", "TLB", "TLB shootdowns", false },
	{ "irq_thermal_count", "TRM", "Thermal event interrupts", false },
	{ "irq_threshold_count", "THR", "Threshold APIC interrupts", false },
	{ "irq_deferred_error_count", "DFR", "Deferred Error APIC interrupts", false },
	{ "mce_exception_count", "MCE", "Machine check exceptions", true },
	{ "mce_poll_count", "MCP", "Machine check polls", true },
	{ "irq_hv_callback_count", "HYP", "Hypervisor callback interrupts", false },
	{ "irq_hv_reenlightenment_count", "HRE", "Hyper-V reenlightenment interrupts", false },
	{ "hyperv_stimer0_count", "HVS", "Hyper-V stimer0 interrupts", false },
	{ "kvm_posted_intr_ipis", "PIN", "Posted-interrupt notification event", false },
	{ "kvm_posted_intr_nested_ipis", "NPI", "Nested posted-interrupt event", false },
	{ "kvm_posted_intr_wakeup_ipis", "PIW", "Posted-interrupt wakeup event", false },
	{ "posted_msi_notification_count", "PMN", "Posted MSI notification event", false },
};

struct walk {
	struct kernel *kernel;
	bool (*callback)(void *context, const struct irq_counter *counter, struct error *error);
	void *context;
	size_t found;
	struct error damage;	/* the first name that could not be read */
};

static bool hand_out(struct walk *walk, const struct irq_counter *counter, struct error *error)
{
	walk->found++;
	return walk->callback(walk->context, counter, error);
}

static void keep(struct walk *walk, const struct error *why)
{
	if (walk->damage.kind == ERROR_NONE)
		walk->damage = *why;
}

/* Some are kept as they are printed, with blanks before and the line's end behind. */
static void trim(char *text)
{
	size_t blanks = strspn(text, " ");

	memmove(text, text + blanks, strlen(text + blanks) + 1);
	text[strcspn(text, "\n")] = '\0';
}

/* The string that the pointer at ADDRESS leads to; none is "". */
static void read_text(struct walk *walk, uint64_t address, char *text, size_t size)
{
	struct error why = { 0 };
	uint64_t pointer;

	*text = '\0';
	if (!kernel_read_pointer(walk->kernel, address, &pointer, &why)) {
		keep(walk, &why);
	} else if (pointer && !memory_read_string(walk->kernel->memory, pointer, text, size, &why)) {
		*text = '\0';
		keep(walk, &why);
	}
	trim(text);
}

/* How many of SIZE bytes SYMBOL has; 0 = that is not known. */
static unsigned entries(const struct symbol *symbol, uint64_t size)
{
	return symbol && size && symbol->size && !(symbol->size % size) && symbol->size / size <= IRQ_COUNTERS_MAX ? symbol->size / size : 0;
}

/* --- x86 up to 7.0: a structure of counters --- */

static bool members_of_irq_stat(struct walk *walk, struct error *error)
{
	struct member member;

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		struct irq_counter counter = { .size = 4 };

		if (members[i].variable ? !symtab_find(walk->kernel->symbols, members[i].member)
					: !types_member(walk->kernel->types, "irq_cpustat_t", members[i].member, &member, NULL))
			continue;
		counter.per_cpu = members[i].variable ? members[i].member : "irq_stat";
		counter.offset = members[i].variable ? 0 : member.offset;
		snprintf(counter.name, sizeof(counter.name), "%s", members[i].name);
		snprintf(counter.description, sizeof(counter.description), "%s", members[i].description);
		if (!hand_out(walk, &counter, error))
			return false;
	}
	return true;
}

/* --- x86 since then: an array of them, and one of their names --- */

static bool array_of_irq_stat(struct walk *walk, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	const struct symbol *info = symtab_find(kernel->symbols, "irq_stat_info");
	struct member counts, name, text;
	uint64_t size;

	if (!info || !types_member(kernel->types, "irq_cpustat_t", "counts", &counts, NULL))
		return true;
	if (!types_size(kernel->types, "irq_stat_info", &size, error) || !types_member(kernel->types, "irq_stat_info", "symbol", &name, error) ||
	    !types_member(kernel->types, "irq_stat_info", "text", &text, error))
		return false;
	for (unsigned i = 0; i < counts.count && i < IRQ_COUNTERS_MAX; i++) {
		struct irq_counter counter = { .per_cpu = "irq_stat", .offset = counts.offset + i * counts.element_size, .size = counts.element_size };

		read_text(walk, info->address + i * size + name.offset, counter.name, sizeof(counter.name));
		read_text(walk, info->address + i * size + text.offset, counter.description, sizeof(counter.description));
		if (!*counter.name)
			snprintf(counter.name, sizeof(counter.name), "%u", i);
		if (!hand_out(walk, &counter, error))
			return false;
	}
	return true;
}

/* --- arm64: interrupts between CPUs have descriptors --- */

static bool interprocessor(struct walk *walk, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	const struct symbol *descriptors = symtab_find(kernel->symbols, "ipi_desc"), *names = symtab_find(kernel->symbols, "ipi_types");
	unsigned word = kernel->arch->pointer_size, count = entries(descriptors, word), named = entries(names, word);

	if (!descriptors)
		return true;
	if (!count)
		return error_set(error, ERROR_CORRUPT, "the size of ipi_desc, %llu bytes, is none of so many pointers", (unsigned long long)descriptors->size);
	for (unsigned i = 0; i < count; i++) {
		struct irq_counter counter = { .size = 4 };
		struct error why = { 0 };

		snprintf(counter.name, sizeof(counter.name), "IPI%u", i);
		if (i < named)
			read_text(walk, names->address + (uint64_t)i * word, counter.description, sizeof(counter.description));
		if (!kernel_read_pointer(kernel, descriptors->address + (uint64_t)i * word, &counter.descriptor, &why)) {
			keep(walk, &why);
			continue;
		}
		/* Not all are in use: those of the end are the kernel's reserve. */
		if (counter.descriptor && !hand_out(walk, &counter, error))
			return false;
	}
	return true;
}

/* --- s390: classes of interrupts --- */

struct by_number {
	uint64_t number, descriptor;
};

static bool is_number(void *context, const struct irq *irq, struct error *error)
{
	struct by_number *wanted = context;

	(void)error;
	if (irq->number == wanted->number)
		wanted->descriptor = irq->address;
	return irq->number < wanted->number;
}

/* The main ones are ordinary interrupts, counted in their descriptors; what a main one was for is counted in irq_stat. */
static bool classes(struct walk *walk, const char *table, bool main, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	const struct symbol *symbol = symtab_find(kernel->symbols, table);
	struct member name, description, irqs;
	uint64_t size, number;
	unsigned count;

	if (!symbol || !types_member(kernel->types, "irq_stat", "irqs", &irqs, NULL))
		return true;
	if (!types_size(kernel->types, "irq_class", &size, error) || !types_member(kernel->types, "irq_class", "name", &name, error) ||
	    !types_member(kernel->types, "irq_class", "desc", &description, error))
		return false;
	count = entries(symbol, size);
	if (!count)
		return error_set(error, ERROR_CORRUPT, "the size of %s, %llu bytes, is none of so many classes", table, (unsigned long long)symbol->size);
	for (unsigned i = 0; i < count; i++) {
		struct irq_counter counter = { .size = 4 };
		uint64_t at = symbol->address + i * size;
		struct error why = { 0 };

		if (!kernel_read_member(kernel, at, "irq_class", "irq", &number, &why)) {
			keep(walk, &why);
			continue;
		}
		read_text(walk, at + name.offset, counter.name, sizeof(counter.name));
		read_text(walk, at + description.offset, counter.description, sizeof(counter.description));
		if (main) {
			struct by_number wanted = { number, 0 };

			irq_for_each(kernel, is_number, &wanted, NULL);
			counter.descriptor = wanted.descriptor;
		} else if (number < irqs.count) {
			counter.per_cpu = "irq_stat";
			counter.offset = irqs.offset + number * irqs.element_size;
			counter.size = irqs.element_size;
		}
		if (!counter.descriptor && !counter.per_cpu) {
			error_set(&why, ERROR_CORRUPT, "where %s[%u] is counted is not known", table, i);
			keep(walk, &why);
		} else if (!hand_out(walk, &counter, error)) {
			return false;
		}
	}
	return true;
}

/* What no CPU counts for itself: ERR and MIS of x86, Err of arm64. */
static bool whole(struct walk *walk, struct error *error)
{
	static const struct {
		const char *symbol, *name, *description;
	} rows[] = {
		{ "irq_err_count", "ERR", "Errors" },
		{ "irq_mis_count", "MIS", "Interrupts that the APIC delivered wrongly" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct symbol *symbol = symtab_find(walk->kernel->symbols, rows[i].symbol);
		struct irq_counter counter = { 0 };

		if (!symbol || symbol->size_inferred || (symbol->size != 4 && symbol->size != 8))
			continue;
		counter.global = symbol->address;
		counter.size = symbol->size;
		snprintf(counter.name, sizeof(counter.name), "%s", rows[i].name);
		snprintf(counter.description, sizeof(counter.description), "%s", rows[i].description);
		if (!hand_out(walk, &counter, error))
			return false;
	}
	return true;
}

bool irq_counter_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct irq_counter *counter, struct error *error),
			  void *context, struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = callback, .context = context };

	if (!members_of_irq_stat(&walk, error) || !array_of_irq_stat(&walk, error) || !interprocessor(&walk, error) ||
	    !classes(&walk, "irqclass_main_desc", true, error) || !classes(&walk, "irqclass_sub_desc", false, error) || !whole(&walk, error))
		return false;
	if (!walk.found)
		return error_set(error, ERROR_NO_MEMBER, "this kernel counts no interrupts without numbers in a way that is known");
	if (walk.damage.kind != ERROR_NONE) {
		*error = walk.damage;
		return false;
	}
	return true;
}

bool irq_counter_read(struct kernel *kernel, const struct irq_counter *counter, unsigned cpu, uint64_t *count_ret, struct error *error)
{
	struct irq irq = { .address = counter->descriptor };
	uint64_t address;

	if (counter->descriptor)
		return irq_count(kernel, &irq, cpu, count_ret, error);
	if (counter->global)
		return memory_read_uint(kernel->memory, counter->global, counter->size, count_ret, error);
	return kernel_per_cpu(kernel, counter->per_cpu, cpu, &address, error) &&
	       memory_read_uint(kernel->memory, address + counter->offset, counter->size, count_ret, error);
}
