// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Searching (kernel/memory/match.h, kernel/memory/scan.h) and gdb's find (target/vmcore_search.h) against loops that look at every place:
 * memory of few different bytes, so that nearly everything nearly matches, in a window whose pages lie anywhere in physical
 * memory, some unmapped and some missing.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "test_kernel_image.h"

#include "commands/output.h"	/* ARRAY_SIZE */
#include "kernel/memory/match.h"
#include "kernel/memory/scan.h"
#include "target/vmcore_search.h"

#define WINDOW 0xffffc90000000000ull
#define PAGES (IMAGE_SIZE / IMAGE_PAGE)
#define NO_PAGE UINT64_MAX

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

/* --- match.h --- */

struct hits {
	struct scan_hit list[1 << 19];
	size_t nr;
};

static bool add_match(void *context, size_t at, uint32_t pattern, uint64_t value)
{
	struct hits *hits = context;

	assert_true(hits->nr < ARRAY_SIZE(hits->list));
	hits->list[hits->nr++] = (struct scan_hit){ at, value, pattern, 0 };
	return true;
}

static uint64_t number_at(const uint8_t *data, size_t size, bool big_endian)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)data[big_endian ? size - 1 - i : i] << 8 * i;
	return value;
}

static void numbers(void **state)
{
	static uint8_t data[8192 + 64];
	struct hits *hits = calloc(1, sizeof(*hits));
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 600; round++) {
		size_t width = 2u << next(&seed) % 3, size = next(&seed) % 5000 / 8 * 8, count = 1 + next(&seed) % 4, nr = 0;
		bool big_endian = next(&seed) % 2, plain = next(&seed) % 2;
		struct scan_pattern patterns[4] = { 0 };
		struct matcher matcher;

		/* Bytes of 0 and 1, or zeros but for a few. */
		for (size_t i = 0; i < size; i++)
			data[i] = plain ? next(&seed) % 2 : next(&seed) % 100 == 0;
		for (size_t i = 0; i < count; i++) {
			patterns[i] = (struct scan_pattern){ .size = width,
							     .ignore = next(&seed) % 3 ? 0 : 0xff00 };
			for (size_t j = 0; j < width; j++)
				patterns[i].value |= next(&seed) % 2 << 8 * j;
		}
		match_prepare(&matcher, patterns, count, big_endian);
		hits->nr = 0;
		match_find(&matcher, data, size, size, add_match, hits);
		for (size_t at = 0; at + width <= size; at += width) {
			uint64_t value = number_at(data + at, width, big_endian);

			for (size_t i = 0; i < count; i++) {
				if ((value ^ patterns[i].value) & ~patterns[i].ignore)
					continue;
				assert_true(nr < hits->nr);
				assert_int_equal(hits->list[nr].address, at);
				assert_int_equal(hits->list[nr].pattern, i);
				assert_int_equal(hits->list[nr].value, value);
				nr++;
				break;
			}
		}
		assert_int_equal(nr, hits->nr);
	}
	free(hits);
}

/* HITS has all of text NUMBER's, ascending, and no other of it; returns how many. */
static size_t check_text(const struct hits *hits, size_t number, const struct scan_pattern *pattern, const char *data,
			 size_t size, size_t starts)
{
	size_t nr = 0, seen = 0;

	for (size_t at = 0; at < starts && at + pattern->size <= size; at++) {
		if (memcmp(data + at, pattern->text, pattern->size) != 0)
			continue;
		while (seen < hits->nr && hits->list[seen].pattern != number)
			seen++;
		assert_true(seen < hits->nr);
		assert_int_equal(hits->list[seen++].address, at);
		nr++;
	}
	return nr;
}

/* One or several texts; some of the memory is long enough that they are looked for part by part. */
static void texts(void **state)
{
	static char data[100000];
	struct hits *hits = calloc(1, sizeof(*hits));
	uint64_t seed = 2;

	(void)state;
	for (int round = 0; round < 600; round++) {
		bool is_long = round % 20 == 0;
		size_t size = is_long ? sizeof(data) - next(&seed) % 9000 : next(&seed) % 3000,
		       starts = is_long ? size - next(&seed) % 9 : next(&seed) % (size + 1),
		       count = 1 + next(&seed) % 3, nr = 0;
		char text[3][12];
		struct scan_pattern patterns[3];
		struct matcher matcher;

		for (size_t i = 0; i < size; i++)
			data[i] = 'a' + next(&seed) % 2;
		for (size_t i = 0; i < count; i++) {
			size_t length = is_long ? 10 + i : 1 + next(&seed) % 12;

			for (size_t j = 0; j < length; j++)
				text[i][j] = 'a' + next(&seed) % 2;
			patterns[i] = (struct scan_pattern){ .text = text[i], .size = length };
		}
		match_prepare(&matcher, patterns, count, false);
		hits->nr = 0;
		match_find(&matcher, (uint8_t *)data, size, starts, add_match, hits);
		for (size_t i = 0; i < count; i++)
			nr += check_text(hits, i, &patterns[i], data, size, starts);
		assert_int_equal(nr, hits->nr);
	}
	free(hits);
}

/* --- a window of scattered pages --- */

struct scattered {
	struct image *image;
	uint8_t *map;			/* the same memory as a file that is mapped; NULL = it is not */
	uint64_t physical[PAGES];	/* of each page of the window; NO_PAGE = not mapped */
};

/* The one that translate() is asked about: an op has no room for it. */
static struct scattered *current;

static bool translate(struct memory *memory, uint64_t root, uint64_t address, struct translation *translation,
		      struct error *error)
{
	uint64_t page = (address - WINDOW) / IMAGE_PAGE;

	(void)memory, (void)root;
	*translation = (struct translation){ .run = IMAGE_PAGE - address % IMAGE_PAGE };
	if (address < WINDOW || page >= PAGES || current->physical[page] == NO_PAGE) {
		if (address < WINDOW)
			translation->run = WINDOW - address;
		else if (page >= PAGES)
			translation->run = -address;
		return error_set(error, ERROR_NOT_MAPPED, "0x%llx is not mapped", (unsigned long long)address);
	}
	translation->physical = current->physical[page] + address % IMAGE_PAGE;
	translation->page_size = IMAGE_PAGE;
	return true;
}

static const void *map_pages(struct dump *dump, uint64_t pfn, size_t nr, size_t *nr_ret)
{
	const struct image *image = dump->private;

	for (*nr_ret = 0; *nr_ret < nr && pfn + *nr_ret < PAGES && !image->missing[pfn + *nr_ret];)
		++*nr_ret;
	return *nr_ret ? current->map + pfn * IMAGE_PAGE : NULL;
}

/* From now on a file holds the memory, but it has become shorter: touching its second half is a SIGBUS. */
static void map_half(struct scattered *scattered)
{
	static const struct dump_format mapped = { .name = "mapped", .read_page = image_read_page, .map_pages = map_pages };
	int fd = memfd_create("test_scan", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, scattered->image->memory, IMAGE_SIZE), IMAGE_SIZE);
	scattered->map = mmap(NULL, IMAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(scattered->map != MAP_FAILED);
	assert_int_equal(ftruncate(fd, IMAGE_SIZE / 2), 0);
	close(fd);
	scattered->image->dump.format = &mapped;
}

static struct scattered *scattered_new(uint64_t *seed, unsigned holes)
{
	struct scattered *scattered = calloc(1, sizeof(*scattered));
	struct image *image = image_new(NULL, NULL);

	scattered->image = image;
	image->arch.translate = translate;
	for (size_t i = 0; i < PAGES; i++)
		scattered->physical[i] = i * IMAGE_PAGE;
	for (size_t i = 0; i < PAGES; i++) {
		size_t other = next(seed) % PAGES;
		uint64_t page = scattered->physical[i];

		/* Some stay neighbours. */
		if (next(seed) % 2)
			continue;
		scattered->physical[i] = scattered->physical[other];
		scattered->physical[other] = page;
	}
	for (unsigned i = 0; i < holes; i++) {
		scattered->physical[next(seed) % PAGES] = NO_PAGE;
		image->missing[next(seed) % PAGES] = true;
	}
	for (size_t i = 0; i < IMAGE_SIZE; i++)
		image->memory[i] = 'a' + next(seed) % 2;
	current = scattered;
	return scattered;
}

static void scattered_free(struct scattered *scattered)
{
	if (scattered->map)
		munmap(scattered->map, IMAGE_SIZE);
	image_free(scattered->image);
	free(scattered);
}

static bool byte_at(const struct scattered *scattered, uint64_t offset, uint8_t *byte)
{
	uint64_t physical = offset < IMAGE_SIZE ? scattered->physical[offset / IMAGE_PAGE] : NO_PAGE;

	if (physical == NO_PAGE || scattered->image->missing[physical / IMAGE_PAGE])
		return false;
	*byte = scattered->image->memory[physical + offset % IMAGE_PAGE];
	return true;
}

static bool is_at(const struct scattered *scattered, uint64_t offset, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t byte;

		if (!byte_at(scattered, offset + i, &byte) || byte != (uint8_t)text[i])
			return false;
	}
	return true;
}

/* What stands at OFFSET of the window becomes the text; where a page is missing it is something else. */
static void copy_text(const struct scattered *scattered, uint64_t offset, char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!byte_at(scattered, offset + i, (uint8_t *)&text[i]))
			text[i] = 'x';
}

static bool add_hit(void *context, const struct scan_hit *hit)
{
	struct hits *hits = context;

	assert_true(hits->nr < ARRAY_SIZE(hits->list));
	hits->list[hits->nr++] = *hit;
	return true;
}

/* Two texts that stand somewhere, often across pages, in a part of the window; then numbers. */
static void scan_scattered(void **state)
{
	static char text[2][SCAN_MAX_TEXT];
	struct hits *hits = calloc(1, sizeof(*hits));
	uint64_t seed = 3;

	(void)state;
	for (int round = 0; round < 24; round++) {
		struct scattered *scattered = scattered_new(&seed, round % 3 * 20);
		uint64_t first = round % 2 ? next(&seed) % 10000 : 0, last = IMAGE_SIZE - 1 - (round % 2 ? next(&seed) % 9000 : 0);
		struct scan_pattern patterns[2];
		struct scan_runs runs = { 0 };
		struct scan_totals totals;
		struct error error;
		struct scan_request request = { .runs = &runs, .patterns = patterns, .nr_patterns = 2,
						.start = WINDOW + first, .last = WINDOW + last, .hit = add_hit, .context = hits };
		size_t nr = 0;

		for (size_t i = 0; i < 2; i++) {
			size_t size = round % 4 ? 5 + next(&seed) % 12 : 1 + next(&seed) % SCAN_MAX_TEXT;

			copy_text(scattered, next(&seed) % PAGES * IMAGE_PAGE + IMAGE_PAGE - size / 2, text[i], size);
			patterns[i] = (struct scan_pattern){ .text = text[i], .size = size };
		}
		if (round >= 12)
			map_half(scattered);
		hits->nr = 0;
		assert_true(scan_add_virtual(&scattered->image->kernel, 0, WINDOW + first, WINDOW + last, 0, &runs, &error));
		assert_true(scan(&scattered->image->kernel, &request, &totals, &error));
		for (uint64_t at = first; at <= last; at++) {
			for (size_t i = 0; i < 2; i++) {
				if (at + patterns[i].size - 1 > last || !is_at(scattered, at, text[i], patterns[i].size))
					continue;
				/* Hits of both at the same place may come in either order. */
				assert_true(nr < hits->nr);
				assert_int_equal(hits->list[nr].address, WINDOW + at);
				nr++;
			}
		}
		assert_int_equal(nr, hits->nr);
		scan_runs_free(&runs);
		scattered_free(scattered);
	}
	free(hits);
}

/* Every page is counted once and every number found once, mapped or not. */
static void scan_numbers(void **state)
{
	struct hits *hits = calloc(1, sizeof(*hits));
	uint64_t seed = 5;

	(void)state;
	for (int round = 0; round < 12; round++) {
		struct scattered *scattered = scattered_new(&seed, round % 3 * 20);
		struct scan_pattern pattern = { .size = 4, .value = 0x61626261 };
		struct scan_runs runs = { 0 };
		struct scan_totals totals;
		struct scan_request request = { .runs = &runs, .patterns = &pattern, .nr_patterns = 1, .start = WINDOW,
						.last = WINDOW + IMAGE_SIZE - 1, .hit = add_hit, .context = hits };
		size_t nr = 0, pages = 0;
		uint8_t byte;

		if (round >= 6)
			map_half(scattered);
		hits->nr = 0;
		assert_true(scan_add_virtual(&scattered->image->kernel, 0, WINDOW, request.last, 0, &runs, NULL));
		assert_true(scan(&scattered->image->kernel, &request, &totals, NULL));
		for (uint64_t at = 0; at < IMAGE_SIZE; at += 4) {
			pages += at % IMAGE_PAGE == 0 && byte_at(scattered, at, &byte);
			if (is_at(scattered, at, "abba", 4))
				assert_int_equal(hits->list[nr++].address, WINDOW + at);
		}
		assert_int_equal(nr, hits->nr);
		assert_true(nr > 1000);
		assert_int_equal(totals.pages_searched, pages);
		scan_runs_free(&runs);
		scattered_free(scattered);
	}
	free(hits);
}

static bool never(void *context)
{
	(void)context;
	return false;
}

static bool at_once(void *context)
{
	(void)context;
	return true;
}

/* Found, or looked through as far as the first page that cannot be read, but no farther and not less than a page less. */
static void find(void **state)
{
	static char text[200];
	uint64_t seed = 4;

	(void)state;
	for (int round = 0; round < 90; round++) {
		struct scattered *scattered = scattered_new(&seed, round % 3 ? round % 5 : 0);
		uint64_t first = next(&seed) % 100000, size = 300 + next(&seed) % (IMAGE_SIZE - first - 300), at, end, expected;
		struct target_search search = { .address = WINDOW + first, .size = size, .pattern = text, .give_up = never,
						.pattern_size = 10 + next(&seed) % 190 };
		bool found, there = false;
		uint8_t byte;

		if (round >= 60)
			map_half(scattered);
		copy_text(scattered, first + next(&seed) % size, text, search.pattern_size);
		for (end = first; end < first + size && byte_at(scattered, end, &byte); end++)
			;
		for (expected = first; !there && expected + search.pattern_size <= end; expected += !there)
			there = is_at(scattered, expected, text, search.pattern_size);
		found = vmcore_search(&scattered->image->kernel, 0, &search, &at);
		assert_int_equal(found, there);
		assert_int_equal(at, WINDOW + (found ? expected : end));
		search.give_up = at_once;
		if (!vmcore_search(&scattered->image->kernel, 0, &search, &at))
			assert_in_range(at, search.address, WINDOW + end);
		scattered_free(scattered);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers), cmocka_unit_test(texts), cmocka_unit_test(scan_scattered), cmocka_unit_test(scan_numbers),
		cmocka_unit_test(find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
