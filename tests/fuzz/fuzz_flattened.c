// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Flattened dumps. The input is what follows the 4096-byte header. The first 2 KiB are compared with a model that does what
 * `makedumpfile -R` does: write each record where it belongs, in the order of the file.
 */
/* max_len=4096 */
#include "fuzz.h"

#include <endian.h>

#include "dump/file.h"

#define WINDOW 2048u

struct model {
	uint8_t bytes[WINDOW];
	bool written[WINDOW];
	uint64_t end;		/* highest byte of any record */
	bool truncated;
};

static uint64_t big64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, 8);
	return be64toh(value);
}

static void replay(struct model *model, const uint8_t *data, size_t size)
{
	memset(model, 0, sizeof(*model));
	model->truncated = true;
	while (size >= 16) {
		uint64_t offset = big64(data), length = big64(data + 8), there;

		data += 16;
		size -= 16;
		if (offset == UINT64_MAX) {
			model->truncated = false;
			return;
		}
		if (offset > INT64_MAX || length > INT64_MAX - offset)
			return;
		there = length < size ? length : size;
		for (uint64_t i = 0; i < there && offset + i < WINDOW; i++) {
			model->bytes[offset + i] = data[i];
			model->written[offset + i] = true;
		}
		if (there && offset + there > model->end)
			model->end = offset + there;
		if (length > size)
			return;
		data += length;
		size -= length;
	}
}

/* flattened.h: of a stream that was cut, a gap between records of less than a block is a hole. (4096: no kdump's header.) */
#define LARGEST_HOLE 4095u

/* Marks such holes as written. Returns up to where that is known: a gap may end beyond the window. */
static size_t fill_holes(struct model *model, size_t size)
{
	for (size_t at = 0, end; at < size; at = end) {
		for (end = at; end < size && !model->written[end]; end++)
			;
		if (end == size && end > at && model->end > size)
			return at;
		if (end - at <= LARGEST_HOLE)
			memset(model->written + at, true, end - at);
		if (end == at)
			end++;
	}
	return size;
}

static void compare(const struct dump_file *file, struct model *model)
{
	static uint8_t buffer[WINDOW];
	size_t size = model->end < WINDOW ? model->end : WINDOW, got, gap = 0;

	FUZZ_CHECK(file->truncated == model->truncated && file->size == model->end);
	/* What a block is a kdump's header says: not modelled. */
	if (model->truncated && !memcmp(model->bytes, "KDUMP   ", 8))
		return;
	if (model->truncated)
		size = fill_holes(model, size);
	got = dump_file_read_some(file, 0, buffer, size);
	while (gap < size && (model->written[gap] || !model->truncated))
		gap++;
	/* A complete file has zeros in its holes, a truncated one ends there. */
	FUZZ_CHECK(got == gap);
	FUZZ_CHECK(!memcmp(buffer, model->bytes, got));
	for (size_t at = 1; at < size; at += 1 + size / 7) {
		uint8_t byte;

		if (dump_file_read_some(file, at, &byte, 1))
			FUZZ_CHECK(byte == model->bytes[at] && (model->written[at] || !model->truncated));
		else
			FUZZ_CHECK(model->truncated && !model->written[at]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t image[4096 + 65536] = "makedumpfile\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1";
	static struct model model;
	struct dump_file *file;
	struct error error = { 0 };
	const char *path;

	if (size > 65536)
		return 0;
	memcpy(image + 4096, data, size);
	path = fuzz_file(0, image, 4096 + size);
	if (!dump_file_open(path, &file, &error))
		return fuzz_failed(&error);
	replay(&model, data, size);
	compare(file, &model);
	dump_file_close(file);
	/* And as a whole, where a dump's headers are in it. */
	if (model.bytes[0] == 'K' || model.bytes[0] == 0x7f)
		fuzz_dump(&path, 1);
	return 0;
}
