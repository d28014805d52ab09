// What went wrong, in words that say what to do.

/** @type {Record<string, string>} */
const CAMERA = {
  InsecureError: "Browsers allow the camera only on https pages and on localhost. Open the page by https, or open a video instead.",
  NotAllowedError: "The camera was not allowed. Allow it beside the address of this page, then start it again. Opening a video needs no camera.",
  NotFoundError: "No camera was found. Connect one and start it again, or open a video.",
  NotReadableError: "The camera is in use by another program. Close that program, then start the camera again.",
  OverconstrainedError: "That camera is not there any more. Choose another one in the settings.",
};

/** Why the camera does not start. @param {Error} error */
export function cameraProblem(error) {
  return CAMERA[error?.name] ?? `The camera does not start (${error?.message || error?.name}). Choose another one in the settings, or open a video.`;
}

/** Why hands and faces cannot be found. @param {Error} error */
export function trackerProblem(error) {
  if (/webgl|graphics|context/i.test(error.message)) {
    return "This browser cannot compute on the graphics card (WebGL 2 in a worker), and the page needs that to find hands. Switch on hardware acceleration, or try another browser. You can still open recordings of landmarks (.npz).";
  }
  const reason = /fetch|load failed|network/i.test(error.message) ? "the server did not send its files" : error.message;
  return `The part that finds hands and faces could not be loaded (${reason}). Load the page again. If that does not help, build it again.`;
}

/** Why a file cannot be shown. @param {File} file @param {Error} error */
export function fileProblem(file, error) {
  if (error?.name === "UnplayableError") {
    return `${file.name}: this browser cannot play it. Open an mp4 (H.264) or webm video, or a recording of landmarks (.npz).`;
  }
  return error?.message ?? String(error);
}

/** Why a camera is of no use here. @param {number} seconds for one picture */
export function slowness(seconds) {
  return `This browser seems to draw without a graphics card: it needs ${seconds.toFixed(1)} s for one picture. A camera will be too slow. A video file works, but takes long.`;
}

/** What this browser lacks; null where it can do everything that every source needs. */
export function browserProblem() {
  if (typeof WebAssembly === "undefined") {
    return "This browser runs no WebAssembly, and the page needs it. Switch it on (a lock-down mode may have switched it off), or use another browser.";
  }
  if (typeof Worker === "undefined" || typeof OffscreenCanvas === "undefined") {
    return "This browser is too old for this page. Use a current Chrome, Edge, Firefox or Safari.";
  }
  return null;
}

/** @param {number} share */
export function percent(share) {
  return `${Math.round(100 * share)} %`;
}
