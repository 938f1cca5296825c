/** client.js in Node, against a real service (RECSVC_URL) and a server that answers as it is told. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { test } from "node:test";
import { promisify } from "node:util";

const { RECSVC_URL, RECSVC_CLIENT } = process.env;
const recsvc = await import(RECSVC_CLIENT);
const { EventBatcher, Recsvc } = recsvc;
const client = new Recsvc(RECSVC_URL);
const QUICK = { attempts: 3, firstPauseMs: 1, longestPauseMs: 10 };
const FEED = { feed_id: "f", source: "new", items: [], next: null };

/** Run with a server that gives these answers, the last one for ever; null hangs up. */
async function scripted(answers, run) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    requests.push({ method: request.method, body: Buffer.concat(parts).toString() });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (!answer) return request.socket.destroy();
    response.writeHead(answer.status, answer.headers);
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? ""));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  try {
    await run(`http://127.0.0.1:${server.address().port}`, requests);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

test("an upvote changes the next feed", async () => {
  const papers = Array.from({ length: 9 }, (_, n) => ({
    id: `js/${n}`,
    title: `Paper ${n} on tensor sketching ${n % 3}`,
    topics: ["js"],
  }));
  assert.deepEqual((await client.putItems(papers)).rejected, []);
  const before = await client.feed("js-reader", { limit: 50 });

  assert.equal(await client.act("js-reader", "upvote", "js/1", { feed_id: before.feed_id }), true);
  const after = await client.feed("js-reader", { limit: 50 });

  assert.equal(after.source, "personal");
  assert.ok(!after.items.some(({ id }) => id === "js/1"));
  assert.equal((await client.votes(["js/1"], "js-reader"))[0].upvoted, true);
  const history = [{ kind: "upvote", item: "js/1" }];
  assert.equal((await client.feed(null, { history })).source, "personal");
  assert.equal((await client.rank(["js/5", "js/4"], "js-reader", "id")).items.length, 2);
  assert.ok((await client.similar("js/1", { limit: 3 })).items.length);
  assert.ok((await client.similar(["js/1", "js/2"], { unlike: ["js/3"], limit: 3 })).items.length);
  const found = await client.search("tensor sketching", { topic: ["js"], limit: 1 });
  assert.ok(found.items[0].highlights.title.some(({ match }) => match));
  assert.equal((await client.trending({ window: "all", limit: 1 })).source, "trending");
});

for (const id of ["a/b", "a..b", "a b?c#d&e=f%2F", "жук"])
  test(`${id} can be addressed`, async () => {
    await client.putItems([{ id, title: "T" }]);
    assert.equal((await client.getItem(id)).id, id);
    assert.equal((await client.patchItem(id, { title: "U", topics: null })).title, "U");
    await client.deleteItem(id);
    await assert.rejects(client.getItem(id), recsvc.NotFoundError);
  });

test("pages follow the cursor to the end", async () => {
  await client.putItems(Array.from({ length: 7 }, (_, n) => ({ id: `s${n}`, title: "S", topics: ["s"] })));
  const sizes = [];
  for await (const page of client.pages((cursor) => client.new({ cursor, limit: 3, topic: ["s"] })))
    sizes.push(page.items.length);
  assert.deepEqual(sizes, [3, 3, 1]);
});

test("a period's pages follow its own cursor", async () => {
  const listed_at = "2024-02-29T12:00:00Z";
  await client.putItems(Array.from({ length: 5 }, (_, n) => ({ id: `leap${n}`, title: "L", listed_at })));
  const names = [];
  for await (const page of client.pages((cursor) => client.daily("2024-02-29", { cursor, limit: 2 })))
    names.push(...page.items.map(({ id }) => id));
  assert.equal(new Set(names).size, 5);
  assert.equal((await client.monthly("2024-02")).period, "2024-02");
  assert.equal((await client.weekly("2024-W09")).items.length, 5);
});

test("more events than one call takes are several calls", async () => {
  const events = Array.from({ length: 1_001 }, (_, n) => ({ user: "js-many", kind: "click", item: `p${n}` }));
  events[1_000].kind = "nonsense";
  const done = await client.record(events);
  assert.equal(done.accepted, 1_000);
  assert.deepEqual(done.rejected.map(({ index, field }) => [index, field]), [[1_000, "kind"]]);
});

test("problems are typed and name the field", async () => {
  await assert.rejects(client.act("u", "nonsense", "p"), (problem) => {
    assert.ok(problem instanceof recsvc.InvalidError);
    assert.deepEqual([problem.status, problem.field, problem.name], [400, "kind", "InvalidError"]);
    return true;
  });
});

test("reading is repeated until it works", async () => {
  const answers = [null, { status: 503 }, { status: 200, body: FEED }];
  await scripted(answers, async (url, requests) => {
    assert.equal((await new Recsvc(url, QUICK).feed("u")).feed_id, "f");
    assert.equal(requests.length, 3);
  });
});

test("events are repeated with the same id", async () => {
  const done = { status: 202, body: { accepted: 1, duplicates: 0, rejected: [] } };
  await scripted([{ status: 503 }, done], async (url, requests) => {
    await new Recsvc(url, QUICK).act("u", "upvote", "p");
    const [first, second] = requests.map(({ body }) => JSON.parse(body));
    assert.ok(second.sent_at > first.sent_at); // or the wait between them would count as a wrong clock
    assert.deepEqual({ ...first, sent_at: null }, { ...second, sent_at: null });
    assert.ok(first.event_id);
  });
});

test("what may not happen twice is not repeated once it was sent", async () => {
  await scripted([null], async (url, requests) => {
    await assert.rejects(new Recsvc(url, QUICK).patchItem("p", {}), recsvc.UnreachableError);
    assert.equal(requests.length, 1);
  });
});

test("a wait that is too long is not waited for", async () => {
  const busy = { status: 429, headers: { "Retry-After": "30" }, body: { title: "Too many" } };
  await scripted([busy], async (url, requests) => {
    await assert.rejects(new Recsvc(url, QUICK).new(), (problem) => problem.retryAfterS === 30);
    assert.equal(requests.length, 1);
  });
});

test("a slow answer times out, and somebody else's is an error of its own", async () => {
  await scripted([{ status: 200, body: "<html>" }], async (url) => {
    await assert.rejects(new Recsvc(url, QUICK).new(), recsvc.UnexpectedAnswerError);
  });
  const never = (_, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const slow = new Recsvc("http://slow.invalid", { fetch: never, timeoutMs: 20, attempts: 1 });
  const awake = setTimeout(() => {}, 5_000); // a signal's timer does not keep Node alive
  await assert.rejects(slow.new(), recsvc.TimedOutError);
  clearTimeout(awake);
});

test("a key may be asked for before every call", async () => {
  const seen = [];
  const fetch = async (_, { headers }) => {
    seen.push(headers.Authorization);
    return new Response(JSON.stringify(FEED));
  };
  let n = 0;
  const keyed = new Recsvc("http://keys.invalid", { fetch, key: async () => `token-${n++}` });
  await keyed.new();
  await keyed.new();
  assert.deepEqual(seen, ["Bearer token-0", "Bearer token-1"]);
});

test("none is lost when the program comes to its end", async () => {
  const program = `
    const { Recsvc } = await import(process.env.RECSVC_CLIENT);
    const { events } = new Recsvc(process.env.RECSVC_URL);
    for (let n = 0; n < 1500; n++) events.add({ user: "js-ender", kind: "click", item: "p" + n % 50 });
  `;
  await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
  const { interactions } = await client.request("GET", "/v1/users/js-ender");
  assert.equal(interactions.reduce((sum, one) => sum + one.signals.click.count, 0), 1_500);
});

test("what could not be sent is reported, and a closed batcher takes nothing", async () => {
  const left = [];
  const nowhere = new Recsvc("http://127.0.0.1:9", { attempts: 1 });
  const batcher = new EventBatcher(nowhere, { onFailure: (events, why) => left.push([events.length, why]) });
  batcher.add({ user: "u", kind: "click", item: "a" }, { user: "u", kind: "click", item: "b" });
  assert.equal(await batcher.flush(), false);
  await batcher.close();
  assert.deepEqual(left, [[2, "the service could not be reached"]]);
  assert.throws(() => batcher.add({ kind: "click", item: "a" }), recsvc.BatchFullError);
});

test("what is refused is reported and holds up nothing", async () => {
  const refused = [];
  const batcher = new EventBatcher(client, { onFailure: ([event], why) => refused.push([event.item, why]) });
  batcher.add({ user: "js-r", kind: "nonsense", item: "b" }, { user: "js-r", kind: "click", item: "a" });
  assert.equal(await batcher.flush(), true);
  assert.equal(refused[0][0], "b");
  assert.match(refused[0][1], /unknown kind/);
});
