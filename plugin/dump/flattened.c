// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/flattened.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "dump/file.h"
#include "dump/kdump_header.h"

#define FLATTENED_HEADER_SIZE 4096
/* 24 bytes each. Writers use records of 16 KiB and more, so this is far above any real file. */
#define MAX_RECORDS (32u << 20)
#define DEFAULT_BLOCK 4096 /* where the stream is of no kdump file */

/* A run of logical bytes; sorted by offset and disjoint once the index is complete. */
struct record {
	uint64_t offset;	/* logical */
	uint64_t size;
	uint64_t file_offset;	/* of its bytes, on disk. Grows with age: a higher one overrides */
};

struct flattened {
	struct record *records;
	size_t nr_records;
	size_t capacity;
	/* already in order and disjoint, as writers that never rewrite leave them */
	bool sorted;
	uint64_t largest_hole;	/* of a stream that was cut: what its writer just sought over */
};

static bool append(struct flattened *flattened, struct record record, struct error *error)
{
	struct record *records;

	if (flattened->nr_records >= MAX_RECORDS)
		return error_set(error, ERROR_FORMAT,
				 "more than %u records in a flattened dump; rearrange it with "
				 "makedumpfile -R",
				 MAX_RECORDS);
	records = array_room(flattened->records, flattened->nr_records, &flattened->capacity,
			     sizeof(*records), "the index of a flattened dump", error);
	if (!records)
		return false;
	flattened->records = records;
	if (flattened->nr_records) {
		const struct record *last = &flattened->records[flattened->nr_records - 1];

		if (record.offset < last->offset + last->size)
			flattened->sorted = false;
	}
	flattened->records[flattened->nr_records++] = record;
	return true;
}

/* Reads all record headers. A record that makes no sense ends the file, like a missing end mark. */
static bool read_records(struct dump_file *file, struct flattened *flattened, struct error *error)
{
	uint64_t position = FLATTENED_HEADER_SIZE;

	flattened->sorted = true;
	file->truncated = true;
	while (flattened->nr_records < MAX_RECORDS) {
		struct record record;
		uint8_t header[16];

		if (dump_file_read_raw(file, position, header, sizeof(header)) != sizeof(header))
			return true;
		record.offset = bytes_u64(header, true);
		record.size = bytes_u64(header + 8, true);
		if (record.offset == UINT64_MAX) {
			file->truncated = false;
			return true;
		}
		if (record.offset > INT64_MAX || record.size > INT64_MAX - record.offset)
			return true;
		record.file_offset = position + sizeof(header);
		position = record.file_offset + record.size;
		if (position > file->raw_size)
			record.size = file->raw_size > record.file_offset ?
				      file->raw_size - record.file_offset : 0;
		if (record.size && !append(flattened, record, error))
			return false;
		if (position > file->raw_size)
			return true;
	}
	return error_set(error, ERROR_FORMAT,
			 "%s: more than %u flattened records; rearrange it with makedumpfile -R",
			 file->path, MAX_RECORDS);
}

static int compare_offsets(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* A max-heap of record indexes by age, for the sweep below. */
struct heap {
	const struct record *records;
	size_t *items;
	size_t size;
};

static bool newer(const struct heap *heap, size_t a, size_t b)
{
	return heap->records[heap->items[a]].file_offset >
	       heap->records[heap->items[b]].file_offset;
}

static void heap_swap(struct heap *heap, size_t a, size_t b)
{
	size_t item = heap->items[a];

	heap->items[a] = heap->items[b];
	heap->items[b] = item;
}

static void heap_push(struct heap *heap, size_t item)
{
	size_t i = heap->size++;

	heap->items[i] = item;
	for (; i && newer(heap, i, (i - 1) / 2); i = (i - 1) / 2)
		heap_swap(heap, i, (i - 1) / 2);
}

static void heap_pop(struct heap *heap)
{
	size_t i = 0, child;

	heap->items[0] = heap->items[--heap->size];
	while ((child = 2 * i + 1) < heap->size) {
		if (child + 1 < heap->size && newer(heap, child + 1, child))
			child++;
		if (!newer(heap, child, i))
			break;
		heap_swap(heap, i, child);
		i = child;
	}
}

/*
 * Cuts the records, sorted by offset, into disjoint ones: sweeps over the offsets and takes at each
 * the newest record that covers it. Every step of the inner loop starts or ends a record, so the
 * result is at most twice as long.
 */
static bool sweep(const struct record *in, size_t nr, struct heap *heap, struct flattened *out,
		  struct error *error)
{
	uint64_t at = 0;
	size_t next = 0;

	while (next < nr || heap->size) {
		const struct record *top;
		uint64_t end;

		if (!heap->size && in[next].offset > at)
			at = in[next].offset;
		while (next < nr && in[next].offset <= at)
			heap_push(heap, next++);
		while (heap->size && in[heap->items[0]].offset + in[heap->items[0]].size <= at)
			heap_pop(heap);
		if (!heap->size)
			continue;
		top = &in[heap->items[0]];
		end = top->offset + top->size;
		if (next < nr && in[next].offset < end)
			end = in[next].offset;
		if (!append(out,
			    (struct record){ at, end - at, top->file_offset + (at - top->offset) },
			    error))
			return false;
		at = end;
	}
	return true;
}

static bool make_disjoint(struct flattened *flattened, struct error *error)
{
	struct flattened out = { .sorted = true };
	struct heap heap = { .records = flattened->records };
	bool done;

	qsort(flattened->records, flattened->nr_records, sizeof(*flattened->records),
	      compare_offsets);
	heap.items = calloc(flattened->nr_records, sizeof(*heap.items));
	if (!heap.items)
		return error_no_memory(error, "sorting a flattened dump",
				       flattened->nr_records * sizeof(*heap.items));
	done = sweep(flattened->records, flattened->nr_records, &heap, &out, error);
	free(heap.items);
	free(flattened->records);
	*flattened = out;
	return done;
}

/*
 * Gaps between the records that are there: one of less than a block is what a writer left of its last block
 * (makedumpfile's bitmaps end so, unless memory ends at a multiple of 128 MiB). A longer one was to be filled later: the
 * descriptors of pages behind the cut, or with several cycles the rest of the second bitmap; zeros there would say that
 * the pages were excluded.
 */
static uint64_t find_largest_hole(const struct dump_file *file)
{
	struct kdump_header header;
	uint8_t start[KDUMP_SIGNATURE_SIZE];

	if (kdump_header_probe(start, dump_file_read_some(file, 0, start, sizeof(start))) &&
	    kdump_header_read(file, &header, NULL))
		return header.block_size - 1;
	return DEFAULT_BLOCK - 1;
}

bool flattened_open(struct dump_file *file, struct error *error)
{
	uint8_t header[32];
	struct flattened *flattened;
	const struct record *last;

	if (dump_file_read_raw(file, 0, header, sizeof(header)) != sizeof(header) ||
	    memcmp(header, "makedumpfile\0\0\0\0", 16) != 0)
		return true;
	if (bytes_u64(header + 16, true) != 1 || bytes_u64(header + 24, true) != 1)
		return error_set(error, ERROR_UNSUPPORTED,
				 "%s: a flattened dump of type %" PRIu64 " version %" PRIu64
				 ", only 1 and 1 are known",
				 file->path, bytes_u64(header + 16, true),
				 bytes_u64(header + 24, true));
	flattened = calloc(1, sizeof(*flattened));
	if (!flattened)
		return error_no_memory(error, "a flattened dump", sizeof(*flattened));
	file->flattened = flattened;
	if (!read_records(file, flattened, error))
		return false;
	if (!flattened->sorted && !make_disjoint(flattened, error))
		return false;
	file->size = 0;
	if (flattened->nr_records) {
		last = &flattened->records[flattened->nr_records - 1];
		file->size = last->offset + last->size;
	}
	flattened->largest_hole = file->truncated ? find_largest_hole(file) : UINT64_MAX;
	return true;
}

void flattened_close(struct flattened *flattened)
{
	if (!flattened)
		return;
	free(flattened->records);
	free(flattened);
}

/* The first record that ends above OFFSET, or nr_records. */
static size_t find_record(const struct flattened *flattened, uint64_t offset)
{
	size_t low = 0, high = flattened->nr_records;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct record *record = &flattened->records[middle];

		if (record->offset + record->size <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Is what lies before record I a gap that was meant to be one? */
static bool is_hole(const struct flattened *flattened, size_t i)
{
	uint64_t start = i ? flattened->records[i - 1].offset + flattened->records[i - 1].size : 0;

	return flattened->records[i].offset - start <= flattened->largest_hole;
}

uint64_t flattened_record_rest(const struct dump_file *file, uint64_t offset)
{
	const struct flattened *flattened = file->flattened;
	size_t i = find_record(flattened, offset);

	if (i == flattened->nr_records || flattened->records[i].offset > offset)
		return 0;
	return flattened->records[i].offset + flattened->records[i].size - offset;
}

int64_t flattened_read(const struct dump_file *file, uint64_t offset, void *buffer, size_t size)
{
	const struct flattened *flattened = file->flattened;
	size_t i = find_record(flattened, offset), done = 0;

	while (done < size && i < flattened->nr_records) {
		const struct record *record = &flattened->records[i];
		size_t length = size - done;
		uint64_t within;
		int64_t got;

		if (record->offset > offset) {
			if (!is_hole(flattened, i))
				break;
			if (length > record->offset - offset)
				length = record->offset - offset;
			memset((char *)buffer + done, 0, length);
			done += length;
			offset += length;
			continue;
		}
		within = offset - record->offset;
		if (length > record->size - within)
			length = record->size - within;
		got = dump_file_read_raw(file, record->file_offset + within, (char *)buffer + done,
					 length);
		if (got < 0)
			return -1;
		done += got;
		offset += got;
		if ((size_t)got < length)
			break;
		if (within + length == record->size)
			i++;
	}
	return done;
}
