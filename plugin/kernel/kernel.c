// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading the kernel's structures, and keeping what was read; kernel.h has the rules. Calls nobody above. */
#include "kernel/kernel.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One subject's, in the list of all that is kept. */
struct kept {
	const struct kernel_slot *slot;
	void *value;
	struct kept *next;
};

void *kernel_kept(const struct kernel *kernel, const struct kernel_slot *slot)
{
	for (const struct kept *kept = kernel->kept; kept; kept = kept->next)
		if (kept->slot == slot)
			return kept->value;
	return NULL;
}

bool kernel_keep(struct kernel *kernel, const struct kernel_slot *slot, void *value, struct error *error)
{
	struct kept *kept = malloc(sizeof(*kept));

	if (!kept) {
		slot->free(value);
		return error_no_memory(error, "what was read of the kernel", sizeof(*kept));
	}
	*kept = (struct kept){ slot, value, kernel->kept };
	kernel->kept = kept;
	return true;
}

void kernel_forget(struct kernel *kernel)
{
	struct kept *kept;

	while ((kept = kernel->kept)) {
		kernel->kept = kept->next;
		kept->slot->free(kept->value);
		free(kept);
	}
}

bool kernel_step(struct kernel *kernel, const char *what, uint64_t done, uint64_t total, struct error *error)
{
	if (kernel->progress)
		kernel->progress(kernel->caller_context, what, done, total);
	return kernel_check_interrupt(kernel, error);
}

bool kernel_check_interrupt(struct kernel *kernel, struct error *error)
{
	if (kernel->interrupted && kernel->interrupted(kernel->caller_context))
		return error_set(error, ERROR_INTERRUPTED, "interrupted");
	return true;
}

/* --- reading --- */

/* The addresses of NAME.llvm.123, as compilers call what link-time optimization made global; the first at *CURSOR or behind it. */
static const struct symbol *find_suffixed(const struct symtab *symbols, const char *name, size_t *cursor)
{
	size_t length = strlen(name);

	for (size_t count = symtab_count(symbols); *cursor < count;) {
		const struct symbol *symbol = symtab_get(symbols, (*cursor)++);

		if (!strncmp(symbol->name, name, length) && !strncmp(symbol->name + length, ".llvm.", 6))
			return symbol;
	}
	return NULL;
}

/* Has this kernel such names at all? Going through all symbols for each that is not there would take long. */
struct suffixes {
	bool any;
};
static const struct kernel_slot suffixes_slot = { free };

static bool has_suffixes(struct kernel *kernel)
{
	struct suffixes *suffixes = kernel_kept(kernel, &suffixes_slot);

	if (suffixes)
		return suffixes->any;
	suffixes = calloc(1, sizeof(*suffixes));
	if (!suffixes)
		return false;
	for (size_t i = 0; i < symtab_count(kernel->symbols) && !suffixes->any; i++)
		suffixes->any = strstr(symtab_get(kernel->symbols, i)->name, ".llvm.") != NULL;
	return kernel_keep(kernel, &suffixes_slot, suffixes, NULL) && suffixes->any;
}

/* VMCOREINFO's word for where NAME is; it is only believed where a symbol of that name is there. */
static bool is_vmcoreinfos(struct kernel *kernel, const char *name, uint64_t address)
{
	char key[128];
	uint64_t value;

	snprintf(key, sizeof(key), "SYMBOL(%s)", name);
	return dump_vmcoreinfo_number(kernel->dump, key, 16, &value) && value == address;
}

/* Of several symbols of one name. */
struct choice {
	struct kernel *kernel;
	const char *name;
	bool (*is_it)(struct kernel *kernel, uint64_t address);	/* NULL: any may be it */
	const struct symbol *found;
	size_t count, likely;		/* how many there are, and could be it */
	bool named;			/* by VMCOREINFO, which goes before all else */
	bool global;			/* it is the global one */
};

static void consider(struct choice *choice, const struct symbol *symbol)
{
	bool likely = !choice->is_it || choice->is_it(choice->kernel, symbol->address);

	choice->count++;
	choice->likely += likely && !(choice->found && choice->found->address == symbol->address);
	if (!likely || choice->named)
		return;
	choice->named = is_vmcoreinfos(choice->kernel, choice->name, symbol->address);
	if (choice->named || !choice->found)
		choice->found = symbol;
}

/* Once for each name: a person may know better. */
static void say_ambiguous(const struct choice *choice)
{
	struct dump *dump = choice->kernel->dump;
	char what[160];

	snprintf(what, sizeof(what), "%zu symbols are called %s", choice->count, choice->name);
	if (!strstr(dump->doubt, what))
		dump_doubt(dump, "%s, and %s: the one at 0x%llx is taken", what,
			   choice->likely ? "more than one may be meant" : "none looks like what is meant",
			   (unsigned long long)choice->found->address);
}

bool kernel_names_data(const struct kernel *kernel)
{
	return symtab_has_data(kernel->symbols);
}

bool kernel_symbol_like(struct kernel *kernel, const char *name,
			bool (*is_it)(struct kernel *kernel, uint64_t address), uint64_t *address_ret,
			struct error *error)
{
	/* The global one, if there is one. */
	const struct symbol *first = symtab_find(kernel->symbols, name), *symbol;
	struct choice choice = { .kernel = kernel, .name = name, .is_it = is_it };
	size_t cursor = 0;

	/* Almost always there is nothing to choose. */
	if (first && !symtab_find_next(kernel->symbols, name, symtab_find_next(kernel->symbols, name, NULL))) {
		*address_ret = first->address;
		return true;
	}
	if (first && isupper((unsigned char)first->letter) && (!is_it || is_it(kernel, first->address)))
		choice.global = (choice.found = first);
	for (symbol = symtab_find_next(kernel->symbols, name, NULL); symbol;
	     symbol = symtab_find_next(kernel->symbols, name, symbol))
		consider(&choice, symbol);
	while (!choice.found && has_suffixes(kernel) && (symbol = find_suffixed(kernel->symbols, name, &cursor))) {
		first = first ? first : symbol;
		consider(&choice, symbol);
	}
	while (choice.found && cursor && (symbol = find_suffixed(kernel->symbols, name, &cursor)))
		consider(&choice, symbol);
	if (!choice.found)
		choice.found = first;	/* it is not readable, or damaged: what reads it will say how */
	if (!choice.found)
		return error_set(error, ERROR_NO_SYMBOL,
				 kernel_names_data(kernel) ? "this kernel has no symbol %s"
							   : "where %s is is not known: its kallsyms names code only (no CONFIG_KALLSYMS_ALL)",
				 name);
	if (!choice.named && !choice.global && choice.likely != 1 && choice.count > 1)
		say_ambiguous(&choice);
	*address_ret = choice.found->address;
	return true;
}

bool kernel_symbol(struct kernel *kernel, const char *name, uint64_t *address_ret,
		   struct error *error)
{
	return kernel_symbol_like(kernel, name, NULL, address_ret, error);
}

/* The bytes that hold a member: all of its type, or just those that a bit field touches. */
static size_t field_bytes(const struct member *member)
{
	if (member->bit_size)
		return (member->bit_offset + member->bit_size + 7u) / 8;
	return member->size;
}

static bool is_number(const struct member *member, size_t bytes)
{
	if (member->bit_size)
		return bytes <= 8;
	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

static uint64_t decode_field(struct kernel *kernel, const void *data, const struct member *member,
			     size_t bytes)
{
	uint64_t value = memory_decode(kernel->memory, data, bytes);
	unsigned bits = member->bit_size ? member->bit_size : bytes * 8;

	/* A big-endian machine counts a bit field's place from the most significant bit. */
	if (member->bit_size)
		value >>= kernel->memory->arch->big_endian ? bytes * 8 - member->bit_offset - bits : member->bit_offset;
	if (bits < 64) {
		value &= (1ull << bits) - 1;
		if (member->is_signed && value >> (bits - 1) & 1)
			value |= ~0ull << bits;
	}
	return value;
}

bool kernel_read_field(struct kernel *kernel, uint64_t address, const struct member *member,
		       uint64_t *value_ret, struct error *error)
{
	size_t bytes = field_bytes(member);
	uint8_t data[8];

	if (!is_number(member, bytes))
		return error_set(error, ERROR_CORRUPT,
				 "a member of %zu bytes at 0x%llx is not a number", bytes,
				 (unsigned long long)(address + member->offset));
	if (!memory_read(kernel->memory, address + member->offset, data, bytes, error))
		return false;
	*value_ret = decode_field(kernel, data, member, bytes);
	return true;
}

bool kernel_read_member(struct kernel *kernel, uint64_t address, const char *type, const char *path,
			uint64_t *value_ret, struct error *error)
{
	struct member member;

	if (!types_member(kernel->types, type, path, &member, error))
		return false;
	if (!kernel_read_field(kernel, address, &member, value_ret, error))
		return error_prefix(error, "%s.%s", type, path);
	return true;
}

bool kernel_decode_field(struct kernel *kernel, const void *copy, size_t size,
			 const struct member *member, uint64_t *value_ret)
{
	size_t bytes = field_bytes(member);

	if (!is_number(member, bytes) || member->offset > size || bytes > size - member->offset)
		return false;
	*value_ret = decode_field(kernel, (const uint8_t *)copy + member->offset, member, bytes);
	return true;
}

bool kernel_read_variable(struct kernel *kernel, const char *symbol, size_t size,
			  uint64_t *value_ret, struct error *error)
{
	uint64_t address;

	if (!kernel_symbol(kernel, symbol, &address, error))
		return false;
	if (!memory_read_uint(kernel->memory, address, size, value_ret, error))
		return error_prefix(error, "%s", symbol);
	return true;
}

bool kernel_per_cpu_section(const struct kernel *kernel, uint64_t *start_ret, uint64_t *end_ret)
{
	const struct symbol *start = symtab_find(kernel->symbols, "__per_cpu_start"), *end = symtab_find(kernel->symbols, "__per_cpu_end");

	if (!start || !end || !symtab_find(kernel->symbols, "__per_cpu_offset"))
		return false;
	*start_ret = start->address;
	*end_ret = end->address;
	return start->address < end->address;
}

bool kernel_given_back(struct kernel *kernel, uint64_t address, uint64_t size, uint64_t *start_ret, uint64_t *end_ret)
{
	const struct symbol *start = symtab_find(kernel->symbols, "__init_begin"), *end = symtab_find(kernel->symbols, "__init_end");
	uint64_t state;
	int64_t running;

	/* Cheap for all other addresses: it is asked at each of gdb's reads. */
	if (!start || !end || address >= end->address || address + size <= start->address ||
	    !types_enumerator(kernel->types, "system_states", "SYSTEM_RUNNING", &running, NULL) ||
	    !kernel_read_variable(kernel, "system_state", 4, &state, NULL) || state < (uint64_t)running)
		return false;
	*start_ret = start->address;
	*end_ret = end->address;
	return true;
}

bool kernel_per_cpu_pointer(struct kernel *kernel, uint64_t pointer, unsigned cpu,
			    uint64_t *address_ret, struct error *error)
{
	if (cpu >= kernel->nr_cpu_ids)
		return error_set(error, ERROR_USAGE,
				 "there is no CPU %u: this kernel has %u possible CPUs%s%s", cpu,
				 kernel->nr_cpu_ids, kernel->damage[0] ? "; " : "", kernel->damage);
	if (!kernel->per_cpu_offset)
		return error_set(error, ERROR_NOT_MAPPED, "where CPU %u has its data is not known: %s", cpu,
				 kernel->damage);
	/* Offsets can be negative. */
	*address_ret = (pointer + kernel->per_cpu_offset[cpu]) & memory_last(kernel->memory);
	return true;
}

bool kernel_per_cpu(struct kernel *kernel, const char *symbol, unsigned cpu, uint64_t *address_ret,
		    struct error *error)
{
	uint64_t address;

	if (!kernel_symbol(kernel, symbol, &address, error))
		return false;
	return kernel_per_cpu_pointer(kernel, address, cpu, address_ret, error);
}

bool kernel_read_pointer(struct kernel *kernel, uint64_t address, uint64_t *value_ret,
			 struct error *error)
{
	return memory_read_uint(kernel->memory, address, kernel->arch->pointer_size, value_ret,
				error);
}

bool kernel_test_bit(struct kernel *kernel, uint64_t address, unsigned bit, bool *set_ret, struct error *error)
{
	unsigned size = kernel->arch->pointer_size, bits = size * 8;
	uint64_t word;

	if (!kernel_read_pointer(kernel, address + bit / bits * size, &word, error))
		return false;
	*set_ret = word >> bit % bits & 1;
	return true;
}

const struct symbol *kernel_cpu_mask(const struct kernel *kernel, const char *name)
{
	/* A structure since 4.5 (5aec01b834fd); before, a constant pointer to static bits. */
	static const char *const forms[] = { "__cpu_%s_mask", "cpu_%s_bits" };
	const struct symbol *symbol = NULL;
	char text[64];

	for (size_t i = 0; !symbol && i < sizeof(forms) / sizeof(forms[0]); i++) {
		snprintf(text, sizeof(text), forms[i], name);
		symbol = symtab_find(kernel->symbols, text);
	}
	return symbol;
}

bool kernel_tick(struct kernel *kernel, uint64_t *ns_ret, struct error *error)
{
	uint64_t source, mult, shift;

	/* TICK_NSEC << shift */
	if (!kernel_symbol(kernel, "clocksource_jiffies", &source, NULL) ||
	    !kernel_read_member(kernel, source, "clocksource", "mult", &mult, NULL) ||
	    !kernel_read_member(kernel, source, "clocksource", "shift", &shift, NULL) || shift > 31)
		return error_set(error, ERROR_NOT_MAPPED, "clocksource_jiffies cannot be read");
	*ns_ret = mult >> shift;
	return (*ns_ret >= 100000 && *ns_ret <= 100000000) || error_set(error, ERROR_NOT_MAPPED, "clocksource_jiffies cannot be read");
}

bool kernel_is_text(const struct kernel *kernel, uint64_t address)
{
	return (address >= kernel->text_start && address < kernel->text_end) ||
	       (address >= kernel->init_text_start && address < kernel->init_text_end);
}
