// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * x86_64's stacks: what the registers of ORC's rows are, and for kernels without ORC (before 4.14, or built with the
 * frame-pointer unwinder or with none) what entry code leaves.
 */
#include "arch/x86_64.h"

#include <string.h>

const uint8_t x86_64_orc_bases[ORC_NR_BASES] = {
	[ORC_BASE_NONE] = X86_RSP, [ORC_BASE_PREV_SP] = X86_RSP,
	[ORC_BASE_SP] = X86_RSP, [ORC_BASE_SP_INDIRECT] = X86_RSP,
	[ORC_BASE_BP] = X86_RBP, [ORC_BASE_BP_INDIRECT] = X86_RBP,
	[ORC_BASE_DI] = X86_RDI, [ORC_BASE_DX] = X86_RDX, [ORC_BASE_R10] = X86_R10,
	[ORC_BASE_R13] = X86_R13, [ORC_BASE_AX] = X86_RAX,
};

/* struct pt_regs, by offset. */
const struct arch_saved x86_64_saved[20] = {
	{ X86_R15, 0 }, { X86_R14, 8 }, { X86_R13, 16 }, { X86_R12, 24 }, { X86_RBP, 32 }, { X86_RBX, 40 }, { X86_R11, 48 },
	{ X86_R10, 56 }, { X86_R9, 64 }, { X86_R8, 72 }, { X86_RAX, 80 }, { X86_RCX, 88 }, { X86_RDX, 96 }, { X86_RSI, 104 },
	{ X86_RDI, 112 }, { X86_RIP, 128 }, { X86_CS, 136 }, { X86_EFLAGS, 144 }, { X86_RSP, 152 }, { X86_SS, 160 },
};

/* arch/x86/entry/entry_64.S (to 4.1 kernel/entry_64.S) over its versions. C functions have rows of their own. */
const struct arch_code x86_64_code[] = {
	{ "ret_from_fork", ARCH_CODE_END, "ret_from_fork_asm" },	/* from 6.5 (3aec4ecb3d1f) it is C */
	{ "ret_from_fork_*", ARCH_CODE_END, NULL },
	{ "kernel_thread_helper", ARCH_CODE_END, NULL },
	{ "kernel_thread_starter", ARCH_CODE_END, NULL },
	{ "secondary_startup_64*", ARCH_CODE_END, NULL },
	{ "common_startup_64", ARCH_CODE_END, NULL },		/* from 6.9 */
	{ "start_cpu0", ARCH_CODE_END, NULL },
	{ "asm_cpu_bringup_and_idle", ARCH_CODE_END, NULL },
	{ "rewind_stack_*", ARCH_CODE_END, NULL },
	{ "asm_exc_*", ARCH_CODE_ENTRY, NULL },		/* from 5.8 */
	{ "asm_sysvec_*", ARCH_CODE_ENTRY, NULL },
	{ "asm_int80_*", ARCH_CODE_ENTRY, NULL },
	{ "asm_fred_*", ARCH_CODE_ENTRY, NULL },
	{ "asm_common_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "asm_spurious_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "entry_SYSCALL_*", ARCH_CODE_ENTRY, NULL },
	{ "entry_SYSENTER_*", ARCH_CODE_ENTRY, NULL },
	{ "entry_INT80_*", ARCH_CODE_ENTRY, NULL },
	{ "system_call", ARCH_CODE_ENTRY, NULL },		/* to 4.1 */
	{ "system_call_*", ARCH_CODE_ENTRY, NULL },
	{ "sysret_*", ARCH_CODE_ENTRY, NULL },
	{ "sysexit_*", ARCH_CODE_ENTRY, NULL },
	{ "tracesys*", ARCH_CODE_ENTRY, NULL },
	{ "int_ret_from_sys_call*", ARCH_CODE_ENTRY, NULL },
	{ "int_with_check", ARCH_CODE_ENTRY, NULL },
	{ "ia32_sys*", ARCH_CODE_ENTRY, NULL },
	{ "ia32_cstar*", ARCH_CODE_ENTRY, NULL },
	{ "ret_from_intr", ARCH_CODE_ENTRY, NULL },
	{ "ret_from_sys_call", ARCH_CODE_ENTRY, NULL },
	{ "common_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "common_interrupt_return", ARCH_CODE_ENTRY, NULL },
	{ "swapgs_restore_regs_and_return_to_usermode", ARCH_CODE_ENTRY, NULL },
	{ "retint_*", ARCH_CODE_ENTRY, NULL },
	{ "restore_args", ARCH_CODE_ENTRY, NULL },
	{ "restore_regs_and_*", ARCH_CODE_ENTRY, NULL },
	{ "apic_timer_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "reschedule_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "call_function_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "call_function_single_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "reboot_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "irq_work_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "irq_move_cleanup_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "error_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "spurious_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "thermal_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "threshold_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "deferred_error_interrupt", ARCH_CODE_ENTRY, NULL },
	{ "uv_bau_message_intr1", ARCH_CODE_ENTRY, NULL },
	{ "x86_platform_ipi", ARCH_CODE_ENTRY, NULL },
	{ "kvm_posted_intr_*", ARCH_CODE_ENTRY, NULL },
	{ "xen_hypervisor_callback", ARCH_CODE_ENTRY, NULL },
	{ "xen_do_hypervisor_callback", ARCH_CODE_ENTRY, NULL },
	{ "xen_hvm_callback_vector", ARCH_CODE_ENTRY, NULL },
	{ "hyperv_callback_vector", ARCH_CODE_ENTRY, NULL },
	{ "hyperv_reenlightenment_vector", ARCH_CODE_ENTRY, NULL },
	{ "hv_stimer0_callback_vector", ARCH_CODE_ENTRY, NULL },
	{ "acrn_hv_callback_vector", ARCH_CODE_ENTRY, NULL },
	{ "page_fault", ARCH_CODE_ENTRY, NULL },
	{ "async_page_fault", ARCH_CODE_ENTRY, NULL },
	{ "trace_page_fault", ARCH_CODE_ENTRY, NULL },
	{ "general_protection", ARCH_CODE_ENTRY, NULL },
	{ "divide_error", ARCH_CODE_ENTRY, NULL },
	{ "overflow", ARCH_CODE_ENTRY, NULL },
	{ "bounds", ARCH_CODE_ENTRY, NULL },
	{ "invalid_op", ARCH_CODE_ENTRY, NULL },
	{ "device_not_available", ARCH_CODE_ENTRY, NULL },
	{ "double_fault", ARCH_CODE_ENTRY, NULL },
	{ "coprocessor_error", ARCH_CODE_ENTRY, NULL },
	{ "invalid_TSS", ARCH_CODE_ENTRY, NULL },
	{ "segment_not_present", ARCH_CODE_ENTRY, NULL },
	{ "coprocessor_segment_overrun", ARCH_CODE_ENTRY, NULL },
	{ "spurious_interrupt_bug", ARCH_CODE_ENTRY, NULL },
	{ "alignment_check", ARCH_CODE_ENTRY, NULL },
	{ "simd_coprocessor_error", ARCH_CODE_ENTRY, NULL },
	{ "debug", ARCH_CODE_ENTRY, NULL },
	{ "int3", ARCH_CODE_ENTRY, NULL },
	{ "stack_segment", ARCH_CODE_ENTRY, NULL },
	{ "machine_check", ARCH_CODE_ENTRY, NULL },
	{ "nmi", ARCH_CODE_ENTRY, NULL },
	{ "end_repeat_nmi", ARCH_CODE_ENTRY, NULL },
	{ "repeat_nmi", ARCH_CODE_ENTRY, NULL },
	{ "error_entry", ARCH_CODE_ENTRY, NULL },
	{ "paranoid_*", ARCH_CODE_ENTRY, NULL },
	{ NULL, 0, NULL }
};

bool x86_64_trap(struct memory *memory, uint64_t address, struct registers *registers, struct error *error)
{
	static const uint8_t order[] = { X86_RIP, X86_CS, X86_EFLAGS, X86_RSP, X86_SS };
	uint8_t data[X86_64_TRAP_SIZE];

	if (!memory_read(memory, address, data, sizeof(data), error))
		return false;
	for (size_t i = 0; i < sizeof(order); i++)
		x86_64_set_register(registers, order[i], x86_64_word(data, i * 8));
	return true;
}

/* __KERNEL_CS and __KERNEL_DS, __USER_CS, __USER32_CS and __USER_DS; the CPU loads a null ss where it changes to a stack of the IST. */
bool x86_64_could_be_saved(struct memory *memory, const struct registers *registers)
{
	uint64_t cs = registers->value[X86_CS], ss = registers->value[X86_SS], flags = registers->value[X86_EFLAGS];
	uint64_t pc = registers->value[X86_RIP], sp = registers->value[X86_RSP];

	/* Bit 1 of EFLAGS is always set; bits 3, 5 and 15 and from 22 never are. */
	if ((flags & 0x802a) != 2 || flags >> 22)
		return false;
	if (cs == 0x10)
		return (ss == 0x18 || ss == 0) && x86_64_is_kernel_address(memory, sp);
	/* Who runs in user space can be interrupted. */
	return (cs == 0x33 || cs == 0x23) && ss == 0x2b && flags & 0x200 && pc && !x86_64_is_kernel_address(memory, pc) &&
	       !x86_64_is_kernel_address(memory, sp);
}

/* Does ADDRESS look like a struct pt_regs? Selectors as the kernel has them (arch/x86/include/asm/segment.h), Xen's PV guests' too. */
static bool is_pt_regs(struct memory *memory, uint64_t address)
{
	struct registers registers = { 0 };
	uint64_t cs, flags;

	if (address % 8 || !x86_64_is_kernel_address(memory, address) ||
	    !x86_64_trap(memory, address + X86_64_PT_REGS_SIZE - X86_64_TRAP_SIZE, &registers, NULL))
		return false;
	cs = registers.value[X86_CS];
	flags = registers.value[X86_EFLAGS];
	/* Bit 1 of EFLAGS is always set, bits 22 and up are never. */
	if (!(flags & 2) || flags >> 22)
		return false;
	if (cs == 0x10 || cs == 0xe030)
		return x86_64_is_kernel_address(memory, registers.value[X86_RSP]);
	return cs == 0x33 || cs == 0x23 || cs == 0xe033 || cs == 0xe02b;
}

/*
 * At the stack pointer (exceptions, system calls), or behind the return address of error_entry's or paranoid_entry's; or the word
 * on top of the interrupt stack leads to it (device interrupts from 4.12 to 5.7), to its rbp in kernels whose entry code saved no
 * callee-saved registers then (to 4.1: SAVE_ARGS_IRQ).
 */
bool x86_64_find_pt_regs(struct memory *memory, uint64_t sp, uint64_t *address_ret, uint64_t *lost_ret)
{
	uint64_t word = 0;

	memory_read_uint(memory, sp, 8, &word, NULL);
	for (size_t i = 0; i < 4; i++) {
		const uint64_t candidates[] = { sp, sp + 8, word, word - 4 * 8 };

		if (is_pt_regs(memory, candidates[i])) {
			*address_ret = candidates[i];
			*lost_ret = i == 3 ? 1ull << X86_RBX | 15ull << X86_R12 : 0;
			return true;
		}
	}
	return false;
}

/* ENCODE_FRAME_POINTER (4.9, 946c191161ce): the address of the pt_regs plus one. */
uint64_t x86_64_record_pt_regs(uint64_t fp)
{
	return fp & 1 ? fp - 1 : 0;
}

/* Bytes of the call of __fentry__, or of the nop in its place, and of an endbr64 before it. */
static size_t skip_fentry(const uint8_t *code)
{
	size_t at = memcmp(code, "\xf3\x0f\x1e\xfa", 4) == 0 ? 4 : 0;

	if (code[at] == 0xe8 || memcmp(code + at, "\x0f\x1f\x44\x00\x00", 5) == 0 ||
	    memcmp(code + at, "\x66\x66\x66\x66\x90", 5) == 0)
		at += 5;
	return at;
}

/* push %rbp; mov %rsp,%rbp at the start (3.10's -pg has its call behind them), and what is taken back before ret. */
enum arch_record x86_64_record_at(struct memory *memory, uint64_t function, uint64_t address)
{
	uint8_t code[16], here = 0;
	size_t at;

	if (!memory_read(memory, function, code, sizeof(code), NULL))
		return ARCH_RECORD_NONE;
	at = skip_fentry(code);
	if (code[at] != 0x55 || (memcmp(code + at + 1, "\x48\x89\xe5", 3) != 0 && memcmp(code + at + 1, "\x48\x8b\xec", 3) != 0))
		return ARCH_RECORD_NONE;
	if (address - function <= at)
		return ARCH_RECORD_CALLED;
	if (address - function < at + 4)
		return ARCH_RECORD_PUSHED;
	return memory_read(memory, address, &here, 1, NULL) && here == 0xc3 ? ARCH_RECORD_CALLED : ARCH_RECORD_SET;
}

/* mov %rsp,(%REG); mov %REG,%rsp */
static bool is_switch(const uint8_t *code)
{
	unsigned reg = code[2] & 7, high = code[0] & 1;

	/* rsp and rbp as a base are coded in another way, r12 and r13 like them. */
	return (code[0] & 0xfe) == 0x48 && code[1] == 0x89 && code[2] == (0x20 | reg) && reg != 4 && reg != 5 &&
	       code[3] == (0x48 | high << 2) && code[4] == 0x89 && code[5] == (0xc4 | reg << 3);
}

/*
 * call_on_stack() (arch/x86/include/asm/irq_stack.h, 5.12), inlined into C: the old stack's pointer is put on top of the new one,
 * and popped behind the last call.
 */
bool x86_64_stack_switch(const uint8_t *code, size_t size, size_t *at, struct arch_switch *found)
{
	const size_t longest = 64, length = 6;

	for (; *at + length < size; ++*at) {
		if (!is_switch(code + *at))
			continue;
		for (size_t end = *at + length + 5; end < size && end < *at + longest; end++) {
			/* pop %rsp right behind a call */
			if (code[end] != 0x5c || code[end - 5] != 0xe8)
				continue;
			*found = (struct arch_switch){ .start = *at + length, .end = end + 1, .reg = X86_RSP };
			*at = end + 1;
			return true;
		}
	}
	return false;
}

/* call rel32 */
bool x86_64_call_target(const uint8_t *before, uint64_t pc, uint64_t *target_ret)
{
	int32_t distance;

	if (before[0] != 0xe8)
		return false;
	memcpy(&distance, before + 1, 4);
	*target_ret = pc + (int64_t)distance;
	return true;
}
