// SPDX-License-Identifier: GPL-3.0-or-later
/* Finding a vmlinux among files, and unpacking compressed ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <gelf.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "symbols/find/debug_find.h"

static char directory[] = "/tmp/test-debug-find-XXXXXX";

static char *in_directory(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	return path;
}

static void write_file(const char *name, const void *data, size_t size)
{
	char *path = in_directory(name);

	for (char *slash = path + strlen(directory) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
	free(path);
}

/* An ELF file with a build-id of twenty bytes ID, and .debug_info if DEBUG; returns its bytes. */
static size_t make_elf(uint8_t id, bool debug, uint8_t *bytes, size_t room)
{
	static const char names[] = "\0.note.gnu.build-id\0.debug_info\0.shstrtab";
	Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;
	Elf64_Shdr *sections = (Elf64_Shdr *)(bytes + 256);
	uint32_t *note = (uint32_t *)(bytes + 64);

	assert_true(room >= 1024);
	memset(bytes, 0, 1024);
	memcpy(header->e_ident, ELFMAG, SELFMAG);
	header->e_ident[EI_CLASS] = ELFCLASS64;
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_ident[EI_VERSION] = EV_CURRENT;
	header->e_type = ET_EXEC;
	header->e_machine = EM_X86_64;
	header->e_version = EV_CURRENT;
	header->e_ehsize = sizeof(*header);
	header->e_shoff = 256;
	header->e_shentsize = sizeof(*sections);
	header->e_shnum = 4;
	header->e_shstrndx = 3;
	note[0] = 4;
	note[1] = 20;
	note[2] = NT_GNU_BUILD_ID;
	memcpy(note + 3, "GNU", 4);
	memset(note + 4, id, 20);
	memcpy(bytes + 128, names, sizeof(names));
	sections[1] = (Elf64_Shdr){ .sh_name = 1, .sh_type = SHT_NOTE, .sh_offset = 64, .sh_size = 36, .sh_addralign = 4 };
	sections[2] = (Elf64_Shdr){ .sh_name = debug ? 20 : 1, .sh_type = SHT_PROGBITS, .sh_offset = 64, .sh_size = 4,
				    .sh_addralign = 1 };
	sections[3] = (Elf64_Shdr){ .sh_name = 32, .sh_type = SHT_STRTAB, .sh_offset = 128, .sh_size = sizeof(names),
				    .sh_addralign = 1 };
	return 1024;
}

static void write_elf(const char *name, uint8_t id, bool debug)
{
	_Alignas(8) uint8_t bytes[1024];

	write_file(name, bytes, make_elf(id, debug, bytes, sizeof(bytes)));
}

#define ID_5A "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"

/* Looks in the directory; the name below it of what was found, "" if nothing. */
static char *look(const char *build_id, const char *paths, struct buffer *tried)
{
	struct debug_wanted wanted = { .build_id = build_id, .release = "6.1.0-test", .paths = paths };
	struct error error = { 0 };
	char *path;

	if (!debug_find_vmlinux(&wanted, &path, tried, &error)) {
		assert_int_equal(error.kind, ERROR_IO);
		return strdup("");
	}
	if (!strncmp(path, directory, strlen(directory)))
		memmove(path, path + strlen(directory) + 1, strlen(path) - strlen(directory));
	return path;
}

static void found_is(const char *build_id, const char *expected)
{
	struct buffer tried = { 0 };
	char *found = look(build_id, directory, &tried);

	assert_string_equal(found, expected);
	free(found);
	buffer_free(&tried);
}

static int make_directory(void **state)
{
	(void)state;
	strcpy(strrchr(directory, '-'), "-XXXXXX");
	assert_non_null(mkdtemp(directory));
	setenv("XDG_CACHE_HOME", directory, 1);
	unsetenv("DEBUGINFOD_URLS");
	return 0;
}

static int remove_directory(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

/* The order of places, and that the build-id decides. */
static void places(void **state)
{
	(void)state;
	found_is(ID_5A, "");
	write_elf(".build-id/5a/" "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a.debug", 0x5a, true);
	found_is(ID_5A, ".build-id/5a/5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a.debug");
	write_elf("lib/modules/6.1.0-test/vmlinux", 0x5a, true);
	found_is(ID_5A, "lib/modules/6.1.0-test/vmlinux");
	write_elf("boot/vmlinux-6.1.0-test", 0x5a, true);
	found_is(ID_5A, "boot/vmlinux-6.1.0-test");
	write_elf("vmlinux-6.1.0-test", 0x5b, true);
	found_is(ID_5A, "boot/vmlinux-6.1.0-test");
	/* Nothing to compare: the release has to do. */
	found_is("", "vmlinux-6.1.0-test");
}

static void reasons(void **state)
{
	struct buffer tried = { 0 };
	char *found, *file;

	(void)state;
	write_elf("vmlinux", 0x5b, true);
	write_elf("vmlinux-6.1.0-test", 0x5a, false);
	write_file("boot/vmlinux-6.1.0-test", "no ELF file", 11);
	write_file("vmlinux.xz", "no xz file", 10);
	found = look(ID_5A, directory, &tried);
	assert_string_equal(found, "");
	free(found);
	assert_non_null(strstr(tried.data, "vmlinux: its build-id is 5b5b"));
	assert_non_null(strstr(tried.data, "the dump's is " ID_5A));
	assert_non_null(strstr(tried.data, "vmlinux-6.1.0-test: it has no debug information"));
	assert_non_null(strstr(tried.data, "boot/vmlinux-6.1.0-test is not an ELF file"));
	assert_non_null(strstr(tried.data, "vmlinux.xz cannot be unpacked"));
	buffer_free(&tried);
	/* A file by its name, whatever that is; empty names in the list are no places. */
	write_elf("my-own-kernel", 0x5a, true);
	assert_true(asprintf(&file, ":/nonexistent::%s/my-own-kernel:", directory) > 0);
	found = look(ID_5A, file, &tried);
	assert_string_equal(found, "my-own-kernel");
	free(found);
	free(file);
	buffer_free(&tried);
}

/* A release with a slash in it would lead anywhere. */
static void hostile_release(void **state)
{
	struct debug_wanted wanted = { .build_id = "", .release = "../../../etc/passwd", .paths = directory };
	struct buffer tried = { 0 };
	struct error error;
	char *path;

	(void)state;
	assert_false(debug_find_vmlinux(&wanted, &path, &tried, &error));
	assert_int_equal(error.kind, ERROR_IO);
	assert_null(tried.data);
	buffer_free(&tried);
}

/* --- unpacking --- */

#define SIZE (3u << 20)

static uint8_t *contents(void)
{
	uint8_t *data = malloc(SIZE);

	for (size_t i = 0; i < SIZE; i++)
		data[i] = (i * 2654435761u) >> 24 & (i / 5000 % 2 ? 255 : 3);
	return data;
}

static size_t pack_gz(const uint8_t *data, uint8_t *out, size_t room)
{
	z_stream stream = { .next_in = (uint8_t *)data, .avail_in = SIZE, .next_out = out, .avail_out = room };

	assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return room - stream.avail_out;
}

static size_t pack_xz(const uint8_t *data, uint8_t *out, size_t room)
{
	size_t size = 0;

	assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, data, SIZE, out, &size, room), LZMA_OK);
	return size;
}

static size_t pack_zst(const uint8_t *data, uint8_t *out, size_t room)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t size;

	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	size = ZSTD_compress2(context, out, room, data, SIZE);
	ZSTD_freeCCtx(context);
	assert_false(ZSTD_isError(size));
	return size;
}

static const struct { const char *name; size_t (*pack)(const uint8_t *, uint8_t *, size_t); } packers[] = {
	{ "a.ko.gz", pack_gz }, { "a.ko.xz", pack_xz }, { "a.ko.zst", pack_zst },
};

static void file_is(const char *path, const uint8_t *data, size_t size)
{
	uint8_t *got = malloc(size + 1);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(got, 1, size + 1, file), size);
	assert_memory_equal(got, data, size);
	fclose(file);
	free(got);
}

static void unpacking(void **state)
{
	uint8_t *data = contents(), *packed = malloc(2 * SIZE);

	(void)state;
	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
		size_t size = packers[i].pack(data, packed, 2 * SIZE);
		char *path = in_directory(packers[i].name), *plain, *again;
		struct error error = { 0 };

		assert_int_equal(unpack_stem(path), strlen(path) - strlen(strrchr(path, '.')));
		write_file(packers[i].name, packed, size);
		if (!unpack(path, NULL, &plain, &error))
			fail_msg("%s", error.text);
		file_is(plain, data, SIZE);
		assert_true(unpack(path, NULL, &again, NULL));
		assert_string_equal(again, plain);
		free(again);
		free(plain);
		/* Cut off, and with a flipped bit: an error, and no file is left behind. */
		write_file(packers[i].name, packed, size / 2);
		assert_false(unpack(path, NULL, &plain, &error));
		assert_int_equal(error.kind, ERROR_TRUNCATED);
		packed[size / 3] ^= 0x55;
		write_file(packers[i].name, packed, size);
		assert_false(unpack(path, NULL, &plain, &error));
		assert_int_equal(error.kind, ERROR_FORMAT);
		assert_non_null(strstr(error.text, packers[i].name));
		free(path);
	}
	free(packed);
	free(data);
}

static void plain_files(void **state)
{
	char *plain;
	struct error error;

	(void)state;
	assert_int_equal(unpack_stem("vmlinux"), 0);
	assert_int_equal(unpack_stem(".xz"), 0);
	assert_true(unpack("/nonexistent/vmlinux", NULL, &plain, NULL));
	assert_string_equal(plain, "/nonexistent/vmlinux");
	free(plain);
	assert_false(unpack("/nonexistent/vmlinux.xz", NULL, &plain, &error));
	assert_int_equal(error.kind, ERROR_IO);
}

static bool stop(void *context)
{
	return --*(int *)context < 0;
}

static void interrupted(void **state)
{
	uint8_t *data = contents(), *packed = malloc(2 * SIZE);
	int after = 0;
	struct patience patience = { stop, NULL, &after };
	char *path = in_directory("a.ko.gz"), *plain;
	struct error error;

	(void)state;
	write_file("a.ko.gz", packed, pack_gz(data, packed, 2 * SIZE));
	assert_false(unpack(path, &patience, &plain, &error));
	assert_int_equal(error.kind, ERROR_INTERRUPTED);
	free(path);
	free(packed);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(places, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(reasons, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(hostile_release, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(unpacking, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(plain_files, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(interrupted, make_directory, remove_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
