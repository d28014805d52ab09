// For a page of your own: signs from a stream of landmarks, see docs/streams.md.

export { StreamRecogniser } from "./stream/recogniser.js";
export { Segmenter, SETTINGS } from "./stream/segmenter.js";
