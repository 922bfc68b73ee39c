#include <stdlib.h>

#include "analyzer/run/bulk_parts.h"
#include "analyzer/wire/user_settings.h"

/*
 * A page is what one question to Autodiscover is about. Users are handed out while the question
 * about them is still under way: the folder is opened first, and the address is needed only then.
 * The question about the next page goes out before the first of its users is reached.
 */
struct page {
    struct xr_arena *arena;
    struct xr_user users[XR_USER_SETTINGS_MAX];
    const char *addresses[XR_USER_SETTINGS_MAX]; /* what Autodiscover told, or NULL */
    size_t n, at;
    size_t first; /* who is not taken when the asking begins */
    bool asked;   /* and answered, well or badly */
    int holders;
};

struct queue {
    struct state *state;
    int lane;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    struct settings *settings;
    struct page *current, *next; /* NULL: not read yet */
    bool end;                    /* the store has no more */
    bool asking;                 /* somebody is: there is one connection for that */
};

/* Called with the lock. */
static void release(struct page *page)
{
    if (--page->holders)
        return;
    xr_arena_free(page->arena);
    free(page);
}

struct queue *xr_bulk_queue_new(struct state *state, int lane)
{
    struct queue *queue = calloc(1, sizeof(*queue));

    if (!queue)
        abort();
    queue->state = state;
    queue->lane = lane;
    (void)pthread_mutex_init(&queue->lock, NULL);
    (void)pthread_cond_init(&queue->answered, NULL);
    return queue;
}

void xr_bulk_queue_free(struct queue *queue)
{
    if (queue->current)
        release(queue->current);
    if (queue->next)
        release(queue->next);
    (void)pthread_mutex_destroy(&queue->lock);
    (void)pthread_cond_destroy(&queue->answered);
    free(queue);
}

/* Called with the lock. NULL: there is no more. */
static struct page *read_page(struct queue *queue, const char *after)
{
    struct state *state = queue->state;
    struct page *page = calloc(1, sizeof(*page));

    if (!page)
        abort();
    page->arena = xr_arena_new();
    page->holders = 1;
    (void)pthread_mutex_lock(&state->store_lock);
    const struct xr_store_err *err = xr_store_check_pending(state->bulk->store, page->arena,
        state->check, queue->lane, after, XR_USER_SETTINGS_MAX, page->users, &page->n);
    (void)pthread_mutex_unlock(&state->store_lock);
    if (err)
        xr_bulk_store_failed(state, err);
    queue->end = err || !page->n;
    if (!queue->end)
        return page;
    release(page);
    return NULL;
}

/* Called with the lock. */
static struct page *read_behind(struct queue *queue, const struct page *last)
{
    return queue->end ? NULL : read_page(queue, last ? last->users[last->n - 1].email : NULL);
}

/* Called with the lock. */
static void turn_page(struct queue *queue)
{
    struct page *old = queue->current;

    queue->current = queue->next ? queue->next : read_behind(queue, old);
    queue->next = NULL;
    if (old)
        release(old);
}

/* Called and ends with the lock; others go on meanwhile. */
static void ask_about(struct queue *queue, struct page *page)
{
    size_t first = page->first;

    queue->asking = true;
    page->holders++;
    (void)pthread_mutex_unlock(&queue->lock);
    xr_bulk_settings_ask(queue->settings, page->arena, page->users + first, page->n - first,
        page->addresses + first);
    (void)pthread_mutex_lock(&queue->lock);
    queue->asking = false;
    page->asked = true;
    release(page);
    (void)pthread_cond_broadcast(&queue->answered);
}

/* Called with the lock. NULL: nothing is to be asked, or somebody is at it. */
static struct page *to_be_asked(struct queue *queue)
{
    if (!queue->settings || queue->asking || !queue->current)
        return NULL;
    if (!queue->current->asked)
        return queue->current;
    if (!queue->next)
        queue->next = read_behind(queue, queue->current);
    return queue->next && !queue->next->asked ? queue->next : NULL;
}

void xr_bulk_queue_ask(struct queue *queue, struct settings *settings)
{
    (void)pthread_mutex_lock(&queue->lock);
    queue->settings = settings;
    if (queue->current && !queue->current->asked) {
        queue->current->first = queue->current->at;
        queue->current->asked = queue->current->at == queue->current->n;
    }
    (void)pthread_mutex_unlock(&queue->lock);
}

bool xr_bulk_take(struct queue *queue, struct taken *ret)
{
    struct page *page;

    (void)pthread_mutex_lock(&queue->lock);
    if (!queue->current || queue->current->at == queue->current->n)
        turn_page(queue);
    while ((page = to_be_asked(queue)))
        ask_about(queue, page);
    /* Others have gone on meanwhile, perhaps beyond this page. */
    if (queue->current && queue->current->at == queue->current->n)
        turn_page(queue);
    page = queue->current;
    if (page) {
        *ret = (struct taken){ &page->users[page->at++], queue, page };
        page->holders++;
    }
    (void)pthread_mutex_unlock(&queue->lock);
    return page != NULL;
}

void xr_bulk_give_back(struct taken *taken)
{
    (void)pthread_mutex_lock(&taken->queue->lock);
    release(taken->page);
    (void)pthread_mutex_unlock(&taken->queue->lock);
}

const char *xr_bulk_primary_address(const struct taken *taken)
{
    struct queue *queue = taken->queue;
    struct page *page = taken->page;

    (void)pthread_mutex_lock(&queue->lock);
    while (queue->settings && !page->asked)
        if (queue->asking)
            (void)pthread_cond_wait(&queue->answered, &queue->lock);
        else
            ask_about(queue, page);
    const char *address = page->addresses[taken->user - page->users];
    (void)pthread_mutex_unlock(&queue->lock);
    return address;
}
