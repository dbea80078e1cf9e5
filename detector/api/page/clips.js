// The player of an incident's clips, with the boxes of its tracks drawn over the video.
// Clips are asked for with the user's key, which a <video> cannot send, so each is read whole first.

const COLOURS = { own: "#ffb000", other: "#9fb3c8" };
const LABELS = { person: "person", ladder: "ladder" };

// Says in a card what became of the video, and offers what is there.
export function describeClips(row, item, open) {
  const { ready, wanted, missing, deleted } = item.clips;
  const state = [ready, wanted, missing, deleted].join();
  if (row.dataset.state === state) return;
  row.dataset.state = state;
  row.replaceChildren();
  if (ready) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = ready === 1 ? "▶ Video" : `▶ Video (${ready} parts)`;
    button.addEventListener("click", open);
    row.append(button);
  }
  const words = [
    wanted && "Video is being written",
    missing && `${missing} without video`,
    deleted && `${deleted} deleted`,
  ].filter(Boolean).join(" · ");
  if (words) row.append(Object.assign(document.createElement("span"), { className: "quiet", textContent: words }));
}

export class Player {
  #ask; #dialog; #video; #canvas; #tracks = null; #url = ""; #asked = 0;

  constructor(ask, dialog) {
    this.#ask = ask;
    this.#dialog = dialog;
    this.#video = dialog.querySelector("video");
    this.#canvas = dialog.querySelector("canvas");
    dialog.querySelector(".shut").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => this.#clear());
    this.#boxes.addEventListener("change", () => this.#draw());
    for (const name of ["loadeddata", "seeked", "timeupdate", "resize"]) {
      this.#video.addEventListener(name, () => this.#draw());
    }
    new ResizeObserver(() => this.#draw()).observe(this.#video);
    this.#follow();
  }

  get #boxes() { return this.#dialog.querySelector("[name=boxes]"); }

  async open(path, headline) {
    this.#dialog.querySelector("h2").textContent = headline;
    this.#say("Asking for the video …");
    this.#dialog.querySelector(".parts").replaceChildren();
    this.#dialog.showModal();
    try {
      const { clips } = await (await this.#ask(`${path}/clips`)).json();
      const parts = clips.map((clip) => this.#part(path, clip));
      this.#dialog.querySelector(".parts").replaceChildren(...parts);
      const first = parts.find((part) => !part.disabled);
      if (first) first.click();
      else this.#say("There is no video.");
    } catch (error) {
      this.#say(error.message);
    }
  }

  #part(path, clip) {
    const button = document.createElement("button");
    button.type = "button";
    button.disabled = clip.state !== "ready";
    const at = clip.first_captured_at || clip.begin_at;
    const time = at ? new Date(at).toLocaleTimeString([], { hour12: false }) : `part ${clip.number}`;
    const state = clip.state === "ready" ? `${Math.round(clip.duration_s)} s` : clip.state;
    button.textContent = `${time} · ${state}`;
    button.title = clip.reason;
    button.addEventListener("click", () => this.#play(path, clip, button));
    return button;
  }

  async #play(path, clip, button) {
    const asked = ++this.#asked;
    this.#clear();
    this.#dialog.querySelectorAll(".parts button").forEach((each) => {
      each.setAttribute("aria-pressed", String(each === button));
    });
    this.#say("Loading …");
    try {
      const file = `${path}/clips/${clip.number}`;
      const video = await (await this.#ask(`${file}.mp4`)).blob();
      const tracks = clip.tracks_sha256 ? await (await this.#ask(`${file}.tracks.json`)).json() : null;
      if (asked !== this.#asked || !this.#dialog.open) return; // another one was asked for meanwhile
      this.#tracks = tracks;
      this.#url = URL.createObjectURL(video);
      this.#video.src = this.#url;
      this.#boxes.disabled = tracks === null;
      const notes = [
        clip.gaps_s.length && `${clip.gaps_s.length} gaps`,
        clip.damaged && `${clip.damaged} damaged pictures`,
        tracks === null && "no boxes are kept of this part",
      ].filter(Boolean).join(" · ");
      this.#say(notes);
    } catch (error) {
      this.#say(error.message);
    }
  }

  #clear() {
    this.#video.pause();
    this.#video.removeAttribute("src");
    this.#video.load();
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = "";
    this.#tracks = null;
    this.#draw();
  }

  #say(words) { this.#dialog.querySelector(".note").textContent = words; }

  // Draws with every picture that is shown; browsers that do not tell of them get it four times a second.
  #follow() {
    if (!this.#video.requestVideoFrameCallback) return;
    this.#video.requestVideoFrameCallback((_, picture) => {
      this.#draw(picture.mediaTime);
      this.#follow();
    });
  }

  #draw(atS = this.#video.currentTime) {
    const { clientWidth: width, clientHeight: height, videoWidth, videoHeight } = this.#video;
    const scale = window.devicePixelRatio || 1;
    Object.assign(this.#canvas, { width: width * scale, height: height * scale });
    if (!this.#tracks || !this.#boxes.checked || !videoWidth) return;
    const pen = this.#canvas.getContext("2d");
    pen.scale(scale, scale);
    // The video keeps its shape within the element: what is left beside it is black.
    const fit = Math.min(width / videoWidth, height / videoHeight);
    const [w, h] = [videoWidth * fit, videoHeight * fit];
    pen.translate((width - w) / 2, (height - h) / 2);
    const own = new Set(this.#tracks.incident_track_ids);
    const classes = new Map(this.#tracks.tracks.map((track) => [track.track_id, track.class]));
    for (const { track_id: id, box } of boxesAt(this.#tracks.pictures, atS)) {
      outline(pen, box.map((share, side) => share * (side % 2 ? h : w)),
        own.has(id) ? COLOURS.own : COLOURS.other, LABELS[classes.get(id)] || "");
    }
  }
}

function outline(pen, [x1, y1, x2, y2], colour, label) {
  pen.lineWidth = 4;
  pen.strokeStyle = "#000a";
  pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
  pen.lineWidth = 2;
  pen.strokeStyle = colour;
  pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
  pen.font = "600 13px system-ui, sans-serif";
  const width = pen.measureText(label).width + 8;
  pen.fillStyle = colour;
  pen.fillRect(x1 - 1, Math.max(0, y1 - 18), width, 18);
  pen.fillStyle = "#111";
  pen.fillText(label, x1 + 3, Math.max(14, y1 - 4));
}

// Between two analysed pictures a box is where it would be on the straight way between them.
export function boxesAt(pictures, atS) {
  const later = pictures.findIndex((picture) => picture.t_s > atS);
  const before = pictures[later < 0 ? pictures.length - 1 : later - 1];
  if (!before) return [];
  const after = later < 0 ? null : pictures[later];
  if (!after) return atS - before.t_s > 1 ? [] : before.boxes; // nothing was looked at any more
  const share = (atS - before.t_s) / (after.t_s - before.t_s);
  const next = new Map(after.boxes.map((each) => [each.track_id, each.box]));
  return before.boxes.map(({ track_id, box }) => {
    const to = next.get(track_id) || box;
    return { track_id, box: box.map((from, side) => from + (to[side] - from) * share) };
  });
}
