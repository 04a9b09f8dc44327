// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The remote-protocol server over a socketpair, with a hand-made machine behind it: three threads, four
 * registers, and memory that can be told apart byte by byte. The replies expected are the gdb manual's.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/packets.h"
#include "target/server.h"

/* --- the machine --- */

#define KERNEL 0xffffffff81000000ull
#define KERNEL_SIZE 0x400000u
#define USER 0x7000ull		/* one page, another in each thread */
#define TOP 0xfffffffffffff000ull

static const struct register_info fake_registers[] = {
	{ "a", 8, 0, true }, { "b", 4, 1, true }, { "st", 10, 2, true }, { "pc", 8, 3, true },
};
static const struct arch fake_arch = {
	.name = "fake", .pointer_size = 8, .registers = fake_registers, .nr_registers = 4, .pc = 3,
	.target_xml = "<target>#$}*</target>",
};
static const struct arch fake_big_arch = {
	.name = "fake", .pointer_size = 8, .registers = fake_registers, .nr_registers = 4, .pc = 3,
	.big_endian = true, .target_xml = "<target/>",
};

struct machine {
	const struct arch *arch;
	bool locked, refuse_lock;
	atomic_int slow_us;	/* each long read takes so long */
	const char *libraries;
	atomic_int disconnected;
	char thread_list[64];
};

static uint8_t kernel_byte(uint64_t address)
{
	return address ^ address >> 8 ^ address >> 16;
}

static bool fake_lock(void *context, struct error *error)
{
	struct machine *machine = context;

	assert_false(machine->locked);
	if (machine->refuse_lock)
		return error_set(error, ERROR_UNSUPPORTED, "busy");
	return machine->locked = true;
}

static void fake_unlock(void *context)
{
	struct machine *machine = context;

	assert_true(machine->locked);
	machine->locked = false;
}

static const struct arch *fake_get_arch(void *context)
{
	return ((struct machine *)context)->arch;
}

static size_t fake_nr_threads(void *context)
{
	(void)context;
	return 3;
}

static uint64_t fake_thread_id(void *context, size_t index)
{
	static const uint64_t ids[] = { 1, 2, 0x989a68 };

	(void)context;
	return ids[index];
}

static bool fake_has_thread(void *context, uint64_t id)
{
	(void)context;
	return id == 1 || id == 2 || id == 0x989a68;
}

static uint64_t fake_first_thread(void *context)
{
	(void)context;
	return 2;
}

static void fake_thread_text(void *context, uint64_t id, struct buffer *text)
{
	(void)context;
	buffer_printf(text, "pid %llu", (unsigned long long)id);
}

static const char *fake_threads_xml(void *context, size_t *size_ret)
{
	struct machine *machine = context;

	strcpy(machine->thread_list, "<threads>0123456789</threads>");
	*size_ret = strlen(machine->thread_list);
	return machine->thread_list;
}

static const char *fake_libraries_xml(void *context, size_t *size_ret)
{
	struct machine *machine = context;

	*size_ret = machine->libraries ? strlen(machine->libraries) : 0;
	return machine->libraries;
}

static bool fake_get_registers(void *context, uint64_t thread, struct registers *registers, struct error *error)
{
	(void)context;
	if (thread == 1)
		return error_set(error, ERROR_EXCLUDED, "the stack of thread 1 is not in the dump");
	registers->value[0] = 0x1122334455667788;
	registers->value[1] = 0xaabbccdd;
	registers->value[3] = 0x100 + thread;
	registers->valid = 1 | 2 | 4 | 8;	/* 4: an 80-bit register cannot be held, so is not known */
	if (thread == 0x989a68)
		registers->valid = 8;
	return true;
}

static size_t fake_read_memory(void *context, uint64_t thread, uint64_t address, void *buffer, size_t size,
			       struct error *error)
{
	uint8_t *bytes = buffer;

	assert_true(((struct machine *)context)->locked);
	assert_true(size == 0 || size - 1 <= UINT64_MAX - address);
	if (size > 0x10000)
		usleep(((struct machine *)context)->slow_us);
	for (size_t i = 0; i < size; i++, address++) {
		if (address >= KERNEL && address - KERNEL < KERNEL_SIZE) {
			bytes[i] = kernel_byte(address);
		} else if (address >= USER && address < USER + 0x1000 && thread != 1) {
			bytes[i] = thread;
		} else if (address >= TOP) {
			bytes[i] = 0x5a;
		} else {
			error_set(error, ERROR_NOT_MAPPED, "0x%llx is *not* mapped", (unsigned long long)address);
			return i;
		}
	}
	return size;
}

static void fake_disconnected(void *context)
{
	struct machine *machine = context;

	assert_false(machine->locked);
	machine->disconnected++;
}

static const struct target_ops fake_ops = {
	.lock = fake_lock,
	.unlock = fake_unlock,
	.arch = fake_get_arch,
	.nr_threads = fake_nr_threads,
	.thread_id = fake_thread_id,
	.has_thread = fake_has_thread,
	.first_thread = fake_first_thread,
	.thread_text = fake_thread_text,
	.threads_xml = fake_threads_xml,
	.libraries_xml = fake_libraries_xml,
	.registers = fake_get_registers,
	.read_memory = fake_read_memory,
	.disconnected = fake_disconnected,
};

/* --- the other end --- */

struct client {
	struct machine machine;
	struct server *server;
	int fd;
	bool ack;
	struct packet_decoder decoder;
};

static void client_send(struct client *client, const void *data, size_t size)
{
	struct buffer out = { 0 };

	packet_encode(&out, data, size);
	assert_int_equal(send(client->fd, out.data, out.size, MSG_NOSIGNAL), out.size);
	buffer_free(&out);
}

/* The next packet, or NULL when the server has hung up. */
static const struct buffer *client_receive(struct client *client)
{
	uint8_t byte;

	while (recv(client->fd, &byte, 1, 0) == 1) {
		enum packet_event event = packet_decode(&client->decoder, byte);

		assert_int_not_equal(event, PACKET_GARBLED);
		assert_int_not_equal(event, PACKET_NAK);
		if (event == PACKET_COMPLETE)
			return &client->decoder.data;
	}
	return NULL;
}

static const struct buffer *ask_bytes(struct client *client, const void *data, size_t size)
{
	client_send(client, data, size);
	return client_receive(client);
}

static const char *ask(struct client *client, const char *packet)
{
	const struct buffer *reply = ask_bytes(client, packet, strlen(packet));

	return reply ? reply->data : "(hung up)";
}

#define assert_reply(client, packet, expected) assert_string_equal(ask(client, packet), expected)

static void assert_error(struct client *client, const char *packet)
{
	assert_memory_equal(ask(client, packet), "E.", 2);
}

static int setup(void **state)
{
	struct client *client = calloc(1, sizeof(*client));
	struct error error;
	int fds[2];

	client->machine.arch = &fake_arch;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	client->fd = fds[0];
	client->server = server_start_connected(&fake_ops, &client->machine, fds[1], &error);
	assert_non_null(client->server);
	*state = client;
	return 0;
}

static int teardown(void **state)
{
	struct client *client = *state;

	close(client->fd);
	server_stop(client->server);
	assert_int_equal(client->machine.disconnected, 1);
	buffer_free(&client->decoder.data);
	free(client);
	return 0;
}

/* --- tests --- */

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
		"c", "cffffffff81000000", "C05", "s", "S05", "vCont;c", "vCont;s:1;c", "vRun;2f", "R00", "r", "i", "bc",
		"bs", "vAttach;1", "QNonStop:1", "QPassSignals:e;10",
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
	uint64_t address;
	char text[100];

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
	/* None at all: not an error, which would end `info threads`; the reason is kept. */
	assert_false(server_last_error(client->server, &address, text, sizeof(text)));
	assert_reply(client, "Hg1", "OK");
	assert_reply(client, "g", "xxxxxxxxxxxxxxxx" "xxxxxxxx" "xxxxxxxxxxxxxxxxxxxx" "xxxxxxxxxxxxxxxx");
	assert_true(server_last_error(client->server, &address, text, sizeof(text)));
	assert_true(address == 0);
	assert_string_equal(text, "the stack of thread 1 is not in the dump");
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
	uint64_t address;
	char text[100];

	/* ...81000010: 10 ^ 00 ^ 00 = 10, 11, 12, 13 */
	assert_reply(client, "mffffffff81000010,4", "10111213");
	assert_reply(client, "mffffffff81123456,2", "7071");	/* 56 ^ 34 ^ 12 = 70 */
	/* As much as can be read. */
	assert_reply(client, "mffffffff813ffffe,8", "3e3f");	/* fe ^ ff ^ 3f */
	/* Never zeros. */
	assert_reply(client, "mffffffff81400000,8", "E14");
	assert_true(server_last_error(client->server, &address, text, sizeof(text)));
	assert_true(address == 0xffffffff81400000);
	assert_string_equal(text, "0xffffffff81400000 is *not* mapped");
	assert_false(server_last_error(client->server, &address, text, sizeof(text)));
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
	assert_reply(client, "m7000,2", "E14");
}

static void test_error_text(void **state)
{
	struct client *client = *state;

	assert_memory_equal(ask(client, "qSupported:a+;error-message+"), "PacketSize", 10);
	assert_reply(client, "m0,8", "E.0x0 is _not_ mapped");
	assert_reply(client, "x0,8", "E.0x0 is _not_ mapped");
	assert_memory_equal(ask(client, "qSupported:error-message-;x-error-message+"), "PacketSize", 10);
	assert_reply(client, "m0,8", "E14");
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
	assert_reply(client, "x0,1", "E14");
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
	uint64_t address;
	char text[200];

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
	assert_true(server_last_error(client->server, &address, text, sizeof(text)));
	assert_true(address == 0xffffffff81400000);
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
			char packet[64];

			memcpy(packet, seeds[i], size);
			seed = seed * 1664525 + 1013904223;
			packet[(seed >> 8) % size] = seed >> 24;
			seed = seed * 1664525 + 1013904223;
			packet[(seed >> 8) % size] = ",;:-#f\0z"[seed >> 29];
			if (packet[0] == 'k' || packet[0] == 'D')
				continue;
			assert_non_null(ask_bytes(client, packet, round < 50 ? round % (size + 1) : size));
		}
	}
	assert_reply(client, "?", "T05thread:2;");
}

/* --- the socket --- */

static void test_socket(void **state)
{
	struct machine machine = { .arch = &fake_arch };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	char path[sizeof(name.sun_path)], directory[sizeof(name.sun_path)];
	struct client client = { 0 };
	struct error error;
	struct stat status;

	(void)state;
	client.server = server_start(&fake_ops, &machine, path, sizeof(path), &error);
	assert_non_null(client.server);
	strcpy(directory, path);
	*strrchr(directory, '/') = '\0';
	assert_int_equal(stat(directory, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	strcpy(name.sun_path, path);
	client.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(client.fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_reply(&client, "qC", "QC2");
	/* Connected: nobody can come after us, and nothing is left behind. */
	assert_int_not_equal(stat(path, &status), 0);
	assert_int_not_equal(stat(directory, &status), 0);
	assert_false(server_is_finished(client.server));
	close(client.fd);
	while (!server_is_finished(client.server))
		usleep(1000);
	server_stop(client.server);
	assert_int_equal(machine.disconnected, 1);
	buffer_free(&client.decoder.data);
}

static void test_never_connected(void **state)
{
	struct machine machine = { .arch = &fake_arch };
	char path[200], small[4];
	struct server *server;
	struct error error;
	struct stat status;

	(void)state;
	server = server_start(&fake_ops, &machine, path, sizeof(path), &error);
	assert_non_null(server);
	server_stop(server);
	assert_int_not_equal(stat(path, &status), 0);
	assert_null(server_start(&fake_ops, &machine, small, sizeof(small), &error));
	assert_int_equal(error.kind, ERROR_IO);
	server_stop(NULL);
}

static void test_runtime_directory(void **state)
{
	struct machine machine = { .arch = &fake_arch };
	char path[200], parent[] = "/tmp/test-target-XXXXXX", lengthy[300];
	struct server *server;
	struct error error;

	(void)state;
	assert_non_null(mkdtemp(parent));
	setenv("XDG_RUNTIME_DIR", parent, 1);
	server = server_start(&fake_ops, &machine, path, sizeof(path), &error);
	assert_non_null(server);
	assert_memory_equal(path, parent, strlen(parent));
	server_stop(server);
	assert_int_equal(rmdir(parent), 0);	/* empty again */
	/* One that is gone, and one too long for a socket: /tmp is used. */
	server = server_start(&fake_ops, &machine, path, sizeof(path), &error);
	assert_non_null(server);
	assert_memory_equal(path, "/tmp/gdb-vmcore-", 16);
	server_stop(server);
	memset(lengthy, 'x', sizeof(lengthy));
	lengthy[0] = '/';
	lengthy[sizeof(lengthy) - 1] = '\0';
	setenv("XDG_RUNTIME_DIR", lengthy, 1);
	server = server_start(&fake_ops, &machine, path, sizeof(path), &error);
	assert_non_null(server);
	assert_memory_equal(path, "/tmp/gdb-vmcore-", 16);
	server_stop(server);
	unsetenv("XDG_RUNTIME_DIR");
}

/* A client that asks and never reads: the server blocks in send, and must still be stoppable. */
static void test_stop_while_sending(void **state)
{
	struct client *client = *state;

	for (int i = 0; i < 20; i++)
		client_send(client, "mffffffff81000000,8000", 22);
	usleep(20000);
	server_stop(client->server);
	assert_int_equal(client->machine.disconnected, 1);
	close(client->fd);
	buffer_free(&client->decoder.data);
	free(client);
}

/* gdb's signals must not be delivered to our thread. */
static sigset_t thread_mask;

static bool mask_lock(void *context, struct error *error)
{
	pthread_sigmask(SIG_SETMASK, NULL, &thread_mask);
	return fake_lock(context, error);
}

static void test_signals(void **state)
{
	struct target_ops ops = fake_ops;
	struct client client = { .machine.arch = &fake_arch };
	struct error error;
	int fds[2];

	(void)state;
	ops.lock = mask_lock;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	client.fd = fds[0];
	client.server = server_start_connected(&ops, &client.machine, fds[1], &error);
	assert_reply(&client, "qAttached", "1");
	assert_true(sigismember(&thread_mask, SIGINT));
	assert_true(sigismember(&thread_mask, SIGCHLD));
	assert_true(sigismember(&thread_mask, SIGALRM));
	assert_false(sigismember(&thread_mask, SIGSEGV));
	assert_false(sigismember(&thread_mask, SIGBUS));
	/* And the caller's mask is as it was. */
	pthread_sigmask(SIG_SETMASK, NULL, &thread_mask);
	assert_false(sigismember(&thread_mask, SIGINT));
	close(client.fd);
	server_stop(client.server);
	buffer_free(&client.decoder.data);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(test_supported),
		WITH_SERVER(test_acknowledge),
		WITH_SERVER(test_simple),
		WITH_SERVER(test_refused),
		WITH_SERVER(test_threads),
		WITH_SERVER(test_registers),
		WITH_SERVER(test_xfer),
		WITH_SERVER(test_memory_hex),
		WITH_SERVER(test_user_memory),
		WITH_SERVER(test_error_text),
		WITH_SERVER(test_memory_binary),
		WITH_SERVER(test_search),
		WITH_SERVER(test_slow_search),
		WITH_SERVER(test_busy),
		WITH_SERVER(test_detach),
		WITH_SERVER(test_kill),
		WITH_SERVER(test_corrupted),
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_never_connected),
		cmocka_unit_test(test_runtime_directory),
		cmocka_unit_test_setup(test_stop_while_sending, setup),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
