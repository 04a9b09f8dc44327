/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hand-made machine for the remote-protocol server: three threads, four registers, and memory that can be told apart byte by
 * byte; and the other end of the connection.
 */
#ifndef VMCORE_TEST_TARGET_MACHINE_H
#define VMCORE_TEST_TARGET_MACHINE_H

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

static inline void assert_error(struct client *client, const char *packet)
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

static inline int teardown(void **state)
{
	struct client *client = *state;

	close(client->fd);
	server_stop(client->server);
	assert_int_equal(client->machine.disconnected, 1);
	buffer_free(&client->decoder.data);
	free(client);
	return 0;
}

#endif
