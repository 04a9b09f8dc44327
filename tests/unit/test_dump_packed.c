// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Compressed files: every compressor with one stream and with several, files that end early, files with tables of their
 * blocks, and what is left in the directory of unpacked ones.
 */
#include "test_dump_image.h"

#include <bzlib.h>
#include <dirent.h>
#include <fcntl.h>
#include <lz4frame.h>
#include <lzma.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/files.h"
#include "dump/file.h"
#include "dump/packed/packed.h"
#include "dump/packed/stream.h"

static char directory[] = "/tmp/test-packed-XXXXXX";

static const uint8_t kinds[] = { PAGE_ZLIB, PAGE_HOLE, PAGE_LZO, PAGE_EXCLUDED, PAGE_RAW, PAGE_ZERO, PAGE_RAW, PAGE_RAW };

/* --- making compressed files --- */

enum way { GZIP, XZ, ZSTD, LZ4, BZIP2, NR_WAYS };
static const char *const way_names[] = { "gzip", "xz", "zstd", "lz4", "bzip2" };

static void add_gzip(struct buffer *to, const void *data, size_t size)
{
	size_t room = size + size / 100 + 1000;
	uint8_t *out = malloc(room);
	z_stream stream = { .next_in = (uint8_t *)data, .avail_in = size, .next_out = out,
			    .avail_out = room };

	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	buffer_append(to, out, stream.total_out);
	deflateEnd(&stream);
	free(out);
}

/* One stream more behind what is in TO. */
static void add_stream(enum way way, struct buffer *to, const void *data, size_t size)
{
	size_t room = size + size / 4 + 4096, done = 0;
	unsigned bz_size = room;
	char *out = malloc(room);

	switch (way) {
	case GZIP:
		add_gzip(to, data, size);
		break;
	case XZ:
		assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, data, size, (uint8_t *)out, &done,
							 room), LZMA_OK);
		break;
	case ZSTD:
		done = ZSTD_compress(out, room, data, size, 3);
		assert_false(ZSTD_isError(done));
		break;
	case LZ4:
		done = LZ4F_compressFrame(out, room, data, size, NULL);
		assert_false(LZ4F_isError(done));
		break;
	default:
		assert_int_equal(BZ2_bzBuffToBuffCompress(out, &bz_size, (char *)data, size, 1, 0, 0), BZ_OK);
		done = bz_size;
	}
	buffer_append(to, out, done);
	free(out);
}

/* DATA as a bgzf file: members that say how long they are, and an empty one at the end. */
static void build_bgzf(struct buffer *to, const uint8_t *data, size_t size, size_t piece)
{
	for (size_t at = 0; at <= size; at += piece) {
		size_t length = size - at < piece ? size - at : piece;
		struct buffer member = { 0 };
		uint8_t field[] = { 6, 0, 'B', 'C', 2, 0, 0, 0 };

		add_gzip(&member, data + at, length);
		put(field + 6, member.size + 8 - 1, 2, false);
		member.data[3] = 4; /* FEXTRA */
		buffer_append(to, member.data, 10);
		buffer_append(to, field, 8);
		buffer_append(to, member.data + 10, member.size - 10);
		buffer_free(&member);
	}
}

/* DATA in zstd's seekable format. */
static void build_seekable(struct buffer *to, const uint8_t *data, size_t size, size_t piece, bool checksums)
{
	struct buffer table = { 0 };
	size_t nr = 0;

	for (size_t at = 0; at < size; at += piece, nr++) {
		size_t length = size - at < piece ? size - at : piece, before = to->size;

		add_stream(ZSTD, to, data + at, length);
		add(&table, to->size - before, 4, false);
		add(&table, length, 4, false);
		if (checksums)
			add(&table, 0x12345678, 4, false);
	}
	add(to, 0x184d2a5e, 4, false);
	add(to, table.size + 9, 4, false);
	buffer_append(to, table.data, table.size);
	add(to, nr, 4, false);
	add(to, checksums ? 0x80 : 0, 1, false);
	add(to, 0x8f92eab1, 4, false);
	buffer_free(&table);
}

/* --- what is in the directory --- */

static unsigned count_files(const char *ending)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	unsigned nr = 0;

	while ((entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);

		nr += entry->d_name[0] != '.' && length >= strlen(ending) &&
		      !strcmp(entry->d_name + length - strlen(ending), ending);
	}
	closedir(dir);
	return nr;
}

static void remove_all(void)
{
	files_remove_directory(directory);
	assert_int_equal(mkdir(directory, 0700), 0);
}

static void check_dump(const char *path, struct kdump_image *image, bool by_table)
{
	struct dump *dump;

	assert_true(dump_probe(path));
	dump = open_one(path);
	assert_non_null(dump->files[0]->packer);
	assert_int_equal(!dump->files[0]->unpacked_path, by_table);
	assert_int_equal(!dump->files[0]->packed, !by_table);
	assert_string_equal(dump->files[0]->path, path);
	assert_int_equal(dump->files[0]->size, image->file.size);
	assert_false(dump->flags & DUMP_TRUNCATED);
	assert_string_equal(dump->vmcoreinfo, "OSRELEASE=1\n");
	check_pages(dump, image);
	check_and_close(dump);
}

static struct kdump_image make_image(void)
{
	struct kdump_image image = { .kinds = kinds, .nr_pages = sizeof(kinds), .vmcoreinfo = "OSRELEASE=1\n" };

	build_kdump(&image);
	return image;
}

/* --- the tests --- */

static void test_every_compressor(void **state)
{
	struct kdump_image image = make_image();

	(void)state;
	for (enum way way = 0; way < NR_WAYS; way++) {
		/* One stream; three, in the middle of anything. */
		for (unsigned streams = 1; streams <= 3; streams += 2) {
			struct buffer packed = { 0 };
			size_t piece = image.file.size / streams + 1;
			struct dump *dump;
			char *path;

			for (size_t at = 0; at < image.file.size; at += piece)
				add_stream(way, &packed, image.file.data + at,
					   image.file.size - at < piece ? image.file.size - at : piece);
			path = write_image(packed.data, packed.size);
			check_dump(path, &image, false);
			dump = open_one(path);
			assert_string_equal(dump->files[0]->packer->name, way_names[way]);
			assert_false(dump->files[0]->unpacked_now); /* once is enough */
			dump_close(dump);
			assert_int_equal(count_files(""), 1);
			remove_all();
			remove_image(path);
			buffer_free(&packed);
		}
	}
	buffer_free(&image.file);
}

/* A flattened stream, compressed. */
static void test_flattened(void **state)
{
	struct kdump_image image = make_image();
	struct buffer stream = { 0 }, packed = { 0 };
	struct dump *dump;
	char *path;

	(void)state;
	buffer_append(&stream, "makedumpfile\0\0\0\0", 16);
	add(&stream, 1, 8, true);
	add(&stream, 1, 8, true);
	buffer_zeros(&stream, 4096 - 32);
	add(&stream, 0, 8, true);
	add(&stream, image.file.size, 8, true);
	buffer_append(&stream, image.file.data, image.file.size);
	add(&stream, UINT64_MAX, 8, true);
	add(&stream, UINT64_MAX, 8, true);
	for (unsigned table = 0; table < 2; table++) {
		buffer_clear(&packed);
		if (table)
			build_seekable(&packed, (uint8_t *)stream.data, stream.size, 5000, false);
		else
			add_stream(GZIP, &packed, stream.data, stream.size);
		path = write_image(packed.data, packed.size);
		assert_true(dump_probe(path));
		dump = open_one(path);
		assert_int_equal(dump->flags, DUMP_FLATTENED);
		assert_int_equal(!dump->files[0]->packed, !table);
		check_pages(dump, &image);
		check_and_close(dump);
		remove_image(path);
	}
	remove_all();
	buffer_free(&packed);
	buffer_free(&stream);
	buffer_free(&image.file);
}

/* What there is of a file that ends early can be read, and is said to end early, the second time as well. */
static void test_ends_early(void **state)
{
	struct kdump_image image = make_image();
	uint8_t *got = malloc(image.file.size);

	(void)state;
	for (enum way way = 0; way < NR_WAYS; way++) {
		struct buffer packed = { 0 };
		size_t half = image.file.size / 2;
		struct dump_file *file;
		struct error error;
		char *path;

		add_stream(way, &packed, image.file.data, half);
		add_stream(way, &packed, image.file.data + half, image.file.size - half);
		path = write_image(packed.data, packed.size - 20);
		for (unsigned time = 0; time < 2; time++) {
			assert_true(dump_file_open(path, &file, &error));
			if (!dump_file_unpack(file, NULL, &error))
				fail_msg("%s", error.text);
			assert_true(file->truncated);
			assert_int_equal(file->unpacked_now, !time);
			assert_in_range(file->size, half, image.file.size);
			assert_true(dump_file_read(file, 0, got, file->size, &error));
			assert_memory_equal(got, image.file.data, file->size);
			dump_file_close(file);
		}
		assert_int_equal(count_files(".cut"), 1);
		assert_int_equal(count_files(""), 1);
		remove_all();
		remove_image(path);
		buffer_free(&packed);
	}
	free(got);
	buffer_free(&image.file);
}

static void test_tables(void **state)
{
	struct kdump_image image = make_image();

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		static const size_t pieces[] = { 1000, 60000, 777, 4096, 100000, 50 };
		struct buffer packed = { 0 };
		char *path;

		if (i < 2)
			build_bgzf(&packed, (uint8_t *)image.file.data, image.file.size, pieces[i]);
		else
			build_seekable(&packed, (uint8_t *)image.file.data, image.file.size, pieces[i], i % 2);
		path = write_image(packed.data, packed.size);
		check_dump(path, &image, true);
		assert_int_equal(count_files(""), 0);
		remove_image(path);
		buffer_free(&packed);
	}
	buffer_free(&image.file);
}

/* A block that cannot be unpacked is an error where it is needed, and nowhere else. */
static void test_damaged_block(void **state)
{
	struct kdump_image image = make_image();
	uint8_t got[1000];

	(void)state;
	for (unsigned bgzf = 0; bgzf < 2; bgzf++) {
		struct buffer packed = { 0 };
		struct dump_file *file;
		struct error error;
		char *path;

		if (bgzf)
			build_bgzf(&packed, (uint8_t *)image.file.data, image.file.size, 1000);
		else
			build_seekable(&packed, (uint8_t *)image.file.data, image.file.size, 1000, false);
		/* The second block's first bytes behind its header. */
		if (bgzf)
			memset(packed.data + (uint8_t)packed.data[16] + 1 + 20, 0xff, 8);
		else
			memset(packed.data + ZSTD_findFrameCompressedSize(packed.data, packed.size) + 6, 0xff, 6);
		path = write_image(packed.data, packed.size);
		assert_true(dump_file_open(path, &file, &error));
		assert_true(dump_file_unpack(file, NULL, &error));
		assert_non_null(file->packed);
		assert_true(dump_file_read(file, 0, got, 1000, &error));
		assert_memory_equal(got, image.file.data, 1000);
		assert_false(dump_file_read(file, 1000, got, 1000, &error));
		assert_int_equal(error.kind, ERROR_FORMAT);
		assert_non_null(strstr(error.text, "cannot be unpacked"));
		assert_true(dump_file_read(file, 2000, got, 1000, &error));
		assert_memory_equal(got, image.file.data + 2000, 1000);
		dump_file_close(file);
		remove_image(path);
		buffer_free(&packed);
	}
	buffer_free(&image.file);
}

/* A table that makes no sense: the file is unpacked like any other. */
static void test_bad_table(void **state)
{
	struct kdump_image image = make_image();
	struct buffer packed = { 0 };
	char *path;

	(void)state;
	build_seekable(&packed, (uint8_t *)image.file.data, image.file.size, 4096, false);
	put((uint8_t *)packed.data + packed.size - 9 - 8, 0x7fffffff, 4, false);
	path = write_image(packed.data, packed.size);
	check_dump(path, &image, false);
	remove_all();
	remove_image(path);
	buffer_free(&packed);
	/* bgzf whose last member is cut: what there is. */
	build_bgzf(&packed, (uint8_t *)image.file.data, image.file.size, 1000);
	path = write_image(packed.data, packed.size - 40);
	{
		struct dump *dump = open_one(path);

		assert_true(dump->flags & DUMP_TRUNCATED);
		assert_null(dump->files[0]->unpacked_path);
		assert_int_equal(dump->files[0]->size, image.file.size / 1000 * 1000);
		dump_close(dump);
	}
	remove_image(path);
	buffer_free(&packed);
	buffer_free(&image.file);
}

/* Compressed, but no dump: nothing is unpacked. */
static void test_no_dump(void **state)
{
	(void)state;
	for (enum way way = 0; way < NR_WAYS; way++) {
		struct buffer packed = { 0 };
		struct dump *dump;
		struct error error;
		const char *paths[1];
		char *path;

		add_stream(way, &packed, "Dear diary, today nothing crashed.", 34);
		path = write_image(packed.data, packed.size);
		paths[0] = path;
		assert_false(dump_probe(path));
		assert_false(dump_open(paths, 1, &dump, &error));
		assert_int_equal(error.kind, ERROR_FORMAT);
		assert_non_null(strstr(error.text, way_names[way]));
		assert_int_equal(count_files(""), 0);
		remove_image(path);
		buffer_free(&packed);
	}
}

/* What a killed gdb left goes, what another is writing stays, an older version of the file goes. */
static bool take_any(struct unpacking *unpacking, const uint8_t *data, size_t size, struct error *error)
{
	(void)unpacking, (void)data, (void)size, (void)error;
	return true;
}

/* A small file that asks for a window of 1 GiB (found by a fuzzer), and the same of a large one, which may be right. */
static void test_asks_for_memory(void **state)
{
	static const uint8_t zstd[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0 };
	struct buffer xz = { 0 };
	uint8_t *header;

	(void)state;
	add_stream(XZ, &xz, "nothing", 7);
	header = (uint8_t *)xz.data + 12; /* of the first block: size / 4 - 1, flags, two sizes, then LZMA2's dictionary */
	((uint8_t *)memmem(header, 20, "\x21\x01", 2))[2] = 36; /* 1 GiB */
	put(header + (header[0] + 1) * 4 - 4, lzma_crc32(header, (header[0] + 1) * 4 - 4, 0), 4, false);
	for (int i = 0; i < 4; i++) {
		const struct packer *packer = i % 2 ? &packer_xz : &packer_zstd;
		char *path = write_image(i % 2 ? xz.data : (const char *)zstd, i % 2 ? xz.size : sizeof(zstd));
		struct unpacking unpacking = { .path = path, .in = open(path, O_RDWR), .sink = take_any };
		struct error error = { 0 };

		if (i >= 2)
			assert_int_equal(ftruncate(unpacking.in, 1 << 20), 0);
		unpacking_run(&unpacking, packer, &error);
		assert_int_equal(i < 2, strstr(error.text, "too much memory") != NULL);
		close(unpacking.in);
		remove_image(path);
	}
	buffer_free(&xz);
}

static void test_directory(void **state)
{
	struct kdump_image image = make_image();
	struct buffer packed = { 0 };
	char left[200], busy[200], foreign[200], *path;
	int fd;

	(void)state;
	snprintf(left, sizeof(left), "%s/vmcore-01234567-0123456789abcdef.tmp", directory);
	snprintf(busy, sizeof(busy), "%s/vmcore-01234567-0123456789abcde0.tmp", directory);
	snprintf(foreign, sizeof(foreign), "%s/my-own.tmp", directory);
	close(open(left, O_CREAT | O_WRONLY, 0600));
	close(open(foreign, O_CREAT | O_WRONLY, 0600));
	fd = open(busy, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	add_stream(ZSTD, &packed, image.file.data, image.file.size);
	path = write_image(packed.data, packed.size);
	check_dump(path, &image, false);
	assert_int_equal(access(left, F_OK), -1);
	assert_int_equal(access(busy, F_OK), 0);
	assert_int_equal(access(foreign, F_OK), 0);
	assert_int_equal(count_files(""), 3);
	close(fd);
	/* The file changes, in its time only. */
	{
		struct timespec times[2] = { { 1000, 0 }, { 1000, 0 } };

		assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	}
	check_dump(path, &image, false);
	assert_int_equal(count_files(""), 2); /* busy is no longer locked */
	remove_all();
	remove_image(path);
	buffer_free(&packed);
	buffer_free(&image.file);
}

static bool give_up(void *context)
{
	return ++*(unsigned *)context > 1;
}

static void test_interrupted(void **state)
{
	struct buffer packed = { 0 }, data = { 0 };
	unsigned asked = 0;
	const struct patience patience = { .interrupted = give_up, .context = &asked };
	struct dump_file *file;
	struct error error;
	uint32_t number = 1;
	char *path;

	(void)state;
	for (size_t i = 0; i < 1000000; i++) {
		number = number * 1664525 + 1013904223;
		buffer_append(&data, &number, 4);
	}
	add_stream(GZIP, &packed, data.data, data.size);
	path = write_image(packed.data, packed.size);
	assert_true(dump_file_open(path, &file, &error));
	assert_false(dump_file_unpack(file, &patience, &error));
	assert_int_equal(error.kind, ERROR_INTERRUPTED);
	assert_int_equal(count_files(""), 0);
	dump_file_close(file);
	remove_image(path);
	buffer_free(&packed);
	buffer_free(&data);
}

/* Pages of zeros take no room. */
static void test_sparse(void **state)
{
	struct buffer packed = { 0 }, data = { 0 };
	struct dump_file *file;
	struct error error;
	struct stat status;
	uint8_t *got;
	char *path;

	(void)state;
	buffer_append(&data, "KDUMP   ", 8);
	buffer_zeros(&data, 5 << 20);
	buffer_append(&data, "the end", 7);
	buffer_zeros(&data, 1 << 20);
	add_stream(LZ4, &packed, data.data, data.size);
	path = write_image(packed.data, packed.size);
	assert_true(dump_file_open(path, &file, &error));
	assert_true(dump_file_unpack(file, NULL, &error));
	assert_int_equal(file->size, data.size);
	got = malloc(data.size);
	assert_true(dump_file_read(file, 0, got, data.size, &error));
	assert_memory_equal(got, data.data, data.size);
	assert_int_equal(stat(file->unpacked_path, &status), 0);
	assert_in_range(status.st_blocks * 512, 0, 1 << 18);
	dump_file_close(file);
	remove_all();
	remove_image(path);
	free(got);
	buffer_free(&packed);
	buffer_free(&data);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) && packed_set_directory(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	files_remove_directory(directory);
	packed_set_directory(NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_compressor),
		cmocka_unit_test(test_flattened),
		cmocka_unit_test(test_ends_early),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_damaged_block),
		cmocka_unit_test(test_bad_table),
		cmocka_unit_test(test_no_dump),
		cmocka_unit_test(test_asks_for_memory),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_sparse),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
