/**
 * For pages with frames of ours: give each frame the height of its list.
 *
 * A message counts only if it comes from our origin and from the very frame it is about.
 */

const OURS = new URL(import.meta.url).origin;

addEventListener("message", ({ origin, source, data }) => {
  if (origin !== OURS || data?.type !== "recsvc:height") return;
  for (const frame of document.querySelectorAll("iframe"))
    if (frame.contentWindow === source) frame.height = Math.min(Math.max(data.height, 0), 20_000);
});
