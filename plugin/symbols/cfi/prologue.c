// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading x86-64 prologues; see prologue.h. Opcodes: Intel SDM volume 2, push, sub, mov. */
#include "symbols/cfi/prologue.h"

#include <string.h>

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
static bool skip_fentry(struct prologue *prologue)
{
	/* endbr64, or the nop put there where no pointer leads to (3e3f06950434; 7.x has another)
	 */
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

bool prologue_row(const uint8_t *code, size_t size, struct orc_row *row, size_t *length_ret)
{
	struct prologue prologue = { .code = code, .size = size, .depth = 8 };

	if (!skip_fentry(&prologue))
		return false;
	while (push(&prologue) || harmless(&prologue))
		;
	subtract(&prologue);
	/* Retpoline thunks, which are assembly, begin with a call, too; they have no frame. */
	if (prologue.depth == 8)
		return false;
	*row = (struct orc_row){ .type = ORC_TYPE_FRAME,
				 .sp_base = ORC_BASE_SP,
				 .sp_offset = prologue.depth };
	if (prologue.rbp) {
		row->bp_base = ORC_BASE_PREV_SP;
		row->bp_offset = prologue.rbp;
	}
	*length_ret = prologue.at;
	return true;
}
