// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading an object's own .debug_frame; see cfi_cover.h. DWARF 5, 6.4.1. */
#include "symbols/cfi/cfi_cover.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define MAX_INTERVALS 4000000	/* a kernel has some 60,000 functions */

static bool add_interval(struct cfi_cover *cover, uint64_t start, uint64_t size,
			 struct error *error)
{
	struct cfi_interval *intervals;

	if (!size || start + size < start)
		return true;
	if (cover->count >= MAX_INTERVALS)
		return error_set(error, ERROR_FORMAT, ".debug_frame has too many entries");
	intervals = array_room(cover->intervals, cover->count, &cover->capacity, sizeof(*intervals),
			       "call frame information", error);
	if (!intervals)
		return false;
	cover->intervals = intervals;
	cover->intervals[cover->count++] = (struct cfi_interval){ start, start + size };
	return true;
}

static int compare_intervals(const void *a, const void *b)
{
	const struct cfi_interval *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

static void join_intervals(struct cfi_cover *cover)
{
	size_t kept = 0;

	if (!cover->count)
		return;
	qsort(cover->intervals, cover->count, sizeof(*cover->intervals), compare_intervals);
	for (size_t i = 1; i < cover->count; i++) {
		struct cfi_interval *last = &cover->intervals[kept];

		if (cover->intervals[i].start > last->end)
			cover->intervals[++kept] = cover->intervals[i];
		else if (cover->intervals[i].end > last->end)
			last->end = cover->intervals[i].end;
	}
	cover->count = kept + 1;
}

bool cfi_cover_read(struct cfi_cover *cover, const struct elf_file *file, struct error *error)
{
	Elf_Scn *section = elf_file_section(file, ".debug_frame", NULL);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	Dwarf_Off offset = 0, next;
	Dwarf_CFI_Entry entry;
	int result;

	*cover = (struct cfi_cover){ 0 };
	if (!data || !data->d_buf)
		return true;
	while ((result = dwarf_next_cfi(file->header.e_ident, data, false, offset, &next,
					&entry)) != 1) {
		uint64_t start, size;

		if (next <= offset)
			break;
		offset = next;
		/* A bad entry is not a reason to give up on the others. */
		if (result < 0 || dwarf_cfi_cie_p(&entry) || entry.fde.end - entry.fde.start < 16)
			continue;
		memcpy(&start, entry.fde.start, 8);
		memcpy(&size, entry.fde.start + 8, 8);
		if (!add_interval(cover, start, size, error)) {
			cfi_cover_free(cover);
			return false;
		}
	}
	join_intervals(cover);
	return true;
}

void cfi_cover_free(struct cfi_cover *cover)
{
	dwarf_end(cover->dwarf);
	free(cover->intervals);
	*cover = (struct cfi_cover){ 0 };
}

bool cfi_cover_contains(const struct cfi_cover *cover, uint64_t address, uint64_t *end_ret)
{
	size_t low = array_up_to(cover->intervals, cover->count, sizeof(*cover->intervals),
				 offsetof(struct cfi_interval, end), address);

	if (low == cover->count) {
		*end_ret = UINT64_MAX;
		return false;
	}
	if (cover->intervals[low].start <= address) {
		*end_ret = cover->intervals[low].end;
		return true;
	}
	*end_ret = cover->intervals[low].start;
	return false;
}

/* libdw gives a rule as the location of the saved value (libdw.h, dwarf_frame_register). */
static struct cfi_rule convert_rule(Dwarf_Frame *frame, int number)
{
	Dwarf_Op memory[3], *ops;
	size_t count;

	if (dwarf_frame_register(frame, number, memory, &ops, &count) != 0)
		return (struct cfi_rule){ .kind = CFI_UNDEFINED };
	/*
	 * Compilers say nothing about a callee-saved register that is not touched. libdw knows that
	 * they are kept, but for rbx (0.188 has a wrong number in its table), which it calls
	 * undefined; they never really are.
	 */
	if (count == 0)
		return (struct cfi_rule){ .kind = CFI_SAME };
	if (ops[0].atom != DW_OP_call_frame_cfa || count > 2)
		return (struct cfi_rule){ .kind = CFI_UNDEFINED };
	if (count == 1)
		return (struct cfi_rule){ .kind = CFI_AT_CFA };
	if (ops[1].atom == DW_OP_plus_uconst)
		return (struct cfi_rule){ .kind = CFI_AT_CFA, .offset = (int32_t)ops[1].number };
	/* gcc's realigned stacks: saved relative to rbp. */
	if (ops[1].atom >= DW_OP_breg0 && ops[1].atom <= DW_OP_breg15)
		return (struct cfi_rule){ .kind = CFI_AT_REGISTER, .reg = ops[1].atom - DW_OP_breg0,
					  .offset = (int32_t)ops[1].number };
	return (struct cfi_rule){ .kind = CFI_UNDEFINED };
}

static Dwarf *open_dwarf(struct cfi_cover *cover, const struct elf_file *file)
{
	if (!cover->dwarf)
		cover->dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
	return cover->dwarf;
}

void cfi_cover_rules(struct cfi_cover *cover, const struct elf_file *file, uint64_t address,
		     struct cfi_state *state)
{
	static const uint8_t callee_saved[] = { DWARF_RBX, DWARF_RBP, DWARF_R12, DWARF_R13,
						DWARF_R14, DWARF_R15 };
	Dwarf_Frame *frame = NULL;

	if (open_dwarf(cover, file) && !cover->cfi)
		cover->cfi = dwarf_getcfi(cover->dwarf);
	if (cover->cfi && dwarf_cfi_addrframe(cover->cfi, address, &frame) != 0)
		frame = NULL;
	for (size_t i = 0; i < sizeof(callee_saved); i++)
		state->rules[callee_saved[i]] = frame ? convert_rule(frame, callee_saved[i]) :
							(struct cfi_rule){ .kind = CFI_UNDEFINED };
	free(frame);
}

bool cfi_cover_is_inlined(struct cfi_cover *cover, const struct elf_file *file, uint64_t address)
{
	Dwarf *dwarf = open_dwarf(cover, file);
	bool inlined = false, found = false;
	Dwarf_Die unit, *scopes = NULL;
	int count;

	if (!dwarf || !dwarf_addrdie(dwarf, address, &unit))
		return false;
	count = dwarf_getscopes(&unit, address, &scopes);
	/* Innermost first; blocks of a function's own do not count. */
	for (int i = 0; i < count && !found; i++) {
		int tag = dwarf_tag(&scopes[i]);

		inlined = tag == DW_TAG_inlined_subroutine;
		found = inlined || tag == DW_TAG_subprogram;
	}
	free(scopes);
	return inlined;
}
