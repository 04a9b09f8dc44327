// SPDX-License-Identifier: GPL-3.0-or-later
/* Framing of the remote protocol; the expected bytes are worked out by hand from the gdb manual. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target/packet.h"

/* The last event that is not PACKET_MORE. */
static enum packet_event feed(struct packet_decoder *decoder, const void *bytes, size_t size)
{
	enum packet_event last = PACKET_MORE;

	for (size_t i = 0; i < size; i++) {
		enum packet_event event = packet_decode(decoder, ((const uint8_t *)bytes)[i]);

		if (event != PACKET_MORE)
			last = event;
	}
	return last;
}

#define FEED(decoder, text) feed(decoder, text, sizeof(text) - 1)

static void test_plain(void **state)
{
	struct packet_decoder decoder = { 0 };

	(void)state;
	assert_int_equal(FEED(&decoder, "$OK#9a"), PACKET_COMPLETE);	/* 'O' 4f + 'K' 4b */
	assert_int_equal(decoder.data.size, 2);
	assert_string_equal(decoder.data.data, "OK");
	assert_int_equal(FEED(&decoder, "$OK#9A"), PACKET_COMPLETE);
	assert_int_equal(FEED(&decoder, "$#00"), PACKET_COMPLETE);
	assert_int_equal(decoder.data.size, 0);
	assert_string_equal(decoder.data.data, "");
	buffer_free(&decoder.data);
}

static void test_single_bytes(void **state)
{
	struct packet_decoder decoder = { 0 };

	(void)state;
	assert_int_equal(FEED(&decoder, "+"), PACKET_ACK);
	assert_int_equal(FEED(&decoder, "-"), PACKET_NAK);
	assert_int_equal(FEED(&decoder, "\003"), PACKET_INTERRUPT);
	assert_int_equal(FEED(&decoder, "noise#12\n"), PACKET_MORE);
	/* Inside a packet they are data: 3 + '+' 2b + '-' 2d = 5b. */
	assert_int_equal(FEED(&decoder, "$\003+-#5b"), PACKET_COMPLETE);
	assert_int_equal(decoder.data.size, 3);
	buffer_free(&decoder.data);
}

static void test_garbled(void **state)
{
	struct packet_decoder decoder = { 0 };

	(void)state;
	assert_int_equal(FEED(&decoder, "$OK#9b"), PACKET_GARBLED);
	assert_int_equal(FEED(&decoder, "$OK#zz"), PACKET_GARBLED);
	assert_int_equal(FEED(&decoder, "$OK#9\xff"), PACKET_GARBLED);
	assert_int_equal(FEED(&decoder, "$OK#9a"), PACKET_COMPLETE);
	/* A packet that was cut off: the next one counts. */
	assert_int_equal(FEED(&decoder, "$OxxxK$OK#9a"), PACKET_COMPLETE);
	assert_string_equal(decoder.data.data, "OK");
	/* Cut off behind an escape. */
	assert_int_equal(FEED(&decoder, "$Ox}$OK#9a"), PACKET_COMPLETE);
	assert_string_equal(decoder.data.data, "OK");
	buffer_free(&decoder.data);
}

static void test_escapes(void **state)
{
	struct packet_decoder decoder = { 0 };
	struct buffer out = { 0 };

	(void)state;
	/* '#' 23 -> } 03, '$' 24 -> } 04, '*' 2a -> } 0a, '}' 7d -> } 5d; NUL is plain. */
	packet_encode(&out, "a#$*}\0b", 7);
	/* 61 + 4 * 7d + 03 + 04 + 0a + 5d + 00 + 62 = 0x325 */
	assert_int_equal(out.size, 1 + 11 + 3);
	assert_memory_equal(out.data, "$a}\003}\004}\n}]\0b#25", out.size);
	assert_int_equal(feed(&decoder, out.data, out.size), PACKET_COMPLETE);
	assert_int_equal(decoder.data.size, 7);
	assert_memory_equal(decoder.data.data, "a#$*}\0b", 7);
	buffer_free(&out);
	buffer_free(&decoder.data);
}

static void test_every_byte(void **state)
{
	struct packet_decoder decoder = { 0 };
	struct buffer out = { 0 };
	uint8_t all[256];

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = i;
	packet_encode(&out, all, sizeof(all));
	assert_int_equal(out.size, 1 + 256 + 4 + 3);
	assert_int_equal(feed(&decoder, out.data, out.size), PACKET_COMPLETE);
	assert_int_equal(decoder.data.size, 256);
	assert_memory_equal(decoder.data.data, all, 256);
	buffer_free(&out);
	buffer_free(&decoder.data);
}

static void test_too_long(void **state)
{
	struct packet_decoder decoder = { 0 };
	char *body = malloc(3 * PACKET_SIZE);

	(void)state;
	memset(body, 0, 3 * PACKET_SIZE);	/* sums up to 0 */
	FEED(&decoder, "$");
	assert_int_equal(feed(&decoder, body, PACKET_SIZE), PACKET_MORE);
	assert_int_equal(FEED(&decoder, "#00"), PACKET_COMPLETE);
	assert_int_equal(decoder.data.size, PACKET_SIZE);
	FEED(&decoder, "$");
	assert_int_equal(feed(&decoder, body, 3 * PACKET_SIZE), PACKET_MORE);
	assert_int_equal(FEED(&decoder, "#00"), PACKET_GARBLED);
	assert_true(decoder.data.capacity <= 4 * PACKET_SIZE);
	assert_int_equal(FEED(&decoder, "$OK#9a"), PACKET_COMPLETE);
	free(body);
	buffer_free(&decoder.data);
}

static void test_noise(void **state)
{
	struct packet_decoder decoder = { 0 };
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 2000000; i++) {
		static const char likely[] = "$#}0aE\003+-";
		uint8_t byte;

		seed = seed * 1664525 + 1013904223;
		byte = seed >> 31 ? (uint8_t)likely[(seed >> 16) % (sizeof(likely) - 1)] : (uint8_t)(seed >> 20);
		packet_decode(&decoder, byte);
		assert_true(decoder.data.size <= PACKET_SIZE);
	}
	buffer_free(&decoder.data);
}

static void test_fits(void **state)
{
	(void)state;
	assert_int_equal(packet_fits("abc", 3, 10), 3);
	assert_int_equal(packet_fits("abc", 3, 2), 2);
	assert_int_equal(packet_fits("####", 4, 5), 2);
	assert_int_equal(packet_fits("a#b", 3, 2), 1);
	assert_int_equal(packet_fits("", 0, 0), 0);
}

static bool parse(const char *text, uint64_t *value, size_t *used)
{
	const char *at = text;
	bool ok = packet_parse_hex(&at, text + strlen(text), value);

	*used = at - text;
	return ok;
}

static void test_hex(void **state)
{
	struct buffer out = { 0 };
	uint64_t value;
	size_t used;

	(void)state;
	packet_append_hex(&out, "\x00\xff\x1a", 3);
	assert_string_equal(out.data, "00ff1a");
	assert_true(parse("ffffffff81000000,8", &value, &used));
	assert_true(value == 0xffffffff81000000ull);
	assert_int_equal(used, 16);
	assert_true(parse("DeadBeef", &value, &used));
	assert_true(value == 0xdeadbeef);
	assert_true(parse("000000000000000000001", &value, &used));
	assert_true(value == 1);
	assert_false(parse("10000000000000000", &value, &used));
	assert_false(parse("", &value, &used));
	assert_false(parse("-1", &value, &used));
	assert_false(parse("x", &value, &used));
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_single_bytes),
		cmocka_unit_test(test_garbled),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
