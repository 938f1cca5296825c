// Makes the site's forms live: a press is sent, what it changed is renewed in place, focus is kept.
// Without this script the same forms reload the page.

const said = document.getElementById("said");
const undo = document.getElementById("undo");
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
  undo.replaceChildren();
}

/** Show a sentence, read it out, and offer to take back what it says. */
function say(text, form) {
  said.textContent = text;
  undo.replaceChildren();
  if (form?.dataset.undo) {
    const reverse = form.cloneNode(true);
    reverse.elements.kind.value = form.dataset.undo;
    reverse.dataset.said = "Undone.";
    delete reverse.dataset.undo;
    const button = reverse.querySelector("button");
    button.textContent = "Undo";
    button.removeAttribute("aria-label");
    delete button.dataset.key;
    undo.append(reverse);
  }
  clearTimeout(told);
  const close = () => {
    if (undo.matches(":focus-within, :hover")) told = setTimeout(close, TOLD_MS);
    else hush();
  };
  said.parentElement.classList.add("open");
  told = setTimeout(close, TOLD_MS);
}

/** Take over what the answer shows otherwise: whole sections that say so, elsewhere only vote buttons. */
function renew(page, voted) {
  for (const old of document.querySelectorAll("[data-renew]")) {
    const open = [...old.querySelectorAll("details")].map((one) => one.open);
    const fresh = page.getElementById(old.id);
    if (!fresh) continue;
    old.replaceWith(fresh);
    fresh.querySelectorAll("details").forEach((one, n) => (one.open = open[n] ?? one.open));
  }
  if (voted === undefined) return;
  const selector = `[data-vote="${CSS.escape(voted)}"]`;
  const fresh = page.querySelector(selector);
  for (const old of document.querySelectorAll(selector)) {
    if (!fresh || old.closest("[data-renew]")) continue;
    const button = fresh.querySelector("button").cloneNode(true);
    old.elements.kind.value = fresh.elements.kind.value;
    old.dataset.said = fresh.dataset.said;
    old.querySelector("button").replaceWith(button);
  }
}

/** Remember where focus is, and return what puts it back: the same button, else its neighbour. */
function keepFocus(button) {
  const key = button.dataset.key;
  const section = button.closest("section, article, [data-renew]")?.id;
  const root = () => (section && document.getElementById(section)) || document;
  const class_ = button.form.className ? `form.${button.form.className} button` : "button";
  const place = [...root().querySelectorAll(class_)].indexOf(button);
  return () => {
    const same = key && root().querySelector(`button[data-key="${CSS.escape(key)}"]`);
    const others = root().querySelectorAll(class_);
    const next = same || others[Math.min(Math.max(place, 0), others.length - 1)];
    (next || root().querySelector("[tabindex]") || document.getElementById("main")).focus();
  };
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-live]")) return;
  event.preventDefault();
  const button = event.submitter ?? form.querySelector("button");
  const refocus = keepFocus(button);
  const done = form.dataset.said ?? "Done."; // renewing may give the form its next sentence
  const wasPressed = button.getAttribute("aria-pressed");
  if (wasPressed) button.setAttribute("aria-pressed", String(wasPressed !== "true"));
  try {
    const page = await send(form, event.submitter);
    renew(page, form.dataset.vote);
    refocus();
    say(done, form);
  } catch (error) {
    if (wasPressed) button.setAttribute("aria-pressed", wasPressed);
    say(error.message || "That did not work. Please try again.");
  }
});

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

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hush();
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const field = document.querySelector("input[type=search]");
  if (!field) return;
  event.preventDefault();
  field.focus();
});
