// Which camera runs, with its light, and that the phone stays awake meanwhile.

import { CameraTrouble, startCamera } from "./camera.js";
import { drawChoices, place } from "./screen.js";

/** @import { Camera } from "./camera.js" */

/**
 * @param {{ video: HTMLVideoElement, decoder: Worker, name: string, onRead: (text: string) => void,
 *   show: (screen: string) => void, onChosen: () => void }} edges `name` of a camera that tells none
 */
export function cameras({ video, decoder, name, onRead, show, onChosen }) {
  /** @type {Camera | null} */
  let running = null;
  // "Try again" pressed twice must not leave two cameras running.
  let opening = false;

  async function open() {
    if (opening) return;
    opening = true;
    running?.stop();
    running = null;
    try {
      const wanted = localStorage.getItem("camera") ?? "";
      running = await startCamera(video, { decoder, wanted, onRead, onLost: () => show("busy") });
    } catch (error) {
      return show(error instanceof CameraTrouble ? error.why : "none");
    } finally {
      opening = false;
    }
    show("scanning");
    stayAwake();
    await offer(running);
  }

  /** @param {Camera} camera */
  async function offer(camera) {
    place("torch").hidden = !camera.torch;
    if (camera.torch && localStorage.getItem("torch") === "on") turnTorch(true);
    const others = await camera.others();
    const button = /** @type {HTMLElement} */ (document.querySelector("[data-opens=cameras]"));
    button.hidden = others.length < 2;
    const choices = others.map((one, number) => ({
      id: one.deviceId,
      text: one.label || name.replace("%(number)s", String(number + 1)),
      chosen: one.deviceId === camera.id,
    }));
    drawChoices(place("cameras"), choices, (id) => {
      localStorage.setItem("camera", id);
      onChosen();
      open();
    });
  }

  /** @param {boolean} on */
  function turnTorch(on) {
    running?.torch?.(on).catch(() => undefined);
    place("torch").ariaPressed = String(on);
    localStorage.setItem("torch", on ? "on" : "off");
  }

  place("torch").addEventListener("click", () => turnTorch(place("torch").ariaPressed !== "true"));

  return {
    open,
    close() {
      running?.stop();
      running = null;
    },
    isOpen: () => running !== null,
    /** The camera at once where it was allowed before, else after a tap. */
    async begin() {
      if (!window.isSecureContext) return show("insecure");
      /** @type {any} */
      const asked = { name: "camera" };
      const allowed = await navigator.permissions?.query(asked).catch(() => null);
      if (allowed?.state === "granted") await open();
      else show("start");
    },
    /** Coming back from the background the picture may be dead. */
    comeBack() {
      stayAwake();
      const track = /** @type {MediaStream | null} */ (video.srcObject)?.getVideoTracks()[0];
      if (running && (!track || track.readyState === "ended" || track.muted)) open();
    },
  };
}

function stayAwake() {
  navigator.wakeLock?.request("screen").catch(() => undefined);
}
