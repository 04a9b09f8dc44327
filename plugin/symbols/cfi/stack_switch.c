// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/cfi/stack_switch.h"

#include <stdlib.h>

#include "base/array.h"

static int compare_switches(const void *a, const void *b)
{
	const struct frame_switch *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

static struct frame_rule cfa_of(const struct arch *arch, const struct arch_switch *found)
{
	if (arch->switch_cfa)
		return (struct frame_rule){ .kind = FRAME_IS_EXPRESSION, .expression = arch->switch_cfa,
					    .size = arch->switch_cfa_size };
	return (struct frame_rule){ .kind = found->reg == arch->sp ? FRAME_REGISTER_AT : FRAME_REGISTER, .reg = arch->registers[found->reg].dwarf };
}

static bool search_section(const struct arch *arch, const Elf_Data *data, uint64_t address, struct stack_switches *switches,
			   struct error *error)
{
	struct arch_switch found;
	size_t at = 0;

	while (arch->stack_switch(data->d_buf, data->d_size, &at, &found)) {
		struct frame_switch *list = array_room(switches->list, switches->count, &switches->capacity, sizeof(*list),
						       "stack switches", error);

		if (!list)
			return false;
		switches->list = list;
		list[switches->count++] = (struct frame_switch){ address + found.start, address + found.end, cfa_of(arch, &found) };
	}
	return true;
}

bool stack_switches_find(const struct arch *arch, const struct elf_file *file, struct stack_switches *switches,
			 struct error *error)
{
	Elf_Scn *section = NULL;

	*switches = (struct stack_switches){ 0 };
	while (arch->stack_switch && (section = elf_nextscn(file->elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_PROGBITS || !(header.sh_flags & SHF_EXECINSTR))
			continue;
		data = elf_rawdata(section, NULL);
		if (data && data->d_buf && !search_section(arch, data, header.sh_addr, switches, error))
			return false;
	}
	if (switches->count)
		qsort(switches->list, switches->count, sizeof(*switches->list), compare_switches);
	return true;
}

void stack_switches_free(struct stack_switches *switches)
{
	free(switches->list);
	*switches = (struct stack_switches){ 0 };
}
