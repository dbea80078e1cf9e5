// How a camera watches, how it watched in the last 24 hours, and where its zones and barriers lie.

const STATES = {
  watched: ["good", "● Watching"],
  degraded: ["warn", "◐ Degraded"],
  blind: ["bad", "▲ Blind"],
  unknown: ["", "○ Not known yet"],
};
const REASONS = {
  no_picture: "no picture analysed", service_down: "service was down", moved: "view was moved",
  slow: "machine too slow, most pictures are left out",
};
const GEOMETRY = {
  as_drawn: null,
  moved_along: ["warn", "◐ View was turned", "zones and barriers follow it, as the picture shows"],
  degraded: ["bad", "▲ View was moved", "zones and barriers are not where they belong; rules go on as drawn"],
};
const SUMS = ["watched", "degraded", "blind", "unknown"];

const reasonWords = (reason) => REASONS[reason] || reason.replaceAll("_", " ");

// --- now -----------------------------------------------------------------------------------------

export function showWatch(card, camera, { chip, duration }) {
  const [kind, words] = STATES[camera.watch] || ["", camera.watch];
  chip(card.querySelector(".watch"), kind, words);
  const since = camera.watch_since && new Date(camera.watch_since);
  const lasted = since && Math.max(0, (Date.now() - since) / 1000);
  const told = [
    camera.watch_reason && reasonWords(camera.watch_reason),
    since && `since ${clock(since)} (${duration(lasted)})`,
  ];
  card.querySelector(".watch-why").textContent = told.filter(Boolean).join(" · ");
  showGeometry(card, camera, chip);
}

function showGeometry(card, { geometry, zones, barriers }, chip) {
  const part = card.querySelector(".lies");
  const drawn = zones.length + barriers.length > 0;
  const wrong = GEOMETRY[geometry];
  part.hidden = !wrong;
  card.querySelector(".misplaced").hidden = geometry !== "degraded" || !drawn;
  if (!wrong) return;
  const [kind, words, why] = wrong;
  chip(part.querySelector(".geometry"), kind, words);
  part.querySelector(".geometry-why").textContent = drawn ? why : "";
}

// A time of today, or with its date.
function clock(time) {
  const text = time.toLocaleTimeString([], { hour12: false });
  const today = time.toDateString() === new Date().toDateString();
  return today ? text : `${time.toLocaleDateString()} ${text}`;
}

// --- the last 24 hours -----------------------------------------------------------------------------

// Takes what /coverage tells of a camera: the four sums make up the window.
export function showCoverage(card, told, duration) {
  const part = card.querySelector(".coverage");
  part.hidden = false;
  const known_s = told.window_s - told.unknown_s; // before the first start nothing is known
  const of = told.unknown_s >= 1 ? ` of ${duration(known_s)}` : "";
  part.querySelector(".share").textContent = `${percent(told.watched_s / known_s)} watched${of}`;
  const amounts = told.reasons
    .filter(({ state, seconds }) => ["degraded", "blind"].includes(state) && seconds >= 1)
    .map(({ state, reason, seconds }) => `${state} ${duration(seconds)} (${reasonWords(reason)})`);
  if (told.watched_s >= 1) amounts.unshift(duration(told.watched_s));
  if (told.unknown_s >= 1) amounts.push(`not known for ${duration(told.unknown_s)}`);
  part.querySelector(".losses").textContent = amounts.join(", ");
  part.querySelector(".bar").replaceChildren(...SUMS.map((state) => {
    const piece = document.createElement("span");
    piece.className = state;
    piece.style.flexGrow = told[`${state}_s`] / told.window_s;
    return piece;
  }));
}

// Rounded down: what was not watched to the last second is never shown as 100 %.
function percent(share) {
  if (!Number.isFinite(share)) return "0.0 %";
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}
