// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The remote-protocol server over a socketpair. The replies expected are the gdb manual's; its socket and thread are
 * test_target_server.c's.
 */
#include "test_target_machine.h"

static void test_supported(void **state)
{
	const char *reply = ask(*state, "qSupported:multiprocess+;swbreak+;error-message+");

	assert_non_null(strstr(reply, "PacketSize=10000;"));
	assert_non_null(strstr(reply, "QStartNoAckMode+"));
	assert_non_null(strstr(reply, "qXfer:features:read+"));
	assert_non_null(strstr(reply, "qXfer:threads:read+"));
	assert_non_null(strstr(reply, "qXfer:libraries:read+"));
	assert_non_null(strstr(reply, "binary-upload+"));
	/* What would make gdb try to run or write. */
	assert_null(strstr(reply, "multiprocess+"));
	assert_null(strstr(reply, "vCont"));
	assert_null(strstr(reply, "QNonStop"));
	assert_null(strstr(reply, "swbreak"));
	assert_null(strstr(reply, "memory-map"));
}

static void test_acknowledge(void **state)
{
	struct client *client = *state;
	char raw[64];

	/* Until told otherwise: '+' for a good packet, '-' for a bad one, and '-' gets the reply again. */
	send(client->fd, "$qAttached#00", 13, 0);
	assert_int_equal(recv(client->fd, raw, 1, MSG_WAITALL), 1);
	assert_memory_equal(raw, "-", 1);
	send(client->fd, "$qAttached#8f", 13, 0);
	assert_int_equal(recv(client->fd, raw, 6, MSG_WAITALL), 6);
	assert_memory_equal(raw, "+$1#31", 6);
	send(client->fd, "-", 1, 0);
	assert_int_equal(recv(client->fd, raw, 6, MSG_WAITALL), 6);
	assert_memory_equal(raw, "+$1#31", 6);
	send(client->fd, "+", 1, 0);
	/* The reply to QStartNoAckMode itself is still acknowledged. */
	send(client->fd, "$QStartNoAckMode#b0", 19, 0);
	assert_int_equal(recv(client->fd, raw, 7, MSG_WAITALL), 7);
	assert_memory_equal(raw, "+$OK#9a", 7);
	send(client->fd, "+$qAttached#8f", 14, 0);
	assert_int_equal(recv(client->fd, raw, 5, MSG_WAITALL), 5);
	assert_memory_equal(raw, "$1#31", 5);
	/* Now nobody resends: a garbled packet gets an error. */
	send(client->fd, "$qAttached#00", 13, 0);
	assert_memory_equal(client_receive(client)->data, "E.", 2);
	/* And '-' is nothing. */
	send(client->fd, "-\003", 2, 0);
	assert_reply(client, "qAttached", "1");
}

static void test_simple(void **state)
{
	struct client *client = *state;

	assert_reply(client, "?", "T05thread:2;");
	assert_reply(client, "qC", "QC2");
	assert_reply(client, "qSymbol::", "OK");
	/* `monitor info version`, and any other: text in hexadecimal */
	assert_reply(client, "qRcmd,696e666f2076657273696f6e", "6764622d766d636f72653a20612063726173682064756d700a");
	assert_reply(client, "qRcmd,68656c70",
		     "5468697320697320612063726173682064756d702c207468657265206973206e6f20"
		     "6d6f6e69746f723b20736565206068656c70206b65726e656c602e0a");
	assert_reply(client, "qOffsets", "");
	assert_reply(client, "qTStatus", "");
	assert_reply(client, "vMustReplyEmpty", "");
	assert_reply(client, "vNonsense", "");
	assert_reply(client, "qNonsense:1", "");
	assert_reply(client, "qSupportedX", "");	/* only whole names */
	assert_reply(client, "qCRC:1,2", "");
	assert_reply(client, "", "");
	assert_reply(client, "!", "");
	assert_reply(client, "\xff\xfe", "");
}

static void test_refused(void **state)
{
	static const char *const resume[] = {
		"vCont;c", "vCont;s:1;c", "vRun;2f", "R00", "r", "i", "vAttach;1", "QNonStop:1", "QPassSignals:e;10",
	};
	static const char *const writes[] = {
		"M7000,1:00", "X7000,0:", "X7000,1:a", "G00", "P0=00", "vFlashErase:0,1", "Z0,7000,1", "z0,7000,1",
		"Z1,7000,1",
	};

	for (size_t i = 0; i < sizeof(resume) / sizeof(resume[0]); i++)
		assert_reply(*state, resume[i], "E.this is a crash dump, it cannot be resumed");
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		assert_error(*state, writes[i]);
}

/* The person is told, and the thread that was to go on is at the end of what was recorded. */
static void test_resumed(void **state)
{
	static const char *const resume[] = { "c", "cffffffff81000000", "C05", "s", "S05", "bc", "bs" };
	struct client *client = *state;

	for (size_t i = 0; i < sizeof(resume) / sizeof(resume[0]); i++) {
		assert_reply(client, i % 2 ? "Hc1" : "Hc0", "OK");
		assert_memory_equal(ask(client, resume[i]), "O7468697320697320", 17); /* "this is " */
		assert_string_equal(client_receive(client)->data, i % 2 ? "T05thread:1;replaylog:end;" : "T05thread:2;replaylog:end;");
	}
}

static void test_threads(void **state)
{
	struct client *client = *state;

	assert_reply(client, "qfThreadInfo", "m1,2,989a68");
	assert_reply(client, "qsThreadInfo", "l");
	assert_reply(client, "qfThreadInfo", "m1,2,989a68");
	assert_reply(client, "qThreadExtraInfo,2", "7069642032");	/* "pid 2" */
	assert_reply(client, "T1", "OK");
	assert_reply(client, "T989a68", "OK");
	assert_error(client, "T3");
	assert_error(client, "Tzz");
	assert_error(client, "qThreadExtraInfo,77");
	assert_error(client, "H");
	assert_error(client, "Hg77");
	assert_error(client, "Hg2x");
	assert_error(client, "Hg11111111111111111");
	assert_reply(client, "Hc0", "OK");
	assert_reply(client, "Hc-1", "OK");
	assert_reply(client, "Hg0", "OK");
	assert_reply(client, "qC", "QC2");
	assert_reply(client, "Hg989a68", "OK");
	assert_reply(client, "qC", "QC989a68");
	assert_reply(client, "Hc1", "OK");
	assert_reply(client, "Hg-1", "OK");
	assert_reply(client, "qC", "QC989a68");
}

static void test_registers(void **state)
{
	struct client *client = *state;

	/* Little-endian; 80-bit registers are never known. */
	assert_reply(client, "Hg2", "OK");
	assert_reply(client, "g", "8877665544332211" "ddccbbaa" "xxxxxxxxxxxxxxxxxxxx" "0201000000000000");
	assert_reply(client, "p0", "8877665544332211");
	assert_reply(client, "p1", "ddccbbaa");
	assert_reply(client, "p2", "xxxxxxxxxxxxxxxxxxxx");
	assert_error(client, "p4");
	assert_error(client, "pffffffffffffffff");
	assert_error(client, "p");
	assert_reply(client, "Hg989a68", "OK");
	assert_reply(client, "g", "xxxxxxxxxxxxxxxx" "xxxxxxxx" "xxxxxxxxxxxxxxxxxxxx" "689b980000000000");
	/* None at all: not an error, which would end `info threads`. */
	assert_reply(client, "Hg1", "OK");
	assert_reply(client, "g", "xxxxxxxxxxxxxxxx" "xxxxxxxx" "xxxxxxxxxxxxxxxxxxxx" "xxxxxxxxxxxxxxxx");
	client->machine.arch = &fake_big_arch;
	assert_reply(client, "Hg2", "OK");
	assert_reply(client, "g", "1122334455667788" "aabbccdd" "xxxxxxxxxxxxxxxxxxxx" "0000000000000102");
}

static void test_xfer(void **state)
{
	struct client *client = *state;

	assert_reply(client, "qXfer:features:read:target.xml:0,ffff", "l<target>#$}*</target>");
	assert_reply(client, "qXfer:features:read:target.xml:0,3", "m<ta");
	assert_reply(client, "qXfer:features:read:target.xml:3,3", "mrge");
	assert_reply(client, "qXfer:features:read:target.xml:10,ffffffffffffffff", "lrget>");
	assert_reply(client, "qXfer:features:read:target.xml:15,10", "l");
	assert_reply(client, "qXfer:features:read:target.xml:ffffffffffffffff,10", "l");
	assert_reply(client, "qXfer:features:read:other.xml:0,10", "E00");
	assert_reply(client, "qXfer:features:read", "E00");
	assert_error(client, "qXfer:features:read:target.xml:0");
	assert_error(client, "qXfer:features:read:target.xml:0,10,");
	assert_error(client, "qXfer:features:read:target.xml:,");
	assert_reply(client, "qXfer:features:write:target.xml:0:", "");
	assert_reply(client, "qXfer:threads:read::0,13", "m<threads>0123456789");
	assert_reply(client, "qXfer:threads:read::13,100", "l</threads>");
	assert_error(client, "qXfer:threads:read");
	assert_error(client, "qXfer:threads:read:annex:0,100");
	assert_reply(client, "qXfer:libraries:read::0,100", "l<library-list></library-list>");
	client->machine.libraries = "<library-list>two</library-list>";
	assert_reply(client, "qXfer:libraries:read::0,100", "l<library-list>two</library-list>");
	assert_error(client, "qXfer:libraries:read");
	assert_reply(client, "qXfer:memory-map:read::0,100", "");
}

static void test_memory_hex(void **state)
{
	struct client *client = *state;
	const char *reply;

	/* ...81000010: 10 ^ 00 ^ 00 = 10, 11, 12, 13 */
	assert_reply(client, "mffffffff81000010,4", "10111213");
	assert_reply(client, "mffffffff81123456,2", "7071");	/* 56 ^ 34 ^ 12 = 70 */
	/* As much as can be read. */
	assert_reply(client, "mffffffff813ffffe,8", "3e3f");	/* fe ^ ff ^ 3f */
	/* Never zeros: not even a byte. */
	assert_reply(client, "mffffffff81400000,8", "");
	/* Huge lengths: one packet of hex, not more, and no wrap at the end of memory. */
	reply = ask(client, "mffffffff81000000,ffffffffffffffff");
	assert_int_equal(strlen(reply), 0x10000);
	assert_reply(client, "mfffffffffffffffe,ffffffffffffffff", "5a5a");
	assert_error(client, "mffffffff81000000,0");
	assert_error(client, "mffffffff81000000");
	assert_error(client, "m");
	assert_error(client, "m,");
	assert_error(client, "m1ffffffff81000000,4");
	assert_error(client, "mffffffff81000000,4,");
}

static void test_user_memory(void **state)
{
	struct client *client = *state;

	assert_reply(client, "m7000,2", "0202");	/* the first thread's */
	assert_reply(client, "Hg989a68", "OK");
	assert_reply(client, "m7000,2", "6868");
	assert_reply(client, "Hg1", "OK");
	assert_reply(client, "m7000,2", "");
}

static void test_memory_binary(void **state)
{
	struct client *client = *state;
	const struct buffer *reply = ask_bytes(client, "xffffffff81000000,100", 21);

	/* All 256 values, so all that need escapes. */
	assert_int_equal(reply->size, 257);
	assert_int_equal(reply->data[0], 'b');
	for (int i = 0; i < 256; i++)
		assert_int_equal((uint8_t)reply->data[1 + i], i);
	assert_reply(client, "xffffffff81000000,0", "b");
	assert_reply(client, "x0,1", "b");
	reply = ask_bytes(client, "xffffffff813fffff,100", 21);
	assert_int_equal(reply->size, 2);
	reply = ask_bytes(client, "xffffffff81000000,ffffffffffffffff", 34);
	/* Four values in 256 need an escape. */
	assert_in_range(reply->size, 0x10000 * 256 / 260 - 8, 0x10000 * 256 / 260 + 8);
	for (size_t i = 1; i < reply->size; i++)
		assert_int_equal((uint8_t)reply->data[i], kernel_byte(KERNEL + i - 1));
	assert_error(client, "x");
}

static const char *search(struct client *client, uint64_t address, uint64_t size, const void *pattern,
			  size_t pattern_size)
{
	struct buffer packet = { 0 };
	const struct buffer *reply;

	buffer_printf(&packet, "qSearch:memory:%llx;%llx;", (unsigned long long)address, (unsigned long long)size);
	buffer_append(&packet, pattern, pattern_size);
	reply = ask_bytes(client, packet.data, packet.size);
	buffer_free(&packet);
	return reply->data;
}

static void test_search(void **state)
{
	struct client *client = *state;
	uint8_t pattern[64];

	/* Across the first chunk's end (1 MiB): ...810fffff to 81100000 and on. */
	for (int i = 0; i < 64; i++)
		pattern[i] = kernel_byte(KERNEL + 0xffff0 + i);
	assert_string_equal(search(client, KERNEL, KERNEL_SIZE, pattern, 64), "1,ffffffff810ffff0");
	/* All of the range counts, and nothing beyond. */
	assert_string_equal(search(client, KERNEL + 0xffff0, 64, pattern, 64), "1,ffffffff810ffff0");
	assert_string_equal(search(client, KERNEL + 0xffff0, 63, pattern, 64), "0");
	assert_string_equal(search(client, KERNEL + 0xffff1, 64, pattern, 64), "0");
	/* Special characters. */
	assert_string_equal(search(client, KERNEL, KERNEL_SIZE, "#$", 2), "1,ffffffff81000023");
	assert_string_equal(search(client, KERNEL, KERNEL_SIZE, "\0\0\0", 3), "0");
	assert_string_equal(search(client, KERNEL, 0, "a", 1), "0");
	/* A hole: said, at its address, in words that gdb shows; but a match before it is a match. */
	assert_string_equal(search(client, KERNEL, KERNEL_SIZE + 1, "#$", 2), "1,ffffffff81000023");
	assert_string_equal(search(client, KERNEL, KERNEL_SIZE + 1, "\0\0\0", 3),
			    "the search stopped at 0xffffffff81400000: 0xffffffff81400000 is _not_ mapped");
	/* The end of memory. */
	assert_string_equal(search(client, TOP, UINT64_MAX, "ZZ", 2), "1,fffffffffffff000");
	assert_string_equal(search(client, TOP, UINT64_MAX, "ZY", 2), "0");
	assert_error(client, "qSearch:memory:1;2;");
	assert_error(client, "qSearch:memory:1;2");
	assert_error(client, "qSearch:memory:;;a");
	assert_error(client, "qSearch:memory");
}

/*
 * gdb waits 2 s for a reply, but any byte outside a packet starts that anew; its '-' in the meantime only says
 * that it still waits, another packet that it does not.
 */
static void test_slow_search(void **state)
{
	static const char packet[] = "qSearch:memory:ffffffff81000000;400000;\0\0\0";
	struct client *client = *state;
	char raw[3];
	unsigned waits = 0;

	assert_reply(client, "QStartNoAckMode", "OK");
	client->machine.slow_us = 120000;		/* ten chunks, 1.2 s */
	client_send(client, packet, sizeof(packet) - 1);
	send(client->fd, "-", 1, 0);
	while (recv(client->fd, raw, 1, MSG_WAITALL) == 1 && raw[0] == '+')
		waits++;
	assert_in_range(waits, 1, 9);
	assert_int_equal(recv(client->fd, raw + 1, 1, MSG_WAITALL), 1);
	assert_memory_equal(raw, "$0", 2);
	assert_int_equal(recv(client->fd, raw, 3, MSG_WAITALL), 3);
	assert_memory_equal(raw, "#30", 3);
	client_send(client, packet, sizeof(packet) - 1);
	usleep(100000);
	assert_string_equal(ask(client, "qC"), "E.the search was interrupted");
	assert_string_equal(client_receive(client)->data, "QC2");
}

static void test_busy(void **state)
{
	struct client *client = *state;

	client->machine.refuse_lock = true;
	assert_reply(client, "?", "E.busy");
	assert_reply(client, "mffffffff81000000,4", "E.busy");
	client->machine.refuse_lock = false;
	assert_reply(client, "?", "T05thread:2;");
}

static void test_detach(void **state)
{
	struct client *client = *state;

	assert_reply(client, "D", "OK");
	assert_null(client_receive(client));
}

static void test_kill(void **state)
{
	struct client *client = *state;

	assert_reply(client, "k", "(hung up)");
}

/* Every prefix and many corruptions of real packets: always one reply, and still alive afterwards. */
static void test_corrupted(void **state)
{
	static const char *const seeds[] = {
		"qSupported:a+;b-;c=1", "mffffffff81000000,40", "xffffffff81000000,40", "g", "p10", "Hg989a68", "T1",
		"qXfer:threads:read::0,1000", "qXfer:libraries:read::0,1000",
		"qXfer:features:read:target.xml:0,fff", "qSearch:memory:ffffffff81000000;100;abc", "qThreadExtraInfo,1",
		"vCont;s:1;c", "Z0,1,1", "M0,1:00", "X0,1:a",
	};
	struct client *client = *state;
	uint32_t seed = 7;

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		size_t size = strlen(seeds[i]);

		for (int round = 0; round < 400; round++) {
			const struct buffer *reply;
			char packet[64];

			memcpy(packet, seeds[i], size);
			seed = seed * 1664525 + 1013904223;
			packet[(seed >> 8) % size] = seed >> 24;
			seed = seed * 1664525 + 1013904223;
			packet[(seed >> 8) % size] = ",;:-#f\0z"[seed >> 29];
			if (packet[0] == 'k' || packet[0] == 'D')
				continue;
			reply = ask_bytes(client, packet, round < 50 ? round % (size + 1) : size);
			assert_non_null(reply);
			if (reply->data[0] == 'O' && reply->size > 2) /* and then the reply */
				assert_non_null(client_receive(client));
		}
	}
	assert_reply(client, "?", "T05thread:2;");
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(test_supported),
		WITH_SERVER(test_acknowledge),
		WITH_SERVER(test_simple),
		WITH_SERVER(test_refused),
		WITH_SERVER(test_resumed),
		WITH_SERVER(test_threads),
		WITH_SERVER(test_registers),
		WITH_SERVER(test_xfer),
		WITH_SERVER(test_memory_hex),
		WITH_SERVER(test_user_memory),
		WITH_SERVER(test_memory_binary),
		WITH_SERVER(test_search),
		WITH_SERVER(test_slow_search),
		WITH_SERVER(test_busy),
		WITH_SERVER(test_detach),
		WITH_SERVER(test_kill),
		WITH_SERVER(test_corrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
