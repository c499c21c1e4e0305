// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <errno.h>
#include <getopt.h>

#include "../test.h"
#include "options.h"

static int read_args(struct options *o, const char *first, const char *second) {
	char *args[] = {"sipgen", "--port-a", "x", (char *)(uintptr_t)first, (char *)(uintptr_t)second, NULL};

	optind = 0;
	return options_read(o, first ? (second ? 5 : 4) : 3, args);
}

static void defaults_make_a_run(void **state) {
	struct options o;

	(void)state;
	assert_int_equal(read_args(&o, NULL, NULL), 0);
	assert_string_equal(o.port_b, "x");
	assert_true(o.rate == 100 && o.duration_s == 10);
	assert_int_equal(o.timeout_ms, 32000);
	assert_int_equal(o.hops, 1);
}

static void values_are_taken(void **state) {
	struct options o;

	(void)state;
	assert_int_equal(read_args(&o, "--rate", "1e5"), 0);
	assert_true(o.rate == 100000);
	assert_int_equal(read_args(&o, "--target", "10.0.0.1"), 0);
	assert_int_equal(o.target.port, 5060);
	assert_int_equal(read_args(&o, "--peer-mac", "02:0a:ff:00:01:02"), 0);
	assert_true(o.has_peer_mac && o.peer_mac[2] == 0xff);
	assert_int_equal(read_args(&o, "--verify", "all"), 0);
	assert_int_equal(o.verify, 1);
	assert_int_equal(read_args(&o, "--concurrent", "7"), 0);
	assert_true(o.rate == 0);
	assert_int_equal(read_args(&o, "--poisson", NULL), 0);
	assert_true(o.poisson);
}

static void a_blast_has_no_limit_and_makes_no_calls(void **state) {
	static const char *const against[][2] = {{"--find-max", NULL}, {"--concurrent", "5"}, {"--dialogs", "5"}};
	char *args[] = {"sipgen", "--port-a", "x", "--blast", "junk", NULL, NULL, NULL};
	struct options o;

	(void)state;
	assert_int_equal(read_args(&o, "--blast", "junk"), 0);
	assert_string_equal(o.blast, "junk");
	assert_true(o.rate == 0 && o.duration_s == 10 && o.drain_s == 1);
	for (unsigned i = 0; i < ARRAY_LEN(against); i++) {
		args[5] = (char *)(uintptr_t)against[i][0];
		args[6] = (char *)(uintptr_t)against[i][1];
		optind = 0;
		assert_int_equal(options_read(&o, args[6] ? 7 : 6, args), -EINVAL);
	}
}

static void bad_values_are_refused(void **state) {
	static const char *const bad[][2] = {
		{"--rate", "-1"},
		{"--rate", "ten"},
		{"--rate", "nan"},
		{"--calls", "0"},
		{"--calls", "1.5"},
		{"--hops", "16"},
		{"--target", "example.net"},
		{"--target", "[::1]:5060"},
		{"--peer-mac", "02:0a:ff:00:01"},
		{"--scenario", "none"},
		{"--sources", "60500"},
		{"--local-b", "192.0.2.10:5060"},
		{"--nothing", "1"},
		{"left", "over"},
	};
	struct options o;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
		if (read_args(&o, bad[i][0], bad[i][1]) != -EINVAL)
			fail_msg("taken: %s %s", bad[i][0], bad[i][1]);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_make_a_run),
		cmocka_unit_test(values_are_taken),
		cmocka_unit_test(a_blast_has_no_limit_and_makes_no_calls),
		cmocka_unit_test(bad_values_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
