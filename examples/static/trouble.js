// Presses a trouble's button without leaving the page: shows how long it has been running and what
// came of it. Without JavaScript the forms work as forms do.
"use strict";

for (const form of document.querySelectorAll(".trouble form")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    press(form);
  });
}

async function press(form) {
  const outcome = form.parentElement.querySelector(".outcome");
  const began = performance.now();
  const age = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  const show = (state, text) => {
    outcome.hidden = false;
    outcome.dataset.state = state;
    outcome.textContent = text;
  };
  show("running", "Running…");
  const timer = setInterval(() => show("running", `Running… ${age()}`), 100);
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json" },
    });
    clearInterval(timer);
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) show("done", `${said.done} (worker ${said.pid})`);
    else show("failed", `${answer.status} after ${age()}: ${said.error ?? answer.statusText}`);
  } catch {
    clearInterval(timer);
    show("failed", `The worker went away after ${age()}.`);
  }
}
