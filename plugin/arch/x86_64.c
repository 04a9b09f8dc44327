// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * x86_64: page tables with 4 and 5 levels.
 *
 * Where to find the kernel's is in arch/x86_64_find.c, registers are in arch/x86_64_registers.c. References: Intel SDM volume 3 chapter 4 (entry
 * formats); Documentation/arch/x86/x86_64/mm.rst (the address space);
 * arch/x86/include/asm/pgtable_64.h (swap entries).
 */
#include "arch/x86_64.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "dump/dump.h"

#define ENTRY_USER (1ull << 2)			/* not for the kernel to execute: SMEP */
#define ENTRY_NO_EXECUTE (1ull << 63)
#define ENTRY_HUGE (1ull << 7)			/* at PMD and PUD level; it is PAT in a PTE */
#define ENTRY_PROTNONE (1ull << 8) /* without PRESENT: mmap(PROT_NONE) or NUMA balancing */

#define PAGE_SHIFT 12
#define LEVEL_BITS 9
enum { LEVEL_PTE, LEVEL_PMD, LEVEL_PUD, LEVEL_P4D, LEVEL_PGD };

static const char *level_name(const struct memory *memory, unsigned level)
{
	static const char *const names[] = { "PTE", "PMD", "PUD", "P4D", "PGD" };

	/* With four levels the kernel folds the P4D into the PGD. */
	return level + 1 == memory->levels ? "PGD" : names[level];
}

/* Bits of a virtual address below the sign extension. */
static unsigned address_bits(const struct memory *memory)
{
	return PAGE_SHIFT + LEVEL_BITS * memory->levels;
}

static bool is_canonical(const struct memory *memory, uint64_t address)
{
	uint64_t top = (uint64_t)((int64_t)address >> (address_bits(memory) - 1));

	return top == 0 || top == UINT64_MAX;
}

bool x86_64_is_kernel_address(const struct memory *memory, uint64_t address)
{
	return (int64_t)address < 0 && is_canonical(memory, address);
}

static uint64_t entry_address(const struct memory *memory, uint64_t entry)
{
	return entry & ENTRY_ADDRESS & ~memory->encryption_mask;
}

/* What a PTE, or a huge PMD, that is not present says. Kernel addresses: always an error. */
static bool not_present(const struct memory *memory, uint64_t address, unsigned level, uint64_t at,
			uint64_t entry, struct error *error)
{
	const char *name = level_name(memory, level);

	if (entry == 0)
		return error_set(error, ERROR_NOT_MAPPED,
				 "0x%llx is not mapped (no %s at physical 0x%llx)",
				 (unsigned long long)address, name, (unsigned long long)at);
	if (level <= LEVEL_PMD && !x86_64_is_kernel_address(memory, address))
		/* Bits 59-63 are the type, 9-58 the inverted offset (6b28baca9b1f, 4.18). */
		return error_set(error, ERROR_NOT_MAPPED,
				 "0x%llx is swapped out (%s at physical 0x%llx is 0x%llx: "
				 "swap type %u, offset 0x%llx)",
				 (unsigned long long)address, name, (unsigned long long)at,
				 (unsigned long long)entry, (unsigned)(entry >> 59),
				 (unsigned long long)(~entry << 5 >> 14));
	return error_set(error, ERROR_NOT_MAPPED,
			 "0x%llx is not mapped (%s at physical 0x%llx is 0x%llx, not present)",
			 (unsigned long long)address, name, (unsigned long long)at,
			 (unsigned long long)entry);
}

/*
 * A user mapping without access rights still has its page. Such entries hold their address
 * inverted, so that a CPU with L1TF speculates to nowhere (6b28baca9b1f, 4.18). Returns 0 if ENTRY
 * is not one.
 */
static uint64_t protnone_entry(const struct memory *memory, uint64_t address, unsigned level,
			       uint64_t entry)
{
	if (!(entry & ENTRY_PROTNONE) || x86_64_is_kernel_address(memory, address))
		return 0;
	if (level != LEVEL_PTE && !(level == LEVEL_PMD && (entry & ENTRY_HUGE)))
		return 0;
	return entry ^ ENTRY_ADDRESS;
}

bool x86_64_walk(struct memory *memory, uint64_t root, uint64_t address,
		 struct translation *translation, struct error *error)
{
	uint64_t table = root & ENTRY_ADDRESS & ~memory->encryption_mask;
	bool user = true;

	translation->levels_walked = 0;
	translation->no_execute = false;
	for (unsigned level = memory->levels - 1;; level--) {
		unsigned shift = PAGE_SHIFT + LEVEL_BITS * level;
		uint64_t at = table + ((address >> shift) & 511) * 8;
		uint64_t entry, mapped;
		uint8_t bytes[8];

		translation->run = (1ull << shift) - (address & ((1ull << shift) - 1));
		if (!dump_read_phys(memory->dump, at, bytes, sizeof(bytes), error)) {
			translation->table_missing = true;
			return error_prefix(
				error,
				"0x%llx cannot be translated: the page table with its %s, "
				"at physical 0x%llx, cannot be read",
				(unsigned long long)address, level_name(memory, level),
				(unsigned long long)at);
		}
		entry = mapped = x86_64_word(bytes, 0);
		translation_step(translation, level_name(memory, level), at, entry);
		if (!(entry & ENTRY_PRESENT)) {
			mapped = protnone_entry(memory, address, level, entry);
			if (!mapped)
				return not_present(memory, address, level, at, entry, error);
		}
		/* One level's word is enough against execution; that it is the users' is said by all. */
		user &= !!(mapped & ENTRY_USER);
		translation->no_execute |= !!(mapped & ENTRY_NO_EXECUTE);
		if (level == LEVEL_PTE || (level <= LEVEL_PUD && (entry & ENTRY_HUGE))) {
			uint64_t size = 1ull << shift;
			uint64_t offset = address & (size - 1);

			/* Rounding down also clears a huge entry's PAT, bit 12. */
			translation->physical =
				(entry_address(memory, mapped) & ~(size - 1)) + offset;
			translation->run = size - offset;
			translation->page_size = size;
			translation->no_execute |= user;
			return true;
		}
		table = entry_address(memory, entry);
	}
}

/* The kernel image is mapped linearly, so it can be read even when its page tables cannot. */
static bool image_address(const struct memory *memory, uint64_t address,
			  struct translation *translation)
{
	uint64_t page = 1ull << PAGE_SHIFT;

	if (memory->root_from_cpu || address < START_KERNEL_MAP ||
	    address >= START_KERNEL_MAP + KERNEL_IMAGE_MAX || (memory->image_end && address >= memory->image_end))
		return false;	/* Behind the image are the modules: 1 GiB up, without KASLR 512 MiB. */
	translation->physical = address - START_KERNEL_MAP + memory->phys_base;
	translation->run = page - (address & (page - 1));
	translation->page_size = page;
	translation->entry = 0;
	translation->from_phys_base = true;
	return true;
}

static bool translate(struct memory *memory, uint64_t root, uint64_t address,
		      struct translation *translation, struct error *error)
{
	struct error reason;

	memset(translation, 0, sizeof(*translation));
	if (!is_canonical(memory, address))
		return error_set(error, ERROR_NOT_MAPPED,
				 "0x%llx is not a valid address: not canonical with %u levels of "
				 "page tables",
				 (unsigned long long)address, memory->levels);
	if (x86_64_walk(memory, root, address, translation, &reason))
		return true;
	/*
	 * A table that was read and says "not present" is the answer; one that is missing is none.
	 */
	if ((translation->levels_walked == 0 || translation->entry & ENTRY_PRESENT) &&
	    image_address(memory, address, translation))
		return true;
	if (error)
		*error = reason;
	return false;
}

static bool user_root(struct memory *memory, uint64_t mm_pgd, uint64_t *root_ret,
		      struct error *error)
{
	struct translation translation;

	if (!x86_64_is_kernel_address(memory, mm_pgd))
		return error_set(
			error, ERROR_CORRUPT,
			"0x%llx as a process's page tables (mm->pgd) is not a kernel address",
			(unsigned long long)mm_pgd);
	if (!memory_translate(memory, 0, mm_pgd, &translation, error))
		return error_prefix(error, "a process's page tables (mm->pgd)");
	*root_ret = translation.physical;
	return true;
}

static bool entry_physical(const struct memory *memory, uint64_t entry, uint64_t *physical_ret)
{
	if (!(entry & (ENTRY_PRESENT | ENTRY_PROTNONE)))
		return false;
	*physical_ret = entry_address(memory, entry & ENTRY_PRESENT ? entry : entry ^ ENTRY_ADDRESS);
	return true;
}

const struct arch arch_x86_64 = {
	.name = "x86_64",
	.elf_machine = EM_X86_64,
	.pointer_size = 8,
	.registers = x86_64_register_table,
	.nr_registers = X86_NR_REGISTERS,
	.pc = X86_RIP,
	.sp = X86_RSP,
	.fp = X86_RBP,
	.mode = X86_CS,
	.kept = 1ull << X86_RBX | 1ull << X86_RBP | 15ull << X86_R12,
	.switch_exact = true,
	.stack_size = 16384,
	.orc_bases = x86_64_orc_bases,
	.code = x86_64_code,
	.instructions = &x86_64_instructions,
	.shown = x86_64_shown,
	.code_first = true,
	.saved = x86_64_saved,
	.nr_saved = sizeof(x86_64_saved) / sizeof(x86_64_saved[0]),
	.record_fp = 0,
	.record_pc = 8,
	.stack_switch = x86_64_stack_switch,
	.trap = x86_64_trap,
	.trap_size = X86_64_TRAP_SIZE,
	.find_pt_regs = x86_64_find_pt_regs,
	.could_be_saved = x86_64_could_be_saved,
	.record_pt_regs = x86_64_record_pt_regs,
	.record_at = x86_64_record_at,
	.call_target = x86_64_call_target,
	.call_size = X86_64_CALL_SIZE,
	.reloc_address = R_X86_64_64,
	.reloc_u32 = R_X86_64_32,
	/* __START_KERNEL_map and the end of its largest window; CONFIG_PHYSICAL_START as every distribution has it. */
	.image_start = START_KERNEL_MAP,
	.image_end = START_KERNEL_MAP + KERNEL_IMAGE_MAX,
	.image_text = START_KERNEL_MAP + (16ull << 20),
	.image_step = 2ull << 20,
	.image_reach = KERNEL_IMAGE_MAX,
	.gdb_name = "i386:x86-64",
	.target_xml = x86_64_target_xml,
	.memory_init = x86_64_memory_init,
	.checks_vmcoreinfo = true,
	.translate = translate,
	.is_kernel_address = x86_64_is_kernel_address,
	.user_root = user_root,
	.entry_flags = x86_entry_flags,
	.entry_physical = entry_physical,
	.prstatus_registers = x86_64_prstatus_registers,
	.prstatus_pid = x86_64_prstatus_pid,
	.qemu_registers = x86_64_qemu_registers,
	.qemu_per_cpu = x86_64_qemu_per_cpu,
	.pt_regs = x86_64_pt_regs,
	.pt_regs_size = X86_64_PT_REGS_SIZE,
	.is_user = x86_64_is_user,
	.interrupts = x86_64_interrupts,
	.switch_member = "thread.sp",
	.task_registers = x86_64_task_registers,
};
