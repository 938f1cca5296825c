/** gorsejs, unmodified, making each of its calls against GORSE_ENDPOINT. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Gorse, GorseException } from "gorsejs";

const client = new Gorse({ endpoint: process.env.GORSE_ENDPOINT, secret: process.env.GORSE_API_KEY });
const made = new Set();
/** Make a call by name, and remember that it was made. */
const call = (name, ...given) => (made.add(name), client[name](...given));
const then = "2025-03-11T09:30:15Z";
const item = (n) => ({
  ItemId: `js-${n}`,
  IsHidden: false,
  Labels: ["a"],
  Categories: ["js"],
  Timestamp: then,
  Comment: `Circuit routing ${n}`,
});
const ids = (scores) => scores.map(({ Id, Score }) => (assert.equal(typeof Score, "number"), Id));

/** Wait until something holds: what is logged reaches the boards within a second. */
const until = async (holds, what) => {
  for (const deadline = Date.now() + 10_000; !(await holds()); ) {
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

test("items", async () => {
  assert.equal(await call("upsertItem", item(0)), 1);
  assert.equal(await call("upsertItems", [1, 2, 3, 4, 5].map(item)), 5);
  assert.deepEqual(await call("getItem", "js-0"), item(0));
  assert.equal(await call("updateItem", "js-0", { ...item(0), Comment: "changed" }), 1);
  assert.equal((await client.getItem("js-0")).Comment, "changed");
  await call("insertItemCategory", "js-0", "extra");
  await call("deleteItemCategory", "js-0", "js");
  assert.deepEqual((await client.getItem("js-0")).Categories, ["extra"]);
  const first = await call("getItems", { n: 2 });
  const next = await client.getItems({ n: 2, Cursor: first.Cursor });
  assert.equal(first.Items.length, 2);
  assert.notEqual(first.Items[0].ItemId, next.Items[0].ItemId);
});

test("users", async () => {
  assert.equal(await call("insertUser", { UserId: "js-user", Labels: ["a"] }), 1);
  assert.equal(await call("insertUsers", [{ UserId: "js-a" }, { UserId: "js-b" }]), 2);
  assert.equal(await call("updateUser", "js-user", { UserId: "js-user", Comment: "c" }), 1);
  const { Labels, Comment } = await call("getUser", "js-user");
  assert.deepEqual([Labels, Comment], [["a"], "c"]);
  assert.ok((await call("getUsers", { n: 100 })).Users.some(({ UserId }) => UserId === "js-a"));
});

test("feedback", async () => {
  const row = (FeedbackType, ItemId, UserId = "js-user") => ({
    FeedbackType,
    UserId,
    ItemId,
    Timestamp: new Date(then),
  });
  assert.equal(await call("insertFeedbacks", [row("like", "js-1"), row("read", "js-2")]), 2);
  assert.equal(await call("upsertFeedbacks", [row("like", "js-1", "js-a")]), 1);
  const one = { type: "like", userId: "js-user", itemId: "js-1" };
  assert.equal((await call("getFeedback", one)).Timestamp, then);
  assert.equal((await call("getFeedbacks", undefined, { n: 1 })).Feedback.length, 1);
  assert.ok((await client.getFeedbacks("like", { n: 9 })).Feedback.length >= 2);
  assert.equal((await call("getUserFeedback", "js-user")).length, 2);
  assert.equal((await call("getUserFeedbackByType", "js-user", "read")).length, 1);
  assert.equal((await call("getItemFeedback", "js-1")).length, 2);
  assert.equal((await call("getItemFeedbackByType", "js-1", "like")).length, 2);
});

test("recommendations", async () => {
  const cursorOptions = { n: 3, offset: 0 };
  const recommended = await call("getRecommend", { userId: "js-user", category: "js", cursorOptions });
  assert.ok(recommended.every((id) => ["js-3", "js-4", "js-5"].includes(id)));
  assert.equal(recommended.length, 3);
  const write = { writeBackType: "read", writeBackDelay: "0s" };
  await client.getRecommend({ userId: "js-user", category: "js", cursorOptions, ...write });
  assert.deepEqual(await client.getRecommend({ userId: "js-user", category: "js" }), []);
  assert.ok(ids(await call("getLatest", { category: "js", cursorOptions })).length === 3);
  const popular = async () => ids(await call("getPopular", { category: "js" }));
  const neighbors = async () => ids(await call("getUserNeighbors", { userId: "js-user" }));
  await until(async () => (await popular()).includes("js-1"), "a vote reaches the board");
  await until(async () => (await neighbors()).length > 0, "so do both that make neighbours");
  assert.ok(ids(await call("getItemNeighbors", { itemId: "js-1", category: "js" })).length);
  assert.deepEqual(await neighbors(), ["js-a"]);
  const session = [{ FeedbackType: "like", UserId: "0", ItemId: "js-1", Timestamp: then }];
  assert.ok(ids(await call("getSessionRecommend", session, { category: "js" })).length);
});

test("deletion", async () => {
  await call("deleteFeedback", { type: "like", userId: "js-user", itemId: "js-1" });
  assert.equal(await call("deleteItem", "js-0"), 1);
  assert.equal(await call("deleteUser", "js-user"), 1);
  await assert.rejects(client.getItem("js-0"), (error) => {
    assert.ok(error instanceof GorseException);
    assert.equal(error.code, 404);
    return true;
  });
});

test("every call was made", () => {
  const calls = Object.getOwnPropertyNames(Gorse.prototype).filter((name) => name !== "constructor");
  assert.deepEqual(calls.filter((name) => !made.has(name)), []);
});
