// The status page: asks /api/v1 for everything, keeps itself current, holds no state of its own.
// Text from the service is only ever set as text, never as markup.

import { closePlayer, play, showClips, wantedClip } from "./clips.js";
import { showCoverage, showWatch } from "./watching.js";

const API = "api/v1";
const PICTURE_EVERY_MS = 1000;
const CAMERAS_EVERY_MS = 2000;
const COVERAGE_EVERY_MS = 30000;
const INCIDENTS_EVERY_MS = 15000;
const STALE_AFTER_S = 5;
const SHOWN_INCIDENTS = 30;

const STATES = {
  connecting: ["warn", "◐ Connecting"],
  live: ["good", "● Live"],
  stalled: ["bad", "▲ No picture"],
  backoff: ["bad", "▲ Reconnecting"],
  auth_failed: ["bad", "▲ Password refused"],
  not_found: ["bad", "▲ Not found"],
  ended: ["", "■ Ended"],
};
const MOVES = {
  acknowledged: "Acknowledge", confirmed: "Confirm", dismissed: "Dismiss…", closed: "Close",
};
const DECISIONS = {
  new: "Not looked at", acknowledged: "Acknowledged", confirmed: "Confirmed",
  dismissed: "Dismissed", closed: "Closed",
};

const $ = (id) => document.getElementById(id);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const visible = () => document.hidden
  ? new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }))
  : Promise.resolve();

// --- asking ----------------------------------------------------------------------------------

class Refused extends Error {
  constructor(status, text) { super(text); this.status = status; }
}

async function ask(path, { headers = {}, ...options } = {}) {
  const key = sessionStorage.getItem("key");
  if (key) headers.Authorization = `Bearer ${key}`;
  const answer = await fetch(path, { ...options, headers, cache: "no-store" });
  if (answer.ok || answer.status === 304) return answer;
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401) askForKey(key ? "This key is not known here." : "");
  throw new Refused(answer.status, problem.detail || problem.title || `HTTP ${answer.status}`);
}

const read = async (path) => (await ask(path)).json();

function askForKey(words) {
  sessionStorage.removeItem("key");
  $("signin").hidden = false;
  $("main").hidden = true;
  $("signin-problem").textContent = words;
  chip($("link"), "warn", "◐ Key needed");
  $("key").focus();
}

// Runs `step` again and again while the page is looked at; a failure is shown, then tried again.
async function forever(step, everyMs) {
  for (;;) {
    await visible();
    if ($("signin").hidden) {
      try {
        await step();
        connected(true);
      } catch (error) {
        if (!(error instanceof Refused)) connected(false);
        else if (error.status !== 401) problem(error.message);
      }
    }
    await sleep(everyMs);
  }
}

function connected(yes) {
  chip($("link"), yes ? "good" : "bad", yes ? "● Connected" : "▲ No connection to the service");
  document.body.classList.toggle("stale", !yes);
  if (yes) problem("");
}

function problem(words) {
  $("problem").textContent = words;
  $("problem").hidden = !words;
}

function chip(element, kind, words) {
  if (element.textContent === words) return; // a screen reader would say it again
  element.className = `chip ${kind} ${element.dataset.role || ""}`.trim();
  element.textContent = words;
}

// --- the whole ---------------------------------------------------------------------------------

async function showService() {
  const service = await read(`${API}/service`);
  $("site").textContent = service.site;
  document.title = `${service.site} – barrier detector`;
  const model = service.model;
  $("model").textContent = `${model.name} ${model.version} on ${model.provider} ${model.precision}`;
  $("model").title = `${model.reason} · model ${model.sha256.slice(0, 12)}`;
  $("signout").hidden = !sessionStorage.getItem("key");
  $("main").hidden = false;
}

async function showReadiness() {
  const answer = await fetch("health/ready", { cache: "no-store" });
  const { ready, checks } = await answer.json();
  const failing = checks.filter((check) => !check.ok);
  chip($("ready"), ready ? "good" : "bad", ready ? "● Watching" : "▲ Not fully watching");
  $("ready").title = failing.map((check) => `${check.name}: ${check.detail}`).join("\n");
  $("unready").textContent = $("ready").title;
  $("unready").hidden = ready;
}

// --- cameras -----------------------------------------------------------------------------------

const cameraCards = new Map();
let coverageDue = 0;

async function showCameras() {
  if ($("main").hidden) await showService();
  const { cameras } = await read(`${API}/cameras`);
  await showReadiness();
  for (const camera of cameras) {
    if (!cameraCards.has(camera.name)) addCamera(camera);
    updateCamera(cameraCards.get(camera.name), camera);
  }
  if (Date.now() >= coverageDue) await showCoverages();
}

async function showCoverages() {
  const { cameras } = await read(`${API}/coverage`);
  for (const told of cameras) showCoverage(cameraCards.get(told.camera), told, duration);
  coverageDue = Date.now() + COVERAGE_EVERY_MS;
}

function addCamera(camera) {
  const card = $("camera").content.firstElementChild.cloneNode(true);
  for (const role of ["state", "watch", "geometry"]) {
    card.querySelector(`.${role}`).dataset.role = role;
  }
  card.querySelector("img").alt = `Newest picture of ${camera.friendly_name}`;
  $("camera-list").append(card);
  cameraCards.set(camera.name, card);
  const picture = card.querySelector("img");
  let tag = "";
  forever(async () => {
    if (card.dataset.seen !== "true") return;
    const path = `${API}/cameras/${encodeURIComponent(camera.name)}/latest.jpg?height=540`;
    const answer = await ask(path, { headers: tag ? { "If-None-Match": tag } : {} })
      .catch((error) => { if (error.status === 503) return null; throw error; });
    if (answer === null || answer.status === 304) return;
    tag = answer.headers.get("ETag");
    replaceImage(picture, await answer.blob());
  }, PICTURE_EVERY_MS);
}

function replaceImage(image, blob) {
  const old = image.src;
  image.src = URL.createObjectURL(blob);
  if (old) URL.revokeObjectURL(old);
}

function updateCamera(card, camera) {
  const age = camera.frame_age_s;
  const stale = camera.state !== "live" || age === null || age > STALE_AFTER_S;
  card.classList.toggle("stale", stale);
  card.dataset.seen = camera.last_frame_at !== null;
  card.querySelector("h3").textContent = camera.friendly_name;
  const [kind, words] = STATES[camera.state] || ["", camera.state];
  chip(card.querySelector(".state"), kind, words);
  card.querySelector(".reason").textContent = camera.reason;
  showWatch(card, camera, { chip, duration });
  const note = card.querySelector(".age");
  note.hidden = !stale || age === null;
  note.textContent = age === null ? "" : `Last picture ${duration(age)} old`;
  const facts = {
    fps_in: `${camera.fps_in.toFixed(1)} fps`,
    fps_analysed: `${camera.fps_analysed.toFixed(1)} fps`,
    drops: String(camera.drops),
    latency: camera.latency_s === null ? "–" : `${Math.round(camera.latency_s * 1000)} ms`,
  };
  for (const [name, text] of Object.entries(facts)) {
    card.querySelector(`[data-fact=${name}]`).textContent = text;
  }
  showRecordStream(card.querySelector(".recorded"), camera.record_stream);
}

// The stream that clips are made of, where that is another than the one that is shown.
function showRecordStream(element, stream) {
  element.hidden = stream === null || stream.state === "live";
  if (element.hidden) return;
  const [, words] = STATES[stream.state] || ["", stream.state];
  const told = [words, stream.reason].filter(Boolean).join(" · ");
  element.textContent = `Recording stream: ${told}. Alarms may have no clip.`;
}

function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(seconds < 36000 ? 1 : 0)} h`;
}

// --- incidents -----------------------------------------------------------------------------------

const incidentCards = new Map();
let firstList = true;

async function showIncidents() {
  const { incidents } = await read(`${API}/incidents?limit=${SHOWN_INCIDENTS}`);
  const list = $("incident-list");
  const kept = new Set();
  incidents.forEach((item, place) => {
    const id = item.incident.incident_id;
    kept.add(id);
    const known = incidentCards.get(id);
    const card = known || addIncident(id);
    updateIncident(card, item);
    if (!known && !firstList) announce(card, item);
    // Moving a card takes the focus away from it, so only what is out of place is moved.
    if (list.children[place] !== card) list.insertBefore(card, list.children[place] || null);
  });
  for (const [id, card] of incidentCards) {
    if (kept.has(id)) continue;
    closePlayer(card);
    const shot = card.querySelector("img").src;
    if (shot) URL.revokeObjectURL(shot);
    card.remove();
    incidentCards.delete(id);
  }
  $("no-incidents").hidden = incidents.length > 0;
  firstList = false;
}

function announce(card, item) {
  card.classList.add("fresh");
  if (["alert", "welfare"].includes(item.incident.severity)) {
    $("announce").textContent = `${item.incident.severity}: ${item.headline}`;
  }
}

function addIncident(id) {
  const card = $("incident").content.firstElementChild.cloneNode(true);
  card.querySelector(".severity").dataset.role = "severity";
  card.querySelector(".operator").dataset.role = "operator";
  const dismissal = card.querySelector(".dismissal");
  dismissal.addEventListener("submit", (event) => {
    event.preventDefault();
    decide(card, id, "dismissed", dismissal.elements.reason.value);
  });
  dismissal.querySelector(".cancel").addEventListener("click", () => {
    dismissal.hidden = true;
    card.querySelector(".moves").hidden = false;
  });
  incidentCards.set(id, card);
  return card;
}

function updateIncident(card, item) {
  const { incident } = item;
  card.classList.remove("info", "detection", "alert", "welfare");
  card.classList.add(incident.severity);
  card.classList.toggle("settled", ["dismissed", "closed"].includes(item.operator_state));
  chip(card.querySelector(".severity"), incident.severity, incident.severity);
  chip(card.querySelector(".operator"), "", DECISIONS[item.operator_state]);
  card.querySelector("h3").textContent = item.headline;
  showTimes(card.querySelector(".when"), incident);
  const outcome = incident.outcome.replaceAll("_", " ");
  card.querySelector(".more").textContent = [
    incident.camera,
    incident.count > 1 ? `${incident.count} persons at a time` : "",
    outcome && !item.headline.includes(outcome) && `outcome: ${outcome}`,
  ].filter(Boolean).join(" · ");
  if (card.dataset.moves !== item.moves.join()) showMoves(card, item);
  if (card.dataset.seq !== String(item.last_seq)) {
    card.dataset.seq = item.last_seq;
    showSnapshot(card, item).catch(() => { delete card.dataset.seq; });
    showClips(card, item, { ask, api: API })
      .then(() => beginAtWanted(card, item))
      .catch(() => { delete card.dataset.seq; });
  }
}

// The page's address may name a clip and a second of it: #clip=INCIDENT/1@3.2
let wanted = wantedClip(location.hash);

async function beginAtWanted(card, item) {
  const { incident_id: id } = item.incident;
  if (!wanted || wanted.incident !== id || !item.clips.ready) return;
  const { number, at } = wanted;
  wanted = null;
  const { clips } = await read(`${API}/incidents/${id}/clips`);
  const clip = clips.find((one) => one.number === number && one.state === "ready");
  if (!clip) return;
  await play(card, item, clip, { ask, api: API }, at);
  card.querySelector(".player").scrollIntoView({ block: "center" });
}

function showTimes(element, incident) {
  const open = incident.phase !== "end";
  // A camera's fault goes on though nothing more is told of it.
  const fault = open && incident.gravest?.class === "camera" && incident.started_at !== null;
  const lasted = duration(fault
    ? (Date.now() - new Date(incident.started_at)) / 1000
    : incident.last_s - incident.start_s);
  if (incident.started_at === null) {
    element.textContent = `at ${incident.start_s.toFixed(1)} s of the recording, ${lasted}`;
    return;
  }
  const began = new Date(incident.started_at);
  const today = began.toDateString() === new Date().toDateString();
  const date = today ? "" : `${began.toLocaleDateString()} `;
  const time = began.toLocaleTimeString([], { hour12: false });
  element.textContent = `${date}${time}, ${open ? `going on for ${lasted}` : `lasted ${lasted}`}`;
  element.title = `${incident.started_at} – ${incident.ended_at || "going on"}`;
}

function showMoves(card, item) {
  card.dataset.moves = item.moves.join();
  card.querySelector(".dismissal").hidden = true;
  const row = card.querySelector(".moves");
  row.hidden = false;
  row.replaceChildren(...item.moves.map((state) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = MOVES[state];
    button.addEventListener("click", () => {
      if (state !== "dismissed") return decide(card, item.incident.incident_id, state, "");
      row.hidden = true;
      const form = card.querySelector(".dismissal");
      form.hidden = false;
      return form.elements.reason.focus();
    });
    return button;
  }));
}

// Asks for the picture only when an event came that has one.
async function showSnapshot(card, item) {
  const id = item.incident.incident_id;
  const after = card.dataset.readSeq || 0;
  const page = await read(`${API}/events?incident_id=${id}&after_seq=${after}&limit=1000`);
  const pictured = page.events.some((event) => event.data.has_snapshot);
  if (pictured) await showPicture(card, item);
  card.dataset.readSeq = page.next_after_seq;
}

async function showPicture(card, item) {
  const path = `${API}/incidents/${item.incident.incident_id}/snapshot.jpg`;
  const answer = await ask(path).catch((error) => {
    if (error.status === 404) return null; // somebody removed the file
    throw error;
  });
  if (answer === null) return;
  const image = card.querySelector("img");
  replaceImage(image, await answer.blob());
  image.alt = `Snapshot: ${item.headline}`;
  const link = card.querySelector(".shot");
  link.href = image.src;
  link.hidden = false;
}

async function decide(card, id, state, reason) {
  const buttons = card.querySelectorAll("button");
  buttons.forEach((button) => { button.disabled = true; });
  card.querySelector(".failed").textContent = "";
  try {
    const answer = await ask(`${API}/incidents/${id}/state`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ state, reason, by: $("who").value.trim() }),
    });
    const item = await answer.json();
    updateIncident(card, item);
    const last = item.history.at(-1);
    card.querySelector(".decided").textContent =
      `${DECISIONS[last.state_to]} by ${last.by}${last.reason && `: ${last.reason}`}`;
  } catch (error) {
    card.querySelector(".failed").textContent = error.message;
    showIncidents().catch(() => {});
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}

// --- live events -----------------------------------------------------------------------------------
// EventSource cannot send a key, so the stream is read by hand; only its arrival matters here.

async function listen() {
  // A browser opens few connections to one server: a tab that nobody sees gives its own back.
  const leave = new AbortController();
  document.addEventListener("visibilitychange", () => leave.abort(), { once: true });
  const answer = await ask(`${API}/events/stream`, { signal: leave.signal });
  const reader = answer.body.getReader();
  let refresh = 0;
  await showIncidents();
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      if (leave.signal.aborted) return { done: true };
      throw error;
    });
    if (done) return;
    if (!new TextDecoder().decode(value).includes("data:")) continue; // a ping
    clearTimeout(refresh);
    refresh = setTimeout(() => showIncidents().catch(() => {}), 300);
  }
}

// --- begin -----------------------------------------------------------------------------------------

$("signin").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", $("key").value.trim());
  location.reload();
});
$("signout").addEventListener("click", () => { sessionStorage.clear(); location.reload(); });
$("who").value = sessionStorage.getItem("who") || "";
$("who").addEventListener("change", () => sessionStorage.setItem("who", $("who").value));

forever(showCameras, CAMERAS_EVERY_MS);
forever(showIncidents, INCIDENTS_EVERY_MS);
forever(listen, 2000);
