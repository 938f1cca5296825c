// Shows what a search finds while it is typed. Without this script the form's button does.

const form = document.getElementById("search");
const PAUSE_MS = 120;
let pending;
let asked = new AbortController();

/** What the form says, without its empty fields. */
function query() {
  const said = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...said]) if (!value.trim()) said.delete(name);
  if (said.get("sort") === "relevance") said.delete("sort");
  return said.toString();
}

async function show() {
  asked.abort();
  asked = new AbortController();
  const wanted = query();
  try {
    const answer = await fetch(`/search/results?${wanted}`, { signal: asked.signal });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const results = document.getElementById("results");
    results.replaceChildren(...page.body.childNodes);
    history.replaceState(null, "", wanted ? `/search?${wanted}` : "/search");
    const found = document.getElementById("found");
    document.getElementById("said").textContent = found ? found.textContent : "";
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

form.addEventListener("input", () => {
  clearTimeout(pending);
  pending = setTimeout(show, PAUSE_MS);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(pending);
  show();
});
