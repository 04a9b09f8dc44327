// SPDX-License-Identifier: GPL-3.0-or-later
/* lz4's frames, one or several. By liblz4. */
#include <lz4frame.h>

#include "dump/packed/packed.h"
#include "dump/packed/stream.h"

static bool lz4_unpack(struct unpacking *unpacking, struct error *error)
{
	LZ4F_dctx *context = NULL;
	bool done = !LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) ||
		    error_no_memory(error, "lz4", 0);
	size_t got = 1, wanted = 1; /* 0: at the end of a frame */

	while (done && got && (done = unpacking_take(unpacking, &got, error))) {
		/* What is still inside when the piece is used up comes out, too. */
		for (size_t at = 0, out = 0; done && (at < got || (got && out == UNPACKING_PIECE));) {
			size_t in = got - at;

			out = UNPACKING_PIECE;
			wanted = LZ4F_decompress(context, unpacking->output, &out,
						 unpacking->input + at, &in, NULL);
			if (LZ4F_isError(wanted)) {
				done = unpacking_damaged(unpacking, LZ4F_getErrorName(wanted), error);
				break;
			}
			at += in;
			done = unpacking_put(unpacking, out, error);
			if (!in && !out)
				break;
		}
	}
	LZ4F_freeDecompressionContext(context);
	return done && (!wanted || unpacking_ends_early(unpacking, error));
}

const struct packer packer_lz4 = {
	.name = "lz4",
	.suffix = ".lz4",
	.magic_size = 4,
	.magic = "\x04\x22\x4d\x18",
	.unpack = lz4_unpack,
};
