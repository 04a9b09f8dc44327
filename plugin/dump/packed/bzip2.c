// SPDX-License-Identifier: GPL-3.0-or-later
/* bzip2, also several streams one behind the other (pbzip2). By libbz2. */
#include <bzlib.h>

#include "dump/packed/packed.h"
#include "dump/packed/stream.h"

/* As much of the piece in `input` as one stream has; *status_ret is libbz2's last word. */
static bool run_stream(struct unpacking *unpacking, bz_stream *stream, int *status_ret,
		       struct error *error)
{
	bool done;

	do {
		stream->next_out = (char *)unpacking->output;
		stream->avail_out = UNPACKING_PIECE;
		*status_ret = BZ2_bzDecompress(stream);
		done = unpacking_put(unpacking, UNPACKING_PIECE - stream->avail_out, error);
		if (done && *status_ret != BZ_OK && *status_ret != BZ_STREAM_END)
			done = unpacking_damaged(unpacking, "bad data", error);
	} while (done && *status_ret == BZ_OK && (stream->avail_in || !stream->avail_out));
	return done;
}

/* Takes what is in `input`. Behind the end of a stream either another one begins, or padding: *end_ret. */
static bool run_piece(struct unpacking *unpacking, bz_stream *stream, int *status, bool *end_ret,
		      struct error *error)
{
	bool done = true;

	while (done && stream->avail_in && !*end_ret) {
		if (*status == BZ_STREAM_END) {
			BZ2_bzDecompressEnd(stream);
			*end_ret = unpacking->out_done && *stream->next_in != 'B';
			if (!*end_ret && BZ2_bzDecompressInit(stream, 0, 0) != BZ_OK)
				return error_no_memory(error, "libbz2", 0);
		}
		if (!*end_ret)
			done = run_stream(unpacking, stream, status, error);
	}
	return done;
}

static bool bzip2_unpack(struct unpacking *unpacking, struct error *error)
{
	bz_stream stream = { 0 };
	int status = BZ_STREAM_END; /* between two streams; at first, too */
	bool done = true, end = false;
	size_t got = 1;

	while (done && got && !end && (done = unpacking_take(unpacking, &got, error))) {
		stream.next_in = (char *)unpacking->input;
		stream.avail_in = got;
		done = run_piece(unpacking, &stream, &status, &end, error);
	}
	if (done && status != BZ_STREAM_END)
		done = unpacking_ends_early(unpacking, error);
	BZ2_bzDecompressEnd(&stream); /* does nothing where there is none */
	return done;
}

const struct packer packer_bzip2 = {
	.name = "bzip2",
	.suffix = ".bz2",
	.magic_size = 3,
	.magic = "BZh",
	.unpack = bzip2_unpack,
};
