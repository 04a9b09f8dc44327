/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What arch/i386.c (page tables) takes from arch/i386_registers.c. Not for anyone else: they go through `arch_i386`.
 */
#ifndef VMCORE_ARCH_I386_H
#define VMCORE_ARCH_I386_H

#include "arch/arch.h"

/* gdb's org.gnu.gdb.i386.core, in its order; the x87 registers are never known, but gdb demands that they are described. */
enum i386_register {
	I386_EAX, I386_ECX, I386_EDX, I386_EBX, I386_ESP, I386_EBP, I386_ESI, I386_EDI,
	I386_EIP, I386_EFLAGS, I386_CS, I386_SS, I386_DS, I386_ES, I386_FS, I386_GS,
	I386_ST0, I386_FCTRL = I386_ST0 + 8, I386_FOP = I386_FCTRL + 7,
	I386_CR0, I386_CR2, I386_CR3, I386_CR4,
	I386_NR_REGISTERS
};

#define I386_NR_SAVED 16

extern const struct register_info i386_register_table[I386_NR_REGISTERS];
extern const char i386_target_xml[];
extern const struct arch_saved i386_saved[I386_NR_SAVED];

bool i386_prstatus_registers(const uint8_t *data, size_t size, struct registers *registers, struct error *error);
bool i386_prstatus_pid(const uint8_t *data, size_t size, uint32_t *pid_ret);
bool i386_qemu_registers(const uint8_t *data, size_t size, struct registers *registers, struct error *error);
bool i386_qemu_per_cpu(const uint8_t *data, size_t size, uint64_t bases[2]);
bool i386_pt_regs(struct memory *memory, uint64_t address, struct registers *registers, struct error *error);
bool i386_is_user(const struct registers *registers);
bool i386_interrupts(const struct registers *registers, bool *on_ret);
bool i386_could_be_saved(struct memory *memory, const struct registers *registers);
bool i386_task_registers(struct memory *memory, uint64_t thread_sp, struct registers *registers, struct error *error);
bool i386_stack_switch(const uint8_t *code, size_t size, size_t *at, struct arch_switch *found);

#endif
