// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * zstd, one frame or several; and its seekable format, where the last frame, which decompressors skip, is a table of the
 * others (contrib/seekable_format/zstd_seekable_compression_format.md in zstd's sources):
 *
 *	u32 0x184d2a5e, u32 size, for each frame u32 size in the file, u32 size of what is in it [, u32 checksum],
 *	u32 number of frames, u8 flags (bit 7: with checksums), u32 0x8f92eab1
 *
 * By libzstd.
 */
#include <string.h>
#include <zstd.h>

#include "base/bytes.h"
#include "dump/packed/blocks.h"
#include "dump/packed/packed.h"
#include "dump/packed/stream.h"

#define SKIPPABLE      0x184d2a5e
#define SEEKABLE       0x8f92eab1
#define FOOTER	       9
#define SKIP_HEADER    8
#define HAS_CHECKSUMS  0x80
#define RESERVED_BITS  0x7c
#define AT_ONCE	       4096 /* entries of the table */

static bool zstd_unpack(struct unpacking *unpacking, struct error *error)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	bool done = stream != NULL || error_no_memory(error, "zstd", 0);
	size_t got = 1, wanted = 1; /* 0: at the end of a frame */

	if (stream)
		ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, ffsll(unpacking_memory(unpacking)) - 1);
	while (done && got && (done = unpacking_take(unpacking, &got, error))) {
		ZSTD_inBuffer in = { unpacking->input, got, 0 };
		ZSTD_outBuffer out = { 0 };

		/* What is still inside when the piece is used up comes out, too; behind the end of a frame nothing is. */
		while (done && (in.pos < in.size || (got && wanted && out.pos == UNPACKING_PIECE))) {
			out = (ZSTD_outBuffer){ unpacking->output, UNPACKING_PIECE, 0 };
			wanted = ZSTD_decompressStream(stream, &out, &in);
			done = unpacking_put(unpacking, out.pos, error);
			if (done && ZSTD_isError(wanted))
				done = unpacking_damaged(unpacking, ZSTD_getErrorName(wanted), error);
		}
	}
	ZSTD_freeDStream(stream);
	return done && (!wanted || unpacking_ends_early(unpacking, error));
}

static bool read_table(struct blocks *blocks, uint64_t at, uint64_t nr, size_t entry_size)
{
	uint8_t entries[AT_ONCE * 12];
	uint64_t offset = 0, end = at - SKIP_HEADER;

	for (uint64_t i = 0; i < nr; i++) {
		const uint8_t *entry = entries + i % AT_ONCE * entry_size;
		size_t left = nr - i < AT_ONCE ? nr - i : AT_ONCE;

		if (i % AT_ONCE == 0 &&
		    blocks_raw(blocks, at + i * entry_size, entries, left * entry_size) !=
			    left * entry_size)
			return false;
		if (!blocks_add(blocks, offset, bytes_u32(entry, false), bytes_u32(entry + 4, false)))
			return false;
		offset += bytes_u32(entry, false);
		if (offset > end)
			return false;
	}
	return true;
}

static bool zstd_index(struct blocks *blocks, const struct patience *patience, struct error *error)
{
	uint64_t end = blocks_raw_size(blocks), nr, size;
	uint8_t footer[FOOTER], header[SKIP_HEADER];
	size_t entry_size;

	(void)patience, (void)error;
	if (end < FOOTER + SKIP_HEADER ||
	    blocks_raw(blocks, end - FOOTER, footer, FOOTER) != FOOTER ||
	    bytes_u32(footer + 5, false) != SEEKABLE || (footer[4] & RESERVED_BITS))
		return false;
	nr = bytes_u32(footer, false);
	entry_size = footer[4] & HAS_CHECKSUMS ? 12 : 8;
	size = nr * entry_size + FOOTER;
	if (size + SKIP_HEADER > end ||
	    blocks_raw(blocks, end - size - SKIP_HEADER, header, SKIP_HEADER) != SKIP_HEADER ||
	    bytes_u32(header, false) != SKIPPABLE || bytes_u32(header + 4, false) != size)
		return false;
	return read_table(blocks, end - size, nr, entry_size);
}

static bool zstd_unpack_block(const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size)
{
	return ZSTD_decompress(to, to_size, from, from_size) == to_size;
}

const struct packer packer_zstd = {
	.name = "zstd",
	.suffix = ".zst",
	.magic_size = 4,
	.magic = "\x28\xb5\x2f\xfd",
	.unpack = zstd_unpack,
	.index = zstd_index,
	.unpack_block = zstd_unpack_block,
};
