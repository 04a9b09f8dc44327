// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/compress.h"

#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

struct compress_scratch {
	z_stream inflate;
	bool inflate_ready;
	ZSTD_DCtx *zstd;
};

struct compressor {
	uint32_t flag;
	const char *name;
	/*
	 * Returns the number of bytes put into OUT, SIZE_MAX if the data is damaged or does not
	 * fit.
	 */
	size_t (*decompress)(struct compress_scratch *scratch, const void *in, size_t in_size,
			     void *out, size_t out_size);
	/* Optional: stops after OUT_SIZE bytes, with the same result. */
	size_t (*start)(struct compress_scratch *scratch, const void *in, size_t in_size, void *out,
			size_t out_size);
};

static bool inflate_begin(struct compress_scratch *scratch, const void *in, size_t in_size,
			  void *out, size_t out_size)
{
	z_stream *stream = &scratch->inflate;

	if (!scratch->inflate_ready) {
		if (inflateInit(stream) != Z_OK)
			return false;
		scratch->inflate_ready = true;
	} else if (inflateReset(stream) != Z_OK) {
		return false;
	}
	stream->next_in = (Bytef *)in;
	stream->avail_in = in_size;
	stream->next_out = out;
	stream->avail_out = out_size;
	return true;
}

static size_t decompress_zlib(struct compress_scratch *scratch, const void *in, size_t in_size,
			      void *out, size_t out_size)
{
	if (!inflate_begin(scratch, in, in_size, out, out_size))
		return SIZE_MAX;
	return inflate(&scratch->inflate, Z_FINISH) == Z_STREAM_END ? scratch->inflate.total_out
								    : SIZE_MAX;
}

static size_t start_zlib(struct compress_scratch *scratch, const void *in, size_t in_size,
			 void *out, size_t out_size)
{
	int status;

	if (!inflate_begin(scratch, in, in_size, out, out_size))
		return SIZE_MAX;
	status = inflate(&scratch->inflate, Z_SYNC_FLUSH);
	return status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR ?
	       out_size - scratch->inflate.avail_out : SIZE_MAX;
}

static size_t decompress_lzo(struct compress_scratch *scratch, const void *in, size_t in_size,
			     void *out, size_t out_size)
{
	lzo_uint size = out_size;

	(void)scratch;
	return lzo1x_decompress_safe(in, in_size, out, &size, NULL) == LZO_E_OK ? size : SIZE_MAX;
}

static size_t decompress_snappy(struct compress_scratch *scratch, const void *in, size_t in_size,
				void *out, size_t out_size)
{
	size_t size = out_size;

	(void)scratch;
	return snappy_uncompress(in, in_size, out, &size) == SNAPPY_OK ? size : SIZE_MAX;
}

static size_t decompress_zstd(struct compress_scratch *scratch, const void *in, size_t in_size,
			      void *out, size_t out_size)
{
	size_t size;

	if (!scratch->zstd)
		scratch->zstd = ZSTD_createDCtx();
	if (!scratch->zstd)
		return SIZE_MAX;
	size = ZSTD_decompressDCtx(scratch->zstd, out, out_size, in, in_size);
	return ZSTD_isError(size) ? SIZE_MAX : size;
}

static const struct compressor compressors[] = {
	{ 0x01, "zlib", decompress_zlib, start_zlib },
	{ 0x02, "lzo", decompress_lzo, NULL },
	{ 0x04, "snappy", decompress_snappy, NULL },
	{ 0x20, "zstd", decompress_zstd, NULL },
};

#define NR_COMPRESSORS (sizeof(compressors) / sizeof(compressors[0]))

static const struct compressor *find(uint32_t flags)
{
	for (size_t i = 0; i < NR_COMPRESSORS; i++)
		if (flags & compressors[i].flag)
			return &compressors[i];
	return NULL;
}

struct compress_scratch *compress_scratch_new(void)
{
	return calloc(1, sizeof(struct compress_scratch));
}

void compress_scratch_free(struct compress_scratch *scratch)
{
	if (!scratch)
		return;
	if (scratch->inflate_ready)
		inflateEnd(&scratch->inflate);
	ZSTD_freeDCtx(scratch->zstd);
	free(scratch);
}

const char *compress_name(uint32_t flags)
{
	const struct compressor *compressor = find(flags);

	return compressor ? compressor->name : "none";
}

uint32_t compress_flags(void)
{
	uint32_t flags = 0;

	for (size_t i = 0; i < NR_COMPRESSORS; i++)
		flags |= compressors[i].flag;
	return flags;
}

bool decompress(struct compress_scratch *scratch, uint32_t flags, const void *in, size_t in_size,
		void *out, size_t out_size, struct error *error)
{
	const struct compressor *compressor = find(flags);
	size_t size;

	if (!compressor)
		return error_set(error, ERROR_UNSUPPORTED, "unknown compression (flags 0x%x)",
				 flags);
	size = compressor->decompress(scratch, in, in_size, out, out_size);
	if (size == out_size)
		return true;
	if (size == SIZE_MAX)
		return error_set(error, ERROR_FORMAT, "damaged %s data", compressor->name);
	return error_set(error, ERROR_FORMAT,
			 "damaged %s data: it expands to %zu bytes instead of %zu",
			 compressor->name, size, out_size);
}

bool decompress_start(struct compress_scratch *scratch, uint32_t flags, const void *in,
		      size_t in_size, void *out, size_t out_size, size_t full_size)
{
	const struct compressor *compressor = find(flags);
	size_t size;

	if (!compressor)
		return false;
	if (compressor->start)
		size = compressor->start(scratch, in, in_size, out, out_size);
	else
		size = compressor->decompress(scratch, in, in_size, out, full_size);
	return size != SIZE_MAX && size >= out_size;
}
