// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The whole message path of one worker without a network: calls in groups, each group's messages put into the rings of
// the test rig and taken by one turn, which alone is timed. Making and reading the messages is not.
//   proxy_bench [--quick] [--state dialog|transaction|stateless] [--group N] [--calls N] [--rate N]
// --rate: calls a second of the worker's clock, which with the linger of 32 s decides how many transactions are held.
#include <getopt.h>

#include "bench.h"
#include "unit/session/call.h"

enum step { INVITE_IN, TRYING_IN, RINGING_IN, OK_IN, ACK_IN, BYE_IN, BYE_OK_IN, STEPS };

static const char *const step_name[STEPS] = {"INVITE", "100", "180", "200", "ACK", "BYE", "200 (BYE)"};

#define GROUP_MAX 32
#define TEXT_MAX 2048

struct call {
	char forwarded[TEXT_MAX]; // the INVITE as the callee got it
	char routes[512];	  // of the caller
};

struct options {
	enum proxy_state state;
	uint32_t group, calls, rate;
};

struct run {
	struct rig *rig;
	struct options options;
	struct call calls[GROUP_MAX];
	uint64_t cycles[STEPS];
	double *group_cycles; // all steps of each group
	uint32_t groups;
};

static void turn(struct run *run, enum step step) {
	uint64_t before = bench_tsc();

	worker_turn(run->rig->w, &session_stages);
	run->cycles[step] += bench_tsc() - before;
	run->group_cycles[run->groups] += (double)(bench_tsc() - before);
}

static void put(struct run *run, enum side from, const char *text) {
	rig_put(run->rig, from, text, (uint32_t)strlen(text));
}

static void invite(struct run *run, uint32_t call) {
	static const char sdp[] = "v=0\r\no=- 3904871402 3904871402 IN IP4 192.0.2.11\r\ns=-\r\nc=IN IP4 192.0.2.11\r\n"
				  "t=0 0\r\nm=audio 24680 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\n"
				  "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
				  "a=ptime:20\r\na=sendrecv\r\n";
	char text[TEXT_MAX];

	snprintf(
		text,
		sizeof(text),
		"INVITE sip:+4930901820@192.0.2.1:5060;user=phone SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-524287-1---%08xb7a35;rport\r\n"
		"Max-Forwards: 70\r\n"
		"From: \"+358401234567\" <sip:+358401234567@192.0.2.10;user=phone>;tag=5d%08x\r\n"
		"To: <sip:+4930901820@192.0.2.1;user=phone>\r\n"
		"Call-ID: %08x-41c2-4e0b-9a57-2f6f2e7f10cd@192.0.2.10\r\n"
		"CSeq: 102 INVITE\r\n"
		"Contact: <sip:+358401234567@192.0.2.10:5060;transport=udp>\r\n"
		"Supported: timer,100rel\r\n"
		"Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,UPDATE,PRACK,INFO\r\n"
		"Session-Expires: 1800\r\n"
		"P-Asserted-Identity: <sip:+358401234567@192.0.2.10>\r\n"
		"User-Agent: SBC/9.3\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		call,
		call,
		call,
		sizeof(sdp) - 1,
		sdp
	);
	put(run, CALLER, text);
}

static void in_dialog(struct run *run, uint32_t call, uint32_t index, const char *method, uint32_t cseq) {
	char text[TEXT_MAX];

	snprintf(
		text,
		sizeof(text),
		"%s sip:bob@198.51.100.10 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-%s-1---%08xb7a35;rport\r\n"
		"%s"
		"Max-Forwards: 70\r\n"
		"From: \"+358401234567\" <sip:+358401234567@192.0.2.10;user=phone>;tag=5d%08x\r\n"
		"To: <sip:+4930901820@192.0.2.1;user=phone>;tag=as7f3e20b1\r\n"
		"Call-ID: %08x-41c2-4e0b-9a57-2f6f2e7f10cd@192.0.2.10\r\n"
		"CSeq: %u %s\r\n"
		"User-Agent: SBC/9.3\r\n"
		"Content-Length: 0\r\n\r\n",
		method,
		method,
		call,
		run->calls[index].routes,
		call,
		call,
		cseq,
		method
	);
	put(run, CALLER, text);
}

static void respond(struct run *run, const char *request, int status) {
	char text[TEXT_MAX];

	if (!call_response_into(text, sizeof(text), request, status, "as7f3e20b1"))
		exit(1);
	put(run, CALLEE, text);
}

static const char *expect(struct run *run, enum side side, const char *start) {
	const char *text = rig_next(run->rig, side);

	if (text && strncmp(text, start, strlen(start)) == 0)
		return text;
	fprintf(stderr, "expected \"%s\", got \"%.60s\"\n", start, text ? text : "nothing");
	exit(1);
}

static void invites(struct run *run, uint32_t first) {
	for (uint32_t i = 0; i < run->options.group; i++)
		invite(run, first + i);
	turn(run, INVITE_IN);
	for (uint32_t i = 0; i < run->options.group; i++) {
		if (run->options.state != PROXY_STATELESS)
			expect(run, CALLER, "SIP/2.0 100 ");
		snprintf(run->calls[i].forwarded, TEXT_MAX, "%s", expect(run, CALLEE, "INVITE "));
	}
}

static void responses(struct run *run, enum step step, int status, const char *start) {
	for (uint32_t i = 0; i < run->options.group; i++)
		respond(run, run->calls[i].forwarded, status);
	turn(run, step);
	for (uint32_t i = 0; start && i < run->options.group; i++) {
		const char *text = expect(run, CALLER, start);

		if (step == OK_IN)
			snprintf(run->calls[i].routes, sizeof(run->calls[i].routes), "%s", call_routes(text, true));
	}
}

static void requests(struct run *run, uint32_t first, enum step step, const char *method, uint32_t cseq) {
	for (uint32_t i = 0; i < run->options.group; i++)
		in_dialog(run, first + i, i, method, cseq);
	turn(run, step);
	for (uint32_t i = 0; i < run->options.group; i++)
		snprintf(run->calls[i].forwarded, TEXT_MAX, "%s", expect(run, CALLEE, method));
}

static void group(struct run *run, uint32_t first) {
	invites(run, first);
	responses(run, TRYING_IN, 100, run->options.state == PROXY_STATELESS ? "SIP/2.0 100 " : NULL);
	responses(run, RINGING_IN, 180, "SIP/2.0 180 ");
	responses(run, OK_IN, 200, "SIP/2.0 200 ");
	requests(run, first, ACK_IN, "ACK", 102);
	requests(run, first, BYE_IN, "BYE", 103);
	responses(run, BYE_OK_IN, 200, "SIP/2.0 200 ");
	run->groups++;
}

static uint32_t number_of(const char *text) {
	uint64_t number;

	if (!str_to_u64(str_from_c(text), UINT32_MAX, &number)) {
		fprintf(stderr, "\"%s\": not a number\n", text);
		exit(2);
	}
	return (uint32_t)number;
}

static struct options options_of(int argc, char **argv) {
	static const struct option names[] = {
		{"quick", no_argument, NULL, 'q'},
		{"state", required_argument, NULL, 's'},
		{"group", required_argument, NULL, 'g'},
		{"calls", required_argument, NULL, 'c'},
		{"rate", required_argument, NULL, 'r'},
		{0},
	};
	struct options options = {.state = PROXY_DIALOG, .group = GROUP_MAX, .calls = 200000, .rate = 2000};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		if (c == 'q')
			options.calls = 2000;
		else if (c == 's')
			options.state = *optarg == 'd'	 ? PROXY_DIALOG
					: *optarg == 't' ? PROXY_TRANSACTION
							 : PROXY_STATELESS;
		else if (c == 'g')
			options.group = number_of(optarg);
		else if (c == 'c')
			options.calls = number_of(optarg);
		else if (c == 'r')
			options.rate = number_of(optarg);
		else
			exit(2);
	}
	if (options.group < 1 || options.group > GROUP_MAX || options.rate < 1)
		exit(2);
	return options;
}

// Groups the machine was taken away in are the dearest: the cheapest nine tenths are what the code costs.
static double typical(struct run *run) {
	uint32_t count = run->groups * 9 / 10;
	double sum = 0;

	qsort(run->group_cycles, run->groups, sizeof(double), bench_compare);
	for (uint32_t i = 0; i < count; i++)
		sum += run->group_cycles[i];
	return sum / count / run->options.group;
}

static void report(struct run *run, double tsc_mhz) {
	double call = typical(run);

	printf("%-12s %12s\n", "message in", "cycles, mean");
	for (int i = 0; i < STEPS; i++)
		printf("%-12s %12.0f\n", step_name[i], (double)run->cycles[i] / (run->groups * run->options.group));
	printf("a call, cheapest 90%%: %.0f cycles, %.0f a message, %.0f ns a message, %.0f calls/s\n",
	       call,
	       call / STEPS,
	       call / STEPS / tsc_mhz * 1000,
	       tsc_mhz * 1e6 / call);
}

int main(int argc, char **argv) {
	static struct run run;
	uint64_t started_ns, started_tsc, held;
	void *state;

	run.options = options_of(argc, argv);
	held = (uint64_t)run.options.rate * 33 * 4 + 8192;
	run.group_cycles = calloc(run.options.calls / run.options.group + 1, sizeof(double));
	if (!run.group_cycles || rig_eal(NULL) != 0 ||
	    rig_set_up_sized(&state, run.options.state, (uint32_t)held, held * 1024) != 0)
		return 1;
	run.rig = state;
	started_ns = bench_ns();
	started_tsc = bench_tsc();
	for (uint32_t done = 0; done < run.options.calls; done += run.options.group) {
		group(&run, done);
		run.rig->w->now_ms = (uint64_t)done * 1000 / run.options.rate;
	}
	printf("%u calls in groups of %u, %u transactions held\n",
	       run.options.calls,
	       run.options.group,
	       run.rig->s->txns.pool.used);
	report(&run, (double)(bench_tsc() - started_tsc) * 1000 / (double)(bench_ns() - started_ns));
	return 0;
}
