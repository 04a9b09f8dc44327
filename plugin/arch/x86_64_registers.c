// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * x86_64's registers: their table and target description, and the places the kernel, kdump and QEMU
 * saved them in. Page tables are in arch/x86_64.c.
 */
#include "arch/x86_64.h"

#include <string.h>

#define REGISTER(gdb_name, bytes, dwarf_number) \
	{ .name = gdb_name, .size = bytes, .dwarf = dwarf_number, .in_description = true }

/*
 * In gdb's own order (its features/i386/64bit-core.xml), DWARF numbers from the System V ABI's
 * x86-64 supplement, figure 3.36. The x87 registers must be described or gdb refuses the whole
 * description.
 */
const struct register_info x86_64_register_table[X86_NR_REGISTERS] = {
	[X86_RAX] = REGISTER("rax", 8, 0),
	[X86_RBX] = REGISTER("rbx", 8, 3),
	[X86_RCX] = REGISTER("rcx", 8, 2),
	[X86_RDX] = REGISTER("rdx", 8, 1),
	[X86_RSI] = REGISTER("rsi", 8, 4),
	[X86_RDI] = REGISTER("rdi", 8, 5),
	[X86_RBP] = REGISTER("rbp", 8, 6),
	[X86_RSP] = REGISTER("rsp", 8, 7),
	[X86_R8] = REGISTER("r8", 8, 8),
	[X86_R9] = REGISTER("r9", 8, 9),
	[X86_R10] = REGISTER("r10", 8, 10),
	[X86_R11] = REGISTER("r11", 8, 11),
	[X86_R12] = REGISTER("r12", 8, 12),
	[X86_R13] = REGISTER("r13", 8, 13),
	[X86_R14] = REGISTER("r14", 8, 14),
	[X86_R15] = REGISTER("r15", 8, 15),
	[X86_RIP] = REGISTER("rip", 8, 16),
	[X86_EFLAGS] = REGISTER("eflags", 4, 49),
	[X86_CS] = REGISTER("cs", 4, 51),
	[X86_SS] = REGISTER("ss", 4, 52),
	[X86_DS] = REGISTER("ds", 4, 53),
	[X86_ES] = REGISTER("es", 4, 50),
	[X86_FS] = REGISTER("fs", 4, 54),
	[X86_GS] = REGISTER("gs", 4, 55),
	[X86_ST0] = REGISTER("st0", 10, 33),
	[X86_ST1] = REGISTER("st1", 10, 34),
	[X86_ST2] = REGISTER("st2", 10, 35),
	[X86_ST3] = REGISTER("st3", 10, 36),
	[X86_ST4] = REGISTER("st4", 10, 37),
	[X86_ST5] = REGISTER("st5", 10, 38),
	[X86_ST6] = REGISTER("st6", 10, 39),
	[X86_ST7] = REGISTER("st7", 10, 40),
	[X86_FCTRL] = REGISTER("fctrl", 4, 65),
	[X86_FSTAT] = REGISTER("fstat", 4, 66),
	[X86_FTAG] = REGISTER("ftag", 4, -1),
	[X86_FISEG] = REGISTER("fiseg", 4, -1),
	[X86_FIOFF] = REGISTER("fioff", 4, -1),
	[X86_FOSEG] = REGISTER("foseg", 4, -1),
	[X86_FOOFF] = REGISTER("fooff", 4, -1),
	[X86_FOP] = REGISTER("fop", 4, -1),
	[X86_FS_BASE] = REGISTER("fs_base", 8, 58),
	[X86_GS_BASE] = REGISTER("gs_base", 8, 59),
	[X86_CR0] = REGISTER("cr0", 8, -1),
	[X86_CR2] = REGISTER("cr2", 8, -1),
	[X86_CR3] = REGISTER("cr3", 8, -1),
	[X86_CR4] = REGISTER("cr4", 8, -1),
};

#define REG64(name, type) "<reg name=\"" name "\" bitsize=\"64\" type=\"" type "\"/>\n"
#define REG32(name) "<reg name=\"" name "\" bitsize=\"32\" type=\"int32\"/>\n"
#define REG_ST(name) "<reg name=\"" name "\" bitsize=\"80\" type=\"i387_ext\"/>\n"
#define REG_FP(name) "<reg name=\"" name "\" bitsize=\"32\" type=\"int\" group=\"float\"/>\n"

/* As crash shows them; orig_ax is the system call's number or an error code. */
const struct arch_label x86_64_shown[] = {
	{ "RIP", X86_RIP, NULL, NULL }, { "RSP", X86_RSP, NULL, NULL }, { "RFLAGS", X86_EFLAGS, NULL, NULL },
	{ "RAX", X86_RAX, NULL, NULL }, { "RBX", X86_RBX, NULL, NULL }, { "RCX", X86_RCX, NULL, NULL },
	{ "RDX", X86_RDX, NULL, NULL }, { "RSI", X86_RSI, NULL, NULL }, { "RDI", X86_RDI, NULL, NULL },
	{ "RBP", X86_RBP, NULL, NULL }, { " R8", X86_R8, NULL, NULL }, { " R9", X86_R9, NULL, NULL },
	{ "R10", X86_R10, NULL, NULL }, { "R11", X86_R11, NULL, NULL }, { "R12", X86_R12, NULL, NULL },
	{ "R13", X86_R13, NULL, NULL }, { "R14", X86_R14, NULL, NULL }, { "R15", X86_R15, NULL, NULL },
	{ "ORIG_RAX", 0, "orig_ax", "orig_rax" }, { "CS", X86_CS, NULL, NULL }, { "SS", X86_SS, NULL, NULL },
	{ NULL, 0, NULL, NULL }
};

/*
 * osabi none, and never org.gnu.gdb.i386.linux: with them gdb would apply user-space Linux rules
 * (signal frames, system call catching, orig_rax) to the kernel.
 */
const char x86_64_target_xml[] =
	"<?xml version=\"1.0\"?>\n"
	"<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
	"<target version=\"1.0\">\n"
	"<architecture>i386:x86-64</architecture>\n"
	"<osabi>none</osabi>\n"
	"<feature name=\"org.gnu.gdb.i386.core\">\n"
	"<flags id=\"x86_64_eflags\" size=\"4\">\n"
	X86_EFLAGS_FIELDS
	"</flags>\n"
	REG64("rax", "int64") REG64("rbx", "int64") REG64("rcx", "int64") REG64("rdx", "int64")
	REG64("rsi", "int64") REG64("rdi", "int64") REG64("rbp", "data_ptr") REG64("rsp", "data_ptr")
	REG64("r8", "int64") REG64("r9", "int64") REG64("r10", "int64") REG64("r11", "int64")
	REG64("r12", "int64") REG64("r13", "int64") REG64("r14", "int64") REG64("r15", "int64")
	REG64("rip", "code_ptr")
	"<reg name=\"eflags\" bitsize=\"32\" type=\"x86_64_eflags\"/>\n"
	REG32("cs") REG32("ss") REG32("ds") REG32("es") REG32("fs") REG32("gs")
	REG_ST("st0") REG_ST("st1") REG_ST("st2") REG_ST("st3")
	REG_ST("st4") REG_ST("st5") REG_ST("st6") REG_ST("st7")
	REG_FP("fctrl") REG_FP("fstat") REG_FP("ftag") REG_FP("fiseg")
	REG_FP("fioff") REG_FP("foseg") REG_FP("fooff") REG_FP("fop")
	"</feature>\n"
	"<feature name=\"org.gnu.gdb.i386.segments\">\n"
	REG64("fs_base", "int") REG64("gs_base", "int")
	"</feature>\n"
	"<feature name=\"org.gdb-vmcore.x86_64\">\n"
	REG64("cr0", "int64") REG64("cr2", "data_ptr") REG64("cr3", "int64") REG64("cr4", "int64")
	"</feature>\n"
	"</target>\n";

uint64_t x86_64_word(const uint8_t *data, size_t offset)
{
	uint64_t value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | data[offset + i];
	return value;
}

static uint32_t half_word(const uint8_t *data, size_t offset)
{
	return data[offset] | data[offset + 1] << 8 | data[offset + 2] << 16 |
	       (uint32_t)data[offset + 3] << 24;
}

void x86_64_set_register(struct registers *registers, unsigned index, uint64_t value)
{
	switch (index) {
	case X86_CS: case X86_SS: case X86_DS: case X86_ES: case X86_FS: case X86_GS:
		/* FRED keeps event data above the selectors of its frames (ee63291aa8287, 6.9). */
		value &= 0xffff;
		break;
	case X86_EFLAGS:
		value &= 0xffffffff;
		break;
	}
	registers->value[index] = value;
	registers->valid |= 1ull << index;
}

#define NOT_OURS X86_NR_REGISTERS	/* a word that no register of gdb's stands for: orig_rax */

/* The order of struct pt_regs, which is also how struct user_regs_struct begins. */
static const uint8_t pt_regs_order[] = {
	X86_R15, X86_R14, X86_R13, X86_R12, X86_RBP, X86_RBX, X86_R11, X86_R10, X86_R9, X86_R8,
	X86_RAX, X86_RCX, X86_RDX, X86_RSI, X86_RDI, NOT_OURS, X86_RIP, X86_CS, X86_EFLAGS, X86_RSP,
	X86_SS,
};

/* The rest of struct user_regs_struct (arch/x86/include/asm/user_64.h). */
enum { USER_REGS_FS_BASE = 21, USER_REGS_GS_BASE, USER_REGS_DS, USER_REGS_ES, USER_REGS_FS, USER_REGS_GS,
       USER_REGS_WORDS };

/* struct elf_prstatus (include/linux/elfcore.h) of a 64-bit kernel. */
#define PRSTATUS_PID 32
#define PRSTATUS_REGS 112

static void set_pt_regs(struct registers *registers, const uint8_t *data)
{
	for (size_t i = 0; i < sizeof(pt_regs_order); i++)
		if (pt_regs_order[i] != NOT_OURS)
			x86_64_set_register(registers, pt_regs_order[i], x86_64_word(data, i * 8));
}

bool x86_64_prstatus_registers(const uint8_t *data, size_t size, struct registers *registers,
			       struct error *error)
{
	const uint8_t *regs = data + PRSTATUS_REGS;

	if (size < PRSTATUS_REGS + USER_REGS_WORDS * 8)
		return error_set(error, ERROR_FORMAT,
				 "a CPU's PRSTATUS note has only %zu bytes, its registers end at %d",
				 size, PRSTATUS_REGS + USER_REGS_WORDS * 8);
	set_pt_regs(registers, regs);
	x86_64_set_register(registers, X86_DS, x86_64_word(regs, USER_REGS_DS * 8));
	x86_64_set_register(registers, X86_ES, x86_64_word(regs, USER_REGS_ES * 8));
	x86_64_set_register(registers, X86_FS, x86_64_word(regs, USER_REGS_FS * 8));
	x86_64_set_register(registers, X86_GS, x86_64_word(regs, USER_REGS_GS * 8));
	/*
	 * The kernel fills the bases from current->thread, so they are the user's. For a CPU in
	 * kernel mode gs_base would be wrong (it is the per-CPU area then) and fs_base may be
	 * stale.
	 */
	if (x86_64_is_user(registers)) {
		x86_64_set_register(registers, X86_FS_BASE, x86_64_word(regs, USER_REGS_FS_BASE * 8));
		x86_64_set_register(registers, X86_GS_BASE, x86_64_word(regs, USER_REGS_GS_BASE * 8));
	}
	return true;
}

bool x86_64_prstatus_pid(const uint8_t *data, size_t size, uint32_t *pid_ret)
{
	if (size < PRSTATUS_PID + 4)
		return false;
	*pid_ret = half_word(data, PRSTATUS_PID);
	return true;
}

/* QEMU's QEMUCPUState (target/i386/arch_dump.c), version 1: its general registers, from byte 8. */
static const uint8_t qemu_order[] = {
	X86_RAX, X86_RBX, X86_RCX, X86_RDX, X86_RSI, X86_RDI, X86_RSP, X86_RBP,
	X86_R8, X86_R9, X86_R10, X86_R11, X86_R12, X86_R13, X86_R14, X86_R15,
	X86_RIP, X86_EFLAGS,
};
/* Then the segments, each selector, limit, flags, padding (32 bits) and base (64 bits). */
static const uint8_t qemu_segments[] = { X86_CS, X86_DS, X86_ES, X86_FS, X86_GS, X86_SS };
#define QEMU_SEGMENTS (8 + 18 * 8)
#define QEMU_SEGMENT_SIZE 24
#define QEMU_NR_SEGMENTS 10		/* and ldt, tr, gdt, idt */
#define QEMU_CR (QEMU_SEGMENTS + QEMU_NR_SEGMENTS * QEMU_SEGMENT_SIZE)
#define QEMU_KERNEL_GS_BASE (QEMU_CR + 5 * 8)	/* since QEMU 2.12; older notes end before it */

bool x86_64_qemu_state(const uint8_t *data, size_t size, struct x86_64_qemu_state *state, struct error *error)
{
	struct registers *registers = &state->registers;
	size_t said = size;

	/* The note says its own size; what lies beyond that is not the state's. */
	if (size >= 8 && half_word(data, 4) < size)
		said = half_word(data, 4);
	if (said < QEMU_KERNEL_GS_BASE)
		return error_set(error, ERROR_FORMAT,
				 "a CPU's QEMU note has only %zu bytes, its control registers end at %d",
				 said, QEMU_KERNEL_GS_BASE);
	for (size_t i = 0; i < sizeof(qemu_order); i++)
		x86_64_set_register(registers, qemu_order[i], x86_64_word(data, 8 + i * 8));
	/* No CPU runs with a null code segment: a state without one knows of no segment. */
	for (size_t i = 0; half_word(data, QEMU_SEGMENTS) && i < sizeof(qemu_segments); i++)
		x86_64_set_register(registers, qemu_segments[i],
				    half_word(data, QEMU_SEGMENTS + i * QEMU_SEGMENT_SIZE));
	if (half_word(data, QEMU_SEGMENTS)) {
		x86_64_set_register(registers, X86_FS_BASE,
				    x86_64_word(data, QEMU_SEGMENTS + 3 * QEMU_SEGMENT_SIZE + 16));
		x86_64_set_register(registers, X86_GS_BASE,
				    x86_64_word(data, QEMU_SEGMENTS + 4 * QEMU_SEGMENT_SIZE + 16));
	}
	state->cr0 = x86_64_word(data, QEMU_CR);
	state->cr3 = x86_64_word(data, QEMU_CR + 3 * 8);
	state->cr4 = x86_64_word(data, QEMU_CR + 4 * 8);
	x86_64_set_register(registers, X86_CR0, state->cr0);
	x86_64_set_register(registers, X86_CR2, x86_64_word(data, QEMU_CR + 2 * 8));
	x86_64_set_register(registers, X86_CR3, state->cr3);
	x86_64_set_register(registers, X86_CR4, state->cr4);
	state->gs_base = x86_64_word(data, QEMU_SEGMENTS + 4 * QEMU_SEGMENT_SIZE + 16);
	state->kernel_gs_base = 0;
	if (said >= QEMU_KERNEL_GS_BASE + 8)
		state->kernel_gs_base = x86_64_word(data, QEMU_KERNEL_GS_BASE);
	return true;
}

bool x86_64_qemu_registers(const uint8_t *data, size_t size, struct registers *registers,
			   struct error *error)
{
	struct x86_64_qemu_state state = { .registers = *registers };

	if (!x86_64_qemu_state(data, size, &state, error))
		return false;
	*registers = state.registers;
	return true;
}

bool x86_64_qemu_per_cpu(const uint8_t *data, size_t size, uint64_t bases[2])
{
	struct x86_64_qemu_state state = { .registers = { .valid = 0 } };

	if (!x86_64_qemu_state(data, size, &state, NULL))
		return false;
	bases[0] = state.gs_base;
	bases[1] = state.kernel_gs_base;
	return true;
}

bool x86_64_pt_regs(struct memory *memory, uint64_t address, struct registers *registers,
		    struct error *error)
{
	uint8_t data[X86_64_PT_REGS_SIZE];

	if (!memory_read(memory, address, data, sizeof(data), error))
		return error_prefix(error, "saved registers (pt_regs) at 0x%llx",
				    (unsigned long long)address);
	set_pt_regs(registers, data);
	return true;
}

bool x86_64_is_user(const struct registers *registers)
{
	if (registers->valid & 1ull << X86_CS)
		return (registers->value[X86_CS] & 3) == 3;
	/* Where cs is not known (VMware): a kernel's stack is not in the users' half. */
	return registers->valid & 1ull << X86_RSP && !(registers->value[X86_RSP] >> 63);
}

bool x86_64_interrupts(const struct registers *registers, bool *on_ret)
{
	*on_ret = registers->value[X86_EFLAGS] >> 9 & 1;
	return registers->valid >> X86_EFLAGS & 1;
}

/*
 * struct inactive_task_frame (arch/x86/include/asm/switch_to.h): r15 r14 r13 r12 bx bp ret_addr,
 * and in 5.1 to 5.9 (6690e86be83a, backported to older stable kernels; dropped by 64604d54d311) a
 * flags word first.
 */
#define TASK_FRAME_WORDS 7

static bool has_flags_word(const struct memory *memory, const uint8_t *data)
{
	/*
	 * Where the kernel's text and modules are: ret_addr is __switch_to's caller or
	 * ret_from_fork.
	 */
	const uint64_t text = 0xffffffff80000000ull;
	uint64_t flags = x86_64_word(data, 0);

	if (memory->task_frame_size)
		return memory->task_frame_size >= (TASK_FRAME_WORDS + 1) * 8;
	if (x86_64_word(data, 6 * 8) >= text)
		return false;
	/* Bit 1 of EFLAGS is always set, bits 22 and up are never. */
	return x86_64_word(data, 7 * 8) >= text && (flags & 2) && flags < 1u << 22;
}

/*
 * To 4.8 switch_to() is inlined: it pushes the flags (not in all versions) and rbp, and calls __switch_to on the other stack.
 * All other registers are the compiler's to reload.
 */
static bool inlined_switch(struct memory *memory, uint64_t thread_sp, struct registers *registers, struct error *error)
{
	uint64_t rbp, flags = 0;

	if (!memory_read_uint(memory, thread_sp, 8, &rbp, error))
		return error_prefix(error, "the registers saved at the task switch");
	x86_64_set_register(registers, X86_RBP, rbp);
	thread_sp += 8;
	/* Bit 1 of EFLAGS is always set, bits 3, 5, 15 and from 22 never are: no address of the kernel's, and rarely else. */
	if (memory_read_uint(memory, thread_sp, 8, &flags, NULL) && (flags & 0x802a) == 2 && flags < 1u << 22) {
		x86_64_set_register(registers, X86_EFLAGS, flags);
		thread_sp += 8;
	}
	x86_64_set_register(registers, X86_RIP, memory->switch_pc);
	x86_64_set_register(registers, X86_RSP, thread_sp);
	return true;
}

bool x86_64_task_registers(struct memory *memory, uint64_t thread_sp, struct registers *registers,
			   struct error *error)
{
	static const uint8_t order[] = { X86_R15, X86_R14, X86_R13, X86_R12, X86_RBX, X86_RBP, X86_RIP };
	uint8_t data[(TASK_FRAME_WORDS + 1) * 8] = { 0 };
	size_t first = 0;

	if (thread_sp % 8 || !memory->arch->is_kernel_address(memory, thread_sp))
		return error_set(error, ERROR_CORRUPT, "the task's saved stack pointer 0x%llx is not one",
				 (unsigned long long)thread_sp);
	if (memory->switch_pc)
		return inlined_switch(memory, thread_sp, registers, error);
	if (!memory_read(memory, thread_sp, data, TASK_FRAME_WORDS * 8, error))
		return error_prefix(error, "the registers saved at the task switch");
	/* The eighth word may be beyond the stack's end; then there is no flags word either. */
	if (memory_read(memory, thread_sp + TASK_FRAME_WORDS * 8, data + TASK_FRAME_WORDS * 8, 8, NULL) &&
	    has_flags_word(memory, data)) {
		x86_64_set_register(registers, X86_EFLAGS, x86_64_word(data, 0));
		first = 1;
	}
	for (size_t i = 0; i < sizeof(order); i++)
		x86_64_set_register(registers, order[i], x86_64_word(data, (first + i) * 8));
	x86_64_set_register(registers, X86_RSP, thread_sp + (first + TASK_FRAME_WORDS) * 8);
	return true;
}
