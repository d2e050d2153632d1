// SPDX-License-Identifier: Apache-2.0
// driver cold  KIND STARTS WORKERS [--gateway PORT --function NAME] [--folder DIR] [-- words…]   prints {"firstByte":[ns…],"elapsed":ns,"errors":n,"why":…}
// driver alive KIND COUNT  WORKERS …   starts COUNT, prints {"started":ns,…}, waits for a line, ends them, prints {"stopped":ns,…}
#define _GNU_SOURCE
#include "way.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static struct way way;
static atomic_int next_start, next_end, errors;
static pthread_barrier_t turn;
static const char *_Atomic first_why;
static int total, keep;
static struct started *all;

static void failed(const char *why) {
    atomic_fetch_add(&errors, 1);
    const char *none = NULL;
    atomic_compare_exchange_strong(&first_why, &none, why);
}

int way_start(const struct way *w, struct worker *worker, struct started *started, const char **why) {
    return strcmp(w->kind, "swiftlet") ? command_start(w, worker, started, why) : swiftlet_start(w, worker, started, why);
}
int way_end(const struct way *w, struct worker *worker, struct started *started, const char **why) {
    return strcmp(w->kind, "swiftlet") ? command_end(w, started) : swiftlet_end(w, worker, started, why);
}

static void start_all(struct worker *worker) {
    for (int i; (i = atomic_fetch_add(&next_start, 1)) < total;) {
        const char *why = NULL;
        if (way_start(&way, worker, &all[i], &why)) {
            all[i].first = -1;
            failed(why);
            continue;
        }
        if (!keep && way_end(&way, worker, &all[i], &why)) failed(why);
    }
}

static void end_all(struct worker *worker) {
    for (int i; (i = atomic_fetch_add(&next_end, 1)) < total;) {
        const char *why = NULL;
        if (all[i].first >= 0 && way_end(&way, worker, &all[i], &why)) failed(why);
    }
}

/// A thread stays until all is over: a child that asked for it would be killed when the thread that made it ends, not the process.
static void *work(void *argument) {
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);  // a short sleep is to be short
    pthread_barrier_wait(&turn);
    start_all(argument);
    pthread_barrier_wait(&turn);
    pthread_barrier_wait(&turn);
    if (keep) end_all(argument);
    pthread_barrier_wait(&turn);
    return NULL;
}

/// From one turn of all threads to the next.
static int64_t one_turn(void) {
    pthread_barrier_wait(&turn);
    int64_t begin = now();
    pthread_barrier_wait(&turn);
    return now() - begin;
}

int main(int count, char **words) {
    if (count < 5) return 2;
    keep = !strcmp(words[1], "alive");
    way.kind = words[2];
    way.folder = "/tmp";
    way.hold = keep;
    total = atoi(words[3]);
    int parallel = atoi(words[4]);
    for (int i = 5; i < count; i++) {
        if (!strcmp(words[i], "--")) { way.words = words + i + 1; break; }
        if (i + 1 >= count) return 2;
        if (!strcmp(words[i], "--gateway")) way.gateway = atoi(words[++i]);
        else if (!strcmp(words[i], "--function")) way.function = words[++i];
        else if (!strcmp(words[i], "--folder")) way.folder = words[++i];
    }
    if (parallel < 1 || parallel > 64 || total < 1) return 2;
    struct rlimit files;
    if (!getrlimit(RLIMIT_NOFILE, &files)) files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    all = calloc(total, sizeof *all);
    struct worker workers[64];
    for (int i = 0; i < 64; i++) workers[i] = (struct worker){i, -1};
    pthread_t threads[64];
    pthread_barrier_init(&turn, NULL, parallel + 1);
    for (int i = 0; i < parallel; i++) pthread_create(&threads[i], NULL, work, &workers[i]);
    int64_t elapsed = one_turn();
    printf("{\"firstByte\":[");
    for (int i = 0, comma = 0; i < total; i++)
        if (all[i].first >= 0) printf("%s%lld", comma++ ? "," : "", (long long)all[i].first);
    const char *why = atomic_load(&first_why);
    printf("],\"elapsed\":%lld,\"errors\":%d,\"why\":\"%s\"}\n", (long long)elapsed, atomic_load(&errors), why ? why : "");
    fflush(stdout);
    if (keep) {
        char line[16];
        if (!fgets(line, sizeof line, stdin)) line[0] = 0;
    }
    elapsed = one_turn();
    if (keep) printf("{\"elapsed\":%lld,\"errors\":%d}\n", (long long)elapsed, atomic_load(&errors));
    for (int i = 0; i < parallel; i++) pthread_join(threads[i], NULL);
    return 0;
}
