// What pages gain where scripts run: an id that is copied, times that move on, changes that
// are announced, and an address without the notice that it brought. Nothing depends on it.
"use strict";

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const MOVE_MS = 1000;

// The same words as `relative` in pages/instants.py.
function relative(at) {
  const seconds = (Date.now() - at) / 1000;
  for (const [word, size] of UNITS) {
    const count = Math.floor(Math.abs(seconds) / size);
    if (count) {
      const words = `${count} ${word}${count > 1 ? "s" : ""}`;
      return seconds >= 0 ? `${words} ago` : `in ${words}`;
    }
  }
  return "just now";
}

function moveTimesOn() {
  for (const time of document.querySelectorAll("time")) {
    const at = Date.parse(time.dateTime);
    const words = "due" in time.dataset && at < Date.now() + 1000 ? "any moment" : relative(at);
    if (time.textContent !== words) {
      time.textContent = words;
    }
  }
}

function announce(words) {
  document.getElementById("said").textContent = words;
}

function cards() {
  return new Map([...document.querySelectorAll("[data-said]")].map((card) => [card.id, card.dataset.said]));
}

function enliven() {
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = !navigator.clipboard;
  }
  moveTimesOn();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button) {
    navigator.clipboard.writeText(button.dataset.copy).then(() => {
      button.classList.add("copied");
      announce("Copied");
    });
  }
});

let before = cards();
document.body.addEventListener("htmx:afterSettle", () => {
  const now = cards();
  const news = [...now].filter(([id, said]) => before.get(id) !== said).map(([, said]) => said);
  if (news.length) {
    announce(news.join(" "));
  }
  before = now;
  enliven();
});

// The session is over: the welcome says how to go on.
document.body.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) {
    location.assign("/");
  }
});

// A notice is for once: the same address, opened again, must not repeat it.
if (location.search) {
  history.replaceState(null, "", location.pathname);
}
enliven();
setInterval(moveTimesOn, MOVE_MS);
