// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gdb's remote protocol: the input is what comes over the socket. Packets with wrong checksums do not reach the handlers, so
 * an input that starts with a byte of 0x80 and up is lines instead, each a packet's contents.
 */
/* max_len=256 */
#include "fuzz.h"

#include "target/packets.h"

static const struct register_info registers_table[] = {
	{ "a", 8, 0, true }, { "b", 4, 1, true }, { "st", 10, 2, true }, { "pc", 8, 3, true },
};
static const struct arch arch = {
	.name = "fake", .pointer_size = 8, .registers = registers_table, .nr_registers = 4, .pc = 3,
	.target_xml = "<target>#$}*</target>",
};

static const struct arch *get_arch(void *context)
{
	(void)context;
	return &arch;
}

static size_t nr_threads(void *context)
{
	(void)context;
	return 3;
}

static uint64_t thread_id(void *context, size_t index)
{
	(void)context;
	FUZZ_CHECK(index < 3);
	return index + 1;
}

static bool has_thread(void *context, uint64_t id)
{
	(void)context;
	return id >= 1 && id <= 3;
}

static uint64_t first_thread(void *context)
{
	(void)context;
	return 2;
}

static void thread_text(void *context, uint64_t id, struct buffer *text)
{
	(void)context;
	buffer_printf(text, "thread %llu }#", (unsigned long long)id);
}

static const char *xml(void *context, size_t *size_ret)
{
	static const char text[] = "<threads>}#$*\033\377</threads>";

	(void)context;
	*size_ret = sizeof(text) - 1;
	return text;
}

static bool get_registers(void *context, uint64_t thread, struct registers *registers, struct error *error)
{
	(void)context;
	if (thread == 3)
		return error_set(error, ERROR_EXCLUDED, "no registers for \033 #3");
	registers->value[0] = 0x2a2a7d7d24242323;
	registers->valid = thread * 5;
	return true;
}

/* Two regions, one at the top of the address space. */
static size_t read_memory(void *context, uint64_t thread, uint64_t address, void *buffer, size_t size, struct error *error)
{
	uint64_t start = address >= 0xffffffffffffff00 ? 0xffffffffffffff00 : 0x10000, there;

	(void)context;
	(void)thread;
	if (address < start || address - start >= 0x100 || !size) {
		error_set(error, ERROR_NOT_MAPPED, "nothing at 0x%llx", (unsigned long long)address);
		return 0;
	}
	there = 0x100 - (address - start);
	there = there < size ? there : size;
	for (uint64_t i = 0; i < there; i++)
		((uint8_t *)buffer)[i] = address + i;
	if (there < size)
		error_set(error, ERROR_NOT_MAPPED, "it ends there");
	return there;
}

static const struct target_ops ops = {
	.arch = get_arch, .nr_threads = nr_threads, .thread_id = thread_id, .has_thread = has_thread, .first_thread = first_thread,
	.thread_text = thread_text, .threads_xml = xml, .libraries_xml = xml, .registers = get_registers, .read_memory = read_memory,
};

/* What goes out must come in again as it was. */
static void check_reply(const struct session *session)
{
	struct packet_decoder decoder = { 0 };
	struct buffer out = { 0 };
	enum packet_event event = PACKET_MORE;

	FUZZ_CHECK(!session->reply.failed && session->reply.size <= PACKET_SIZE);
	packet_encode(&out, session->reply.data ? session->reply.data : "", session->reply.size);
	for (size_t i = 0; i < out.size; i++) {
		FUZZ_CHECK(event == PACKET_MORE);
		event = packet_decode(&decoder, out.data[i]);
	}
	FUZZ_CHECK(event == PACKET_COMPLETE && decoder.data.size == session->reply.size);
	FUZZ_CHECK(!session->reply.size || !memcmp(decoder.data.data, session->reply.data, session->reply.size));
	buffer_free(&out);
	buffer_free(&decoder.data);
}

static void handle(struct session *session, const char *packet, size_t size)
{
	buffer_clear(&session->reply);
	session_handle(session, packet, size);
	check_reply(session);
}

static void lines(struct session *session, const uint8_t *data, size_t size)
{
	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) : size;
		char *copy = malloc(length + 1);

		memcpy(copy, data, length);
		copy[length] = 0;
		handle(session, copy, length);
		free(copy);
		data += length + (end != NULL);
		size -= length + (end != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet_decoder decoder = { 0 };
	struct session session;
	struct error error = { 0 };

	if (!size || size > 4096)
		return 0;
	FUZZ_CHECK(session_init(&session, &ops, NULL, &error));
	if (data[0] >= 0x80)
		lines(&session, data + 1, size - 1);
	for (size_t i = 0; data[0] < 0x80 && i < size; i++)
		if (packet_decode(&decoder, data[i]) == PACKET_COMPLETE)
			handle(&session, decoder.data.data, decoder.data.size);
	buffer_free(&decoder.data);
	session_free(&session);
	return 0;
}
