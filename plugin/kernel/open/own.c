// SPDX-License-Identifier: GPL-3.0-or-later
/* Opening a kernel without a vmlinux; own.h says how. */
#include "kernel/open/own.h"

#include <string.h>

#include "kernel/containers.h"
#include "kernel/modules/module.h"
#include "symbols/kallsyms/kallsyms.h"

#define MAX_BTF	    (256u << 20) /* 5 MB are usual */
#define MAX_MODULES 65536

/* Of the parts that are data of the kernel; a symbol that kallsyms does not have is no error. */
static bool bounds(struct kernel *kernel, const char *start, const char *stop, uint64_t max,
		   uint64_t *start_ret, uint64_t *size_ret, struct error *error)
{
	uint64_t end;

	if (!kernel_symbol(kernel, start, start_ret, error) ||
	    !kernel_symbol(kernel, stop, &end, error))
		return false;
	if (end <= *start_ret || end - *start_ret > max)
		return error_set(error, ERROR_CORRUPT, "%s and %s are at 0x%llx and 0x%llx", start,
				 stop, (unsigned long long)*start_ret, (unsigned long long)end);
	*size_ret = end - *start_ret;
	return true;
}

static bool read_blob(struct kernel *kernel, uint64_t address, uint64_t size, struct buffer *blob,
		      struct error *error)
{
	buffer_clear(blob);
	buffer_zeros(blob, size);
	if (blob->failed)
		return error_no_memory(error, "BTF", size);
	return memory_read(kernel->memory, address, blob->data, size, error);
}

bool own_btf(struct kernel *kernel, struct buffer *blob, struct error *error)
{
	uint64_t address, size;

	if (!bounds(kernel, "__start_BTF", "__stop_BTF", MAX_BTF, &address, &size, error))
		return error_prefix(error, "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)");
	return read_blob(kernel, address, size, blob, error) ||
	       error_prefix(error, "the kernel's types (BTF)");
}

/* --- modules --- */

struct btf_search {
	struct kernel *kernel;
	uint64_t module; /* whose is wanted */
	struct member module_member, btf_member;
	uint64_t found; /* struct btf */
	unsigned seen;
};

static bool look_at_btf(void *context, uint64_t entry, struct error *error)
{
	struct btf_search *search = context;
	uint64_t module;

	if (search->seen++ >= MAX_MODULES ||
	    !kernel_read_field(search->kernel, entry, &search->module_member, &module, error))
		return false;
	if (module != search->module)
		return true;
	kernel_read_field(search->kernel, entry, &search->btf_member, &search->found, error);
	return false;
}

/* The list of struct btf_module (36e68442d1af, 5.11). */
static bool find_module_btf(struct kernel *kernel, const struct module *module, uint64_t *btf_ret,
			    struct error *error)
{
	struct btf_search search = { .kernel = kernel, .module = module->address };
	struct error why = { 0 };
	struct member list;
	uint64_t head;

	if (!kernel_symbol(kernel, "btf_modules", &head, error) ||
	    !types_member(kernel->types, "btf_module", "list", &list, error) ||
	    !types_member(kernel->types, "btf_module", "module", &search.module_member, error) ||
	    !types_member(kernel->types, "btf_module", "btf", &search.btf_member, error))
		return false;
	list_for_each(kernel, head, list.offset, look_at_btf, &search, &why);
	*btf_ret = search.found;
	if (search.found)
		return true;
	if (why.kind != ERROR_NONE)
		return error_set(error, why.kind, "%s", why.text);
	return error_set(error, ERROR_NO_SYMBOL, "the module has no BTF");
}

bool own_module_btf(struct kernel *kernel, const struct module *module, struct buffer *blob,
		    struct error *error)
{
	uint64_t btf, data, size;

	if (!find_module_btf(kernel, module, &btf, error) ||
	    !kernel_read_member(kernel, btf, "btf", "data", &data, error) ||
	    !kernel_read_member(kernel, btf, "btf", "data_size", &size, error))
		return false;
	if (size == 0 || size > MAX_BTF)
		return error_set(error, ERROR_CORRUPT, "BTF of %llu bytes",
				 (unsigned long long)size);
	return read_blob(kernel, data, size, blob, error);
}

/* --- ORC --- */

bool own_orc(struct kernel *kernel, struct orc_table *table, struct error *error)
{
	uint64_t ips, ips_size, entries, entries_size, each;

	*table = (struct orc_table){ 0 };
	if (!types_size(kernel->types, "orc_entry", &each, error) ||
	    !bounds(kernel, "__start_orc_unwind", "__stop_orc_unwind", MAX_BTF, &entries,
		    &entries_size, error) ||
	    !bounds(kernel, "__start_orc_unwind_ip", "__stop_orc_unwind_ip", MAX_BTF, &ips,
		    &ips_size, error))
		return error_prefix(error, "this kernel has no ORC unwind tables");
	if (!each || ips_size / 4 != entries_size / each)
		return error_set(error, ERROR_CORRUPT,
				 "ORC's tables have %llu and %llu bytes, which do not match",
				 (unsigned long long)ips_size, (unsigned long long)entries_size);
	return orc_read_memory(kernel->types, kernel->memory, ips, entries, ips_size / 4, table,
			       error);
}

/* --- opening --- */

/* Only so that one kernel's file for gdb is the same on every boot; nothing else depends on it. */
static void guess_kaslr(struct kernel *kernel)
{
	uint64_t linked = kernel->arch->image_text, text;

	if (linked && !kernel->memory->kaslr_offset && kernel_symbol(kernel, "_text", &text, NULL))
		kernel->memory->kaslr_offset = text - linked;
}

/* Where VMCOREINFO says that the text begins, or else the first thing mapped where images are; 0 = not known. */
static uint64_t find_text(struct kernel *kernel)
{
	const struct arch *arch = kernel->arch;
	struct translation translation;
	uint64_t text = arch->image_start;
	bool again = true;

	if (!arch->image_end)
		return 0;
	if (dump_vmcoreinfo_number(kernel->dump, "SYMBOL(_stext)", 16, &text))
		return text;
	while (again) {
		again = false;
		if (memory_next_mapping(kernel->memory, 0, &text, arch->image_end, &translation,
					&again))
			return text;
		if (!kernel_check_interrupt(kernel, NULL))
			break;
	}
	return 0;
}

static bool locate_symbols(struct kernel *kernel, struct kallsyms_tables *tables,
			   struct error *error)
{
	uint64_t text;

	if (kallsyms_locate(kernel->dump, tables, error))
		return true;
	text = find_text(kernel);
	return text && kallsyms_search(kernel->memory, text, tables, error);
}

static bool open_symbols(struct kernel *kernel, const char *system_map, struct error *damage,
			 struct error *error)
{
	struct kallsyms_tables tables;

	if (system_map)
		return symtab_new(&kernel->symbols, error) &&
		       symtab_read_map(kernel->symbols, system_map, kernel->memory->kaslr_offset,
				       error) &&
		       symtab_finish(kernel->symbols, error);
	return locate_symbols(kernel, &tables, error) &&
	       symtab_new(&kernel->symbols, error) &&
	       kallsyms_read_kernel(kernel->memory, &tables, kernel->symbols, damage, error) &&
	       symtab_finish(kernel->symbols, error);
}

#define BTF_KIND(kind, flag, count) ((uint32_t)(flag) << 31 | (kind) << 24 | (count))
#define BTF_TYPE(name, kind, flag, count, size) \
	(name), BTF_KIND(kind, flag, count), (size)
#define BTF_BITS(name, type, bits, at) (name), (type), (uint32_t)(bits) << 24 | (at)

/* The bits that struct orc_entry's last 16 have in any of its rows, of 6 bytes each. */
static bool orc_bits(struct kernel *kernel, uint16_t *bits_ret)
{
	uint64_t start, size;
	struct buffer rows = { 0 };
	bool known = bounds(kernel, "__start_orc_unwind", "__stop_orc_unwind", MAX_BTF, &start, &size, NULL) &&
		     read_blob(kernel, start, size, &rows, NULL);

	*bits_ret = 0;
	for (uint64_t at = 0; known && at + 6 <= size; at += 6)
		*bits_ret |= memory_decode(kernel->memory, rows.data + at + 4, 2);
	buffer_free(&rows);
	return known;
}

/*
 * How the bits above the registers are cut: type, signal, end; 0 bits = there is none of it. From 4.14 to 6.3 nothing names the
 * layout, but the rows tell what came when: bit 11 is only used in 6.3 (ffb1b4a41016), where `end' moved there, and bit 10
 * was not used before there was an `end' (d31a580266ee).
 */
static bool orc_layout(struct kernel *kernel, unsigned bits[3])
{
	uint16_t used;

	memcpy(bits, (unsigned[]){ 3, 1, 0 }, 3 * sizeof(*bits));
	/* Since 6.4 (b9f174c811e3) .orc_header has a hash that stands for it. */
	if (symtab_find(kernel->symbols, "__start_orc_header"))
		return true;
	if (!orc_bits(kernel, &used) || used >> 12)
		return false;
	bits[0] = 2;
	bits[1] = used >> 11 & 1;
	bits[2] = bits[1] || (used >> 10 & 1);
	return true;
}

/*
 * Types for when there are none: every question is answered with "the kernel has no type ...", but
 * for struct orc_entry, so that stacks can still be followed.
 */
static bool no_types(struct kernel *kernel, struct error *error)
{
	unsigned bits[3];
	bool known = orc_layout(kernel, bits);
	static const char strings[] = "\0orc_entry\0sp_offset\0bp_offset\0sp_reg\0bp_reg\0type\0"
				      "signal\0short\0unsigned\0end";
	uint32_t types[] = {
		BTF_TYPE(57, BTF_INT, 0, 0, 2), BTF_INT_SIGNED << 24 | 16,
		BTF_TYPE(63, BTF_INT, 0, 0, 4), 32,
		BTF_TYPE(1, BTF_STRUCT, 1, 6, 6),
		BTF_BITS(11, 1, 0, 0), BTF_BITS(21, 1, 0, 16), BTF_BITS(31, 2, 4, 32),
		BTF_BITS(38, 2, 4, 36), BTF_BITS(45, 2, bits[0], 40),
		/* optional from here on */
		BTF_BITS(50, 2, 1, 40 + bits[0]), BTF_BITS(72, 2, 1, 40 + bits[0] + bits[1]),
	};
	uint32_t members = 5 + bits[1] + bits[2];
	uint32_t size = known ? sizeof(types) - (2 - bits[1] - bits[2]) * 12 : 0;
	const uint32_t header[] = { 0x1eb9f, 24, 0, size, size, sizeof(strings) };
	struct buffer blob = { 0 };
	bool opened;

	types[9] = BTF_KIND(BTF_STRUCT, 1, members);
	/* Without `signal', `end' is in its place. */
	if (!bits[1])
		memmove(&types[26], &types[29], 3 * sizeof(*types));
	buffer_append(&blob, header, sizeof(header));
	buffer_append(&blob, types, size);
	buffer_append(&blob, strings, sizeof(strings));
	opened = blob.failed ? error_no_memory(error, "types", blob.size) :
		 types_open_btf(blob.data, blob.size, "no types", &kernel->types, error);
	buffer_free(&blob);
	return opened;
}

bool own_open(struct kernel *kernel, const char *system_map,
	      void (*note)(struct kernel *kernel, const struct error *error), struct error *error)
{
	struct error damage = { 0 }, why = { 0 };
	struct buffer blob = { 0 };
	bool opened;

	if (!open_symbols(kernel, system_map, &damage, error))
		return false;
	if (damage.kind != ERROR_NONE)
		note(kernel, &damage);
	guess_kaslr(kernel);
	opened = own_btf(kernel, &blob, &why) &&
		 types_open_btf(blob.data, blob.size, "BTF in the dump", &kernel->types, &why);
	buffer_free(&blob);
	if (opened)
		return true;
	error_prefix(&why, "types are not known");
	note(kernel, &why);
	return no_types(kernel, error);
}
