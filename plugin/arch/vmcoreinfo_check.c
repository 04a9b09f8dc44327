// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Is the VMCOREINFO that a dump came with this kernel's? Hypervisors and firmware keep that of an earlier boot. Memory is asked, and
 * where it contradicts another text is taken: of the file, or one that lies in memory. (x86_64 knows more ways to find its tables and
 * to tell: x86_64_find.c.)
 */
#include "arch/arch.h"

#include <string.h>

#include "dump/dump.h"

/*
 * Does init_uts_ns, where VMCOREINFO says that it is, have the release that VMCOREINFO says? Its first member is the names,
 * in old kernels after a count. What the tables do not have at all speaks against it, too; what is missing in the dump does not.
 */
static bool is_contradicted(struct memory *memory)
{
	uint8_t names[4 + 3 * 65 + 65];
	struct translation translation;
	struct error why = { .kind = ERROR_NONE };
	uint64_t address;
	char release[66];

	memset(&translation, 0, sizeof(translation));
	if (!dump_vmcoreinfo_number(memory->dump, "SYMBOL(init_uts_ns)", 16, &address) ||
	    !dump_vmcoreinfo_string(memory->dump, "OSRELEASE", release, sizeof(release)))
		return false;
	if (!memory_read(memory, address, names, sizeof(names), &why))
		/* No dumper leaves out the kernel's top table: where that should be, and was left out, is something else. */
		return why.kind == ERROR_NOT_MAPPED || why.kind == ERROR_CORRUPT ||
		       (why.kind == ERROR_EXCLUDED && !dump_read_phys(memory->dump, memory->kernel_root, names, 8, NULL));
	/* With the zero behind it. */
	return !memmem(names, sizeof(names), release, strlen(release) + 1);
}

static bool try_it(struct memory *memory, const struct memory *fresh, struct error *error)
{
	*memory = *fresh;
	memory_forget_translations(memory);
	return memory->arch->memory_init(memory, error);
}

bool memory_init_checked(struct memory *memory, struct error *error)
{
	const struct memory fresh = *memory;
	struct dump *dump = memory->dump;
	struct error why = { .kind = ERROR_NONE };
	bool from_memory = dump->vmcoreinfo_from_memory;

	if (memory->arch->checks_vmcoreinfo || !dump->vmcoreinfo)
		return memory->arch->memory_init(memory, error);
	if (try_it(memory, &fresh, NULL) && !is_contradicted(memory))
		return true;
	while (dump_next_vmcoreinfo(dump, &why))
		if (try_it(memory, &fresh, NULL) && !is_contradicted(memory)) {
			dump_doubt(dump, "memory contradicts the VMCOREINFO %s (of another boot?); %s, which fits, is used",
				   from_memory ? "found first" : "in the file's notes",
				   dump->vmcoreinfo_from_memory ? "a text in memory" : "a note of the file");
			return true;
		}
	dump_first_vmcoreinfo(dump);
	if (why.kind == ERROR_INTERRUPTED) {
		if (error)
			*error = why;
		return false;
	}
	/* The tables that a CPU was using, where a note tells. */
	*memory = fresh;
	memory->distrusts_vmcoreinfo = true;
	memory_forget_translations(memory);
	if (memory->arch->memory_init(memory, NULL) && memory->root_from_cpu) {
		dump_doubt(dump, "memory contradicts VMCOREINFO (of another boot?): the kernel's page tables are those of a CPU");
		return true;
	}
	if (!try_it(memory, &fresh, error))
		return false;
	dump_doubt(dump, "memory contradicts VMCOREINFO (of another boot?), and nothing else says where the kernel is");
	return true;
}
