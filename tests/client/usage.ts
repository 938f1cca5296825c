// What a site written in TypeScript may do, and (marked) what the compiler keeps it from.
import { CallError, InvalidError, Recsvc, type Event, type Feed } from "./client.js";

const recsvc = new Recsvc("https://recsvc.example", { key: async () => "token", attempts: 2 });

export async function front(reader: string): Promise<string[]> {
  const feed: Feed = await recsvc.feed(reader, { limit: 10, topic: ["nlp"], seen: "7d" });
  const events: Event[] = feed.items.map(({ id, position }) => ({
    user: reader,
    kind: "impression",
    item: id,
    feed_id: feed.feed_id,
    position,
  }));
  recsvc.events.add(...events, { kind: "our-own-kind", item: "a", value: 3 });
  try {
    await recsvc.act(reader, "upvote", "a", { position: 0 });
    await recsvc.patchItem("a", { topics: null });
  } catch (problem) {
    if (problem instanceof InvalidError) console.log(problem.field);
    else if (problem instanceof CallError) console.log(problem.wasSent);
  }
  for await (const page of recsvc.pages((cursor) => recsvc.trending({ cursor, window: "day" })))
    console.log(page.items[0]?.item?.title);
  const week = await recsvc.weekly("2025-W50", { organisation: ["orion"] });
  console.log(week.previous, (await recsvc.search("graph", { prefix: true })).items[0]?.highlights);
  // @ts-expect-error: no such window
  await recsvc.trending({ window: "year" });
  // @ts-expect-error: an item has a title
  await recsvc.putItems([{ id: "a" }]);
  return feed.items.map(({ id }) => id);
}
