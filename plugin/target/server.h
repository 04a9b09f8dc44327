/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The remote-protocol server: a thread of gdb's own process that gdb talks to over a unix socket.
 *
 * That is the one stable way to give stock gdb memory, threads and registers. gdb waits for each
 * reply, so answering fast is all that matters: see receive() in server.c.
 *
 * The thread ends by itself when gdb disconnects. server_stop() must still be called then, by
 * another thread, to join it and free the memory; never from a target_ops function.
 */
#ifndef VMCORE_TARGET_SERVER_H
#define VMCORE_TARGET_SERVER_H

#include "target/target.h"

struct server;

/*
 * Starts to wait for one connection; `target remote` goes to the path stored in PATH_RET. CONTEXT
 * must live until server_stop(). The socket is in a directory only the user can enter and is gone
 * once gdb is connected.
 */
struct server *server_start(const struct target_ops *ops, void *context, char *path_ret,
			    size_t path_size, struct error *error);
/* The same on a socket that is connected already; taken over, also on failure. */
struct server *server_start_connected(const struct target_ops *ops, void *context, int fd,
				      struct error *error);
/* Hangs up, waits for the thread, frees. NULL is fine. */
void server_stop(struct server *server);
/* Has the thread ended (gdb disconnected)? */
bool server_is_finished(struct server *server);

#endif
