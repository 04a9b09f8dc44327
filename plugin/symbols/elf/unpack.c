// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/elf/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/files.h"
#include "symbols/elf/inflate.h"

#define PIECE		(1u << 20)
#define MAX_UNPACKED	(16ull << 30) /* a bomb, or not what it says it is */
#define MAX_LZMA_MEMORY (1ull << 30)

struct unpacking {
	const char *path;
	const struct patience *patience;
	int in, out;
	uint64_t in_size, in_done, out_done;
	uint8_t *input, *output; /* PIECE bytes each */
};

static bool put(struct unpacking *unpacking, size_t size, struct error *error)
{
	const uint8_t *from = unpacking->output;

	unpacking->out_done += size;
	if (unpacking->out_done > MAX_UNPACKED)
		return error_set(error, ERROR_FORMAT, "%s unpacks to more than 16 GiB",
				 unpacking->path);
	while (size) {
		ssize_t written = write(unpacking->out, from, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_set(error, ERROR_IO,
					 "cannot write what %s unpacks to into the cache: %s",
					 unpacking->path, strerror(errno));
		from += written;
		size -= written;
	}
	return true;
}

/* The next piece of the file; 0 bytes at its end. */
static bool take(struct unpacking *unpacking, size_t *size_ret, struct error *error)
{
	const struct patience *patience = unpacking->patience;
	ssize_t got;

	if (patience && patience->progress)
		patience->progress(patience->context, "Unpacking", unpacking->in_done,
				   unpacking->in_size);
	if (patience && patience->interrupted && patience->interrupted(patience->context))
		return error_set(error, ERROR_INTERRUPTED, "interrupted");
	do
		got = read(unpacking->in, unpacking->input, PIECE);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(error, ERROR_IO, "cannot read %s: %s", unpacking->path,
				 strerror(errno));
	unpacking->in_done += got;
	*size_ret = got;
	return true;
}

static bool damaged(const struct unpacking *unpacking, const char *why, struct error *error)
{
	return error_set(error, ERROR_FORMAT, "%s cannot be unpacked: %s", unpacking->path, why);
}

static bool unpack_gz(struct unpacking *unpacking, struct error *error)
{
	z_stream stream = { 0 };
	bool done = inflateInit2(&stream, 15 + 32) == Z_OK || error_no_memory(error, "zlib", 0);
	int status = Z_OK;
	size_t got = 1;

	while (done && got && status != Z_STREAM_END && (done = take(unpacking, &got, error))) {
		stream.next_in = unpacking->input;
		stream.avail_in = got;
		do {
			stream.next_out = unpacking->output;
			stream.avail_out = PIECE;
			status = inflate(&stream, Z_NO_FLUSH);
			if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
				done = damaged(unpacking, stream.msg ? stream.msg : "bad data",
					       error);
			done = done && put(unpacking, PIECE - stream.avail_out, error);
		} while (done && status == Z_OK && !stream.avail_out);
	}
	inflateEnd(&stream);
	return done && (status == Z_STREAM_END || damaged(unpacking, "it ends early", error));
}

static bool unpack_xz(struct unpacking *unpacking, struct error *error)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	bool done = lzma_stream_decoder(&stream, MAX_LZMA_MEMORY, LZMA_CONCATENATED) == LZMA_OK ||
		    error_no_memory(error, "liblzma", 0);
	lzma_ret status = LZMA_OK;
	size_t got = 1;

	while (done && status == LZMA_OK && (done = take(unpacking, &got, error))) {
		stream.next_in = unpacking->input;
		stream.avail_in = got;
		do {
			stream.next_out = unpacking->output;
			stream.avail_out = PIECE;
			status = lzma_code(&stream, got ? LZMA_RUN : LZMA_FINISH);
			if (status == LZMA_BUF_ERROR)
				done = damaged(unpacking, "it ends early", error);
			else if (status != LZMA_OK && status != LZMA_STREAM_END)
				done = damaged(unpacking, "bad data", error);
			done = done && put(unpacking, PIECE - stream.avail_out, error);
		} while (done && status == LZMA_OK && !stream.avail_out);
	}
	lzma_end(&stream);
	return done;
}

static bool unpack_zst(struct unpacking *unpacking, struct error *error)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	bool done = stream != NULL || error_no_memory(error, "zstd", 0);
	size_t got = 1, wanted = 1;

	while (done && got && (done = take(unpacking, &got, error))) {
		ZSTD_inBuffer in = { unpacking->input, got, 0 };

		while (done && in.pos < in.size) {
			ZSTD_outBuffer out = { unpacking->output, PIECE, 0 };

			wanted = ZSTD_decompressStream(stream, &out, &in);
			if (ZSTD_isError(wanted))
				done = damaged(unpacking, ZSTD_getErrorName(wanted), error);
			done = done && put(unpacking, out.pos, error);
		}
	}
	ZSTD_freeDStream(stream);
	return done && (!wanted || damaged(unpacking, "it ends early", error));
}

static const struct packer {
	const char *suffix;
	bool (*unpack)(struct unpacking *unpacking, struct error *error);
} packers[] = {
	{ ".gz", unpack_gz },
	{ ".xz", unpack_xz },
	{ ".zst", unpack_zst },
};

static const struct packer *find_packer(const char *path)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
		size_t suffix = strlen(packers[i].suffix);

		if (length > suffix && !strcmp(path + length - suffix, packers[i].suffix))
			return &packers[i];
	}
	return NULL;
}

size_t unpack_stem(const char *path)
{
	const struct packer *packer = find_packer(path);

	return packer ? strlen(path) - strlen(packer->suffix) : 0;
}

static bool unpack_into(const char *path, const struct packer *packer, const char *temporary,
			const struct patience *patience, uint64_t size, int in, struct error *error)
{
	struct unpacking unpacking = {
		.path = path, .patience = patience, .in = in, .in_size = size
	};
	bool done;

	unpacking.out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (unpacking.out < 0)
		return error_set(error, ERROR_IO, "cannot write to %s: %s", temporary,
				 strerror(errno));
	unpacking.input = malloc(PIECE);
	unpacking.output = malloc(PIECE);
	done = (unpacking.input && unpacking.output) ||
	       error_no_memory(error, "unpacking", 2 * PIECE);
	done = done && packer->unpack(&unpacking, error);
	free(unpacking.input);
	free(unpacking.output);
	if (close(unpacking.out) != 0 && done)
		done = error_set(error, ERROR_IO, "cannot write to %s: %s", temporary,
				 strerror(errno));
	return done;
}

/* Unpacks PATH, open as IN, under a temporary name, and gives it its own when it is whole. */
static bool unpack_to(const char *path, int in, const char *plain, const struct patience *patience,
		      uint64_t size, struct error *error)
{
	const struct packer *packer = find_packer(path);
	char temporary[PATH_MAX + 360];
	bool done;

	snprintf(temporary, sizeof(temporary), "%s.%d.tmp", plain, (int)getpid());
	done = packer ? unpack_into(path, packer, temporary, patience, size, in, error) :
			inflate_file(path, temporary, patience, error);
	if (done && rename(temporary, plain) < 0)
		done = error_set(error, ERROR_IO, "cannot rename %s: %s", temporary,
				 strerror(errno));
	if (!done)
		unlink(temporary);
	return done;
}

/* The file as a whole, or sections of it. */
static bool unpack_once(const char *path, const struct patience *patience, char **plain_ret,
			struct error *error)
{
	char directory[PATH_MAX], plain[PATH_MAX + 320];
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t stem = unpack_stem(name);
	struct stat status;
	bool done = true;
	int in;

	in = open(path, O_RDONLY | O_CLOEXEC);
	if (in < 0 || fstat(in, &status) < 0) {
		if (in >= 0)
			close(in);
		return error_set(error, ERROR_IO, "cannot open %s: %s", path, strerror(errno));
	}
	if (!files_cache_directory("unpacked", directory, sizeof(directory), error)) {
		close(in);
		return false;
	}
	snprintf(plain, sizeof(plain), "%s/%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%.*s", directory,
		 (uint64_t)status.st_ino, (uint64_t)status.st_size,
		 (uint64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec,
		 (int)(stem ? stem : strlen(name)), name);
	if (access(plain, R_OK) < 0)
		done = unpack_to(path, in, plain, patience, status.st_size, error);
	close(in);
	if (!done)
		return false;
	*plain_ret = strdup(plain);
	return *plain_ret || error_no_memory(error, "a file name", strlen(plain));
}

bool unpack(const char *path, const struct patience *patience, char **plain_ret,
	    struct error *error)
{
	char *whole = NULL;
	bool done;

	if (find_packer(path) && !unpack_once(path, patience, &whole, error))
		return false;
	if (!inflate_needed(whole ? whole : path)) {
		*plain_ret = whole ? whole : strdup(path);
		return *plain_ret || error_no_memory(error, "a file name", strlen(path));
	}
	done = unpack_once(whole ? whole : path, patience, plain_ret, error);
	if (whole)
		unlink(whole);
	free(whole);
	return done;
}
