// What pages gain where scripts run: copying an id, a theme that applies when it is chosen,
// and a focus that stays where it was when a card is drawn again. Nothing depends on it.
"use strict";

function enliven(root) {
  for (const button of root.querySelectorAll("button.copy")) {
    button.hidden = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button) {
    navigator.clipboard.writeText(button.dataset.copy).then(() => button.classList.add("copied"));
  }
});

const theme = document.querySelector("form.theme");
if (theme) {
  theme.classList.add("alive");
  theme.querySelector("select").addEventListener("change", () => theme.submit());
}

enliven(document);
document.body.addEventListener("htmx:afterSettle", () => enliven(document));
