// Makes pages live, and handy by keyboard. Everything works without it.
"use strict";

const EVERY = 2000;
const $ = (id) => document.getElementById(id);
const say = (text) => { $("said").textContent = text; };

// --- The browser's zone: the server writes the times --------------------------------------------------------------
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && document.body.dataset.zone !== zone) {
  document.cookie = `taskline_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=strict`;
  document.querySelectorAll("[data-needs-zone]").forEach((one) => { one.disabled = false; one.title = zone; });
}

// --- Copying: with the clipboard where there is one, else by selecting ---------------------------------------------
async function copy(text, button) {
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    done = copyBySelecting(text);
  }
  if (!done) { prompt("Copy this:", text); return; }
  button.classList.add("copied");
  say("Copied");
  setTimeout(() => button.classList.remove("copied"), 1200);
}

function copyBySelecting(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  const focused = document.activeElement;
  area.select();
  let done = false;
  try { done = document.execCommand("copy"); } catch { done = false; }
  area.remove();
  focused?.focus({ preventScroll: true });
  return done;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (button) copy(button.dataset.copy ?? $(button.dataset.copyFrom).textContent, button);
});

// --- Replacing in place: nodes stay, so focus, selection and scrolling stay as well --------------------------------
const keyOf = (node) => (node.nodeType === 1 ? node.dataset.key || node.id || "" : "");
const alike = (a, b) => a && b && a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

function update(old, fresh) {
  if (old.nodeType !== 1) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.isEqualNode(fresh) || old.hasAttribute("data-keep")) return;
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !(name === "open" && old.nodeName === "DETAILS")) old.setAttribute(name, value);
  }
  if (old.hasAttribute("data-rows")) updateRows(old, fresh);
  else updateChildren(old, fresh);
}

function updateChildren(old, fresh) {
  let here = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    let found = here;
    while (found && !alike(found, wanted)) found = keyOf(wanted) ? found.nextSibling : null;
    if (found) {
      if (found === here) here = here.nextSibling;
      else old.insertBefore(found, here);
      update(found, wanted);
    } else {
      old.insertBefore(document.importNode(wanted, true), here);
    }
  }
  while (here) {
    const next = here.nextSibling;
    if (!(here.nodeType === 1 && here.contains(document.activeElement))) here.remove();
    here = next;
  }
}

// Rows keep their places: those that are known change, new ones are counted and wait.
function updateRows(old, fresh) {
  const known = new Map([...old.children].map((row) => [row.dataset.key, row]));
  const longer = old.closest("[data-live-url]"); // a list that goes on below what is shown: only rows above are new
  let unseen = 0;
  let waiting = 0;
  for (const row of [...fresh.children]) {
    const place = known.get(row.dataset.key);
    if (place) { update(place, row); place.classList.remove("gone"); known.delete(row.dataset.key); } else unseen += 1;
    if (place || !longer || !old.children.length) waiting = unseen;
  }
  for (const row of known.values()) row.classList.add("gone");
  const sign = $("new-rows");
  if (!sign) return;
  sign.hidden = waiting === 0 && known.size === 0;
  const text = waiting ? `Show ${waiting} new` : "Show the list as it is now";
  if (!sign.hidden && sign.firstElementChild.textContent !== text) sign.firstElementChild.textContent = text;
}

// --- Live regions -------------------------------------------------------------------------------------------------
const regions = [...document.querySelectorAll("[data-live]")];
const badge = $("live");
let paused = sessionStorage.getItem("paused") === "yes";
let seen = Date.now();
let lost = 0;

async function refresh() {
  const address = regions.find((one) => one.dataset.liveUrl)?.dataset.liveUrl || location.href;
  const response = await fetch(address, { cache: "no-store", headers: { "X-Live": "1" } });
  if (!response.ok) throw new Error(`the console answers ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (document.hidden || paused) return;
  for (const region of regions) {
    const fresh = page.getElementById(region.id);
    if (fresh) update(region, fresh);
  }
  const token = page.querySelector("input[name=token]")?.value; // another one after a restart of the server
  document.querySelectorAll("input[name=token]").forEach((one) => { if (token) one.value = token; });
  if (!page.getElementById("live")) location.reload(); // what was under way is over: the whole page as it is now
}

async function tick() {
  if (!paused && !document.hidden) {
    try {
      await refresh();
      seen = Date.now();
      lost = 0;
    } catch (error) {
      lost = lost || Date.now();
      $("offline").textContent = `The console cannot be read since ${new Date(lost).toLocaleTimeString()}: ${error.message}. ` +
        "What is shown may be out of date. It is tried again; if it stays so, start the console anew, or log in again.";
    }
    $("offline").hidden = !lost;
  }
  setTimeout(tick, lost ? EVERY * 2 : EVERY);
}

function showAge() {
  const seconds = Math.round((Date.now() - seen) / 1000);
  badge.classList.toggle("paused", paused);
  badge.classList.toggle("lost", Boolean(lost));
  const text = `${paused ? "Paused" : lost ? "No connection" : "Live"}, ${seconds} s ago`;
  if ($("live-text").textContent !== text) $("live-text").textContent = text;
}

function pause() {
  paused = !paused;
  sessionStorage.setItem("paused", paused ? "yes" : "no");
  $("live-pause").textContent = paused ? "Go on" : "Pause";
  $("live-pause").setAttribute("aria-pressed", String(paused));
  say(paused ? "Paused" : "Live");
  showAge();
}

if (badge && regions.length) {
  badge.hidden = false;
  if (paused) { paused = false; pause(); }
  $("live-pause").addEventListener("click", pause);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) showAge(); });
  setInterval(showAge, 1000);
  setTimeout(tick, EVERY);
}

// --- Graphs: what is selected, or the start, is in sight ------------------------------------------------------------
for (const frame of document.querySelectorAll(".graph-frame")) {
  const node = (frame.querySelector(".node.is-selected") || frame.querySelector(".node"))?.getBoundingClientRect();
  const own = frame.getBoundingClientRect();
  if (node) frame.scrollLeft += node.left + node.width / 2 - own.left - own.width / 2;
}

// --- Keys ---------------------------------------------------------------------------------------------------------
const rowLinks = () => [...document.querySelectorAll("main tbody tr")].map((row) => row.querySelector("a[href]")).filter(Boolean);

function step(by) {
  const links = rowLinks();
  if (!links.length) return;
  const here = links.findIndex((one) => one.closest("tr").contains(document.activeElement));
  const next = links[here < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, here + by))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  "/": () => { $("search").focus(); $("search").select(); },
  j: () => step(1),
  k: () => step(-1),
  p: () => { if (badge && !badge.hidden) pause(); },
  "?": () => $("keys-help").showModal(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, dialog, [contenteditable]");
  if (document.body.dataset.shortcuts !== "on" && event.key !== "?") return;
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
$("keys-close").addEventListener("click", () => $("keys-help").close());
