// SPDX-License-Identifier: GPL-3.0-or-later
#include "target/server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"
#include "base/threads.h"
#include "target/packets.h"

/* How long to look for the next packet before sleeping; waking up costs more than most answers. */
#define SPIN_NS 200000

/* How often gdb is kept waiting while a reply takes long. */
#define KEEP_WAITING_NS 500000000
#define PREFIX		"gdb-vmcore-" /* of the directory that the socket is in */

struct server {
	struct session session;
	struct packet_decoder decoder;
	struct buffer out;		/* the last reply, framed, for '-' */
	int listener;			/* -1 = connected, or was from the start */
	int connection;			/* -1 = not yet */
	int stop_event;			/* readable = end */
	bool spin;
	uint64_t working_since;		/* when the packet came, or gdb was last kept waiting */
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];	/* "" = none */
	int directory_lock;		/* held as long as it is ours; -1 = not */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	pthread_t thread;
	atomic_bool finished;

	pthread_mutex_t lock;		/* connection */
};

static void remove_socket(struct server *server)
{
	if (server->listener >= 0)
		close(server->listener);
	server->listener = -1;
	if (server->path[0])
		unlink(server->path);
	if (server->directory[0])
		rmdir(server->directory);
	if (server->directory_lock >= 0)
		close(server->directory_lock);
	server->directory_lock = -1;
	server->path[0] = server->directory[0] = '\0';
}

/* Waits until FD is readable; false = the server is to stop, or the wait failed. */
static bool wait_readable(struct server *server, int fd)
{
	struct pollfd fds[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = server->stop_event, .events = POLLIN },
	};

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return false;
	return !fds[1].revents;
}

static bool accept_gdb(struct server *server)
{
	struct ucred peer = { .uid = -1 };
	socklen_t size = sizeof(peer);
	int fd;

	if (!wait_readable(server, server->listener))
		return false;
	fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return false;
	/*
	 * The directory lets nobody else in; this is for a directory whose owner can be root's
	 * double.
	 */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid()) {
		close(fd);
		return false;
	}
	pthread_mutex_lock(&server->lock);
	server->connection = fd;
	pthread_mutex_unlock(&server->lock);
	remove_socket(server);
	return true;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/*
 * gdb's next bytes: looks for them for a moment, then sleeps. 0 or less: gdb is gone, or we are to
 * stop.
 */
static ssize_t receive(struct server *server, uint8_t *buffer, size_t size)
{
	uint64_t until = server->spin ? now_ns() + SPIN_NS : 0;

	for (;;) {
		ssize_t count = recv(server->connection, buffer, size, MSG_DONTWAIT);

		if (count >= 0)
			return count;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return -1;
		if (until && now_ns() < until) {
#ifdef __x86_64__
			__builtin_ia32_pause();
#endif
			continue;
		}
		until = 0;
		if (!wait_readable(server, server->connection))
			return -1;
	}
}

static bool send_all(struct server *server, const char *data, size_t size)
{
	while (size) {
		ssize_t count = send(server->connection, data, size, MSG_NOSIGNAL);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		data += count;
		size -= count;
	}
	return true;
}

static void append_console(struct server *server, const struct buffer *text)
{
	struct buffer packet = { 0 };

	if (!text->size)
		return;
	buffer_char(&packet, 'O');
	packet_append_hex(&packet, text->data, text->size);
	packet_encode(&server->out, packet.data, packet.size);
	server->out.failed |= packet.failed;
	buffer_free(&packet);
}

/* False = the connection is over. */
static bool answer(struct server *server)
{
	struct session *session = &server->session;
	bool ack = !session->no_ack;

	server->working_since = now_ns();
	session_handle(session, server->decoder.data.data, server->decoder.data.size);
	if (session->no_reply)
		return !session->finished;
	buffer_clear(&server->out);
	if (ack)
		buffer_char(&server->out, '+');
	append_console(server, &session->console);
	packet_encode(&server->out, session->reply.data, session->reply.size);
	if (server->out.failed || !send_all(server, server->out.data, server->out.size))
		return false;
	return !session->finished;
}

static bool answer_garbled(struct server *server)
{
	static const char text[] = "E.garbled packet";

	if (!server->session.no_ack)
		return send_all(server, "-", 1);
	/* Nobody would send it again: say so instead of letting gdb wait. */
	buffer_clear(&server->out);
	packet_encode(&server->out, text, strlen(text));
	return !server->out.failed && send_all(server, server->out.data, server->out.size);
}

static bool handle_event(struct server *server, enum packet_event event)
{
	switch (event) {
	case PACKET_COMPLETE:
		return answer(server);
	case PACKET_GARBLED:
		return answer_garbled(server);
	case PACKET_NAK:
		if (server->session.no_ack || !server->out.size)
			return true;
		return send_all(server, server->out.data, server->out.size);
	case PACKET_MORE:
	case PACKET_ACK:
	case PACKET_INTERRUPT:		/* nothing runs that could be interrupted */
		break;
	}
	return true;
}

static void serve(struct server *server)
{
	uint8_t bytes[4096];

	for (;;) {
		ssize_t count = receive(server, bytes, sizeof(bytes));

		if (count <= 0)
			return;
		for (ssize_t i = 0; i < count; i++)
			if (!handle_event(server, packet_decode(&server->decoder, bytes[i])))
				return;
	}
}

/*
 * Called between the pieces of long work. gdb waits `remotetimeout` (2 s) for a reply, asks for it
 * again with '-' a few times, and then goes on without. But bytes before the '$' restart its clock
 * (13.1 to 18.1).
 */
static bool give_up(void *context)
{
	struct server *server = context;
	struct pollfd stop = { .fd = server->stop_event, .events = POLLIN };
	uint64_t now = now_ns();
	uint8_t next;

	if (poll(&stop, 1, 0) > 0)
		return true;
	if (now - server->working_since >= KEEP_WAITING_NS) {
		server->working_since = now;
		if (!send_all(server, "+", 1))
			return true;
	}
	/* Another packet means that nobody waits for this one any more. */
	for (;;) {
		ssize_t count = recv(server->connection, &next, 1, MSG_DONTWAIT | MSG_PEEK);

		if (count < 0)
			return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
		if (count == 0 || (next != '-' && next != '+'))
			return true;
		recv(server->connection, &next, 1, MSG_DONTWAIT);
	}
}

static void *run(void *context)
{
	struct server *server = context;

	if (server->connection >= 0 || accept_gdb(server))
		serve(server);
	remove_socket(server);
	/* gdb must see the end of the connection now, not when it comes to server_stop(). */
	if (server->connection >= 0)
		shutdown(server->connection, SHUT_RDWR);
	atomic_store(&server->finished, true);
	if (server->session.ops->disconnected)
		server->session.ops->disconnected(server->session.context);
	return NULL;
}

static bool bind_socket(struct server *server, const char *parent, struct error *error)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	size_t used = strlen(parent) + strlen("/" PREFIX "XXXXXX");

	if (used + sizeof("/gdb") > sizeof(name.sun_path))
		return error_set(error, ERROR_IO, "%s is too long a path for a socket", parent);
	/* Mode 0700; those of gdbs that were killed before they had connected go. */
	if (!files_make_temporary(parent, PREFIX, server->directory, sizeof(server->directory), &server->directory_lock,
				  error))
		return error_prefix(error, "gdb's socket");
	memcpy(name.sun_path, server->directory, used);
	strcpy(name.sun_path + used, "/gdb");
	server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->listener < 0 ||
	    bind(server->listener, (struct sockaddr *)&name, sizeof(name)) != 0 ||
	    listen(server->listener, 1) != 0) {
		error_set(error, ERROR_IO, "gdb's socket cannot be made in %s: %s",
			  server->directory, strerror(errno));
		remove_socket(server);
		return false;
	}
	strcpy(server->path, name.sun_path);
	return true;
}

static bool make_socket(struct server *server, struct error *error)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (runtime && runtime[0] == '/' && bind_socket(server, runtime, NULL))
		return true;
	return bind_socket(server, "/tmp", error);
}

static bool create_thread(struct server *server)
{
	if (!threads_start(&server->thread, run, server))
		return false;
	pthread_setname_np(server->thread, "vmcore-target");
	return true;
}

static void free_server(struct server *server)
{
	remove_socket(server);
	if (server->connection >= 0)
		close(server->connection);
	if (server->stop_event >= 0)
		close(server->stop_event);
	session_free(&server->session);
	buffer_free(&server->decoder.data);
	buffer_free(&server->out);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

static bool several_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1;
}

static struct server *new_server(const struct target_ops *ops, void *context, int fd,
				 struct error *error)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server) {
		if (fd >= 0)
			close(fd);
		error_no_memory(error, "the remote protocol server", sizeof(*server));
		return NULL;
	}
	server->listener = server->directory_lock = -1;
	server->connection = fd;
	server->spin = several_cpus();
	pthread_mutex_init(&server->lock, NULL);
	server->stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->stop_event < 0) {
		error_set(error, ERROR_IO, "the remote protocol server cannot be started: %s",
			  strerror(errno));
		free_server(server);
		return NULL;
	}
	if (!session_init(&server->session, ops, context, error)) {
		free_server(server);
		return NULL;
	}
	server->session.give_up = give_up;
	server->session.give_up_context = server;
	return server;
}

static struct server *start_thread(struct server *server, struct error *error)
{
	if (create_thread(server))
		return server;
	error_set(error, ERROR_NO_MEMORY, "no thread for the remote protocol server");
	free_server(server);
	return NULL;
}

struct server *server_start(const struct target_ops *ops, void *context, char *path_ret,
			    size_t path_size, struct error *error)
{
	struct server *server = new_server(ops, context, -1, error);

	if (!server)
		return NULL;
	if (!make_socket(server, error)) {
		free_server(server);
		return NULL;
	}
	if ((size_t)snprintf(path_ret, path_size, "%s", server->path) >= path_size) {
		error_set(error, ERROR_IO, "the path of gdb's socket is too long: %s",
			  server->path);
		free_server(server);
		return NULL;
	}
	return start_thread(server, error);
}

struct server *server_start_connected(const struct target_ops *ops, void *context, int fd,
				      struct error *error)
{
	struct server *server = new_server(ops, context, fd, error);

	return server ? start_thread(server, error) : NULL;
}

void server_stop(struct server *server)
{
	if (!server)
		return;
	eventfd_write(server->stop_event, 1);
	/* A reply that nobody reads would block send() for ever. */
	pthread_mutex_lock(&server->lock);
	if (server->connection >= 0)
		shutdown(server->connection, SHUT_RDWR);
	pthread_mutex_unlock(&server->lock);
	pthread_join(server->thread, NULL);
	free_server(server);
}

bool server_is_finished(struct server *server)
{
	return atomic_load(&server->finished);
}
