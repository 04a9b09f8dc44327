/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What arch/s390x.c (page tables) takes from arch/s390x_registers.c. Not for anyone else: they go through `arch_s390x`.
 */
#ifndef VMCORE_ARCH_S390X_H
#define VMCORE_ARCH_S390X_H

#include "arch/arch.h"

/* gdb's org.gnu.gdb.s390.core, .acr and .fpr, in its order; gdb takes no description without the last two. */
enum s390x_register {
	S390X_PSWM, S390X_PSWA, S390X_R0, S390X_R14 = S390X_R0 + 14, S390X_R15,
	S390X_ACR0, S390X_FPC = S390X_ACR0 + 16, S390X_F0,
	S390X_NR_REGISTERS = S390X_F0 + 16
};

#define S390X_NR_SAVED 18	/* the psw and r0 to r15 */

extern const struct register_info s390x_register_table[S390X_NR_REGISTERS];
extern const char s390x_target_xml[];
extern const struct arch_saved s390x_saved[S390X_NR_SAVED];
extern const uint8_t s390x_saved_pc[19];
extern const uint8_t s390x_switch_cfa[7];

#define S390X_ENTRY_BASE 160	/* STACK_FRAME_OVERHEAD: entry code's stack pointer to its pt_regs */
#define S390X_BACK_CHAIN 152	/* struct stack_frame of -mpacked-stack */

bool s390x_prstatus_registers(const uint8_t *data, size_t size, struct registers *registers, struct error *error);
bool s390x_prstatus_pid(const uint8_t *data, size_t size, uint32_t *pid_ret);
bool s390x_pt_regs(struct memory *memory, uint64_t address, struct registers *registers, struct error *error);
bool s390x_is_user(const struct registers *registers);
bool s390x_interrupts(const struct registers *registers, bool *on_ret);
bool s390x_could_be_saved(struct memory *memory, const struct registers *registers);
bool s390x_task_registers(struct memory *memory, uint64_t ksp, struct registers *registers, struct error *error);
bool s390x_stack_switch(const uint8_t *code, size_t size, size_t *at, struct arch_switch *found);

#endif
