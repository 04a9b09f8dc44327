// SPDX-License-Identifier: GPL-3.0-or-later
/* plugin/base/files.c: files that a person names. */
#include "base/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void expect_text(const char *path, const char *text)
{
	char found[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	found[fread(found, 1, sizeof(found) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(found, text);
}

/* What is there is replaced; behind a link, the file it leads to; a pipe is written into. */
static void named(void **state)
{
	char directory[] = "/tmp/vmcore-files.XXXXXX", path[64], link[64];
	struct error error = { 0 };
	struct stat info;
	mode_t mask = umask(027);

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/x", directory);
	snprintf(link, sizeof(link), "%s/link", directory);
	assert_true(files_write_named(path, "old, and longer", 15, &error));
	assert_int_equal(symlink(path, link), 0);
	assert_true(files_write_named(link, "new", 3, &error));
	expect_text(path, "new");
	assert_int_equal(lstat(link, &info), 0);
	assert_true(S_ISLNK(info.st_mode));
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0640);
	umask(mask);
	assert_true(files_write_named("/dev/null", "gone", 4, &error));
	assert_int_equal(stat("/dev/null", &info), 0);
	assert_true(S_ISCHR(info.st_mode));
	assert_false(files_write_named("/dev/full", "too much", 8, &error));
	assert_string_equal(error.text, "cannot write /dev/full: No space left on device");
	unlink(link);
	unlink(path);
	assert_int_equal(rmdir(directory), 0);
}

/* Asked before the work is done. */
static void checked(void **state)
{
	char directory[] = "/tmp/vmcore-files.XXXXXX", path[64];
	struct error error = { 0 };

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(setenv("HOME", directory, 1), 0);
	assert_true(files_check_named("~/x", &error));
	assert_true(files_write_named("~/x", "home", 4, &error));
	snprintf(path, sizeof(path), "%s/x", directory);
	expect_text(path, "home");
	unlink(path);
	assert_true(files_check_named("/dev/null", &error));
	assert_false(files_check_named(directory, &error));
	assert_non_null(strstr(error.text, " is a directory; name a file in it"));
	assert_false(files_check_named("", &error));
	assert_int_equal(rmdir(directory), 0);
	assert_false(files_check_named(path, &error));
	assert_int_equal(error.kind, ERROR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named),
		cmocka_unit_test(checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
