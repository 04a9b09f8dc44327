/*
 * tests/rig/recompress.c: rewrites an uncompressed kdump file with its pages compressed by snappy or zstd,
 * because Debian builds makedumpfile without snappy, and Debian 12 without zstd too.
 *
 *   recompress snappy|zstd RAW-KDUMP OUT
 *
 * The format: header block, sub-header blocks, two bitmaps of equal size (pages that exist; pages that are in
 * the file), one descriptor for each page of the second, then the pages. Only descriptors and pages change,
 * and the header's status.
 */
#include <err.h>
#include <fcntl.h>
#include <snappy-c.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

/* Where in the header block (x86_64) the fields are that matter here. */
enum { STATUS = 424, BLOCK_SIZE = 428, SUB_HEADER_BLOCKS = 432, BITMAP_BLOCKS = 436 };

enum { SNAPPY = 4, ZSTD = 0x20, ALL_COMPRESSIONS = 1 | 2 | 4 | 0x20 }; /* in the status and in descriptors */

struct descriptor {
	int64_t offset;
	uint32_t size;
	uint32_t flags;
	uint64_t page_flags;
};

static uint32_t field(const char *header, int offset)
{
	uint32_t value;

	memcpy(&value, header + offset, sizeof(value));
	return value;
}

static size_t compress_page(int how, const char *page, size_t size, char *out, size_t space)
{
	size_t length = space;

	if (how == SNAPPY)
		return snappy_compress(page, size, out, &length) == SNAPPY_OK ? length : size;
	length = ZSTD_compress(out, space, page, size, 1);
	return ZSTD_isError(length) ? size : length;
}

int main(int argc, char **argv)
{
	int how = argc == 4 && !strcmp(argv[1], "snappy") ? SNAPPY : ZSTD, file;
	uint64_t count = 0, i, position;
	size_t block, before, bitmap;
	struct descriptor *pages;
	struct stat status;
	uint32_t flags;
	char *in, *out;
	FILE *result;

	if (argc != 4)
		errx(2, "usage: recompress snappy|zstd RAW-KDUMP OUT");
	file = open(argv[2], O_RDONLY);
	if (file < 0 || fstat(file, &status))
		err(1, "%s", argv[2]);
	in = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	if (in == MAP_FAILED || status.st_size < 4096 || memcmp(in, "KDUMP   ", 8))
		errx(1, "%s is not a kdump file", argv[2]);
	block = field(in, BLOCK_SIZE);
	bitmap = block * field(in, BITMAP_BLOCKS) / 2;
	before = block * (1 + field(in, SUB_HEADER_BLOCKS)) + 2 * bitmap;
	for (i = 0; i < bitmap / 8; i++) {
		uint64_t word;

		memcpy(&word, in + before - bitmap + i * 8, 8);
		count += __builtin_popcountll(word);
	}
	flags = (field(in, STATUS) & ~ALL_COMPRESSIONS) | how;
	memcpy(in + STATUS, &flags, sizeof(flags));

	/* The mapping is private, so descriptors are rewritten in place and written last. */
	pages = (struct descriptor *)(in + before);
	position = before + count * sizeof(*pages);
	out = malloc(block * 2 + 1024);
	result = fopen(argv[3], "w");
	if (!out || !result || fseek(result, position, SEEK_SET))
		err(1, "%s", argv[3]);
	for (i = 0; i < count; i++) {
		const char *page = in + pages[i].offset;
		size_t size;

		if (pages[i].size != block || pages[i].flags)
			errx(1, "%s: page %llu is compressed already", argv[2], (unsigned long long)i);
		size = compress_page(how, page, block, out, block * 2 + 1024);
		pages[i].flags = size < block ? how : 0;
		pages[i].size = size < block ? size : block;
		pages[i].offset = position;
		fwrite(size < block ? out : page, 1, pages[i].size, result);
		position += pages[i].size;
	}
	rewind(result);
	fwrite(in, 1, before + count * sizeof(*pages), result);
	if (ferror(result) || fclose(result))
		err(1, "%s", argv[3]);
	return 0;
}
