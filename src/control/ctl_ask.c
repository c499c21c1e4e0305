// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The connection of tandemctl: one for each command, so that a restart of tandem in between does not matter.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/ctl.h"

#define ANSWER_TIMEOUT_S 30

static enum ctl_exit no_connection(const struct ctl *ctl, const char *what, const char *remedy) {
	fprintf(ctl->err, "tandemctl: no answer on %s: %s; %s\n", ctl->socket, what, remedy);
	return CTL_NO_CONNECTION;
}

static const char *remedy_of(int err) {
	if (err == ENOENT || err == ECONNREFUSED)
		return "is tandem running? `--socket PATH` or TANDEM_SOCKET names another socket (control.socket of "
		       "its configuration)";
	if (err == EACCES || err == EPERM)
		return "be a member of the socket's group (control.group of the configuration), or root";
	return "see the log of tandem";
}

static int connect_to(const char *path) {
	const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd, err;

	if (strlen(path) >= sizeof(name.sun_path))
		return -ENAMETOOLONG;
	memcpy(name.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0)
		return fd;
	err = errno;
	close(fd);
	return -err;
}

static bool send_all(int fd, const char *text, size_t len) {
	while (len > 0) {
		ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		text += sent;
		len -= (size_t)sent;
	}
	return true;
}

static const char *reason_of(int send_err, int read_err) {
	int err = send_err ? send_err : read_err;

	if (err == EAGAIN)
		return "timeout";
	return err == 0 || err == EPIPE || err == ECONNRESET ? "the connection was closed" : strerror(err);
}

enum ctl_exit ctl_ask(const struct ctl *ctl, const char *request, json_t **ret_answer) {
	json_error_t error;
	json_t *answer;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	FILE *in;
	int fd = connect_to(ctl->socket), send_err, read_err;

	if (fd < 0)
		return no_connection(ctl, strerror(-fd), remedy_of(-fd));
	in = fdopen(fd, "r");
	if (!in) {
		close(fd);
		return no_connection(ctl, strerror(errno), remedy_of(errno));
	}
	// Who refuses us says why and closes, maybe before we have sent: what came is read in any case.
	send_err = send_all(fd, request, strlen(request)) && send_all(fd, "\n", 1) ? 0 : errno;
	errno = 0;
	len = getline(&line, &size, in);
	read_err = errno;
	fclose(in);
	if (len < 0) {
		free(line);
		return no_connection(ctl, reason_of(send_err, read_err), remedy_of(0));
	}
	answer = json_loadb(line, (size_t)len, 0, &error);
	free(line);
	if (!answer)
		return no_connection(ctl, "what came is not JSON", "is it the control socket of tandem?");
	*ret_answer = answer;
	return CTL_DONE;
}
