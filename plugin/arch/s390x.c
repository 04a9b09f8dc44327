// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * s390x: region, segment and page tables, and where to find the kernel's.
 *
 * The kernel and each process have address spaces of their own, whose addresses overlap: both begin at 0. So an address alone
 * does not say whose it is (arch->user_mark). A table's root is given as its address with its type, bits 3:2, as in an
 * address-space-control element (ASCE).
 *
 * A dump's memory is absolute: the first 8 KiB, which each CPU sees somewhere else (its prefix, the lowcore), are those that
 * no CPU uses, and the lowcores are where lowcore_ptr[] says.
 *
 * Registers are in arch/s390x_registers.c. References: z/Architecture Principles of Operation (SA22-7832), chapter 3, dynamic
 * address translation; arch/s390/include/asm/pgtable.h for the bits that are the software's.
 */
#include "arch/s390x.h"

#include <elf.h>
#include <string.h>

#include "base/bytes.h"
#include "dump/dump.h"

#define PAGE_SHIFT 12
#define LOWCORE_SIZE 8192u
#define TABLE_BITS 11		/* of a region or segment table's index; a page table's has 8 */
#define ENTRY_INVALID 0x20	/* region, segment */
#define ENTRY_LARGE 0x400	/* segment: 1 MiB; region-third: 2 GiB */
#define PAGE_INVALID 0x400
#define PAGE_PRESENT 0x001	/* the software's: there is a page, whatever the hardware is to believe */
#define NO_EXECUTE 0x100	/* page, large segment, large region */
#define TABLE_ORIGIN (~0xfffull)
#define PAGE_TABLE_ORIGIN (~0x7ffull)
#define NR_CONTROLS 16
#define HOME_ASCE 13		/* the control register with the kernel's space */

/* A table's type, as in bits 3:2 of an ASCE and of a region table's entries. */
enum { SEGMENT, REGION_3, REGION_2, REGION_1 };

static const char *const level_names[] = { "segment", "region-third", "region-second", "region-first" };

static unsigned level_shift(unsigned level)
{
	return 20 + TABLE_BITS * level;
}

/* Does a table of this type lead to ADDRESS? */
static bool is_within(unsigned type, uint64_t address)
{
	return type == REGION_1 || address >> level_shift(type + 1) == 0;
}

static unsigned kernel_type(const struct memory *memory)
{
	return memory->levels - 2;
}

static bool is_kernel_address(const struct memory *memory, uint64_t address)
{
	return is_within(kernel_type(memory), address);
}

/* TRANSLATION may be NULL. */
static bool read_entry(struct memory *memory, uint64_t address, const char *what, uint64_t at, struct translation *translation,
		       uint64_t *entry_ret, struct error *error)
{
	uint8_t bytes[8];

	if (!dump_read_phys(memory->dump, at, bytes, sizeof(bytes), error)) {
		if (translation)
			translation->table_missing = true;
		return error_prefix(error, "0x%llx cannot be translated: the %s table's entry, at physical 0x%llx, cannot be read",
				    (unsigned long long)address, what, (unsigned long long)at);
	}
	*entry_ret = bytes_number(bytes, 8, true);
	return true;
}

static bool not_mapped(uint64_t address, const char *what, uint64_t at, uint64_t entry, const char *note, struct error *error)
{
	return error_set(error, ERROR_NOT_MAPPED, "0x%llx is not mapped (the %s table's entry at physical 0x%llx is 0x%llx%s)",
			 (unsigned long long)address, what, (unsigned long long)at, (unsigned long long)entry, note);
}

static bool found(struct translation *translation, uint64_t address, uint64_t entry, unsigned shift)
{
	uint64_t size = 1ull << shift, offset = address & (size - 1);

	translation->physical = (entry & ~(size - 1)) + offset;
	translation->run = size - offset;
	translation->page_size = size;
	translation->no_execute = entry & NO_EXECUTE;
	return true;
}

static bool walk_page_table(struct memory *memory, uint64_t table, uint64_t address, struct translation *translation,
			    struct error *error)
{
	uint64_t at = table + (address >> PAGE_SHIFT & 0xff) * 8, entry;

	translation->run = (1ull << PAGE_SHIFT) - (address & ((1ull << PAGE_SHIFT) - 1));
	if (!read_entry(memory, address, "page", at, translation, &entry, error))
		return false;
	translation_step(translation, "page", at, entry);
	/* Invalid to the hardware is also a page that has not been used for a while, and one without access rights. */
	if (entry & PAGE_INVALID && !(entry & PAGE_PRESENT))
		return not_mapped(address, "page", at, entry, entry == PAGE_INVALID ? "" : ": swapped out", error);
	return found(translation, address, entry, PAGE_SHIFT);
}

/* The entries of a table that exist: from the offset, in units of a quarter, to the length. */
static bool is_in_table(unsigned index, unsigned offset, unsigned length)
{
	return index >> (TABLE_BITS - 2) >= offset && index >> (TABLE_BITS - 2) <= length;
}

static bool walk(struct memory *memory, uint64_t table, unsigned level, uint64_t address, struct translation *translation,
		 struct error *error)
{
	unsigned offset = 0, length = 3;

	for (;; level--) {
		unsigned shift = level_shift(level), index = address >> shift & ((1u << TABLE_BITS) - 1);
		uint64_t at = table + index * 8, entry;

		translation->run = (1ull << shift) - (address & ((1ull << shift) - 1));
		if (!is_in_table(index, offset, length))
			return error_set(error, ERROR_NOT_MAPPED, "0x%llx is not mapped (the %s table at physical 0x%llx does not go there)",
					 (unsigned long long)address, level_names[level], (unsigned long long)table);
		if (!read_entry(memory, address, level_names[level], at, translation, &entry, error))
			return false;
		translation_step(translation, level_names[level], at, entry);
		/* A large one that has not been used for a while is invalid to the hardware alone. */
		if (entry & ENTRY_INVALID && !(level <= REGION_3 && entry & ENTRY_LARGE))
			return not_mapped(address, level_names[level], at, entry, "", error);
		if (level <= REGION_3 && entry & ENTRY_LARGE)
			return found(translation, address, entry, shift);
		if (level == SEGMENT)
			return walk_page_table(memory, entry & PAGE_TABLE_ORIGIN, address, translation, error);
		if ((entry >> 2 & 3) != level)
			return error_set(error, ERROR_CORRUPT,
					 "0x%llx cannot be translated: what should be a %s table's entry, at physical 0x%llx, is 0x%llx",
					 (unsigned long long)address, level_names[level], (unsigned long long)at,
					 (unsigned long long)entry);
		table = entry & TABLE_ORIGIN;
		offset = entry >> 6 & 3;
		length = entry & 3;
	}
}

static bool translate(struct memory *memory, uint64_t root, uint64_t address, struct translation *translation,
		      struct error *error)
{
	unsigned type = root == memory->kernel_root ? kernel_type(memory) : root >> 2 & 3;

	memset(translation, 0, sizeof(*translation));
	translation->run = -address;	/* nor has any higher one a page */
	if (!is_within(type, address))
		return error_set(error, ERROR_NOT_MAPPED, "0x%llx is not a valid address: it is beyond what a %s table can map",
				 (unsigned long long)address, level_names[type]);
	return walk(memory, root & TABLE_ORIGIN, type, address, translation, error);
}

/* The type of the table at physical TABLE: entries say it themselves, empty ones as well (crst_table_init). */
static bool table_type(struct memory *memory, uint64_t table, unsigned *type_ret, struct error *error)
{
	uint64_t entry;

	if (!read_entry(memory, 0, "top", table, NULL, &entry, error))
		return false;
	*type_ret = entry >> 2 & 3;
	return true;
}

/* The kernel's space by a CPU's control registers (NT_S390_CTRS). */
static bool root_from_controls(struct memory *memory)
{
	for (size_t i = 0; i < memory->dump->nr_notes; i++) {
		const struct dump_note *note = &memory->dump->notes[i];
		uint64_t asce;

		if (note->type != NT_S390_CTRS || note->size < NR_CONTROLS * 8)
			continue;
		asce = bytes_number(note->data + HOME_ASCE * 8, 8, true);
		if (!(asce & TABLE_ORIGIN))	/* not started */
			continue;
		memory->kernel_root = asce & TABLE_ORIGIN;
		memory->levels = (asce >> 2 & 3) + 2;
		memory->root_from_cpu = true;
		return true;
	}
	return false;
}

/*
 * All of RAM is mapped as it is: at its own address, or since 6.10, where the kernel's addresses are no longer physical ones
 * (c98d2ecae08f), at IDENTITYBASE, with the image elsewhere. The first two pages are each CPU's own: prefixing.
 */
static void add_identity(struct memory *memory, bool relocated, uint64_t physical)
{
	uint64_t base = 0, size = memory->dump->max_pfn * memory->dump->page_size;

	if (relocated) {
		memory->image_offset = memory->kaslr_offset - physical;
		memory->image_is_linear = true;
		if (!dump_vmcoreinfo_number(memory->dump, "IDENTITYBASE", 16, &base))
			return;
	}
	if (size < UINT64_MAX - base)
		memory_add_piece(memory, base + LOWCORE_SIZE, base + size, LOWCORE_SIZE);
}

static bool memory_init(struct memory *memory, struct error *error)
{
	uint64_t root, physical = 0;
	bool relocated;
	unsigned type;

	if (memory->distrusts_vmcoreinfo || !dump_vmcoreinfo_number(memory->dump, "SYMBOL(swapper_pg_dir)", 16, &root))
		return root_from_controls(memory) ||
		       error_set(error, ERROR_FORMAT,
				 "the kernel's page tables cannot be found: the dump has no VMCOREINFO with SYMBOL(swapper_pg_dir), "
				 "and no control registers of a CPU");
	dump_vmcoreinfo_number(memory->dump, "KERNELOFFSET", 16, &memory->kaslr_offset);
	relocated = dump_vmcoreinfo_number(memory->dump, "KERNELOFFPHYS", 16, &physical);
	if (relocated)
		root = root - memory->kaslr_offset + physical;
	add_identity(memory, relocated, physical);
	memory->kernel_root = root;
	if (!table_type(memory, root, &type, error))
		return error_prefix(error, "the kernel's page tables");
	memory->levels = type + 2;
	return true;
}

static bool user_root(struct memory *memory, uint64_t mm_pgd, uint64_t *root_ret, struct error *error)
{
	struct translation translation;
	unsigned type;

	if (!is_kernel_address(memory, mm_pgd))
		return error_set(error, ERROR_CORRUPT, "0x%llx as a process's page tables (mm->pgd) is not a kernel address",
				 (unsigned long long)mm_pgd);
	if (!memory_translate(memory, 0, mm_pgd, &translation, error) ||
	    !table_type(memory, translation.physical, &type, error))
		return error_prefix(error, "a process's page tables (mm->pgd)");
	*root_ret = (translation.physical & TABLE_ORIGIN) | type << 2;
	return true;
}

static bool entry_physical(const struct memory *memory, uint64_t entry, uint64_t *physical_ret)
{
	(void)memory;
	*physical_ret = entry & TABLE_ORIGIN;
	return !(entry & PAGE_INVALID) || entry & PAGE_PRESENT;
}

/* arch/s390/kernel/entry.S. The entries that .debug_frame has of these, if any, are not right. */
static const struct arch_code code[] = {
	{ "system_call", ARCH_CODE_ENTRY, NULL },
	{ "pgm_check_handler", ARCH_CODE_ENTRY, NULL },
	{ "ext_int_handler", ARCH_CODE_ENTRY, NULL },
	{ "io_int_handler", ARCH_CODE_ENTRY, NULL },
	{ "mcck_int_handler", ARCH_CODE_ENTRY, NULL },
	{ "restart_int_handler", ARCH_CODE_ENTRY, NULL },
	{ "stack_overflow", ARCH_CODE_ENTRY, NULL },
	{ "ret_from_fork", ARCH_CODE_END, NULL },
	{ "kernel_thread_starter", ARCH_CODE_END, NULL },	/* to 5.12 */
	{ "startup_continue", ARCH_CODE_END, NULL },
	{ "arch_call_rest_init", ARCH_CODE_END, NULL },	/* changes to the first task's stack for good */
	{ "smp_start_secondary", ARCH_CODE_END, NULL },	/* as other CPUs begin: restart_int_handler has nobody to go back to */
	{ "smp_start_secondary.*", ARCH_CODE_END, NULL },
	{ NULL, 0, NULL }
};

const struct arch arch_s390x = {
	.name = "s390x",
	.elf_machine = EM_S390,
	.pointer_size = 8,
	.big_endian = true,
	.user_mark = 1ull << 63,
	.registers = s390x_register_table,
	.nr_registers = S390X_NR_REGISTERS,
	.pc = S390X_PSWA,
	.sp = S390X_R15,
	.fp = S390X_R0 + 11,
	.lr = S390X_R14,
	.mode = S390X_PSWM,
	.kept = 0xffull << (S390X_R0 + 6) | 1ull << S390X_R15,	/* r6 to r13 and r15 (ELF ABI s390x supplement 1.2.2.1) */
	.code = code,
	.code_first = true,
	.saved = s390x_saved,
	.nr_saved = S390X_NR_SAVED,
	.saved_pc = s390x_saved_pc,
	.saved_pc_size = sizeof(s390x_saved_pc),
	.entry_base = S390X_ENTRY_BASE,
	.leaf_cfa = 160,
	.back_chain = S390X_BACK_CHAIN,
	.chain_pc = 136,		/* gprs[8]: r14 */
	.stack_switch = s390x_stack_switch,
	.switch_cfa = s390x_switch_cfa,
	.switch_cfa_size = sizeof(s390x_switch_cfa),
	.gdb_keeps_nothing = true,
	.reloc_address = R_390_64,
	.reloc_u32 = R_390_32,
	.gdb_name = "s390:64-bit",
	.target_xml = s390x_target_xml,
	.memory_init = memory_init,
	.translate = translate,
	.is_kernel_address = is_kernel_address,
	.user_root = user_root,
	.entry_flags = s390x_entry_flags,
	.entry_physical = entry_physical,
	.prstatus_registers = s390x_prstatus_registers,
	.prstatus_pid = s390x_prstatus_pid,
	.pt_regs = s390x_pt_regs,
	.is_user = s390x_is_user,
	.interrupts = s390x_interrupts,
	.could_be_saved = s390x_could_be_saved,
	.stack_size = 16384,
	.image_step = 2ull << 20,
	.image_reach = 1ull << 30,
	.switch_member = "thread.ksp",
	.task_registers = s390x_task_registers,
};
