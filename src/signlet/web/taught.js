// For a page of your own: a model that names the signs taught to it, see docs/web.md.

export { TaughtRecogniser } from "./model/taught.js";
