// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Raw memory: the input is FILE@ADDRESS[,FILE@ADDRESS...], a newline (a blank: the next word), and after two newlines the contents. '0'
 * to '3' at the start of a name are the files, which share out the contents.
 */
/* max_len=1024 */
#include "fuzz.h"

#include "dump/raw.h"

#define MAX_TEXT 512

/* The words with "fuzz:" before names that start with a digit. Returns their number. */
static size_t make_words(const uint8_t *data, size_t size, char text[MAX_TEXT], const char *words[8])
{
	size_t nr = 0, at = 0;
	bool start = true;

	words[nr++] = text;
	for (size_t i = 0; i < size && at < MAX_TEXT - 8; i++) {
		if (data[i] == '\n' || !data[i]) {
			if (nr == 8)
				break;
			text[at++] = 0;
			words[nr++] = text + at;
			start = true;
			continue;
		}
		if (start && data[i] >= '0' && data[i] <= '3') {
			memcpy(text + at, "fuzz:", 5);
			at += 5;
		}
		text[at++] = data[i];
		start = data[i] == ',';
	}
	text[at] = 0;
	return nr;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[MAX_TEXT];
	const char *words[8];
	const uint8_t *end;
	size_t nr, share;

	if (size > 4096)
		return 0;
	end = memmem(data, size, "\n\n", 2);
	nr = make_words(data, end ? end - data : size, text, words);
	end = end ? end + 2 : data + size;
	share = (data + size - end) / 4;
	for (unsigned i = 0; i < 4; i++)
		fuzz_file(i, end + i * share, share);
	/* An ordinary file otherwise, which has targets of its own. */
	if (raw_is_named(words[0]))
		fuzz_dump(words, nr);
	return 0;
}
