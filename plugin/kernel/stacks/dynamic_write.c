// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/stacks/dynamic_write.h"

#include <stdio.h>
#include <stdlib.h>

#include "kernel/modules/dynamic_code.h"
#include "kernel/stacks/dynamic_rows.h"
#include "symbols/cfi/cfi.h"

#define NAME_SIZE 32

static enum dynamic_part part_of(const struct dynamic_code *code)
{
	switch (code->kind) {
	case DYNAMIC_BPF:
	case DYNAMIC_BPF_DISPATCHER:
	case DYNAMIC_BPF_PACK:
		return DYNAMIC_PART_BPF;
	case DYNAMIC_FTRACE:
	case DYNAMIC_KPROBE:
	case DYNAMIC_OPTPROBE:
	case DYNAMIC_PAGE:
	case DYNAMIC_THUNKS:
		break;
	}
	return DYNAMIC_PART_TRACING;
}

/* A section for each stretch of PART without a hole. gdb wants one that is called .text. */
static size_t make_sections(const struct dynamic_codes *codes, enum dynamic_part part, struct cfi_section *sections,
			    char (*names)[NAME_SIZE])
{
	size_t count = 0;

	for (size_t i = 0; i < codes->count; i++) {
		const struct dynamic_code *code = &codes->list[i];
		struct cfi_section *last = count ? &sections[count - 1] : NULL;

		if (part_of(code) != part)
			continue;
		if (last && last->address + last->size == code->start) {
			last->size += code->end - code->start;
			continue;
		}
		if (count)
			snprintf(names[count], NAME_SIZE, ".text.%zu", count);
		else
			snprintf(names[count], NAME_SIZE, ".text");
		sections[count] = (struct cfi_section){ .name = names[count], .address = code->start,
							.size = code->end - code->start, .code = true };
		count++;
	}
	return count;
}

bool dynamic_write(struct kernel *kernel, enum dynamic_part part, const char *path, bool *any_ret, struct error *error)
{
	const struct dynamic_codes *codes = dynamic_codes_get(kernel);
	const struct orc_table *rows = dynamic_rows(kernel);
	struct cfi_object object = { .table = rows, .arch = kernel->arch, .callee_saved_kept = part == DYNAMIC_PART_TRACING };
	struct cfi_section *sections;
	char (*names)[NAME_SIZE];
	bool done;

	*any_ret = false;
	if (!codes || !rows)
		return error_no_memory(error, "generated code", 0);
	sections = calloc(codes->count + 1, sizeof(*sections));
	names = calloc(codes->count + 1, sizeof(*names));
	done = sections && names;
	if (done) {
		object.sections = sections;
		object.symtab = codes->symbols;
		object.nr_sections = make_sections(codes, part, sections, names);
		*any_ret = object.nr_sections;
		done = !*any_ret || cfi_write_object(&object, path, error);
	} else {
		error_no_memory(error, "generated code", codes->count * sizeof(*sections));
	}
	free(names);
	free(sections);
	return done;
}
