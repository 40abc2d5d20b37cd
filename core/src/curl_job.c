#include "curl_job.h"

#include "curl_system.h"
#include "wxidcard_connection.h"

static void set_due(wxid__job *job, int64_t due_ms)
{
    wxid__timers_set(&job->engine->timers, &job->timer,
                     due_ms < job->deadline_ms ? due_ms : job->deadline_ms);
}

/* Then nothing is to be sent any more: the service would count it, for nobody. */
static int is_late(const wxid__job *job)
{
    return wxid__now_ms() >= job->deadline_ms;
}

/* ---- The queue ---- */

/* A call that had a slot before has waited for it before. */
static wxid__job_list *queue_of(const wxid__job *job)
{
    wxid_engine *engine = job->engine;
    return job->has_begun ? &engine->begun_queue : &engine->queue;
}

static wxid__job *first_in_queue(const wxid_engine *engine)
{
    return engine->begun_queue.first != NULL ? engine->begun_queue.first : engine->queue.first;
}

static void enqueue(wxid__job *job)
{
    wxid__job_list *queue = queue_of(job);
    job->state = WXID__JOB_QUEUED;
    job->queued_before = queue->last;
    job->queued_next = NULL;
    *(queue->last != NULL ? &queue->last->queued_next : &queue->first) = job;
    queue->last = job;
    set_due(job, INT64_MAX);
}

static void dequeue(wxid__job *job)
{
    wxid__job_list *queue = queue_of(job);
    *(job->queued_before != NULL ? &job->queued_before->queued_next : &queue->first) =
        job->queued_next;
    *(job->queued_next != NULL ? &job->queued_next->queued_before : &queue->last) =
        job->queued_before;
    job->queued_next = job->queued_before = NULL;
}

static void give_slot_back(wxid__job *job)
{
    wxid_engine *engine = job->engine;
    wxid__waiting_forget_owner(&engine->waiting, job);
    if (job->slot->multi != NULL) { /* what it says when it closes a connection is nobody's */
        (void)curl_multi_setopt(job->slot->multi, CURLMOPT_SOCKETFUNCTION, NULL);
    }
    wxid__pool_give(engine->pool, job->slot);
    engine->tidy_ms = wxid__now_ms() + WXID_KEPT_MS + 1;
    job->slot = NULL;
}

/* ---- Sending ---- */

/* libcurl says what it waits for. */
static int on_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *unused)
{
    wxid__job *job = context;
    wxid__waiting *waiting = &job->engine->waiting;
    short events = 0;
    (void)easy, (void)unused;
    if (what == CURL_POLL_REMOVE) {
        wxid__waiting_forget(waiting, socket);
        return 0;
    }
    events |= what & CURL_POLL_IN ? POLLIN : 0;
    events |= what & CURL_POLL_OUT ? POLLOUT : 0;
    return wxid__waiting_set(waiting, socket, events, job);
}

static void finish(wxid__job *job, wxid__outcome how, CURLcode code);

static void begin(wxid__job *job)
{
    wxid__means *means = wxid__pool_means(job->engine->pool);
    const wxid__watcher watcher = {on_socket, job};
    job->state = WXID__JOB_RUNNING;
    CURLcode code = wxid__transfer_begin(job->slot, job->call, means, &watcher);
    if (code != CURLE_OK) {
        finish(job, WXID__OUTCOME_DONE, code);
    } else {
        set_due(job, wxid__now_ms()); /* libcurl is to perform */
    }
}

/* A kept connection, if there is one, is watched before it is used again. */
static void send_request(wxid__job *job)
{
    wxid__slot *slot = job->slot;
    const wxid_trust *trust = &wxid__pool_means(job->engine->pool)->trust;
    int64_t now_ms = wxid__now_ms();
    job->has_begun = 1;
    job->is_afresh = 0;
    if (!wxid_trust_allows_reuse(trust, now_ms)) {
        wxid__slot_close(slot);
    } else if (slot->sockets.count == 1) {
        int64_t left_ms = wxid_trust_settling_ms(trust, slot->idle_since_ms, now_ms);
        if (left_ms > 0) {
            /* Without memory for that the time passes nevertheless. */
            (void)wxid__waiting_set(&job->engine->waiting, slot->sockets.open[0], POLLIN, job);
            job->state = WXID__JOB_SETTLING;
            set_due(job, now_ms + left_ms);
            return;
        }
    }
    begin(job);
}

static void settled(wxid__job *job)
{
    wxid__waiting_forget_owner(&job->engine->waiting, job);
    if (is_late(job)) {
        give_slot_back(job);
        wxid__job_go_on(job);
    } else {
        begin(job);
    }
}

static void finish(wxid__job *job, wxid__outcome how, CURLcode code)
{
    wxid__slot *slot = job->slot;
    wxid__means *means = wxid__pool_means(job->engine->pool);
    wxid__transfer_end(slot, means);
    wxid__waiting_forget_owner(&job->engine->waiting, job);
    if (!job->is_afresh && wxid__transfer_starts_afresh(slot, how, code)) {
        wxid__slot_close(slot); /* so that there is no kept connection to be used */
        job->is_afresh = 1;
        begin(job);
        return;
    }
    wxid__transfer_answer(slot, job->call, how, code);
    wxid__transfer_put_aside(slot, means);
    if (job->is_broken) {
        wxid__slot_close(slot);
    }
    give_slot_back(job);
    wxid__job_go_on(job);
}

/* When libcurl wants to perform although nothing has come. */
static int64_t next_look_ms(const wxid__slot *slot)
{
    long left_ms = -1;
    int64_t again_ms = wxid__transfer_look_again_ms(slot);
    (void)curl_multi_timeout(slot->multi, &left_ms);
    int64_t libcurls_ms = left_ms < 0 ? INT64_MAX : wxid__now_ms() + left_ms;
    return libcurls_ms < again_ms ? libcurls_ms : again_ms;
}

/* Returns whether the transfer is over. socket: CURL_SOCKET_TIMEOUT for none. libcurl finds out by
 * itself what the socket is ready for: what has come is always read before more is sent. */
static int act(wxid__job *job, curl_socket_t socket, wxid__outcome *how, CURLcode *code)
{
    int running = 0;
    CURLMcode failed = curl_multi_socket_action(job->slot->multi, socket, 0, &running);
    job->is_broken = failed != CURLM_OK;
    return wxid__transfer_over(job->slot, failed, running, how, code);
}

static void perform(wxid__job *job, curl_socket_t socket)
{
    wxid__slot *slot = job->slot;
    wxid__outcome how = WXID__OUTCOME_DONE;
    CURLcode code = CURLE_OK;
    int is_over = act(job, socket, &how, &code);
    /* At once: libcurl reads when it is released, also what the TLS library holds, but forgets
     * about it when it is told of the socket meanwhile. */
    while (!is_over && wxid__transfer_is_held(slot)) {
        code = wxid__transfer_release(slot);
        is_over = code != CURLE_OK || act(job, CURL_SOCKET_TIMEOUT, &how, &code);
    }
    if (is_over) {
        finish(job, how, code);
    } else if (is_late(job)) {
        finish(job, WXID__OUTCOME_LATE, CURLE_OK);
    } else {
        set_due(job, next_look_ms(slot));
    }
}

/* ---- What happens to a job ---- */

void wxid__job_serve_queue(wxid_engine *engine)
{
    wxid__job *job = NULL;
    while ((job = first_in_queue(engine)) != NULL) {
        if (is_late(job)) { /* its timer has come, and has not been looked at yet */
            dequeue(job);
            wxid__job_go_on(job);
        } else if ((job->slot = wxid__pool_take_idle(engine->pool)) != NULL) {
            dequeue(job);
            send_request(job);
        } else {
            break;
        }
    }
}

static void hand_over(wxid__job *job)
{
    wxid__timers_cancel(&job->engine->timers, &job->timer);
    job->state = WXID__JOB_OVER;
    wxid__engine_hand_over(job);
}

void wxid__job_go_on(wxid__job *job)
{
    int64_t now_ms = wxid__now_ms();
    wxid_step step = wxid_call_step(job->call, now_ms);
    job->deadline_ms = now_ms + wxid_call_time_left_ms(job->call, now_ms);
    int stays = wxid_call_is_fetching(job->call) == job->is_fetching;
    if (stays && step == WXID_STEP_SEND) {
        enqueue(job);
    } else if (stays && step == WXID_STEP_WAIT) {
        job->state = WXID__JOB_WAITING;
        set_due(job, now_ms + wxid_call_wait_ms(job->call));
    } else {
        hand_over(job);
    }
}

void wxid__job_ready(wxid__job *job, int socket)
{
    if (job->state == WXID__JOB_RUNNING) {
        perform(job, socket);
    } else if (job->state == WXID__JOB_SETTLING &&
               wxid__sockets_unread(&job->slot->sockets) != WXID__UNREAD_NONE) {
        settled(job); /* what has come is no answer to anything, which will be noticed */
    }
}

static void waited(wxid__job *job)
{
    wxid_error *error = NULL;
    int64_t now_ms = wxid__now_ms();
    /* The deadline may have passed meanwhile. */
    if (wxid_call_step(job->call, now_ms) == WXID_STEP_WAIT &&
        wxid_call_answer_waited(job->call, now_ms, &error) != 0) {
        wxid_call_abandon(job->call, error);
    }
    wxid__job_go_on(job);
}

void wxid__job_due(wxid__job *job)
{
    wxid__timers_cancel(&job->engine->timers, &job->timer);
    switch (job->state) {
    case WXID__JOB_QUEUED: /* for as long as the call may take */
        dequeue(job);
        wxid__job_go_on(job);
        break;
    case WXID__JOB_SETTLING:
        settled(job);
        break;
    case WXID__JOB_RUNNING:
        perform(job, CURL_SOCKET_TIMEOUT);
        break;
    case WXID__JOB_WAITING:
        waited(job);
        break;
    case WXID__JOB_ARRIVED:
    case WXID__JOB_OVER:
        break;
    }
}

void wxid__job_cancel(wxid__job *job)
{
    if (job->state == WXID__JOB_QUEUED) {
        dequeue(job);
    } else if (job->state == WXID__JOB_RUNNING) {
        wxid__transfer_end(job->slot, wxid__pool_means(job->engine->pool));
        wxid__slot_close(job->slot);
    }
    if (job->slot != NULL) {
        give_slot_back(job);
    }
    wxid_call_abandon(job->call,
                      wxid_error_new(WXID_KIND_INTERRUPTED, "the caller ended the call"));
    wxid__job_go_on(job);
}
