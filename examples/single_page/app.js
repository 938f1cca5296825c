/** An application in the browser: a personal list, votes that show at once, views and clicks reported. */

const service = document.querySelector('meta[name="recsvc-service"]').content;
const { Recsvc, CallError } = await import(`${service}/embed/client.js`);

// Where the service has keys: `key: () => fetch("/token").then((answer) => answer.text())`, a token that
// your back end signs for whoever is logged in; the reader's id is then left out below.
const recsvc = new Recsvc(service);

const papers = document.querySelector("#papers");
const more = document.querySelector("#more");
const problem = document.querySelector("#problem");
let reader = new URLSearchParams(location.search).get("reader") ?? "guest";
let cursor = null;

async function show(from = null) {
  try {
    const feed = await recsvc.feed(reader, { limit: 5, cursor: from });
    if (!from) papers.replaceChildren();
    for (const listed of feed.items) papers.append(card(feed.feed_id, listed));
    cursor = feed.next;
    more.hidden = !cursor;
    problem.textContent = "";
  } catch (failure) {
    if (!(failure instanceof CallError)) throw failure;
    problem.textContent = `No papers for the moment: ${failure.message}`;
  }
}

function card(feed_id, { id, position, item, reason }) {
  const place = { feed_id, position };
  const title = Object.assign(document.createElement("a"), { textContent: item.title });
  if (item.url) title.href = item.url;
  title.addEventListener("click", () => {
    recsvc.events.add({ user: reader, kind: "click", item: id, ...place });
  });

  const vote = Object.assign(document.createElement("button"), { textContent: `▲ ${item.upvotes}` });
  vote.addEventListener("click", async () => {
    vote.textContent = `▲ ${item.upvotes + 1}`;
    vote.disabled = true;
    try {
      await recsvc.act(reader, "upvote", id, place);
      await show(); // the very next list reflects it
    } catch (failure) {
      vote.textContent = `▲ ${item.upvotes}`;
      vote.disabled = false;
      problem.textContent = `Your vote could not be saved: ${failure.message}`;
    }
  });

  const why = Object.assign(document.createElement("small"), { textContent: reason.text });
  const node = document.createElement("li");
  node.append(vote, " ", title, " ", why);
  seen.set(node, { user: reader, kind: "impression", item: id, ...place });
  eyes.observe(node);
  return node;
}

/** Half of a card for a second is a view. */
const seen = new WeakMap();
const eyes = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(target.timer);
      if (isIntersecting)
        target.timer = setTimeout(() => {
          eyes.unobserve(target);
          recsvc.events.add(seen.get(target));
        }, 1_000);
    }
  },
  { threshold: 0.5 },
);

document.querySelector("#who").addEventListener("submit", (event) => {
  event.preventDefault();
  reader = new FormData(event.target).get("reader");
  show();
});
more.addEventListener("click", () => show(cursor));
show();
