// SPDX-License-Identifier: GPL-3.0-or-later
/* The kernel log out of hand-made buffers, whole and damaged. Layouts: Documentation/admin-guide/kdump/vmcoreinfo.rst. */
#include "test_kernel_image.h"

#include "base/buffer.h"
#include "commands/command.h"
#include "kernel/system/log.h"

struct seen {
	size_t count;
	struct log_record records[64];
	char texts[64][200], dictionaries[64][200];
	size_t stop_after;
};

static bool see(void *context, const struct log_record *record)
{
	struct seen *seen = context;

	assert_true(seen->count < 64);
	seen->records[seen->count] = *record;
	snprintf(seen->texts[seen->count], 200, "%.*s", (int)record->size, record->text);
	snprintf(seen->dictionaries[seen->count], 200, "%s", record->dictionary ? record->dictionary : "");
	seen->count++;
	return seen->count != seen->stop_after;
}

/* The same for those that have a text. */
static bool see_text(void *context, const struct log_record *record)
{
	return !record->size || see(context, record);
}

static struct image *ring_image(void)
{
	struct image *image = image_new(NULL, RING_VMCOREINFO);

	image_symbol(image, "prb", RING_POINTER, 8);
	image_ready(image);
	return image;
}

static void plain_records(void **state)
{
	struct image *image = ring_image();
	struct seen seen = { 0 };

	(void)state;
	ring_init(image, 3, 8, 5, 7);
	ring_block(image, 0x40, 5, "first");
	ring_desc(image, 5, 5, RING_FINALIZED, 0x40, 0x50, 1500000000, 5, 0, 6);
	image_put_number(image, RING_INFOS + 5 * 88 + 20, 4711, 4);
	ring_block(image, 0x50, 6, "usb hub");
	ring_desc(image, 6, 6, RING_FINALIZED, 0x50, 0x60, 1500000001, 7, 3, 4);
	image_put_string(image, RING_INFOS + 6 * 88 + 24, "usb");
	image_put_string(image, RING_INFOS + 6 * 88 + 40, "c189:0");
	image_put_number(image, RING_INFOS + 6 * 88 + 20, 0x80000002, 4);
	ring_block(image, 0x60, 7, "still open");
	ring_desc(image, 7, 7, RING_COMMITTED, 0x60, 0x78, 1500000002, 10, 0, 0);
	assert_true(log_for_each(&image->kernel, see, &seen, NULL));
	assert_int_equal(seen.count, 3);
	assert_string_equal(seen.texts[0], "first");
	assert_int_equal(seen.records[0].sequence, 5 + 8);	/* by its ID */
	assert_int_equal(seen.records[0].timestamp, 1500000000);
	assert_int_equal(seen.records[0].level, 6);
	assert_true(seen.records[0].has_caller);
	assert_int_equal(seen.records[0].caller, 4711);
	assert_null(seen.records[0].dictionary);
	assert_string_equal(seen.texts[1], "usb hub");
	assert_int_equal(seen.records[1].level, 4);
	assert_int_equal(seen.records[1].facility, 3);
	assert_int_equal(seen.records[1].caller, 0x80000002);
	assert_string_equal(seen.dictionaries[1], "SUBSYSTEM=usb\nDEVICE=c189:0");
	assert_string_equal(seen.texts[2], "still open");
	image_free(image);
}

/* IDs go round the descriptors, the text goes round the data, and one block ends exactly with it (as newer kernels do). */
static void wrapped(void **state)
{
	struct image *image = ring_image();
	struct seen seen = { 0 };

	(void)state;
	ring_init(image, 2, 8, 9, 12);
	ring_block(image, 0xc0, 9, "last of the turn");		/* 0x7c0 - 0x7d8 */
	ring_desc(image, 1, 9, RING_FINALIZED, 0x7c0, 0x7d8, 0, 16, 0, 6);
	ring_block(image, 0x00, 10, "moved to the start");	/* would not fit at 0x7f8: index 0, next 0x820 */
	ring_desc(image, 2, 10, RING_FINALIZED, 0x7f8, 0x820, 0, 18, 0, 6);
	ring_block(image, 0x20, 11, "after it");
	ring_desc(image, 3, 11, RING_FINALIZED, 0x820, 0x830, 0, 8, 0, 6);
	ring_block(image, 0xe8, 12, "to the very end");
	ring_desc(image, 0, 12, RING_FINALIZED, 0x8e8, 0x900, 0, 15, 0, 6);
	assert_true(log_for_each(&image->kernel, see, &seen, NULL));
	assert_int_equal(seen.count, 4);
	assert_string_equal(seen.texts[0], "last of the turn");
	assert_string_equal(seen.texts[1], "moved to the start");
	assert_string_equal(seen.texts[2], "after it");
	assert_string_equal(seen.texts[3], "to the very end");
	image_free(image);
}

/* The first IDs and positions of a fresh ring are just below the overflow (DESC0_ID, BLK0_LPOS), so all of them wrap soon. */
static void numbers_overflow(void **state)
{
	struct image *image = ring_image();
	uint64_t last_id = (1ull << 62) - 1;
	struct seen seen = { 0 };

	(void)state;
	ring_init(image, 2, 8, last_id, 1);
	ring_block(image, 0xe0, last_id, "before");
	ring_desc(image, 3, last_id, RING_FINALIZED, -0x20ull, -0x10ull, 0, 6, 0, 6);
	ring_block(image, 0x00, 0, "around the corner");
	ring_desc(image, 0, 0, RING_FINALIZED, -0x10ull, 0x20, 0, 17, 0, 6);
	ring_block(image, 0x20, 1, "after");
	ring_desc(image, 1, 1, RING_FINALIZED, 0x20, 0x30, 0, 5, 0, 6);
	assert_true(log_for_each(&image->kernel, see, &seen, NULL));
	assert_int_equal(seen.count, 3);
	assert_string_equal(seen.texts[0], "before");
	assert_string_equal(seen.texts[1], "around the corner");
	assert_string_equal(seen.texts[2], "after");

	/* a block that ends where the positions become 0 again */
	memset(&seen, 0, sizeof(seen));
	ring_init(image, 2, 8, last_id, last_id);
	ring_desc(image, 3, last_id, RING_FINALIZED, -0x20ull, 0, 0, 6, 0, 6);
	assert_true(log_for_each(&image->kernel, see, &seen, NULL));
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.texts[0], "before");
	image_free(image);
}

static void states_and_empty_lines(void **state)
{
	struct image *image = ring_image();
	struct seen seen = { 0 };
	struct error error;

	(void)state;
	ring_init(image, 3, 8, 0, 4);
	ring_desc(image, 0, 0, RING_REUSABLE, 0, 0x10, 0, 1, 0, 6);
	ring_desc(image, 1, 1, RING_FINALIZED, 3, 3, 0, 0, 0, 6);		/* an empty line */
	ring_desc(image, 2, 2, RING_RESERVED, 0x10, 0x20, 0, 1, 0, 6);
	ring_block(image, 0x20, 3, "good");
	ring_desc(image, 3, 3, RING_FINALIZED, 0x20, 0x30, 0, 4, 0, 6);
	ring_desc(image, 4, 4, RING_RESERVED, 0x30, 0x40, 0, 4, 0, 6);
	assert_true(log_for_each(&image->kernel, see, &seen, NULL));
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.records[0].size, 0);
	assert_string_equal(seen.texts[1], "good");

	/* no room for the text, another record's descriptor */
	memset(&seen, 0, sizeof(seen));
	ring_desc(image, 1, 1, RING_FINALIZED, 1, 1, 0, 9, 0, 6);
	ring_block(image, 0x10, 2, "x");
	ring_desc(image, 2, 10, RING_FINALIZED, 0x10, 0x20, 0, 1, 0, 6);
	assert_false(log_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.texts[0], "good");
	assert_int_equal(error.kind, ERROR_CORRUPT);
	assert_non_null(strstr(error.text, "2 records"));
	image_free(image);
}

/* A record that is damaged costs itself only. */
static void one_bad_record(void **state)
{
	static const struct {
		uint64_t begin, next, owner;
		size_t length;
	} bad[] = {
		{ 0x10, 0x14, 1, 0 },		/* smaller than the ID */
		{ 0x20, 0x10, 1, 1 },		/* backwards */
		{ 0x10, 0x310, 1, 1 },		/* three turns long */
		{ 0x10, 0x20, 99, 1 },		/* somebody else's */
		{ 0xfe, 0xff8, 1, 1 },
		{ 0x7ffffffffffffffe, 2, 1, 4 },
	};
	struct image *image = ring_image();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct seen seen = { 0 };
		struct error error;

		ring_init(image, 3, 8, 1, 2);
		ring_block(image, 0x10, bad[i].owner, "x");
		ring_desc(image, 1, 1, RING_FINALIZED, bad[i].begin, bad[i].next, 0, bad[i].length, 0, 6);
		ring_block(image, 0x40, 2, "good");
		ring_desc(image, 2, 2, RING_FINALIZED, 0x40, 0x50, 0, 4, 0, 6);
		assert_false(log_for_each(&image->kernel, see, &seen, &error));
		assert_int_equal(error.kind, ERROR_CORRUPT);
		assert_int_equal(seen.count, 1);
		assert_string_equal(seen.texts[0], "good");
	}
	image_free(image);
}

/* What of a record can be known otherwise is shown, and it is said that it was inferred. */
static void damaged_records(void **state)
{
	struct image *image = ring_image();
	struct seen seen = { 0 };
	struct error error;
	char text[16];

	(void)state;
	ring_init(image, 3, 8, 0, 5);
	for (unsigned i = 0; i < 6; i++) {
		snprintf(text, sizeof(text), "text %u\nu %u\n", i, i);	/* as if a level had been moved over */
		ring_block(image, i * 0x20, i, text);
		ring_desc(image, i, i, RING_FINALIZED, i * 0x20, i * 0x20 + 0x18, i, 6, 0, 6);
	}
	assert_true(log_for_each(&image->kernel, see, &seen, &error));
	image_put_number(image, RING_INFOS + 0 * 88, 77, 8);			/* its number */
	image_put_number(image, RING_INFOS + 1 * 88 + 8, ~0ull, 8);		/* its time */
	memset(&seen, 0, sizeof(seen));
	assert_false(log_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(error.kind, ERROR_PARTIAL);
	assert_non_null(strstr(error.text, "2 records of the log are damaged; the first: record 8 says that it is number 77"));
	assert_int_equal(seen.count, 6);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(seen.records[i].sequence, 8 + i);
		assert_int_equal(seen.records[i].timestamp_unknown, i == 1);
	}
	/* Its length: too long, and none although there is a block. */
	ring_init(image, 3, 8, 2, 5);
	for (unsigned i = 2; i < 4; i++) {
		ring_block(image, i * 0x20, i, i == 2 ? "seven bytes and more" : "0123456789abcdefgh");
		ring_desc(image, i, i, RING_FINALIZED, i * 0x20, i * 0x20 + 0x20, i, i == 2 ? 60000 : 0, 0, 6);
	}
	memset(&seen, 0, sizeof(seen));
	assert_false(log_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(error.kind, ERROR_PARTIAL);
	assert_int_equal(seen.count, 4);
	assert_string_equal(seen.texts[0], "seven bytes and more");
	assert_string_equal(seen.texts[1], "0123456789abcdefgh");
	assert_non_null(strstr(error.text, "its length is said to be 60000 bytes"));
	/* In the middle nothing is being written, and nothing is free. */
	ring_init(image, 9, 13, 0, 300);
	for (unsigned i = 0; i <= 300; i++)
		ring_desc(image, i, i, i == 150 ? RING_RESERVED : i == 151 ? RING_REUSABLE : RING_FINALIZED, 3, 3, i, 0, 0, 6);
	image_put_number(image, RING_DESCS + 152 * 24, 0, 8);
	memset(&seen, 0, sizeof(seen));
	assert_false(log_for_each(&image->kernel, see_text, &seen, &error));
	assert_non_null(strstr(error.text, "3 records of the log could not be read; the first: the descriptor of record 662 "
			       "says that it is of record 662, which is not written yet"));
	image_free(image);
}

static void absurd_sizes(void **state)
{
	static const uint8_t bits[] = { 0, 27, 60, 64, 255 };
	struct image *image = ring_image();
	struct seen seen = { 0 };
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(bits); i++) {
		ring_init(image, bits[i], 8, 0, 0);
		assert_false(log_for_each(&image->kernel, see, &seen, &error));
		assert_int_equal(error.kind, ERROR_CORRUPT);
	}
	for (size_t i = 0; i < sizeof(bits); i++) {
		ring_init(image, 3, bits[i] == 27 ? 32 : bits[i], 0, 0);
		assert_false(log_for_each(&image->kernel, see, &seen, &error));
	}
	/* the ends are farther apart than the ring is big: only what the ring can hold is looked at */
	ring_init(image, 3, 8, 0, 1000000);
	assert_false(log_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(seen.count, 0);
	/* a ring in memory that does not exist */
	image_put_number(image, RING_PRB + 8, 0xffffc90000000000ull, 8);
	assert_false(log_for_each(&image->kernel, see, &seen, &error));
	image_put_number(image, RING_POINTER, 8, 8);
	assert_false(log_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(seen.count, 0);
	image_free(image);
}

static void missing_page(void **state)
{
	struct image *image = ring_image();
	struct seen seen = { 0 };
	struct error error;

	(void)state;
	ring_init(image, 3, 14, 1, 3);
	ring_block(image, 0x0, 1, "on the first page");
	ring_desc(image, 1, 1, RING_FINALIZED, 0x0, 0x20, 0, 17, 0, 6);
	ring_block(image, 0xff0, 2, "across two pages");
	ring_desc(image, 2, 2, RING_FINALIZED, 0xff0, 0x1010, 0, 16, 0, 6);
	ring_block(image, 0x2000, 3, "on the third page");
	ring_desc(image, 3, 3, RING_FINALIZED, 0x2000, 0x2020, 0, 17, 0, 6);
	assert_true(log_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(seen.count, 3);
	assert_string_equal(seen.texts[1], "across two pages");
	image->missing[RING_DATA / IMAGE_PAGE + 1] = true;
	memset(&seen, 0, sizeof(seen));
	assert_false(log_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(error.kind, ERROR_EXCLUDED);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.texts[1], "on the third page");
	image_free(image);
}

/* Descriptors of a page that is not there are counted, not read one by one: 24 bytes each, 170 (in part) to 341. */
static void missing_descriptors(void **state)
{
	struct image *image = ring_image();
	struct seen seen = { 0 };
	struct error error;

	(void)state;
	ring_init(image, 9, 14, 0, 511);
	for (unsigned i = 0; i < 512; i++)
		ring_desc(image, i, i, RING_FINALIZED, 3, 3, 0, 0, 0, 6);	/* empty lines */
	ring_block(image, 0, 169, "before");
	ring_desc(image, 169, 169, RING_FINALIZED, 0, 0x10, 0, 6, 0, 6);
	ring_block(image, 0x10, 342, "behind");
	ring_desc(image, 342, 342, RING_FINALIZED, 0x10, 0x20, 0, 6, 0, 6);
	image->missing[RING_DESCS / IMAGE_PAGE + 1] = true;
	assert_false(log_for_each(&image->kernel, see_text, &seen, &error));
	assert_int_equal(error.kind, ERROR_EXCLUDED);
	assert_memory_equal(error.text, "172 records of the log", 22);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.texts[0], "before");
	assert_string_equal(seen.texts[1], "behind");
	/* 2^26 of them where there is no memory: at once, not after minutes. */
	image_put_number(image, RING_PRB, 26, 4);
	image_put_number(image, RING_PRB + 24, (1 << 26) - 1, 8);
	image_put_number(image, RING_PRB + 8, 0xffffc90000000000ull, 8);
	assert_false(log_for_each(&image->kernel, see, &seen, &error));
	assert_memory_equal(error.text, "67108864 records of the log", 27);
	image_free(image);
}

static bool always(void *context)
{
	(void)context;
	return true;
}

static void stops_when_told(void **state)
{
	static const char *const texts[] = { "one", "two", "three", NULL };
	struct image *image = ring_image();
	struct seen seen = { .stop_after = 2 };
	struct error error;

	(void)state;
	ring_of(image, texts);
	assert_true(log_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(seen.count, 2);
	/* Ctrl-C in a big ring */
	ring_init(image, 12, 13, 0, 4095);
	image->kernel.interrupted = always;
	assert_false(log_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(error.kind, ERROR_INTERRUPTED);
	image_free(image);
}

/* --- records of 3.5 to 5.9 --- */

#define RECORD(type) \
	SIZE_OF(type, 16), \
	MEMBER(type, "ts_nsec", 0, 8), \
	MEMBER(type, "len", 8, 2), \
	MEMBER(type, "text_len", 10, 2), \
	MEMBER(type, "dict_len", 12, 2), \
	MEMBER(type, "facility", 14, 1), \
	MEMBER(type, "level", 15, 1, .bit_offset = 5, .bit_size = 3)

static const struct image_member record_members[] = { RECORD("printk_log"), { 0 } };
/* The same, before 3.11. */
static const struct image_member oldest_members[] = { RECORD("log"), { 0 } };

#define BUFFER 0x10000

static struct image *records_image_of(const struct image_member *members, uint32_t size, uint32_t first, uint32_t next)
{
	struct image *image = image_new(members, NULL);

	image_symbol(image, "log_buf", 0x100, 8);
	image_symbol(image, "log_buf_len", 0x108, 4);
	image_symbol(image, "log_first_idx", 0x10c, 4);
	image_symbol(image, "log_next_idx", 0x110, 4);
	image_symbol(image, "log_first_seq", 0x118, 8);
	image_symbol(image, "log_next_seq", 0x120, 8);
	image_ready(image);
	image_put_number(image, 0x100, IMAGE_BASE + BUFFER, 8);
	image_put_number(image, 0x108, size, 4);
	image_put_number(image, 0x10c, first, 4);
	image_put_number(image, 0x110, next, 4);
	image_put_number(image, 0x118, 40, 8);
	return image;
}

static struct image *records_image(uint32_t size, uint32_t first, uint32_t next)
{
	return records_image_of(record_members, size, first, next);
}

static void put_log(struct image *image, uint64_t offset, unsigned length, const char *text, const char *dict,
		    size_t dict_length)
{
	offset += BUFFER;
	image_put_number(image, offset, 2000000000, 8);
	image_put_number(image, offset + 8, length, 2);
	image_put_number(image, offset + 10, strlen(text), 2);
	image_put_number(image, offset + 12, dict_length, 2);
	image_put_number(image, offset + 14, 3, 1);
	image_put_number(image, offset + 15, 5 << 5 | 0x6, 1);
	image_put(image, offset + 16, text, strlen(text));
	image_put(image, offset + 16 + strlen(text), dict, dict_length);
}

/* A cleared header. */
static void put_wrap(struct image *image, uint64_t offset)
{
	image_put_number(image, BUFFER + offset, 0, 8);
	image_put_number(image, BUFFER + offset + 8, 0, 8);
}

static void check_old_records(const struct image_member *members)
{
	static const char dict[] = "SUBSYSTEM=pci\0DEVICE=+pci:0000:00:1f.2";
	struct image *image = records_image_of(members, 0x200, 0x100, 0x40);
	struct seen seen = { 0 };

	put_log(image, 0x100, 0x40, "ahci", dict, sizeof(dict) - 1);
	put_log(image, 0x140, 0x18, "second", "", 0);
	put_wrap(image, 0x158);
	put_log(image, 0x000, 0x20, "third, aligned", "", 0);
	put_log(image, 0x020, 0x20, "two\nlines", "", 0);
	assert_true(log_for_each(&image->kernel, see, &seen, NULL));
	assert_int_equal(seen.count, 4);
	assert_string_equal(seen.texts[0], "ahci");
	assert_string_equal(seen.dictionaries[0], "SUBSYSTEM=pci\nDEVICE=+pci:0000:00:1f.2");
	assert_int_equal(seen.records[0].sequence, 40);
	assert_int_equal(seen.records[0].timestamp, 2000000000);
	assert_int_equal(seen.records[0].facility, 3);
	assert_int_equal(seen.records[0].level, 5);
	assert_false(seen.records[0].has_caller);
	assert_string_equal(seen.texts[2], "third, aligned");
	assert_string_equal(seen.texts[3], "two\nlines");
	assert_int_equal(seen.records[3].sequence, 43);
	image_free(image);
}

static void old_records(void **state)
{
	(void)state;
	check_old_records(record_members);
	check_old_records(oldest_members);
}

/* 8 records of 0x20 bytes from FIRST on, of a buffer of 0x200; what does not fit goes to the start. */
static struct image *eight_records(uint32_t first)
{
	struct image *image = records_image(0x200, first, first ? 0x20 : 0x100);
	uint32_t offset = first;
	char text[32];

	image_put_number(image, 0x120, 48, 8);
	for (unsigned i = 0; i < 8; i++, offset += 0x20) {
		if (offset + 0x20 + 16 > 0x200) {
			put_wrap(image, offset);
			offset = 0;
		}
		snprintf(text, sizeof(text), "this is no %u", i);
		put_log(image, offset, 0x20, text, "", 0);
		image_put_number(image, BUFFER + offset, 2000000000 + i, 8);
	}
	return image;
}

/* All but number BAD are there; what was counted of those behind it is said to be not known. */
static void check_without(struct image *image, unsigned bad)
{
	struct seen seen = { 0 };
	struct error error;
	char text[32];

	assert_false(log_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	if (!strstr(error.text, "1 record of the log could not be read"))
		fail_msg("%u: %s", bad, error.text);
	assert_int_equal(seen.count, 7);
	for (unsigned i = 0; i < 7; i++) {
		snprintf(text, sizeof(text), "this is no %u", i + (i >= bad));
		assert_string_equal(seen.texts[i], text);
		assert_int_equal(seen.records[i].sequence_unknown, i >= bad);
	}
}

/* What comes after a damaged record is found by its form: nothing that is in the middle of a text, nothing twice. */
static void old_records_damaged(void **state)
{
	/* what `len` or `text_len` is instead: too short, too long, plausible, nothing */
	static const uint16_t lengths[] = { 8, 0x18, 0x21, 0x30, 0x40, 0xfff0, 0 }, texts[] = { 0, 3, 60, 0xffff };

	(void)state;
	for (uint32_t first = 0; first <= 0x100; first += 0x100) {
		for (unsigned bad = 0; bad < 8; bad++) {
			/* From 0x100 on 7 fit, then there is room for a header: 0x100 to 0x1e0. */
			uint32_t at = first + 0x20 * bad < 0x1e0 ? first + 0x20 * bad : 0x20 * bad - 0xe0;

			for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
				struct image *image = eight_records(first);

				image_put_number(image, BUFFER + at + 8, lengths[i], 2);
				check_without(image, bad);
				image_free(image);
			}
			for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
				struct image *image = eight_records(first);

				image_put_number(image, BUFFER + at + 10, texts[i], 2);
				check_without(image, bad);
				image_free(image);
			}
		}
	}
}

static bool count_one(void *context, const struct log_record *record)
{
	(void)record;
	++*(size_t *)context;
	return true;
}

/* A page is missing: how many records were in it the kernel's own numbers say. */
static void old_records_missing_page(void **state)
{
	struct image *image = records_image(0x4000, 0, 0x3000);
	struct error error;
	size_t count = 0;

	(void)state;
	image_put_number(image, 0x120, 40 + 3 * 128, 8);
	for (uint32_t offset = 0; offset < 0x3000; offset += 0x20)
		if (offset / 0x1000 != 1)
			put_log(image, offset, 0x20, "as all others", "", 0);
	image->missing[BUFFER / IMAGE_PAGE + 1] = true;
	assert_false(log_for_each(&image->kernel, count_one, &count, &error));
	assert_int_equal(count, 256);
	assert_non_null(strstr(error.text, "128 records of the log could not be read"));
	image_free(image);
}

/* Nothing leads to what is behind, and it has no form: that is said. */
static void old_records_hopeless(void **state)
{
	struct image *image = records_image(0x200, 0, 0x40);
	struct seen seen = { 0 };
	struct error error;

	(void)state;
	put_log(image, 0x00, 0x18, "good", "", 0);
	put_log(image, 0x18, 0x18, "longer than its record", "", 0);
	assert_false(log_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	assert_int_equal(seen.count, 1);
	image_put_number(image, 0x110, 0x1000, 4);
	assert_false(log_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	image_free(image);
}

static void no_log_at_all(void **state)
{
	struct image *image = image_new(NULL, NULL);
	struct seen seen = { 0 };
	struct error error;

	(void)state;
	image_ready(image);
	assert_false(log_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(error.kind, ERROR_NO_SYMBOL);
	image_free(image);
}

/* --- the command --- */

static bool collect(void *context, const char *text, size_t size)
{
	buffer_append(context, text, size);
	return true;
}

static bool run_log(struct image *image, const char *text, struct buffer *shown, struct error *error)
{
	struct output *output = output_text_new(collect, NULL, shown);
	struct arguments arguments;
	char *storage = NULL;
	bool json, good;

	buffer_clear(shown);
	good = command_parse(&command_log, text, &arguments, &storage, &json, error) &&
	       command_log.run(&image->kernel, &arguments, output, NULL, error);
	output_text_flush(output);
	output_text_free(output);
	free(storage);
	return good;
}

static void command_output(void **state)
{
	struct image *image = ring_image();
	struct buffer shown = { 0 };
	struct error error;

	(void)state;
	ring_init(image, 3, 8, 1, 2);
	ring_block(image, 0x10, 1, "one\nmore\x1b[2J");
	ring_desc(image, 1, 1, RING_FINALIZED, 0x10, 0x30, 12345678999, 12, 0, 6);
	image_put_string(image, RING_INFOS + 1 * 88 + 24, "usb");
	image_put_number(image, RING_INFOS + 1 * 88 + 20, 7, 4);
	ring_block(image, 0x30, 2, "bad");
	ring_desc(image, 2, 2, RING_FINALIZED, 0x30, 0x40, 123456000000000, 3, 3, 3);
	image_put_number(image, RING_INFOS + 2 * 88 + 20, 0x80000001, 4);
	assert_true(run_log(image, "", &shown, &error));
	assert_string_equal(shown.data, "[   12.345678] one\n               more\\x1b[2J\n[123456.000000] bad\n");
	assert_true(run_log(image, "-t -m -c -d", &shown, &error));
	assert_string_equal(shown.data, "<6>[    T7] one\n            more\\x1b[2J\n            SUBSYSTEM=usb\n"
					"<27>[    C1] bad\n");
	assert_true(run_log(image, "-t -l err+", &shown, &error));
	assert_string_equal(shown.data, "bad\n");
	assert_true(run_log(image, "-t -l 6,warn", &shown, &error));
	assert_string_equal(shown.data, "one\nmore\\x1b[2J\n");
	assert_false(run_log(image, "-l loud", &shown, &error));
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_false(run_log(image, "-T", &shown, &error));	/* no timekeeper here */
	/* damage: what is good, and a failure that says how much is lost */
	ring_desc(image, 1, 1, RING_FINALIZED, 0x10, 0x14, 0, 12, 0, 6);
	assert_false(run_log(image, "-t", &shown, &error));
	assert_int_equal(error.kind, ERROR_PARTIAL);
	assert_string_equal(shown.data, "bad\n");
	assert_non_null(strstr(error.text, "1 record of the log"));
	buffer_free(&shown);
	image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_records),	cmocka_unit_test(wrapped),
		cmocka_unit_test(numbers_overflow),	cmocka_unit_test(states_and_empty_lines),
		cmocka_unit_test(one_bad_record),	cmocka_unit_test(damaged_records),
		cmocka_unit_test(absurd_sizes),
		cmocka_unit_test(missing_page),		cmocka_unit_test(missing_descriptors),
		cmocka_unit_test(stops_when_told),
		cmocka_unit_test(old_records),		cmocka_unit_test(old_records_damaged),
		cmocka_unit_test(old_records_missing_page),	cmocka_unit_test(old_records_hopeless),
		cmocka_unit_test(no_log_at_all),	cmocka_unit_test(command_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
