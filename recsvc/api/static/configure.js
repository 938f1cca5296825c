/** The page /embed while somebody chooses: the server renders every choice, we show it at once. */

const form = document.querySelector("#choices");
const preview = document.querySelector("#preview");
const problem = document.querySelector("#problem");
const PAUSE_MS = 250;

let timer = 0;
let latest = 0;

function address() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) query.set(name, value);
  if (!chosenAccent) query.delete("accent");
  return `${form.action}?${query}`;
}

/** A colour input always has a colour: it counts once somebody chose it. */
let chosenAccent = new URL(location).searchParams.has("accent");

function paint() {
  const accent = preview.dataset.accent;
  if (accent) preview.style.setProperty("--recsvc-accent", accent);
}

async function show() {
  const turn = ++latest;
  const url = address();
  const response = await fetch(url).catch(() => null);
  if (turn !== latest) return;
  problem.textContent = response?.ok ? "" : await describe(response);
  if (!response?.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  history.replaceState(null, "", url);
  const shown = page.querySelector("#preview");
  preview.dataset.accent = shown.dataset.accent;
  preview.replaceChildren(...document.importNode(shown, true).childNodes);
  paint();
  document.querySelector("#snippets").replaceWith(document.importNode(page.querySelector("#snippets"), true));
  offerCopying();
}

async function describe(response) {
  if (!response) return "The service cannot be reached.";
  return (await response.json().catch(() => ({}))).detail ?? `The service answered ${response.status}.`;
}

function offerCopying() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code); // the reader presses the keys
        button.textContent = "Selected";
      }
      setTimeout(() => (button.textContent = "Copy"), 2_000);
    });
  }
}

form.addEventListener("input", ({ target }) => {
  if (target.name === "accent") chosenAccent = true;
  clearTimeout(timer);
  timer = setTimeout(show, PAUSE_MS);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
paint();
offerCopying();
