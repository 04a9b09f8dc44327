// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * x86_64's instructions for arch/instructions.h. Opcodes: Intel SDM volume 2. What the kernel makes of them: the compiler's prologues,
 * optprobe_template_entry (arch/x86/kernel/kprobes/opt.c), arch/x86/net/bpf_jit_comp.c, and for Indirect Target Selection its_alloc()
 * and its_init_thunk() in arch/x86/kernel/alternative.c (6.15, 872df34d7c51; stable kernels since 6.1.139), described in comments.
 */
#include "arch/instructions.h"

#include <string.h>

#include "arch/x86_64.h"

/* --- prologues --- */

struct prologue {
	const uint8_t *code;
	size_t size, at;
	int depth; /* bytes from rsp up to the CFA */
	int rbp;   /* of the saved rbp from the CFA; 0 = not saved */
};

static bool match(struct prologue *prologue, const char *bytes, size_t size)
{
	if (prologue->size - prologue->at < size ||
	    memcmp(prologue->code + prologue->at, bytes, size) != 0)
		return false;
	prologue->at += size;
	return true;
}

/* The call of __fentry__, which the kernel turns into a nop of 5 bytes while nobody traces. */
static bool prologue_fentry(struct prologue *prologue)
{
	/* endbr64, or the nop put there where no pointer leads to (3e3f06950434; 7.x has another) */
	if (!match(prologue, "\xf3\x0f\x1e\xfa", 4) && !match(prologue, "\x66\x0f\x1f\x00", 4))
		match(prologue, "\x0f\x1f\x40\xd6", 4);
	/* up to 5.12 older AMD CPUs got a nop of their own (a89dfde3dc3c) */
	if (match(prologue, "\x0f\x1f\x44\x00\x00", 5) ||
	    match(prologue, "\x66\x66\x66\x66\x90", 5))
		return true;
	if (prologue->size - prologue->at < 5 || prologue->code[prologue->at] != 0xe8)
		return false;
	prologue->at += 5;
	return true;
}

static bool push(struct prologue *prologue)
{
	size_t at = prologue->at, left = prologue->size - at;
	bool high = left >= 2 && prologue->code[at] == 0x41; /* r8 to r15 */

	if (left < (high ? 2 : 1) || (prologue->code[at + high] & 0xf8) != 0x50)
		return false;
	prologue->depth += 8;
	if (!high && prologue->code[at] == 0x55)
		prologue->rbp = -prologue->depth;
	prologue->at += 1 + high;
	return true;
}

/* Of those that the compiler mixes in: mov $imm32,%r32; mov %r64,%r64; xor %r32,%r32. */
static bool harmless(struct prologue *prologue)
{
	const uint8_t *code = prologue->code + prologue->at;
	size_t left = prologue->size - prologue->at, size = 0;

	if (left >= 5 && (code[0] & 0xf8) == 0xb8)
		size = (code[0] & 7) == 4 ? 0 : 5;
	else if (left >= 3 && (code[0] & 0xf8) == 0x48 && code[1] == 0x89 && code[2] >= 0xc0)
		/* not into rsp; mov %rsp,%rbp is fine: rsp stays */
		size = (code[2] & 7) == 4 && !(code[0] & 1) ? 0 : 3;
	else if (left >= 2 && code[0] == 0x31 && code[1] >= 0xc0)
		size = (code[1] & 7) == 4 ? 0 : 2;
	prologue->at += size;
	return size;
}

/* sub $imm,%rsp */
static bool subtract(struct prologue *prologue)
{
	int32_t value;

	if (match(prologue, "\x48\x83\xec", 3) && prologue->at < prologue->size) {
		value = (int8_t)prologue->code[prologue->at++];
	} else if (match(prologue, "\x48\x81\xec", 3) && prologue->size - prologue->at >= 4) {
		memcpy(&value, prologue->code + prologue->at, 4);
		prologue->at += 4;
	} else {
		return false;
	}
	if (value < 0 || value > 16384 || value % 8)
		return false;
	prologue->depth += value;
	return true;
}

static bool find_prologue(const uint8_t *code, size_t size, struct arch_prologue *found)
{
	struct prologue prologue = { .code = code, .size = size, .depth = 8 };

	if (!prologue_fentry(&prologue))
		return false;
	while (push(&prologue) || harmless(&prologue))
		;
	subtract(&prologue);
	/* Retpoline thunks, which are assembly, begin with a call, too; they have no frame. */
	if (prologue.depth == 8)
		return false;
	*found = (struct arch_prologue){ .length = prologue.at, .cfa = prologue.depth, .fp = prologue.rbp };
	return true;
}

/* --- branches --- */

/* call rel32, jmp rel32 */
static bool next_branch(const uint8_t *code, size_t size, uint64_t address, size_t at, struct arch_branch *found)
{
	int32_t distance;

	for (; at + 5 <= size; at++) {
		if ((code[at] & 0xfe) != 0xe8)
			continue;
		memcpy(&distance, code + at + 1, 4);
		*found = (struct arch_branch){ at, 5, code[at] == 0xe8, address + at + 5 + (int64_t)distance };
		return true;
	}
	return false;
}

/* `jmp *reg; int3' in the upper half of a cache line, of a page that begins with 32 times int3. */
static bool is_page_thunk(struct memory *memory, uint64_t address)
{
	uint8_t bytes[4], start[32];
	unsigned prefix;

	if (!memory_read(memory, address, bytes, sizeof(bytes), NULL))
		return false;
	prefix = bytes[0] == 0x41;
	if (bytes[prefix] != 0xff || (bytes[prefix + 1] & 0xf8) != 0xe0 || bytes[prefix + 2] != 0xcc ||
	    (address + prefix + 2) % 64 < 32 ||
	    !memory_read(memory, address & -memory_page_size(memory), start, sizeof(start), NULL))
		return false;
	for (size_t i = 0; i < sizeof(start); i++)
		if (start[i] != 0xcc)
			return false;
	return true;
}

/* --- slots of optimised kprobes --- */

static size_t probe_instruction(const uint8_t *bytes, size_t size, int *push_ret)
{
	static const struct {
		uint8_t length, prefix_length, prefix[4];
		int8_t push;
	} list[] = {
		{ 2, 1, { 0x6a }, 8 },				/* push imm8 */
		{ 5, 1, { 0x68 }, 8 },				/* push imm32 */
		{ 1, 1, { 0x9c }, 8 }, { 1, 1, { 0x9d }, -8 },	/* pushf, popf */
		{ 3, 3, { 0x0f, 0x01, 0xca }, 0 },		/* clac */
		{ 3, 3, { 0x0f, 0x1f, 0x00 }, 0 }, { 1, 1, { 0x90 }, 0 }, { 2, 2, { 0x66, 0x90 }, 0 },	/* nop */
		{ 5, 3, { 0x0f, 0x1f, 0x44 }, 0 },
		{ 3, 3, { 0x48, 0x89, 0xe6 }, 0 },		/* mov rsi, rsp */
		{ 10, 2, { 0x48, 0xbf }, 0 },			/* mov rdi, imm64 */
		{ 5, 1, { 0xe8 }, 0 },				/* call */
		{ 8, 4, { 0x48, 0x8b, 0x94, 0x24 }, 0 }, { 8, 4, { 0x48, 0x89, 0x94, 0x24 }, 0 },	/* mov with [rsp+n] */
		{ 5, 4, { 0x48, 0x8b, 0x54, 0x24 }, 0 }, { 5, 4, { 0x48, 0x89, 0x54, 0x24 }, 0 },
	};

	*push_ret = 0;
	if (size < 10)
		return 0;
	if ((bytes[0] & 0xf0) == 0x50) {
		*push_ret = bytes[0] & 8 ? -8 : 8;
		return 1;
	}
	if (bytes[0] == 0x41 && (bytes[1] & 0xf0) == 0x50) {
		*push_ret = bytes[1] & 8 ? -8 : 8;
		return 2;
	}
	if (bytes[0] == 0x48 && bytes[1] == 0x83 && (bytes[2] == 0xec || bytes[2] == 0xc4)) {
		*push_ret = bytes[2] == 0xec ? bytes[3] : -(int)bytes[3];
		return 4;
	}
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (memcmp(bytes, list[i].prefix, list[i].prefix_length) == 0) {
			*push_ret = list[i].push;
			return list[i].length;
		}
	return 0;
}

/* --- BPF --- */

/*
 * The frame is set up by `push rbp; mov rbp, rsp' among the first instructions, and taken down by a `leave' before
 * each return, or jump to one: those are looked for, an immediate that looks the same is not likely.
 */
#define BPF_PROLOGUE_SIZE 48

static bool bpf_frame(const uint8_t *code, size_t size, size_t *pushed_ret, size_t *set_ret)
{
	static const uint8_t set_up[] = { 0x55, 0x48, 0x89, 0xe5 };

	for (size_t start = 0; start + 4 <= size && start < BPF_PROLOGUE_SIZE; start++)
		if (memcmp(code + start, set_up, 4) == 0) {
			*pushed_ret = start + 1;
			*set_ret = start + 4;
			return true;
		}
	return false;
}

static size_t bpf_leave(const uint8_t *code, size_t size, size_t *gone_ret)
{
	size_t at = 1;

	*gone_ret = 1;
	if (size < 2 || code[0] != 0xc9)
		return 0;
	if (size > at + 4 && memcmp(code + at, "\x48\x83\xc4\x08", 4) == 0)	/* a trampoline skips the function it was called in */
		at += 4;
	if (code[at] == 0xc3 && (size == at + 1 || code[at + 1] == 0xcc))
		return at + 1;
	return code[at] == 0xe9 && size >= at + 5 ? at + 5 : 0;
}

const struct arch_instructions x86_64_instructions = {
	.longest = 15,
	.prologue = find_prologue,
	.next_branch = next_branch,
	.probe_instruction = probe_instruction,
	.bpf_frame = bpf_frame,
	.bpf_leave = bpf_leave,
	.is_page_thunk = is_page_thunk,
};
