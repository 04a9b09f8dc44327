// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * x86_64: where the kernel's page tables are. What VMCOREINFO says is held against memory; where that contradicts it, other
 * texts that may be VMCOREINFO are tried, then memory itself is asked. References: as in arch/x86_64.c;
 * Documentation/arch/x86/boot.rst and zero-page.rst (the map of memory that the boot loader left).
 */
#include "arch/x86_64.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dump/dump.h"

#define PAGE_SIZE     4096
#define ENTRIES	      512
#define IMAGE_STEP    (2ull << 20) /* CONFIG_PHYSICAL_ALIGN is at least that */
#define FOUR_GIB      (4ull << 30)
#define LAST_ENTRY    (ENTRIES - 1) /* of the top table: the kernel image's */
#define LOW_MEMORY    (1u << 20)   /* where boot loaders put struct boot_params */
#define MAX_E820      128

/* A VMCOREINFO number; decimal ones may be negative (phys_base with KASLR). */
static bool vmcoreinfo(const struct memory *memory, const char *key, int base, uint64_t *value_ret)
{
	size_t length;
	const char *text = dump_vmcoreinfo(memory->dump, key, &length);
	char copy[32], *end;

	if (!text || length == 0 || length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = 0;
	*value_ret = strtoull(copy, &end, base);
	return end != copy && *end == 0;
}

/* phys_base out of the ELF program header that maps the kernel image (/proc/vmcore has one). */
static bool phys_base_from_ranges(struct memory *memory)
{
	for (size_t i = 0; i < memory->dump->nr_ranges; i++) {
		const struct dump_range *range = &memory->dump->ranges[i];

		if (range->virtual_start >= START_KERNEL_MAP &&
		    range->virtual_start < START_KERNEL_MAP + KERNEL_IMAGE_MAX) {
			memory->phys_base =
				range->start - (range->virtual_start - START_KERNEL_MAP);
			return true;
		}
	}
	return false;
}

static bool init_from_vmcoreinfo(struct memory *memory)
{
	uint64_t root, value;

	/*
	 * crash_core.c says swapper_pg_dir, x86's machine_kexec_64.c init_top_pgt or
	 * init_level4_pgt.
	 */
	if (!vmcoreinfo(memory, "SYMBOL(swapper_pg_dir)", 16, &root) &&
	    !vmcoreinfo(memory, "SYMBOL(init_top_pgt)", 16, &root) &&
	    !vmcoreinfo(memory, "SYMBOL(init_level4_pgt)", 16, &root))
		return false;
	if (!vmcoreinfo(memory, "NUMBER(phys_base)", 10, &memory->phys_base) &&
	    !phys_base_from_ranges(memory))
		return false;
	if (root < START_KERNEL_MAP)
		return false;
	vmcoreinfo(memory, "KERNELOFFSET", 16, &memory->kaslr_offset);
	vmcoreinfo(memory, "NUMBER(sme_mask)", 10, &memory->encryption_mask);
	memory->levels = 4;
	if (vmcoreinfo(memory, "NUMBER(pgtable_l5_enabled)", 10, &value) && value)
		memory->levels = 5;
	memory->kernel_root = root - START_KERNEL_MAP + memory->phys_base;
	return true;
}

/* Does the tables' own answer contradict VMCOREINFO (one left over from an earlier boot, say)? */
static bool is_contradicted(struct memory *memory)
{
	struct translation translation;
	struct error error;
	uint64_t address = memory->kernel_root - memory->phys_base + START_KERNEL_MAP;

	memset(&translation, 0, sizeof(translation));
	if (x86_64_walk(memory, memory->kernel_root, address, &translation, &error))
		return translation.physical != memory->kernel_root;
	/* No dumper leaves out the kernel's top table: where that should be, and was left out, is something else. */
	return error.kind == ERROR_NOT_MAPPED || (error.kind == ERROR_EXCLUDED && !translation.levels_walked);
}

/* The first mapped 2 MiB of the image's gigabyte give the linear offset. */
static bool phys_base_from_tables(struct memory *memory)
{
	for (uint64_t offset = 0; offset < KERNEL_IMAGE_MAX; offset += 2 << 20) {
		struct translation translation;

		memset(&translation, 0, sizeof(translation));
		if (x86_64_walk(memory, memory->kernel_root, START_KERNEL_MAP + offset, &translation,
			 NULL)) {
			memory->phys_base = translation.physical - offset;
			return true;
		}
	}
	return false;
}

/*
 * The tables a CPU was using. With page table isolation (PTI) cr3 can point to the user half, one
 * page above the kernel's; only the kernel half maps the per-CPU area that gs points to in kernel
 * mode.
 */
static bool init_from_cpu(struct memory *memory, const struct x86_64_qemu_state *state)
{
	uint64_t witness = state->gs_base;
	uint64_t root = state->cr3 & ENTRY_ADDRESS;
	struct translation translation;

	memory->levels = state->cr4 & (1 << 12) ? 5 : 4;	/* CR4.LA57 */
	memory->encryption_mask = 0;
	if (!(state->cr0 >> 31 & 1))		/* CR0.PG: never started, or parked by firmware */
		return false;
	if (!x86_64_is_kernel_address(memory, witness))
		witness = state->kernel_gs_base;
	if (!x86_64_is_kernel_address(memory, witness))
		witness = state->registers.value[X86_RIP];
	if (!x86_64_is_kernel_address(memory, witness))
		return false;
	for (int i = 0; i < 2; i++) {
		memory->kernel_root = i == 0 ? root & ~0x1000ull : root;
		memset(&translation, 0, sizeof(translation));
		if (x86_64_walk(memory, memory->kernel_root, witness, &translation, NULL) &&
		    phys_base_from_tables(memory))
			return true;
	}
	return false;
}

static bool init_from_qemu(struct memory *memory)
{
	for (size_t i = 0; i < memory->dump->nr_notes; i++) {
		const struct dump_note *note = &memory->dump->notes[i];
		struct x86_64_qemu_state state;

		if (strcmp(note->name, "QEMU") != 0 || note->type != 0)
			continue;
		memset(&state, 0, sizeof(state));
		if (x86_64_qemu_state(note->data, note->size, &state, NULL) &&
		    init_from_cpu(memory, &state)) {
			memory->root_from_cpu = true;
			return true;
		}
	}
	return false;
}

/* --- is it right? --- */

/*
 * Does init_uts_ns, where VMCOREINFO says that it is, have the release that VMCOREINFO says? Its first member is the names,
 * in old kernels after a count.
 */
static bool release_is_contradicted(struct memory *memory)
{
	uint8_t names[4 + 3 * 65 + 65];
	struct translation translation;
	uint64_t address;
	char release[66];

	memset(&translation, 0, sizeof(translation));
	if (!vmcoreinfo(memory, "SYMBOL(init_uts_ns)", 16, &address) ||
	    !dump_vmcoreinfo_string(memory->dump, "OSRELEASE", release, sizeof(release)) ||
	    !x86_64_walk(memory, memory->kernel_root, address, &translation, NULL) ||
	    translation.run < sizeof(names) ||
	    !dump_read_phys(memory->dump, translation.physical, names, sizeof(names), NULL))
		return false;
	/* With the zero behind it. */
	return !memmem(names, sizeof(names), release, strlen(release) + 1);
}

/* Takes VMCOREINFO as it is now; true if it says enough and nothing in memory speaks against it. */
static bool try_vmcoreinfo(struct memory *memory, bool *says_enough_ret)
{
	memory->encryption_mask = 0;
	memory->kaslr_offset = 0;
	*says_enough_ret = init_from_vmcoreinfo(memory);
	return *says_enough_ret && !is_contradicted(memory) && !release_is_contradicted(memory);
}

static const char *source(const struct dump *dump)
{
	return dump->vmcoreinfo_from_memory ? "a text in memory" : "a note of the file";
}

/* Another of the file's notes, or one that lies in memory. False with *error set: Ctrl-C. */
static bool try_others(struct memory *memory, bool *found_ret, struct error *error)
{
	struct dump *dump = memory->dump;
	bool was_from_memory = dump->vmcoreinfo_from_memory, enough;
	struct error why = { 0 };

	*found_ret = false;
	while (!*found_ret && dump_next_vmcoreinfo(dump, &why))
		*found_ret = try_vmcoreinfo(memory, &enough);
	if (*found_ret) {
		dump_doubt(dump, "memory contradicts the VMCOREINFO %s (of another boot?); %s, which "
			   "fits, is used",
			   was_from_memory ? "found first" : "in the file's notes", source(dump));
		return true;
	}
	dump_first_vmcoreinfo(dump);
	if (why.kind != ERROR_INTERRUPTED)
		return true;
	if (error)
		*error = why;
	return false;
}

/* --- memory encryption --- */

/* The bits of an entry's address that no memory of this dump needs. */
static uint64_t spare_bits(const struct dump *dump)
{
	uint64_t bits = ENTRY_ADDRESS;

	for (uint64_t end = dump->max_pfn << dump->page_shift, bit = 1; bit && bit <= end; bit <<= 1)
		bits &= ~bit;
	return bits;
}

static bool read_table(struct memory *memory, uint64_t at, uint64_t *entries)
{
	uint8_t bytes[PAGE_SIZE];

	if (!dump_read_phys(memory->dump, at, bytes, sizeof(bytes), NULL))
		return false;
	for (size_t i = 0; i < ENTRIES; i++)
		entries[i] = x86_64_word(bytes, i * 8);
	return true;
}

/*
 * AMD SME marks what is encrypted by one high bit in each entry; VMCOREINFO says which since 4.21 (65f750e5457a), and not
 * always. All present entries of the kernel's half have it.
 */
static bool try_encryption_mask(struct memory *memory)
{
	uint64_t entries[ENTRIES], mask = spare_bits(memory->dump);
	unsigned nr = 0;

	if (memory->encryption_mask || !read_table(memory, memory->kernel_root, entries))
		return false;
	for (size_t i = ENTRIES / 2; i < ENTRIES; i++) {
		if (!(entries[i] & ENTRY_PRESENT))
			continue;
		mask &= entries[i];
		nr++;
	}
	if (!nr || !mask || (mask & (mask - 1)))
		return false;
	memory->encryption_mask = mask;
	if (is_contradicted(memory) || release_is_contradicted(memory)) {
		memory->encryption_mask = 0;
		return false;
	}
	dump_doubt(memory->dump, "bit %u is set in all entries of the page tables: memory encryption "
		   "(AMD SME), of which VMCOREINFO says nothing; it is taken out",
		   (unsigned)__builtin_ctzll(mask));
	return true;
}

/* Does the table look like noise? Real ones are mostly zeros. */
static bool looks_encrypted(struct memory *memory)
{
	uint64_t entries[ENTRIES];
	unsigned nr = 0;

	if (!read_table(memory, memory->kernel_root, entries))
		return false;
	for (size_t i = 0; i < ENTRIES; i++)
		nr += __builtin_popcountll(entries[i]) >= 16 && entries[i] >> 56;
	return nr > ENTRIES * 9 / 10;
}

/* --- the kernel is not where VMCOREINFO says --- */

/*
 * Can ROOT be the kernel's top table? Then it maps itself, at SYMBOL moved by a whole number of steps: *delta_ret. Sets
 * kernel_root and phys_base.
 */
static bool is_top_table(struct memory *memory, uint64_t root, uint64_t symbol, uint64_t *delta_ret)
{
	struct translation translation;
	uint64_t entry, address;
	uint8_t bytes[8];

	if (!dump_read_phys(memory->dump, root + LAST_ENTRY * 8, bytes, sizeof(bytes), NULL))
		return false;
	entry = x86_64_word(bytes, 0);
	if (!(entry & ENTRY_PRESENT) ||
	    !dump_has_page(memory->dump, (entry & ENTRY_ADDRESS & ~memory->encryption_mask) >>
						 memory->dump->page_shift))
		return false;
	memory->kernel_root = root;
	if (!phys_base_from_tables(memory))
		return false;
	address = root - memory->phys_base + START_KERNEL_MAP;
	memset(&translation, 0, sizeof(translation));
	*delta_ret = address - symbol;
	return address >= START_KERNEL_MAP && address < START_KERNEL_MAP + KERNEL_IMAGE_MAX &&
	       *delta_ret % IMAGE_STEP == 0 &&
	       x86_64_walk(memory, root, address, &translation, NULL) &&
	       translation.physical == root;
}

/* Corrects VMCOREINFO; false, and it is as it was, if the kernel there is another one. */
static bool correct(struct memory *memory, uint64_t delta)
{
	struct memory found = *memory;
	struct dump *dump = memory->dump;
	uint64_t said = 0;
	bool enough;

	vmcoreinfo(memory, "NUMBER(phys_base)", 10, &said);
	if (!dump_correct_vmcoreinfo(dump, START_KERNEL_MAP, START_KERNEL_MAP + KERNEL_IMAGE_MAX,
				     delta, found.phys_base, NULL))
		return false;
	if (try_vmcoreinfo(memory, &enough)) {
		dump_doubt(dump, "memory contradicts VMCOREINFO (of another boot?): the kernel's page "
			   "tables are at 0x%" PRIx64 ", with phys_base 0x%" PRIx64
			   " and not 0x%" PRIx64 "; it was corrected",
			   memory->kernel_root, found.phys_base, said);
		return true;
	}
	dump_correct_vmcoreinfo(dump, START_KERNEL_MAP, START_KERNEL_MAP + KERNEL_IMAGE_MAX, -delta,
				said, NULL);
	dump->vmcoreinfo_corrected = false;
	*memory = found;
	return false;
}

#define MAX_PLACES (1u << 20)	/* those of 2 TiB: a damaged header says that there is any amount of memory */

/* Looks for the kernel at every place where it can have been loaded. */
static bool find_in_memory(struct memory *memory)
{
	struct dump *dump = memory->dump;
	uint64_t symbol = memory->kernel_root - memory->phys_base + START_KERNEL_MAP, delta;
	unsigned places = 0;

	for (size_t i = 0; i < dump->nr_ranges; i++) {
		uint64_t start = dump->ranges[i].start & ~(IMAGE_STEP - 1);
		uint64_t end = dump->ranges[i].start + dump->ranges[i].size;

		for (uint64_t at = start; at < end && places < MAX_PLACES; at += IMAGE_STEP, places++) {
			uint64_t root = at + (symbol & (IMAGE_STEP - 1));

			if (root >= dump->ranges[i].start && root < end &&
			    is_top_table(memory, root, symbol, &delta) && correct(memory, delta))
				return true;
		}
	}
	return false;
}

/* --- memory without its hole --- */

/*
 * Where the hole below 4 GiB begins, by the map that the boot loader left in struct boot_params; 0 if that is not found.
 * TOTAL: bytes of memory.
 */
static uint64_t hole_of_e820(struct memory *memory, uint64_t total)
{
	uint8_t page[PAGE_SIZE];

	for (uint64_t at = 0; at < LOW_MEMORY; at += PAGE_SIZE) {
		uint64_t top = 0;

		if (!dump_read_phys(memory->dump, at, page, sizeof(page), NULL) ||
		    memcmp(page + 0x202, "HdrS", 4) || !page[0x1e8] || page[0x1e8] > MAX_E820)
			continue;
		for (unsigned i = 0; i < page[0x1e8]; i++) {
			const uint8_t *entry = page + 0x2d0 + i * 20;
			uint64_t end = x86_64_word(entry, 0) + x86_64_word(entry, 8);

			if (entry[16] == 1 && x86_64_word(entry, 0) >= FOUR_GIB && end > top)
				top = end;
		}
		if (top && top - FOUR_GIB < total && total - (top - FOUR_GIB) < FOUR_GIB)
			return total - (top - FOUR_GIB);
	}
	return 0;
}

/* Where the file has the byte at ADDRESS, if memory from HOLE on belongs at 4 GiB. */
static uint64_t squeezed(uint64_t address, uint64_t hole)
{
	return address < FOUR_GIB ? address : address - FOUR_GIB + hole;
}

/* Do the tables map themselves then? */
static bool fits_with_hole(struct memory *memory, uint64_t hole)
{
	uint64_t table = memory->kernel_root;
	uint64_t address = memory->kernel_root - memory->phys_base + START_KERNEL_MAP;

	for (unsigned level = memory->levels; level-- > 0;) {
		unsigned shift = 12 + 9 * level;
		uint64_t at = squeezed(table, hole) + (address >> shift & LAST_ENTRY) * 8;
		uint64_t size = 1ull << shift, entry;
		uint8_t bytes[8];

		if (!dump_read_phys(memory->dump, at, bytes, sizeof(bytes), NULL))
			return false;
		entry = x86_64_word(bytes, 0);
		if (!(entry & ENTRY_PRESENT))
			return false;
		table = entry & ENTRY_ADDRESS & ~memory->encryption_mask;
		if (level && level < 3 && (entry >> 7 & 1))
			return (table & ~(size - 1)) + (address & (size - 1)) == memory->kernel_root;
	}
	return table == memory->kernel_root;
}

/* One piece of raw memory from 0 on, and a kernel above 4 GiB: was the hole below 4 GiB left out? */
static void look_for_hole(struct memory *memory)
{
	static const uint64_t usual[] = { 3ull << 30, 2ull << 30, 7ull << 29, 1ull << 30, 5ull << 29 };
	const struct dump *dump = memory->dump;
	uint64_t total = dump->nr_ranges == 1 ? dump->ranges[0].size : 0, by_map, hole = 0;

	if (!total || dump->ranges[0].start || dump->ranges[0].virtual_start ||
	    memory->kernel_root < FOUR_GIB)
		return;
	by_map = hole_of_e820(memory, total);
	if (by_map && fits_with_hole(memory, by_map))
		hole = by_map;
	for (size_t i = 0; !hole && i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i] < total && fits_with_hole(memory, usual[i]))
			hole = usual[i];
	if (!hole)
		return;
	dump_doubt(memory->dump, "the kernel is above 4 GiB, and its page tables fit if what is at 0x%" PRIx64
		   " in the file belongs there%s: the hole for devices was left out; give two pieces: "
		   "FILE@0+%" PRIx64 ",FILE@100000000:%" PRIx64,
		   hole, by_map == hole ? ", as the map of memory in low memory says" : "", hole, hole);
}

bool x86_64_memory_init(struct memory *memory, struct error *error)
{
	struct memory said;
	bool enough, found;

	if (try_vmcoreinfo(memory, &enough) || (enough && try_encryption_mask(memory)))
		return true;
	said = *memory;
	if (memory->dump->vmcoreinfo && !try_others(memory, &found, error))
		return false;
	if (memory->dump->next_info)
		return true;
	*memory = said;
	if (enough && find_in_memory(memory))
		return true;
	*memory = said;
	memory->kaslr_offset = 0;
	if (init_from_qemu(memory))
		return true;
	*memory = said;
	if (enough) {
		/* A damaged table is likelier than anything better: let reads say what is wrong. */
		look_for_hole(memory);
		if (looks_encrypted(memory))
			dump_doubt(memory->dump, "what is where the kernel's page tables should be looks like "
				   "noise: memory encryption (SEV, TDX), seen from outside?");
		return true;
	}
	return error_set(
		error, ERROR_FORMAT,
		"the kernel's page tables cannot be found: the dump has no VMCOREINFO with "
		"swapper_pg_dir and phys_base, and no state of a virtual CPU with usable tables");
}
