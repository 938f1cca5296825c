/**
 * recsvc in other people's pages: <recsvc-subscribe>, a form to get the mail.
 *
 * What a page puts inside the element stays where scripts do not run; a link to /subscribe is a good
 * choice. Attributes, parts and looks: docs/embedding.md.
 */

const HOME = new URL("..", import.meta.url).href;
const TEXTS = {
  address: "Your e-mail address",
  example: "you@example.org",
  subscribe: "Subscribe",
  failed: "This did not work; please try again later.",
};
const STYLE = `
:host { display: block; font: inherit; color: var(--recsvc-text, inherit); font-family: var(--recsvc-font, inherit); }
form { display: flex; flex-wrap: wrap; gap: 8px; margin: 0; }
input, button { font: inherit; padding: 0.6em 0.9em; border-radius: var(--recsvc-radius, 10px); }
input { flex: 1 1 14em; min-width: 0; color: inherit; background: transparent;
  border: 1px solid var(--recsvc-border, #8a93a1); }
button { border: 0; font-weight: 600; cursor: pointer;
  background: var(--recsvc-accent, #c2410c); color: var(--recsvc-on-accent, #fff); }
button:disabled { opacity: 0.6; cursor: default; }
p { flex-basis: 100%; margin: 0; }
p:empty { display: none; }
`;

/** What a page says of an element: on itself, or for all of them in <meta name="recsvc-…">. */
const setting = (element, name) =>
  element.getAttribute(name) ??
  document.querySelector(`meta[name="recsvc-${name}"]`)?.content ??
  null;

const phrase = (element, name) => setting(element, `text-${name}`) ?? TEXTS[name];

class Subscribe extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    this.field = this.#made("input", { type: "email", name: "email", required: "", part: "input" });
    this.field.autocomplete = "email";
    this.field.placeholder = phrase(this, "example");
    this.field.setAttribute("aria-label", phrase(this, "address"));
    this.button = this.#made("button", { type: "submit", part: "button" });
    this.button.textContent = phrase(this, "subscribe");
    this.answer = this.#made("p", { role: "status", part: "answer" });
    const form = this.#made("form", {});
    form.append(this.field, this.button, this.answer);
    form.addEventListener("submit", (event) => this.#submit(event));
    root.append(form);
  }

  async #submit(event) {
    event.preventDefault();
    this.button.disabled = true;
    this.answer.textContent = "";
    try {
      const response = await fetch(new URL("v1/subscriptions", setting(this, "api") ?? HOME), {
        method: "POST",
        headers: await this.#headers(),
        body: JSON.stringify(this.#wish()),
        credentials: "omit",
        signal: AbortSignal.timeout(10_000),
      });
      const { detail } = await response.json();
      this.answer.textContent = (response.ok && phrase(this, "asked")) || detail;
      if (response.ok) this.field.value = "";
    } catch (error) {
      console.error("[recsvc] the subscription was not sent", error);
      this.answer.textContent = phrase(this, "failed");
    } finally {
      this.button.disabled = false;
    }
  }

  /** A reader's token says whose feed the personal part is; a key, that this page may ask. */
  async #headers() {
    const given = this.token ?? setting(this, "token");
    const token = typeof given === "function" ? await given() : given;
    const credential = token || setting(this, "publishable-key") || setting(this, "key");
    // As text: a JSON label would cost another request, which asks for leave to send it.
    const headers = { "Content-Type": "text/plain" };
    return credential ? { ...headers, Authorization: `Bearer ${credential}` } : headers;
  }

  #wish() {
    const wish = {
      email: this.field.value,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
    for (const name of ["cadence", "content", "weekday"]) {
      if (this.hasAttribute(name)) wish[name] = this.getAttribute(name);
    }
    if (this.hasAttribute("hour")) wish.hour = Number(this.getAttribute("hour"));
    const topics = (this.getAttribute("topics") ?? "").split(",").map((topic) => topic.trim());
    wish.topics = topics.filter(Boolean);
    return wish;
  }

  #made(name, attributes) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }
}

if (!customElements.get("recsvc-subscribe"))
  customElements.define("recsvc-subscribe", Subscribe);
