// SPDX-License-Identifier: GPL-3.0-or-later
/* Packets about threads and their registers. */
#include "target/packets.h"

#include <string.h>

/* A thread id as gdb writes it: hexadecimal, "0" any, "-1" all. The two come back as 0. */
static bool parse_thread(struct session *session, const struct arguments *arguments,
			 const char *text, uint64_t *id_ret)
{
	if (strcmp(text, "-1") == 0) {
		*id_ret = 0;
		return true;
	}
	if (!packet_parse_hex(&text, arguments->end, id_ret) || text != arguments->end) {
		reply_malformed(session);
		return false;
	}
	return true;
}

static bool parse_existing(struct session *session, const struct arguments *arguments,
			   const char *text, uint64_t *id_ret)
{
	if (!parse_thread(session, arguments, text, id_ret))
		return false;
	if (*id_ret == 0 || session->ops->has_thread(session->context, *id_ret))
		return true;
	reply_error(session, "there is no such thread in this dump");
	return false;
}

void handle_stop_reason(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	session->thread = session->ops->first_thread(session->context);
	buffer_printf(&session->reply, "T05thread:%llx;", (unsigned long long)session->thread);
}

/*
 * gdb takes an error for a stop by signal 0, and makes a program of the machine: it looks anew whether the first frame of the thread
 * is an inlined function's. A recording that ends is a stop at which nothing has changed.
 */
void handle_resume(struct session *session, const struct arguments *arguments)
{
	uint64_t thread = session->to_resume ? session->to_resume : session_thread(session);

	(void)arguments;
	buffer_string(&session->console, "this is a crash dump, it cannot be resumed\n");
	buffer_printf(&session->reply, "T05thread:%llx;replaylog:end;", (unsigned long long)thread);
}

void handle_select(struct session *session, const struct arguments *arguments)
{
	uint64_t id;

	if (arguments->text == arguments->end) {
		reply_malformed(session);
		return;
	}
	if (!parse_existing(session, arguments, arguments->text + 1, &id))
		return;
	if (*arguments->text == 'g' && id)
		session->thread = id;
	if (*arguments->text == 'c')
		session->to_resume = id;
	reply_string(session, "OK");
}

void handle_alive(struct session *session, const struct arguments *arguments)
{
	uint64_t id;

	if (parse_existing(session, arguments, arguments->text, &id))
		reply_string(session, "OK");
}

void handle_current_thread(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	buffer_printf(&session->reply, "QC%llx", (unsigned long long)session_thread(session));
}

/* Room for one more id and its comma. */
#define LONGEST_ID 17

void handle_more_threads(struct session *session, const struct arguments *arguments)
{
	size_t count = session->ops->nr_threads(session->context);
	char separator = 'm';

	(void)arguments;
	for (; session->list_position < count && session->reply.size + LONGEST_ID < PACKET_SIZE;
	     session->list_position++) {
		uint64_t id = session->ops->thread_id(session->context, session->list_position);

		buffer_printf(&session->reply, "%c%llx", separator, (unsigned long long)id);
		separator = ',';
	}
	if (session->reply.size == 0)
		reply_string(session, "l");
}

void handle_first_threads(struct session *session, const struct arguments *arguments)
{
	session->list_position = 0;
	handle_more_threads(session, arguments);
}

void handle_thread_text(struct session *session, const struct arguments *arguments)
{
	struct buffer text = { 0 };
	uint64_t id;

	if (!parse_existing(session, arguments, arguments->text, &id))
		return;
	session->ops->thread_text(session->context, id ? id : session_thread(session), &text);
	if (text.size)
		packet_append_hex(&session->reply, text.data,
				  text.size < PACKET_SIZE / 2 ? text.size : PACKET_SIZE / 2);
	buffer_free(&text);
}

void handle_xfer_threads(struct session *session, const struct arguments *arguments)
{
	struct arguments rest = { arguments->text + 1, arguments->end };
	const char *xml;
	size_t size;

	if (*arguments->text != ':') {		/* the annex is empty */
		reply_malformed(session);
		return;
	}
	xml = session->ops->threads_xml(session->context, &size);
	if (xml)
		reply_slice(session, &rest, xml, size);
	else
		reply_error(session, "no memory for the list of threads");
}

static void append_register(struct session *session, const struct arch *arch,
			    const struct registers *registers, unsigned index)
{
	unsigned size = arch->registers[index].size;
	uint8_t bytes[8];

	/* What is not known, and what is wider than a value, which the dump has none of. */
	if (!(registers->valid >> index & 1) || size > sizeof(bytes)) {
		for (unsigned i = 0; i < size; i++)
			buffer_append(&session->reply, "xx", 2);
		return;
	}
	for (unsigned i = 0; i < size; i++)
		bytes[arch->big_endian ? size - 1 - i : i] = registers->value[index] >> (8 * i);
	packet_append_hex(&session->reply, bytes, size);
}

/*
 * An error in reply to `g` would end the command that asked (`info threads` in the middle of its
 * list), so registers that cannot be had are unavailable.
 */
static void read_registers(struct session *session, struct registers *registers)
{
	memset(registers, 0, sizeof(*registers));
	if (!session->ops->registers(session->context, session_thread(session), registers, NULL))
		memset(registers, 0, sizeof(*registers));
}

void handle_registers(struct session *session, const struct arguments *arguments)
{
	const struct arch *arch = session->ops->arch(session->context);
	struct registers registers;

	(void)arguments;
	read_registers(session, &registers);
	for (unsigned i = 0; i < arch->nr_registers; i++)
		append_register(session, arch, &registers, i);
}

void handle_register(struct session *session, const struct arguments *arguments)
{
	const struct arch *arch = session->ops->arch(session->context);
	const char *text = arguments->text;
	struct registers registers;
	uint64_t index;

	if (!packet_parse_hex(&text, arguments->end, &index) || text != arguments->end ||
	    index >= arch->nr_registers) {
		reply_malformed(session);
		return;
	}
	read_registers(session, &registers);
	append_register(session, arch, &registers, index);
}
