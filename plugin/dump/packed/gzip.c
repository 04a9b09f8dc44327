// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gzip, also several members one behind the other (pigz, cat), by zlib; and bgzf (bgzip), whose members say in an extra
 * field how long they are and hold at most 64 KiB each (SAM/BAM specification, 4.1).
 */
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "dump/packed/blocks.h"
#include "dump/packed/packed.h"
#include "dump/packed/stream.h"

#define WITH_GZIP_HEADER 16 /* to be added to inflateInit2's window bits */
#define BGZF_HEADER	 18
#define BGZF_MAX	 65536
#define LOOK_UP		 4096 /* blocks between two looks for Ctrl-C */

/* As much of the piece in `input` as one member has. */
static bool run_member(struct unpacking *unpacking, z_stream *stream, int *status_ret,
		       struct error *error)
{
	bool done;

	do {
		stream->next_out = unpacking->output;
		stream->avail_out = UNPACKING_PIECE;
		*status_ret = inflate(stream, Z_NO_FLUSH);
		done = unpacking_put(unpacking, UNPACKING_PIECE - stream->avail_out, error);
		if (done && *status_ret != Z_OK && *status_ret != Z_STREAM_END &&
		    *status_ret != Z_BUF_ERROR)
			done = unpacking_damaged(unpacking,
						 stream->msg ? stream->msg : "bad data", error);
	} while (done && *status_ret == Z_OK && !stream->avail_out);
	return done;
}

/* Takes what is in `input`. Behind the end of a member either another one begins, or padding: *end_ret. */
static bool run_piece(struct unpacking *unpacking, z_stream *stream, int *status, bool *end_ret,
		      struct error *error)
{
	bool done = true;

	while (done && stream->avail_in && !*end_ret) {
		if (*status == Z_STREAM_END) {
			*end_ret = *stream->next_in != 0x1f;
			inflateReset(stream);
		}
		if (!*end_ret)
			done = run_member(unpacking, stream, status, error);
	}
	return done;
}

static bool gzip_unpack(struct unpacking *unpacking, struct error *error)
{
	z_stream stream = { 0 };
	bool done = inflateInit2(&stream, MAX_WBITS + WITH_GZIP_HEADER) == Z_OK ||
		    error_no_memory(error, "zlib", 0);
	int status = Z_OK;
	bool end = false;
	size_t got = 1;

	while (done && got && !end && (done = unpacking_take(unpacking, &got, error))) {
		stream.next_in = unpacking->input;
		stream.avail_in = got;
		done = run_piece(unpacking, &stream, &status, &end, error);
	}
	inflateEnd(&stream);
	return done && (status == Z_STREAM_END || unpacking_ends_early(unpacking, error));
}

/* The length of the bgzf member that begins with HEADER; 0 if it is not one. */
static uint64_t bgzf_length(const uint8_t *header)
{
	static const uint8_t start[] = { 0x1f, 0x8b, 8, 4 }, field[] = { 'B', 'C', 2, 0 };

	return memcmp(header, start, sizeof(start)) || memcmp(header + 12, field, sizeof(field))
		       ? 0
		       : (header[16] | header[17] << 8) + UINT64_C(1);
}

/* There is no table: the members are a chain. The size of what is in one stands at its end, before the next. */
static bool bgzf_index(struct blocks *blocks, const struct patience *patience, struct error *error)
{
	uint64_t at = 0, end = blocks_raw_size(blocks), length, nr = 0;
	uint8_t header[BGZF_HEADER], size[4];

	for (; at < end; at += length, nr++) {
		if (nr % LOOK_UP == 0 && patience && patience->progress)
			patience->progress(patience->context, "Looking for blocks", at, end);
		if (nr % LOOK_UP == 0 && patience && patience->interrupted &&
		    patience->interrupted(patience->context))
			return error_set(error, ERROR_INTERRUPTED, "interrupted");
		length = blocks_raw(blocks, at, header, sizeof(header)) == sizeof(header)
				 ? bgzf_length(header)
				 : BGZF_MAX;
		if (!length)
			return false;
		if (length > end - at) {
			blocks_set_cut(blocks);
			break;
		}
		if (length < sizeof(header) ||
		    blocks_raw(blocks, at + length - 4, size, sizeof(size)) != sizeof(size) ||
		    bytes_u32(size, false) > BGZF_MAX ||
		    !blocks_add(blocks, at, length, bytes_u32(size, false)))
			return false;
	}
	return nr > 0;
}

static bool bgzf_unpack_block(const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size)
{
	z_stream stream = { .next_in = (uint8_t *)from,
			    .avail_in = from_size,
			    .next_out = to,
			    .avail_out = to_size };
	bool done;

	if (inflateInit2(&stream, MAX_WBITS + WITH_GZIP_HEADER) != Z_OK)
		return false;
	done = inflate(&stream, Z_FINISH) == Z_STREAM_END && !stream.avail_out;
	inflateEnd(&stream);
	return done;
}

const struct packer packer_gzip = {
	.name = "gzip",
	.suffix = ".gz",
	.magic_size = 3,
	.magic = "\x1f\x8b\x08",
	.unpack = gzip_unpack,
	.index = bgzf_index,
	.unpack_block = bgzf_unpack_block,
};
