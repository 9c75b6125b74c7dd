// The camera: it starts, keeps running, and gives one frame at a time to the decoder.

/**
 * @typedef {"denied" | "none" | "busy" | "insecure"} Trouble
 * @typedef {{ stop: () => void, torch: ((on: boolean) => Promise<void>) | null, id: string,
 *   others: () => Promise<MediaDeviceInfo[]> }} Camera
 */

/** Why there is no picture. */
export class CameraTrouble extends Error {
  /** @param {Trouble} why */
  constructor(why) {
    super(why);
    this.why = why;
  }
}

/** @param {unknown} error @returns {Trouble} */
function trouble(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return "none";
}

/** @param {string} wanted @returns {Promise<MediaStream>} */
async function stream(wanted) {
  const devices = navigator.mediaDevices;
  if (!devices?.getUserMedia) throw new CameraTrouble("insecure");
  const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
  try {
    const choice = wanted ? { deviceId: { exact: wanted } } : { facingMode: "environment" };
    return await devices.getUserMedia({ video: { ...size, ...choice }, audio: false });
  } catch (error) {
    // The camera that was chosen once may be another phone's by now.
    if (wanted) return stream("");
    throw new CameraTrouble(trouble(error));
  }
}

/**
 * Show the camera in a video and read codes from it until it is stopped.
 * @param {HTMLVideoElement} video
 * @param {{ decoder: Worker, wanted: string, onRead: (text: string) => void, onLost: () => void }} edges
 * @returns {Promise<Camera>}
 */
export async function startCamera(video, { decoder, wanted, onRead, onLost }) {
  const picture = await stream(wanted);
  const track = /** @type {MediaStreamTrack} */ (picture.getVideoTracks()[0]);
  video.srcObject = picture;
  await video.play().catch(() => undefined);
  let running = true;
  let busy = false;
  const read = (/** @type {MessageEvent} */ { data }) => {
    if (data.ready) return;
    busy = false;
    if (running && data.text) onRead(data.text);
  };
  const frame = async () => {
    if (!running) return;
    if (!busy && video.videoWidth > 0) {
      busy = true;
      await give(video, decoder).catch(() => {
        busy = false;
      });
    }
    next(video, frame);
  };
  decoder.addEventListener("message", read);
  track.addEventListener("ended", () => running && onLost());
  next(video, frame);
  const abilities = /** @type {any} */ (track.getCapabilities?.() ?? {});
  return {
    stop() {
      running = false;
      decoder.removeEventListener("message", read);
      for (const one of picture.getTracks()) one.stop();
    },
    torch: abilities.torch
      ? (on) => track.applyConstraints(/** @type {any} */ ({ advanced: [{ torch: on }] }))
      : null,
    id: track.getSettings().deviceId ?? "",
    others: async () =>
      (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === "videoinput"),
  };
}

/** @param {HTMLVideoElement} video @param {() => void} frame */
function next(video, frame) {
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(frame);
  else requestAnimationFrame(frame);
}

/** @param {HTMLVideoElement} video @param {Worker} decoder */
async function give(video, decoder) {
  if (typeof OffscreenCanvas === "undefined") {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.drawImage(video, 0, 0);
    decoder.postMessage(context.getImageData(0, 0, canvas.width, canvas.height));
    return;
  }
  const bitmap = await createImageBitmap(video);
  decoder.postMessage(bitmap, [bitmap]);
}
