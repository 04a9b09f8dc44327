// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/elf/inflate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buffer.h"
#include "symbols/elf/elf_file.h"

#define PIECE	     (1u << 20)
#define MAX_INFLATED (16ull << 30) /* of a section; none has a hundredth of it */

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

/* How a section is compressed. */
struct packed {
	bool zstd;
	size_t header;			/* bytes before the stream */
	uint64_t size, alignment;	/* of what is in it */
};

struct inflating {
	const char *path;
	const struct patience *patience;
	struct elf_file file;
	Elf64_Shdr *sections;		/* as they will be */
	struct buffer names;		/* .shstrtab as it will be */
	int out;
	uint64_t at;			/* in the new file: behind all that is there */
	uint64_t done, total;		/* bytes of the old one */
	uint8_t *piece;
};

static bool read_packed(const struct elf_file *file, Elf_Scn *section, const GElf_Shdr *header,
			struct packed *packed)
{
	static const char old[] = ".zdebug_";
	const char *name = elf_file_section_name(file, header);
	Elf_Data *data;

	if (header->sh_type == SHT_NOBITS ||
	    (!(header->sh_flags & SHF_COMPRESSED) && strncmp(name, old, strlen(old))))
		return false;
	data = elf_rawdata(section, NULL);
	if (!data || !data->d_buf)
		return false;
	if (header->sh_flags & SHF_COMPRESSED) {
		Elf64_Chdr chdr;

		if (data->d_size < sizeof(chdr))
			return false;
		memcpy(&chdr, data->d_buf, sizeof(chdr));
		*packed = (struct packed){ true, sizeof(chdr), chdr.ch_size, chdr.ch_addralign };
		return chdr.ch_type == ELFCOMPRESS_ZSTD;
	}
	if (data->d_size < 12 || memcmp(data->d_buf, "ZLIB", 4))
		return false;
	*packed = (struct packed){ false, 12, 0, header->sh_addralign };
	for (int i = 4; i < 12; i++)
		packed->size = packed->size << 8 | ((const uint8_t *)data->d_buf)[i];
	return true;
}

bool inflate_needed(const char *path)
{
	struct elf_file file;
	bool needed = false;

	if (!elf_file_open(&file, path, NULL))
		return false;
	if (file.header.e_ident[EI_CLASS] == ELFCLASS64 && file.header.e_ident[EI_DATA] == ELFDATA2LSB)
		for (Elf_Scn *section = NULL; !needed && (section = elf_nextscn(file.elf, section));) {
			struct packed packed;
			GElf_Shdr header;

			needed = gelf_getshdr(section, &header) && read_packed(&file, section, &header, &packed);
		}
	elf_file_close(&file);
	return needed;
}

static bool write_at(struct inflating *inflating, const void *data, size_t size, uint64_t at,
		     struct error *error)
{
	const uint8_t *from = data;

	while (size) {
		ssize_t written = pwrite(inflating->out, from, size, at);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_set(error, ERROR_IO, "cannot write what %s holds into the cache: %s",
					 inflating->path, strerror(errno));
		from += written;
		at += written;
		size -= written;
	}
	return true;
}

static bool report_progress(struct inflating *inflating, struct error *error)
{
	const struct patience *patience = inflating->patience;

	if (patience && patience->progress)
		patience->progress(patience->context, "Unpacking", inflating->done, inflating->total);
	if (patience && patience->interrupted && patience->interrupted(patience->context))
		return error_set(error, ERROR_INTERRUPTED, "interrupted");
	return true;
}

static bool damaged(const struct inflating *inflating, const GElf_Shdr *header, struct error *error)
{
	return error_set(error, ERROR_FORMAT, "%s: section %s cannot be unpacked", inflating->path,
			 elf_file_section_name(&inflating->file, header));
}

/* One step of either: *IN_DONE and *OUT_DONE are bytes of the input and of the piece. False: bad data. */
static bool step(ZSTD_DStream *zstd, z_stream *zlib, const uint8_t *in, size_t in_size, uint8_t *out,
		 size_t *in_done, size_t *out_done)
{
	if (zstd) {
		ZSTD_inBuffer from = { in, in_size, 0 };
		ZSTD_outBuffer to = { out, PIECE, 0 };
		size_t status = ZSTD_decompressStream(zstd, &to, &from);

		*in_done = from.pos;
		*out_done = to.pos;
		return !ZSTD_isError(status);
	}
	zlib->next_in = (Bytef *)in;
	zlib->avail_in = in_size < PIECE ? in_size : PIECE;
	zlib->next_out = out;
	zlib->avail_out = PIECE;
	*in_done = zlib->avail_in;
	int status = inflate(zlib, Z_NO_FLUSH);
	*in_done -= zlib->avail_in;
	*out_done = PIECE - zlib->avail_out;
	return status == Z_OK || status == Z_STREAM_END;
}

/* The stream at IN to the end of the new file; exactly SIZE bytes must come of it. */
static bool write_stream(struct inflating *inflating, bool is_zstd, const uint8_t *in, size_t in_size,
			 uint64_t size, const GElf_Shdr *header, struct error *error)
{
	z_stream zlib = { 0 };
	ZSTD_DStream *zstd = is_zstd ? ZSTD_createDStream() : NULL;
	bool done = (is_zstd ? zstd != NULL : inflateInit(&zlib) == Z_OK) ||
		    error_no_memory(error, "unpacking", PIECE);
	uint64_t out = 0;

	while (done && out < size) {
		size_t used = 0, made = 0;

		if (!step(zstd, &zlib, in, in_size, inflating->piece, &used, &made) ||
		    (!used && !made) || made > size - out) {
			done = damaged(inflating, header, error);
			break;
		}
		done = write_at(inflating, inflating->piece, made, inflating->at + out, error) &&
		       report_progress(inflating, error);
		in += used;
		in_size -= used;
		out += made;
		inflating->done += used;
	}
	if (is_zstd)
		ZSTD_freeDStream(zstd);
	else
		inflateEnd(&zlib);
	return done;
}

static bool write_section(struct inflating *inflating, Elf_Scn *section, const GElf_Shdr *header,
			  const struct packed *packed, struct error *error)
{
	Elf64_Shdr *target = &inflating->sections[elf_ndxscn(section)];
	const char *name = elf_file_section_name(&inflating->file, header);
	Elf_Data *data = elf_rawdata(section, NULL);
	uint64_t alignment = packed->alignment ? packed->alignment : 1;

	if (packed->size > MAX_INFLATED || alignment > 4096)
		return damaged(inflating, header, error);
	inflating->at = (inflating->at + alignment - 1) / alignment * alignment;
	if (!write_stream(inflating, packed->zstd, (const uint8_t *)data->d_buf + packed->header,
			  data->d_size - packed->header, packed->size, header, error))
		return false;
	target->sh_flags &= ~(uint64_t)SHF_COMPRESSED;
	target->sh_offset = inflating->at;
	target->sh_size = packed->size;
	target->sh_addralign = alignment;
	if (!packed->zstd) {	/* .zdebug_info was .debug_info */
		target->sh_name = inflating->names.size;
		buffer_printf(&inflating->names, ".%s", name + 2);
		buffer_char(&inflating->names, '\0');
	}
	inflating->at += packed->size;
	return true;
}

/* What is not unpacked stays where it is; the places of the others become holes. */
static bool copy_rest(struct inflating *inflating, const char *image, uint64_t size, struct error *error)
{
	const struct elf_file *file = &inflating->file;
	uint64_t start = 0;

	for (;;) {
		uint64_t end = size, next = size;
		struct packed packed;

		/* The packed section that comes next. */
		for (Elf_Scn *section = NULL; (section = elf_nextscn(file->elf, section));) {
			GElf_Shdr header;

			if (gelf_getshdr(section, &header) && header.sh_offset >= start &&
			    header.sh_offset < end && header.sh_size && read_packed(file, section, &header, &packed)) {
				end = header.sh_offset;
				next = end + header.sh_size;
			}
		}
		if (!write_at(inflating, image + start, end - start, start, error))
			return false;
		inflating->done += end - start;
		if (next >= size)
			return true;
		start = next;
	}
}

static bool write_headers(struct inflating *inflating, struct error *error)
{
	Elf64_Ehdr header = *elf64_getehdr(inflating->file.elf);
	Elf64_Shdr *names = &inflating->sections[inflating->file.name_table];
	size_t size = inflating->file.nr_sections * sizeof(*inflating->sections);

	if (inflating->names.failed)
		return error_no_memory(error, "names of sections", inflating->names.size);
	names->sh_offset = inflating->at;
	names->sh_size = inflating->names.size;
	if (!write_at(inflating, inflating->names.data, inflating->names.size, inflating->at, error))
		return false;
	header.e_shoff = (inflating->at + inflating->names.size + 7) & ~7ull;
	return write_at(inflating, inflating->sections, size, header.e_shoff, error) &&
	       write_at(inflating, &header, sizeof(header), 0, error);
}

static bool prepare(struct inflating *inflating, struct error *error)
{
	struct elf_file *file = &inflating->file;
	size_t count = file->nr_sections;
	Elf_Data *names = elf_rawdata(elf_getscn(file->elf, file->name_table), NULL);

	if (!elf64_getehdr(file->elf) || !names || !names->d_buf)
		return error_set(error, ERROR_FORMAT, "%s: bad ELF header", inflating->path);
	inflating->sections = calloc(count + 1, sizeof(*inflating->sections));
	inflating->piece = malloc(PIECE);
	if (!inflating->sections || !inflating->piece)
		return error_no_memory(error, "unpacking", PIECE);
	for (size_t i = 0; i < count; i++) {
		Elf_Scn *section = elf_getscn(file->elf, i);
		Elf64_Shdr *header = section ? elf64_getshdr(section) : NULL;

		if (header)
			inflating->sections[i] = *header;
	}
	buffer_append(&inflating->names, names->d_buf, names->d_size);
	return true;
}

static bool write_all(struct inflating *inflating, struct error *error)
{
	struct elf_file *file = &inflating->file;
	size_t size;
	const char *image = elf_rawfile(file->elf, &size);

	if (!image)
		return error_set(error, ERROR_FORMAT, "%s: %s", inflating->path, elf_errmsg(-1));
	inflating->at = inflating->total = size;
	if (!copy_rest(inflating, image, size, error))
		return false;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(file->elf, section));) {
		struct packed packed;
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) && read_packed(file, section, &header, &packed) &&
		    !write_section(inflating, section, &header, &packed, error))
			return false;
	}
	return write_headers(inflating, error);
}

bool inflate_file(const char *path, const char *inflated, const struct patience *patience,
		  struct error *error)
{
	struct inflating inflating = { .path = path, .patience = patience };
	bool done;

	if (!elf_file_open(&inflating.file, path, error))
		return false;
	inflating.out = open(inflated, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (inflating.out < 0) {
		elf_file_close(&inflating.file);
		return error_set(error, ERROR_IO, "cannot write to %s: %s", inflated, strerror(errno));
	}
	done = prepare(&inflating, error) && write_all(&inflating, error);
	if (close(inflating.out) != 0 && done)
		done = error_set(error, ERROR_IO, "cannot write to %s: %s", inflated, strerror(errno));
	buffer_free(&inflating.names);
	free(inflating.sections);
	free(inflating.piece);
	elf_file_close(&inflating.file);
	return done;
}
