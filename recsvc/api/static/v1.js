/**
 * recsvc in other people's pages, version 1: <recsvc-feed> and <recsvc-upvote>.
 *
 * What a page puts inside an element stays until there is better.
 */

const HOME = new URL("..", import.meta.url).href;
const TIMEOUT_MS = 10_000;
const SEEN_SHARE = 0.5; // of a card, for a second (IAB/MRC)
const SEEN_MS = 1_000;
const FLUSH_MS = 2_000;
const PER_CALL = 100; // browsers keep 64 KiB of beacons
const MAX_WAITING = 500;

/** The lists, and what only one of them can be asked for. */
const OWN = { feed: "seen", trending: "window", new: null, similar: "item" };

const TEXTS = {
  upvote: "Upvote {title} (upvotes: {n})",
  authors: "{n} authors",
  about: "about {date}",
  listed: "listed {date}",
  more: "Show more",
  refresh: "Update this list",
  failed: "Your vote could not be saved.",
};

/** What a page says of an element: on itself, or for all of them in <meta name="recsvc-…">. */
const setting = (element, name) =>
  element.getAttribute(name) ??
  document.querySelector(`meta[name="recsvc-${name}"]`)?.content ??
  null;

/** React drops `key`. */
const keyOf = (element) => setting(element, "publishable-key") ?? setting(element, "key");

const words = (element, name) =>
  (setting(element, name) ?? "").split(",").map((word) => word.trim()).filter(Boolean);

const phrase = (element, name, values = {}) =>
  (setting(element, `text-${name}`) ?? TEXTS[name] ?? "").replace(
    /\{(\w+)\}/g,
    (_, key) => values[key] ?? "",
  );

const language = (element) => {
  const { lang } = element.closest("[lang]") ?? {};
  try {
    return Intl.getCanonicalLocales(lang === "en" ? "en-GB" : lang)[0];
  } catch {
    return undefined; // a page's mistake: the reader's own language
  }
};

/** Whether views and clicks may be reported; votes always are, they are what the reader asked for. */
const mayTrack = (element) => {
  const choice = setting(element, "tracking") ?? "auto";
  const objects = navigator.globalPrivacyControl || navigator.doNotTrack === "1";
  return choice === "on" || (choice === "auto" && !objects);
};

const complaints = new Set();
const complain = (problem) => {
  if (complaints.has(problem)) return;
  complaints.add(problem);
  console.error(`[recsvc] ${problem}; the page's own links stay. Help: ${HOME}embed#help`);
};

const uuid = () =>
  crypto.randomUUID?.() ?? // https and localhost only
  crypto.getRandomValues(new Uint32Array(4)).join("-");

/** Whoever is unknown is new on every page view. */
const VISITOR = `visit:${uuid()}`;
/** What an unknown reader did in this page view, "kind item" -> event; travels with their requests. */
const visit = new Map();

class Caller {
  static #all = new Map();

  /** Return how an element calls; a user counts only where no credential names one. */
  static async of(element) {
    const given = element.token ?? setting(element, "token");
    const token = typeof given === "function" ? await given() : given;
    const credential = token || keyOf(element);
    const user = credential ? null : setting(element, "user");
    const api = setting(element, "api") ?? HOME;
    const key = JSON.stringify([api, credential, user]);
    if (!this.#all.has(key)) this.#all.set(key, new Caller(api, credential, user, token || user));
    return this.#all.get(key);
  }

  /** What is refused waits. */
  static leave({ type }) {
    for (const caller of Caller.#all.values())
      if (type === "pagehide" || !caller.#failures) caller.leave();
  }

  #waiting = []; // events
  #timer = 0;
  #failures = 0;
  #asked = new Set(); // items whose votes are wanted
  #answer;

  constructor(api, credential, user, isKnown) {
    Object.assign(this, { api, credential, user, isKnown });
  }

  async call(path, query = {}, body = null) {
    const url = new URL(path, this.api);
    for (const [name, value] of Object.entries(query))
      for (const one of [value].flat()) if (one != null) url.searchParams.append(name, one);
    const response = await fetch(url, {
      method: body ? "POST" : "GET",
      body: body && JSON.stringify(body), // as text/plain: no preflight without credential
      headers: this.credential ? { Authorization: `Bearer ${this.credential}` } : {},
      keepalive: !!body,
      credentials: "omit",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch(() => {
      throw new Error(`${url.origin} cannot be reached`);
    });
    if (response.ok) return response.json();
    const { status, headers } = response;
    const problem = new Error(`${url.origin}${url.pathname} answered ${status}`);
    throw Object.assign(problem, { status, asked: headers.get("retry-after") });
  }

  event(kind, item, place) {
    const user = this.isKnown ? (this.user ?? undefined) : VISITOR;
    return { event_id: uuid(), user, kind, item, at: now(), ...place };
  }

  /** Send an event now, twice if need be: it counts once. */
  async act(kind, item, place) {
    const send = () => this.call("v1/events", {}, stamped([event]));
    const event = this.event(kind, item, place);
    const { rejected } = await send().catch(send);
    if (rejected.length) throw new Error(rejected[0].error);
  }

  remember(kind, item) {
    if (!this.isKnown) visit.set(`${kind} ${item}`, { kind, item });
  }

  /** Send an event with others. */
  report(kind, item, place) {
    this.#waiting.push(this.event(kind, item, place));
    const events = this.#waiting.splice(0, this.#waiting.length - MAX_WAITING);
    if (events.length)
      document.dispatchEvent(new CustomEvent("recsvc-dropped", { detail: { events } }));
    this.#timer ||= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  async #flush() {
    this.#timer = 0;
    while (this.#waiting.length) {
      const events = this.#waiting.splice(0, PER_CALL);
      try {
        await this.call("v1/events", {}, stamped(events));
        this.#failures = 0;
      } catch ({ status, asked }) {
        if (status < 500 && status !== 408 && status !== 429) continue;
        this.#waiting.unshift(...events);
        const ms = Math.max(FLUSH_MS * 2 ** ++this.#failures, 1_000 * asked || 0);
        this.#timer ||= setTimeout(() => this.#flush(), Math.min(60_000, ms));
        return;
      }
    }
  }

  /** Send what waits as beacons. */
  leave() {
    const url = new URL("v1/events", this.api);
    while (this.#waiting.length) {
      const body = beacon(this.credential, stamped(this.#waiting.slice(0, PER_CALL)));
      if (!navigator.sendBeacon(url, JSON.stringify(body))) return;
      this.#waiting.splice(0, PER_CALL);
    }
  }

  /** Return the votes of items, by item; what is asked at one moment is asked at once. */
  votes(items) {
    if (!this.#asked.size)
      this.#answer = new Promise((soon) => setTimeout(soon)).then(() => this.#askVotes());
    for (const item of items) this.#asked.add(item);
    return this.#answer;
  }

  async #askVotes() {
    const found = new Map();
    const wanted = [...this.#asked];
    this.#asked.clear();
    while (wanted.length) {
      const item = wanted.splice(0, PER_CALL);
      const { items } = await this.call("v1/votes", { item, user: this.user });
      for (const { id, upvotes, upvoted } of items) found.set(id, { count: upvotes, on: upvoted });
    }
    return found;
  }
}

const now = () => new Date().toISOString();

/** For who must tell how wrong this clock is. */
const stamped = (events, sent_at = now()) => events.map((event) => ({ ...event, sent_at }));

/** A beacon can set no headers: its credential travels in the body. */
const beacon = (authorization, events) => (authorization ? { authorization, events } : events);

addEventListener("pagehide", Caller.leave);
document.addEventListener("visibilitychange", (event) => document.hidden && Caller.leave(event));

/** Reports each card once that stays in view. */
class Views {
  #cards = new Map(); // card -> {report, timer}
  #observer = new IntersectionObserver((entries) => entries.forEach(this.#moved, this), {
    threshold: SEEN_SHARE,
  });
  #turned = () => {
    for (const [card, one] of this.#cards) {
      clearTimeout(one.timer);
      this.#observer.unobserve(card);
      if (!document.hidden) this.#observer.observe(card);
    }
  };

  constructor() {
    document.addEventListener("visibilitychange", this.#turned);
  }
  watch(card, report) {
    this.#cards.set(card, { report });
    this.#observer.observe(card);
  }
  stop() {
    document.removeEventListener("visibilitychange", this.#turned);
    this.#observer.disconnect();
    for (const { timer } of this.#cards.values()) clearTimeout(timer);
  }
  #moved({ target, isIntersecting, intersectionRatio }) {
    const one = this.#cards.get(target);
    clearTimeout(one?.timer);
    if (!one || !isIntersecting || intersectionRatio < SEEN_SHARE - 0.01) return;
    one.timer = setTimeout(() => {
      this.#cards.delete(target);
      this.#observer.unobserve(target);
      one.report();
    }, SEEN_MS);
  }
}

/** Strings become text, never markup; what is null is left out. */
function dress(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes))
    if (value != null) node.setAttribute(name, value);
  node.append(...children.filter((child) => child != null));
  return node;
}
const make = (tag, attributes = {}, ...children) =>
  dress(document.createElement(tag), attributes, children);
const draw = (tag, attributes, ...children) =>
  dress(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/** Text in its own direction. */
const isolated = (text) => make("bdi", {}, text);
const button = (part, ...children) => make("button", { part, type: "button" }, ...children);
const arrow = () =>
  draw("svg", { viewBox: "0 0 12 8", "aria-hidden": true }, draw("path", { d: "M6 0 12 8H0z" }));

const safe = (address) => {
  if (!address || !URL.canParse(address, document.baseURI)) return null;
  const { protocol, href } = new URL(address, document.baseURI);
  return /^https?:$/.test(protocol) ? href : null;
};

/** The upvote button: shows at once what the reader wants, and takes it back if that fails. */
class Vote {
  #wanted;
  #known;
  #busy = false;

  constructor(element, item, title, state, place) {
    Object.assign(this, { element, item, title, place });
    this.node = button("vote", arrow(), make("span", { part: "count" }));
    this.node.addEventListener("click", () => this.#want(!this.#wanted));
    this.set(state);
  }

  /** Show what is known from elsewhere: the service, or another button of the page. */
  set({ count, on }) {
    if (this.#busy) return;
    if (count != null) this.others = count - on;
    this.#wanted = this.#known = on;
    this.#show();
  }

  #show() {
    const n = new Intl.NumberFormat(language(this.element)).format(this.others + this.#wanted);
    const label = phrase(this.element, "upvote", { title: this.title, n });
    this.node.lastChild.textContent = n;
    dress(this.node, { "aria-pressed": this.#wanted, "aria-label": label.replace(/\s+/g, " ") }, []);
  }

  async #want(on) {
    this.#wanted = on;
    this.#show();
    if (this.#busy) return; // the loop below comes round to it
    this.#busy = true;
    while (this.#wanted !== this.#known) {
      const next = this.#wanted;
      try {
        await this.#send(next ? "upvote" : "unvote");
        this.#known = next;
      } catch (problem) {
        this.#wanted = this.#known;
        this.element.status.textContent = phrase(this.element, "failed");
        this.element.tell("recsvc-error", { item: this.item, problem: problem.message });
      }
      this.#show();
    }
    this.#busy = false;
  }

  async #send(kind) {
    const who = await Caller.of(this.element);
    await who.act(kind, this.item, this.place);
    const on = kind === "upvote";
    if (on) who.remember(kind, this.item);
    else visit.delete(`upvote ${this.item}`);
    this.element.tell("recsvc-vote", { item: this.item, on });
  }
}

/** What both elements share: fallback, styles, loading, news. */
class Base extends HTMLElement {
  static observedAttributes = ["api", "key", "publishable-key", "token", "user", "item"];
  votes = new Map(); // item -> Vote
  #token;
  #asked = false;
  #loading = Promise.resolve();
  #followVote = ({ detail, target }) => {
    if (target !== this) this.votes.get(detail.item)?.set(detail);
  };

  constructor() {
    super();
    if (Object.hasOwn(this, "token")) {
      this.#token = this.token; // set before this script had loaded
      delete this.token;
    }
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [STYLES];
    this.status = make("p", { part: "status", role: "status" });
    this.body = make("div", {}, make("slot"));
    root.append(this.body, this.status);
  }

  /** The reader's token: text, or a function that returns it or a promise of it. */
  get token() {
    return this.#token;
  }
  set token(value) {
    this.#token = value;
    this.refresh();
  }

  connectedCallback() {
    document.addEventListener("recsvc-vote", this.#followVote);
    this.refresh();
  }
  disconnectedCallback() {
    document.removeEventListener("recsvc-vote", this.#followVote);
  }
  attributeChangedCallback() {
    this.refresh();
  }

  /** Load once more; changes of one moment make one request. */
  refresh() {
    if (this.#asked || !this.isConnected) return;
    this.#asked = true;
    this.#loading = this.#loading.then(async () => {
      await null; // whatever else the page sets now
      this.#asked = false;
      try {
        await this.load();
        this.tell("recsvc-loaded", {});
      } catch (problem) {
        this.fail(problem);
      }
    });
  }

  fail({ message }) {
    complain(message);
    this.tell("recsvc-error", { problem: message });
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

class Feed extends Base {
  static observedAttributes = [
    ...super.observedAttributes,
    ...["list", "window", "limit", "topic", "topic-not", "seen", "heading", "excerpt", "reasons"],
    ...["more", "link", "target"],
  ];
  #views = null;

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#views?.stop();
  }

  async load() {
    const who = await Caller.of(this);
    const feed = await this.#fetch(who);
    if (!feed.items.length) return; // the page's own links say more
    this.#views?.stop();
    this.#views = mayTrack(this) ? new Views() : null;
    this.votes.clear();
    const heading = setting(this, "heading");
    const level = setting(this, "heading-level") ?? 2;
    const title = { part: "heading", role: "heading", "aria-level": level };
    const list = make("ol", { part: "list", role: "list" });
    const section = make(
      "section",
      { part: "feed", "aria-label": heading },
      heading && make("div", title, heading),
      list,
    );
    this.#append(who, feed, section, list);
    this.body.replaceChildren(section);
    if (who.isKnown && this.#isPublic()) this.#mark(who);
  }

  #name() {
    const name = setting(this, "list") ?? "feed";
    return Object.hasOwn(OWN, name) ? name : "feed";
  }

  /** Whether the list may show what the reader voted for: the personal feed leaves that out. */
  #isPublic() {
    return this.#name() !== "feed" || setting(this, "seen") === "show";
  }

  #fetch(who, cursor) {
    const asked = {
      limit: Number(setting(this, "limit") ?? 10),
      cursor,
      topic: words(this, "topic"),
      topic_not: words(this, "topic-not"),
    };
    const own = OWN[this.#name()];
    if (own) asked[own] = setting(this, own);
    if (this.#name() === "feed" && !who.isKnown && visit.size)
      return who.call("v1/feed", {}, { ...asked, history: [...visit.values()].slice(-100) });
    return who.call(`v1/${this.#name()}`, { ...asked, user: who.user });
  }

  #append(who, feed, section, list) {
    for (const listed of feed.items) {
      const place = { feed_id: feed.feed_id, position: listed.position };
      const card = this.#card(who, place, listed);
      list.append(card);
      this.#views?.watch(card, () => who.report("impression", listed.id, place));
    }
    if (!feed.next || setting(this, "more") === null) return;
    const more = button("more", phrase(this, "more"));
    more.addEventListener("click", async () => {
      more.disabled = true;
      try {
        const next = await this.#fetch(who, feed.next);
        const before = list.children.length;
        more.remove();
        this.#append(who, next, section, list);
        list.children[before]?.querySelector("a, button")?.focus();
      } catch (problem) {
        if (problem.status === 410) this.refresh(); // the list is gone: start again
        else this.fail(problem);
        more.disabled = false;
      }
    });
    section.append(more);
  }

  #card(who, place, { id, item, reason }) {
    Object.assign(item, item.readable);
    const vote = new Vote(this, id, item.title, { count: item.upvotes, on: false }, place);
    this.votes.set(id, vote);
    const extra = (name, text) =>
      setting(this, name) !== null && text ? make("p", { part: name }, isolated(text)) : null;
    return make(
      "li",
      { part: "card" },
      vote.node,
      make(
        "div",
        { part: "about" },
        this.#title(who, id, place, item),
        this.#meta(item),
        extra("excerpt", item.text),
        extra("reasons", this.#why(reason)),
      ),
    );
  }

  #title(who, id, place, { title, address }) {
    const path = encodeURIComponent(id);
    const link = setting(this, "link")?.replace("{id}", () => path.replaceAll("%2F", "/"));
    const href = safe(link ?? address ?? new URL(`papers/${path}`, who.api));
    const attributes = { part: "title", href, target: href && setting(this, "target") };
    const made = make(href ? "a" : "span", attributes, isolated(title));
    for (const name of ["click", "auxclick"])
      made.addEventListener(name, ({ button }) => {
        if (button > 1) return; // 1: a new tab
        if (mayTrack(this)) who.report("click", id, place);
        who.remember("click", id);
        who.leave();
      });
    return made;
  }

  #meta({ organisation, authors, n_authors, listed_at, published_at, published_precision }) {
    const n = n_authors ?? authors.length;
    const by = n === 1 ? authors[0] : n > 1 ? phrase(this, "authors", { n }) : null;
    const datetime = published_at ?? listed_at;
    const month = /year|about/.test(published_precision) ? undefined : "long";
    const day = month && published_precision !== "month" ? "numeric" : undefined;
    const known = { day, month, year: "numeric", timeZone: "UTC" };
    const parts = [organisation?.name, by].filter(Boolean).map(isolated);
    const date = new Date(datetime).toLocaleDateString(language(this), known);
    const said = phrase(this, published_at ? published_precision : "listed", { date }) || date;
    if (datetime) parts.push(make("time", { datetime }, said));
    return make("p", { part: "meta" }, ...parts.flatMap((part) => [" · ", part]).slice(1));
  }

  /** A translation names the title that the service quotes. */
  #why({ kind, text }) {
    const title = text.match(/“(.*)”/s)?.[1] ?? "";
    return phrase(this, kind.replaceAll("_", "-"), { title }) || text;
  }

  async #mark(who) {
    const found = await who.votes(this.votes.keys()).catch(() => []);
    for (const [item, state] of found) this.votes.get(item)?.set(state);
  }

  tell(name, detail) {
    super.tell(name, detail);
    if (name !== "recsvc-vote" || this.#name() !== "feed") return;
    const list = this.body.querySelector("ol");
    if (list.previousSibling?.part.contains("refresh")) return;
    const again = button("refresh", phrase(this, "refresh"));
    again.addEventListener("click", () => this.refresh());
    list.before(again);
  }
}

class Upvote extends Base {
  static observedAttributes = [...super.observedAttributes, "label"];

  async load() {
    const item = this.getAttribute("item");
    if (!item) throw new Error("<recsvc-upvote> needs an item");
    const who = await Caller.of(this);
    const found = (await who.votes([item])).get(item);
    if (!found) throw new Error(`there is no item ${JSON.stringify(item)}`);
    const vote = new Vote(this, item, this.getAttribute("label") ?? "", found);
    this.votes = new Map([[item, vote]]);
    this.body.replaceChildren(vote.node);
  }
}

const STYLES = new CSSStyleSheet();
STYLES.replaceSync(`
:host {
  --_text: var(--recsvc-text, light-dark(#1f2933, #e6eaee));
  --_muted: var(--recsvc-muted, light-dark(#5b6773, #9fabb7));
  --_surface: var(--recsvc-surface, light-dark(#fff, #171c22));
  --_border: var(--recsvc-border, light-dark(#dfe4ea, #2f3842));
  --_accent: var(--recsvc-accent, light-dark(#c2410c, #fb923c));
  --_on-accent: var(--recsvc-on-accent, light-dark(#fff, #1b1208));
  --_radius: var(--recsvc-radius, 10px);
  --_gap: var(--recsvc-gap, 12px);
  color-scheme: light dark;
  font-family: var(--recsvc-font, inherit);
  line-height: 1.45;
}
:host([theme=light]) { color-scheme: light; }
:host([theme=dark]) { color-scheme: dark; }
:host(recsvc-feed) { display: block; }
:host(recsvc-upvote) { display: inline-block; vertical-align: middle; }
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
ol, p { list-style: none; margin: 0; padding: 0; }
section, ol { display: grid; gap: var(--_gap); }
li, button {
  background: var(--_surface);
  border: 1px solid var(--_border);
  border-radius: var(--_radius);
  color: var(--_text);
}
li { display: flex; gap: var(--_gap); padding: var(--_gap); }
[part=heading] { font-size: 1.15em; font-weight: 650; }
[part=about] { overflow-wrap: anywhere; display: grid; gap: 4px; align-content: start; min-inline-size: 0; flex: 1; }
[part=title] { color: inherit; font-weight: 600; text-decoration: none; }
a:hover { color: var(--_accent); text-decoration: underline; }
p { color: var(--_muted); font-size: .87em; }
p:empty { display: none; }
[part=excerpt] {
  -webkit-box-orient: vertical;
  -webkit-line-clamp: 2;
  display: -webkit-box;
  overflow: hidden;
}
button { cursor: pointer; font: inherit; min-block-size: 40px; padding: 6px 14px; }
button:hover { border-color: var(--_accent); }
button:disabled { cursor: default; opacity: .6; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
[part=vote] {
  align-self: start;
  display: grid;
  flex: none;
  font-size: .87em;
  font-weight: 600;
  gap: 3px;
  line-height: 1.2;
  min-inline-size: 48px;
  padding: 8px 6px;
  place-content: center;
  place-items: center;
  background: color-mix(in lab, var(--_accent) 9%, var(--_surface));
}
svg { block-size: 8px; fill: var(--_accent); inline-size: 12px; }
[aria-pressed=true] svg { fill: currentColor; }
[part=vote][aria-pressed=true] {
  background: var(--_accent);
  border-color: var(--_accent);
  color: var(--_on-accent);
  outline-color: var(--_text);
}
:host(recsvc-upvote) [part=vote] { gap: 7px; grid-auto-flow: column; padding-inline: 12px; }
[part=more], [part=refresh] { justify-self: center; }
[part=status] { block-size: 1px; clip-path: inset(50%); inline-size: 1px; overflow: hidden; position: absolute; }
@media (forced-colors: active) { [part=vote][aria-pressed=true] { outline: 2px solid; } }
`);

if (!customElements.get("recsvc-feed")) {
  customElements.define("recsvc-feed", Feed);
  customElements.define("recsvc-upvote", Upvote);
}
