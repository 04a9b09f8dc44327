// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * s390x's registers: their table and target description, and the places the kernel, a dumper and QEMU saved them in.
 * Page tables are in arch/s390x.c.
 */
#include "arch/s390x.h"

#include <dwarf.h>

#include "base/bytes.h"

#define REGISTER(gdb_name, bytes, dwarf_number) \
	{ .name = gdb_name, .size = bytes, .dwarf = dwarf_number, .in_description = true }
#define R(number) [S390X_R0 + number] = REGISTER("r" #number, 8, number)
#define ACR(number) [S390X_ACR0 + number] = REGISTER("acr" #number, 4, 48 + number)
/* DWARF has them in pairs. */
#define F(number) [S390X_F0 + number] = \
	REGISTER("f" #number, 8, 16 + (number / 8) * 8 + (number % 8) / 2 + (number % 2) * 4)

/* ELF ABI s390x supplement 1.6.1, table 1-20. */
const struct register_info s390x_register_table[S390X_NR_REGISTERS] = {
	[S390X_PSWM] = REGISTER("pswm", 8, 64),
	[S390X_PSWA] = REGISTER("pswa", 8, 65),
	R(0), R(1), R(2), R(3), R(4), R(5), R(6), R(7), R(8), R(9), R(10), R(11), R(12), R(13), R(14), R(15),
	ACR(0), ACR(1), ACR(2), ACR(3), ACR(4), ACR(5), ACR(6), ACR(7),
	ACR(8), ACR(9), ACR(10), ACR(11), ACR(12), ACR(13), ACR(14), ACR(15),
	[S390X_FPC] = REGISTER("fpc", 4, -1),
	F(0), F(1), F(2), F(3), F(4), F(5), F(6), F(7), F(8), F(9), F(10), F(11), F(12), F(13), F(14), F(15),
};

/* struct pt_regs: args[1], psw, gprs[16] (arch/s390/include/asm/ptrace.h). */
#define PT_REGS_PSW 8
#define PT_REGS_GPRS 24
#define PT_REGS_SIZE (PT_REGS_GPRS + 16 * 8)
#define SAVED(number) { S390X_R0 + number, PT_REGS_GPRS + number * 8 }

const struct arch_saved s390x_saved[S390X_NR_SAVED] = {
	{ S390X_PSWM, PT_REGS_PSW }, { S390X_PSWA, PT_REGS_PSW + 8 },
	SAVED(0), SAVED(1), SAVED(2), SAVED(3), SAVED(4), SAVED(5), SAVED(6), SAVED(7), SAVED(8), SAVED(9), SAVED(10),
	SAVED(11), SAVED(12), SAVED(13), SAVED(14), SAVED(15),
};

/* A signed LEB128 of two bytes. */
#define SLEB(value) 0x80 | ((value) & 0x7f), (value) >> 7
#define BREG15 (DW_OP_breg0 + 15)

/* psw.addr | (psw.mask >> 48 & 1) << 63: the problem state's bit. */
const uint8_t s390x_saved_pc[19] = {
	BREG15, SLEB(S390X_ENTRY_BASE + PT_REGS_PSW + 8), DW_OP_deref,
	BREG15, SLEB(S390X_ENTRY_BASE + PT_REGS_PSW), DW_OP_deref,
	DW_OP_const1u, 48, DW_OP_shr, DW_OP_lit1, DW_OP_and, DW_OP_const1u, 63, DW_OP_shl, DW_OP_or,
	DW_OP_nop, DW_OP_nop,
};

/* The new stack's first word leads back, as always: *(%r15 + 152) + 160. */
const uint8_t s390x_switch_cfa[7] = {
	BREG15, SLEB(S390X_BACK_CHAIN), DW_OP_deref, DW_OP_plus_uconst, 0x80 | (160 & 0x7f), 160 >> 7,
};

#define REG(name, bits, type, group) "<reg name=\"" name "\" bitsize=\"" bits "\" type=\"" type "\" group=\"" group "\"/>\n"
#define GPR(name) REG(name, "64", "uint64", "general")
#define GPR4(a, b, c, d) GPR(a) GPR(b) GPR(c) GPR(d)
#define ACCESS(name) REG(name, "32", "uint32", "access")
#define ACCESS4(a, b, c, d) ACCESS(a) ACCESS(b) ACCESS(c) ACCESS(d)
#define FLOAT(name) REG(name, "64", "ieee_double", "float")
#define FLOAT4(a, b, c, d) FLOAT(a) FLOAT(b) FLOAT(c) FLOAT(d)

/* osabi none keeps user space's rules (signal frames, system calls) out. */
const char s390x_target_xml[] =
	"<?xml version=\"1.0\"?>\n"
	"<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
	"<target version=\"1.0\">\n"
	"<architecture>s390:64-bit</architecture>\n"
	"<osabi>none</osabi>\n"
	"<feature name=\"org.gnu.gdb.s390.core\">\n"
	REG("pswm", "64", "uint64", "psw") REG("pswa", "64", "uint64", "psw")
	GPR4("r0", "r1", "r2", "r3") GPR4("r4", "r5", "r6", "r7") GPR4("r8", "r9", "r10", "r11") GPR4("r12", "r13", "r14", "r15")
	"</feature>\n"
	"<feature name=\"org.gnu.gdb.s390.acr\">\n"
	ACCESS4("acr0", "acr1", "acr2", "acr3") ACCESS4("acr4", "acr5", "acr6", "acr7")
	ACCESS4("acr8", "acr9", "acr10", "acr11") ACCESS4("acr12", "acr13", "acr14", "acr15")
	"</feature>\n"
	"<feature name=\"org.gnu.gdb.s390.fpr\">\n"
	REG("fpc", "32", "uint32", "float")
	FLOAT4("f0", "f1", "f2", "f3") FLOAT4("f4", "f5", "f6", "f7") FLOAT4("f8", "f9", "f10", "f11")
	FLOAT4("f12", "f13", "f14", "f15")
	"</feature>\n"
	"</target>\n";

/* struct elf_prstatus (include/linux/elfcore.h) of a 64-bit kernel; its pr_reg is s390_regs: psw, gprs, acrs. */
#define PRSTATUS_PID 32
#define PRSTATUS_REGS 112
#define REGS_GPRS 16
#define REGS_ACRS (REGS_GPRS + 16 * 8)
#define REGS_SIZE (REGS_ACRS + 16 * 4)
#define PID_MAX_LIMIT (4u << 20)

static void set_register(struct registers *registers, unsigned index, uint64_t value)
{
	registers->value[index] = value;
	registers->valid |= 1ull << index;
}

bool s390x_prstatus_registers(const uint8_t *data, size_t size, struct registers *registers, struct error *error)
{
	const uint8_t *regs = data + PRSTATUS_REGS;

	if (size < PRSTATUS_REGS + REGS_SIZE)
		return error_set(error, ERROR_FORMAT, "a CPU's PRSTATUS note has only %zu bytes, its registers end at %d", size,
				 PRSTATUS_REGS + REGS_SIZE);
	set_register(registers, S390X_PSWM, bytes_number(regs, 8, true));
	set_register(registers, S390X_PSWA, bytes_number(regs + 8, 8, true));
	for (unsigned i = 0; i < 16; i++) {
		set_register(registers, S390X_R0 + i, bytes_number(regs + REGS_GPRS + i * 8, 8, true));
		set_register(registers, S390X_ACR0 + i, bytes_number(regs + REGS_ACRS + i * 4, 4, true));
	}
	return true;
}

bool s390x_prstatus_pid(const uint8_t *data, size_t size, uint32_t *pid_ret)
{
	uint32_t pid;

	if (size < PRSTATUS_PID + 4)
		return false;
	pid = bytes_number(data + PRSTATUS_PID, 4, true);
	/* QEMU's number of a CPU is in its host's byte order (s390x_write_elf64_prstatus in target/s390x/arch_dump.c). */
	*pid_ret = pid > PID_MAX_LIMIT ? __builtin_bswap32(pid) : pid;
	return true;
}

bool s390x_pt_regs(struct memory *memory, uint64_t address, struct registers *registers, struct error *error)
{
	uint8_t data[PT_REGS_SIZE];

	if (!memory_read(memory, address, data, sizeof(data), error))
		return error_prefix(error, "saved registers (pt_regs) at 0x%llx", (unsigned long long)address);
	for (unsigned i = 0; i < S390X_NR_SAVED; i++)
		set_register(registers, s390x_saved[i].index, bytes_number(data + s390x_saved[i].offset, 8, true));
	return true;
}

bool s390x_is_user(const struct registers *registers)
{
	/* The PSW's problem state. */
	return registers->valid & 1ull << S390X_PSWM && registers->value[S390X_PSWM] >> 48 & 1;
}

bool s390x_interrupts(const struct registers *registers, bool *on_ret)
{
	/* The PSW's bits 6 and 7, counted from the left: input/output and external. The kernel sets both or none. */
	*on_ret = (registers->value[S390X_PSWM] >> 56 & 3) == 3;
	return registers->valid >> S390X_PSWM & 1;
}

/* z/Architecture Principles of Operation, "Program-Status-Word Format": bits that must be 0; addresses of 64 bits. */
bool s390x_could_be_saved(struct memory *memory, const struct registers *registers)
{
	const uint64_t zero = 0xb808007e7fffffff, translation = 1ull << 58, wide = 3ull << 31, key = 0xfull << 52;
	uint64_t mask = registers->value[S390X_PSWM];

	if (mask & zero || (mask & (translation | wide)) != (translation | wide) || registers->value[S390X_PSWA] % 2)
		return false;
	if (s390x_is_user(registers))
		return registers->value[S390X_PSWA] != 0;
	return !(mask & key) && registers->value[S390X_R15] % 8 == 0 && memory->arch->is_kernel_address(memory, registers->value[S390X_R15]);
}

/* struct stack_frame of __switch_to's caller (arch/s390/include/asm/stacktrace.h): r6 to r15 at 72. */
bool s390x_task_registers(struct memory *memory, uint64_t ksp, struct registers *registers, struct error *error)
{
	uint8_t data[10 * 8];

	if (ksp % 8 || !memory->arch->is_kernel_address(memory, ksp))
		return error_set(error, ERROR_CORRUPT, "the task's saved stack pointer 0x%llx is not one", (unsigned long long)ksp);
	if (!memory_read(memory, ksp + 72, data, sizeof(data), error))
		return error_prefix(error, "the registers saved at the task switch");
	for (unsigned i = 0; i < 10; i++)
		set_register(registers, S390X_R0 + 6 + i, bytes_number(data + i * 8, 8, true));
	/* It resumes behind the call of __switch_to, which ends in br %r14. */
	set_register(registers, S390X_PSWA, registers->value[S390X_R14]);
	return true;
}

/*
 * call_on_stack() (arch/s390/include/asm/stacktrace.h), inlined into C: lg %r15,stack; stg frame,152(%r15); brasl %r14,function;
 * lgr %r15,kept. From the first to the last the stack pointer that the compiler knows of is in the last one's register.
 */
bool s390x_stack_switch(const uint8_t *code, size_t size, size_t *at, struct arch_switch *found)
{
	for (; *at + 16 <= size; *at += 2) {
		const uint8_t *here = code + *at;

		/* stg, by its displacement, base and the end of its operation; brasl; lgr */
		if (here[0] != 0xe3 || (here[1] & 0x0f) || here[2] != 0xf0 || here[3] != 0x98 || here[4] || here[5] != 0x24 ||
		    here[6] != 0xc0 || here[7] != 0xe5 || here[12] != 0xb9 || here[13] != 0x04 || here[14] ||
		    here[15] >> 4 != 15)
			continue;
		*found = (struct arch_switch){ .start = *at, .end = *at + 16, .reg = S390X_R0 + (here[15] & 15) };
		*at += 16;
		return true;
	}
	return false;
}
