// The pairing page: copies its own address for those who must open it in another browser.

const button = document.querySelector("[data-copies]");
button?.addEventListener("click", async () => {
  await navigator.clipboard?.writeText(location.href).catch(() => undefined);
  const said = document.querySelector("[data-copied]");
  if (said instanceof HTMLElement) said.hidden = false;
});
