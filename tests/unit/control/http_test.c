// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/http.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "unit/control/http_rig.h"

#define SOON_MS 50
#define LARGE_LEN (32u << 20) // more than a socket takes

struct rig {
	struct event_base *base;
	struct http *http;
	struct endpoint at;
	struct ip_addr peer; // who came last
	bool allows;
};

static bool allows(void *ctx, const struct ip_addr *peer) {
	struct rig *rig = ctx;

	rig->peer = *peer;
	return rig->allows;
}

static void get(void *ctx, struct str path, struct http_answer *ret_answer) {
	(void)ctx;
	*ret_answer = (struct http_answer){.status = 200, .type = "text/x"};
	if (str_eq(path, STR("/large"))) {
		ret_answer->text = calloc(1, LARGE_LEN);
		ret_answer->len = LARGE_LEN;
	} else if (str_eq(path, STR("/page"))) {
		ret_answer->text = strdup("a page\n");
		ret_answer->len = strlen("a page\n");
	} else if (str_eq(path, STR("/ill"))) {
		ret_answer->status = 503;
		ret_answer->text = strdup("ill\n");
		ret_answer->len = strlen("ill\n");
	}
}

static void open_with(struct rig *rig, uint32_t deadline_ms) {
	const struct http_backend backend = {.allows = allows, .get = get, .ctx = rig};

	rig->base = event_base_new();
	rig->at = http_free_endpoint();
	rig->allows = true;
	assert_int_equal(http_open(rig->base, &rig->at, &backend, deadline_ms, &rig->http), 0);
}

static void rig_close(struct rig *rig) {
	http_close(rig->http);
	event_base_free(rig->base);
}

static int rig_up(void **state) {
	struct rig *rig = calloc(1, sizeof(*rig));

	open_with(rig, HTTP_DEADLINE_MS);
	*state = rig;
	return 0;
}

// With a deadline that comes soon.
static int hasty_rig_up(void **state) {
	struct rig *rig = calloc(1, sizeof(*rig));

	open_with(rig, SOON_MS);
	*state = rig;
	return 0;
}

static int rig_down(void **state) {
	rig_close(*state);
	free(*state);
	return 0;
}

static void a_page_is_sent_and_the_connection_closed(void **state) {
	struct rig *rig = *state;
	char *heard = http_ask(rig->base, &rig->at, "GET /page HTTP/1.1\r\nHost: x\r\n\r\n");

	assert_string_equal(
		heard,
		"HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 7\r\nConnection: close\r\n\r\na page\n"
	);
	assert_int_equal(http_counts(rig->http)->answered, 1);
	assert_int_equal(http_counts(rig->http)->broken, 0);
	free(heard);
}

static void head_is_answered_without_the_body(void **state) {
	struct rig *rig = *state;
	char *heard = http_ask(rig->base, &rig->at, "HEAD /page HTTP/1.1\r\n\r\n");

	assert_string_equal(
		heard, "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 7\r\nConnection: close\r\n\r\n"
	);
	free(heard);
}

static void head_is_answered_without_the_body_of_an_error(void **state) {
	static const char *const requests[] = {"HEAD /nothing HTTP/1.1\r\n\r\n", "HEAD page HTTP/1.1\r\n\r\n"};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		char *heard = http_ask(rig->base, &rig->at, requests[i]), *end = strstr(heard, "\r\n\r\n");

		assert_non_null(end);
		assert_string_equal(end, "\r\n\r\n");
		free(heard);
	}
}

static void each_request_has_its_status(void **state) {
	static const struct {
		const char *request, *status;
	} rows[] = {
		{"GET /page?x=y HTTP/1.1", "200 OK"},
		{"GET /page HTTP/1.0", "200 OK"},
		{"GET /ill HTTP/1.1", "503 Service Unavailable"},
		{"GET /nothing HTTP/1.1", "500 Internal Server Error"},
		{"POST /page HTTP/1.1", "405 Method Not Allowed"},
		{"OPTIONS /page HTTP/1.1", "405 Method Not Allowed"},
		{"get /page HTTP/1.1", "405 Method Not Allowed"},
		{"GET page HTTP/1.1", "400 Bad Request"},
		{"GET http://x/page HTTP/1.1", "400 Bad Request"},
		{"GET /page", "400 Bad Request"},
		{"GET /page HTTP/2.0", "400 Bad Request"},
		{"GET /page HTTP/1.1 ", "400 Bad Request"},
		{"GET  /page HTTP/1.1", "400 Bad Request"},
		{" /page HTTP/1.1", "400 Bad Request"},
		{"GET", "400 Bad Request"},
		{"", "400 Bad Request"},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char request[128], *heard;

		snprintf(request, sizeof(request), "%s\r\n\r\n", rows[i].request);
		heard = http_ask(rig->base, &rig->at, request);
		if (strncmp(heard, "HTTP/1.1 ", 9) != 0 ||
		    strncmp(heard + 9, rows[i].status, strlen(rows[i].status)) != 0)
			fail_msg("\"%s\": expected %s, got %s", rows[i].request, rows[i].status, heard);
		free(heard);
	}
	assert_int_equal(http_counts(rig->http)->answered, ARRAY_LEN(rows));
}

static void what_is_allowed_is_said(void **state) {
	struct rig *rig = *state;
	char *heard = http_ask(rig->base, &rig->at, "POST /page HTTP/1.1\r\nContent-Length: 3\r\n\r\na=b");

	assert_non_null(strstr(heard, "\r\nAllow: GET, HEAD\r\n"));
	free(heard);
}

// Just not too large, and a byte more.
static void headers_are_bounded(void **state) {
	static const char before[] = "GET /page HTTP/1.1\r\nX: ", after[] = "\r\n\r\n";
	char request[HTTP_REQUEST_MAX + 2];
	struct rig *rig = *state;
	char *heard;

	memset(request, 'x', sizeof(request));
	memcpy(request, before, strlen(before));
	memcpy(request + HTTP_REQUEST_MAX - strlen(after), after, sizeof(after));
	heard = http_ask(rig->base, &rig->at, request);
	assert_non_null(strstr(heard, "HTTP/1.1 200 OK\r\n"));
	free(heard);
	memset(request + HTTP_REQUEST_MAX - strlen(after), 'x', sizeof(after));
	request[HTTP_REQUEST_MAX + 1] = '\0';
	heard = http_ask(rig->base, &rig->at, request);
	assert_non_null(strstr(heard, "HTTP/1.1 431 Request Header Fields Too Large\r\n"));
	free(heard);
}

static void a_request_may_come_byte_by_byte(void **state) {
	static const char request[] = "GET /page HTTP/1.1\r\nX: \r\r\n\r\n";
	struct rig *rig = *state;
	int fd = http_connect(&rig->at);
	char *heard;

	for (const char *at = request; *at; at++) {
		http_say(fd, (char[]){*at, '\0'});
		event_base_loop(rig->base, EVLOOP_NONBLOCK);
	}
	heard = http_hear(rig->base, fd);
	assert_non_null(strstr(heard, "HTTP/1.1 200 OK\r\n"));
	free(heard);
}

// As `nc -N` does: it sends no more, and wants its answer.
static void a_client_that_has_said_all_is_answered(void **state) {
	struct rig *rig = *state;
	int fd = http_connect(&rig->at);
	char *heard;

	http_say(fd, "GET /page HTTP/1.1\r\n\r\n");
	shutdown(fd, SHUT_WR);
	heard = http_hear(rig->base, fd);
	assert_non_null(strstr(heard, "a page\n"));
	free(heard);
}

static void a_stranger_hears_nothing(void **state) {
	struct rig *rig = *state;
	char *heard;

	rig->allows = false;
	heard = http_ask(rig->base, &rig->at, "GET /page HTTP/1.1\r\n\r\n");
	assert_string_equal(heard, "");
	assert_true(ip_eq(&rig->peer, &rig->at.addr));
	assert_int_equal(http_counts(rig->http)->refused, 1);
	assert_int_equal(http_counts(rig->http)->answered, 0);
	free(heard);
}

// Turns the loop until the count is that.
static void turn_until(struct rig *rig, const uint64_t *count, uint64_t value) {
	for (int i = 0; i < 1000 && *count < value; i++)
		event_base_loop(rig->base, EVLOOP_ONCE);
	assert_int_equal(*count, value);
}

static void connections_are_bounded(void **state) {
	struct rig *rig = *state;
	const struct http_counts *counts = http_counts(rig->http);
	int fd[HTTP_CLIENTS_MAX];
	char *heard;

	for (int i = 0; i < HTTP_CLIENTS_MAX; i++) {
		fd[i] = http_connect(&rig->at);
		event_base_loop(rig->base, EVLOOP_ONCE);
	}
	heard = http_ask(rig->base, &rig->at, "GET /page HTTP/1.1\r\n\r\n");
	assert_string_equal(heard, "");
	assert_int_equal(counts->full, 1);
	free(heard);
	close(fd[0]);
	turn_until(rig, &counts->broken, 1);
	heard = http_ask(rig->base, &rig->at, "GET /page HTTP/1.1\r\n\r\n");
	assert_non_null(strstr(heard, "a page\n"));
	free(heard);
	for (int i = 1; i < HTTP_CLIENTS_MAX; i++)
		close(fd[i]);
}

static void a_client_that_asks_nothing_is_closed(void **state) {
	struct rig *rig = *state;
	int fd = http_connect(&rig->at);
	char *heard;

	http_say(fd, "GET /pa");
	heard = http_hear(rig->base, fd);
	assert_string_equal(heard, "");
	assert_int_equal(http_counts(rig->http)->late, 1);
	free(heard);
}

static void who_reads_nothing_holds_up_nobody(void **state) {
	struct rig *rig = *state;
	int fd = http_connect(&rig->at);
	char *heard;

	http_say(fd, "GET /large HTTP/1.1\r\n\r\n");
	heard = http_ask(rig->base, &rig->at, "GET /page HTTP/1.1\r\n\r\n");
	assert_non_null(strstr(heard, "a page\n"));
	turn_until(rig, &http_counts(rig->http)->late, 1);
	free(heard);
	close(fd);
}

static void a_large_page_arrives_whole(void **state) {
	struct rig *rig = *state;
	int fd = http_connect(&rig->at);
	size_t len = 0;
	ssize_t got;
	char part[65536];

	http_say(fd, "GET /large HTTP/1.1\r\n\r\n");
	while ((got = read(fd, part, sizeof(part))) != 0) {
		len += got > 0 ? (size_t)got : 0;
		if (got < 0)
			event_base_loop(rig->base, EVLOOP_ONCE);
	}
	assert_in_range(len, LARGE_LEN + 1, LARGE_LEN + 256);
	close(fd);
}

// The listener rests meanwhile instead of being told of the same connection without end.
static void who_comes_while_no_descriptor_is_left_is_answered_later(void **state) {
	struct rig *rig = *state;
	int fd = http_connect(&rig->at), spare[64], count = 0;
	struct rlimit before, low = {.rlim_cur = (rlim_t)fd + 8};
	char *heard;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	for (int more = dup(fd); more >= 0; more = dup(fd)) {
		assert_in_range(count, 0, ARRAY_LEN(spare) - 1);
		spare[count++] = more;
	}
	http_say(fd, "GET /page HTTP/1.1\r\n\r\n");
	event_base_loop(rig->base, EVLOOP_ONCE);
	assert_int_equal(event_base_loop(rig->base, EVLOOP_NONBLOCK), 0);
	assert_int_equal(event_base_get_num_events(rig->base, EVENT_BASE_COUNT_ACTIVE), 0);
	assert_false(rig->peer.family);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	while (count > 0)
		close(spare[--count]);
	heard = http_hear(rig->base, fd);
	assert_non_null(strstr(heard, "a page\n"));
	free(heard);
}

static void a_taken_port_is_an_error(void **state) {
	const struct http_backend none = {0};
	struct rig *rig = *state;
	struct http *second;

	assert_int_equal(http_open(rig->base, &rig->at, &none, HTTP_DEADLINE_MS, &second), -EADDRINUSE);
}

int main(void) {
#define WITH(test) cmocka_unit_test_setup_teardown(test, rig_up, rig_down)
#define HASTY(test) cmocka_unit_test_setup_teardown(test, hasty_rig_up, rig_down)
	const struct CMUnitTest tests[] = {
		WITH(a_page_is_sent_and_the_connection_closed),
		WITH(head_is_answered_without_the_body),
		WITH(head_is_answered_without_the_body_of_an_error),
		WITH(each_request_has_its_status),
		WITH(what_is_allowed_is_said),
		WITH(headers_are_bounded),
		WITH(a_request_may_come_byte_by_byte),
		WITH(a_client_that_has_said_all_is_answered),
		WITH(a_stranger_hears_nothing),
		WITH(connections_are_bounded),
		HASTY(a_client_that_asks_nothing_is_closed),
		HASTY(who_reads_nothing_holds_up_nobody),
		WITH(a_large_page_arrives_whole),
		WITH(who_comes_while_no_descriptor_is_left_is_answered_later),
		WITH(a_taken_port_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
