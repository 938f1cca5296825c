/** The API for people: sends what a form says, and shows what comes back. */

const credential = document.querySelector("#credential");

/** What a form asks for: where, and what. */
function asked(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const one of form.querySelectorAll("[name]")) {
    const value = one.value.trim();
    if ("path" in one.dataset) path = path.replace(`{${one.name}}`, encodeURIComponent(value));
    else if (value)
      for (const part of "repeated" in one.dataset ? value.split(",") : [value])
        query.append(one.name, part.trim());
  }
  const body = form.querySelector("[data-body]");
  const text = query.size ? `?${query}` : "";
  return { url: path + text, method: form.dataset.method, body: body?.value, type: body?.dataset.body };
}

/** The same for a shell. */
function curl({ url, method, body, type }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  return [
    `curl -s ${quoted(new URL(url, location).href)}`,
    method !== "GET" && !(method === "POST" && body) && `-X ${method}`,
    credential.value && "-H 'Authorization: Bearer …'",
    body && `-H 'Content-Type: ${type}' -d ${quoted(body)}`,
  ]
    .filter(Boolean)
    .join(" \\\n  ");
}

function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function block(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

async function send(form) {
  const call = asked(form);
  const headers = call.body ? { "Content-Type": call.type } : {};
  if (credential.value) headers.Authorization = `Bearer ${credential.value.trim()}`;
  const output = form.querySelector("output");
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const { url, method, body } = call;
    const response = await fetch(url, { method, headers, body: body || undefined });
    const answer = await response.text();
    output.replaceChildren(
      block("pre", curl(call)),
      block("b", `${response.status} ${response.statusText}`),
      ...(answer ? [block("pre", readable(answer))] : []),
    );
  } catch (problem) {
    output.replaceChildren(block("b", `No answer: ${problem.message}`));
  }
  button.disabled = false;
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target);
});

/** Whoever follows a link to a call wants to read it. */
function open() {
  const call = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (call instanceof HTMLDetailsElement) call.open = true;
}
addEventListener("hashchange", open);
open();
