// SPDX-License-Identifier: GPL-3.0-or-later
/* The remote-protocol server's socket, directory and thread. */
#include "test_target_machine.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_never_connected),
		cmocka_unit_test(test_runtime_directory),
		cmocka_unit_test_setup(test_stop_while_sending, setup),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
