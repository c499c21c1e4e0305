// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "call.h"

// In steady state a call makes no allocation from the heap and no system call. Both are counted over whole calls with
// their timers, in a child whose system calls are trapped by a seccomp filter and whose malloc is the one below.
//
// Under ASan every malloc is ASan's, and it makes system calls of its own: skipped there.
#if defined(__SANITIZE_ADDRESS__)
#define COUNTS_HEAP 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNTS_HEAP 0
#endif
#endif
#ifndef COUNTS_HEAP
#define COUNTS_HEAP 1
#endif

#define WARM_CALLS 200
#define CALLS 1000

// Shared between parent and child.
struct tally {
	volatile uint64_t heap, syscalls;
	volatile int first_syscall;
	volatile uint64_t calls;
};

static struct tally *tally;
static volatile bool counting;

#if COUNTS_HEAP
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *old);

static void heap_used(void) {
	if (counting)
		tally->heap++;
}

// The whole process, libraries included, allocates through these.
void *malloc(size_t size) {
	heap_used();
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
	heap_used();
	return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
	heap_used();
	return __libc_realloc(old, size);
}

void free(void *old) {
	heap_used();
	__libc_free(old);
}

void *aligned_alloc(size_t alignment, size_t size) {
	heap_used();
	return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size) {
	heap_used();
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **ret_pointer, size_t alignment, size_t size) {
	heap_used();
	*ret_pointer = __libc_memalign(alignment, size);
	return *ret_pointer ? 0 : ENOMEM;
}
#endif

static void trapped(int signal_number, siginfo_t *info, void *context) {
	(void)signal_number;
	(void)context;
	if (tally->syscalls++ == 0)
		tally->first_syscall = info->si_syscall;
}

// From here on every system call but the end of the process and the return from the handler is trapped and counted.
static void trap_system_calls(void) {
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_LEN(filter), .filter = filter};
	struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO | SA_NODEFER};

	sigaction(SIGSYS, &action, NULL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		_exit(2);
}

// The messages of one call, made before counting begins; branch and Call-ID are written over with the call's number.
struct script {
	char invite[2048], ack[2048], bye[2048];
	char ringing[4096], ok[4096], bye_ok[4096];
};

// Eight digits after each mark.
static void set_number(char *text, uint32_t number) {
	static const char *const marks[] = {"branch=z9hG4bK-", "Call-ID: call-"};

	for (unsigned i = 0; i < ARRAY_LEN(marks); i++) {
		char *at = strstr(text, marks[i]) + strlen(marks[i]);
		uint32_t rest = number;

		for (int digit = 7; digit >= 0; digit--, rest /= 10)
			at[digit] = (char)('0' + rest % 10);
	}
}

// Reads what was sent, without a copy: the frames go back to the pool.
static uint32_t drain(struct rig *rig, enum side side) {
	struct rte_mbuf *m;
	uint32_t count = 0;

	while (rte_ring_dequeue(rig->out[side], (void **)&m) == 0) {
		rte_pktmbuf_free(m);
		count++;
	}
	return count;
}

// INVITE, ACK, BYE with a timer-driven end: what does not need an answer from the script but runs every layer. The
// callee's answers are made from what the worker sent.
static bool one_call(struct rig *rig, struct script *script, uint32_t number) {
	const char *sent;

	set_number(script->invite, number);
	rig_send(rig, CALLER, script->invite);
	drain(rig, CALLER);
	sent = rig_next(rig, CALLEE);
	if (!sent || !call_response_into(script->ringing, sizeof(script->ringing), sent, 180, "t1") ||
	    !call_response_into(script->ok, sizeof(script->ok), sent, 200, "t1"))
		return false;
	rig_send(rig, CALLEE, script->ringing);
	rig_send(rig, CALLEE, script->ok);
	if (drain(rig, CALLER) != 2)
		return false;
	set_number(script->ack, number);
	rig_send(rig, CALLER, script->ack);
	if (drain(rig, CALLEE) != 1)
		return false;
	set_number(script->bye, number);
	rig_send(rig, CALLER, script->bye);
	sent = rig_next(rig, CALLEE);
	if (!sent || !call_response_into(script->bye_ok, sizeof(script->bye_ok), sent, 200, NULL))
		return false;
	rig_send(rig, CALLEE, script->bye_ok);
	rig_pass(rig, 100);
	return drain(rig, CALLER) == 1;
}

static void script_write(struct script *script) {
	const char *route = "Route: <sip:192.0.2.1;lr>\r\n";

	snprintf(script->invite, sizeof(script->invite), "%s", call_request("INVITE", "z9hG4bK-00000000", 1, NULL, ""));
	snprintf(script->ack, sizeof(script->ack), "%s", call_request("ACK", "z9hG4bK-00000000a", 1, "t1", route));
	snprintf(script->bye, sizeof(script->bye), "%s", call_request("BYE", "z9hG4bK-00000000b", 2, "t1", route));
}

static void child(struct rig *rig, struct script *script) {
	for (uint32_t i = 0; i < WARM_CALLS; i++)
		if (!one_call(rig, script, i))
			_exit(3);
	rig_pass(rig, 40000);
	for (uint32_t i = 0; i < WARM_CALLS; i++)
		if (!one_call(rig, script, WARM_CALLS + i))
			_exit(3);
	trap_system_calls();
	counting = true;
	for (uint32_t i = 0; i < CALLS; i++) {
		if (!one_call(rig, script, 2 * WARM_CALLS + i))
			break;
		tally->calls++;
	}
	rig_pass(rig, 40000); // every timer of the last ones
	counting = false;
	_exit(0);
}

static void a_call_touches_neither_heap_nor_kernel(void **state) {
	static struct script script;
	struct rig *rig = *state;
	int status;
	pid_t pid;

	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(tally, MAP_FAILED);
	script_write(&script);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(rig, &script);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(tally->calls, CALLS);
	assert_int_equal(tally->heap, 0);
	if (tally->syscalls > 0)
		fail_msg(
			"%lu system calls, the first was number %d",
			(unsigned long)tally->syscalls,
			tally->first_syscall
		);
	munmap(tally, sizeof(*tally));
}

int main(void) {
	if (!COUNTS_HEAP)
		return 77; // skipped
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_call_touches_neither_heap_nor_kernel, rig_set_up, rig_tear_down),
	};

	return cmocka_run_group_tests_name("session/steady", tests, rig_eal, NULL);
}
