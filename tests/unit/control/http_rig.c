// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "unit/control/http_rig.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define HEARD_MAX (64u << 20)

static struct sockaddr_in loopback(uint16_t port) {
	return (struct sockaddr_in
	){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

struct endpoint http_free_endpoint(void) {
	struct sockaddr_in local = loopback(0);
	socklen_t len = sizeof(local);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &len), 0);
	close(fd);
	return (struct endpoint){.addr = ip_from_v4(local.sin_addr.s_addr), .port = ntohs(local.sin_port)};
}

int http_connect(const struct endpoint *to) {
	struct sockaddr_in peer = loopback(to->port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&peer, sizeof(peer)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

void http_say(int fd, const char *text) {
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

char *http_hear(struct event_base *base, int fd) {
	char *heard = malloc(HEARD_MAX + 1);
	size_t len = 0;
	ssize_t got;

	assert_non_null(heard);
	while ((got = read(fd, heard + len, HEARD_MAX - len)) != 0) {
		len += got > 0 ? (size_t)got : 0;
		if (got > 0)
			continue;
		if (errno != EAGAIN)
			break;
		event_base_loop(base, EVLOOP_ONCE);
	}
	heard[len] = '\0';
	close(fd);
	return heard;
}

char *http_ask(struct event_base *base, const struct endpoint *to, const char *request) {
	int fd = http_connect(to);

	http_say(fd, request);
	return http_hear(base, fd);
}
