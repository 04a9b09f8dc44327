// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * i386: page tables with 2 levels, and with 3 (PAE), and where to find the kernel's.
 *
 * Registers are in arch/i386_registers.c. References: Intel SDM volume 3, 4.3 (32-bit paging) and 4.4 (PAE);
 * arch/x86/include/asm/page_32_types.h; arch/x86/Kconfig (VMSPLIT).
 */
#include "arch/i386.h"

#include <elf.h>
#include <string.h>

#include "dump/dump.h"

#define ENTRY_PRESENT (1ull << 0)
#define ENTRY_USER (1ull << 2)
#define ENTRY_HUGE (1ull << 7)		/* in the table above the last; it is PAT in a PTE */
#define ENTRY_PROTNONE (1ull << 8)	/* without PRESENT: mmap(PROT_NONE) */
#define ENTRY_NO_EXECUTE (1ull << 63)
#define PAGE_SHIFT 12
#define PAE_ADDRESS 0x000ffffffffff000ull
#define VMALLOC_RESERVE (128ull << 20)
#define TABLES_TO_END (4ull << 20)
#define PAE_LEVELS 3
#define CR0_PAGING (1u << 31)
#define CR4_PAE (1u << 5)

enum { LEVEL_PTE, LEVEL_PMD, LEVEL_PGD };

static bool is_pae(const struct memory *memory)
{
	return memory->levels == PAE_LEVELS;
}

static const char *level_name(const struct memory *memory, unsigned level)
{
	static const char *const names[] = { "PTE", "PMD" };

	return level + 1 == memory->levels ? "PGD" : names[level];
}

static bool is_kernel_address(const struct memory *memory, uint64_t address)
{
	return address >= memory->kernel_start && address <= UINT32_MAX;
}

/* The physical address in an entry that maps SIZE bytes. 4 MiB pages have bits 39:32 of theirs in bits 20:13 (PSE-36). */
static uint64_t entry_address(const struct memory *memory, uint64_t entry, uint64_t size)
{
	uint64_t address = entry & (is_pae(memory) ? PAE_ADDRESS : 0xfffff000ull) & ~(size - 1);

	if (!is_pae(memory) && size > 1ull << PAGE_SHIFT)
		address |= (entry >> 13 & 0xff) << 32;
	return address;
}

static bool not_mapped(const struct memory *memory, uint64_t address, unsigned level, uint64_t at, uint64_t entry,
		       struct error *error)
{
	return error_set(error, ERROR_NOT_MAPPED, "0x%llx is not mapped (%s at physical 0x%llx is 0x%llx%s)",
			 (unsigned long long)address, level_name(memory, level), (unsigned long long)at,
			 (unsigned long long)entry,
			 entry && level == LEVEL_PTE && !is_kernel_address(memory, address) ? ": swapped out" : "");
}

/* A user's mapping without access rights still has its page; its address is inverted with PAE (6b28baca9b1f, 4.18). */
static uint64_t protnone_entry(const struct memory *memory, uint64_t address, unsigned level, uint64_t entry)
{
	if (!(entry & ENTRY_PROTNONE) || level != LEVEL_PTE || is_kernel_address(memory, address))
		return 0;
	return is_pae(memory) ? entry ^ PAE_ADDRESS : entry;
}

static bool translate(struct memory *memory, uint64_t root, uint64_t address, struct translation *translation,
		      struct error *error)
{
	unsigned bits = is_pae(memory) ? 9 : 10, entry_size = is_pae(memory) ? 8 : 4;
	uint64_t table = root;
	bool user = true;

	memset(translation, 0, sizeof(*translation));
	translation->run = -address;	/* nor has any higher one a page */
	if (address > UINT32_MAX)
		return error_set(error, ERROR_NOT_MAPPED, "0x%llx is not a valid address: it has more than 32 bits",
				 (unsigned long long)address);
	for (unsigned level = memory->levels - 1;; level--) {
		unsigned shift = PAGE_SHIFT + bits * level;
		uint64_t size = 1ull << shift, offset = address & (size - 1), entry, mapped;
		uint64_t at = table + (address >> shift & ((1u << bits) - 1)) * entry_size;
		uint8_t bytes[8];

		translation->run = size - offset;
		if (!dump_read_phys(memory->dump, at, bytes, entry_size, error)) {
			/* Where there is no memory there is no table: what led there is wrong. */
			translation->table_missing = at / memory->dump->page_size < memory->dump->max_pfn;
			return error_prefix(error, "0x%llx cannot be translated: the page table with its %s, at physical 0x%llx, cannot be read",
					    (unsigned long long)address, level_name(memory, level), (unsigned long long)at);
		}
		entry = mapped = memory_decode(memory, bytes, entry_size);
		translation_step(translation, level_name(memory, level), at, entry);
		if (!(entry & ENTRY_PRESENT) && !(mapped = protnone_entry(memory, address, level, entry)))
			return not_mapped(memory, address, level, at, entry, error);
		/* A PAE table of the third level has no rights in its entries. */
		if (level != LEVEL_PGD) {
			user &= !!(mapped & ENTRY_USER);
			translation->no_execute |= is_pae(memory) && mapped & ENTRY_NO_EXECUTE;
		}
		if (level == LEVEL_PTE || (level == LEVEL_PMD && entry & ENTRY_HUGE)) {
			translation->physical = entry_address(memory, mapped, size) + offset;
			translation->page_size = size;
			translation->no_execute |= user;
			return true;
		}
		table = entry_address(memory, entry, 1ull << PAGE_SHIFT);
	}
}

/* Do the tables at ROOT, a run-time address, map themselves if the kernel's half begins at START? */
static bool try_start(struct memory *memory, uint64_t root, uint64_t start, bool *missing_ret)
{
	struct translation translation = { .table_missing = false };

	memory->kernel_start = start;
	memory->kernel_root = root - start;
	if (translate(memory, memory->kernel_root, root, &translation, NULL))
		return translation.physical == memory->kernel_root;
	*missing_ret |= translation.table_missing;
	return false;
}

/* Where the kernel's half begins is in no key: one of what VMSPLIT can be, the usual first. *KNOWN_RET: no table that is there says otherwise. */
static bool find_start(struct memory *memory, uint64_t root, bool *known_ret)
{
	static const uint64_t starts[] = { 0xc0000000, 0xb0000000, 0x80000000, 0x78000000, 0x40000000 };
	bool missing = false;

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (root >= starts[i] && try_start(memory, root, starts[i], &missing))
			return *known_ret = true;
	*known_ret = missing;
	/* A damaged table, or another boot's address of it: let reads say what is wrong. */
	memory->kernel_start = starts[0];
	memory->kernel_root = root - starts[0];
	return root >= starts[0];
}

/* The tables that a CPU was using, by QEMU's note. */
static bool root_from_qemu(struct memory *memory)
{
	for (size_t i = 0; i < memory->dump->nr_notes; i++) {
		const struct dump_note *note = &memory->dump->notes[i];
		struct registers registers = { 0 };

		if (strcmp(note->name, "QEMU") != 0 || note->type != 0 ||
		    !i386_qemu_registers(note->data, note->size, &registers, NULL) ||
		    !(registers.value[I386_CR0] & CR0_PAGING))
			continue;
		memory->levels = registers.value[I386_CR4] & CR4_PAE ? PAE_LEVELS : 2;
		memory->kernel_root = registers.value[I386_CR3] & (is_pae(memory) ? ~0x1full : ~0xfffull);
		memory->kernel_start = 0xc0000000;
		memory->root_from_cpu = true;
		return true;
	}
	return false;
}

static bool memory_init(struct memory *memory, struct error *error)
{
	uint64_t root;
	bool known;

	if (memory->distrusts_vmcoreinfo || !dump_vmcoreinfo_number(memory->dump, "SYMBOL(swapper_pg_dir)", 16, &root)) {
		if (root_from_qemu(memory))
			return true;
		return error_set(error, ERROR_FORMAT,
				 "the kernel's page tables cannot be found: the dump has no VMCOREINFO with "
				 "SYMBOL(swapper_pg_dir), and no state of a virtual CPU with usable tables");
	}
	memory->levels = dump_vmcoreinfo(memory->dump, "CONFIG_X86_PAE", NULL) ? PAE_LEVELS : 2;
	if (!find_start(memory, root, &known))
		return error_set(error, ERROR_FORMAT, "the kernel's page tables cannot be found: SYMBOL(swapper_pg_dir) of VMCOREINFO is 0x%llx",
				 (unsigned long long)root);
	/*
	 * The image, whose end is not far behind its tables. Low memory goes on to high_memory, which a symbol names; behind that is vmalloc's,
	 * and how much (VMALLOC_RESERVE at the least, vmalloc= makes it more) nothing else says.
	 */
	if (!known)
		return true;
	memory_add_piece(memory, memory->kernel_start, root + TABLES_TO_END, 0);
	memory->low_memory = memory->kernel_start;
	memory->low_memory_max = (1ull << 32) - VMALLOC_RESERVE;
	return true;
}

static bool user_root(struct memory *memory, uint64_t mm_pgd, uint64_t *root_ret, struct error *error)
{
	struct translation translation;

	if (!is_kernel_address(memory, mm_pgd))
		return error_set(error, ERROR_CORRUPT, "0x%llx as a process's page tables (mm->pgd) is not a kernel address",
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
	*physical_ret = entry_address(memory, entry & ENTRY_PRESENT || !is_pae(memory) ? entry : entry ^ PAE_ADDRESS, 1ull << PAGE_SHIFT);
	return true;
}

/* arch/x86/entry/entry_32.S. What has an entry of its own in .debug_frame (C functions) is not asked for here. */
static const struct arch_code code[] = {
	{ "asm_*", ARCH_CODE_ENTRY, NULL },
	{ "entry_INT80_32", ARCH_CODE_ENTRY, NULL },
	{ "entry_SYSENTER_32", ARCH_CODE_ENTRY, NULL },
	{ "__begin_SYSENTER_singlestep_region", ARCH_CODE_ENTRY, NULL },
	{ "__end_SYSENTER_singlestep_region", ARCH_CODE_ENTRY, NULL },
	{ "handle_exception*", ARCH_CODE_ENTRY, NULL },
	{ "common_interrupt*", ARCH_CODE_ENTRY, NULL },	/* to 5.7 */
	{ "common_exception*", ARCH_CODE_ENTRY, NULL },
	{ "ret_from_intr", ARCH_CODE_ENTRY, NULL },
	{ "ret_from_exception", ARCH_CODE_ENTRY, NULL },
	{ "xen_*", ARCH_CODE_ENTRY, NULL },
	{ "ret_from_fork*", ARCH_CODE_END, NULL },
	{ "startup_32*", ARCH_CODE_END, NULL },
	{ "i386_start_kernel", ARCH_CODE_END, NULL },
	{ "is386", ARCH_CODE_END, NULL },		/* a label in startup_32_smp, behind which start_secondary is called */
	{ ".Lcall_*", ARCH_CODE_END, NULL },
	{ "rewind_stack_and_make_dead", ARCH_CODE_END, NULL },
	{ "rewind_stack_do_exit", ARCH_CODE_END, NULL },
	{ NULL, 0, NULL }
};

static const char *const names[] = { "i686", "i386", "i586", "i486", NULL };

const struct arch arch_i386 = {
	.name = "i386",
	.names = names,
	.elf_machine = EM_386,
	.pointer_size = 4,
	.registers = i386_register_table,
	.nr_registers = I386_NR_REGISTERS,
	.pc = I386_EIP,
	.sp = I386_ESP,
	.fp = I386_EBP,
	.mode = I386_CS,
	.kept = 1ull << I386_EBX | 1ull << I386_EBP | 1ull << I386_ESI | 1ull << I386_EDI,
	.code = code,
	.saved = i386_saved,
	.nr_saved = I386_NR_SAVED,
	.record_fp = 0,
	.record_pc = 4,
	.stack_switch = i386_stack_switch,
	.reloc_address = R_386_32,
	.reloc_u32 = R_386_32,
	.gdb_name = "i386",
	.target_xml = i386_target_xml,
	.memory_init = memory_init,
	.translate = translate,
	.is_kernel_address = is_kernel_address,
	.user_root = user_root,
	.entry_flags = x86_entry_flags,
	.entry_physical = entry_physical,
	.prstatus_registers = i386_prstatus_registers,
	.prstatus_pid = i386_prstatus_pid,
	.qemu_registers = i386_qemu_registers,
	.qemu_per_cpu = i386_qemu_per_cpu,
	.pt_regs = i386_pt_regs,
	.is_user = i386_is_user,
	.interrupts = i386_interrupts,
	.could_be_saved = i386_could_be_saved,
	.stack_size = 8192,
	/* CONFIG_RANDOMIZE_BASE moves it by CONFIG_PHYSICAL_ALIGN within the first 512 MiB, of which that is the least. */
	.image_step = 2ull << 20,
	.image_reach = 512ull << 20,
	.switch_member = "thread.sp",
	.task_registers = i386_task_registers,
};
