/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What differs between machines: page tables, registers, where the kernel saved them, how stacks
 * nest.
 *
 * To add an architecture: write arch/NAME.c with one `const struct arch`, declare it below and put
 * it into the table in arch/arch.c; copy the unit test of the nearest neighbour. Nothing outside
 * arch/ may test for a machine; it asks the ops here. Offsets of kernel structures never stand
 * here: an op that needs one takes it as a parameter (see task_registers), because types belong to
 * symbols/, to the right of us.
 *
 * `struct memory` is the dump's memory as the kernel sees it: physical reads plus page table walks,
 * with a small cache of translations. Its parameters come from VMCOREINFO or, without it, from the
 * CPU state in the dump.
 */
#ifndef VMCORE_ARCH_ARCH_H
#define VMCORE_ARCH_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct dump;
struct memory;
struct arch_instructions;

#define ARCH_MAX_REGISTERS 64
#define ARCH_MAX_CALL 8			/* call_size is no more */

/*
 * A register file. Index = gdb's number, that is the position in arch->registers, which is also the
 * order of the target description and of the `g` packet. A register that is not known is not valid;
 * it is shown as <unavailable>, never as 0.
 */
struct registers {
	uint64_t value[ARCH_MAX_REGISTERS];
	uint64_t valid;			/* bit I: value[I] is known */
};

struct register_info {
	const char *name;		/* gdb's name */
	uint8_t size;			/* bytes in the `g` packet */
	int16_t dwarf;			/* DWARF number, -1 = none */
	bool in_description;		/* has its own <reg>; see arch->target_xml */
};

#define ARCH_MAX_LEVELS 6

/* An entry that a walk read: of which table ("PMD"), where, what. */
struct translation_step {
	const char *table;
	uint64_t at, entry;
};

/* Result of a page table walk. */
struct translation {
	uint64_t physical;		/* of the address asked for */
	/*
	 * bytes from there to the end of the mapping's page (4K, 2M, 1G); after a walk that failed:
	 * to the end of what the missing entry would have mapped, 0 = unknown
	 */
	uint64_t run;
	/* bytes of that page: its start is the address rounded down to it */
	uint64_t page_size;
	uint64_t entry;			/* the last page table entry, for vtop and for flags */
	unsigned levels_walked;		/* how many entries were read, also by a walk that failed: these */
	struct translation_step steps[ARCH_MAX_LEVELS];
	/* a table was missing: computed from phys_base or a piece that is mapped linearly, there is no entry */
	bool from_phys_base;
	bool table_missing;		/* the walk failed since it could not read one, not by what one said */
	bool no_execute;		/* the tables forbid the kernel to execute what is there */
};

/* A walk has read ENTRY. */
static inline void translation_step(struct translation *translation, const char *table, uint64_t at, uint64_t entry)
{
	if (translation->levels_walked < ARCH_MAX_LEVELS)
		translation->steps[translation->levels_walked] = (struct translation_step){ table, at, entry };
	translation->levels_walked++;
	translation->entry = entry;
}

/* A bit, or a field, of a page table's entry. */
struct arch_entry_flag {
	uint64_t mask, value;		/* set if entry & mask == value */
	const char *name;
	uint8_t where;			/* bits of enum arch_entry_where: where it means that */
};
enum arch_entry_where {
	ENTRY_OF_TABLE = 1,		/* it leads to another table */
	ENTRY_OF_BLOCK = 2,		/* of a higher table, and it maps */
	ENTRY_OF_PAGE = 4,		/* of the last table */
	ENTRY_ANYWHERE = 7,
	ENTRY_NOT_PRESENT = 8,		/* of an entry that the hardware takes for none */
};

/* What the stack looks like in code that has no call frame information: entry code, assembly. */
enum arch_code_kind {
	ARCH_CODE_LEAF,		/* nothing was pushed: as right after a call */
	ARCH_CODE_ENTRY,	/* a struct pt_regs is at the stack pointer: a user's, or what was interrupted */
	ARCH_CODE_UNSAVED,	/* entry code that has not saved the registers yet: nobody knows them */
	ARCH_CODE_SWITCH,	/* it has changed to another stack: a frame record leads back */
	ARCH_CODE_END,		/* the stack ends here */
};

/* What a row of the kernel's own unwind table, ORC (symbols/cfi/orc.h), can count from. */
enum orc_base {
	ORC_BASE_NONE,
	ORC_BASE_PREV_SP,	/* bp only: relative to the CFA */
	ORC_BASE_SP, ORC_BASE_BP, ORC_BASE_DI, ORC_BASE_DX, ORC_BASE_R10, ORC_BASE_R13,
	ORC_BASE_SP_INDIRECT,	/* *(sp) + offset */
	ORC_BASE_BP_INDIRECT,	/* *(bp + offset) */
	ORC_BASE_AX,		/* 7.1+: clang uses rax where gcc uses r10 to realign a stack */
	ORC_NR_BASES
};

/* One register in a struct pt_regs. */
struct arch_saved {
	uint8_t index;		/* into arch->registers */
	uint16_t offset;	/* bytes; ARCH_NO_OFFSET: not every kernel saves it, arch->pt_regs sees whether this one has */
};

#define ARCH_NO_OFFSET UINT16_MAX

/* Where compiled code keeps its frame record. */
enum arch_record {
	ARCH_RECORD_NONE,	/* it has none */
	ARCH_RECORD_CALLED,	/* not yet, or no longer: as right after a call */
	ARCH_RECORD_PUSHED,	/* the caller's frame pointer is on top of the stack, and still in its register */
	ARCH_RECORD_SET,	/* the frame pointer leads to it */
};

struct arch_code {
	const char *name;	/* of the symbol; a * at its end stands for anything */
	uint8_t kind;		/* enum arch_code_kind */
	const char *unless;	/* not in kernels that have this symbol: there it is compiled. NULL = in all */
};

/*
 * Compiled code that has changed to another stack in inline assembly, of which call frame information knows nothing: from START to
 * END, bytes from the code's own start, what is called the stack pointer there is in register REG; if that is the stack pointer
 * itself, in the word that it leads to.
 */
struct arch_switch {
	size_t start, end;
	unsigned reg;		/* index into arch->registers */
};

/* A register as bt lays it out. */
struct arch_label {
	const char *label;	/* NULL ends the list */
	uint8_t index;		/* into arch->registers */
	const char *member, *key;	/* of pt_regs alone, which is no register of the table, and what JSON calls it; NULL = INDEX counts */
};

struct arch {
	const char *name;		/* "x86_64": as uname -m */
	/* all that a kdump header's uname -m can say, NULL-terminated; NULL = name alone */
	const char *const *names;
	uint16_t elf_machine;		/* EM_X86_64 */
	uint8_t pointer_size;		/* bytes, as a long's */
	bool big_endian;
	/*
	 * Where kernel and processes have whole address spaces of their own, whose addresses overlap: a bit that no address has,
	 * with which gdb, who knows one space alone, sees the processes'. 0 = an address says itself whose it is.
	 */
	uint64_t user_mark;

	const struct register_info *registers;
	unsigned nr_registers;
	unsigned pc, sp, fp;		/* indices into registers */
	unsigned lr;			/* the link register; 0 = calls push their return address */
	/* known only where a CPU's state was caught, not where a task was switched out: says user or kernel */
	unsigned mode;
	/* The pc of a task that was switched out is where it goes on, or where one that never ran begins: no return address. */
	bool switch_exact;
	uint64_t stack_size;		/* of a task, bytes, where the kernel does not say */
	uint64_t kept;			/* bit I: register I is the caller's to find unchanged (the ABI's callee-saved ones) */
	/* [ORC_NR_BASES]: index into registers of what ORC's rows count from; sp's in place of none. NULL: no kernel of it has ORC. */
	const uint8_t *orc_bases;
	/*
	 * Stacks, where a kernel has no ORC (kernel/stacks/unwind.h). Names of code without call frame information,
	 * the first that matches; all other is ARCH_CODE_LEAF. NULL = stacks of this machine cannot be followed.
	 */
	const struct arch_code *code;	/* ends with name NULL */
	/* What code without rows consists of (arch/instructions.h). NULL = of no kernel of this machine that is known. */
	const struct arch_instructions *instructions;
	bool code_first;		/* before what call frame information says of them, which is wrong */
	const struct arch_saved *saved;	/* [nr_saved]: pt_regs as entry code leaves it */
	unsigned nr_saved;
	/* With user_mark: the pc that entry code saved, marked if it is a user's. A DWARF expression. */
	const uint8_t *saved_pc;
	size_t saved_pc_size;
	uint16_t entry_base;		/* bytes from entry code's stack pointer to the pt_regs */
	uint16_t leaf_cfa;		/* bytes from the stack pointer, where nothing was pushed, to the CFA, if calls push nothing */
	int8_t record_fp, record_pc;	/* a frame record: the caller's fp and the return address, from fp */
	/*
	 * Instead of frame records: from the stack pointer, the caller's stack pointer, and from there where to return to. 0 in
	 * place of the first: a pt_regs is at entry_base.
	 */
	uint16_t back_chain, chain_pc;
	/* The next stack switch in CODE, compiled instructions, at or behind *AT, which moves on. Optional. */
	bool (*stack_switch)(const uint8_t *code, size_t size, size_t *at, struct arch_switch *found);
	/* How its CFA is found without that register, of which a frame above may have left nothing. A DWARF expression. */
	const uint8_t *switch_cfa;
	size_t switch_cfa_size;
	/* gdb, without a system's ABI (osabi none), does not know which registers `kept` has: it is told in each row */
	bool gdb_keeps_nothing;
	const char *record_member;	/* of pt_regs: in entry code fp points to it; NULL = it does not */
	/* ELF relocations in a .ko's debug sections: a whole address, a 32-bit offset */
	uint16_t reloc_address, reloc_u32;
	/* The registers that bt shows of an exception, in order. NULL: pc, sp, and what else entry code saves, as it comes */
	const struct arch_label *shown;
	const char *gdb_name;		/* what gdb calls the machine: `set architecture' */
	const char *target_xml;		/* gdb's target description, complete */

	/* Sets up MEMORY's roots and offsets from VMCOREINFO or the CPU state notes. */
	bool (*memory_init)(struct memory *memory, struct error *error);
	bool checks_vmcoreinfo;		/* memory_init does, with memory; else memory_init_checked() */
	/* Walks the tables at physical address ROOT for ADDRESS. */
	bool (*translate)(struct memory *memory, uint64_t root, uint64_t address,
			  struct translation *translation, struct error *error);
	/* Canonical kernel half? Decides which page tables an address is looked up in. */
	bool (*is_kernel_address)(const struct memory *memory, uint64_t address);
	/* The physical root of a process's tables out of its mm->pgd (a kernel virtual address). */
	bool (*user_root)(struct memory *memory, uint64_t mm_pgd, uint64_t *root_ret,
			  struct error *error);

	/* The flags of a page table's entry, in the order of their bits; the last has no name. */
	const struct arch_entry_flag *entry_flags;
	/* The physical page that ENTRY of the last table maps; false: it maps none. */
	bool (*entry_physical)(const struct memory *memory, uint64_t entry, uint64_t *physical_ret);

	/* A return address as it lies in memory -> the address of code (arm64 signs them). NULL: it is one. */
	uint64_t (*code_address)(const struct memory *memory, uint64_t value);

	/* NT_PRSTATUS's or QEMU's note -> registers. DATA is the note's contents. */
	bool (*prstatus_registers)(const uint8_t *data, size_t size, struct registers *registers,
				   struct error *error);
	/*
	 * The pr_pid of an NT_PRSTATUS: the task that ran, 0 = idle (kdump), or a CPU's number
	 * (QEMU).
	 */
	bool (*prstatus_pid)(const uint8_t *data, size_t size, uint32_t *pid_ret);
	/*
	 * QEMU's note (name "QEMU", type 0): adds the control registers etc. that it has. Optional.
	 */
	bool (*qemu_registers)(const uint8_t *data, size_t size, struct registers *registers,
			       struct error *error);
	/*
	 * Where QEMU's note says that the CPU's own data is: [0] the base in force, [1] the one that
	 * the entry from user space would bring; either can be the user's. Optional.
	 */
	bool (*qemu_per_cpu)(const uint8_t *data, size_t size, uint64_t bases[2]);
	/* A struct pt_regs in kernel memory at ADDRESS -> registers. */
	bool (*pt_regs)(struct memory *memory, uint64_t address, struct registers *registers,
			struct error *error);
	/*
	 * Could entry code have saved these? By what is the same whatever was interrupted: selectors, modes, bits that are always set or
	 * never. For who looks for struct pt_regs in a stack's memory (kernel/stacks/exceptions.h).
	 */
	bool (*could_be_saved)(struct memory *memory, const struct registers *registers);
	/* What the hardware alone saved there, of TRAP_SIZE bytes. Optional. */
	bool (*trap)(struct memory *memory, uint64_t address, struct registers *registers, struct error *error);
	size_t trap_size;
	/*
	 * Where the pt_regs of entry code is that has SP: versions of the kernel differ, so it is looked for. NULL: it is at
	 * entry_base. False: nowhere. *lost_ret: bit I: register I was not saved there, whatever is in its place.
	 */
	bool (*find_pt_regs)(struct memory *memory, uint64_t sp, uint64_t *address_ret, uint64_t *lost_ret);
	/* The pt_regs that a frame pointer stands for, where entry code marks it so; 0 = it is none. Optional. */
	uint64_t (*record_pt_regs)(uint64_t fp);
	/*
	 * Where has the code at ADDRESS of the FUNCTION that begins there its record? NULL: all code has one, always. A kernel that
	 * was built without has in its frame pointer whatever the compiler put there, which must not be followed.
	 */
	enum arch_record (*record_at)(struct memory *memory, uint64_t function, uint64_t address);
	/* BEFORE are the CALL_SIZE bytes of code before PC: what they call, if they are a call of an address. Optional. */
	bool (*call_target)(const uint8_t *before, uint64_t pc, uint64_t *target_ret);
	size_t call_size;
	/*
	 * Where an image of the kernel can lie: in [image_start, image_end), image_step from where it was linked, image_reach away
	 * at most; its text is linked at image_text. 0 = what is in no dump of this machine is not looked for.
	 */
	uint64_t image_start, image_end, image_text, image_step, image_reach;
	size_t pt_regs_size;		/* bytes; 0 = what the kernel's types say, memory->pt_regs_size */
	/* Was the CPU in user mode when these were taken? */
	bool (*is_user)(const struct registers *registers);
	/* Were its interrupts on? False: these do not say. */
	bool (*interrupts)(const struct registers *registers, bool *on_ret);
	/*
	 * Where a task that is not running has its registers: the member of task_struct that holds their address
	 * ("thread.sp"), or, with switch_is_address, that holds the registers themselves.
	 */
	const char *switch_member;
	bool switch_is_address;
	/* What its switch-out saved AT that address. The result's pc is where it resumes. */
	bool (*task_registers)(struct memory *memory, uint64_t at, struct registers *registers, struct error *error);
};

extern const struct arch *const arch_table[];	/* NULL-terminated */
extern const struct arch arch_x86_64, arch_arm64, arch_s390x, arch_i386;

/* entry_flags.c: struct arch's. */
extern const struct arch_entry_flag x86_entry_flags[], arm64_entry_flags[], s390x_entry_flags[];

/* The architecture of an ELF machine number; NULL if there is none. */
const struct arch *arch_find(uint16_t elf_machine);

/* x86_64's register indices, which unwinding also needs (arch/x86_64.c has the table). */
enum x86_64_register {
	X86_RAX, X86_RBX, X86_RCX, X86_RDX, X86_RSI, X86_RDI, X86_RBP, X86_RSP,
	X86_R8, X86_R9, X86_R10, X86_R11, X86_R12, X86_R13, X86_R14, X86_R15,
	X86_RIP, X86_EFLAGS, X86_CS, X86_SS, X86_DS, X86_ES, X86_FS, X86_GS,
	/* The x87 registers: never known from a dump, but gdb demands that they are described. */
	X86_ST0, X86_ST1, X86_ST2, X86_ST3, X86_ST4, X86_ST5, X86_ST6, X86_ST7,
	X86_FCTRL, X86_FSTAT, X86_FTAG, X86_FISEG, X86_FIOFF, X86_FOSEG, X86_FOOFF, X86_FOP,
	X86_FS_BASE, X86_GS_BASE, X86_CR0, X86_CR2, X86_CR3, X86_CR4,
	X86_NR_REGISTERS
};

/* A piece of the kernel's half that is mapped as a whole: its addresses [start, end), and where that is. */
struct memory_piece {
	uint64_t start, end, physical;
};
#define MEMORY_MAX_PIECES 4

struct memory {
	struct dump *dump;
	const struct arch *arch;

	/* From memory_init; those an architecture has no use for stay 0. */
	uint64_t kernel_root;		/* physical address of the kernel's top page table */
	/* physical address that the kernel image's link base is loaded at */
	uint64_t phys_base;
	uint64_t kaslr_offset;		/* run-time minus link-time address of the kernel image */
	unsigned levels;		/* of page tables: 4 or 5 on x86_64 */
	unsigned page_shift;		/* of the smallest page; 0 = 12 */
	unsigned address_bits;		/* of a virtual address in either half; 0 = what levels say */
	uint64_t kernel_start;		/* where the kernel's half begins; 0 = as is_kernel_address says */
	uint64_t code_mask;		/* arm64: the bits of a signature in a kernel's return address */
	/* bits to clear in page table entries (AMD SME), 0 = none */
	uint64_t encryption_mask;
	bool distrusts_vmcoreinfo;	/* memory contradicts it: memory_init is to do without its symbols */
	/* kernel_root is some CPU's cr3: no swapper_pg_dir was known */
	bool root_from_cpu;
	/*
	 * sizeof what the switch-out pushes (x86_64: struct inactive_task_frame). symbols/ may set
	 * it from the kernel's types; while it is 0 task_registers looks at the frame itself.
	 */
	uint64_t task_frame_size;
	/*
	 * Where a task that was switched out goes on in kernels whose switch_to() is inlined (x86_64 before 4.9): behind the call
	 * of __switch_to. Set by kernel/, which knows symbols; 0 = the switch-out says it itself.
	 */
	uint64_t switch_pc;
	uint64_t pt_regs_size;		/* sizeof(struct pt_regs), the same way; 0 = not known */

	/* What is mapped linearly, for where a page table is missing: memory_add_piece(). */
	struct memory_piece pieces[MEMORY_MAX_PIECES];
	unsigned nr_pieces;
	uint64_t image_offset;		/* of the image's addresses to physical ones, where image_is_linear (arm64's kimage_voffset) */
	bool image_is_linear;
	uint64_t image_end;		/* of its addresses; 0 = not known yet */
	/* A direct map that begins here, with physical 0, and ends at high_memory, which is not beyond the second; 0, 0 = it has other bounds. */
	uint64_t low_memory, low_memory_max;

	struct tlb *tlb;		/* arch/memory.c's own */
};

/*
 * The kernel maps its image and all of RAM linearly: who knows where can do without the tables. memory_init adds what it knows, kernel/
 * what symbols tell. [START, END) are virtual addresses, PHYSICAL is START's.
 */
void memory_add_piece(struct memory *memory, uint64_t start, uint64_t end, uint64_t physical);

/*
 * The numbers above are copied nowhere: whoever corrects one calls this, and old translations are
 * gone.
 */
void memory_forget_translations(struct memory *memory);

/* arch->memory_init() with a VMCOREINFO that memory does not contradict, if there is one; for memory_open(). */
bool memory_init_checked(struct memory *memory, struct error *error);

/* DUMP stays the caller's and must live longer. */
bool memory_open(struct dump *dump, struct memory **memory_ret, struct error *error);
void memory_close(struct memory *memory);

/*
 * Kernel virtual memory. All or nothing, like dump_read_phys; errors name the virtual address too.
 */
bool memory_read(struct memory *memory, uint64_t address, void *buffer, size_t size,
		 struct error *error);
/* A process's virtual memory, ROOT from arch->user_root. */
bool memory_read_user(struct memory *memory, uint64_t root, uint64_t address, void *buffer,
		      size_t size, struct error *error);
/* One unsigned number of 1, 2, 4 or 8 bytes in the machine's byte order. */
bool memory_read_uint(struct memory *memory, uint64_t address, size_t size, uint64_t *value_ret,
		      struct error *error);
/* A NUL-terminated string of less than SIZE bytes; cut off at SIZE - 1. */
bool memory_read_string(struct memory *memory, uint64_t address, char *buffer, size_t size,
			struct error *error);
/* ROOT 0 = the kernel's own tables. */
bool memory_translate(struct memory *memory, uint64_t root, uint64_t address,
		      struct translation *translation, struct error *error);
/*
 * The first mapping at or above *ADDRESS and below END, holes skipped: *ADDRESS is then where it
 * is, and *translation what is there. False where there is none. One call can go through many page
 * tables: *ADDRESS moves on and the result is false with *again_ret set after some thousand
 * entries, so that the caller can look for Ctrl-C.
 */
bool memory_next_mapping(struct memory *memory, uint64_t root, uint64_t *address, uint64_t end,
			 struct translation *translation, bool *again_ret);
/* The kernel's own, bytes; a dump's pages may be larger (QEMU writes 64 KiB for every arm64 machine). */
static inline uint64_t memory_page_size(const struct memory *memory)
{
	return 1ull << (memory->page_shift ? memory->page_shift : 12);
}
/* The first and the last address of the kernel's half, or of its space. */
uint64_t memory_kernel_start(const struct memory *memory);
uint64_t memory_last(const struct memory *memory);
/* The last address of the users'. */
uint64_t memory_user_last(const struct memory *memory);
/* In neither half: nobody's page tables can have it, and translating it says why. */
bool memory_is_nowhere(const struct memory *memory, uint64_t address);
/* Turns SIZE (1, 2, 4, 8) bytes of the machine's memory into a number. */
uint64_t memory_decode(const struct memory *memory, const void *bytes, size_t size);

#endif
