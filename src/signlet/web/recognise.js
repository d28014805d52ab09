// For a page of your own: signs from clips of landmarks, see docs/web.md.

export { POINTS } from "./clips/landmarks.js";
export { loadRecogniser } from "./model/recognise.js";
