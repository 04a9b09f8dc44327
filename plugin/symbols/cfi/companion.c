// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/cfi/companion.h"

#include <stdlib.h>

#include "symbols/cfi/cfi.h"
#include "symbols/cfi/code_row.h"
#include "symbols/cfi/frame_writer.h"
#include "symbols/cfi/stack_switch.h"
#include "symbols/elf/elf_file.h"
#include "symbols/elf/elf_writer.h"
#include "symbols/symtab.h"

struct job {
	const struct companion *companion;
	struct elf_file file;
	const struct frame_table *table;	/* NULL = the file has none */
	struct stack_switches switches;
	struct elf_writer elf;
	struct frame_writer frames;
	unsigned return_column;
	uint64_t done;			/* code up to here has its rows: symbols have aliases and lie in each other */
};

static bool note_column(void *context, uint64_t start, uint64_t end, const struct frame_row *row)
{
	struct job *job = context;

	(void)start;
	(void)end;
	job->return_column = row->return_column;
	return false;
}

static bool read_table(struct job *job, struct error *error)
{
	const struct arch *arch = job->companion->arch;
	size_t size;
	const void *data = elf_file_contents(&job->file, ".debug_frame", NULL, &size);
	struct frame_table *table;

	if (!data)
		return true;
	if (!frame_table_open(data, size, arch->pointer_size, arch->big_endian, &table, error))
		return false;
	job->table = table;
	if (!stack_switches_find(arch, &job->file, &job->switches, error))
		return false;
	frame_table_set_switches(table, arch->registers[arch->sp].dwarf, job->switches.list, job->switches.count);
	return true;
}

static struct job job_of(const struct companion *companion)
{
	const struct arch *arch = companion->arch;

	/* Without entries of its own the file's rows name the link register, or whatever stands for the pc. */
	return (struct job){ .companion = companion, .elf.arch = arch,
			     .return_column = arch->registers[arch->lr ? arch->lr : arch->pc].dwarf };
}

/* The sections that are in memory, as empty ones. */
static void copy_sections(struct job *job)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(job->file.elf, section))) {
		Elf64_Shdr copy = { .sh_type = SHT_NOBITS };

		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC))
			continue;
		copy.sh_flags = header.sh_flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR);
		copy.sh_addr = header.sh_addr;
		copy.sh_size = header.sh_size;
		copy.sh_addralign = header.sh_addralign;
		elf_writer_add(&job->elf, elf_file_section_name(&job->file, &header), &copy, NULL, 0);
	}
}

static bool copy_row(void *context, uint64_t start, uint64_t end, const struct frame_row *row)
{
	struct job *job = context;
	const struct symbol *symbol = job->companion->arch->code_first ? symtab_lookup(job->companion->symtab, start) : NULL;

	/* Those that the file says something wrong of get their rows by name. */
	if (symbol && code_row_kind(job->companion->arch, job->companion->symtab, symbol->name) != ARCH_CODE_LEAF)
		return true;
	frame_writer_add(&job->frames, start, end, row);
	return true;
}

/* A function that has an entry some bytes behind its start, where tracing's nops are: until there nothing was pushed. */
static bool begins_before_entry(const struct job *job, const struct symbol *symbol, uint64_t address)
{
	uint64_t end;

	return job->table && address == symbol->address && !frame_table_covers(job->table, address, &end) &&
	       end - address <= 16 && end < symbol->address + symbol->size;
}

/* The parts of a function that the file says nothing of. */
static void add_code(struct job *job, const struct symbol *symbol)
{
	const struct companion *companion = job->companion;
	uint64_t address = symbol->address > job->done ? symbol->address : job->done, end = symbol->address + symbol->size;
	enum arch_code_kind kind = code_row_kind(companion->arch, companion->symtab, symbol->name);
	struct frame_row row;

	bool first = companion->arch->code_first && kind != ARCH_CODE_LEAF;

	if (!first && begins_before_entry(job, symbol, address))
		kind = ARCH_CODE_LEAF;
	code_row(companion->arch, kind, companion->pt_regs_size, job->return_column, &row);
	while (address < end) {
		uint64_t next = UINT64_MAX;
		bool covered = !first && job->table && frame_table_covers(job->table, address, &next);

		if (next > end)
			next = end;
		if (!covered) {
			frame_writer_add(&job->frames, address, next, &row);
			frame_writer_finish(&job->frames);
		}
		address = next;
	}
	if (end > job->done)
		job->done = end;
}

static void write_frames(struct job *job)
{
	const struct companion *companion = job->companion;

	if (job->table)
		frame_table_each_row(job->table, note_column, job);
	frame_writer_start(&job->frames, companion->arch, companion->code_mask, job->return_column);
	if (job->table)
		frame_table_each_switched_row(job->table, companion->code_mask || companion->arch->gdb_keeps_nothing, copy_row, job);
	frame_writer_finish(&job->frames);
	for (size_t i = 0; i < symtab_count(companion->symtab); i++) {
		const struct symbol *symbol = symtab_get(companion->symtab, i);

		if (symbol->function && symbol->size && !symbol->percpu)
			add_code(job, symbol);
	}
}

static bool save(struct job *job, const char *path, struct error *error)
{
	const struct buffer *section = &job->frames.section;
	const Elf64_Shdr header = { .sh_type = SHT_PROGBITS, .sh_addralign = 8 };

	if (section->failed || !elf_writer_add(&job->elf, ".debug_frame", &header, section->data, section->size))
		return error_no_memory(error, "call frame information", section->size);
	return elf_writer_save(&job->elf, path, error);
}

bool companion_write_user_end(const struct companion *companion, uint64_t user_last, const char *path, struct error *error)
{
	const struct arch *arch = companion->arch;
	/* gdb wants a text section, but one that covered user space would hide those of a user program. */
	const Elf64_Shdr text = { .sh_type = SHT_NOBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addralign = 1 };
	struct job job = job_of(companion);
	struct frame_row row;
	bool done;

	frame_writer_start(&job.frames, arch, companion->code_mask, job.return_column);
	code_row(arch, ARCH_CODE_LEAF, companion->pt_regs_size, job.return_column, &row);
	frame_writer_add(&job.frames, 0, 1, &row);
	frame_writer_finish(&job.frames);
	code_row(arch, ARCH_CODE_END, companion->pt_regs_size, job.return_column, &row);
	if (arch->user_mark)
		frame_writer_add(&job.frames, arch->user_mark, UINT64_MAX, &row);
	else
		frame_writer_add(&job.frames, 1, user_last + 1, &row);
	frame_writer_finish(&job.frames);
	elf_writer_add(&job.elf, ".text", &text, NULL, 0);
	done = save(&job, path, error);
	buffer_free(&job.frames.section);
	elf_writer_free(&job.elf);
	return done;
}

bool companion_write_module(const struct companion *companion, const struct cfi_section *sections, size_t nr_sections,
			    const struct frame_table *table, const char *path, struct error *error)
{
	struct job job = job_of(companion);
	bool done;

	job.table = table;
	for (size_t i = 0; i < nr_sections; i++) {
		Elf64_Shdr header = { .sh_type = SHT_NOBITS, .sh_addralign = 1, .sh_addr = sections[i].address,
				      .sh_size = sections[i].size ? sections[i].size : 1,
				      .sh_flags = SHF_ALLOC | (sections[i].code ? SHF_EXECINSTR : SHF_WRITE) };

		elf_writer_add(&job.elf, sections[i].name, &header, NULL, 0);
	}
	write_frames(&job);
	done = save(&job, path, error);
	buffer_free(&job.frames.section);
	elf_writer_free(&job.elf);
	return done;
}

bool companion_write(const struct companion *companion, const char *vmlinux, const char *path, struct error *error)
{
	struct job job = job_of(companion);
	bool done;

	if (!elf_file_open(&job.file, vmlinux, error))
		return false;
	done = read_table(&job, error);
	if (done) {
		copy_sections(&job);
		write_frames(&job);
		done = save(&job, path, error);
	}
	frame_table_close((struct frame_table *)job.table);
	stack_switches_free(&job.switches);
	buffer_free(&job.frames.section);
	elf_writer_free(&job.elf);
	elf_file_close(&job.file);
	return done;
}
