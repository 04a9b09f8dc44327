/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What arch/x86_64.c (page tables), arch/x86_64_find.c (where they are) and arch/x86_64_registers.c share. Not for anyone else: they go
 * through `arch_x86_64`.
 */
#ifndef VMCORE_ARCH_X86_64_H
#define VMCORE_ARCH_X86_64_H

#include "arch/arch.h"

extern const struct register_info x86_64_register_table[X86_NR_REGISTERS];
extern const char x86_64_target_xml[];
extern const struct arch_label x86_64_shown[];

#define START_KERNEL_MAP 0xffffffff80000000ull	/* the image's link base: __START_KERNEL_map */
#define KERNEL_IMAGE_MAX (1ull << 30)		/* KERNEL_IMAGE_SIZE with KASLR */
#define ENTRY_PRESENT (1ull << 0)
#define ENTRY_ADDRESS 0x000ffffffffff000ull

/* struct arch's, but for its guess where a table is missing. */
bool x86_64_walk(struct memory *memory, uint64_t root, uint64_t address,
		 struct translation *translation, struct error *error);
bool x86_64_is_kernel_address(const struct memory *memory, uint64_t address);
bool x86_64_memory_init(struct memory *memory, struct error *error);

/* struct pt_regs: 21 words, r15 to ss (arch/x86/include/uapi/asm/ptrace.h). */
#define X86_64_PT_REGS_SIZE (21 * 8)

uint64_t x86_64_word(const uint8_t *data, size_t offset);	/* little-endian, any alignment */
void x86_64_set_register(struct registers *registers, unsigned index, uint64_t value);

/* arch/x86_64_stack.c: what unwinding asks. */
extern const struct arch_code x86_64_code[];
extern const struct arch_saved x86_64_saved[20];
extern const uint8_t x86_64_orc_bases[ORC_NR_BASES];
#define X86_64_TRAP_SIZE (5 * 8)	/* what the CPU pushes: ip cs flags sp ss */
#define X86_64_CALL_SIZE 5
bool x86_64_trap(struct memory *memory, uint64_t address, struct registers *registers, struct error *error);
bool x86_64_find_pt_regs(struct memory *memory, uint64_t sp, uint64_t *address_ret, uint64_t *lost_ret);
bool x86_64_could_be_saved(struct memory *memory, const struct registers *registers);
uint64_t x86_64_record_pt_regs(uint64_t fp);
enum arch_record x86_64_record_at(struct memory *memory, uint64_t function, uint64_t address);
bool x86_64_stack_switch(const uint8_t *code, size_t size, size_t *at, struct arch_switch *found);
bool x86_64_call_target(const uint8_t *before, uint64_t pc, uint64_t *target_ret);

extern const struct arch_instructions x86_64_instructions;	/* arch/x86_64_instructions.c */

bool x86_64_prstatus_registers(const uint8_t *data, size_t size, struct registers *registers,
			       struct error *error);
bool x86_64_prstatus_pid(const uint8_t *data, size_t size, uint32_t *pid_ret);
bool x86_64_qemu_registers(const uint8_t *data, size_t size, struct registers *registers,
			   struct error *error);
bool x86_64_qemu_per_cpu(const uint8_t *data, size_t size, uint64_t bases[2]);
/* The same, plus what only finding the page tables needs. */
struct x86_64_qemu_state {
	struct registers registers;
	uint64_t cr0, cr3, cr4;
	uint64_t gs_base;		/* the active one */
	/* the one swapgs would bring; 0 = the note is too old to have it */
	uint64_t kernel_gs_base;
};
bool x86_64_qemu_state(const uint8_t *data, size_t size, struct x86_64_qemu_state *state,
		       struct error *error);
bool x86_64_pt_regs(struct memory *memory, uint64_t address, struct registers *registers,
		    struct error *error);
bool x86_64_is_user(const struct registers *registers);
bool x86_64_interrupts(const struct registers *registers, bool *on_ret);
bool x86_64_task_registers(struct memory *memory, uint64_t thread_sp, struct registers *registers,
			   struct error *error);

/* What gdb calls the flags, of 32 bits and of 64, in its target descriptions. */
#define X86_EFLAGS_FIELDS \
	"<field name=\"CF\" start=\"0\" end=\"0\"/>\n" \
	"<field name=\"\" start=\"1\" end=\"1\"/>\n" \
	"<field name=\"PF\" start=\"2\" end=\"2\"/>\n" \
	"<field name=\"AF\" start=\"4\" end=\"4\"/>\n" \
	"<field name=\"ZF\" start=\"6\" end=\"6\"/>\n" \
	"<field name=\"SF\" start=\"7\" end=\"7\"/>\n" \
	"<field name=\"TF\" start=\"8\" end=\"8\"/>\n" \
	"<field name=\"IF\" start=\"9\" end=\"9\"/>\n" \
	"<field name=\"DF\" start=\"10\" end=\"10\"/>\n" \
	"<field name=\"OF\" start=\"11\" end=\"11\"/>\n" \
	"<field name=\"NT\" start=\"14\" end=\"14\"/>\n" \
	"<field name=\"RF\" start=\"16\" end=\"16\"/>\n" \
	"<field name=\"VM\" start=\"17\" end=\"17\"/>\n" \
	"<field name=\"AC\" start=\"18\" end=\"18\"/>\n" \
	"<field name=\"VIF\" start=\"19\" end=\"19\"/>\n" \
	"<field name=\"VIP\" start=\"20\" end=\"20\"/>\n" \
	"<field name=\"ID\" start=\"21\" end=\"21\"/>\n"

#endif
