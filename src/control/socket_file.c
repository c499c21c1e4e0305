// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/socket_file.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

#define BACKLOG 16

static int new_socket(void) {
	return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

// 1: somebody listens there (a full queue counts), 0: nobody, or -errno.
static int is_alive(const struct sockaddr_un *name) {
	int fd = new_socket();
	int err = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)name, sizeof(*name)) < 0)
		err = errno;
	close(fd);
	if (err == 0 || err == EAGAIN || err == EINPROGRESS)
		return 1;
	return err == ECONNREFUSED || err == ENOENT ? 0 : -err;
}

// Takes away what a dead process left.
static int clear_path(const struct sockaddr_un *name) {
	const char *path = name->sun_path;
	struct stat status;
	int alive;

	if (lstat(path, &status) < 0) {
		int err = errno;

		if (err == ENOENT || err == ENOTDIR)
			return 0;
		log_error("control socket %s: %s", path, strerror(err));
		return -err;
	}
	if (!S_ISSOCK(status.st_mode)) {
		log_error(
			"control socket %s: a file that is no socket is there; remove it or set control.socket", path
		);
		return -EEXIST;
	}
	alive = is_alive(name);
	if (alive > 0) {
		log_error("control socket %s: another tandem answers on it; stop that one or set control.socket", path);
		return -EADDRINUSE;
	}
	if (alive == 0 && unlink(path) < 0 && errno != ENOENT)
		alive = -errno;
	if (alive < 0)
		log_error("control socket %s: cannot replace the old one: %s", path, strerror(-alive));
	else
		log_info("control socket %s: replaced the one of a dead process", path);
	return alive;
}

static void make_directory(const char *path) {
	const char *slash = strrchr(path, '/');
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];

	if (!slash || slash == path)
		return;
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
	// What is wrong with it, bind will say.
	if (mkdir(directory, 0755) == 0)
		log_info("made the directory %s for the control socket", directory);
}

static int set_access(const char *path, uint32_t mode, const char *group) {
	if (group) {
		const struct group *entry = getgrnam(group);

		if (!entry || chown(path, (uid_t)-1, entry->gr_gid) < 0) {
			int err = entry ? errno : ENOENT;

			log_error("control socket %s: cannot give it to group %s: %s", path, group, strerror(err));
			return -err;
		}
	}
	if (chmod(path, mode) < 0) {
		int err = errno;

		log_error("control socket %s: cannot set mode %04o: %s", path, mode, strerror(err));
		return -err;
	}
	return 0;
}

// Bound with no rights for others until set_access has run.
static int bind_private(int fd, const struct sockaddr_un *name) {
	mode_t before = umask(0177);
	int err = bind(fd, (const struct sockaddr *)name, sizeof(*name)) < 0 ? -errno : 0;

	umask(before);
	return err;
}

int socket_file_listen(const char *path, uint32_t mode, const char *group, int *ret_fd) {
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd, err;

	if (strlen(path) >= sizeof(name.sun_path)) {
		log_error("control socket %s: path longer than %zu bytes", path, sizeof(name.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(name.sun_path, path, strlen(path) + 1);
	err = clear_path(&name);
	if (err)
		return err;
	fd = new_socket();
	if (fd < 0) {
		err = errno;
		log_error("control socket %s: %s", path, strerror(err));
		return -err;
	}
	err = bind_private(fd, &name);
	if (err == -ENOENT) {
		make_directory(path);
		err = bind_private(fd, &name);
	}
	if (err) {
		log_error("control socket %s: %s; is its directory there and writable?", path, strerror(-err));
		close(fd);
		return err;
	}
	err = set_access(path, mode, group);
	if (!err && listen(fd, BACKLOG) < 0) {
		err = -errno;
		log_error("control socket %s: cannot listen: %s", path, strerror(-err));
	}
	if (err) {
		unlink(path);
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}
