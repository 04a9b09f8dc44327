// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Kernel and user virtual memory: translation, its cache, and reads that cross pages.
 *
 * Walking four or five levels for every 8-byte read would cost several page cache look-ups each
 * time, so translations are kept in one direct-mapped table per page size. Every command thread and
 * the remote protocol's thread read through the same `struct memory`; an entry is guarded by its
 * own sequence counter, so a hit takes no lock and a reader never sees half of a new entry: it just
 * misses.
 */
#include "arch/arch.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "dump/dump.h"

#define TLB_BITS 10
#define TLB_ENTRIES (1u << TLB_BITS)

/*
 * Granules of the tables, smallest first: a mapping goes into the largest one that fits into its
 * page.
 */
static const unsigned char tlb_shifts[] = { 12, 16, 21, 30 };
#define TLB_TABLES (sizeof(tlb_shifts) / sizeof(tlb_shifts[0]))

struct tlb_entry {
	atomic_uint sequence;		/* odd while being written */
	/* page table root, with bit 0 set: never equal in an empty entry */
	_Atomic uint64_t root;
	_Atomic uint64_t page;		/* virtual address >> granule */
	_Atomic uint64_t physical;	/* of the granule's first byte */
};

struct tlb {
	struct tlb_entry entries[TLB_TABLES][TLB_ENTRIES];
};

static struct tlb_entry *tlb_slot(struct tlb *tlb, size_t table, uint64_t root, uint64_t page)
{
	/* Fibonacci hashing; the root keeps processes apart that use the same addresses. */
	uint64_t hash = (page ^ (root >> 12 << 20)) * 0x9e3779b97f4a7c15ull;

	return &tlb->entries[table][hash >> (64 - TLB_BITS)];
}

static bool tlb_entry_get(struct tlb_entry *entry, uint64_t root, uint64_t page,
			  uint64_t *physical_ret)
{
	unsigned before = atomic_load_explicit(&entry->sequence, memory_order_acquire);
	uint64_t entry_root = atomic_load_explicit(&entry->root, memory_order_relaxed);
	uint64_t entry_page = atomic_load_explicit(&entry->page, memory_order_relaxed);
	uint64_t physical = atomic_load_explicit(&entry->physical, memory_order_relaxed);

	atomic_thread_fence(memory_order_acquire);
	if ((before & 1) || atomic_load_explicit(&entry->sequence, memory_order_relaxed) != before)
		return false;
	if (entry_root != (root | 1) || entry_page != page)
		return false;
	*physical_ret = physical;
	return true;
}

static void tlb_entry_put(struct tlb_entry *entry, uint64_t root, uint64_t page, uint64_t physical)
{
	unsigned before = atomic_load_explicit(&entry->sequence, memory_order_relaxed);

	/* Another thread is writing this slot: let it win, this is only a cache. */
	if ((before & 1) ||
	    !atomic_compare_exchange_strong_explicit(&entry->sequence, &before, before + 1,
						     memory_order_acquire, memory_order_relaxed))
		return;
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&entry->root, root, memory_order_relaxed);
	atomic_store_explicit(&entry->page, page, memory_order_relaxed);
	atomic_store_explicit(&entry->physical, physical, memory_order_relaxed);
	atomic_store_explicit(&entry->sequence, before + 2, memory_order_release);
}

/* A cached translation: the physical address and the bytes up to the end of the granule. */
static inline bool tlb_find(struct tlb *tlb, uint64_t root, uint64_t address,
			    uint64_t *physical_ret, uint64_t *run_ret)
{
	for (size_t i = 0; i < TLB_TABLES; i++) {
		uint64_t page = address >> tlb_shifts[i];
		uint64_t size = 1ull << tlb_shifts[i];
		uint64_t offset = address & (size - 1);
		uint64_t physical;

		if (tlb_entry_get(tlb_slot(tlb, i, root, page), root, page, &physical)) {
			*physical_ret = physical + offset;
			*run_ret = size - offset;
			return true;
		}
	}
	return false;
}

static void tlb_insert(struct tlb *tlb, uint64_t root, uint64_t address,
		       const struct translation *translation)
{
	size_t table = TLB_TABLES;

	while (table > 0 && (1ull << tlb_shifts[table - 1]) > translation->page_size)
		table--;
	if (table == 0)
		return;
	table--;

	uint64_t page = address >> tlb_shifts[table];
	uint64_t offset = address & ((1ull << tlb_shifts[table]) - 1);

	tlb_entry_put(tlb_slot(tlb, table, root, page), root | 1, page,
		      translation->physical - offset);
}

void memory_add_piece(struct memory *memory, uint64_t start, uint64_t end, uint64_t physical)
{
	if (memory->nr_pieces < MEMORY_MAX_PIECES && start < end)
		memory->pieces[memory->nr_pieces++] = (struct memory_piece){ start, end, physical };
}

static bool linear(const struct memory *memory, uint64_t address, struct translation *translation)
{
	uint64_t page = memory_page_size(memory), physical;

	for (unsigned i = 0; i < memory->nr_pieces; i++) {
		const struct memory_piece *piece = &memory->pieces[i];

		if (address < piece->start || address >= piece->end)
			continue;
		/* What is no RAM is mapped by other pages. */
		physical = address - piece->start + piece->physical;
		if (physical / memory->dump->page_size >= memory->dump->max_pfn)
			continue;
		translation->physical = physical;
		translation->run = page - address % page;
		translation->page_size = page;
		translation->entry = 0;
		translation->from_phys_base = true;
		return true;
	}
	return false;
}

/* By the tables. One that says "not mapped" is the answer; one that is missing is none. */
static bool translate(struct memory *memory, uint64_t root, uint64_t address, struct translation *translation, struct error *error)
{
	struct error why;

	translation->table_missing = false;
	if (memory->arch->translate(memory, root, address, translation, &why))
		return true;
	if (root == memory->kernel_root && translation->table_missing && linear(memory, address, translation))
		return true;
	if (error)
		*error = why;
	return false;
}

void memory_forget_translations(struct memory *memory)
{
	for (size_t table = 0; table < TLB_TABLES; table++)
		for (size_t i = 0; i < TLB_ENTRIES; i++)
			tlb_entry_put(&memory->tlb->entries[table][i], 0, 0, 0);
}

static bool is_called(const struct arch *arch, const char *machine, size_t size)
{
	if (!arch->names)
		return strncmp(machine, arch->name, size) == 0;
	for (const char *const *name = arch->names; *name; name++)
		if (strncmp(machine, *name, size) == 0)
			return true;
	return false;
}

/* The header's machine, or for a kdump header, which has none, its uname -m. */
static const struct arch *find_arch(const struct dump *dump)
{
	if (dump->machine)
		return arch_find(dump->machine);
	for (const struct arch *const *arch = arch_table; *arch; arch++)
		if (is_called(*arch, dump->uts.machine, sizeof(dump->uts.machine)))
			return *arch;
	return NULL;
}

bool memory_open(struct dump *dump, struct memory **memory_ret, struct error *error)
{
	const struct arch *arch = find_arch(dump);
	const char *name = dump_machine_name(dump);
	struct memory *memory;

	if (!arch && !dump->machine && !dump->uts.machine[0])
		return error_set(error, ERROR_UNSUPPORTED,
				 "nothing says which machine the dump is of: the file has no "
				 "header that does, and no "
				 "VMCOREINFO was found in its memory");
	if (!arch)
		return error_set(error, ERROR_UNSUPPORTED,
				 "the dump is of a machine that this build does not know: %.64s "
				 "(ELF machine %u)",
				 name ? name : "one without a name", dump->machine);
	memory = calloc(1, sizeof(*memory));
	if (!memory)
		return error_no_memory(error, "virtual memory", sizeof(*memory));
	memory->dump = dump;
	memory->arch = arch;
	memory->tlb = calloc(1, sizeof(*memory->tlb));
	if (!memory->tlb) {
		free(memory);
		return error_no_memory(error, "the translation cache", sizeof(struct tlb));
	}
	if (!memory_init_checked(memory, error)) {
		memory_close(memory);
		return false;
	}
	*memory_ret = memory;
	return true;
}

void memory_close(struct memory *memory)
{
	if (!memory)
		return;
	free(memory->tlb);
	free(memory);
}

bool memory_translate(struct memory *memory, uint64_t root, uint64_t address,
		      struct translation *translation, struct error *error)
{
	if (root == 0)
		root = memory->kernel_root;
	return translate(memory, root, address, translation, error);
}

#define MAPPING_STEPS 4096
#define SMALLEST_PAGE 4096u

bool memory_next_mapping(struct memory *memory, uint64_t root, uint64_t *address, uint64_t end,
			 struct translation *translation, bool *again_ret)
{
	*again_ret = false;
	for (unsigned step = 0; *address < end; step++) {
		uint64_t run;

		if (step == MAPPING_STEPS) {
			*again_ret = true;
			return false;
		}
		*translation = (struct translation){ 0 };
		if (memory_translate(memory, root, *address, translation, NULL))
			return true;
		run = translation->run ? translation->run
				       : SMALLEST_PAGE - *address % SMALLEST_PAGE;
		if (run >= end - *address)
			break;
		*address += run;
	}
	*address = end;
	return false;
}

uint64_t memory_kernel_start(const struct memory *memory)
{
	unsigned bits = 63;

	if (memory->arch->user_mark)
		return 0;
	if (memory->kernel_start)
		return memory->kernel_start;
	/* The one with the fewest set bits on top that is still a kernel address. */
	while (bits > 12 && !memory->arch->is_kernel_address(memory, ~0ull << bits))
		bits--;
	return ~0ull << bits;
}

uint64_t memory_last(const struct memory *memory)
{
	return memory->arch->pointer_size == 4 ? UINT32_MAX : UINT64_MAX;
}

uint64_t memory_user_last(const struct memory *memory)
{
	if (memory->arch->user_mark)
		return memory->arch->user_mark - 1;
	return memory->kernel_start ? memory->kernel_start - 1 : memory_last(memory) - memory_kernel_start(memory);
}

bool memory_is_nowhere(const struct memory *memory, uint64_t address)
{
	return !memory->arch->is_kernel_address(memory, address) &&
	       (address & ~memory->arch->user_mark) > memory_user_last(memory);
}

static bool read_virtual(struct memory *memory, uint64_t root, uint64_t address, void *buffer,
			 size_t size, struct error *error)
{
	uint8_t *to = buffer;

	if (size && address + (size - 1) < address)
		return error_set(error, ERROR_NOT_MAPPED,
				 "0x%llx: %zu bytes from there wrap around the end of memory",
				 (unsigned long long)address, size);
	while (size) {
		uint64_t physical, run;

		if (!tlb_find(memory->tlb, root, address, &physical, &run)) {
			struct translation translation;

			if (!translate(memory, root, address, &translation, error))
				return false;
			tlb_insert(memory->tlb, root, address, &translation);
			physical = translation.physical;
			run = translation.run;
		}
		if (run > size)
			run = size;
		if (!dump_read_phys(memory->dump, physical, to, run, error))
			return error_prefix(error, "0x%llx (physical 0x%llx)",
					    (unsigned long long)address,
					    (unsigned long long)physical);
		to += run;
		address += run;
		size -= run;
	}
	return true;
}

bool memory_read(struct memory *memory, uint64_t address, void *buffer, size_t size,
		 struct error *error)
{
	/*
	 * kernel_root may be a process's tables (no VMCOREINFO), so user addresses must not get
	 * through.
	 */
	if (!memory->arch->is_kernel_address(memory, address) && !memory_is_nowhere(memory, address))
		return error_set(error, ERROR_NOT_MAPPED, "0x%llx is not a kernel address",
				 (unsigned long long)address);
	return read_virtual(memory, memory->kernel_root, address, buffer, size, error);
}

bool memory_read_user(struct memory *memory, uint64_t root, uint64_t address, void *buffer,
		      size_t size, struct error *error)
{
	if (root == 0)
		return error_set(
			error, ERROR_NOT_MAPPED,
			"0x%llx is a user address, and this task has no address space of its own",
			(unsigned long long)address);
	return read_virtual(memory, root, address, buffer, size, error);
}

uint64_t memory_decode(const struct memory *memory, const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;
	uint64_t value = 0;

	if (memory->arch->big_endian) {
		for (size_t i = 0; i < size; i++)
			value = value << 8 | byte[i];
	} else {
		for (size_t i = size; i > 0; i--)
			value = value << 8 | byte[i - 1];
	}
	return value;
}

bool memory_read_uint(struct memory *memory, uint64_t address, size_t size, uint64_t *value_ret,
		      struct error *error)
{
	uint8_t bytes[8];

	if (size != 1 && size != 2 && size != 4 && size != 8)
		return error_set(error, ERROR_CORRUPT,
				 "0x%llx: a number of %zu bytes cannot be read",
				 (unsigned long long)address, size);
	if (!memory_read(memory, address, bytes, size, error))
		return false;
	*value_ret = memory_decode(memory, bytes, size);
	return true;
}

bool memory_read_string(struct memory *memory, uint64_t address, char *buffer, size_t size,
			struct error *error)
{
	size_t done = 0;

	if (size == 0)
		return error_set(error, ERROR_USAGE, "no room for a string");
	/*
	 * In pieces that end at 256-byte borders: the string may end just before a page that is not
	 * there.
	 */
	while (done < size - 1) {
		size_t piece = 256 - (address + done) % 256;

		if (piece > size - 1 - done)
			piece = size - 1 - done;
		if (!memory_read(memory, address + done, buffer + done, piece, error))
			return false;
		if (memchr(buffer + done, 0, piece))
			return true;
		done += piece;
	}
	buffer[done] = 0;
	return true;
}
