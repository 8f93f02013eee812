/* eventd/server.c - see server.h for the contract. */
#include "eventd/server.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "eventd/conn.h"

enum {
    LISTENERS_MAX = 4,
    BACKLOG = 64,
    /* Arena, answer and head live on the heap or are small; libchdb works on its own threads, but
     * its front end parses SQL on ours. */
    STACK_BYTES = 2 * 1024 * 1024,
};

struct worker {
    struct server *server;
    struct mm_conn conn;
};

struct server {
    struct mm_eventd e;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    size_t live;
    uint64_t accepted;
    struct worker *slot[MM_RUNNING_MAX];
};

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct server *s = w->server;

    mm_conn_run(&w->conn);
    (void)pthread_mutex_lock(&s->lock);
    (void)close(w->conn.fd);
    s->slot[w->conn.slot] = NULL;
    s->live--;
    (void)pthread_cond_broadcast(&s->ended);
    (void)pthread_mutex_unlock(&s->lock);
    free(w);
    return NULL;
}

static bool start_thread(struct worker *w)
{
    pthread_attr_t attr;
    pthread_t thread;
    bool started;

    if (pthread_attr_init(&attr) != 0)
        return false;
    started = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0 &&
              pthread_attr_setstacksize(&attr, STACK_BYTES) == 0 &&
              pthread_create(&thread, &attr, worker_main, w) == 0;
    (void)pthread_attr_destroy(&attr);
    return started;
}

/* Serve a new connection on a thread of its own; a connection too many is closed at once. */
static void welcome(struct server *s, int fd, bool read_only)
{
    struct worker *w = malloc(sizeof(*w));
    size_t slot = 0;

    (void)pthread_mutex_lock(&s->lock);
    while (slot < MM_RUNNING_MAX && s->slot[slot] != NULL)
        slot++;
    if (w == NULL || slot == MM_RUNNING_MAX)
        goto refuse;
    w->server = s;
    w->conn.e = &s->e;
    w->conn.fd = fd;
    w->conn.slot = slot;
    w->conn.number = ++s->accepted;
    w->conn.read_only = read_only;
    w->conn.in_n = 0;
    w->conn.has_data = false;
    s->slot[slot] = w;
    s->live++;
    if (start_thread(w)) {
        (void)pthread_mutex_unlock(&s->lock);
        return;
    }
    s->slot[slot] = NULL;
    s->live--;
refuse:
    (void)pthread_mutex_unlock(&s->lock);
    (void)close(fd);
    free(w);
}

/*
 * Accept all that wait, listener by listener. A connection made after another one was also accepted
 * after it when both came through one listener, which is what running.h's fences rest on.
 */
static void accept_all(struct server *s, const struct mm_eventd_listener *l, size_t n, int stop_fd)
{
    struct pollfd p[LISTENERS_MAX + 1];

    for (size_t i = 0; i < n; i++)
        p[i] = (struct pollfd){.fd = l[i].fd, .events = POLLIN};
    p[n] = (struct pollfd){.fd = stop_fd, .events = POLLIN};
    for (;;) {
        if (poll(p, (nfds_t)n + 1, -1) < 0 && errno != EINTR)
            return;
        if (p[n].revents != 0)
            return;
        for (size_t i = 0; i < n; i++) {
            int fd;

            if (p[i].revents == 0)
                continue;
            fd = accept4(l[i].fd, NULL, NULL, SOCK_CLOEXEC);
            if (fd >= 0)
                welcome(s, fd, l[i].read_only);
        }
    }
}

enum mm_code mm_eventd_serve(const struct mm_eventd_options *o,
                             const struct mm_eventd_listener *listeners, size_t n, int stop_fd)
{
    struct server *s = calloc(1, sizeof(*s));

    MM_ASSERT(o != NULL && o->store != NULL && n <= LISTENERS_MAX);
    if (s == NULL)
        return MM_E_NOMEM;
    s->e.o = *o;
    mm_lanes_init(&s->e.lanes, o->store->lanes);
    mm_running_init(&s->e.running);
    MM_ASSERT(sem_init(&s->e.data, 0, MM_EVENTD_DATA_AT_ONCE) == 0);
    MM_ASSERT(pthread_mutex_init(&s->lock, NULL) == 0);
    MM_ASSERT(pthread_cond_init(&s->ended, NULL) == 0);

    accept_all(s, listeners, n, stop_fd);

    /* Idle connections look at `stopping` by themselves; running statements end in their time. */
    atomic_store(&s->e.stopping, true);
    (void)pthread_mutex_lock(&s->lock);
    while (s->live > 0)
        (void)pthread_cond_wait(&s->ended, &s->lock);
    (void)pthread_mutex_unlock(&s->lock);
    (void)pthread_cond_destroy(&s->ended);
    (void)pthread_mutex_destroy(&s->lock);
    (void)sem_destroy(&s->e.data);
    mm_running_done(&s->e.running);
    mm_lanes_done(&s->e.lanes);
    free(s);
    return MM_OK;
}

int mm_eventd_listen_unix(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    mode_t mask;
    int fd, failed;

    if (n == 0 || n >= sizeof(sa.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(sa.sun_path, path, n);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)unlink(path);
    mask = umask(0177); /* before there are threads: the mode is right from the first moment */
    failed = bind(fd, (const struct sockaddr *)&sa, sizeof(sa));
    (void)umask(mask);
    if (failed == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

int mm_eventd_listen_tcp(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int fd, one = 1;

    if (getaddrinfo(host, port, &hints, &list) != 0) {
        errno = EINVAL;
        return -1;
    }
    fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        if (bind(fd, list->ai_addr, list->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
            (void)close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}
