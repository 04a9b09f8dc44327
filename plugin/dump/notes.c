// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dump/dump.h"
#include "dump/file.h"
#include "dump/vmcoreinfo.h"

#define NOTE_HEADER_SIZE 12
#define MAX_NOTES	 65536	      /* a few a CPU; 8192 CPUs is the largest NR_CPUS */
#define MAX_INFOS	 32
#define MAX_NOTE_AREA	 (256u << 20) /* device dumps (vmcoredd) can be tens of megabytes */

static uint64_t align4(uint64_t size)
{
	return (size + 3) & ~(uint64_t)3;
}

static bool append(struct dump *dump, const struct dump_note *note, struct error *error)
{
	struct dump_note *notes = dump->notes;
	uint8_t *data;

	/* Grows at powers of two, so no capacity needs to be kept. */
	if (!(dump->nr_notes & (dump->nr_notes - 1))) {
		size_t size = (dump->nr_notes ? dump->nr_notes * 2 : 1) * sizeof(*notes);

		notes = realloc(notes, size);
		if (!notes)
			return error_no_memory(error, "notes", size);
		dump->notes = notes;
	}
	data = malloc(note->size ? note->size : 1);
	if (!data)
		return error_no_memory(error, "a note", note->size);
	if (note->size)
		memcpy(data, note->data, note->size);
	notes[dump->nr_notes] = *note;
	notes[dump->nr_notes++].data = data;
	return true;
}

bool notes_add(struct dump *dump, const char *name, uint32_t type, const void *data, size_t size,
	       struct error *error)
{
	struct dump_note note = { .type = type, .size = size, .data = data };

	snprintf(note.name, sizeof(note.name), "%s", name);
	return append(dump, &note, error);
}

static bool parse(struct dump *dump, const uint8_t *area, size_t size, struct error *error)
{
	size_t at = 0;

	while (size - at >= NOTE_HEADER_SIZE && dump->nr_notes < MAX_NOTES) {
		uint64_t name_size = bytes_u32(area + at, dump->big_endian);
		uint64_t data_size = bytes_u32(area + at + 4, dump->big_endian);
		struct dump_note note = { .type = bytes_u32(area + at + 8, dump->big_endian) };
		uint64_t data_at = at + NOTE_HEADER_SIZE + align4(name_size);
		size_t length;

		if (!name_size) {
			/*
			 * Padding between the notes of two CPUs, or after the last one. No note is
			 * nameless.
			 */
			at += 4;
			continue;
		}
		if (data_at > size)
			break;
		length = name_size < sizeof(note.name) - 1 ? name_size : sizeof(note.name) - 1;
		memcpy(note.name, area + at + NOTE_HEADER_SIZE, length);
		note.data = area + data_at;
		note.truncated = data_size > size - data_at;
		note.size = note.truncated ? size - data_at : data_size;
		if (!append(dump, &note, error))
			return false;
		if (!strcmp(note.name, "VMCOREINFO") &&
		    !notes_set_vmcoreinfo(dump, note.data, note.size, error))
			return false;
		if (note.truncated || align4(data_size) > size - data_at)
			break;
		at = data_at + align4(data_size);
	}
	return true;
}

bool notes_read(struct dump *dump, const struct dump_file *file, uint64_t offset, uint64_t size,
		struct error *error)
{
	size_t there;
	uint8_t *area;
	bool done;

	if (size > MAX_NOTE_AREA)
		size = MAX_NOTE_AREA;
	if (offset > file->size || size > file->size - offset) {
		dump->flags |= DUMP_TRUNCATED;
		size = offset < file->size ? file->size - offset : 0;
	}
	/* A flattened file can have a hole of any length, which reads as zeros: no notes are in there. */
	if (size > file->raw_size)
		size = file->raw_size;
	if (!size)
		return true;
	area = malloc(size);
	if (!area)
		return error_no_memory(error, "notes", size);
	there = dump_file_read_some(file, offset, area, size);
	if (there < size)
		dump->flags |= DUMP_TRUNCATED;
	done = parse(dump, area, there, error);
	free(area);
	return done;
}

/* Is it one that is known already? */
static bool is_known_info(const struct dump *dump, const void *text, size_t size)
{
	if (dump->vmcoreinfo && dump->vmcoreinfo_size == size &&
	    !memcmp(dump->vmcoreinfo, text, size))
		return true;
	for (size_t i = 0; i < dump->nr_infos; i++)
		if (dump->infos[i].size == size && !memcmp(dump->infos[i].text, text, size))
			return true;
	return false;
}

bool notes_add_info(struct dump *dump, const void *text, size_t size, bool from_memory,
		    struct error *error)
{
	struct dump_info *infos;
	char *copy;

	if (is_known_info(dump, text, size) || dump->nr_infos == MAX_INFOS)
		return true;
	infos = realloc(dump->infos, (dump->nr_infos + 1) * sizeof(*infos));
	copy = infos ? malloc(size + 1) : NULL;
	dump->infos = infos ? infos : dump->infos;
	if (!copy)
		return error_no_memory(error, "VMCOREINFO", size + 1);
	memcpy(copy, text, size);
	copy[size] = '\0';
	infos[dump->nr_infos++] = (struct dump_info){ copy, size, from_memory };
	return true;
}

bool notes_set_vmcoreinfo(struct dump *dump, const void *text, size_t size, struct error *error)
{
	char *copy;

	size = strnlen(text, size);
	/*
	 * Every kernel that writes VMCOREINFO starts with this line (crash_save_vmcoreinfo_init).
	 */
	if (size < 10 || memcmp(text, "OSRELEASE=", 10) != 0)
		return true;
	if (dump->vmcoreinfo)
		return notes_add_info(dump, text, size, false, error);
	copy = malloc(size + 1);
	if (!copy)
		return error_no_memory(error, "VMCOREINFO", size + 1);
	memcpy(copy, text, size);
	copy[size] = '\0';
	dump->vmcoreinfo = copy;
	dump->vmcoreinfo_size = size;
	return vmcoreinfo_contradictions(dump, error);
}

const struct dump_note *notes_find(const struct dump *dump, const char *name, uint32_t type)
{
	for (size_t i = 0; i < dump->nr_notes; i++)
		if (dump->notes[i].type == type && !strcmp(dump->notes[i].name, name))
			return &dump->notes[i];
	return NULL;
}

void notes_free(struct dump *dump)
{
	for (size_t i = 0; i < dump->nr_notes; i++)
		free((void *)dump->notes[i].data);
	free(dump->notes);
	free((void *)dump->vmcoreinfo);
	for (size_t i = 0; i < dump->nr_infos; i++)
		free(dump->infos[i].text);
	free(dump->infos);
	dump->infos = NULL;
	dump->nr_infos = 0;
	dump->notes = NULL;
	dump->nr_notes = 0;
	dump->vmcoreinfo = NULL;
}
