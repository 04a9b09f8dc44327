// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * arm64's registers: their table and target description, and the places the kernel, kdump and QEMU saved them in.
 * Page tables are in arch/arm64.c.
 */
#include "arch/arm64.h"

#define REGISTER(gdb_name, bytes, dwarf_number) \
	{ .name = gdb_name, .size = bytes, .dwarf = dwarf_number, .in_description = true }
#define X(number) [ARM64_X0 + number] = REGISTER("x" #number, 8, number)

/* DWARF for the Arm 64-bit architecture (AADWARF64), table 3. */
const struct register_info arm64_register_table[ARM64_NR_REGISTERS] = {
	X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8), X(9), X(10), X(11), X(12), X(13), X(14), X(15),
	X(16), X(17), X(18), X(19), X(20), X(21), X(22), X(23), X(24), X(25), X(26), X(27), X(28), X(29), X(30),
	[ARM64_SP] = REGISTER("sp", 8, 31),
	[ARM64_PC] = REGISTER("pc", 8, 32),
	[ARM64_PSTATE] = REGISTER("cpsr", 4, -1),
};

#define SAVED(number) { number, (number) * 8 }

/* struct user_pt_regs, with which pt_regs begins. */
const struct arch_saved arm64_saved[ARM64_NR_REGISTERS] = {
	SAVED(0), SAVED(1), SAVED(2), SAVED(3), SAVED(4), SAVED(5), SAVED(6), SAVED(7), SAVED(8), SAVED(9), SAVED(10),
	SAVED(11), SAVED(12), SAVED(13), SAVED(14), SAVED(15), SAVED(16), SAVED(17), SAVED(18), SAVED(19), SAVED(20),
	SAVED(21), SAVED(22), SAVED(23), SAVED(24), SAVED(25), SAVED(26), SAVED(27), SAVED(28), SAVED(ARM64_FP),
	SAVED(ARM64_LR), SAVED(ARM64_SP), SAVED(ARM64_PC), SAVED(ARM64_PSTATE),
};

#define REG(name, type) "<reg name=\"" name "\" bitsize=\"64\" type=\"" type "\"/>\n"
#define REG4(a, b, c, d) REG(a, "int") REG(b, "int") REG(c, "int") REG(d, "int")

/*
 * osabi none keeps user space's rules (signal frames, system calls) out. No pauth feature: gdb 13 would only clear the bits
 * of a signature, which no kernel address survives; they are undone by CFI instead, for every gdb in the same way.
 */
const char arm64_target_xml[] =
	"<?xml version=\"1.0\"?>\n"
	"<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
	"<target version=\"1.0\">\n"
	"<architecture>aarch64</architecture>\n"
	"<osabi>none</osabi>\n"
	"<feature name=\"org.gnu.gdb.aarch64.core\">\n"
	"<flags id=\"cpsr_flags\" size=\"4\">\n"
	"<field name=\"SP\" start=\"0\" end=\"0\"/>\n"
	"<field name=\"EL\" start=\"2\" end=\"3\"/>\n"
	"<field name=\"nRW\" start=\"4\" end=\"4\"/>\n"
	"<field name=\"F\" start=\"6\" end=\"6\"/>\n"
	"<field name=\"I\" start=\"7\" end=\"7\"/>\n"
	"<field name=\"A\" start=\"8\" end=\"8\"/>\n"
	"<field name=\"D\" start=\"9\" end=\"9\"/>\n"
	"<field name=\"IL\" start=\"20\" end=\"20\"/>\n"
	"<field name=\"SS\" start=\"21\" end=\"21\"/>\n"
	"<field name=\"V\" start=\"28\" end=\"28\"/>\n"
	"<field name=\"C\" start=\"29\" end=\"29\"/>\n"
	"<field name=\"Z\" start=\"30\" end=\"30\"/>\n"
	"<field name=\"N\" start=\"31\" end=\"31\"/>\n"
	"</flags>\n"
	REG4("x0", "x1", "x2", "x3") REG4("x4", "x5", "x6", "x7") REG4("x8", "x9", "x10", "x11")
	REG4("x12", "x13", "x14", "x15") REG4("x16", "x17", "x18", "x19") REG4("x20", "x21", "x22", "x23")
	REG4("x24", "x25", "x26", "x27") REG("x28", "int") REG("x29", "int") REG("x30", "int")
	REG("sp", "data_ptr") REG("pc", "code_ptr")
	"<reg name=\"cpsr\" bitsize=\"32\" type=\"cpsr_flags\"/>\n"
	"</feature>\n"
	"</target>\n";

/* struct elf_prstatus (include/linux/elfcore.h) of a 64-bit kernel. */
#define PRSTATUS_PID 32
#define PRSTATUS_REGS 112

static uint64_t number(const uint8_t *data, size_t size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | data[size];
	return value;
}

static void set_register(struct registers *registers, unsigned index, uint64_t value)
{
	registers->value[index] = index == ARM64_PSTATE ? value & 0xffffffff : value;
	registers->valid |= 1ull << index;
}

static void set_user_pt_regs(struct registers *registers, const uint8_t *data)
{
	for (unsigned i = 0; i < ARM64_NR_REGISTERS; i++)
		set_register(registers, arm64_saved[i].index, number(data + arm64_saved[i].offset, 8));
}

bool arm64_prstatus_registers(const uint8_t *data, size_t size, struct registers *registers, struct error *error)
{
	if (size < PRSTATUS_REGS + ARM64_USER_PT_REGS_SIZE)
		return error_set(error, ERROR_FORMAT,
				 "a CPU's PRSTATUS note has only %zu bytes, its registers end at %d", size,
				 PRSTATUS_REGS + ARM64_USER_PT_REGS_SIZE);
	set_user_pt_regs(registers, data + PRSTATUS_REGS);
	return true;
}

bool arm64_prstatus_pid(const uint8_t *data, size_t size, uint32_t *pid_ret)
{
	if (size < PRSTATUS_PID + 4)
		return false;
	*pid_ret = number(data + PRSTATUS_PID, 4);
	return true;
}

bool arm64_pt_regs(struct memory *memory, uint64_t address, struct registers *registers, struct error *error)
{
	uint8_t data[ARM64_USER_PT_REGS_SIZE];

	if (!memory_read(memory, address, data, sizeof(data), error))
		return error_prefix(error, "saved registers (pt_regs) at 0x%llx", (unsigned long long)address);
	set_user_pt_regs(registers, data);
	return true;
}

bool arm64_is_user(const struct registers *registers)
{
	/* PSTATE.M: exception level 0, AArch64 (0) or AArch32 (0x10). */
	if (registers->valid & 1ull << ARM64_PSTATE)
		return (registers->value[ARM64_PSTATE] & 0xf) == 0;
	/* Else by the stack: bit 55 says whose half an address is in. */
	return registers->valid & 1ull << ARM64_SP && !(registers->value[ARM64_SP] >> 55 & 1);
}

bool arm64_interrupts(const struct registers *registers, bool *on_ret)
{
	/* PSTATE.I masks them. (Pseudo-NMIs mask by the interrupt controller's priority instead, which entry code sets this bit beside.) */
	*on_ret = !(registers->value[ARM64_PSTATE] >> 7 & 1);
	return registers->valid >> ARM64_PSTATE & 1;
}

/* PSTATE: user space's, or exception level 1 or 2 with its own stack pointer; bits 5 and 14 to 19 are nobody's. */
bool arm64_could_be_saved(struct memory *memory, const struct registers *registers)
{
	uint64_t state = registers->value[ARM64_PSTATE], pc = registers->value[ARM64_PC], sp = registers->value[ARM64_SP];

	if (state & 0xfc020)
		return false;
	if ((state & 0xf) == 0)
		return pc > 0xfff && !memory->arch->is_kernel_address(memory, pc) && !memory->arch->is_kernel_address(memory, sp) &&
		       (state & 0x10 || (pc % 4 == 0 && sp % 16 == 0));
	return ((state & 0x1f) == 5 || (state & 0x1f) == 9) && sp % 16 == 0 && memory->arch->is_kernel_address(memory, sp);
}

/* struct cpu_context (arch/arm64/include/asm/processor.h): x19 to x28, fp, sp, pc. */
bool arm64_task_registers(struct memory *memory, uint64_t cpu_context, struct registers *registers,
			  struct error *error)
{
	static const uint8_t order[] = { 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, ARM64_FP, ARM64_SP, ARM64_PC };
	uint8_t data[sizeof(order) * 8];

	if (!memory_read(memory, cpu_context, data, sizeof(data), error))
		return error_prefix(error, "the registers saved at the task switch");
	for (size_t i = 0; i < sizeof(order); i++)
		set_register(registers, order[i], number(data + i * 8, 8));
	/* It resumes behind the call of cpu_switch_to, which ends in ret. */
	set_register(registers, ARM64_LR, registers->value[ARM64_PC]);
	return true;
}
