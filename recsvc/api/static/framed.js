/**
 * Inside a frame: tell the page around how high we are, and take the reader's token from the address.
 *
 * The height goes to the one origin that the frame was made for, never to whoever frames it. The token
 * travels behind `#`, which browsers send to nobody.
 */

const { origin, accent } = document.body.dataset;
const feed = document.querySelector("recsvc-feed");

const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) feed.setAttribute("token", token);
if (accent) feed.style.setProperty("--recsvc-accent", accent);

if (origin && parent !== window) {
  const tell = () => {
    const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
    parent.postMessage({ type: "recsvc:height", height }, origin);
  };
  new ResizeObserver(tell).observe(document.documentElement);
}
