/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each packet of the remote protocol does (gdb manual, appendix E.2 ff.).
 *
 * To add a packet: a function `void handle_NAME(struct session *, const struct arguments *)` that
 * appends its reply to session->reply, and one row in the table in packets.c, which says how names
 * are matched. No row means an empty reply, which is the protocol's "I do not know this packet";
 * gdb then does without.
 *
 * No packet changes anything but the session: a dump cannot run and cannot be written to. Those
 * that would are refused with a sentence, never with an empty reply, after which gdb would try
 * something else.
 */
#ifndef VMCORE_TARGET_PACKETS_H
#define VMCORE_TARGET_PACKETS_H

#include "target/packet.h"
#include "target/target.h"

/* One connection of gdb. */
struct session {
	const struct target_ops *ops;
	void *context;

	/* of Hg: whose registers, and whose user memory; 0 = not chosen yet */
	uint64_t thread;
	uint64_t to_resume;	/* of Hc; 0 = any */
	size_t list_position;	/* of qfThreadInfo/qsThreadInfo */
	struct buffer console;	/* what the person is told before the reply, in an O packet */
	struct buffer reply;	/* contents, without framing and escapes */
	bool no_reply;		/* `k` wants none at all */
	bool no_ack;		/* QStartNoAckMode: from the next packet on */
	bool finished;		/* gdb said good-bye: send the reply, then hang up */

	uint8_t *scratch;	/* PACKET_SIZE bytes for memory */
	/*
	 * Called now and then by searches, which may take long: should this be given up? Optional.
	 */
	bool (*give_up)(void *give_up_context);
	void *give_up_context;
};

/* What follows a packet's name. [text, end) may hold any bytes; *end is NUL. */
struct arguments {
	const char *text;
	const char *end;
};

bool session_init(struct session *session, const struct target_ops *ops, void *context,
		  struct error *error);
void session_free(struct session *session);
/* Handles one packet; PACKET[SIZE] must be NUL. The reply is in session->reply. */
void session_handle(struct session *session, const char *packet, size_t size);

/* --- for the handlers --- */
typedef void packet_function(struct session *session, const struct arguments *arguments);

/* Appends TEXT in printable characters that need no escapes: gdb undoes none in errors. */
void reply_plain(struct session *session, const char *text);
/* Replies "E.TEXT". */
void reply_error(struct session *session, const char *text);
void reply_malformed(struct session *session);
void reply_string(struct session *session, const char *text);
/* The thread to answer for: the chosen one, else the first. */
uint64_t session_thread(struct session *session);
/* Replies with a slice of an object, as qXfer does; ARGUMENTS are "OFFSET,LENGTH". */
void reply_slice(struct session *session, const struct arguments *arguments, const char *data,
		 size_t size);
/* "A,B" and "A;B": two hexadecimal numbers; *text is moved behind them. */
bool parse_pair(const char **text, const char *end, char separator, uint64_t *a, uint64_t *b);

/* packets_memory.c */
packet_function handle_read_hex, handle_read_binary, handle_search;
/* packets_threads.c */
packet_function handle_stop_reason, handle_resume, handle_registers, handle_register, handle_select, handle_alive,
	handle_current_thread, handle_first_threads, handle_more_threads, handle_thread_text,
	handle_xfer_threads;

#endif
