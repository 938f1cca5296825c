// Say that the page was shown to somebody, then go on to where the item lives.
function shown() {
  navigator.sendBeacon(location.href);
  const target = document.querySelector("[data-target]")?.dataset.target;
  if (target) location.replace(target);
}
// A browser may prepare pages that nobody asked to see yet.
if (document.prerendering) document.addEventListener("prerenderingchange", shown, { once: true });
else shown();
