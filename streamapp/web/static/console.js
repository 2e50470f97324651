// Keeps the live part of a page fresh from its event stream, and adds what a page can do without.
// Every page is complete without this file.

const main = document.querySelector("main");
const button = document.getElementById("live-switch");
const words = document.getElementById("live-state");
const address = main.dataset.stream;

let source = null;
let paused = false;
let waiting = null;

function say(state, text) {
  button.dataset.state = state;
  words.textContent = text;
}

// A part is not exchanged under a reader who is selecting text in it.
function selecting() {
  const selection = document.getSelection();
  return selection && !selection.isCollapsed && selection.anchorNode?.parentElement?.closest("[data-live]");
}

function rowsById(root) {
  return new Map(Array.from(root.querySelectorAll("tr[data-id]"), (row) => [row.dataset.id, row]));
}

function exchange(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  for (const part of fresh.content.querySelectorAll("[data-live]")) {
    const old = document.querySelector(`[data-live="${part.dataset.live}"]`);
    if (old && !old.isEqualNode(part)) replace(old, part);
  }
}

// What the reader has opened, scrolled and focused stays so.
function replace(old, part) {
  mark(rowsById(old), rowsById(part));
  const open = new Set(Array.from(old.querySelectorAll("details[open]"), (one) => one.id));
  for (const details of part.querySelectorAll("details")) details.open = open.has(details.id);
  const scrolled = old.querySelector(".scroll")?.scrollLeft ?? 0;
  const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
  old.replaceWith(part);
  const scroller = part.querySelector(".scroll");
  if (scroller) scroller.scrollLeft = scrolled;
  if (focused) part.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

// Shows for a moment which rows are new and which cells have changed.
function mark(before, after) {
  if (!before.size) return;
  for (const [id, row] of after) {
    const old = before.get(id);
    if (!old) row.classList.add("fresh");
    else
      Array.from(row.cells).forEach((cell, place) => {
        if (old.cells[place]?.textContent !== cell.textContent) cell.classList.add("fresh");
      });
  }
}

function show(html) {
  if (selecting()) {
    waiting = html;
    return;
  }
  waiting = null;
  exchange(html);
}

document.addEventListener("selectionchange", () => {
  if (waiting !== null && !selecting()) show(waiting);
});

function connect() {
  if (source || paused || document.hidden) return;
  say("connecting", "Connecting");
  source = new EventSource(address);
  source.addEventListener("open", () => say("live", "Live"));
  source.addEventListener("part", (event) => show(event.data));
  source.addEventListener("error", () => {
    say("lost", "Reconnecting");
    if (source.readyState !== EventSource.CLOSED) return;
    source = null; // refused: the browser does not try again by itself
    setTimeout(connect, 3000);
  });
}

function disconnect() {
  source?.close();
  source = null;
}

if (address && button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.setAttribute("aria-pressed", String(!paused));
    if (paused) {
      disconnect();
      say("paused", "Paused");
    } else {
      connect();
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) disconnect();
    else connect();
  });
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", connect);
  connect();
}

// The reader's own time, when it is asked for.
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
document.addEventListener("pointerover", (event) => {
  const time = event.target.closest?.("time");
  if (time && !time.title) time.title = local.format(new Date(time.dateTime));
});

document.addEventListener("keydown", (event) => {
  const search = document.getElementById("search");
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "/" && search && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.select();
  }
});

// Empty fields do not belong into an address.
document.querySelector("form.search")?.addEventListener("submit", (event) => {
  for (const field of event.target.querySelectorAll("input")) {
    if (field.type !== "checkbox" && !field.value) field.disabled = true;
  }
});
addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form.search input")) field.disabled = false;
});

for (const copy of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
}
