// A worker: finds the QR code in a frame. Two ways on alternate frames read a tenth more than either alone.

// Named here, so that the types are the package's own, which lie elsewhere.
const ZXING = "../vendor/zxing-wasm/dist/es/reader/index.js";

/** @returns {Promise<typeof import("zxing-wasm/reader")>} */
async function load() {
  const zxing = await import(ZXING);
  // Its own default for the WebAssembly is somebody else's server.
  const locateFile = (/** @type {string} */ name) =>
    new URL(`../vendor/zxing-wasm/dist/reader/${name}`, import.meta.url).href;
  await zxing.prepareZXingModule({ overrides: { locateFile }, fireImmediately: true });
  postMessage({ text: "", ready: true });
  return zxing;
}

const loaded = load();

/** @type {import("zxing-wasm/reader").ReaderOptions[]} */
const WAYS = [
  { formats: ["QRCode"], tryDenoise: true, downscaleFactor: 2, maxNumberOfSymbols: 1 },
  { formats: ["QRCode"], binarizer: "GlobalHistogram", maxNumberOfSymbols: 1 },
];

const LONGEST = 500;
/** @type {OffscreenCanvas | undefined} */
let canvas;
let frames = 0;

/** @param {ImageBitmap | ImageData} frame @returns {ImageData} */
function pixels(frame) {
  if (frame instanceof ImageData) return frame;
  if (canvas?.width !== frame.width || canvas.height !== frame.height) {
    canvas = new OffscreenCanvas(frame.width, frame.height);
  }
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    canvas.getContext("2d", { willReadFrequently: true })
  );
  context.drawImage(frame, 0, 0);
  frame.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

addEventListener("message", async ({ data: frame }) => {
  try {
    const { readBarcodes } = await loaded;
    const found = await readBarcodes(pixels(frame), WAYS[frames++ % WAYS.length]);
    postMessage({ text: found[0]?.text.slice(0, LONGEST) ?? "" });
  } catch (error) {
    postMessage({ text: "", broken: String(error) });
  }
});
