// The clips of an incident: what became of each, and a player that draws the tracks over the video.
// The video is fetched as a whole, as a <video> cannot send the key.

const HOLD_S = 0.5; // a box stands so long on its own
const BRIDGE_S = 1.0; // between pictures this close a box is moved

const PALETTE = { incident: "#f0e442", other: "#9fd3ff", ink: "#14181d" };

// Where the address of the page wants to begin: {incident, number, at} or null.
export function wantedClip(hash) {
  const found = /^#clip=([0-9a-f-]{36})\/(\d+)(?:@([\d.]+))?$/.exec(hash);
  return found && { incident: found[1], number: Number(found[2]), at: Number(found[3] || 0) };
}

// The boxes at `seconds` of a clip, between the analysed pictures; times rise.
export function boxesAt(pictures, seconds) {
  let low = 0;
  let high = pictures.length;
  while (low < high) { // the first picture after `seconds`
    const middle = (low + high) >> 1;
    if (pictures[middle].t_s <= seconds) low = middle + 1; else high = middle;
  }
  if (low === 0) return [];
  const before = pictures[low - 1];
  const after = pictures[low];
  const bridged = after && after.t_s - before.t_s <= BRIDGE_S;
  const share = bridged ? (seconds - before.t_s) / (after.t_s - before.t_s) : 0;
  const boxes = [];
  for (const now of before.boxes) {
    const then = bridged && after.boxes.find((box) => box.track_id === now.track_id);
    if (then) {
      boxes.push({ ...now, box: now.box.map((side, n) => side + share * (then.box[n] - side)) });
    } else if (seconds - before.t_s <= HOLD_S) boxes.push(now);
  }
  return boxes;
}

// --- what became of each clip --------------------------------------------------------------------

// Brings the clips of a card up to date; asks for the list only when their number or state changed.
export async function showClips(card, item, { ask, api }) {
  const { wanted, ready, missing, deleted } = item.clips;
  const told = [wanted, ready, missing, deleted].join();
  if (card.dataset.clips === told) return;
  const id = item.incident.incident_id;
  const { clips } = wanted + ready + missing + deleted
    ? await (await ask(`${api}/incidents/${id}/clips`)).json()
    : { clips: [] };
  const part = card.querySelector(".clips");
  part.hidden = clips.length === 0;
  part.querySelector(".clip-list").replaceChildren(
    ...clips.map((clip) => clipEntry(card, item, clip, { ask, api })),
  );
  card.dataset.clips = told;
}

function clipEntry(card, item, clip, source) {
  const entry = document.createElement("li");
  const name = `Clip ${clip.number}`;
  if (clip.state === "ready") {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.number = clip.number;
    button.textContent = `▶ ${name} · ${Math.round(clip.duration_s)} s`;
    button.addEventListener("click", () => play(card, item, clip, source));
    entry.append(button);
    if (clip.gaps_s.length) entry.append(words(`${clip.gaps_s.length} × no picture in between`));
    return entry;
  }
  const chip = document.createElement("span");
  const [kind, text] = {
    wanted: ["warn", `◐ ${name} is being written`],
    missing: ["bad", `▲ ${name} missing`],
  }[clip.state] || ["", `${name}: ${clip.state}`];
  chip.className = `chip ${kind}`;
  chip.textContent = text;
  entry.append(chip);
  if (clip.reason) entry.append(words(clip.reason));
  return entry;
}

function words(text) {
  const element = document.createElement("span");
  element.className = "quiet";
  element.textContent = ` ${text}`;
  return element;
}

// --- the player ------------------------------------------------------------------------------------

const players = new WeakMap(); // card → Player

export async function play(card, item, clip, source, at = 0) {
  players.get(card)?.close();
  const player = new Player(card, item, clip);
  players.set(card, player);
  await player.open(source, at);
}

export function closePlayer(card) {
  players.get(card)?.close();
}

class Player {
  constructor(card, item, clip) {
    this.clip = clip;
    this.incident = item.incident;
    this.part = card.querySelector(".player");
    this.video = this.part.querySelector("video");
    this.canvas = this.part.querySelector("canvas");
    this.toggle = this.part.querySelector(".boxes");
    this.button = card.querySelector(`.clip-list [data-number="${clip.number}"]`);
    this.tracks = null;
    this.seconds = 0;
    this.closing = new AbortController();
  }

  async open({ ask, api }, at) {
    const on = (target, kind, does) =>
      target.addEventListener(kind, does, { signal: this.closing.signal });
    on(this.part.querySelector(".close"), "click", () => this.close());
    on(this.part.querySelector(".wide"), "click", () => this.widen());
    on(this.toggle, "change", () => this.draw());
    on(this.video, "error", () => this.fail(`This browser cannot play it (${this.clip.codec}).`));
    this.part.hidden = false;
    this.button?.setAttribute("aria-expanded", "true");
    this.say("Loading …");
    const base = `${api}/incidents/${this.incident.incident_id}/clips/${this.clip.number}`;
    const { signal } = this.closing;
    try {
      const [film, tracks] = await Promise.all([
        ask(`${base}.mp4`, { signal }).then((answer) => answer.blob()),
        this.clip.tracks_sha256
          ? ask(`${base}.tracks.json`, { signal }).then((answer) => answer.json()).catch(() => null)
          : null,
      ]);
      if (signal.aborted) return;
      this.tracks = tracks;
      this.toggle.disabled = tracks === null;
      this.part.querySelector(".no-boxes").hidden = tracks !== null;
      this.url = URL.createObjectURL(film);
      this.follow(on);
      on(this.video, "loadedmetadata", () => { if (at) this.video.currentTime = at; });
      this.video.src = this.url;
    } catch (error) {
      if (!signal.aborted) this.fail(error.message);
    }
  }

  // Draws with every picture the browser shows; where it does not tell, several times a second.
  follow(on) {
    if (this.video.requestVideoFrameCallback) {
      const next = (_now, { mediaTime }) => {
        if (this.closing.signal.aborted) return;
        this.show(mediaTime);
        this.video.requestVideoFrameCallback(next);
      };
      this.video.requestVideoFrameCallback(next);
    } else on(this.video, "timeupdate", () => this.show(this.video.currentTime));
    // A video that is scrolled out of sight does not tell the picture it was set to.
    on(this.video, "seeked", () => this.show(this.video.currentTime));
    const fitting = new ResizeObserver(() => this.draw());
    fitting.observe(this.video);
    this.closing.signal.addEventListener("abort", () => fitting.disconnect());
  }

  show(seconds) {
    this.seconds = seconds;
    const begun = this.clip.first_captured_at && Date.parse(this.clip.first_captured_at);
    const time = begun
      ? new Date(begun + seconds * 1000).toLocaleTimeString([], { hour12: false }) : "";
    this.say(`${seconds.toFixed(1)} s  ${time}`.trim());
    this.draw();
  }

  say(text) {
    this.part.querySelector(".at").textContent = text;
  }

  fail(text) {
    this.say("");
    this.part.querySelector(".failed").textContent = text;
  }

  draw() {
    const { canvas, video } = this;
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(video.clientWidth * ratio); // also wipes it
    canvas.height = Math.round(video.clientHeight * ratio);
    if (!this.tracks || !this.toggle.checked || !video.videoWidth) return;
    const pen = canvas.getContext("2d");
    const scale = Math.min(canvas.width / video.videoWidth, canvas.height / video.videoHeight);
    const [width, height] = [video.videoWidth * scale, video.videoHeight * scale];
    pen.translate((canvas.width - width) / 2, (canvas.height - height) / 2);
    const meant = new Set([...this.tracks.incident_track_ids, ...this.incident.track_ids]);
    const kinds = new Map(this.tracks.tracks.map((track) => [track.track_id, track.class]));
    const boxes = boxesAt(this.tracks.pictures, this.seconds);
    canvas.dataset.boxes = JSON.stringify(boxes.map((box) => box.box));
    for (const { track_id: id, box } of boxes) {
      const [x1, y1, x2, y2] = [box[0] * width, box[1] * height, box[2] * width, box[3] * height];
      frame(pen, [x1, y1, x2, y2], meant.has(id), ratio);
      if (meant.has(id)) label(pen, `${kinds.get(id)} ${id}`, x1, y1, ratio);
    }
  }

  async widen() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await this.part.querySelector(".screen").requestFullscreen?.().catch(() => {});
  }

  close() {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    this.button?.removeAttribute("aria-expanded");
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    if (this.url) URL.revokeObjectURL(this.url);
    this.part.querySelector(".failed").textContent = "";
    this.part.hidden = true;
    delete this.canvas.dataset.boxes;
  }
}

function frame(pen, [x1, y1, x2, y2], isMeant, ratio) {
  const thick = (isMeant ? 3 : 1.5) * ratio;
  pen.setLineDash(isMeant ? [] : [5 * ratio, 4 * ratio]);
  for (const [colour, width] of [
    [PALETTE.ink, thick + 2 * ratio], [isMeant ? PALETTE.incident : PALETTE.other, thick],
  ]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
  }
}

function label(pen, text, x, y, ratio) {
  const size = 13 * ratio;
  pen.font = `600 ${size}px system-ui, sans-serif`;
  pen.textBaseline = "bottom";
  const top = Math.max(size * 1.4, y - 2 * ratio);
  pen.fillStyle = PALETTE.incident;
  pen.fillRect(x - 1.5 * ratio, top - size * 1.4, pen.measureText(text).width + size * 0.8, size * 1.4);
  pen.fillStyle = PALETTE.ink;
  pen.fillText(text, x + size * 0.3, top - size * 0.1);
}
