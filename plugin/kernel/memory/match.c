// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/memory/match.h"

#include <string.h>

#include "kernel/memory/scan.h"

#define LINE   256 /* bytes that are passed by together */
#define VECTOR 32
#define BLOCK  (32u << 10) /* for several texts in turn: stays in the processor's first cache */

/* GCC makes of these whatever the processor has. */
typedef uint64_t vector64 __attribute__((vector_size(VECTOR)));
typedef uint32_t vector32 __attribute__((vector_size(VECTOR)));
typedef uint16_t vector16 __attribute__((vector_size(VECTOR)));
typedef uint8_t vector8 __attribute__((vector_size(VECTOR)));

#define INLINE static inline __attribute__((always_inline))

static uint64_t as_loaded(const struct matcher *matcher, uint64_t value, size_t size)
{
	if (size == 2)
		return matcher->swap ? __builtin_bswap16(value) : (uint16_t)value;
	if (size == 4)
		return matcher->swap ? __builtin_bswap32(value) : (uint32_t)value;
	return matcher->swap ? __builtin_bswap64(value) : value;
}

static uint64_t repeat(uint64_t value, size_t size)
{
	if (size == 2)
		return value * 0x0001000100010001ull;
	return size == 4 ? value * 0x0000000100000001ull : value;
}

void match_prepare(struct matcher *matcher, const struct scan_pattern *patterns, size_t nr_patterns,
		   bool big_endian)
{
	matcher->patterns = patterns;
	matcher->nr_patterns = nr_patterns;
	matcher->swap = big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
#ifdef __x86_64__
	matcher->vectors = __builtin_cpu_supports("avx2");
#else
	matcher->vectors = false;
#endif
	if (nr_patterns && patterns[0].text)
		return;
	if (nr_patterns > MATCH_MAX_NUMBERS)
		matcher->nr_patterns = MATCH_MAX_NUMBERS;
	for (size_t i = 0; i < matcher->nr_patterns; i++) {
		size_t size = patterns[i].size;
		uint64_t keep = as_loaded(matcher, ~patterns[i].ignore, size);

		matcher->keep[i] = repeat(keep, size);
		matcher->value[i] = repeat(as_loaded(matcher, patterns[i].value, size) & keep,
					   size);
	}
}

/* --- numbers --- */

/* By pointer: passing a vector means something else with AVX than without. */
INLINE bool is_zero(const vector64 *vector)
{
	return !((*vector)[0] | (*vector)[1] | (*vector)[2] | (*vector)[3]);
}

/* Is any number of SIZE bytes in this line one of those wanted? */
INLINE bool line_has_number(const struct matcher *matcher, const uint8_t *line, size_t size)
{
	vector64 any = { 0 };

	for (size_t i = 0; i < matcher->nr_patterns; i++) {
		uint64_t v = matcher->value[i], k = matcher->keep[i];
		vector64 value = { v, v, v, v }, keep = { k, k, k, k };

		for (size_t at = 0; at < LINE; at += VECTOR) {
			vector64 data;

			memcpy(&data, line + at, VECTOR);
			data &= keep;
			if (size == 8)
				any |= (vector64)(data == value);
			else if (size == 4)
				any |= (vector64)((vector32)data == (vector32)value);
			else
				any |= (vector64)((vector16)data == (vector16)value);
		}
	}
	return !is_zero(&any);
}

INLINE bool line_has_number_of(const struct matcher *matcher, const uint8_t *line)
{
	size_t size = matcher->patterns[0].size;

	return size == 8   ? line_has_number(matcher, line, 8)
	       : size == 4 ? line_has_number(matcher, line, 4)
			   : line_has_number(matcher, line, 2);
}

/* The first line at or behind AT, with all its bytes before END, that has something; else END. */
INLINE size_t skip_numbers(const struct matcher *matcher, const uint8_t *data, size_t at,
			   size_t end)
{
	while (end - at >= LINE && !line_has_number_of(matcher, data + at))
		at += LINE;
	return at;
}

/* --- texts --- */

/* Where a text can begin: its first byte and its last byte are where they would be. */
INLINE bool line_has_text(const uint8_t *line, size_t distance, uint8_t first, uint8_t last)
{
	vector64 any = { 0 };
	vector8 firsts = (vector8){ 0 } + first, lasts = (vector8){ 0 } + last;

	for (size_t at = 0; at < LINE; at += VECTOR) {
		vector8 begin, end;

		memcpy(&begin, line + at, VECTOR);
		memcpy(&end, line + at + distance, VECTOR);
		any |= (vector64)((begin == firsts) & (end == lasts));
	}
	return !is_zero(&any);
}

INLINE size_t skip_texts(const struct scan_pattern *pattern, const uint8_t *data, size_t at,
			 size_t end)
{
	size_t distance = pattern->size - 1;
	uint8_t first = pattern->text[0], last = pattern->text[distance];

	while (end - at >= LINE && !line_has_text(data + at, distance, first, last))
		at += LINE;
	return at;
}

/* --- the same for processors with wide vectors, chosen when it runs --- */

#ifdef __x86_64__
#define WIDE __attribute__((target("avx2")))

WIDE static size_t skip_numbers_wide(const struct matcher *matcher, const uint8_t *data, size_t at,
				     size_t end)
{
	return skip_numbers(matcher, data, at, end);
}

WIDE static size_t skip_texts_wide(const struct scan_pattern *pattern, const uint8_t *data,
				   size_t at, size_t end)
{
	return skip_texts(pattern, data, at, end);
}
#else
#define skip_numbers_wide skip_numbers
#define skip_texts_wide	  skip_texts
#endif

/* --- hits --- */

static uint64_t load(const uint8_t *at, size_t size)
{
	uint64_t value64;
	uint32_t value32;
	uint16_t value16;

	if (size == 2)
		return memcpy(&value16, at, 2), value16;
	if (size == 4)
		return memcpy(&value32, at, 4), value32;
	return memcpy(&value64, at, 8), value64;
}

static bool look_at_number(const struct matcher *matcher, const uint8_t *data, size_t at,
			   match_function *found, void *context)
{
	size_t size = matcher->patterns[0].size;
	uint64_t value = load(data + at, size), repeated = repeat(value, size);

	for (size_t i = 0; i < matcher->nr_patterns; i++)
		if ((repeated & matcher->keep[i]) == matcher->value[i])
			return found(context, at, i, as_loaded(matcher, value, size));
	return true;
}

static void find_numbers(const struct matcher *matcher, const uint8_t *data, size_t starts,
			 match_function *found, void *context)
{
	size_t size = matcher->patterns[0].size, at = 0;

	while (starts - at >= size) {
		size_t end;

		at = matcher->vectors ? skip_numbers_wide(matcher, data, at, starts)
				      : skip_numbers(matcher, data, at, starts);
		end = starts - at > LINE ? at + LINE : starts;
		for (; end - at >= size; at += size)
			if (!look_at_number(matcher, data, at, found, context))
				return;
	}
}

/* Those of text NUMBER that begin in [AT, STARTS). */
static bool find_text(const struct matcher *matcher, uint32_t number, const uint8_t *data,
		      size_t size, size_t at, size_t starts, match_function *found, void *context)
{
	const struct scan_pattern *pattern = &matcher->patterns[number];

	if (pattern->size > size)
		return true;
	if (starts > size - pattern->size + 1)
		starts = size - pattern->size + 1;
	while (at < starts) {
		size_t end;

		at = matcher->vectors ? skip_texts_wide(pattern, data, at, starts)
				      : skip_texts(pattern, data, at, starts);
		end = starts - at > LINE ? at + LINE : starts;
		for (const uint8_t *begin; at < end; at++) {
			begin = memchr(data + at, pattern->text[0], end - at);
			at = begin ? (size_t)(begin - data) : end;
			if (begin && !memcmp(begin, pattern->text, pattern->size) &&
			    !found(context, at, number, 0))
				return false;
		}
		at = end;
	}
	return true;
}

void match_find(const struct matcher *matcher, const uint8_t *data, size_t size, size_t starts,
		match_function *found, void *context)
{
	if (!matcher->nr_patterns || !size)
		return;
	if (!matcher->patterns[0].text) {
		find_numbers(matcher, data, starts, found, context);
		return;
	}
	for (size_t at = 0, end; at < starts; at = end) {
		end = starts - at > BLOCK ? at + BLOCK : starts;
		for (size_t i = 0; i < matcher->nr_patterns; i++)
			if (!find_text(matcher, i, data, size, at, end, found, context))
				return;
	}
}
