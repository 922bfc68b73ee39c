/*
 * The least that a program with libcurl can do: posts bodies over kept connections and throws the
 * answers away. What exray's bulk check costs beyond this is its own.
 *
 *   bare-loop URL HOST:443:127.0.0.1:PORT CA.pem BODIES THREADS USERPWD-FILE
 *
 * BODIES: the texts of POST requests, each with a NUL behind it. One easy handle for each thread,
 * set up once. Prints {"requests":N,"failed":N,"seconds":S}.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS_MAX = 256, FILE_MAX = 1 << 28 };

static struct {
    const char *url, *connect_to, *ca, *userpwd;
    const char **bodies;
    size_t n;
    atomic_size_t next, failed;
} work;

static char *read_file(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(FILE_MAX);

    if (!file || !text) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    *ret_length = fread(text, 1, FILE_MAX - 1, file);
    text[*ret_length] = '\0';
    fclose(file);
    return text;
}

static void split_bodies(char *text, size_t length)
{
    work.bodies = calloc(length / 2 + 1, sizeof(*work.bodies));
    for (char *at = text; work.bodies && at < text + length; at += strlen(at) + 1)
        work.bodies[work.n++] = at;
}

static size_t throw_away(char *bytes, size_t size, size_t n, void *arg)
{
    (void)bytes;
    (void)arg;
    return size * n;
}

static void set_up(CURL *curl, struct curl_slist *headers, struct curl_slist *connect_to)
{
    curl_easy_setopt(curl, CURLOPT_URL, work.url);
    curl_easy_setopt(curl, CURLOPT_CONNECT_TO, connect_to);
    curl_easy_setopt(curl, CURLOPT_CAINFO, work.ca);
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(curl, CURLOPT_USERPWD, work.userpwd);
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, throw_away);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
}

static bool post(CURL *curl, const char *body)
{
    long status = 0;

    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    if (curl_easy_perform(curl) != CURLE_OK)
        return false;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status == 200;
}

static void *run_thread(void *arg)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *connect_to = curl_slist_append(NULL, work.connect_to);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: text/xml; charset=utf-8");

    headers = curl_slist_append(headers, "Accept: text/xml");
    headers = curl_slist_append(headers, "X-AnchorMailbox: user00000@contoso.test");
    set_up(curl, headers, connect_to);
    for (size_t i; (i = atomic_fetch_add(&work.next, 1)) < work.n;)
        if (!post(curl, work.bodies[i]))
            atomic_fetch_add(&work.failed, 1);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    curl_slist_free_all(connect_to);
    return arg;
}

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    size_t length, n = argc == 7 ? strtoul(argv[5], NULL, 10) : 0;

    if (!n || n > THREADS_MAX) {
        fputs("usage: bare-loop URL CONNECT-TO CA.pem BODIES THREADS USERPWD-FILE\n", stderr);
        return EXIT_FAILURE;
    }
    work.url = argv[1];
    work.connect_to = argv[2];
    work.ca = argv[3];
    char *userpwd = read_file(argv[6], &length), *text = read_file(argv[4], &length);
    userpwd[strcspn(userpwd, "\n")] = '\0';
    work.userpwd = userpwd;
    split_bodies(text, length);
    curl_global_init(CURL_GLOBAL_ALL);
    double started = now();
    for (size_t i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, run_thread, NULL) != 0)
            abort();
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    printf("{\"requests\":%zu,\"failed\":%zu,\"seconds\":%.6f}\n", work.n,
        (size_t)atomic_load(&work.failed), now() - started);
    free(work.bodies);
    free(userpwd);
    free(text);
    curl_global_cleanup();
    return EXIT_SUCCESS;
}
