// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * i386's registers: their table and target description, and the places the kernel, kdump and QEMU saved them in.
 * Page tables are in arch/i386.c.
 */
#include "arch/i386.h"

#include "arch/x86_64.h"

#define REGISTER(index, gdb_name, bytes, dwarf_number) \
	[index] = { .name = gdb_name, .size = bytes, .dwarf = dwarf_number, .in_description = true }
#define ST(number) REGISTER(I386_ST0 + number, "st" #number, 10, 11 + number)
#define FP(number, name) REGISTER(I386_FCTRL + number, name, 4, -1)

/* System V ABI, Intel386 supplement 1.1, table 2.14. */
const struct register_info i386_register_table[I386_NR_REGISTERS] = {
	REGISTER(I386_EAX, "eax", 4, 0), REGISTER(I386_ECX, "ecx", 4, 1), REGISTER(I386_EDX, "edx", 4, 2),
	REGISTER(I386_EBX, "ebx", 4, 3), REGISTER(I386_ESP, "esp", 4, 4), REGISTER(I386_EBP, "ebp", 4, 5),
	REGISTER(I386_ESI, "esi", 4, 6), REGISTER(I386_EDI, "edi", 4, 7), REGISTER(I386_EIP, "eip", 4, 8),
	REGISTER(I386_EFLAGS, "eflags", 4, 9),
	REGISTER(I386_CS, "cs", 4, 41), REGISTER(I386_SS, "ss", 4, 42), REGISTER(I386_DS, "ds", 4, 43),
	REGISTER(I386_ES, "es", 4, 40), REGISTER(I386_FS, "fs", 4, 44), REGISTER(I386_GS, "gs", 4, 45),
	ST(0), ST(1), ST(2), ST(3), ST(4), ST(5), ST(6), ST(7),
	FP(0, "fctrl"), FP(1, "fstat"), FP(2, "ftag"), FP(3, "fiseg"), FP(4, "fioff"), FP(5, "foseg"), FP(6, "fooff"), FP(7, "fop"),
	REGISTER(I386_CR0, "cr0", 4, -1), REGISTER(I386_CR2, "cr2", 4, -1), REGISTER(I386_CR3, "cr3", 4, -1),
	REGISTER(I386_CR4, "cr4", 4, -1),
};

/* struct pt_regs (arch/x86/include/uapi/asm/ptrace.h), with which user_regs_struct agrees; word 10 is gs, 11 is orig_ax. */
#define WORD(index, number) { index, (number) * 4 }

const struct arch_saved i386_saved[I386_NR_SAVED] = {
	WORD(I386_EBX, 0), WORD(I386_ECX, 1), WORD(I386_EDX, 2), WORD(I386_ESI, 3), WORD(I386_EDI, 4), WORD(I386_EBP, 5),
	WORD(I386_EAX, 6), WORD(I386_DS, 7), WORD(I386_ES, 8), WORD(I386_FS, 9), { I386_GS, ARCH_NO_OFFSET }, WORD(I386_EIP, 12),
	WORD(I386_CS, 13), WORD(I386_EFLAGS, 14), WORD(I386_ESP, 15), WORD(I386_SS, 16),
};
#define PT_REGS_SIZE (17 * 4)
#define PT_REGS_GS (10 * 4)

#define REG(name, type) "<reg name=\"" name "\" bitsize=\"32\" type=\"" type "\"/>\n"
#define REG_ST(name) "<reg name=\"" name "\" bitsize=\"80\" type=\"i387_ext\"/>\n"
#define REG_FP(name) "<reg name=\"" name "\" bitsize=\"32\" type=\"int\" group=\"float\"/>\n"

/* osabi none keeps user space's rules (signal frames, system calls) out. */
const char i386_target_xml[] =
	"<?xml version=\"1.0\"?>\n"
	"<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
	"<target version=\"1.0\">\n"
	"<architecture>i386</architecture>\n"
	"<osabi>none</osabi>\n"
	"<feature name=\"org.gnu.gdb.i386.core\">\n"
	"<flags id=\"i386_eflags\" size=\"4\">\n"
	"<field name=\"\" start=\"22\" end=\"31\"/>\n"
	X86_EFLAGS_FIELDS
	"</flags>\n"
	REG("eax", "int32") REG("ecx", "int32") REG("edx", "int32") REG("ebx", "int32")
	REG("esp", "data_ptr") REG("ebp", "data_ptr") REG("esi", "int32") REG("edi", "int32")
	REG("eip", "code_ptr") REG("eflags", "i386_eflags")
	REG("cs", "int32") REG("ss", "int32") REG("ds", "int32") REG("es", "int32") REG("fs", "int32") REG("gs", "int32")
	REG_ST("st0") REG_ST("st1") REG_ST("st2") REG_ST("st3")
	REG_ST("st4") REG_ST("st5") REG_ST("st6") REG_ST("st7")
	REG_FP("fctrl") REG_FP("fstat") REG_FP("ftag") REG_FP("fiseg")
	REG_FP("fioff") REG_FP("foseg") REG_FP("fooff") REG_FP("fop")
	"</feature>\n"
	"<feature name=\"org.gdb-vmcore.i386\">\n"
	REG("cr0", "int32") REG("cr2", "data_ptr") REG("cr3", "int32") REG("cr4", "int32")
	"</feature>\n"
	"</target>\n";

/* struct elf_prstatus (include/linux/elfcore.h) of a 32-bit kernel. */
#define PRSTATUS_PID 24
#define PRSTATUS_REGS 72

static uint32_t word(const uint8_t *data)
{
	return data[0] | data[1] << 8 | data[2] << 16 | (uint32_t)data[3] << 24;
}

static void set_register(struct registers *registers, unsigned index, uint32_t value)
{
	/* Selectors have 16 bits; entry code keeps notes above cs (CS_FROM_KERNEL and others). */
	if (index >= I386_CS && index <= I386_GS)
		value &= 0xffff;
	registers->value[index] = value;
	registers->valid |= 1ull << index;
}

static void set_pt_regs(struct registers *registers, const uint8_t *data)
{
	for (unsigned i = 0; i < I386_NR_SAVED; i++)
		if (i386_saved[i].offset != ARCH_NO_OFFSET)
			set_register(registers, i386_saved[i].index, word(data + i386_saved[i].offset));
}

bool i386_prstatus_registers(const uint8_t *data, size_t size, struct registers *registers, struct error *error)
{
	if (size < PRSTATUS_REGS + PT_REGS_SIZE)
		return error_set(error, ERROR_FORMAT, "a CPU's PRSTATUS note has only %zu bytes, its registers end at %d", size,
				 PRSTATUS_REGS + PT_REGS_SIZE);
	set_pt_regs(registers, data + PRSTATUS_REGS);
	set_register(registers, I386_GS, word(data + PRSTATUS_REGS + PT_REGS_GS));
	return true;
}

bool i386_prstatus_pid(const uint8_t *data, size_t size, uint32_t *pid_ret)
{
	if (size < PRSTATUS_PID + 4)
		return false;
	*pid_ret = word(data + PRSTATUS_PID);
	return true;
}

/* QEMU's note is the same as of its 64-bit machines. */
bool i386_qemu_registers(const uint8_t *data, size_t size, struct registers *registers, struct error *error)
{
	static const uint8_t pairs[][2] = {
		{ X86_RAX, I386_EAX }, { X86_RCX, I386_ECX }, { X86_RDX, I386_EDX }, { X86_RBX, I386_EBX }, { X86_RSP, I386_ESP },
		{ X86_RBP, I386_EBP }, { X86_RSI, I386_ESI }, { X86_RDI, I386_EDI }, { X86_RIP, I386_EIP },
		{ X86_EFLAGS, I386_EFLAGS }, { X86_CS, I386_CS }, { X86_SS, I386_SS }, { X86_DS, I386_DS }, { X86_ES, I386_ES },
		{ X86_FS, I386_FS }, { X86_GS, I386_GS }, { X86_CR0, I386_CR0 }, { X86_CR2, I386_CR2 }, { X86_CR3, I386_CR3 },
		{ X86_CR4, I386_CR4 },
	};
	struct x86_64_qemu_state state = { .registers = { .valid = 0 } };

	if (!x86_64_qemu_state(data, size, &state, error))
		return false;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (state.registers.valid >> pairs[i][0] & 1)
			set_register(registers, pairs[i][1], state.registers.value[pairs[i][0]]);
	return true;
}

/* The kernel's own data is in the segment that fs selects. */
bool i386_qemu_per_cpu(const uint8_t *data, size_t size, uint64_t bases[2])
{
	struct x86_64_qemu_state state = { .registers = { .valid = 0 } };

	if (!x86_64_qemu_state(data, size, &state, NULL) || !(state.registers.valid >> X86_FS_BASE & 1))
		return false;
	bases[0] = bases[1] = state.registers.value[X86_FS_BASE];
	return true;
}

bool i386_pt_regs(struct memory *memory, uint64_t address, struct registers *registers, struct error *error)
{
	uint8_t data[PT_REGS_SIZE];
	uint32_t gs;

	if (!memory_read(memory, address, data, sizeof(data), error))
		return error_prefix(error, "saved registers (pt_regs) at 0x%llx", (unsigned long long)address);
	set_pt_regs(registers, data);
	/*
	 * Entry code saves gs where the kernel uses it, for the stack protector, to 5.12 (3fb0fdb3bbe7). Else there is 0, or the
	 * function that handles the exception.
	 */
	gs = word(data + PT_REGS_GS);
	if (gs && gs <= 0xffff)
		set_register(registers, I386_GS, gs);
	return true;
}

bool i386_is_user(const struct registers *registers)
{
	return registers->valid & 1ull << I386_CS && (registers->value[I386_CS] & 3) == 3;
}

bool i386_interrupts(const struct registers *registers, bool *on_ret)
{
	*on_ret = registers->value[I386_EFLAGS] >> 9 & 1;
	return registers->valid >> I386_EFLAGS & 1;
}

/* __KERNEL_CS (and its place below a hypervisor, ring 1), __USER_CS, __USER_DS. */
bool i386_could_be_saved(struct memory *memory, const struct registers *registers)
{
	uint64_t cs = registers->value[I386_CS], flags = registers->value[I386_EFLAGS], pc = registers->value[I386_EIP];

	/* Bit 1 is always set; bits 3, 5 and 15 and from 22 never are. Entry code loads ds and es. */
	if ((flags & 0x802a) != 2 || flags >> 22)
		return false;
	if (cs == 0x60 || cs == 0x61)
		return memory->arch->is_kernel_address(memory, registers->value[I386_ESP]) && registers->value[I386_DS] == 0x7b;
	return cs == 0x73 && registers->value[I386_SS] == 0x7b && flags & 0x200 && pc && !memory->arch->is_kernel_address(memory, pc);
}

/* struct inactive_task_frame (arch/x86/include/asm/switch_to.h): flags, si, di, bx, bp, ret_addr. */
bool i386_task_registers(struct memory *memory, uint64_t thread_sp, struct registers *registers, struct error *error)
{
	static const uint8_t order[] = { I386_EFLAGS, I386_ESI, I386_EDI, I386_EBX, I386_EBP, I386_EIP };
	/* Without the flags in 4.9 to 5.0 (6690e86be83a). */
	size_t first = memory->task_frame_size && memory->task_frame_size < sizeof(order) * 4;
	uint8_t data[sizeof(order) * 4];

	if (thread_sp % 4 || !memory->arch->is_kernel_address(memory, thread_sp))
		return error_set(error, ERROR_CORRUPT, "the task's saved stack pointer 0x%llx is not one",
				 (unsigned long long)thread_sp);
	if (!memory_read(memory, thread_sp, data, (sizeof(order) - first) * 4, error))
		return error_prefix(error, "the registers saved at the task switch");
	for (size_t i = first; i < sizeof(order); i++)
		set_register(registers, order[i], word(data + (i - first) * 4));
	set_register(registers, I386_ESP, thread_sp + (sizeof(order) - first) * 4);
	return true;
}

/*
 * call_on_stack() and execute_on_irq_stack() (arch/x86/kernel/irq_32.c), inlined into C: xchg %ebx,%esp; a call, of which each CPU
 * has another form; mov %ebx,%esp. Between them the stack pointer that the compiler knows of is in ebx.
 */
bool i386_stack_switch(const uint8_t *code, size_t size, size_t *at, struct arch_switch *found)
{
	const size_t longest_call = 64;

	for (; *at + 2 <= size; ++*at) {
		if (code[*at] != 0x87 || code[*at + 1] != 0xdc)
			continue;
		for (size_t end = *at + 4; end + 2 <= size && end < *at + longest_call; end++) {
			if (code[end] != 0x89 || code[end + 1] != 0xdc)
				continue;
			*found = (struct arch_switch){ .start = *at + 2, .end = end + 2, .reg = I386_EBX };
			*at = end + 2;
			return true;
		}
	}
	return false;
}
