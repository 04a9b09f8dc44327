// SPDX-License-Identifier: GPL-3.0-or-later
/* search on a hand-made kernel: values, strings, limits, and pages that are missing; dump without a kernel. */
#include "test_command_image.h"

#include <unistd.h>

#define RANGE " -s ffff888000100000 -e ffff888000180000 "
#define AT(offset) (0x100000 + (offset))

static void values(void **state)
{
	struct command_image *set = command_image_new(NULL, 0);
	struct image *image = set->image;

	(void)state;
	image_put_number(image, AT(0x10), 0x1122334455667788, 8);
	image_put_number(image, AT(0x1ff8), 0x1122334455667788, 8);
	image_put_number(image, AT(0x2024), 0x1122334455667788, 8);	/* not aligned */
	image_put_number(image, AT(0x2044), 0xcafe, 2);
	image_put_number(image, AT(0x3000), TASK(0), 8);
	expect_text(set, "search" RANGE "1122334455667788",
		    "ffff888000100010: 1122334455667788\nffff888000101ff8: 1122334455667788\n");
	expect_text(set, "search" RANGE "0x1122334455667788 init_task",
		    "ffff888000100010: 1122334455667788\nffff888000101ff8: 1122334455667788\n"
		    "ffff888000103000: ffff888000010000\n");
	/* Masked, in halves, in quarters. */
	expect_text(set, "search" RANGE "-m ffff 1122334455660000",
		    "ffff888000100010: 1122334455667788\nffff888000101ff8: 1122334455667788\n");
	expect_text(set, "search -s ffff888000102000 -l 4096 -w 55667788", "ffff888000102024: 55667788\n");
	expect_text(set, "search" RANGE "-h cafe", "ffff888000102044: cafe\n");
	/* The limits are bytes: the whole value must lie within. */
	expect_text(set, "search -s ffff888000100010 -l 8 1122334455667788", "ffff888000100010: 1122334455667788\n");
	expect_part(set, "search -s ffff888000100010 -l 7 1122334455667788", "not found");
	expect_part(set, "search -s ffff888000100018 -e ffff888000101ff8 1122334455667788", "not found in 2 pages");
	expect_text(set, "search -x 1 -s ffff888000103000 -l 8 init_task",
		    "ffff888000103000: ffff888000010000\n  ffff888000102ff8: 0000000000000000\n"
		    "  ffff888000103000: ffff888000010000\n  ffff888000103008: 0000000000000000\n");
	command_image_free(set);
}

static void strings(void **state)
{
	struct command_image *set = command_image_new(NULL, 0);
	struct image *image = set->image;

	(void)state;
	image_put_string(image, AT(0x103), "needle in here");
	image_put_string(image, AT(0x1ffc), "needle over a border");
	image_put_string(image, AT(0x5000), "needneedle");
	expect_text(set, "search" RANGE "-c needle",
		    "ffff888000100103: needle in here\nffff888000101ffc: needle over a border\n"
		    "ffff888000105004: needle\n");
	expect_text(set, "search" RANGE "-c border \"in here\"",
		    "ffff88800010010a: in here\nffff88800010200a: border\n");
	expect_part(set, "search -s ffff888000101000 -e ffff888000102001 -c needle", "not found");
	command_image_free(set);
}

/* A run is half a MiB: a string that begins in one and ends in the next. */
static void long_ranges(void **state)
{
	struct command_image *set = command_image_new(NULL, 0);

	(void)state;
	image_put_string(set->image, 0x180000 - 3, "across");
	image_put_number(set->image, 0x1fff00, 0x4242424242424242, 8);
	expect_text(set, "search -s ffff888000100000 -e ffff888000200000 -c across", "ffff88800017fffd: across\n");
	expect_text(set, "search -s ffff888000000000 -e ffff888000200000 4242424242424242", "ffff8880001fff00: 4242424242424242\n");
	command_image_free(set);
}

static void stacks(void **state)
{
	struct command_image *set = command_image_new(NULL, 0);

	(void)state;
	image_put_number(set->image, STACK(3) + 0x3f08, 0x7766554433221100, 8);
	image_put_number(set->image, STACK(0) + 0x10, 0x7766554433221100, 8);
	expect_text(set, "search -t 7766554433221100",
		    "PID       0 \"swapper/0\" ffff888000080010: 7766554433221100\n"
		    "PID     900 \"bash\" ffff88800008ff08: 7766554433221100\n");
	command_image_free(set);
}

static void usage(void **state)
{
	static const char *const lines[] = {
		"search", "search -c", "search -c ''", "search nosuch", "search -k -u 1", "search -w -h 1", "search -w 100000000",
		"search -h 10000", "search -m ff -c text", "search -s ffff888000000000 -e ffff888000001000 -l 5 1",
		"search -s ffff888000001000 -e ffff888000001000 1", "search -k -s 1000 1", "search -x 0 1", "search -x 2000 1",
		"search -l -5 1", "search (1+1)", "search 11223344556677889", "search -u 1",
	};
	struct command_image *set = command_image_new(NULL, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		expect_part(set, lines[i], "error: search");
	command_image_free(set);
}

static bool interrupted(void *context)
{
	(void)context;
	return true;
}

static void stops(void **state)
{
	struct command_image *set = command_image_new(NULL, 0);

	(void)state;
	set->image->kernel.interrupted = interrupted;
	expect_part(set, "search" RANGE "1122334455667788", "error: interrupted");
	command_image_free(set);
}

/* --- dump, with no kernel at all --- */

static bool append(void *context, const char *text, size_t size)
{
	buffer_append(context, text, size);
	return true;
}

static bool run_dump(const char *line, struct buffer *text, struct error *error)
{
	struct output *output = output_text_new(append, NULL, text);
	struct arguments arguments;
	char *storage;
	bool json, done;

	assert_true(command_dump.without_kernel);
	assert_true(command_parse(&command_dump, line, &arguments, &storage, &json, error));
	done = command_dump.run(NULL, &arguments, output, NULL, error);
	output_text_flush(output);
	output_text_free(output);
	free(storage);
	return done;
}

static void dump_of_a_file(void **state)
{
	static const char info[] = "OSRELEASE=6.1.0-raw\nBUILD-ID=1234\nPAGESIZE=4096\nSYMBOL(init_top_pgt)=0\nKERNELOFFSET=0\n";
	char path[] = "/tmp/test-search-XXXXXX", line[200], page[4096] = "";
	struct buffer text = { 0 };
	struct error error = { 0 };
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	for (int i = 0; i < 4; i++) {
		strcpy(page, i == 2 ? info : "");
		assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	}
	close(fd);
	snprintf(line, sizeof(line), "-v %s@100000,%s@200000", path, path);
	if (!run_dump(line, &text, &error))
		fail_msg("%s", error.text);
	buffer_char(&text, 0);
	for (const char *const *part = (const char *const[]){
		     "FORMAT: raw memory\n", "MACHINE: x86_64\n", "RELEASE: 6.1.0-raw\n", "BUILD ID: 1234\n", "PAGES: 8\n",
		     "IN THE FILE: 8\n", "LOST: 0\n", "at physical 0x100000\n",
		     "0000000000000000  00000000000fffff  1024.0 KiB              -  hole\n",
		     "0000000000100000  0000000000103fff    16.0 KiB              4  memory\n",
		     "0000000000104000  00000000001fffff  1008.0 KiB              -  hole\n", "no notes", "\nSYMBOL(init_top_pgt)=0\n",
		     NULL }; *part; part++)
		if (!strstr(text.data, *part))
			fail_msg("not there: %s in\n%s", *part, text.data);
	buffer_free(&text);
	assert_false(run_dump("", &text, &error));
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_false(run_dump("/nonexistent", &text, &error));
	assert_int_equal(error.kind, ERROR_IO);
	buffer_free(&text);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values), cmocka_unit_test(strings), cmocka_unit_test(long_ranges), cmocka_unit_test(stacks),
		cmocka_unit_test(usage),  cmocka_unit_test(stops),   cmocka_unit_test(dump_of_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
