// Makes the site's forms live: a press is sent, what it changed is renewed in place, focus is kept.
// Without this script the same forms reload the page.

const said = document.getElementById("said");
const TOLD_MS = 12_000;
let told;

/** Send a form and return the page that the service answers with. */
async function send(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const response = await fetch(form.getAttribute("action"), { method: "POST", body });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!response.ok) throw new Error(page.querySelector("main p")?.textContent ?? "");
  return page;
}

function hush() {
  said.parentElement.classList.remove("open");
}

/** Show a sentence and read it out. */
function say(text) {
  said.textContent = text;
  clearTimeout(told);
  said.parentElement.classList.add("open");
  told = setTimeout(hush, TOLD_MS);
}

/** Take over what the answer shows otherwise: parts that say so, and the cards of one paper where they stand. */
function renew(page, item) {
  for (const old of document.querySelectorAll("[data-renew]")) {
    const open = [...old.querySelectorAll("details")].map((one) => one.open);
    const fresh = page.getElementById(old.id);
    if (!fresh) continue;
    old.replaceWith(fresh);
    fresh.querySelectorAll("details").forEach((one, n) => (one.open = open[n] ?? one.open));
  }
  if (item === undefined) return;
  for (const old of document.querySelectorAll(`[data-card="${CSS.escape(item)}"]`)) {
    const fresh = page.getElementById(old.id);
    if (fresh) old.replaceWith(fresh);
    else renewVote(old, page, item);
  }
}

/** Of a card that the answer no longer has, renew the vote, if another card of the paper knows it. */
function renewVote(card, page, item) {
  const selector = `[data-vote="${CSS.escape(item)}"]`;
  const [old, fresh] = [card.querySelector(selector), page.querySelector(selector)];
  if (old && fresh) old.replaceWith(fresh);
}

/** Remember where focus is, and return what puts it back: the same button or card, else its neighbour. */
function keepFocus(button) {
  const key = button.dataset.key;
  const focused = document.activeElement;
  const card = button.closest(".paper")?.id;
  const isBeside = card && !button.contains(focused) && focused.closest(".paper")?.id === card;
  const section = card ?? button.closest("section, article, [data-renew]")?.id;
  const root = () => (section && document.getElementById(section)) || document;
  const class_ = button.form.className ? `form.${button.form.className} button` : "button";
  const place = [...root().querySelectorAll(class_)].indexOf(button);
  return () => {
    if (document.activeElement !== document.body) return; // it is still there, or was taken elsewhere meanwhile
    if (isBeside) return root().focus();
    const same = key && root().querySelector(`button[data-key="${CSS.escape(key)}"]`);
    const others = root().querySelectorAll(class_);
    const next = same || others[Math.min(Math.max(place, 0), others.length - 1)];
    const last = card ? root().querySelector("button") : root().querySelector("[tabindex]");
    (next || last || document.getElementById("main")).focus({ preventScroll: Boolean(card) });
  };
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-live]")) return;
  event.preventDefault();
  if (form.dataset.sent) return; // one press is one deed, however often it is pressed
  form.dataset.sent = "yes";
  const button = event.submitter ?? form.querySelector("button");
  const refocus = keepFocus(button);
  const done = form.dataset.said ?? "Done."; // renewing may give the form its next sentence
  const wasPressed = button.getAttribute("aria-pressed");
  if (wasPressed) button.setAttribute("aria-pressed", wasPressed === "true" ? "false" : "true");
  try {
    const page = await send(form, event.submitter);
    renew(page, form.elements.namedItem("item")?.value); // `.item` is a method
    refocus();
    say(done);
  } catch (error) {
    if (wasPressed) button.setAttribute("aria-pressed", wasPressed);
    say(error.message || "That did not work. Please try again.");
  } finally {
    delete form.dataset.sent;
  }
});

// The second click of two would take back, in the same place, what the first one did.
document.addEventListener(
  "click",
  (event) => {
    if (event.detail > 1 && event.target.closest("form[data-live] button")) event.preventDefault();
  },
  true,
);

// Choosers act at once where scripts run; their buttons are for where none do.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

/** Note which paper was opened, without holding up whoever opens it. */
function note(event) {
  const link = event.target.closest("a[data-item]");
  if (!link || (event.type === "auxclick" && event.button !== 1)) return;
  const { item, feed, position } = link.dataset;
  const body = new URLSearchParams({ item, kind: "click" });
  if (feed) {
    body.set("feed_id", feed);
    body.set("position", position);
  }
  navigator.sendBeacon("/click", body);
}
document.addEventListener("click", note);
document.addEventListener("auxclick", note);

// What was before the reader's eyes, told once for each list when they leave: half of a card for a second
// (IAB/MRC), as embedded lists count it.

const SEEN_SHARE = 0.5;
const SEEN_MS = 1_000;

function tellSeen(main) {
  const waiting = new Map(); // card -> timer
  const told = new Set();
  let seen = {}; // feed -> [item, position] of each
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting, intersectionRatio } of entries) {
        clearTimeout(waiting.get(target));
        waiting.delete(target);
        if (isIntersecting && intersectionRatio >= SEEN_SHARE - 0.01)
          waiting.set(target, setTimeout(note, SEEN_MS, target));
      }
    },
    { threshold: SEEN_SHARE },
  );

  function note(card) {
    waiting.delete(card);
    const { item, feed, position } = card.querySelector("a[data-feed]").dataset;
    const place = `${feed} ${position}`;
    if (document.hidden || told.has(place)) return;
    told.add(place);
    (seen[feed] ??= []).push([item, Number(position)]);
  }

  function tell() {
    for (const [feed, places] of Object.entries(seen))
      navigator.sendBeacon("/seen", new URLSearchParams({ feed_id: feed, places: JSON.stringify(places) }));
    seen = {};
  }

  const watch = () => main.querySelectorAll(".paper").forEach((card) => observer.observe(card));
  watch();
  new MutationObserver(watch).observe(main, { childList: true, subtree: true });
  document.addEventListener("visibilitychange", () => document.hidden && tell());
  addEventListener("pagehide", tell);
}
document.querySelectorAll("main[data-seen]").forEach(tellSeen);

// Keys. Whoever speaks to their computer can put them off (WCAG 2.1.4).

const keys = document.getElementById("keys");
const keysOn = document.getElementById("keys-on");
const KEPT = "recsvc-keys";

/** Whether keys count, as this browser was told. */
function areOn() {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true; // nothing is kept here
  }
}

keysOn.checked = areOn();
keysOn.addEventListener("change", () => {
  try {
    localStorage.setItem(KEPT, keysOn.checked ? "on" : "off");
  } catch {
    // it holds for this page
  }
});
document.querySelector("#keys-shown button").addEventListener("click", () => keys.showModal());

/** The card that is focused, or holds what is. */
const current = () => document.activeElement.closest(".paper");

/** Focus the card so many further on; from outside all cards, the first that is not above the window. */
function move(step) {
  const cards = [...document.querySelectorAll(".paper")];
  const at = cards.indexOf(current());
  const below = cards.findIndex((card) => card.getBoundingClientRect().bottom > 0);
  const next = cards[at < 0 ? below : Math.min(Math.max(at + step, 0), cards.length - 1)];
  next?.focus();
}

/** Press the button of the focused card, or of the paper that the page is about. */
function press(does) {
  const root = current() ?? document.querySelector(".paper-page");
  root?.querySelector(`button[data-does="${does}"]`)?.click();
}

/** Follow a link; what is typed until its page is there is meant for that, and no key of this one. */
function go(link) {
  leaving = link != null;
  link?.click();
}

/** Go to the field for words; on a phone it has a page of its own. */
function search() {
  const field = document.querySelector("input[type=search]");
  if (field?.checkVisibility()) field.focus();
  else go(document.querySelector(".to-search"));
}

let leaving = false;
addEventListener("pageshow", () => (leaving = false)); // back again, from the browser's memory

const DOES = {
  j: () => move(1),
  k: () => move(-1),
  u: () => press("upvote"),
  s: () => press("save"),
  h: () => press("hide"),
  o: () => go(current()?.querySelector(".title a")),
  "/": search,
  "?": () => keys.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    hush();
    leaving = false; // it stops a page that is on its way, too
  }
  if (!keysOn.checked || keys.open || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  if (!Object.hasOwn(DOES, event.key)) return;
  event.preventDefault();
  if (leaving) return;
  if (!event.repeat || "jk".includes(event.key)) DOES[event.key]();
});
