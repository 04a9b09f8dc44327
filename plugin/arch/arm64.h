/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What arch/arm64.c (page tables) takes from arch/arm64_registers.c. Not for anyone else: they go through `arch_arm64`.
 */
#ifndef VMCORE_ARCH_ARM64_H
#define VMCORE_ARCH_ARM64_H

#include "arch/arch.h"

/* gdb's org.gnu.gdb.aarch64.core, in its order; DWARF's numbers are the same up to sp (31), pc is 32. */
enum arm64_register {
	ARM64_X0, ARM64_FP = 29, ARM64_LR = 30, ARM64_SP = 31, ARM64_PC = 32, ARM64_PSTATE = 33,
	ARM64_NR_REGISTERS
};

extern const struct register_info arm64_register_table[ARM64_NR_REGISTERS];
extern const char arm64_target_xml[];
extern const struct arch_saved arm64_saved[ARM64_NR_REGISTERS];

/* The 34 words that a pt_regs begins with: x0 to x30, sp, pc, pstate (arch/arm64/include/uapi/asm/ptrace.h). */
#define ARM64_USER_PT_REGS_SIZE (34 * 8)

bool arm64_prstatus_registers(const uint8_t *data, size_t size, struct registers *registers, struct error *error);
bool arm64_prstatus_pid(const uint8_t *data, size_t size, uint32_t *pid_ret);
bool arm64_pt_regs(struct memory *memory, uint64_t address, struct registers *registers, struct error *error);
bool arm64_is_user(const struct registers *registers);
bool arm64_interrupts(const struct registers *registers, bool *on_ret);
bool arm64_could_be_saved(struct memory *memory, const struct registers *registers);
bool arm64_task_registers(struct memory *memory, uint64_t cpu_context, struct registers *registers,
			  struct error *error);

#endif
