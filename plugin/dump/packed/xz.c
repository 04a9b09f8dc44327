// SPDX-License-Identifier: GPL-3.0-or-later
/* xz, also several streams one behind the other (pixz, cat). By liblzma. */
#include <lzma.h>

#include "dump/packed/packed.h"
#include "dump/packed/stream.h"

static bool xz_unpack(struct unpacking *unpacking, struct error *error)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	bool done = lzma_stream_decoder(&stream, unpacking_memory(unpacking), LZMA_CONCATENATED) == LZMA_OK ||
		    error_no_memory(error, "liblzma", 0);
	lzma_ret status = LZMA_OK;
	size_t got = 1;

	while (done && status == LZMA_OK && (done = unpacking_take(unpacking, &got, error))) {
		stream.next_in = unpacking->input;
		stream.avail_in = got;
		do {
			stream.next_out = unpacking->output;
			stream.avail_out = UNPACKING_PIECE;
			status = lzma_code(&stream, got ? LZMA_RUN : LZMA_FINISH);
			done = unpacking_put(unpacking, UNPACKING_PIECE - stream.avail_out, error);
			if (done && status == LZMA_BUF_ERROR)
				done = unpacking_ends_early(unpacking, error);
			else if (done && status == LZMA_MEMLIMIT_ERROR)
				done = unpacking_damaged(unpacking, "it asks for too much memory", error);
			else if (done && status != LZMA_OK && status != LZMA_STREAM_END)
				done = unpacking_damaged(unpacking, "bad data", error);
		} while (done && status == LZMA_OK && !stream.avail_out);
	}
	lzma_end(&stream);
	return done;
}

const struct packer packer_xz = {
	.name = "xz",
	.suffix = ".xz",
	.magic_size = 6,
	.magic = "\xfd" "7zXZ\0",
	.unpack = xz_unpack,
};
