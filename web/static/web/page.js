// Progressive enhancement: every page works without it.

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue; // missing on plain HTTP
  button.hidden = false;
  const label = button.querySelector("span");
  const name = label.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    label.textContent = `✓ ${button.dataset.done}`;
    announce(button.dataset.done);
    setTimeout(() => (label.textContent = name), 2000);
  });
}

for (const button of document.querySelectorAll("[data-share]")) {
  if (!navigator.share) continue;
  button.hidden = false;
  button.addEventListener("click", () =>
    navigator.share({ url: button.dataset.share, text: button.dataset.text }).catch(() => {}), // the user cancelled
  );
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// The code of a message that was wrong: typing replaces it.
document.querySelector(".one-time-code[aria-invalid=true]")?.select();

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.getAttribute("aria-disabled") === "true") return event.preventDefault();
    if (form.dataset.busy) button.textContent = form.dataset.busy;
    button.setAttribute("aria-disabled", "true"); // prevents a second submit
  });
}

for (const button of document.querySelectorAll("[data-wait]")) {
  const name = button.textContent;
  const end = Date.now() + 1000 * Number(button.dataset.wait);
  const tick = () => {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    const isWaiting = seconds > 0;
    button.setAttribute("aria-disabled", String(isWaiting));
    button.textContent = isWaiting ? button.dataset.waiting.replace("{seconds}", seconds) : name;
    if (isWaiting) setTimeout(tick, 1000);
  };
  tick();
}

// A page restored from the back/forward cache has disabled buttons: reload it.
addEventListener("pageshow", (event) => event.persisted && location.reload());

function announce(text) {
  const region = document.createElement("p");
  region.setAttribute("role", "status");
  region.className = "unseen";
  document.body.append(region);
  setTimeout(() => (region.textContent = text), 50);
  setTimeout(() => region.remove(), 3000);
}
