/**
 * The client of recsvc's HTTP API, for browsers and Node 20 or newer: one file, no dependencies.
 *
 *     import { Recsvc } from "https://recsvc.example/embed/client.js";
 *
 *     const recsvc = new Recsvc("https://recsvc.example", { key: "…" });
 *     await recsvc.act("alice", "upvote", "2503.01234");
 *     const { items } = await recsvc.feed("alice", { limit: 10 });
 *     recsvc.events.add({ user: "alice", kind: "click", item: "2503.01234" }); // some time soon
 *
 * Calls that may be repeated without harm are repeated when the service cannot be reached or is busy;
 * events always may, since they carry ids. Types: client.d.ts. More: docs/clients.md.
 */

const PER_CALL = 1_000;
const MAX_FAILURES = 5; // in a row, before a program that has come to its end is let go
const PER_BEACON = 100; // browsers let 64 KiB of beacons be under way

/** The root of all that a call throws; `wasSent` says whether the service may have seen it. */
export class CallError extends Error {
  wasSent = true;
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}
/** Nothing answered. A browser does not say whether the request got through, so it may have. */
export class UnreachableError extends CallError {}
/** Nothing answered in time; what was asked may have happened nevertheless. */
export class TimedOutError extends CallError {}
/** The answer is not one of recsvc's. */
export class UnexpectedAnswerError extends CallError {}
/** The service refused: `status`, `detail`, `field`, `errors`, `retryAfterS`. */
export class ProblemError extends CallError {
  constructor(status, problem, retryAfterS) {
    super(problem.detail || problem.title || `status ${status}`);
    const { detail = "", field = null, errors = [] } = problem;
    Object.assign(this, { status, detail, field, errors, retryAfterS });
  }
}
export class InvalidError extends ProblemError {}
export class TooLargeError extends InvalidError {}
export class NotAuthenticatedError extends ProblemError {}
export class NotAllowedError extends ProblemError {}
export class NotFoundError extends ProblemError {}
export class ConflictError extends ProblemError {}
export class ExpiredError extends ProblemError {}
export class TooManyRequestsError extends ProblemError {}
export class ServerError extends ProblemError {}
export class UnavailableError extends ServerError {}
/** More events wait than the batcher holds, or it is closed; nothing was added. */
export class BatchFullError extends CallError {}

const BY_STATUS = {
  400: InvalidError,
  401: NotAuthenticatedError,
  403: NotAllowedError,
  404: NotFoundError,
  408: UnavailableError,
  409: ConflictError,
  410: ExpiredError,
  413: TooLargeError,
  422: InvalidError,
  429: TooManyRequestsError,
  502: UnavailableError,
  503: UnavailableError,
  504: UnavailableError,
};
const PASSING = [UnreachableError, TimedOutError, TooManyRequestsError, UnavailableError];
const isPassing = (failure) => PASSING.some((kind) => failure instanceof kind);

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const newId = () =>
  crypto.randomUUID?.() ?? // on https and localhost only
  crypto.getRandomValues(new Uint32Array(4)).join("-");

const withId = (event) => ({ event_id: newId(), ...event });

const now = () => new Date().toISOString();

/** Events as they are sent now: whoever reads them can tell how wrong this clock is. */
const stamped = (events, sent_at = now()) =>
  events.map((event) => (event.at ? { ...event, sent_at } : event));

/** A beacon can set no headers: its credential travels in the body. */
const beacon = (authorization, events) => (authorization ? { authorization, events } : events);

/** The path of an id. (Not of `.` and `..`: to every URL, encoded or not, they are folders.) */
const path = (prefix, id) => prefix + encodeURIComponent(id);

function problemOf(status, text, retryAfter) {
  const kind = BY_STATUS[status] ?? (status >= 500 ? ServerError : ProblemError);
  let problem = {};
  try {
    problem = JSON.parse(text) ?? {};
  } catch {
    // of a proxy on the way
  }
  return new kind(status, problem, /^\d+$/.test(retryAfter ?? "") ? Number(retryAfter) : null);
}

function* batches(things) {
  for (let start = 0; start < Math.max(things.length, 1); start += PER_CALL)
    yield things.slice(start, start + PER_CALL);
}

/** Return several batches' answers as if they had been one: numbers add up, indices count on. */
function together(answers) {
  const sum = { rejected: [] };
  answers.forEach(({ rejected, ...counts }, batch) => {
    for (const [name, n] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + n;
    for (const one of rejected) sum.rejected.push({ ...one, index: batch * PER_CALL + one.index });
  });
  return sum;
}

/** Calls a service; meant to be kept: it keeps what waits to be sent. */
export class Recsvc {
  #url;
  #key;
  #lastKey = null; // for beacons, which cannot wait for another
  #fetch;
  #options;
  #events = null;

  constructor(url, { key = null, fetch = globalThis.fetch, ...options } = {}) {
    this.#url = url.replace(/\/+$/, "");
    this.#key = key;
    if (typeof key !== "function") this.#lastKey = key;
    this.#fetch = fetch;
    this.#options = { timeoutMs: 5_000, attempts: 4, firstPauseMs: 100, longestPauseMs: 5_000 };
    Object.assign(this.#options, options);
  }

  /** Events sent in the background: `add` returns at once. */
  get events() {
    const { onFailure } = this.#options;
    return (this.#events ??= new EventBatcher(this, { onFailure }));
  }

  /** Send the events that wait, and stop taking more. */
  async close() {
    await this.#events?.close();
  }

  /** A reader's feed; `history` is what an anonymous session did. */
  feed(user = null, { history = [], ...asked } = {}) {
    if (!history.length) return this.request("GET", "/v1/feed", { query: { user, ...asked } });
    const body = { user, ...asked, history };
    return this.#call("POST", "/v1/feed", { body, isRepeatable: true });
  }
  /** The caller's own candidates in the reader's order. */
  rank(items, user = null, fields = "full") {
    return this.#call("POST", "/v1/rank", { body: { items, user, fields }, isRepeatable: true });
  }
  /** What gathers votes now. */
  trending(asked = {}) {
    return this.request("GET", "/v1/trending", { query: asked });
  }
  /** Every visible item, latest listed first. */
  new(asked = {}) {
    return this.request("GET", "/v1/new", { query: asked });
  }
  /** What is like an item, or like several and unlike others (`unlike`). */
  similar(item, { unlike = [], ...asked } = {}) {
    if (typeof item === "string" && !unlike.length)
      return this.request("GET", "/v1/similar", { query: { item, ...asked } });
    const body = { ...asked, positive: [item].flat(), negative: unlike };
    return this.#call("POST", "/v1/similar", { body, isRepeatable: true });
  }
  /** What answers a query, with what was found in `highlights` and told of in `search`. */
  search(q, asked = {}) {
    return this.request("GET", "/v1/search", { query: { q, ...asked } });
  }
  /** What was listed on a day (`2025-12-09`), by votes. */
  daily(day, asked = {}) {
    return this.request("GET", path("/v1/daily/", day), { query: asked });
  }
  /** What was listed in an ISO week (`2025-W50`), by votes. */
  weekly(week, asked = {}) {
    return this.request("GET", path("/v1/weekly/", week), { query: asked });
  }
  /** What was listed in a month (`2025-12`), by votes. */
  monthly(month, asked = {}) {
    return this.request("GET", path("/v1/monthly/", month), { query: asked });
  }
  /** A list page by page: `for await (const page of recsvc.pages((cursor) => recsvc.new({ cursor })))`. */
  async *pages(ask) {
    for (let cursor; cursor !== null; ) {
      const page = await ask(cursor);
      yield page;
      cursor = "period" in page ? page.cursor : page.next; // a period's `next` is another period
    }
  }
  /** A page of the catalogue, in the order of arrival. */
  listItems(asked = {}) {
    return this.request("GET", "/v1/items", { query: asked });
  }
  /** A page of the readers (with a secret key). */
  listUsers(asked = {}) {
    return this.request("GET", "/v1/users", { query: asked });
  }
  /** A page of the log (with a secret key). */
  listEvents(asked = {}) {
    return this.request("GET", "/v1/events", { query: asked });
  }
  /** The votes of at most 100 items; unknown and hidden ones are left out. */
  async votes(items, user = null) {
    return (await this.request("GET", "/v1/votes", { query: { item: items, user } })).items;
  }

  /** Log one event now; true if it was new. */
  async act(user, kind, item, details = {}) {
    const event = withId({ user: user ?? undefined, kind, item, at: now(), ...details });
    const body = () => stamped([event])[0];
    const { accepted } = await this.#call("POST", "/v1/events", { body, isRepeatable: true });
    return accepted === 1;
  }
  /** Log events; what is right is stored even if others are not. */
  async record(events, { strict } = {}) {
    const answers = [];
    for (const batch of batches(events.map(withId))) {
      const body = () => stamped(batch);
      answers.push(
        await this.#call("POST", "/v1/events", { query: { strict }, body, isRepeatable: true }),
      );
    }
    return together(answers);
  }
  /** Log events as the page goes away; false if the browser takes no more. */
  beacon(events) {
    const body = JSON.stringify(beacon(this.#lastKey, stamped(events)));
    return globalThis.navigator?.sendBeacon?.(`${this.#url}/v1/events`, body) ?? false;
  }

  /** Create or replace items; what is right is stored even if others are not. */
  async putItems(items) {
    const answers = [];
    for (const body of batches(items))
      answers.push(await this.#call("POST", "/v1/items", { body, isRepeatable: true }));
    return together(answers);
  }
  getItem(item) {
    return this.request("GET", path("/v1/items/", item));
  }
  /** Change fields of an item; null puts a field back to its default. */
  patchItem(item, changes) {
    return this.request("PATCH", path("/v1/items/", item), { body: changes });
  }
  async deleteItem(item) {
    await this.#call("DELETE", path("/v1/items/", item), { isRepeatable: false });
  }

  /** Make any other call of the API. */
  request(method, where, { query, body } = {}) {
    const isRepeatable = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"].includes(method);
    return this.#call(method, where, { query, body, isRepeatable });
  }

  async #call(method, where, { query = {}, body, isRepeatable }) {
    const url = new URL(this.#url + where);
    for (const [name, value] of Object.entries(query))
      for (const one of [value].flat()) if (one != null) url.searchParams.append(name, one);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(method, url, body);
      } catch (failure) {
        const ms = this.#pauseMs(failure, attempt, isRepeatable);
        if (ms === null) throw failure;
        await pause(ms);
      }
    }
  }

  async #once(method, url, body) {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    if (typeof this.#key === "function") this.#lastKey = await this.#key();
    if (this.#lastKey) headers.Authorization = `Bearer ${this.#lastKey}`;
    const signal = AbortSignal.timeout(this.#options.timeoutMs);
    const sent = JSON.stringify(typeof body === "function" ? body() : body);
    const asked = { method, headers, body: sent, signal, credentials: "omit" };
    let response, text;
    try {
      response = await this.#fetch.call(globalThis, url, asked);
      text = await response.text();
    } catch (cause) {
      const failure = signal.aborted
        ? new TimedOutError("the service did not answer in time", { cause })
        : new UnreachableError("the service cannot be reached", { cause });
      failure.wasSent = cause?.cause?.code !== "ECONNREFUSED"; // as Node says
      throw failure;
    }
    if (!response.ok) throw problemOf(response.status, text, response.headers.get("Retry-After"));
    try {
      return text && JSON.parse(text);
    } catch (cause) {
      throw new UnexpectedAnswerError(`${method} ${url.pathname}: not JSON`, { cause });
    }
  }

  /** How long to wait before trying again, drawn from a bound that doubles; null to give up. */
  #pauseMs(failure, attempt, isRepeatable) {
    const { attempts, firstPauseMs, longestPauseMs } = this.#options;
    const mayRepeat = isRepeatable || !failure.wasSent || failure instanceof TooManyRequestsError;
    const askedMs = 1_000 * (failure.retryAfterS ?? 0);
    if (attempt >= attempts || !isPassing(failure) || !mayRepeat || askedMs > longestPauseMs)
      return null;
    const bound = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1));
    return Math.max(askedMs, Math.random() * bound);
  }
}

/**
 * Sends events some time soon. A timer that waits keeps Node alive, so a program that comes to its end
 * loses none; `process.exit()` does not wait: `await recsvc.close()` before it. A page that is left
 * sends what waits as beacons.
 */
export class EventBatcher {
  #client;
  #waiting = [];
  #timer = null;
  #sending = null;
  #failures = 0;
  #askedMs = 0; // to be left alone, by the service
  #isClosed = false;
  #options;

  constructor(client, { everyMs = 250, capacity = 50_000, onFailure } = {}) {
    this.#client = client;
    this.#options = { everyMs, capacity, onFailure: onFailure ?? report };
    globalThis.process?.once?.("beforeExit", () => this.#giveUp());
    if (!globalThis.document) return;
    addEventListener("pagehide", () => this.#leave());
    document.addEventListener("visibilitychange", () => document.hidden && !this.#failures && this.#leave());
  }

  /** Send events some time soon. Those without a time happened now. */
  add(...events) {
    if (this.#isClosed) throw new BatchFullError("the batcher is closed");
    if (this.#waiting.length + events.length > this.#options.capacity)
      throw new BatchFullError(`${this.#waiting.length} events wait already`);
    const at = now();
    this.#waiting.push(...events.map((event) => withId({ at, ...event })));
    this.#schedule();
  }

  /** Send what waits now; false if some of it still waits in the end. */
  async flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#waiting.length) if (!(await this.#send())) return false;
    await this.#sending;
    return !this.#waiting.length;
  }

  /** Send what waits and take no more; what could not be sent is reported. */
  async close() {
    this.#isClosed = true;
    await this.flush();
    clearTimeout(this.#timer);
    this.#giveUp();
  }

  #giveUp() {
    const left = this.#waiting.splice(0);
    if (left.length) this.#options.onFailure(left, "the service could not be reached");
  }

  #schedule() {
    const backedOffMs = this.#failures && Math.min(10_000, 100 * 2 ** this.#failures);
    const ms = this.#options.everyMs + Math.max(backedOffMs, Math.min(60_000, this.#askedMs));
    this.#timer ??= setTimeout(() => this.flush(), ms);
    if (this.#failures > MAX_FAILURES) this.#timer.unref?.();
  }

  async #send() {
    await this.#sending;
    const batch = this.#waiting.splice(0, PER_CALL);
    if (!batch.length) return true;
    this.#sending = this.#try(batch);
    return this.#sending;
  }

  async #try(batch) {
    try {
      const { rejected } = await this.#client.record(batch);
      for (const { index, error } of rejected) this.#options.onFailure([batch[index]], error);
      this.#failures = this.#askedMs = 0;
    } catch (failure) {
      if (!isPassing(failure)) {
        this.#options.onFailure(batch, failure.message);
        return true;
      }
      this.#waiting.unshift(...batch);
      this.#failures += 1;
      this.#askedMs = 1_000 * (failure.retryAfterS ?? 0);
      if (!this.#isClosed) this.#schedule();
      return false;
    }
    return true;
  }

  /** A beacon does not say whether it was taken, so while events are refused they wait for the end. */
  #leave() {
    while (this.#waiting.length) {
      if (!this.#client.beacon(this.#waiting.slice(0, PER_BEACON))) return;
      this.#waiting.splice(0, PER_BEACON);
    }
  }
}

function report(events, why) {
  console.error(`[recsvc] ${events.length} events were not taken: ${why}`);
}
