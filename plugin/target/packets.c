// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of packets, and those that are about neither memory nor threads. */
#include "target/packets.h"

#include <stdlib.h>
#include <string.h>

void reply_string(struct session *session, const char *text)
{
	buffer_string(&session->reply, text);
}

void reply_plain(struct session *session, const char *text)
{
	for (; *text; text++) {
		uint8_t c = *text;

		if (c < ' ' || c > '~')
			c = '?';
		else if (strchr("#$}*", c))
			c = '_';
		buffer_char(&session->reply, c);
	}
}

void reply_error(struct session *session, const char *text)
{
	buffer_clear(&session->reply);
	reply_string(session, "E.");
	reply_plain(session, text);
}

void reply_malformed(struct session *session)
{
	reply_error(session, "malformed packet");
}

bool parse_pair(const char **text, const char *end, char separator, uint64_t *a, uint64_t *b)
{
	if (!packet_parse_hex(text, end, a) || *text == end || **text != separator)
		return false;
	(*text)++;
	return packet_parse_hex(text, end, b);
}

uint64_t session_thread(struct session *session)
{
	if (!session->thread)
		session->thread = session->ops->first_thread(session->context);
	return session->thread;
}

void reply_slice(struct session *session, const struct arguments *arguments, const char *data,
		 size_t size)
{
	const char *text = arguments->text;
	uint64_t offset, length;

	if (!parse_pair(&text, arguments->end, ',', &offset, &length) || text != arguments->end) {
		reply_malformed(session);
		return;
	}
	if (offset > size)
		offset = size;
	if (length > size - offset)
		length = size - offset;
	length = packet_fits(data + offset, length, PACKET_SIZE - 1);
	buffer_char(&session->reply, offset + length == size ? 'l' : 'm');
	buffer_append(&session->reply, data + offset, length);
}

static void handle_supported(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	buffer_printf(&session->reply,
		      "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;"
		      "qXfer:libraries:read+;binary-upload+;error-message+", PACKET_SIZE);
}

static void handle_no_ack(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	session->no_ack = true;
	reply_string(session, "OK");
}

static void handle_features(struct session *session, const struct arguments *arguments)
{
	static const char annex[] = "target.xml:";
	const char *xml = session->ops->arch(session->context)->target_xml;
	struct arguments rest = *arguments;

	if (strncmp(arguments->text, annex, strlen(annex)) != 0) {
		reply_string(session, "E00");	/* the protocol's "no such annex" */
		return;
	}
	rest.text += strlen(annex);
	reply_slice(session, &rest, xml, strlen(xml));
}

static void handle_libraries(struct session *session, const struct arguments *arguments)
{
	static const char none[] = "<library-list></library-list>";
	struct arguments rest = { arguments->text + 1, arguments->end };
	const char *xml = NULL;
	size_t size = 0;

	if (*arguments->text != ':') {		/* the annex is empty */
		reply_malformed(session);
		return;
	}
	if (session->ops->libraries_xml)
		xml = session->ops->libraries_xml(session->context, &size);
	if (!xml) {
		xml = none;
		size = strlen(none);
	}
	reply_slice(session, &rest, xml, size);
}

static void handle_attached(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	reply_string(session, "1");	/* so gdb detaches at its end and does not kill */
}

static void handle_ok(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	reply_string(session, "OK");
}

/*
 * `monitor TEXT`. The kernel's own scripts/gdb ask a stub for its version and take one that answers
 * for QEMU's, whose thread N + 1 is CPU N; so are ours ($lx_current(), $lx_per_cpu("x")).
 */
static void handle_monitor(struct session *session, const struct arguments *arguments)
{
	static const char version[] = "gdb-vmcore: a crash dump\n";
	static const char other[] = "This is a crash dump, there is no monitor; see `help kernel`.\n";
	struct buffer asked = { 0 };
	const char *answer;

	packet_append_hex(&asked, "info version", strlen("info version"));
	answer = !asked.failed && !strcmp(arguments->text, asked.data) ? version : other;
	packet_append_hex(&session->reply, answer, strlen(answer));
	buffer_free(&asked);
}

static void handle_unknown(struct session *session, const struct arguments *arguments)
{
	(void)session;
	(void)arguments;
}

static void handle_detach(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	session->finished = true;
	reply_string(session, "OK");
}

static void handle_kill(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	session->finished = true;
	session->no_reply = true;
}

static void handle_never(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	reply_error(session, "this is a crash dump, it cannot be resumed");
}

static void handle_write(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	reply_error(session, "this is a crash dump, it cannot be changed");
}

static void handle_breakpoint(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	reply_error(session, "this is a crash dump, it cannot run into breakpoints");
}

/*
 * A name of one letter is followed by its arguments at once. A longer one ends the packet or is
 * followed by one of ":;,", which is not part of the arguments. The first row that matches counts.
 */
struct packet_row {
	const char *name;
	packet_function *function;
};

static const struct packet_row packet_table[] = {
	/* Memory. */
	{ "m", handle_read_hex },
	{ "x", handle_read_binary },
	{ "qSearch:memory", handle_search },
	{ "M", handle_write },
	{ "X", handle_write },

	/* Registers. */
	{ "g", handle_registers },
	{ "p", handle_register },
	{ "G", handle_write },
	{ "P", handle_write },

	/* Threads. */
	{ "H", handle_select },
	{ "T", handle_alive },
	{ "qC", handle_current_thread },
	{ "qfThreadInfo", handle_first_threads },
	{ "qsThreadInfo", handle_more_threads },
	{ "qThreadExtraInfo", handle_thread_text },
	{ "qXfer:threads:read", handle_xfer_threads },

	/* What this is. */
	{ "qSupported", handle_supported },
	{ "QStartNoAckMode", handle_no_ack },
	{ "?", handle_stop_reason },
	{ "qXfer:features:read", handle_features },
	{ "qXfer:libraries:read", handle_libraries },
	{ "qAttached", handle_attached },
	{ "qRcmd", handle_monitor },
	{ "qSymbol", handle_ok },
	/* Relocation is the plugin's: qOffsets would move per-CPU symbols too. */
	{ "qOffsets", handle_unknown },
	{ "qTStatus", handle_unknown },
	{ "vMustReplyEmpty", handle_unknown },
	/* Not "vCont": then gdb resumes with c and s. */
	{ "vCont?", handle_unknown },

	/* The end. */
	{ "D", handle_detach },
	{ "k", handle_kill },
	{ "vKill", handle_detach },

	/* Not with a dump. */
	{ "c", handle_resume },
	{ "C", handle_resume },
	{ "s", handle_resume },
	{ "S", handle_resume },
	{ "i", handle_never },
	{ "I", handle_never },
	{ "r", handle_never },
	{ "R", handle_never },
	{ "bc", handle_resume },
	{ "bs", handle_resume },
	{ "vCont", handle_never },
	{ "vCtrlC", handle_never },
	{ "vRun", handle_never },
	{ "vAttach", handle_never },
	{ "vStopped", handle_never },
	{ "QNonStop", handle_never },
	{ "QPassSignals", handle_never },
	{ "QProgramSignals", handle_never },
	{ "QCatchSyscalls", handle_never },
	{ "QThreadEvents", handle_never },
	{ "QDisableRandomization", handle_never },
	{ "vFlashErase", handle_write },
	{ "vFlashWrite", handle_write },
	{ "vFlashDone", handle_write },
	{ "Z", handle_breakpoint },
	{ "z", handle_breakpoint },
};

static const struct packet_row *find_row(const char *packet, size_t size,
					 struct arguments *arguments)
{
	for (size_t i = 0; i < sizeof(packet_table) / sizeof(packet_table[0]); i++) {
		const struct packet_row *row = &packet_table[i];
		size_t length = strlen(row->name);

		if (length > size || memcmp(packet, row->name, length) != 0)
			continue;
		if (length > 1 && length < size) {
			if (!strchr(":;,", packet[length]) || !packet[length])
				continue;
			length++;
		}
		arguments->text = packet + length;
		arguments->end = packet + size;
		return row;
	}
	return NULL;
}

bool session_init(struct session *session, const struct target_ops *ops, void *context,
		  struct error *error)
{
	memset(session, 0, sizeof(*session));
	session->ops = ops;
	session->context = context;
	session->scratch = malloc(PACKET_SIZE);
	if (!session->scratch)
		return error_no_memory(error, "the remote protocol's buffer", PACKET_SIZE);
	return true;
}

void session_free(struct session *session)
{
	buffer_free(&session->reply);
	buffer_free(&session->console);
	free(session->scratch);
	session->scratch = NULL;
}

void session_handle(struct session *session, const char *packet, size_t size)
{
	struct arguments arguments;
	const struct packet_row *row = find_row(packet, size, &arguments);
	struct error error;

	buffer_clear(&session->reply);
	buffer_clear(&session->console);
	session->no_reply = false;
	if (!row)
		return;
	if (session->ops->lock && !session->ops->lock(session->context, &error)) {
		reply_error(session, error.text);
		return;
	}
	row->function(session, &arguments);
	if (session->ops->unlock)
		session->ops->unlock(session->context);
	if (session->reply.failed) {
		buffer_free(&session->reply);
		reply_string(session, "E.no memory");
	}
}
