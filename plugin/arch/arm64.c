// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * arm64: page tables of 4, 16 and 64 KiB pages and addresses of 36 to 52 bits, and where to find the kernel's.
 *
 * Registers are in arch/arm64_registers.c. References: Arm ARM (DDI 0487) D8.3, the translation table formats;
 * Documentation/arch/arm64/memory.rst; arch/arm64/include/asm/pgtable-hwdef.h; Documentation/admin-guide/kdump/
 * vmcoreinfo.rst for the keys.
 */
#include "arch/arm64.h"

#include <elf.h>
#include <string.h>

#include "dump/dump.h"

#define ENTRY_VALID (1ull << 0)
#define ENTRY_TABLE (1ull << 1)		/* above the last level: a table; there: a page, always set */
#define MAX_LEVELS 5			/* 4 KiB pages and 52 bits */

static unsigned level_bits(const struct memory *memory)
{
	return memory->page_shift - 3;	/* a table is one page of 8-byte entries */
}

static const char *level_name(const struct memory *memory, unsigned level)
{
	static const char *const names[] = { "PTE", "PMD", "PUD", "P4D" };

	return level + 1 == memory->levels ? "PGD" : names[level];
}

/* The bits above an address's own: all ones in the kernel's half. A user's pointer may carry a tag in the top byte. */
static bool is_kernel_address(const struct memory *memory, uint64_t address)
{
	return address >> memory->address_bits == UINT64_MAX >> memory->address_bits;
}

static bool is_user_address(const struct memory *memory, uint64_t address)
{
	return (address & 0x00ffffffffffffffull) >> memory->address_bits == 0;
}

/*
 * The physical address in an entry. With 64 KiB pages bits 15:12 are the address's 51:48 (LPA); with smaller pages and 52 bits
 * (LPA2) bits 9:8 are 51:50, and 49:48 are where they belong.
 */
static uint64_t entry_address(const struct memory *memory, uint64_t entry)
{
	uint64_t low = entry & 0x0000ffffffffffffull & ~((1ull << memory->page_shift) - 1);

	if (memory->page_shift == 16)
		return low | (entry >> 12 & 0xf) << 48;
	if (memory->address_bits > 48)
		return low | (entry & 3ull << 48) | (entry >> 8 & 3) << 50;
	return low;
}

static bool not_mapped(const struct memory *memory, uint64_t address, unsigned level, uint64_t at, uint64_t entry,
		       struct error *error)
{
	return error_set(error, ERROR_NOT_MAPPED, "0x%llx is not mapped (%s at physical 0x%llx is 0x%llx%s)",
			 (unsigned long long)address, level_name(memory, level), (unsigned long long)at,
			 (unsigned long long)entry,
			 entry && level == 0 && is_user_address(memory, address) ?
				 ": swapped out, or without access rights" : "");
}

static bool translate(struct memory *memory, uint64_t root, uint64_t address, struct translation *translation,
		      struct error *error)
{
	unsigned bits = level_bits(memory);
	uint64_t table = root;

	memset(translation, 0, sizeof(*translation));
	if (!is_kernel_address(memory, address) && !is_user_address(memory, address))
		return error_set(error, ERROR_NOT_MAPPED, "0x%llx is not a valid address: it has more than %u bits",
				 (unsigned long long)address, memory->address_bits);
	for (unsigned level = memory->levels - 1;; level--) {
		unsigned shift = memory->page_shift + bits * level;
		/* The top table can be smaller than a page: its index ends where the address does. */
		uint64_t own = address & ((1ull << memory->address_bits) - 1);
		uint64_t size = 1ull << shift, offset = address & (size - 1);
		uint64_t at = table + (own >> shift & ((1ull << bits) - 1)) * 8, entry;
		uint8_t bytes[8];

		translation->run = size - offset;
		if (!dump_read_phys(memory->dump, at, bytes, sizeof(bytes), error)) {
			translation->table_missing = true;
			return error_prefix(error,
					    "0x%llx cannot be translated: the page table with its %s, at physical "
					    "0x%llx, cannot be read",
					    (unsigned long long)address, level_name(memory, level),
					    (unsigned long long)at);
		}
		entry = memory_decode(memory, bytes, 8);
		translation_step(translation, level_name(memory, level), at, entry);
		if (!(entry & ENTRY_VALID) || (level == 0 && !(entry & ENTRY_TABLE)))
			return not_mapped(memory, address, level, at, entry, error);
		if (level == 0 || !(entry & ENTRY_TABLE)) {
			translation->physical = (entry_address(memory, entry) & ~(size - 1)) + offset;
			translation->page_size = size;
			return true;
		}
		table = entry_address(memory, entry);
	}
}

/*
 * RAM from memstart_addr on (VMCOREINFO's PHYS_OFFSET), in the lower half of the kernel's addresses since 5.4 (14c127c957c1), in the
 * upper one before; the image is in the other. A kernel built for 52 bits that may have to run with fewer keeps the image where the upper
 * half of those would be (VA_BITS_MIN: 47 with pages of 16 KiB), and all before that is the direct map.
 */
static void add_direct_map(struct memory *memory, uint64_t image)
{
	uint64_t bits, least, physical, start, middle;

	if (!dump_vmcoreinfo_number(memory->dump, "NUMBER(VA_BITS)", 10, &bits) || bits < 36 || bits > 52 ||
	    !dump_vmcoreinfo_number(memory->dump, "NUMBER(PHYS_OFFSET)", 16, &physical))
		return;
	start = -(1ull << bits);
	least = bits <= 48 ? bits : memory_page_size(memory) == 16384 ? 47 : 48;
	middle = -(1ull << (least - 1));
	if (image >= middle)
		memory_add_piece(memory, start, middle, physical);
	else
		memory_add_piece(memory, middle, UINT64_MAX, physical);
}

/* How many bits the kernel's addresses have, and so its tables; false if VMCOREINFO does not say. */
static bool read_geometry(struct memory *memory)
{
	uint64_t page_size, built, t1sz;

	if (!dump_vmcoreinfo_number(memory->dump, "PAGESIZE", 10, &page_size))
		page_size = 4096;
	if (page_size != 4096 && page_size != 16384 && page_size != 65536)
		return false;
	memory->page_shift = __builtin_ctzll(page_size);
	if (!dump_vmcoreinfo_number(memory->dump, "NUMBER(VA_BITS)", 10, &built))
		return false;
	memory->address_bits = built;
	/*
	 * A kernel that is built for 52 bits uses fewer where the CPU has no LVA/LPA2 (since 5.4, bbd6ec605c0f). With 64 KiB
	 * pages its tables are laid out for 52 all the same.
	 */
	if (memory->page_shift != 16 &&
	    dump_vmcoreinfo_number(memory->dump, "NUMBER(TCR_EL1_T1SZ)", 16, &t1sz) && t1sz < 64)
		memory->address_bits = 64 - t1sz;
	if (memory->address_bits < memory->page_shift + level_bits(memory) || memory->address_bits > 52)
		return false;
	memory->levels = (memory->address_bits - memory->page_shift + level_bits(memory) - 1) / level_bits(memory);
	return memory->levels <= MAX_LEVELS;
}

static bool memory_init(struct memory *memory, struct error *error)
{
	uint64_t root, image;

	if (!memory->dump->vmcoreinfo)
		return error_set(error, ERROR_FORMAT,
				 "the kernel's page tables cannot be found: the dump has no VMCOREINFO, and no register of "
				 "an arm64 CPU in it says where they are");
	if (!dump_vmcoreinfo_number(memory->dump, "SYMBOL(swapper_pg_dir)", 16, &root) ||
	    !dump_vmcoreinfo_number(memory->dump, "NUMBER(kimage_voffset)", 16, &image) || !read_geometry(memory))
		return error_set(error, ERROR_FORMAT,
				 "the kernel's page tables cannot be found: VMCOREINFO has no usable "
				 "SYMBOL(swapper_pg_dir), NUMBER(kimage_voffset) and NUMBER(VA_BITS)");
	dump_vmcoreinfo_number(memory->dump, "KERNELOFFSET", 16, &memory->kaslr_offset);
	dump_vmcoreinfo_number(memory->dump, "NUMBER(KERNELPACMASK)", 16, &memory->code_mask);
	memory->kernel_root = root - image;
	memory->image_offset = image;
	memory->image_is_linear = true;
	add_direct_map(memory, root);
	return true;
}

static bool user_root(struct memory *memory, uint64_t mm_pgd, uint64_t *root_ret, struct error *error)
{
	struct translation translation;

	if (!is_kernel_address(memory, mm_pgd))
		return error_set(error, ERROR_CORRUPT,
				 "0x%llx as a process's page tables (mm->pgd) is not a kernel address",
				 (unsigned long long)mm_pgd);
	if (!memory_translate(memory, 0, mm_pgd, &translation, error))
		return error_prefix(error, "a process's page tables (mm->pgd)");
	*root_ret = translation.physical;
	return true;
}

static bool entry_physical(const struct memory *memory, uint64_t entry, uint64_t *physical_ret)
{
	*physical_ret = entry_address(memory, entry);
	return entry & ENTRY_VALID && entry & ENTRY_TABLE;
}

/* A signed return address: the signature is in the bits of the mask, which are ones in every address of the kernel's. */
static uint64_t code_address(const struct memory *memory, uint64_t value)
{
	return value >> 55 & 1 ? value | memory->code_mask : value;
}

#define ENTRY(name) { name, ARCH_CODE_ENTRY, NULL }
#define ENTRIES(from) ENTRY(from "_sync"), ENTRY(from "_irq"), ENTRY(from "_fiq"), ENTRY(from "_error")

/* arch/arm64/kernel/entry.S, head.S. What has an entry of its own in .debug_frame (C functions) is not asked for here. */
static const struct arch_code code[] = {
	{ "vectors", ARCH_CODE_UNSAVED, NULL },
	{ "tramp_vectors", ARCH_CODE_UNSAVED, NULL },
	{ "__bp_harden_el1_vectors", ARCH_CODE_UNSAVED, NULL },
	/* Since 5.12, a7dcf58ae5d2. What they call is compiled and begins with the same words: el0t_64_sync_handler, el1_interrupt. */
	ENTRIES("el0t_64"), ENTRIES("el0t_32"), ENTRIES("el1t_64"), ENTRIES("el1h_64"),
	ENTRIES("el0"), ENTRIES("el1"),
	{ "el0_*", ARCH_CODE_ENTRY, "do_el0_svc" },	/* labels that became functions in 5.5, ed3768db588e, 582f95835a8f */
	{ "el1_*", ARCH_CODE_ENTRY, "do_el0_svc" },
	{ "ret_to_user*", ARCH_CODE_ENTRY, NULL },
	{ "ret_to_kernel", ARCH_CODE_ENTRY, NULL },
	{ "__bad_stack", ARCH_CODE_ENTRY, NULL },
	{ "ret_from_fork", ARCH_CODE_END, NULL },
	{ "__primary_switched", ARCH_CODE_END, NULL },
	{ "__secondary_switched", ARCH_CODE_END, NULL },
	{ "call_on_irq_stack", ARCH_CODE_SWITCH, NULL },	/* 5.14, f8049488e7d3 */
	{ NULL, 0, NULL }
};

static const char *const names[] = { "aarch64", "arm64", NULL };

const struct arch arch_arm64 = {
	.name = "aarch64",
	.names = names,
	.elf_machine = EM_AARCH64,
	.pointer_size = 8,
	.registers = arm64_register_table,
	.nr_registers = ARM64_NR_REGISTERS,
	.pc = ARM64_PC,
	.sp = ARM64_SP,
	.fp = ARM64_FP,
	.lr = ARM64_LR,
	.mode = ARM64_PSTATE,
	.kept = 0x7ffull << 19,		/* x19 to x29 (AAPCS64 6.1.1) */
	.code = code,
	.saved = arm64_saved,
	.nr_saved = ARM64_NR_REGISTERS,
	.record_fp = 0,
	.record_pc = 8,
	.record_member = "stackframe",	/* to 6.13; frame_record_meta since, c2c6b27b5aa1 */
	.reloc_address = R_AARCH64_ABS64,
	.reloc_u32 = R_AARCH64_ABS32,
	.gdb_name = "aarch64",
	.target_xml = arm64_target_xml,
	.memory_init = memory_init,
	.translate = translate,
	.is_kernel_address = is_kernel_address,
	.user_root = user_root,
	.entry_flags = arm64_entry_flags,
	.entry_physical = entry_physical,
	.code_address = code_address,
	.prstatus_registers = arm64_prstatus_registers,
	.prstatus_pid = arm64_prstatus_pid,
	.pt_regs = arm64_pt_regs,
	.is_user = arm64_is_user,
	.interrupts = arm64_interrupts,
	.could_be_saved = arm64_could_be_saved,
	.stack_size = 16384,
	.image_step = 2ull << 20,
	.image_reach = 1ull << 30,
	.switch_member = "thread.cpu_context",
	.switch_is_address = true,
	.task_registers = arm64_task_registers,
};
